//! Every field that reaches AWS, with a value other than the default, and what AWS must then have. Laid over the smallest
//! manifest and over what AWS had before, as JSON merge patches.

use super::drift::Drift;
use crate::support::world::REGION as HOME;
use serde_json::{Value, json};

pub struct Case {
    pub spec: Value,
    pub aws: Value,
    pub drift: Drift,
}

impl Case {
    pub fn new(spec: Value, aws: Value) -> Self {
        Self { spec, aws, drift: Drift::FromBase }
    }

    /// With the case's own manifest kept while a stranger brings AWS to the base.
    fn kept(self) -> Self {
        Self { drift: Drift::FromCase, ..self }
    }

    /// No drift test of this case: `held` says what holds it instead.
    fn not_by_a_stranger(self, held: &'static str) -> Self {
        Self { drift: Drift::Elsewhere(held), ..self }
    }
}

/// What cases refer to, made by the test.
#[derive(Default)]
pub struct Fixture {
    pub namespace: String,
    pub other_bucket: String,
    pub other_key: String,
    /// Ways to name that key.
    pub other_key_names: Vec<String>,
    pub more_bucket: String,
    pub more_key: String,
    pub topic: String,
    pub log_group: String,
    pub log_role: String,
    /// What the operator's names have of the owner.
    pub hash: String,
    pub bucket: String,
    pub own_key: String,
    pub account: String,
    /// The name of a role that is made for the trail.
    pub own_role: String,
}

fn case(spec: Value, aws: Value) -> Case {
    Case::new(spec, aws)
}

pub fn switches() -> Vec<Case> {
    vec![
        case(json!({ "multiRegion": false }), json!({ "multiRegion": false })),
        case(json!({ "multiRegion": false, "globalServiceEvents": false }), json!({ "multiRegion": false, "globalServiceEvents": false })),
        case(json!({ "logFileValidation": false }), json!({ "logFileValidation": false })),
        case(json!({ "recursiveLogging": false }), json!({ "recursiveLogging": false })),
        case(json!({ "tags": { "team": "security", "stage": "prod" } }), json!({ "tags": { "team": "security", "stage": "prod" } })),
    ]
}

pub fn logging() -> Vec<Case> {
    vec![case(json!({ "logging": false }), json!({ "logging": false }))]
}

pub fn organization() -> Vec<Case> {
    vec![case(json!({ "organization": true }), json!({ "organization": true }))]
}

pub fn places(fixture: &Fixture) -> Vec<Case> {
    let Fixture { namespace, other_bucket, other_key, other_key_names, more_bucket, more_key, .. } = fixture;
    let names = std::iter::once(other_key).chain(other_key_names);
    let external = names.map(|key| {
        let spec = json!({ "archiveRef": null, "bucket": { "name": other_bucket, "kmsKey": key } });
        case(spec, json!({ "bucket": other_bucket, "kmsKey": other_key }))
    });
    let mut cases: Vec<Case> = external.collect();
    cases.extend([
        case(json!({ "keyPrefix": "audit/eu" }), json!({ "keyPrefix": "audit/eu" })),
        case(json!({ "archiveRef": { "name": "more", "namespace": namespace } }), json!({ "bucket": more_bucket, "kmsKey": more_key })),
    ]);
    cases
}

pub fn notices(fixture: &Fixture) -> Vec<Case> {
    let Fixture { topic, log_group, log_role, .. } = fixture;
    vec![
        case(json!({ "snsTopic": topic }), json!({ "snsTopic": topic })),
        case(json!({ "snsTopic": topic.rsplit(':').next() }), json!({ "snsTopic": topic })),
        case(
            json!({ "cloudWatchLogs": { "logGroupArn": log_group, "roleArn": log_role } }),
            json!({ "logGroup": log_group, "logRole": log_role }),
        ),
    ]
}

/// Group, role and topic that are made: `ours` is what they are like, where the trail uses them.
pub fn made_for_delivery(fixture: &Fixture) -> Vec<Case> {
    let Fixture { account, own_role, .. } = fixture;
    vec![
        case(
            json!({ "cloudWatchLogs": { "logGroup": {}, "role": {} } }),
            json!({ "logGroup": group(account, "aws-cloudtrail-logs-audit"), "logRole": role(account, own_role),
                "ours": { "group": { "retentionDays": 365, "class": "STANDARD" } } }),
        ),
        case(json!({ "notices": {} }), json!({ "snsTopic": topic(account, "aws-cloudtrail-notices-audit"), "ours": { "topic": {} } })),
    ]
}

/// The same with other fields than the defaults.
pub fn kept_for_delivery(fixture: &Fixture) -> Vec<Case> {
    let Fixture { account, other_key, .. } = fixture;
    let of_group = |spec: Value, like: Value| case(json!({ "cloudWatchLogs": { "logGroup": spec } }), json!({ "ours": { "group": like } }));
    vec![
        of_group(json!({ "retentionDays": 0 }), json!({ "retentionDays": null })),
        of_group(json!({ "retentionDays": 3653 }), json!({ "retentionDays": 3653 })),
        of_group(json!({ "kmsKeyArn": other_key }), json!({ "kmsKey": other_key })),
        case(
            json!({ "cloudWatchLogs": { "logGroup": { "name": "/audit/eu", "class": "InfrequentAccess" }, "role": { "name": "log-writer" } } }),
            json!({ "logGroup": group(account, "/audit/eu"), "logRole": role(account, "log-writer"),
                "ours": { "group": { "class": "INFREQUENT_ACCESS" } } }),
        ),
        case(json!({ "notices": { "topicName": "new-files" } }), json!({ "snsTopic": topic(account, "new-files") })),
        case(json!({ "notices": { "kmsKeyArn": other_key } }), json!({ "ours": { "topic": { "kmsKey": other_key } } })),
    ]
}

fn group(account: &str, name: &str) -> String {
    format!("arn:aws:logs:eu-central-1:{account}:log-group:{name}:*")
}

fn role(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

fn topic(account: &str, name: &str) -> String {
    format!("arn:aws:sns:eu-central-1:{account}:{name}")
}

fn field(field: &str, equals: &[&str]) -> Value {
    json!({ "field": field, "equals": equals })
}

fn management(more: &[Value]) -> Value {
    let fields = [&[field("eventCategory", &["Management"])], more].concat();
    json!({ "fieldSelectors": fields })
}

fn data(resource_type: &str, name: Option<&str>, more: &[Value]) -> Value {
    let fields = [&[field("eventCategory", &["Data"]), field("resources.type", &[resource_type])], more].concat();
    let mut selector = json!({ "fieldSelectors": fields });
    if let Some(name) = name {
        selector["name"] = json!(name);
    }
    selector
}

pub fn friendly_events() -> Vec<Case> {
    let without = |source: &str| management(&[json!({ "field": "eventSource", "notEquals": [source] })]);
    let spec = |events: Value| json!({ "events": events });
    vec![
        case(
            spec(json!({ "management": { "readWrite": "WriteOnly" } })),
            json!({ "advanced": [management(&[field("readOnly", &["false"])])] }),
        ),
        case(spec(json!({ "management": { "excludeKms": true } })), json!({ "advanced": [without("kms.amazonaws.com")] })),
        case(spec(json!({ "management": { "excludeRdsData": true } })), json!({ "advanced": [without("rdsdata.amazonaws.com")] })),
        case(
            spec(json!({ "management": { "enabled": false }, "data": [{ "resourceType": "AWS::Lambda::Function" }] })),
            json!({ "advanced": [data("AWS::Lambda::Function", None, &[])] }),
        ),
        case(
            spec(json!({ "data": [{ "name": "deleted objects", "resourceType": "AWS::S3::Object", "readWrite": "WriteOnly",
                "eventNames": ["DeleteObject"], "arnPrefixes": ["arn:aws:s3:::kept/"], "excludeArnPrefixes": ["arn:aws:s3:::kept/tmp/"] }] })),
            json!({ "advanced": [management(&[]), data("AWS::S3::Object", Some("deleted objects"), &[
                field("readOnly", &["false"]), field("eventName", &["DeleteObject"]),
                json!({ "field": "resources.ARN", "startsWith": ["arn:aws:s3:::kept/"], "notStartsWith": ["arn:aws:s3:::kept/tmp/"] }),
            ])] }),
        ),
        case(
            spec(json!({ "data": [{ "resourceType": "AWS::S3::Object", "eventSources": ["s3.amazonaws.com"], "eventTypes": ["AwsApiCall"],
                "userArnPrefixes": ["arn:aws:sts::"], "excludeUserArnPrefixes": ["arn:aws:sts::111111111111:"], "fromConsole": false }] })),
            json!({ "advanced": [management(&[]), data("AWS::S3::Object", None, &[
                field("eventSource", &["s3.amazonaws.com"]), field("eventType", &["AwsApiCall"]),
                json!({ "field": "userIdentity.arn", "startsWith": ["arn:aws:sts::"], "notStartsWith": ["arn:aws:sts::111111111111:"] }),
                field("sessionCredentialFromConsole", &["false"]),
            ])] }),
        ),
        case(
            spec(json!({ "networkActivity": [{ "name": "refused", "eventSource": "kms.amazonaws.com", "eventNames": ["Decrypt"],
                "vpcEndpointIds": ["vpce-1"], "accessDeniedOnly": true, "userArnPrefixes": ["arn:aws:sts::"],
                "excludeUserArnPrefixes": ["arn:aws:sts::111111111111:"] }] })),
            json!({ "advanced": [management(&[]), { "name": "refused", "fieldSelectors": [
                field("eventCategory", &["NetworkActivity"]), field("eventSource", &["kms.amazonaws.com"]), field("eventName", &["Decrypt"]),
                field("vpcEndpointId", &["vpce-1"]), field("errorCode", &["VpceAccessDenied"]),
                json!({ "field": "userIdentity.arn", "startsWith": ["arn:aws:sts::"], "notStartsWith": ["arn:aws:sts::111111111111:"] }),
            ] }] }),
        ),
    ]
}

/// What CloudTrail makes of the events.
pub fn sums() -> Vec<Case> {
    let lambda = json!([{ "resourceType": "AWS::Lambda::Function" }]);
    let recorded = json!([management(&[]), data("AWS::Lambda::Function", None, &[])]);
    vec![
        case(
            json!({ "events": { "insights": [{ "type": "ApiCallRate" }] } }),
            json!({ "insights": [{ "type": "ApiCallRateInsight", "categories": ["Management"] }] }),
        ),
        case(
            json!({ "events": { "data": lambda, "insights": [{ "type": "ApiErrorRate", "categories": ["Management", "Data"] }] } }),
            json!({ "advanced": recorded, "insights": [{ "type": "ApiErrorRateInsight", "categories": ["Data", "Management"] }] }),
        ),
        case(
            json!({ "events": { "data": lambda, "aggregation": { "templates": ["UserActions", "ApiActivity"] } } }),
            json!({ "advanced": recorded, "aggregation": ["API_ACTIVITY", "USER_ACTIONS"] }),
        ),
    ]
}

pub fn basic_events() -> Vec<Case> {
    let selector = |which: &str, management: bool, resources: Value, without: &[&str]| json!({ "readWriteType": which, "includeManagementEvents": management, "dataResources": resources, "excludeManagementEventSources": without });
    let buckets = json!([{ "type": "AWS::S3::Object", "values": ["arn:aws:s3:::kept/"] }]);
    let both = [
        json!([selector("ReadOnly", true, json!([]), &["kms.amazonaws.com"])]),
        json!([selector("WriteOnly", false, buckets, &[]), selector("All", true, json!([]), &["rdsdata.amazonaws.com"])]),
    ];
    both.into_iter().map(|basic| case(json!({ "events": { "basic": basic } }), json!({ "advanced": null, "basic": basic }))).collect()
}

pub fn advanced_events() -> Vec<Case> {
    let arns = json!({ "field": "resources.ARN", "startsWith": ["arn:aws:s3:::a"], "notStartsWith": ["arn:aws:s3:::ab"],
        "endsWith": [".log"], "notEndsWith": ["tmp.log"], "notEquals": ["arn:aws:s3:::a/not.log"] });
    let written = json!([data("AWS::S3::Object", Some("log files"), &[field("readOnly", &["false"]), arns]), management(&[])]);
    let network =
        json!([{ "fieldSelectors": [field("eventCategory", &["NetworkActivity"]), field("eventSource", &["kms.amazonaws.com"])] }]);
    [written, network]
        .into_iter()
        .map(|advanced| case(json!({ "events": { "advanced": advanced } }), json!({ "advanced": advanced })))
        .collect()
}

fn retention(spec: Value, rules: Value) -> Case {
    case(json!({ "retention": spec }), json!({ "lifecycle": rules }))
}

/// The statements that let a role of ours read below `prefix`.
fn reading(fixture: &Fixture, prefix: &str) -> Value {
    let Fixture { bucket, own_key, .. } = fixture;
    let arn = format!("arn:aws:s3:::{bucket}");
    let mut list = json!({ "Sid": "TrailkeeperReadList", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [arn] });
    if !prefix.is_empty() {
        list["Condition"] = json!({ "StringLike": { "s3:prefix": [format!("{prefix}*")] } });
    }
    json!([
        { "Sid": "TrailkeeperReadDecryptBucket", "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": [own_key],
          "Condition": { "StringLike": { "kms:EncryptionContext:aws:s3:arn": [arn, format!("{arn}/*")] } } },
        { "Sid": "TrailkeeperReadDecryptLogs", "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": [own_key],
          "Condition": { "Null": { "kms:EncryptionContext:aws:cloudtrail:arn": ["false"] } } },
        list,
        { "Sid": "TrailkeeperReadLocation", "Effect": "Allow", "Action": ["s3:GetBucketLocation"], "Resource": [arn] },
        { "Sid": "TrailkeeperReadObjects", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [format!("{arn}/{prefix}*")] },
    ])
}

/// Readers that assume a role: what AWS must have of that role, by the reader's name.
pub fn reader_roles(fixture: &Fixture) -> Vec<Case> {
    let trust = |principal: &str, external_id: Value| {
        json!([{ "Sid": "TrailkeeperReader", "Effect": "Allow", "Principal": { "AWS": [principal] },
        "Action": ["sts:AssumeRole"], "Condition": { "StringEquals": { "sts:ExternalId": [external_id] } } }])
    };
    let user = format!("arn:aws:iam::{}:root", fixture.account);
    vec![
        case(
            json!({ "readers": [{ "name": "siem", "role": { "trustedPrincipal": fixture.account, "externalId": "given-by-siem" } }] }),
            json!({ "siem": { "trust": trust(&user, json!("given-by-siem")), "policy": reading(fixture, "") } }),
        ),
        case(
            json!({ "readers": [{ "name": "siem", "prefix": "AWSLogs/1", "role": { "trustedPrincipal": user, "externalId": "other" } }] }),
            json!({ "siem": { "trust": trust(&user, json!("other")), "policy": reading(fixture, "AWSLogs/1") } }),
        ),
        case(
            json!({ "readers": [{ "name": "siem", "role": { "trustedPrincipal": "333344445555", "externalId": "given-by-siem" } }] }),
            json!({ "siem": { "trust": trust("arn:aws:iam::333344445555:root", json!("given-by-siem")) } }),
        ),
    ]
}

/// Readers that come as they are: the actions that bucket and key policy allow them, by resource.
pub fn reader_principals(fixture: &Fixture) -> Vec<Case> {
    let arn = format!("arn:aws:s3:::{}", fixture.bucket);
    let root = format!("arn:aws:iam::{}:root", fixture.account);
    let read = |prefix: &str| json!({ "principal": root, "s3:GetObject": [format!("{arn}/{prefix}*")], "s3:ListBucket": [arn], "s3:GetBucketLocation": [arn], "kms:Decrypt": ["*", "*"] });
    vec![
        case(json!({ "readers": [{ "name": "auditors", "principal": fixture.account }] }), read("")),
        case(json!({ "readers": [{ "name": "auditors", "principal": root, "prefix": "AWSLogs/2" }] }), read("AWSLogs/2")),
        case(
            json!({ "readers": [{ "name": "auditors", "principal": "333344445555" }] }),
            json!({ "s3:GetObject": null, "s3:ListBucket": null, "s3:GetBucketLocation": null, "kms:Decrypt": null }),
        ),
    ]
}

/// New-file notices: what topic, queues and subscription must be.
pub fn new_files(fixture: &Fixture) -> Vec<Case> {
    let spec = |fields: Value| json!({ "newFiles": fields });
    let queue = |fields: Value| json!({ "newFiles": { "queue": fields } });
    let key = &fixture.other_key;
    vec![
        case(queue(json!({ "visibilityTimeoutSeconds": 600 })), json!({ "visibilityTimeout": "600" })),
        case(queue(json!({ "retentionDays": 3 })), json!({ "retention": "259200" })),
        case(queue(json!({ "maxReceives": 9 })), json!({ "maxReceives": 9 })),
        case(spec(json!({ "rawMessageDelivery": false })), json!({ "raw": "false" })),
        case(
            spec(json!({ "subscribers": [fixture.account] })),
            json!({ "subscribers": [format!("arn:aws:iam::{}:root", fixture.account)] }),
        ),
        case(spec(json!({ "kmsKeyArn": key })), json!({ "topicKey": key, "queueKey": key, "deadLetterKey": key })),
        case(spec(json!({ "topicName": "new-logs" })), json!({ "topic": "new-logs", "notified": "new-logs", "sender": "new-logs" })),
        case(queue(json!({ "name": "to-siem" })), json!({ "queue": "to-siem", "deadLetters": "to-siem-dead" }))
            .not_by_a_stranger("a queue of another name takes nothing from ours: new_files holds what becomes of ours"),
    ]
}

/// How long new objects are locked, from 30 days in Governance. The lock itself stays for ever: see immutable.
pub fn object_lock() -> Vec<Case> {
    let lock = |fields: Value, aws: Value| case(json!({ "objectLock": fields }), json!({ "objectLock": aws }));
    vec![
        lock(json!({ "mode": "Compliance" }), json!({ "mode": "COMPLIANCE" })),
        lock(json!({ "days": 60 }), json!({ "days": 60 })),
        lock(json!({ "days": null, "years": 1 }), json!({ "days": null, "years": 1 })),
    ]
}

/// What Athena is made to do: the fields of an analysis, and what workgroup and table must then say.
pub fn analysis(fixture: &Fixture) -> Vec<Case> {
    let Fixture { bucket, other_key, .. } = fixture;
    let of = |field: &str, value: Value, aws: Value| case(json!({ "analysis": { field: value } }), aws);
    vec![
        of("resultsBucket", json!("other"), json!({ "results": "s3://other/trailkeeper/" })),
        of("resultsPrefix", json!("q"), json!({ "results": "s3://results/q/" })),
        of("resultsKmsKeyArn", json!(other_key), json!({ "resultsKey": other_key })),
        of("bytesScannedCutoff", json!(20_000_000), json!({ "cutoff": 20_000_000 })),
        of(
            "organizationId",
            json!("o-abcdefghij"),
            json!({ "folder": format!("s3://{bucket}/AWSLogs/o-abcdefghij/${{account}}/CloudTrail/${{region}}/${{day}}"), "accounts": "injected" }),
        ),
    ]
}

pub fn archive(fixture: &Fixture) -> Vec<Case> {
    let off = |name: &str| case(json!({ "publicAccessBlock": { name: false } }), json!({ "publicAccessBlock": { name: false } }));
    let own_key = |name: &str, value: Value| json!({ "encryption": { "key": { name: value } } });
    let Fixture { other_key: key, other_bucket, .. } = fixture;
    let copied = json!({ "roleArn": "arn:aws:iam::111111111111:role/copier", "destinationBucketArn": format!("arn:aws:s3:::{other_bucket}"),
        "destinationAccountId": "111111111111", "kmsKeyArn": "arn:aws:kms:eu-west-1:111111111111:key/k", "storageClass": "GLACIER_IR" });
    vec![
        case(json!({ "objectOwnership": "BucketOwnerPreferred" }), json!({ "objectOwnership": "BucketOwnerPreferred" })),
        case(json!({ "objectOwnership": "ObjectWriter" }), json!({ "objectOwnership": "ObjectWriter" })),
        off("blockPublicAcls"),
        off("ignorePublicAcls"),
        off("blockPublicPolicy"),
        off("restrictPublicBuckets"),
        case(json!({ "policy": { "requireTls": false } }), json!({ "policy": null })),
        case(json!({ "versioning": "Suspended" }), json!({ "versioning": "Suspended" })),
        case(
            json!({ "encryption": { "type": "S3Managed" } }),
            json!({ "encryption": { "algorithm": "AES256", "key": null, "bucketKey": false } }),
        ),
        case(json!({ "encryption": { "type": "ExistingKey", "existingKeyArn": key } }), json!({ "encryption": { "key": key } })),
        case(json!({ "encryption": { "bucketKey": false } }), json!({ "encryption": { "bucketKey": false } })),
        case(own_key("description", json!("for auditors")), json!({ "key": { "description": "for auditors" } })),
        case(own_key("rotation", json!(false)), json!({ "key": { "rotation": false, "rotationPeriodDays": null } })),
        case(own_key("rotationPeriodDays", json!(180)), json!({ "key": { "rotationPeriodDays": 180 } })),
        retention(json!({ "expireAfterDays": 2555 }), json!({ "trailkeeper-retention": { "expireAfterDays": 2555 } })),
        retention(json!({ "noncurrentExpireAfterDays": 90 }), json!({ "trailkeeper-retention": { "noncurrentExpireAfterDays": 90 } })),
        retention(
            json!({ "transitions": [{ "afterDays": 30, "storageClass": "STANDARD_IA" }, { "afterDays": 90, "storageClass": "DEEP_ARCHIVE" }] }),
            json!({ "trailkeeper-retention": { "transitions": [[30, "STANDARD_IA"], [90, "DEEP_ARCHIVE"]] } }),
        ),
        retention(json!({ "abortMultipartAfterDays": 3 }), json!({ "trailkeeper-multipart": { "abortMultipartAfterDays": 3 } })),
        retention(json!({ "abortMultipartAfterDays": 0 }), Value::Null),
        case(
            json!({ "accessLogging": { "bucketName": other_bucket, "prefix": "archive/" } }),
            json!({ "accessLogging": { "bucket": other_bucket, "prefix": "archive/" } }),
        ),
        case(json!({ "replication": copied }), json!({ "replication": copied })),
        case(
            json!({ "tags": { "team": "security" } }),
            json!({ "tags": { "team": "security" }, "key": { "tags": { "team": "security" } } }),
        ),
    ]
}

fn custom_response(queue: &str, more: &Value) -> Value {
    let mut response = json!({ "name": "custom", "pattern": custom_pattern(), "targets": [{ "arn": queue }], "regions": [HOME] });
    json_patch::merge(&mut response, more);
    json!({ "responses": [response] })
}

fn custom_pattern() -> Value {
    json!({ "source": ["aws.s3"], "detail": { "eventName": ["DeleteBucket"] } })
}

fn custom_rule(state: &str, target: &str) -> Value {
    json!({ "pattern": custom_pattern(), "state": state, "targets": [target] })
}

/// One response that sends to `queue`, in the home Region.
pub fn response(queue: &str) -> Case {
    case(custom_response(queue, &json!({})), json!({ "responses": { HOME: { "custom": custom_rule("ENABLED", queue) } } })).kept()
}

/// Every field of it otherwise. `topic` is a target in the home Region, too.
pub fn responses(queue: &str, topic: &str) -> Vec<Case> {
    let custom = |more: Value, rule: Value| case(custom_response(queue, &more), json!({ "responses": { HOME: { "custom": rule } } }));
    let logins = json!({ "source": ["aws.signin"], "detail-type": ["AWS Console Sign In via CloudTrail"],
        "detail": { "userIdentity": { "type": ["Root"] } } });
    let logins = |target: &str| json!({ "pattern": logins, "state": "ENABLED", "targets": [target] });
    vec![
        custom(json!({ "targets": [{ "arn": topic }] }), custom_rule("ENABLED", topic)),
        custom(json!({ "enabled": false }), custom_rule("DISABLED", queue)),
        custom(json!({ "readEvents": true }), custom_rule("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", queue)),
        case(
            custom_response(queue, &json!({ "regions": ["eu-west-1"] })),
            json!({ "responses": { HOME: null, "eu-west-1": { "custom": custom_rule("ENABLED", "bus") } } }),
        )
        .kept(),
        case(
            json!({ "responses": [{ "name": "root", "when": "RootLogin", "targets": [{ "arn": queue }], "regions": [HOME, "us-east-1"] }] }),
            json!({ "responses": { HOME: { "custom": null, "root": logins(queue) }, "us-east-1": { "root": logins("bus") } } }),
        )
        .kept(),
    ]
}
