//! All stores and imports of all accounts, behind one lock. Stores; the rules are elsewhere.

use super::model::{Import, Store};
use crate::world::guard;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Mutex;

#[derive(Debug, Default)]
pub struct Lake(Mutex<State>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub stores: Vec<Store>,
    pub imports: Vec<Import>,
    /// Accounts that were customers before Lake was closed.
    pub open: BTreeSet<String>,
}

impl Lake {
    /// Runs with the lock held, after time has moved everything on.
    pub(super) fn with<T>(&self, now: Timestamp, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = guard(&self.0);
        state.stores.retain(|store| !store.is_gone(now));
        state.stores.iter_mut().for_each(|store| store.settle(now));
        work(&mut state)
    }

    /// The account counts as a customer from before the closure.
    pub fn open_to(&self, account: String) {
        guard(&self.0).open.insert(account);
    }

    pub fn clear(&self) {
        *guard(&self.0) = State::default();
    }
}
