//! Changes of audit logging, out of events as CloudTrail recorded them. Pure.

use super::Change;
use crate::api::common::EvidenceGap;
use crate::api::inventory::Known;
use jiff::Timestamp;
use serde_json::Value;
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

/// What audit logging stands on.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    pub buckets: Vec<String>,
    /// By ARN.
    pub keys: Vec<String>,
}

impl Change {
    /// The change that an event tells of; none where it is about something else, or not in CloudTrail's form.
    pub fn of_event(event: &str, watched: &Watched) -> Option<Self> {
        let event: Value = serde_json::from_str(event).ok()?;
        let text = |path: &str| event.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let resource = match text("/eventSource")?.split('.').next()? {
            "cloudtrail" => ["/requestParameters/name", "/requestParameters/trailName"].into_iter().find_map(text).unwrap_or_default(),
            "s3" => text("/requestParameters/bucketName").filter(|bucket| watched.buckets.contains(bucket))?,
            "kms" => key(&text("/requestParameters/keyId")?, &watched.keys)?,
            _ => return None,
        };
        let principal = ["/userIdentity/arn", "/userIdentity/invokedBy", "/userIdentity/principalId"].into_iter().find_map(text);
        Some(Self {
            time: text("/eventTime")?.parse().ok()?,
            account: text("/recipientAccountId").unwrap_or_default(),
            region: text("/awsRegion").unwrap_or_default(),
            operation: text("/eventName")?,
            resource,
            principal: principal.unwrap_or_default(),
            source_ip: text("/sourceIPAddress").unwrap_or_default(),
            user_agent: text("/userAgent").unwrap_or_default(),
            event_id: text("/eventID").unwrap_or_default(),
            error: text("/errorCode"),
        })
    }
}

/// The watched key that an event names by id or ARN.
fn key(named: &str, keys: &[String]) -> Option<String> {
    keys.iter().find(|arn| *arn == named || arn.rsplit('/').next() == Some(named)).cloned()
}

/// Times in which a trail was stopped: from StopLogging to the next StartLogging. A trail that does not record now, and was not
/// stopped in the period, did not record in all of it, or has never been started.
pub fn gaps(changes: &[Change], trail: &str, recording: Known, from: Timestamp) -> Vec<EvidenceGap> {
    let name = trail.rsplit('/').next().unwrap_or(trail);
    let region = trail.split(':').nth(3).unwrap_or_default();
    let of_trail = |change: &&Change| change.resource == trail || (change.resource == name && change.region == region);
    let mut own: Vec<&Change> = changes.iter().filter(of_trail).filter(|change| change.error.is_none()).collect();
    own.sort_by_key(|change| change.time);
    let mut gaps: BTreeMap<Timestamp, EvidenceGap> = BTreeMap::new();
    let mut stopped = None;
    let begins_stopped =
        own.iter().find(|change| change.operation.ends_with("Logging")).is_some_and(|change| change.operation == "StartLogging");
    let created = own.iter().find(|change| change.operation == "CreateTrail").map(|change| change.time);
    let never_stopped = !own.iter().any(|change| change.operation.ends_with("Logging"));
    if begins_stopped && created.is_none() {
        stopped = Some(from);
    } else if never_stopped && recording == Known::No {
        stopped = created.or(Some(from));
    }
    for change in own {
        match (change.operation.as_str(), stopped) {
            ("StopLogging", None) => stopped = Some(change.time),
            ("StartLogging", Some(since)) => {
                gaps.insert(since, EvidenceGap { kind: "LoggingStopped".to_owned(), from: since, until: Some(change.time) });
                stopped = None;
            }
            _ => {}
        }
    }
    if let Some(since) = stopped {
        gaps.insert(since, EvidenceGap { kind: "LoggingStopped".to_owned(), from: since, until: None });
    }
    gaps.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/0a1b";
    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main";

    fn change(source: &str, name: &str, at: &str, parameters: Value) -> Option<Change> {
        let event = json!({
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "eventTime": at, "awsRegion": "eu-west-1",
            "recipientAccountId": "111111111111", "requestParameters": parameters, "eventID": "x",
            "userIdentity": {"arn": "arn:aws:iam::111111111111:user/mallory"}, "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli",
        });
        Change::of_event(&event.to_string(), &Watched { buckets: vec!["logs".into()], keys: vec![KEY.into()] })
    }

    #[test]
    fn only_what_logging_stands_on_counts() {
        let at = "2026-10-12T03:10:00Z";
        let stop = change("cloudtrail", "StopLogging", at, json!({"name": TRAIL})).unwrap();
        assert_eq!((stop.resource.as_str(), stop.principal.as_str()), (TRAIL, "arn:aws:iam::111111111111:user/mallory"));
        assert!(change("s3", "PutBucketPolicy", at, json!({"bucketName": "logs"})).is_some());
        assert_eq!(change("s3", "PutBucketPolicy", at, json!({"bucketName": "holiday-pictures"})).map(|change| change.resource), None);
        assert_eq!(change("kms", "DisableKey", at, json!({"keyId": "0a1b"})).unwrap().resource, KEY);
        assert!(change("kms", "DisableKey", at, json!({"keyId": "ffff"})).is_none());
    }

    #[test]
    fn a_gap_is_from_stop_to_start() {
        let event = |name: &str, at: &str| change("cloudtrail", name, at, json!({"name": "main"})).unwrap();
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
        assert!(
            gaps(&changes, "arn:aws:cloudtrail:eu-west-1:1:trail/other", Known::Yes, "2026-09-01T00:00:00Z".parse().unwrap()).is_empty()
        );
    }

    /// A start without a stop in the period: it was stopped before the period began.
    #[test]
    fn a_period_may_begin_in_a_gap() {
        let start = change("cloudtrail", "StartLogging", "2026-10-12T03:14:00Z", json!({"name": "main"})).unwrap();
        let found = gaps(&[start], TRAIL, Known::Yes, "2026-10-01T00:00:00Z".parse().unwrap());
        assert_eq!(found[0].from.to_string(), "2026-10-01T00:00:00Z");
    }

    #[test]
    fn a_trail_that_was_never_started_is_a_gap_since_it_was_made() {
        let from = "2026-10-01T00:00:00Z".parse().unwrap();
        assert_eq!(gaps(&[], TRAIL, Known::No, from)[0].from, from);
        assert_eq!(gaps(&[], TRAIL, Known::Unknown, from), []);
        let made = change("cloudtrail", "CreateTrail", "2026-10-12T03:14:00Z", json!({"name": "main"})).unwrap();
        assert_eq!(gaps(&[made], TRAIL, Known::No, from)[0].from.to_string(), "2026-10-12T03:14:00Z");
    }
}
