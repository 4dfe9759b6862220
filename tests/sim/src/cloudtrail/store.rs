//! All trails of all accounts, behind one lock. Stores; the rules are elsewhere.

use super::model::Trail;
use crate::world::guard;
use std::collections::HashSet;
use std::sync::Mutex;

#[derive(Debug, Default)]
pub struct Trails {
    all: Mutex<Vec<Trail>>,
}

impl Trails {
    pub fn all(&self) -> Vec<Trail> {
        guard(&self.all).clone()
    }

    /// Those that pass, in order of creation.
    pub fn matching(&self, passes: impl Fn(&Trail) -> bool) -> Vec<Trail> {
        guard(&self.all).iter().filter(|trail| passes(trail)).cloned().collect()
    }

    /// Runs with the lock held, so that a check and a change are one.
    pub fn with<T>(&self, work: impl FnOnce(&mut Vec<Trail>) -> T) -> T {
        work(&mut guard(&self.all))
    }

    pub fn get(&self, arn: &str) -> Option<Trail> {
        guard(&self.all).iter().find(|trail| trail.arn == arn).cloned()
    }

    /// The ARNs of those that log.
    pub fn logging(&self) -> HashSet<String> {
        guard(&self.all).iter().filter(|trail| trail.logging.on).map(|trail| trail.arn.clone()).collect()
    }

    /// Changes one trail; None when it is gone.
    pub fn update<T>(&self, arn: &str, change: impl FnOnce(&mut Trail) -> T) -> Option<T> {
        guard(&self.all).iter_mut().find(|trail| trail.arn == arn).map(change)
    }

    pub fn clear(&self) {
        guard(&self.all).clear();
    }
}
