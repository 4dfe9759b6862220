//! When the next pass is due.

use crate::facets::policy_document::short_hash;
use jiff::Timestamp;
use std::time::Duration;

/// When to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requeue {
    After(Duration),
    /// Only when something is changed: the spec, a reference, an annotation.
    OnChange,
}

impl Requeue {
    /// The same, or sooner.
    pub fn at_most(self, wait: Duration) -> Self {
        match self {
            Self::After(later) => Self::After(later.min(wait)),
            Self::OnChange => Self::After(wait),
        }
    }
}

/// The wait until the next regular pass: between half and one and a half times `interval`, at a moment that is the same
/// for all objects of `phase` (account and Region), so that they share their reads, and different for others.
pub fn regular(interval: Duration, phase: &str, now: Timestamp) -> Duration {
    let period = interval.as_millis().max(1);
    let offset = u128::from(u32::from_str_radix(&short_hash(phase), 16).unwrap_or(0)) % period;
    let earliest = u128::try_from(now.as_millisecond()).unwrap_or(0) + period / 2;
    // The first moment from `earliest` on that is `offset` past a multiple of the period.
    let due = earliest + (period + offset - earliest % period) % period;
    let wait = due - (earliest - period / 2);
    Duration::from_millis(u64::try_from(wait).unwrap_or(u64::MAX))
}

/// The wait before another try: doubles from `first` up to `most`.
pub fn backoff(first: Duration, most: Duration, attempts: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(attempts.min(16))).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn objects_of_one_account_come_due_together(now in 0_i64..10_000_000, later in 0_i64..100_000, seconds in 30_u64..7200) {
            let interval = Duration::from_secs(seconds);
            let at = |millis: i64| Timestamp::from_millisecond(millis).unwrap();
            let due = |millis: i64| u128::try_from(millis).unwrap() + regular(interval, "a/r", at(millis)).as_millis();
            let wait = regular(interval, "a/r", at(now));
            prop_assert!(wait >= interval / 2 && wait <= interval * 3 / 2, "{wait:?} for {interval:?}");
            prop_assert_eq!(due(now) % interval.as_millis(), due(now + later) % interval.as_millis());
        }
    }

    #[test]
    fn tries_are_spaced_ever_wider_up_to_a_bound() {
        let (first, most) = (Duration::from_secs(1), Duration::from_secs(60));
        assert_eq!(backoff(first, most, 0), first);
        assert_eq!(backoff(first, most, 3), Duration::from_secs(8));
        assert_eq!(backoff(first, most, 99), most);
    }
}
