//! Status: pure. Results become conditions, events and the time of the next pass; the clock is a parameter.
//!
//! Steps never write a condition: what a pass found is told here and nowhere else.

pub mod alarms;
pub mod attribution;
pub mod aws_account;
pub mod classes;
pub mod compliance;
pub mod compliance_policy;
pub mod coverage;
pub mod event_data_store;
pub mod events;
pub mod integrity;
pub mod inventory;
pub mod log_archive;
pub mod organization;
mod responses;
pub mod retention;
pub mod schedule;
pub mod tell;
pub mod trail;
pub mod waiting;

pub use events::Event;
pub use schedule::Requeue;
pub use waiting::Waiting;

use crate::api::common::CommonStatus;
use crate::api::findings::Compliance;
use crate::api::{AwsAccountStatus, CompliancePolicyStatus, EventDataStoreStatus, LogArchiveStatus, TrailStatus};
use jiff::{Timestamp, ToSpan};

/// What to tell the cluster after a pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Told<S> {
    pub status: S,
    pub events: Vec<Event>,
    pub requeue: Requeue,
}

/// A status with times in it that move at every pass.
pub trait Timed: Clone + PartialEq {
    fn common(&self) -> &CommonStatus;
    fn common_mut(&mut self) -> &mut CommonStatus;
    /// Takes over the times of `other`.
    fn with_times_of(self, other: &Self) -> Self;

    /// Whether the API server should be told: something changed, or the times are an hour old.
    fn worth_writing(&self, before: Option<&Self>, now: Timestamp) -> bool {
        let Some(before) = before else { return true };
        if self.clone().with_times_of(before) != *before {
            return true;
        }
        let hour_ago = now.checked_sub(1.hour()).unwrap_or(Timestamp::MIN);
        before.common().last_verified_time.is_none_or(|verified| verified <= hour_ago) && self != before
    }
}

/// The status of an object that the rules judge.
pub trait Judgeable: Timed {
    fn compliance_mut(&mut self) -> &mut Compliance;
}

impl Judgeable for AwsAccountStatus {
    fn compliance_mut(&mut self) -> &mut Compliance {
        &mut self.compliance
    }
}

impl Judgeable for LogArchiveStatus {
    fn compliance_mut(&mut self) -> &mut Compliance {
        &mut self.compliance
    }
}

impl Judgeable for EventDataStoreStatus {
    fn compliance_mut(&mut self) -> &mut Compliance {
        &mut self.compliance
    }
}

impl Judgeable for TrailStatus {
    fn compliance_mut(&mut self) -> &mut Compliance {
        &mut self.compliance
    }
}

impl Timed for AwsAccountStatus {
    fn common(&self) -> &CommonStatus {
        &self.common
    }
    fn common_mut(&mut self) -> &mut CommonStatus {
        &mut self.common
    }
    fn with_times_of(mut self, other: &Self) -> Self {
        self.common.last_verified_time = other.common.last_verified_time;
        self.compliance = compliance::with_numbers_of(self.compliance, &other.compliance);
        self
    }
}

/// It reads no AWS, so it has no times of its own.
impl Timed for CompliancePolicyStatus {
    fn common(&self) -> &CommonStatus {
        &self.common
    }
    fn common_mut(&mut self) -> &mut CommonStatus {
        &mut self.common
    }
    fn with_times_of(self, _other: &Self) -> Self {
        self
    }
}

impl Timed for LogArchiveStatus {
    fn common(&self) -> &CommonStatus {
        &self.common
    }
    fn common_mut(&mut self) -> &mut CommonStatus {
        &mut self.common
    }
    fn with_times_of(mut self, other: &Self) -> Self {
        self.common.last_verified_time = other.common.last_verified_time;
        self.compliance = compliance::with_numbers_of(self.compliance, &other.compliance);
        self
    }
}

impl Timed for EventDataStoreStatus {
    fn common(&self) -> &CommonStatus {
        &self.common
    }
    fn common_mut(&mut self) -> &mut CommonStatus {
        &mut self.common
    }
    fn with_times_of(mut self, other: &Self) -> Self {
        self.common.last_verified_time = other.common.last_verified_time;
        self.compliance = compliance::with_numbers_of(self.compliance, &other.compliance);
        self
    }
}

impl Timed for TrailStatus {
    fn common(&self) -> &CommonStatus {
        &self.common
    }
    fn common_mut(&mut self) -> &mut CommonStatus {
        &mut self.common
    }
    fn with_times_of(mut self, other: &Self) -> Self {
        self.common.last_verified_time = other.common.last_verified_time;
        self.compliance = compliance::with_numbers_of(self.compliance, &other.compliance);
        // The first delivery is news; that it goes on is not.
        if other.last_delivery_time.is_some() && self.last_delivery_time.is_some() {
            self.last_delivery_time = other.last_delivery_time;
        }
        if other.last_digest_delivery_time.is_some() && self.last_digest_delivery_time.is_some() {
            self.last_digest_delivery_time = other.last_digest_delivery_time;
        }
        // Alarms come and go; they have a topic to tell it.
        if let (Some(alarms), Some(others)) = (&mut self.alarms, &other.alarms) {
            alarms.raised.clone_from(&others.raised);
        }
        if let (Some(ours), Some(theirs)) = (&mut self.organization, &other.organization) {
            ours.last_checked_time = theirs.last_checked_time;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn status(verified: i64, delivered: Option<i64>, logging: bool) -> TrailStatus {
        let mut status = TrailStatus { logging: Some(logging), last_delivery_time: delivered.map(at), ..TrailStatus::default() };
        status.common.last_verified_time = Some(at(verified));
        status
    }

    #[test]
    fn times_alone_are_written_hourly_and_changes_at_once() {
        let before = status(0, Some(0), true);
        assert!(!status(600, Some(300), true).worth_writing(Some(&before), at(600)));
        assert!(status(3600, Some(3300), true).worth_writing(Some(&before), at(3600)));
        assert!(status(600, Some(300), false).worth_writing(Some(&before), at(600)));
        assert!(status(600, Some(300), true).worth_writing(Some(&status(0, None, true)), at(600)), "the first delivery is news");
        assert!(status(0, None, true).worth_writing(None, at(0)));
    }
}
