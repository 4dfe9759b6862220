//! Request limits that all objects of an account share, whatever their number, per account and Region: CloudTrail allows 10
//! reads and 1 write a second (AWS General Reference, "AWS CloudTrail endpoints and quotas"), and a trail's alarms are
//! many calls of one kind ("Amazon CloudWatch endpoints and quotas", "Amazon CloudWatch Logs endpoints and quotas").

use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock>;

/// One limiter per account, Region and what AWS counts together.
#[derive(Default)]
pub(super) struct Limits(Mutex<HashMap<(String, String, String), Arc<Limiter>>>);

impl Limits {
    /// Waits until `operation` may be sent. Others' limits are too wide to matter here.
    pub(super) async fn turn(&self, account: &str, region: &str, operation: &str) {
        let Some((counted, rate)) = limit(operation) else { return };
        let limiter = {
            let mut limiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (account.to_owned(), region.to_owned(), counted.to_owned());
            limiters.entry(key).or_insert_with(|| Arc::new(RateLimiter::direct(Quota::per_second(rate)))).clone()
        };
        limiter.until_ready().await;
    }
}

/// What AWS counts `operation` with, and how many a second it takes.
fn limit(operation: &str) -> Option<(&str, NonZeroU32)> {
    let (counted, rate) = match operation.split_once(':')? {
        ("cloudtrail", "LookupEvents") => (operation, 2),
        ("cloudtrail", name) if ["Get", "Describe", "List"].iter().any(|verb| name.starts_with(verb)) => ("cloudtrail reads", 10),
        ("cloudtrail", _) => ("cloudtrail writes", 1),
        ("cloudwatch", "PutMetricAlarm" | "DeleteAlarms") => (operation, 3),
        ("cloudwatch", "DescribeAlarms") => (operation, 9),
        ("logs", "PutMetricFilter" | "DeleteMetricFilter" | "DescribeMetricFilters") => (operation, 5),
        _ => return None,
    };
    NonZeroU32::new(rate).map(|rate| (counted, rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_counted_as_aws_counts_them() {
        let of = |operation| limit(operation).map(|(counted, rate)| (counted, rate.get()));
        assert_eq!(of("cloudtrail:ListTags"), Some(("cloudtrail reads", 10)));
        assert_eq!(of("cloudtrail:LookupEvents"), Some(("cloudtrail:LookupEvents", 2)));
        assert_eq!(of("cloudtrail:AddTags"), Some(("cloudtrail writes", 1)));
        assert_eq!(of("cloudwatch:PutMetricAlarm"), Some(("cloudwatch:PutMetricAlarm", 3)));
        assert_eq!(of("s3:GetBucketPolicy"), None);
    }
}
