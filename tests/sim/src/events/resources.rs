//! What an event is about: the resources in a record, and those LookupEvents finds it by. Pure.

use super::Event;
use crate::record::CallRecord;
use serde_json::{Value, json};

/// Parameters that name a resource, and its type: event source, parameter, type.
const NAMED_BY: [(&str, &str, &str); 21] = [
    ("cloudtrail", "name", TRAIL),
    ("cloudtrail", "trailName", TRAIL),
    ("cloudtrail", "resourceId", TRAIL),
    ("cloudtrail", "s3BucketName", BUCKET),
    ("s3", "bucketName", BUCKET),
    ("kms", "keyId", "AWS::KMS::Key"),
    ("kms", "targetKeyId", "AWS::KMS::Key"),
    ("kms", "aliasName", "AWS::KMS::Alias"),
    ("iam", "roleName", "AWS::IAM::Role"),
    ("iam", "userName", "AWS::IAM::User"),
    ("iam", "groupName", "AWS::IAM::Group"),
    ("iam", "policyArn", "AWS::IAM::Policy"),
    ("iam", "policyName", "AWS::IAM::Policy"),
    ("iam", "accessKeyId", "AWS::IAM::AccessKey"),
    ("sts", "roleArn", "AWS::IAM::Role"),
    ("sns", "topicArn", "AWS::SNS::Topic"),
    ("sns", "name", "AWS::SNS::Topic"),
    ("sqs", "queueName", "AWS::SQS::Queue"),
    ("sqs", "queueUrl", "AWS::SQS::Queue"),
    ("logs", "logGroupName", "AWS::Logs::LogGroup"),
    ("events", "name", "AWS::Events::Rule"),
];

const TRAIL: &str = "AWS::CloudTrail::Trail";
const BUCKET: &str = "AWS::S3::Bucket";

/// Type and name, as the caller typed it, of everything that an event names.
pub fn of(event: &Event) -> Vec<(&'static str, String)> {
    let service = event.text("eventSource").split('.').next().unwrap_or_default();
    let parameters = &event.record["requestParameters"];
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for (_, parameter, kind) in NAMED_BY.iter().filter(|(of, _, _)| *of == service) {
        found.extend(parameters[parameter].as_str().map(|name| (*kind, name.to_owned())));
    }
    let lists = [("trailNameList", TRAIL), ("resourceIdList", TRAIL)];
    for (parameter, kind) in lists.iter().filter(|_| service == "cloudtrail") {
        let names = parameters[parameter].as_array().into_iter().flatten().filter_map(Value::as_str);
        found.extend(names.map(|name| (*kind, name.to_owned())));
    }
    found
}

/// The record's own `resources`, by ARN, which data selectors look at.
pub fn in_record(call: &CallRecord, owner: &str, partition: &str) -> Vec<Value> {
    let parameter = |name: &str| call.request_parameters[name].as_str();
    match (call.service.as_str(), parameter("bucketName"), parameter("keyId")) {
        ("s3", Some(bucket), _) => {
            let arn = format!("arn:{partition}:s3:::{bucket}");
            let mut resources = vec![json!({ "accountId": owner, "type": BUCKET, "ARN": arn })];
            if let Some(key) = parameter("key") {
                resources.insert(0, json!({ "type": "AWS::S3::Object", "ARN": format!("{arn}/{key}") }));
            } else if !call.management {
                resources.insert(0, json!({ "type": "AWS::S3::Object", "ARNPrefix": format!("{arn}/") }));
            }
            resources
        }
        ("kms", _, Some(key)) if key.starts_with("arn:") => vec![json!({ "accountId": owner, "type": "AWS::KMS::Key", "ARN": key })],
        ("sts", _, _) => {
            parameter("roleArn").map(|arn| json!({ "accountId": owner, "type": "AWS::IAM::Role", "ARN": arn })).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
