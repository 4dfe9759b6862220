//! What the API server takes and what it refuses, with the words that tell people how to go on. No AWS is called here.

use crate::support::World;
use crate::support::manifests::{with, yaml};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The answer of the API server to a manifest, as `kubectl apply --server-side --dry-run=server` gets it.
async fn answer(world: &World, manifest: &Value) -> Result<(), String> {
    let (kind, name) = (manifest["kind"].as_str().unwrap(), manifest["metadata"]["name"].as_str().unwrap());
    let params = PatchParams { dry_run: true, ..PatchParams::apply("test").force() }.validation_strict();
    let answered = world.api(kind).patch(name, &params, &Patch::Apply(manifest)).await;
    match answered {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(refusal)) => Err(refusal.message),
        Err(error) => panic!("{manifest}: {error}"),
    }
}

/// Every case must be refused with its words: `(manifest, words)`.
async fn assert_refused(world: &World, cases: impl IntoIterator<Item = (Value, &str)>) {
    let mut wrong = String::new();
    let mut count = 0;
    for (manifest, words) in cases {
        count += 1;
        match answer(world, &manifest).await {
            Ok(()) => writeln!(wrong, "taken, though {words:?}: {manifest}").unwrap(),
            Err(told) if told.contains(words) => {}
            Err(told) => writeln!(wrong, "not refused with {words:?} but with {told:?}").unwrap(),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 0);
}

fn spec(text: &str) -> Value {
    yaml(text).remove(0)
}

/// What is wrong with a Trail, laid over the smallest one, and the words of the refusal.
const BAD_TRAILS: &[(&str, &str)] = &[
    ("region: Frankfurt", "spec.region must have the shape of an AWS Region"),
    ("region: eu-central", "spec.region must have the shape of an AWS Region"),
    ("globalServiceEvents: false", "spec.multiRegion needs spec.globalServiceEvents"),
    ("{organization: true, multiRegion: false}", "spec.organization needs spec.multiRegion"),
    ("bucket: {name: somebodys-logs}", "give exactly one of spec.archiveRef"),
    ("archiveRef: null", "give exactly one of spec.archiveRef"),
    ("trailName: ab", "spec.trailName must be 3 to 128"),
    ("trailName: a..b", "spec.trailName must be 3 to 128"),
    ("trailName: audit-", "spec.trailName must be 3 to 128"),
    ("trailName: 192.168.5.4", "not look like an IP address"),
    ("keyPrefix: /audit", "spec.keyPrefix must not begin or end with /"),
    ("keyPrefix: audit/", "spec.keyPrefix must not begin or end with /"),
    ("snsTopic: ''", "spec.snsTopic must be the name or ARN of a topic"),
    ("interval: 29s", "spec.interval must be at least 30s"),
    ("interval: soon", "spec.interval"),
    ("tags: {'aws:team': security}", "the prefixes aws: and trailkeeper.dev/ are taken"),
    ("tags: {'AWS:team': security}", "the prefixes aws: and trailkeeper.dev/ are taken"),
    ("tags: {'trailkeeper.dev/owner': me}", "the prefixes aws: and trailkeeper.dev/ are taken"),
    ("mode: Watch", "supported values: \"Enforce\", \"Observe\""),
    ("deletionPolicy: Keep", "supported values: \"Retain\", \"Delete\""),
    ("adoption: Ask", "supported values: \"Never\", \"IfUnowned\", \"Always\""),
    ("{archiveRef: null, bucket: {name: logs-of-others, kmsKey: somebodys-key}}", "spec.bucket.kmsKey must be a key ARN, a key id"),
    ("{snsTopic: theirs, notices: {}}", "give at most one of spec.snsTopic"),
    ("notices: {topicName: 'a.b'}", "spec.notices.topicName must have 1 to 256"),
    ("notices: {kmsKeyArn: alias/key}", "spec.notices.kmsKeyArn must be a key ARN"),
    ("cloudWatchLogs: {logGroup: {}}", "give exactly one of spec.cloudWatchLogs.roleArn"),
    ("cloudWatchLogs: {role: {}}", "give exactly one of spec.cloudWatchLogs.logGroupArn"),
    (
        "cloudWatchLogs: {logGroup: {}, role: {}, roleArn: 'arn:aws:iam::111111111111:role/r'}",
        "give exactly one of spec.cloudWatchLogs.roleArn",
    ),
    ("cloudWatchLogs: {logGroup: {retentionDays: 100}, role: {}}", "spec.cloudWatchLogs.logGroup.retentionDays must be one of 1, 3, 5"),
    ("cloudWatchLogs: {logGroup: {name: 'a b'}, role: {}}", "spec.cloudWatchLogs.logGroup.name must have 1 to 512"),
    ("cloudWatchLogs: {logGroup: {kmsKeyArn: alias/key}, role: {}}", "spec.cloudWatchLogs.logGroup.kmsKeyArn must be a key ARN"),
    ("cloudWatchLogs: {logGroup: {}, role: {name: 'a b'}}", "spec.cloudWatchLogs.role.name must have 1 to 64"),
    (
        "cloudWatchLogs: {logGroupArn: 'arn:aws:logs:eu-central-1:111111111111:log-group:audit', roleArn: 'arn:aws:iam::111111111111:role/r'}",
        "spec.cloudWatchLogs.logGroupArn must be the ARN of a log group and end in :*",
    ),
    (
        "cloudWatchLogs: {logGroupArn: 'arn:aws:logs:eu-central-1:111111111111:log-group:audit:*', roleArn: r}",
        "spec.cloudWatchLogs.roleArn must be the ARN of an IAM role",
    ),
    ("events: {management: {}, basic: [{}]}", "spec.events takes one form"),
    ("events: {basic: [{}], advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}]}]}", "spec.events takes one form"),
    ("events: {management: {enabled: false}}", "spec.events must record something"),
    ("events: {management: {readWrite: ReadOnly}, insights: [{type: ApiCallRate}]}", "needs a trail that records write management events"),
    (
        "events: {advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}, {field: readOnly, equals: ['true']}]}], insights: [{type: ApiCallRate}]}",
        "needs a trail that records write management events",
    ),
    ("events: {basic: [{readWriteType: ReadOnly}], insights: [{type: ApiCallRate}]}", "needs a trail that records write management events"),
    (
        "events: {management: {enabled: false}, data: [{resourceType: 'AWS::S3::Object'}], insights: [{type: ApiErrorRate}]}",
        "needs a trail that records management events",
    ),
    ("events: {insights: [{type: ApiErrorRate, categories: [Data]}]}", "the category Data needs a trail that records data events"),
    ("events: {insights: [{type: ApiErrorRate}, {type: ApiErrorRate}]}", "must not name a type twice"),
    ("events: {aggregation: {templates: [ApiActivity]}}", "spec.events.aggregation needs a trail that records data events"),
    (
        "events: {networkActivity: [{eventSource: kms.amazonaws.com}], advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}]}]}",
        "takes one form",
    ),
    ("events: {data: [{resourceType: S3}]}", "must have the shape AWS::Service::Type"),
    ("events: {basic: [{}, {}, {}, {}, {}, {}]}", "must have at most 5 items"),
    ("events: {basic: []}", "should have at least 1 items"),
    (
        "events: {basic: [{dataResources: [{type: 'AWS::SQS::Queue', values: [q]}]}]}",
        "must be AWS::S3::Object, AWS::Lambda::Function or AWS::DynamoDB::Table",
    ),
    ("events: {basic: [{excludeManagementEventSources: [s3.amazonaws.com]}]}", "takes kms.amazonaws.com and rdsdata.amazonaws.com only"),
    ("events: {advanced: [{fieldSelectors: [{field: readOnly, equals: ['true']}]}]}", "needs exactly one fieldSelector eventCategory"),
    ("events: {advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}]}]}", "needs exactly one fieldSelector resources.type"),
    (
        "events: {advanced: [{fieldSelectors: [{field: eventCategory, equals: [NetworkActivity]}]}]}",
        "needs exactly one fieldSelector eventSource",
    ),
    (
        "events: {advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}, {field: who, equals: [me]}]}]}",
        "must be a field that CloudTrail selects on",
    ),
    (
        "events: {advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}, {field: readOnly}]}]}",
        "needs at least one operator with a value",
    ),
    ("loging: true", ".spec.loging: field not declared in schema"),
];

const BAD_ARCHIVES: &[(&str, &str)] = &[
    ("bucketName: Logs", "spec.bucketName must be 3 to 63 lower-case letters"),
    ("bucketName: a..logs", "spec.bucketName must be 3 to 63 lower-case letters"),
    ("bucketName: 10.0.0.1", "not look like an IP address"),
    ("region: here", "spec.region must have the shape of an AWS Region"),
    ("encryption: {type: ExistingKey}", "spec.encryption.existingKeyArn goes with type ExistingKey"),
    (
        "encryption: {existingKeyArn: 'arn:aws:kms:eu-central-1:111111111111:key/k'}",
        "spec.encryption.existingKeyArn goes with type ExistingKey",
    ),
    ("encryption: {type: ExistingKey, existingKeyArn: alias/logs}", "spec.encryption.existingKeyArn must be a key ARN"),
    ("encryption: {type: S3Managed, key: {rotation: true}}", "spec.encryption.key goes with type OwnKey only"),
    (
        "retention: {transitions: [{afterDays: 90, storageClass: GLACIER}, {afterDays: 30, storageClass: STANDARD_IA}]}",
        "spec.retention.transitions must be in ascending order",
    ),
    (
        "retention: {transitions: [{afterDays: 90, storageClass: GLACIER}, {afterDays: 90, storageClass: DEEP_ARCHIVE}]}",
        "spec.retention.transitions must be in ascending order",
    ),
    (
        "retention: {transitions: [{afterDays: 90, storageClass: GLACIER}, {afterDays: 190, storageClass: GLACIER_IR}]}",
        "spec.retention.transitions must lead to ever colder storage classes",
    ),
    ("retention: {transitions: [{afterDays: 29, storageClass: STANDARD_IA}]}", "after 30 days at the earliest"),
    (
        "retention: {transitions: [{afterDays: 30, storageClass: ONEZONE_IA}, {afterDays: 59, storageClass: GLACIER}]}",
        "from there on after 30 more",
    ),
    (
        "retention: {expireAfterDays: 90, transitions: [{afterDays: 90, storageClass: GLACIER}]}",
        "spec.retention.expireAfterDays must be greater than the afterDays of every transition",
    ),
    ("{objectLock: {mode: Compliance, days: 30}, versioning: Suspended}", "spec.objectLock needs spec.versioning Enabled"),
    ("objectLock: {mode: Compliance}", "spec.objectLock must give exactly one of days and years"),
    ("objectLock: {mode: Compliance, days: 30, years: 1}", "spec.objectLock must give exactly one of days and years"),
    ("{accessLogging: {bucketName: some-logs}, bucketName: some-logs}", "every access log would be logged in turn"),
    (
        "{replication: {roleArn: 'arn:aws:iam::111111111111:role/r', destinationBucketArn: 'arn:aws:s3:::copies'}, versioning: Suspended}",
        "spec.replication needs spec.versioning Enabled",
    ),
    (
        "replication: {roleArn: 'arn:aws:iam::111111111111:role/r', destinationBucketArn: 'arn:aws:s3:::copies'}",
        "spec.replication.kmsKeyArn must be given where the archive is encrypted with KMS",
    ),
    (
        "{replication: {roleArn: 'arn:aws:iam::111111111111:role/r', destinationBucketArn: 'arn:aws:s3:::some-logs'}, bucketName: some-logs}",
        "spec.replication.destinationBucketArn must be another bucket",
    ),
    (
        "replication: {roleArn: copier, destinationBucketArn: copies, destinationAccountId: '1', kmsKeyArn: alias/x}",
        "spec.replication.roleArn must be the ARN of an IAM role",
    ),
    ("residency: {allowedRegions: [us-east-1]}", "spec.region must be one of spec.residency.allowedRegions"),
    (
        "{residency: {allowedRegions: [eu-central-1]}, encryption: {type: ExistingKey, existingKeyArn: 'arn:aws:kms:us-east-1:111111111111:key/k'}}",
        "spec.encryption.existingKeyArn must be in one of spec.residency.allowedRegions",
    ),
    ("retention: {expireAfterDays: 0}", "spec.retention.expireAfterDays"),
    ("encryption: {key: {alias: aws/logs}}", "may not begin with aws/"),
    ("encryption: {key: {rotationPeriodDays: 89}}", "should be greater than or equal to 90"),
    ("encryption: {key: {deletionWindowDays: 31}}", "should be less than or equal to 30"),
    ("interval: 10s", "spec.interval must be at least 30s"),
    ("tags: {'aws:a': b}", "the prefixes aws: and trailkeeper.dev/ are taken"),
    ("publicAccessBlock: {all: true}", ".spec.publicAccessBlock.all: field not declared in schema"),
];

const BAD_ACCOUNTS: &[(&str, &str)] = &[
    ("accountId: '12345'", "must be the 12-digit AWS account id, in quotes"),
    ("accountId: 111111111111", "expected string"),
    ("region: moon", "spec.region must have the shape of an AWS Region"),
    ("partition: aws-moon", "supported values: \"aws\", \"aws-cn\", \"aws-us-gov\""),
    ("interval: 1s", "spec.interval must be at least 30s"),
    ("credentials: {assumeRoles: [{roleArn: 'arn:aws:iam::1:user/me'}]}", "roleArn must be the ARN of an IAM role"),
    ("credentials: {assumeRoles: [{roleArn: 'arn:aws:iam::111111111111:role/r', externalId: x}]}", "should be at least 2 chars long"),
];

#[tokio::test]
async fn bad_manifests_are_refused_with_the_fix() {
    let world = World::new("manifests").await;
    let trail = world.trail_manifest("audit", "logs");
    let over = |base: &Value, cases: &'static [(&str, &'static str)]| -> Vec<(Value, &'static str)> {
        cases.iter().map(|(wrong, words)| (with(base.clone(), spec(wrong)), *words)).collect()
    };
    assert_refused(&world, over(&trail, BAD_TRAILS)).await;
    assert_refused(&world, over(&world.archive_manifest("logs"), BAD_ARCHIVES)).await;
    assert_refused(&world, over(&world.account_manifest(), BAD_ACCOUNTS)).await;
    answer(&world, &trail).await.unwrap();
}

#[tokio::test]
async fn limits_of_number_and_length_are_told() {
    let world = World::new("manifests").await;
    let trail = |spec: Value| with(world.trail_manifest("audit", "logs"), spec);
    let many = |count: usize| (0..count).map(|number| format!("arn:aws:s3:::b{number}/")).collect::<Vec<_>>();
    let resources = |count: usize| json!([{ "type": "AWS::S3::Object", "values": many(count) }]);
    let basic = |first: usize, second: usize| {
        trail(json!({ "events": { "basic": [{ "dataResources": resources(first) }, { "dataResources": resources(second) }] } }))
    };
    let advanced = |values: usize| {
        trail(json!({ "events": { "advanced": [{ "fieldSelectors": [
            { "field": "eventCategory", "equals": ["Data"] }, { "field": "resources.type", "equals": ["AWS::S3::Object"] },
            { "field": "resources.ARN", "startsWith": many(values) },
        ] }] } }))
    };
    let tags: serde_json::Map<_, _> = (0..49).map(|number| (format!("t{number}"), json!("x"))).collect();
    assert_refused(
        &world,
        [
            (trail(json!({ "keyPrefix": "a".repeat(201) })), "spec.keyPrefix may have at most 200 characters"),
            (trail(json!({ "trailName": "a".repeat(129) })), "may not be more than 128"),
            (trail(json!({ "snsTopic": "a".repeat(257) })), "1 to 256 characters"),
            (trail(json!({ "tags": { "a".repeat(129): "x" } })), "keys up to 128 and values up to 256 characters"),
            (trail(json!({ "tags": tags })), "must have at most 48 items"),
            (basic(200, 51), "may name at most 250 data resources in all"),
            (advanced(499), "may hold at most 500 condition values in all"),
        ],
    )
    .await;
    for good in [trail(json!({ "keyPrefix": "a".repeat(200) })), basic(200, 50), advanced(498)] {
        answer(&world, &good).await.unwrap();
    }
}

#[tokio::test]
async fn a_metadata_name_that_is_no_trail_name_needs_one() {
    let world = World::new("manifests").await;
    let words = "metadata.name is no valid trail name";
    let names = ["ab".to_owned(), "a--b".to_owned(), "192.168.5.4".to_owned(), ["a"; 65].join("."), "a".repeat(129)];
    assert_refused(&world, names.iter().map(|name| (world.trail_manifest(name, "logs"), words))).await;
    for name in &names {
        answer(&world, &with(world.trail_manifest(name, "logs"), json!({ "trailName": "audit" }))).await.unwrap();
    }
}

#[tokio::test]
async fn what_names_the_aws_resource_cannot_change() {
    let world = World::new("manifests").await;
    // Suspended, so that nothing of this reaches AWS.
    let off = |manifest: Value| with(manifest, json!({ "suspend": true }));
    let account = off(with(world.account_manifest(), json!({ "partition": "aws" })));
    let archive = off(with(world.archive_manifest("logs"), json!({ "encryption": { "key": { "alias": "logs" } } })));
    let (trail, named) = (off(world.trail_manifest("audit", "logs")), off(world.trail_manifest("named", "logs")));
    let named = with(named, json!({ "trailName": "chosen" }));
    for manifest in [&account, &archive, &trail, &named] {
        world.apply(manifest).await;
    }
    let other = json!({ "accountRef": { "name": "other" } });
    let moved = json!({ "region": "us-east-1" });
    assert_refused(
        &world,
        [
            (with(account.clone(), json!({ "accountId": "222222222222" })), "spec.accountId is immutable"),
            (with(account, json!({ "partition": "aws-cn" })), "spec.partition is immutable"),
            (with(archive.clone(), other.clone()), "spec.accountRef is immutable: a bucket cannot move to another account"),
            (with(archive.clone(), moved.clone()), "spec.region is immutable: a bucket cannot move to another Region"),
            (with(archive.clone(), json!({ "bucketName": "another-bucket" })), "spec.bucketName is immutable"),
            (with(archive, json!({ "encryption": { "key": { "alias": "moved" } } })), "spec.encryption.key.alias is immutable"),
            (with(trail.clone(), other), "spec.accountRef is immutable: a trail cannot move to another account"),
            (with(trail.clone(), moved), "spec.region is immutable: a trail cannot leave its home Region"),
            (with(trail, json!({ "trailName": "late" })), "spec.trailName is immutable: it can be neither added nor removed later"),
            (with(named.clone(), json!({ "trailName": "renamed" })), "spec.trailName is immutable: AWS cannot rename a trail"),
            (with(named, json!({ "trailName": null })), "spec.trailName is immutable: it can be neither added nor removed later"),
        ],
    )
    .await;
}

#[tokio::test]
async fn kubectl_tells_of_fields_that_do_not_exist() {
    let world = World::new("manifests").await;
    let manifest = with(world.trail_manifest("audit", "logs"), json!({ "multiregion": true })).to_string();
    let told = world.stage.lab.kubectl(&["apply", "--dry-run=server", "--validate=strict", "-f", "-"], Some(&manifest)).unwrap();
    assert_eq!(told.code, Some(1));
    assert!(told.stderr.contains("unknown field \"spec.multiregion\""), "{}", told.stderr);
}

/// The set of an organization is applied for real in `whole_organization`.
#[tokio::test]
async fn every_example_is_taken() {
    let world = World::new("manifests").await;
    for folder in ["examples", "examples/recipes"] {
        let folder = format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"));
        let told = world.stage.lab.kubectl(&["apply", "--dry-run=server", "--validate=strict", "-f", &folder], None).unwrap();
        let told = told.success().unwrap();
        let taken = told.lines().filter(|line| line.ends_with("created (server dry run)")).count();
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let documents: usize = files.map(|path| yaml(&std::fs::read_to_string(path).unwrap()).len()).sum();
        assert!(taken == documents && taken >= 3, "{documents} documents in {folder}, but kubectl said:\n{told}");
    }
}

/// `(path, description)` of every property below, in order.
fn properties(path: &str, schema: &Value, found: &mut Vec<(String, String)>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        found.push((path.clone(), property["description"].as_str().unwrap_or_default().trim().to_owned()));
        properties(&path, property, found);
        properties(&format!("{path}[]"), &property["items"], found);
    }
}

#[tokio::test]
async fn kubectl_explains_every_field() {
    let world = World::new("manifests").await;
    for kind in ["awsaccounts", "eventdatastores", "logarchives", "trails"] {
        let crd = Api::<CustomResourceDefinition>::all(world.kube.clone()).get(&format!("{kind}.trailkeeper.dev")).await.unwrap();
        let schema = crd.spec.versions[0].schema.as_ref().unwrap().open_api_v3_schema.clone().unwrap();
        let mut found = Vec::new();
        properties("", &serde_json::to_value(schema).unwrap(), &mut found);
        // The API server keeps the description of these two to itself.
        found.retain(|(path, _)| ![".apiVersion", ".kind", ".metadata"].contains(&path.as_str()));
        let bare: Vec<_> = found.iter().filter(|(_, description)| description.is_empty()).map(|(path, _)| path).collect();
        assert!(found.iter().any(|(path, _)| path == ".spec.interval"), "{found:?}");
        assert!(bare.is_empty(), "{} has no description for {bare:?}", crd.name_any());

        let explained = world.stage.lab.kubectl(&["explain", kind, "--recursive"], None).unwrap().success().unwrap();
        for (path, _) in &found {
            let name = path.rsplit('.').next().unwrap();
            assert!(
                explained.lines().any(|line| line.trim_start().starts_with(&format!("{name}\t"))),
                "{kind}{path} is not in:\n{explained}"
            );
        }
        let field = world.stage.lab.kubectl(&["explain", &format!("{kind}.spec.interval")], None).unwrap().success().unwrap();
        assert!(field.contains("as a Go duration. At least 30s"), "{field}");
    }
}
