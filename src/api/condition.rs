//! Conditions: set by type, with a transition time that moves only when the status does.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// In sync, logging, and AWS reports no delivery error.
pub const READY: &str = "Ready";
/// Work is in hand or waited for (kstatus).
pub const RECONCILING: &str = "Reconciling";
/// Nothing will change until somebody changes the spec or AWS (kstatus).
pub const STALLED: &str = "Stalled";
/// AWS was changed while the spec stood still.
pub const DRIFTED: &str = "Drifted";
/// AWS delivers log files without error.
pub const DELIVERING: &str = "Delivering";

/// No best-practice rule fails that the policies ask for.
pub const COMPLIANT: &str = "Compliant";

/// Somebody hears the alarms.
pub const ALERTING: &str = "Alerting";

/// The archive holds what CloudTrail delivered, whole and unchanged.
pub const INTACT: &str = "Intact";

/// A condition's truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    True,
    False,
    Unknown,
}

impl Truth {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl From<bool> for Truth {
    fn from(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }
}

/// Sets the condition `kind`.
pub fn set(
    conditions: &mut Vec<Condition>,
    kind: &str,
    truth: Truth,
    reason: &str,
    message: impl Into<String>,
    generation: i64,
    now: Timestamp,
) {
    let previous = conditions.iter().position(|condition| condition.type_ == kind);
    let unchanged_since =
        previous.and_then(|at| conditions.get(at)).filter(|old| old.status == truth.as_str()).map(|old| old.last_transition_time.clone());
    let condition = Condition {
        type_: kind.to_owned(),
        status: truth.as_str().to_owned(),
        reason: reason.to_owned(),
        message: message.into(),
        observed_generation: Some(generation),
        last_transition_time: unchanged_since.unwrap_or(Time(now)),
    };
    match previous.and_then(|at| conditions.get_mut(at)) {
        Some(slot) => *slot = condition,
        None => conditions.push(condition),
    }
}

/// Removes the condition `kind`: kstatus reads a missing `Reconciling` or `Stalled` as false.
pub fn clear(conditions: &mut Vec<Condition>, kind: &str) {
    conditions.retain(|condition| condition.type_ != kind);
}

/// The condition `kind`, if set.
pub fn get<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// Whether the condition `kind` is set and true.
pub fn is_true(conditions: &[Condition], kind: &str) -> bool {
    get(conditions, kind).is_some_and(|condition| condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transition_time_moves_only_with_the_status() {
        let (first, second) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(60).unwrap());
        let mut conditions = Vec::new();
        set(&mut conditions, READY, Truth::False, "A", "a", 1, first);
        set(&mut conditions, READY, Truth::False, "B", "b", 2, second);
        assert_eq!(conditions[0].last_transition_time.0, first);
        assert_eq!(conditions[0].reason, "B");
        set(&mut conditions, READY, Truth::True, "C", "c", 2, second);
        assert_eq!(conditions[0].last_transition_time.0, second);
        clear(&mut conditions, READY);
        assert!(get(&conditions, READY).is_none());
    }
}
