//! What users declare: minimal manifests, arbitrary valid ones, and their subjects.

use crate::memory::{ACCOUNT, REGION};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use trailkeeper::api::aws_account::{Organization, Partition};
use trailkeeper::api::log_archive::WriterStatus;
use trailkeeper::api::{LogArchive, LogArchiveSpec, Trail, TrailSpec};
use trailkeeper::engine::{Subject, Writers};
use trailkeeper::facets::context::{AccountFacts, Destination};

pub const INSTANCE: &str = "cluster";
pub const OWNER: &str = "cluster/audit/main";
pub const BUCKET: &str = "logs-of-ours";
pub const ALIAS: &str = "alias/trailkeeper/logs-of-ours";

pub fn account() -> AccountFacts {
    let organization = Organization { id: "o-1".to_owned(), management_account_id: ACCOUNT.to_owned() };
    AccountFacts { id: ACCOUNT.to_owned(), partition: Partition::Aws, organization: Some(organization), regions: Vec::new() }
}

/// `extra` laid over the least that a spec needs.
fn spec<S: serde::de::DeserializeOwned>(least: Value, extra: Value) -> S {
    let mut fields = least;
    fields.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    serde_json::from_value(fields).unwrap()
}

pub fn trail_spec(extra: Value) -> TrailSpec {
    spec(json!({"accountRef": {"name": "x"}, "region": REGION, "archiveRef": {"name": "logs"}}), extra)
}

pub fn archive_spec(extra: Value) -> LogArchiveSpec {
    spec(json!({"accountRef": {"name": "x"}, "region": REGION, "bucketName": BUCKET}), extra)
}

pub fn trail_of(spec: TrailSpec) -> Trail {
    let mut trail = Trail::new("main", spec);
    trail.metadata.namespace = Some("audit".to_owned());
    trail.metadata.generation = Some(1);
    trail
}

pub fn archive_of(spec: LogArchiveSpec) -> LogArchive {
    let mut archive = LogArchive::new("main", spec);
    archive.metadata.namespace = Some("audit".to_owned());
    archive.metadata.generation = Some(1);
    archive
}

pub fn trail_subject(spec: &TrailSpec) -> Subject {
    subject_of_trail(&trail_of(spec.clone()))
}

pub fn subject_of_trail(trail: &Trail) -> Subject {
    let kms_key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/archive");
    Subject::trail(trail, &account(), Destination { bucket: BUCKET.to_owned(), kms_key }, INSTANCE)
}

pub fn archive_subject(spec: &LogArchiveSpec, writers: &Writers) -> Subject {
    subject_of_archive(&archive_of(spec.clone()), writers)
}

pub fn subject_of_archive(archive: &LogArchive, writers: &Writers) -> Subject {
    Subject::log_archive(archive, &account(), writers, INSTANCE)
}

/// The subject of a trail that was in force.
pub fn trail_in_force(spec: &TrailSpec) -> Subject {
    let mut trail = trail_of(spec.clone());
    trail.status.get_or_insert_default().held.owned = vec!["trail".to_owned()];
    subject_of_trail(&trail)
}

/// The subject of an archive that was in force.
pub fn archive_in_force(spec: &LogArchiveSpec, writers: &Writers) -> Subject {
    let mut archive = archive_of(spec.clone());
    archive.status.get_or_insert_default().held.owned = vec!["bucket".to_owned(), "key".to_owned()];
    subject_of_archive(&archive, writers)
}

pub fn trail_arn(name: &str) -> String {
    format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{name}")
}

pub fn writer(name: &str, key_prefix: &str) -> WriterStatus {
    WriterStatus {
        trail_arn: trail_arn(name),
        key_prefix: key_prefix.to_owned(),
        organization_id: None,
        account_organization: None,
        retain: false,
    }
}

pub fn one_writer() -> Writers {
    Writers { current: vec![writer("main", "")], gone: Vec::new() }
}

fn tags() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("[a-z]{1,4}(-[a-z]{1,3})?", "[a-z]{0,4}", 0..4)
}

fn read_write() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!("All")), Just(json!("ReadOnly")), Just(json!("WriteOnly"))]
}

fn resource_type() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!("AWS::S3::Object")), Just(json!("AWS::Lambda::Function")), Just(json!("AWS::DynamoDB::Table"))]
}

fn texts(pattern: &'static str, most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(pattern, 0..=most)
}

fn data_events() -> impl Strategy<Value = Value> {
    (prop::option::of("[a-z]{1,3}"), resource_type(), read_write(), texts("Get[A-Z]", 2), texts("arn:[a-z]", 2), texts("arn:x[a-z]", 2))
        .prop_map(|(name, kind, read_write, names, prefixes, exclude)| {
            let mut data = json!({"resourceType": kind, "readWrite": read_write, "eventNames": names, "arnPrefixes": prefixes, "excludeArnPrefixes": exclude});
            if let Some(name) = name {
                data["name"] = json!(name);
            }
            data
        })
}

fn events() -> impl Strategy<Value = Value> {
    let management = (read_write(), any::<bool>(), any::<bool>())
        .prop_map(|(read_write, kms, rds)| json!({"readWrite": read_write, "excludeKms": kms, "excludeRdsData": rds}));
    let insights = prop_oneof![Just(json!([])), Just(json!([{"type": "ApiErrorRate", "categories": ["Data"]}]))];
    let templates = prop::sample::subsequence(vec!["ApiActivity", "ResourceAccess", "UserActions"], 0..=3);
    let friendly = (management, prop::collection::vec(data_events(), 1..3), insights, templates).prop_map(
        |(management, data, insights, templates)| {
            json!({"management": management, "data": data, "insights": insights, "aggregation": {"templates": templates},
            "networkActivity": [{"eventSource": "kms.amazonaws.com", "eventNames": ["Decrypt"]}]})
        },
    );
    let data_only = prop::collection::vec(data_events(), 1..3).prop_map(|data| json!({"management": {"enabled": false}, "data": data}));
    let resource = (resource_type(), prop::collection::vec("arn:aws:s3(:::[a-z])?", 1..3))
        .prop_map(|(kind, values)| json!({"type": kind, "values": values}));
    let basic = (read_write(), any::<bool>(), prop::collection::vec(resource, 0..2)).prop_map(|(read_write, management, resources)| {
        json!({"readWriteType": read_write, "includeManagementEvents": management, "dataResources": resources})
    });
    let basic = prop::collection::vec(basic, 1..3).prop_map(|basic| json!({"basic": basic}));
    let fields = prop::collection::vec("[a-z]{1,2}", 1..4).prop_map(|values| {
        json!({"fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}, {"field": "eventSource", "notEquals": values}]})
    });
    let advanced = prop::collection::vec(fields, 1..3).prop_map(|advanced| json!({"advanced": advanced}));
    prop_oneof![Just(json!({})), friendly, data_only, basic, advanced]
}

/// Any valid spec of a Trail.
pub fn any_trail() -> impl Strategy<Value = TrailSpec> {
    let switches = prop::array::uniform6(any::<bool>());
    let prefix = prop_oneof![Just(String::new()), "[a-z]{1,5}(/[a-z]{1,5})?"];
    let topic = prop::option::of(prop_oneof!["[a-z]{1,5}", Just("arn:aws:sns:eu-central-1:222222222222:t".to_owned())]);
    (switches, prefix, topic, any::<bool>(), events(), tags()).prop_map(|(switches, prefix, topic, logs, events, tags)| {
        let [multi_region, global, organization, logging, validation, recursive] = switches;
        let mut extra = json!({
            "multiRegion": multi_region, "globalServiceEvents": global || multi_region, "organization": organization && multi_region,
            "logging": logging, "logFileValidation": validation, "recursiveLogging": recursive,
            "keyPrefix": prefix, "events": events, "tags": tags,
        });
        if let Some(topic) = topic {
            extra["snsTopic"] = json!(topic);
        }
        if logs {
            extra["cloudWatchLogs"] =
                json!({"logGroupArn": "arn:aws:logs:eu-central-1:1:log-group:g:*", "roleArn": "arn:aws:iam::1:role/r"});
        }
        trail_spec(extra)
    })
}

fn encryption() -> impl Strategy<Value = Value> {
    let own =
        (any::<bool>(), 90_i32..2560, any::<bool>(), prop::option::of("[a-z]{1,5}")).prop_map(|(rotation, days, bucket_key, alias)| {
            let mut key = json!({"rotation": rotation, "rotationPeriodDays": days});
            if let Some(alias) = alias {
                key["alias"] = json!(alias);
            }
            json!({"type": "OwnKey", "bucketKey": bucket_key, "key": key})
        });
    let existing = any::<bool>().prop_map(
        |bucket_key| json!({"type": "ExistingKey", "bucketKey": bucket_key, "existingKeyArn": "arn:aws:kms:eu-central-1:111111111111:key/k"}),
    );
    prop_oneof![3 => own, 1 => existing, 1 => Just(json!({"type": "S3Managed"}))]
}

fn retention() -> impl Strategy<Value = Value> {
    let expiry = (prop::option::of(200_i32..3000), prop::option::of(1_i32..3000), 0_i32..10, 0_usize..3);
    expiry.prop_map(|(expire, noncurrent, abort, moves)| {
        let moves =
            &[json!({"afterDays": 30, "storageClass": "STANDARD_IA"}), json!({"afterDays": 90, "storageClass": "GLACIER"})][..moves];
        let mut retention = json!({"transitions": moves, "abortMultipartAfterDays": abort});
        for (name, days) in [("expireAfterDays", expire), ("noncurrentExpireAfterDays", noncurrent)] {
            if let Some(days) = days {
                retention[name] = json!(days);
            }
        }
        retention
    })
}

/// Access logging and replication, as far as the rest of the spec lets them be.
fn copies() -> impl Strategy<Value = Value> {
    let logging =
        prop::option::of("[a-z]{0,3}").prop_map(|prefix| prefix.map(|prefix| json!({"bucketName": "access-logs", "prefix": prefix})));
    let replication = prop::option::of(any::<bool>()).prop_map(|other| {
        let account = other.map(|other| if other { json!("222222222222") } else { Value::Null });
        account.map(|account| {
            json!({"roleArn": "arn:aws:iam::111111111111:role/copier", "destinationBucketArn": "arn:aws:s3:::copies",
                   "destinationAccountId": account, "kmsKeyArn": "arn:aws:kms:eu-west-1:111111111111:key/k"})
        })
    });
    (logging, replication).prop_map(|(logging, replication)| json!({"accessLogging": logging, "replication": replication}))
}

/// Any valid spec of a LogArchive, with any writers.
pub fn any_archive() -> impl Strategy<Value = (LogArchiveSpec, Writers)> {
    let ownership = prop_oneof![Just("BucketOwnerEnforced"), Just("BucketOwnerPreferred"), Just("ObjectWriter")];
    let foreign = prop_oneof![Just("KeepIfAdopted"), Just("Keep"), Just("Remove")];
    let block = prop::array::uniform4(any::<bool>());
    let writers = prop::collection::btree_map("[a-c]{3}", ("[a-z]{0,3}", any::<bool>()), 0..3);
    (ownership, foreign, block, any::<bool>(), any::<bool>(), encryption(), tags(), writers, retention(), copies()).prop_map(
        |(ownership, foreign, [acls, ignore, policy, restrict], tls, versioned, encryption, tags, writers, retention, copies)| {
            let spec = archive_spec(json!({
                "objectOwnership": ownership,
                "publicAccessBlock": {"blockPublicAcls": acls, "ignorePublicAcls": ignore, "blockPublicPolicy": policy, "restrictPublicBuckets": restrict},
                "policy": {"requireTls": tls, "foreignStatements": foreign},
                "versioning": if versioned { "Enabled" } else { "Suspended" },
                "encryption": encryption, "tags": tags, "retention": retention, "accessLogging": copies["accessLogging"],
                "replication": if versioned { copies["replication"].clone() } else { Value::Null },
            }));
            let current = writers
                .into_iter()
                .map(|(name, (prefix, organization))| WriterStatus {
                    organization_id: organization.then(|| "o-1".to_owned()),
                    ..writer(&name, &prefix)
                })
                .collect();
            (spec, Writers { current, gone: Vec::new() })
        },
    )
}
