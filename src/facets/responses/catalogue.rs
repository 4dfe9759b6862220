//! The ready-made choices of events, as EventBridge patterns. Data, with the AWS page that names the events.

use crate::api::responses::ReadyMade;
use crate::facets::context::Destination;
use serde_json::{Value, json};

const API_CALL: &str = "AWS API Call via CloudTrail";
const SIGN_IN: &str = "AWS Console Sign In via CloudTrail";

/// The AWS page that a choice follows.
pub fn source(choice: ReadyMade) -> &'static str {
    match choice {
        ReadyMade::RootLogin | ReadyMade::ConsoleLoginFailed | ReadyMade::ConsoleLoginWithoutMfa => {
            "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html"
        }
        ReadyMade::RootActivity => {
            "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html"
        }
        ReadyMade::LoggingTampered => "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Operations.html",
        ReadyMade::BucketPolicyChanged => "https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html",
        ReadyMade::KeyTampered => "https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html",
        ReadyMade::IamPolicyChanged => "https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html",
    }
}

/// Its pattern, for the bucket and key that the trail delivers to.
pub fn pattern(choice: ReadyMade, destination: &Destination) -> Value {
    match choice {
        ReadyMade::RootLogin => sign_in(json!({"userIdentity": {"type": ["Root"]}})),
        // What AWS does in the root user's name is not the root user's doing.
        ReadyMade::RootActivity => json!({"detail-type": [API_CALL, SIGN_IN], "detail": {
            "userIdentity": {"type": ["Root"], "invokedBy": [{"exists": false}]}, "eventType": [{"anything-but": ["AwsServiceEvent"]}]}}),
        ReadyMade::ConsoleLoginFailed => sign_in(json!({"eventName": ["ConsoleLogin"], "responseElements": {"ConsoleLogin": ["Failure"]}})),
        ReadyMade::ConsoleLoginWithoutMfa => sign_in(json!({"eventName": ["ConsoleLogin"], "userIdentity": {"type": ["IAMUser"]},
            "additionalEventData": {"MFAUsed": ["No"]}, "responseElements": {"ConsoleLogin": ["Success"]}})),
        ReadyMade::LoggingTampered => calls(
            "cloudtrail",
            &["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors", "PutInsightSelectors", "PutEventConfiguration"],
            Value::Null,
        ),
        ReadyMade::BucketPolicyChanged => calls("s3", &BUCKET, json!({"bucketName": [destination.bucket]})),
        ReadyMade::KeyTampered => calls("kms", &KEY, key(&destination.kms_key)),
        ReadyMade::IamPolicyChanged => calls("iam", &IAM, Value::Null),
    }
}

/// As CloudTrail names them, which is not always the operation's name.
const BUCKET: [&str; 14] = [
    "PutBucketPolicy",
    "DeleteBucketPolicy",
    "PutBucketAcl",
    "PutBucketPublicAccessBlock",
    "DeleteBucketPublicAccessBlock",
    "PutBucketOwnershipControls",
    "DeleteBucketOwnershipControls",
    "PutBucketLifecycle",
    "DeleteBucketLifecycle",
    "PutBucketVersioning",
    "PutBucketEncryption",
    "DeleteBucketEncryption",
    "PutBucketLogging",
    "DeleteBucket",
];

const KEY: [&str; 5] = ["DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "DisableKeyRotation", "DeleteImportedKeyMaterial"];

/// The list of CIS AWS Foundations Benchmark, "IAM policy changes".
const IAM: [&str; 16] = [
    "DeleteGroupPolicy",
    "DeleteRolePolicy",
    "DeleteUserPolicy",
    "PutGroupPolicy",
    "PutRolePolicy",
    "PutUserPolicy",
    "CreatePolicy",
    "DeletePolicy",
    "CreatePolicyVersion",
    "DeletePolicyVersion",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "AttachUserPolicy",
    "DetachUserPolicy",
    "AttachGroupPolicy",
    "DetachGroupPolicy",
];

fn sign_in(detail: Value) -> Value {
    json!({"source": ["aws.signin"], "detail-type": [SIGN_IN], "detail": detail})
}

fn calls(service: &str, names: &[&str], parameters: Value) -> Value {
    let mut detail = json!({"eventSource": [format!("{service}.amazonaws.com")], "eventName": names});
    if !parameters.is_null() {
        detail["requestParameters"] = parameters;
    }
    json!({"source": [format!("aws.{service}")], "detail-type": [API_CALL], "detail": detail})
}

/// These operations take a key by its id or by its ARN. Without a key of one's own, every key of the account counts.
fn key(arn: &str) -> Value {
    if arn.is_empty() {
        return Value::Null;
    }
    let id = arn.rsplit('/').next().unwrap_or(arn);
    if id == arn { json!({"keyId": [arn]}) } else { json!({"keyId": [arn, id]}) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator;

    #[test]
    fn every_choice_has_a_pattern_that_aws_takes_and_a_source() {
        let arn = "arn:aws:kms:eu-west-1:111111111111:key/0123-4567";
        let destination = Destination { bucket: "a".repeat(63), kms_key: arn.into() };
        for choice in ReadyMade::iter() {
            let pattern = pattern(choice, &destination);
            assert!(pattern["detail-type"].is_array(), "{choice:?} would match what is not CloudTrail's");
            assert!(pattern.to_string().len() <= 2048, "{choice:?}: a pattern has at most 2048 characters");
            assert!(source(choice).starts_with("https://docs.aws.amazon.com/"), "{choice:?}");
        }
    }

    #[test]
    fn bucket_and_key_are_the_trails_own() {
        let destination = Destination { bucket: "logs".into(), kms_key: "arn:aws:kms:eu-west-1:111111111111:key/01".into() };
        let parameters = |choice| pattern(choice, &destination)["detail"]["requestParameters"].clone();
        assert_eq!(parameters(ReadyMade::BucketPolicyChanged), json!({"bucketName": ["logs"]}));
        assert_eq!(parameters(ReadyMade::KeyTampered), json!({"keyId": [destination.kms_key, "01"]}));
        let without = Destination { kms_key: String::new(), ..destination };
        assert_eq!(pattern(ReadyMade::KeyTampered, &without)["detail"].get("requestParameters"), None);
    }
}
