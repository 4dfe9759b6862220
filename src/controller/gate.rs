//! The gate before AWS: a pass takes place when its inputs changed or when it is due, not at every event of a watch
//! (our own status patches among them).

use crate::facets::policy_document::short_hash;
use crate::status::Requeue;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The wait that stands for "until something changes".
const FAR: Duration = Duration::from_secs(24 * 3600);

struct Passed {
    inputs: String,
    due: Instant,
    failures: u32,
}

/// The last pass of every object, by kind and UID.
#[derive(Default)]
pub struct Gate(Mutex<HashMap<String, Passed>>);

/// What the gate says.
pub enum Verdict {
    /// Make a pass; this many failed in a row before it.
    Pass { failures: u32 },
    /// Nothing is to be done before that.
    Wait(Duration),
}

impl Gate {
    pub fn ask(&self, object: &str, inputs: &Value) -> Verdict {
        let passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match passed.get(object) {
            Some(last) if last.inputs == short_hash(&inputs.to_string()) => match last.due.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => Verdict::Wait(left),
                _ => Verdict::Pass { failures: last.failures },
            },
            _ => Verdict::Pass { failures: 0 },
        }
    }

    /// Notes that a pass took place. Returns the wait until the next one.
    pub fn passed(&self, object: &str, inputs: &Value, requeue: Requeue, failures: u32) -> Duration {
        let wait = match requeue {
            Requeue::After(wait) => wait,
            Requeue::OnChange => FAR,
        };
        let last = Passed { inputs: short_hash(&inputs.to_string()), due: Instant::now() + wait, failures };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(object.to_owned(), last);
        wait
    }

    pub fn forget(&self, object: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(object);
    }
}
