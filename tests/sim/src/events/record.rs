//! Writes a call as a CloudTrail record. Pure: the fields are those of AWS's record reference, version 1.11.

use super::resources;
use crate::identity::{Caller, PrincipalKind, partition};
use crate::record::CallRecord;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The record as the account `recipient` gets it; `owner` has what the call is about.
pub fn build(call: &CallRecord, recipient: &str, owner: &str, region: &str) -> Value {
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": call.caller.as_ref().map(identity),
        "eventTime": seconds(call.time),
        "eventSource": call.event_source,
        "eventName": event_name(&call.service, &call.operation),
        "awsRegion": region,
        "sourceIPAddress": call.source_ip,
        "userAgent": call.user_agent,
    });
    if let Some(code) = &call.error_code {
        record["errorCode"] = json!(error_code(code));
        record["errorMessage"] = json!(call.error_message);
    }
    record["requestParameters"] = call.request_parameters.clone();
    record["responseElements"] = call.response_elements.clone();
    record["requestID"] = json!(call.request_id);
    record["eventID"] = json!(uuid::Uuid::new_v4().to_string());
    record["readOnly"] = json!(call.read_only);
    let resources = resources::in_record(call, owner, partition(region));
    if !resources.is_empty() {
        record["resources"] = json!(resources);
    }
    record["eventType"] = json!("AwsApiCall");
    record["managementEvent"] = json!(call.management);
    record["recipientAccountId"] = json!(recipient);
    record["eventCategory"] = json!(if call.management { "Management" } else { "Data" });
    record
}

/// CloudTrail's times have whole seconds.
pub fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A role's caller is named by its session.
pub fn username(caller: &Caller) -> String {
    match caller.kind {
        PrincipalKind::Root => "root".to_owned(),
        PrincipalKind::IamUser => caller.user_name.clone().unwrap_or_default(),
        PrincipalKind::AssumedRole => caller.arn.rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

/// Services whose events count as global where they appear in the partition's first Region.
pub fn is_global(service: &str) -> bool {
    matches!(service, "iam" | "sts" | "organizations")
}

fn identity(caller: &Caller) -> Value {
    let mut identity = Map::new();
    identity.insert("type".to_owned(), json!(caller.kind));
    identity.insert("principalId".to_owned(), json!(caller.principal_id));
    identity.insert("arn".to_owned(), json!(caller.arn));
    identity.insert("accountId".to_owned(), json!(caller.account));
    identity.insert("accessKeyId".to_owned(), json!(caller.access_key));
    if let Some(name) = &caller.user_name {
        identity.insert("userName".to_owned(), json!(name));
    }
    if let Some(session) = &caller.session {
        let issuer = json!({
            "type": "Role",
            "principalId": session.role_id,
            "arn": session.role_arn,
            "accountId": caller.account,
            "userName": session.role_name,
        });
        let attributes = json!({ "creationDate": seconds(session.created), "mfaAuthenticated": "false" });
        identity.insert("sessionContext".to_owned(), json!({ "sessionIssuer": issuer, "attributes": attributes }));
    }
    Value::Object(identity)
}

/// S3 operations that CloudTrail knows by another name.
fn event_name(service: &str, operation: &str) -> String {
    if service != "s3" {
        return operation.to_owned();
    }
    let renamed = operation
        .replace("PublicAccessBlock", "BucketPublicAccessBlock")
        .replace("BucketLifecycleConfiguration", "BucketLifecycle")
        .replace("BucketNotificationConfiguration", "BucketNotification");
    renamed.replace("ObjectLockConfiguration", "BucketObjectLockConfiguration")
}

/// Records have no `Exception` behind a denial, whatever the protocol.
fn error_code(code: &str) -> &str {
    if code == "AccessDeniedException" { "AccessDenied" } else { code }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Session;

    fn call(caller: Caller) -> CallRecord {
        CallRecord {
            index: 0,
            time: Timestamp::UNIX_EPOCH,
            caller: Some(caller),
            source_ip: "127.0.0.1".into(),
            user_agent: "test".into(),
            region: "eu-west-1".into(),
            service: "cloudtrail".into(),
            event_source: "cloudtrail.amazonaws.com".into(),
            operation: "StopLogging".into(),
            read_only: false,
            management: true,
            request_parameters: json!({ "name": "main" }),
            response_elements: Value::Null,
            http_status: 400,
            error_code: Some("AccessDeniedException".into()),
            error_message: Some("no".into()),
            request_id: "r".into(),
            fault: None,
        }
    }

    #[test]
    fn a_role_session_names_its_role() {
        let caller = Caller {
            account: "111111111111".into(),
            arn: "arn:aws:sts::111111111111:assumed-role/ops/alice".into(),
            kind: PrincipalKind::AssumedRole,
            principal_id: "AROA:alice".into(),
            access_key: "ASIA".into(),
            user_name: None,
            session: Some(Session {
                role_arn: "arn:aws:iam::111111111111:role/ops".into(),
                role_name: "ops".into(),
                role_id: "AROA".into(),
                created: Timestamp::UNIX_EPOCH,
                expires: Timestamp::UNIX_EPOCH,
            }),
        };
        assert_eq!(username(&caller), "alice");
        let record = build(&call(caller), "222222222222", "222222222222", "eu-west-1");
        assert_eq!(record["userIdentity"]["type"], "AssumedRole");
        assert_eq!(record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"], "ops");
        assert_eq!(record["userIdentity"]["sessionContext"]["attributes"]["creationDate"], "1970-01-01T00:00:00Z");
        assert_eq!((&record["recipientAccountId"], &record["errorCode"]), (&json!("222222222222"), &json!("AccessDenied")));
    }

    #[test]
    fn s3_names_differ_from_the_operations() {
        assert_eq!(event_name("s3", "PutPublicAccessBlock"), "PutBucketPublicAccessBlock");
        assert_eq!(event_name("s3", "DeleteBucketLifecycleConfiguration"), "DeleteBucketLifecycle");
        assert_eq!(event_name("s3", "PutBucketPolicy"), "PutBucketPolicy");
        assert_eq!(event_name("kms", "DisableKey"), "DisableKey");
    }
}
