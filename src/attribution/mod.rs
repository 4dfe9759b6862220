//! Attribution: who changed audit logging, by the events that CloudTrail recorded of it. Pure: the events are asked for elsewhere.

pub mod stops;

use crate::api::common::Attribution;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// A change of audit logging, as CloudTrail recorded it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub time: Timestamp,
    pub account: String,
    pub region: String,
    /// For example `StopLogging`.
    pub operation: String,
    /// What was changed, as far as the event names it.
    pub resource: String,
    /// ARN of who did it, or the service.
    pub principal: String,
    pub source_ip: String,
    pub user_agent: String,
    pub event_id: String,
    /// AWS's error code, if the attempt failed.
    pub error: Option<String>,
}

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

    /// Whether it is about the trail with this ARN. Events name what the caller typed: the ARN, or the name alone, which is always
    /// that of a trail of the caller's account and Region.
    pub fn is_of_trail(&self, arn: &str) -> bool {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let mut parts = arn.split(':').skip(3);
        let place = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        self.resource == arn || (self.resource == name && place == (self.region.as_str(), self.account.as_str()))
    }
}

impl From<&Change> for Attribution {
    fn from(change: &Change) -> Self {
        Self {
            principal: change.principal.clone(),
            operation: change.operation.clone(),
            time: change.time,
            source_ip: change.source_ip.clone(),
            user_agent: change.user_agent.clone(),
            event_id: change.event_id.clone(),
        }
    }
}

/// The watched key that an event names by id or ARN.
fn key(named: &str, keys: &[String]) -> Option<String> {
    keys.iter().find(|arn| *arn == named || arn.rsplit('/').next() == Some(named)).cloned()
}

#[cfg(test)]
pub mod samples {
    //! Events in CloudTrail's form.
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    /// By mallory, in eu-west-1.
    pub fn event(source: &str, name: &str, at: &str, parameters: Value) -> String {
        json!({
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "eventTime": at, "awsRegion": "eu-west-1",
            "recipientAccountId": "111111111111", "requestParameters": parameters, "eventID": "x",
            "userIdentity": {"arn": "arn:aws:iam::111111111111:user/mallory"}, "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli",
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/0a1b";
    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main";

    #[test]
    fn only_what_logging_stands_on_counts() {
        let watched = Watched { buckets: vec!["logs".into()], keys: vec![KEY.into()] };
        let change = |source: &str, name: &str, parameters: Value| {
            Change::of_event(&samples::event(source, name, "2026-10-12T03:10:00Z", parameters), &watched)
        };
        let stop = change("cloudtrail", "StopLogging", json!({"name": TRAIL})).unwrap();
        assert_eq!((stop.resource.as_str(), stop.principal.as_str()), (TRAIL, "arn:aws:iam::111111111111:user/mallory"));
        assert!(change("s3", "PutBucketPolicy", json!({"bucketName": "logs"})).is_some());
        assert_eq!(change("s3", "PutBucketPolicy", json!({"bucketName": "holiday-pictures"})).map(|change| change.resource), None);
        assert_eq!(change("kms", "DisableKey", json!({"keyId": "0a1b"})).unwrap().resource, KEY);
        assert!(change("kms", "DisableKey", json!({"keyId": "ffff"})).is_none());
    }
}
