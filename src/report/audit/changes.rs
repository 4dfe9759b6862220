//! Changes of audit logging in a period: which are looked for, and the times without evidence that they made. Pure.

use crate::api::common::{EvidenceGap, LOGGING_STOPPED};
use crate::api::inventory::Known;
use crate::attribution::Change;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What changes a trail. It happens in the trail's home Region.
pub const OF_TRAILS: [&str; 8] = [
    "CreateTrail",
    "DeleteTrail",
    "PutEventConfiguration",
    "PutEventSelectors",
    "PutInsightSelectors",
    "StartLogging",
    "StopLogging",
    "UpdateTrail",
];

/// What opens a bucket, lets files in it go, or keeps new ones out.
pub const OF_BUCKETS: [&str; 16] = [
    "DeleteBucket",
    "DeleteBucketEncryption",
    "DeleteBucketLifecycle",
    "DeleteBucketPolicy",
    "DeleteBucketPublicAccessBlock",
    "DeleteBucketReplication",
    "PutBucketAcl",
    "PutBucketEncryption",
    "PutBucketLifecycle",
    "PutBucketLogging",
    "PutBucketObjectLockConfiguration",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketRequestPayment",
    "PutBucketVersioning",
];

/// What takes a key away, or gives it to others.
pub const OF_KEYS: [&str; 6] =
    ["CancelKeyDeletion", "DisableKey", "DisableKeyRotation", "EnableKey", "PutKeyPolicy", "ScheduleKeyDeletion"];

/// Times in which a trail was stopped: from StopLogging to the next StartLogging. A trail that does not record now, and was not
/// stopped in the period, did not record in all of it, or has never been started.
pub fn gaps(changes: &[Change], trail: &str, recording: Known, from: Timestamp) -> Vec<EvidenceGap> {
    let mut own: Vec<&Change> = changes.iter().filter(|change| change.error.is_none() && change.is_of_trail(trail)).collect();
    own.sort_by_key(|change| change.time);
    let mut gaps: BTreeMap<Timestamp, EvidenceGap> = BTreeMap::new();
    let mut stopped = None;
    let begins_stopped =
        own.iter().find(|change| change.operation.ends_with("Logging")).is_some_and(|change| change.operation == "StartLogging");
    let created = own.iter().find(|change| change.operation == "CreateTrail").map(|change| change.time);
    let never_stopped = !own.iter().any(|change| change.operation.ends_with("Logging"));
    let gap = |from: Timestamp| EvidenceGap::new(LOGGING_STOPPED, from);
    if begins_stopped && created.is_none() {
        stopped = Some(gap(from));
    } else if never_stopped && recording == Known::No {
        stopped = Some(gap(created.unwrap_or(from)));
    }
    for change in own {
        match change.operation.as_str() {
            "StopLogging" if stopped.is_none() => stopped = Some(EvidenceGap { by: Some(change.into()), ..gap(change.time) }),
            "StartLogging" => {
                gaps.extend(stopped.take().map(|gap| (gap.from, EvidenceGap { until: Some(change.time), ..gap })));
            }
            _ => {}
        }
    }
    gaps.extend(stopped.map(|gap| (gap.from, gap)));
    gaps.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribution::{Watched, samples};
    use serde_json::json;

    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main";

    fn event(name: &str, at: &str) -> Change {
        Change::of_event(&samples::event("cloudtrail", name, at, json!({"name": "main"})), &Watched::default()).unwrap()
    }

    #[test]
    fn a_gap_is_from_stop_to_start() {
        let refused = Change { error: Some("AccessDenied".into()), ..event("StopLogging", "2026-10-01T00:00:00Z") };
        let changes = [
            refused,
            event("StopLogging", "2026-10-12T03:10:00Z"),
            event("StartLogging", "2026-10-12T03:14:00Z"),
            event("StopLogging", "2026-10-20T00:00:00Z"),
        ];
        let found = gaps(&changes, TRAIL, Known::No, "2026-09-01T00:00:00Z".parse().unwrap());
        let times: Vec<_> = found.iter().map(|gap| (gap.from.to_string(), gap.until.map(|until| until.to_string()))).collect();
        assert_eq!(
            times,
            [("2026-10-12T03:10:00Z".to_owned(), Some("2026-10-12T03:14:00Z".to_owned())), ("2026-10-20T00:00:00Z".to_owned(), None)]
        );
        assert_eq!(found[0].by.as_ref().unwrap().principal, "arn:aws:iam::111111111111:user/mallory");
        assert!(
            gaps(&changes, "arn:aws:cloudtrail:eu-west-1:1:trail/other", Known::Yes, "2026-09-01T00:00:00Z".parse().unwrap()).is_empty()
        );
    }

    /// A start without a stop in the period: it was stopped before the period began.
    #[test]
    fn a_period_may_begin_in_a_gap() {
        let start = event("StartLogging", "2026-10-12T03:14:00Z");
        let found = gaps(&[start], TRAIL, Known::Yes, "2026-10-01T00:00:00Z".parse().unwrap());
        assert_eq!(found[0].from.to_string(), "2026-10-01T00:00:00Z");
    }

    #[test]
    fn a_trail_that_was_never_started_is_a_gap_since_it_was_made() {
        let from = "2026-10-01T00:00:00Z".parse().unwrap();
        assert_eq!(gaps(&[], TRAIL, Known::No, from)[0].from, from);
        assert_eq!(gaps(&[], TRAIL, Known::Unknown, from), []);
        let made = event("CreateTrail", "2026-10-12T03:14:00Z");
        assert_eq!(gaps(&[made], TRAIL, Known::No, from)[0].from.to_string(), "2026-10-12T03:14:00Z");
    }
}
