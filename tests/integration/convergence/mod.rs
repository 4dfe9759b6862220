//! A convergence test per field: changed, and in force when the object says so, with nothing left for the next pass;
//! changed back, the same. And a drift test per field, from the same cases: changed in AWS by a stranger, told and put back.
//! A field of the CRD that has no case here fails the test.

mod alarms;
mod aws;
mod cases;
mod drift;
mod store;
mod told;

pub use aws::{add_expiry, version};

use crate::support::World;
use crate::support::manifests::with;
use anyhow::ensure;
use cases::{Case, Fixture};
use drift::Drift;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use trailkeeper_lab::wait_for;
use trailkeeper_sim::organizations::{CLOUDTRAIL, Organization};

const SOON: Duration = Duration::from_secs(240);

/// Fields that change no AWS state of an object that exists, so that none can drift, with what holds them instead.
const ELSEWHERE: [(&str, &[&str]); 2] = [
    (
        "Trail",
        &[
            "accountRef.name", // immutable, as are the next two: manifests
            "region",
            "trailName",
            "residency.allowedRegions", // references
            "mode",                     // how the world is treated: observe, adoption, deletion, steady
            "adoption",
            "deletionPolicy",
            "interval",
            "suspend",
            "ignore",
            "organizationSetup.enableTrustedAccess", // organization
            "organizationSetup.registerDelegatedAdministrator",
        ],
    ),
    (
        "LogArchive",
        &[
            "accountRef.name", // immutable, as are the next two: manifests
            "region",
            "bucketName",
            "allowedNamespaces.names", // references
            "allowedNamespaces.matchLabels",
            "mode", // how the world is treated: observe, adoption, deletion, steady
            "adoption",
            "deletionPolicy",
            "interval",
            "suspend",
            "ignore",
            "policy.foreignStatements", // below: it needs a foreign statement
            "residency.allowedRegions", // manifests
            "retention.foreignRules",   // below: it needs a foreign rule
            "analysis.workgroup",       // immutable: analysis holds their defaults
            "analysis.database",
            "analysis.table",
            "encryption.key.alias",              // below: immutable; its drift: drift/key
            "encryption.key.deletionWindowDays", // deletion
            "integrity.interval",                // integrity: what is read, not what AWS has
            "integrity.lookbackDays",
            "integrity.recheckDays",
            "integrity.unreferenced",
            "integrity.concurrency",
            "integrity.maxMebibytesPerSecond",
            "integrity.acknowledgedUntil",
        ],
    ),
];

/// Paths of the leaves of a schema.
fn leaves(path: &str, schema: &Value, found: &mut BTreeSet<String>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if let Some(properties) = schema["properties"].as_object() {
        properties.iter().for_each(|(name, property)| leaves(&below(name), property, found));
    } else if schema["items"]["properties"].is_object() {
        leaves(&format!("{path}[]"), &schema["items"], found);
    } else {
        found.insert(path.to_owned());
    }
}

/// Paths of the leaves of a value. What is under `tags` and in a pattern is the user's; null takes away.
fn touched(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Null => {}
        Value::Array(items) if items.is_empty() => {}
        Value::Object(fields) if !["tags", "responses[].pattern"].contains(&path) => {
            let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            fields.iter().for_each(|(name, value)| touched(&below(name), value, found));
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().for_each(|item| touched(&format!("{path}[]"), item, found));
        }
        _ => drop(found.insert(path.to_owned())),
    }
}

#[tokio::test]
async fn every_field_has_a_case() {
    let world = World::new("fields").await;
    let fixture = Fixture::default();
    let of_trail = [
        cases::switches(),
        cases::logging(),
        cases::organization(),
        cases::places(&fixture),
        cases::notices(&fixture),
        cases::made_for_delivery(&fixture),
        cases::kept_for_delivery(&fixture),
        cases::friendly_events(),
        cases::sums(),
        cases::basic_events(),
        cases::advanced_events(),
        alarms::cases(&fixture),
        vec![cases::response("queue")],
        cases::responses("queue", "topic"),
    ];
    let all = [
        of_trail.into_iter().flatten().collect(),
        [
            cases::archive(&fixture),
            cases::reader_roles(&fixture),
            cases::reader_principals(&fixture),
            cases::new_files(&fixture),
            cases::analysis(&fixture),
            cases::object_lock(),
        ]
        .into_iter()
        .flatten()
        .collect(),
    ];
    for ((kind, elsewhere), cases) in ELSEWHERE.iter().zip::<[Vec<Case>; 2]>(all) {
        let name = format!("{}s.trailkeeper.dev", kind.to_lowercase());
        let crd = Api::<CustomResourceDefinition>::all(world.kube.clone()).get(&name).await.unwrap();
        let schema = serde_json::to_value(crd.spec.versions[0].schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap()).unwrap();
        let (mut fields, mut held) = (BTreeSet::new(), BTreeSet::new());
        leaves("", &schema["properties"]["spec"], &mut fields);
        cases.iter().for_each(|case| touched("", &case.spec, &mut held));
        held.extend(elsewhere.iter().map(|path| (*path).to_owned()));
        let lacking: Vec<_> = fields.difference(&held).collect();
        let unknown: Vec<_> = held.difference(&fields).collect();
        assert!(lacking.is_empty() && unknown.is_empty(), "{kind}: no case for {lacking:?}; no such field: {unknown:?}");
    }
}

/// What an object has in AWS.
async fn state(world: &World, kind: &str, name: &str) -> Value {
    match kind {
        "Trail" => aws::trail(world, name).await,
        "EventDataStore" => store::state(world, name).await,
        _ => aws::archive(world, name).await,
    }
}

/// The object is in force as it says: AWS has what is expected, and another pass has nothing to write for it.
async fn in_force(world: &World, manifest: &Value, expected: &Value, ready: &str) {
    let (kind, name) = (manifest["kind"].as_str().unwrap(), manifest["metadata"]["name"].as_str().unwrap());
    in_force_as(world, manifest, expected, ready, &async |world: &World| state(world, kind, name).await).await;
}

/// The same, where `look` shows what the object has in AWS.
async fn in_force_as(world: &World, manifest: &Value, expected: &Value, ready: &str, look: &impl AsyncFn(&World) -> Value) {
    let (kind, name) = (manifest["kind"].as_str().unwrap(), manifest["metadata"]["name"].as_str().unwrap());
    world.apply(manifest).await;
    world.wait_condition(kind, name, "Ready", ready).await;
    if ready == "False" {
        world.wait_unready(kind, name, "LoggingOff", "spec.logging is false").await;
    }
    assert_eq!(&look(world).await, expected, "after {}", manifest["spec"]);
    let start = world.now().await;
    world.request_pass(kind, name).await;
    // The archive of a trail that moved may have its policy to clear meanwhile: that is not the trail's.
    let of_archive = |write: &String| ["s3:", "kms:"].iter().any(|service| write.starts_with(service));
    let is_own = |write: &String| of_archive(write) == (kind == "LogArchive");
    let writes: Vec<_> = world.writes(start).await.into_iter().filter(is_own).collect();
    assert_eq!(writes, [] as [&str; 0], "after {}", manifest["spec"]);
}

/// Every case there and back, from `base`, which is in force; and the same as drift.
async fn converge(world: &World, base: &Value, cases: Vec<Case>, ready: &str) {
    let (kind, name) = (base["kind"].as_str().unwrap(), base["metadata"]["name"].as_str().unwrap());
    converge_as(world, base, cases, ready, async |world: &World| state(world, kind, name).await).await;
}

/// The same, where `look` shows what the object has in AWS.
async fn converge_as(world: &World, base: &Value, cases: Vec<Case>, ready: &str, look: impl AsyncFn(&World) -> Value) {
    let before = look(world).await;
    assert!(!cases.is_empty());
    for Case { spec, aws, drift } in cases {
        let mut expected = before.clone();
        json_patch::merge(&mut expected, &aws);
        assert_ne!(expected, before, "the case {spec} changes nothing");
        let changed = with(base.clone(), spec);
        let (base, changed) = ((base, &before), (&changed, &expected));
        in_force_as(world, changed.0, changed.1, ready, &look).await;
        if drift == Drift::FromCase {
            drift::is_put_back(world, changed, base, &look).await;
        }
        in_force_as(world, base.0, base.1, "True", &look).await;
        match drift {
            Drift::FromBase => drift::is_put_back(world, base, changed, &look).await,
            Drift::FromCase => {}
            Drift::Elsewhere(held) => eprintln!("no drift from {} to {}: {held}", base.0["spec"], changed.0["spec"]),
        }
    }
}

#[tokio::test]
async fn switches_and_tags_of_a_trail_converge() {
    let world = World::ready("switches").await;
    converge(&world, &world.trail_manifest("audit", "logs"), cases::switches(), "True").await;
    converge(&world, &world.trail_manifest("audit", "logs"), cases::logging(), "False").await;
}

#[tokio::test]
async fn an_organization_trail_converges() {
    let world = World::new("organization").await;
    let organization = Organization {
        id: format!("o-{}", world.account),
        management_account: world.account.clone(),
        members: BTreeSet::new(),
        all_features: true,
        trusted_services: BTreeSet::from([CLOUDTRAIL.to_owned()]),
        cloudtrail_admins: BTreeSet::new(),
        suspended: BTreeSet::new(),
    };
    world.control.put_organization(&organization).await.unwrap();
    let trail = world.trail_manifest("audit", "logs");
    for manifest in [&world.account_manifest(), &world.archive_manifest("logs"), &trail] {
        world.apply(manifest).await;
    }
    world.wait_ready("Trail", "audit").await;
    converge(&world, &trail, cases::organization(), "True").await;
    store::converges_in_an_organization(&world).await;
}

/// A key that CloudTrail may use for every trail of the account.
async fn foreign_key(world: &World) -> String {
    world.kms.create_key().policy(world.open_key_policy()).send().await.unwrap().key_metadata.unwrap().arn.unwrap()
}

#[tokio::test]
async fn the_places_that_a_trail_delivers_to_converge() {
    let world = World::ready("places").await;
    world.apply(&world.archive_manifest("more")).await;
    let other = format!("others-{}", world.account);
    world.create_bucket(&other).await;
    world.open_bucket(&other).await;
    let more = world.wait_ready("LogArchive", "more").await;
    let other_key = foreign_key(&world).await;
    world.kms.create_alias().alias_name("alias/others").target_key_id(&other_key).send().await.unwrap();
    let id = other_key.rsplit('/').next().unwrap_or_default().to_owned();
    let alias_arn = other_key.replace(&format!("key/{id}"), "alias/others");
    let fixture = Fixture {
        namespace: world.namespace.clone(),
        other_bucket: other,
        other_key,
        other_key_names: vec![id, "alias/others".to_owned(), alias_arn],
        more_bucket: world.bucket("more"),
        more_key: more.data["status"]["kmsKeyArn"].as_str().unwrap().to_owned(),
        ..Fixture::default()
    };
    converge(&world, &world.trail_manifest("audit", "logs"), cases::places(&fixture), "True").await;
}

#[tokio::test]
async fn notices_and_log_groups_of_a_trail_converge() {
    let world = World::ready("notices").await;
    let trusted = json!({ "Service": "cloudtrail.amazonaws.com" });
    let allow = |principal: Value, action: Value| json!({ "Effect": "Allow", "Principal": principal, "Action": action });
    let topic = world.aws(&["sns", "create-topic", "--name", "log-files"])["TopicArn"].as_str().unwrap().to_owned();
    let mut publish = allow(trusted.clone(), json!("SNS:Publish"));
    publish["Resource"] = json!(topic);
    let policy = json!({ "Version": "2012-10-17", "Statement": publish }).to_string();
    world.aws(&["sns", "set-topic-attributes", "--topic-arn", &topic, "--attribute-name", "Policy", "--attribute-value", &policy]);
    world.aws(&["logs", "create-log-group", "--log-group-name", "audit"]);
    let trust = json!({ "Version": "2012-10-17", "Statement": allow(trusted, json!("sts:AssumeRole")) }).to_string();
    let role = world.aws(&["iam", "create-role", "--role-name", "writer", "--assume-role-policy-document", &trust]);
    let rights = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*" } });
    world.aws(&["iam", "put-role-policy", "--role-name", "writer", "--policy-name", "write", "--policy-document", &rights.to_string()]);
    let fixture = Fixture {
        log_group: format!("arn:aws:logs:{}:{}:log-group:audit:*", crate::support::world::REGION, world.account),
        log_role: role["Role"]["Arn"].as_str().unwrap().to_owned(),
        topic,
        ..Fixture::default()
    };
    converge(&world, &world.trail_manifest("audit", "logs"), cases::notices(&fixture), "True").await;
}

#[tokio::test]
async fn what_is_kept_for_delivery_converges() {
    let world = World::ready("kept").await;
    let owner = format!("default/{}/audit", world.namespace);
    let fixture = Fixture {
        account: world.account.clone(),
        other_key: foreign_key(&world).await,
        own_role: format!("trailkeeper-audit-logs-{}", trailkeeper::facets::policy_document::short_hash(&owner)),
        ..Fixture::default()
    };
    let trail = world.trail_manifest("audit", "logs");
    converge(&world, &trail, cases::made_for_delivery(&fixture), "True").await;
    // Never empty: server-side apply drops an object that it takes the last field from.
    let logs = json!({ "logGroup": { "name": "audit-logs" }, "role": { "name": "audit-writer" } });
    let base = with(trail, json!({ "cloudWatchLogs": logs, "notices": { "topicName": "audit-notices" } }));
    world.apply(&base).await;
    world.wait_ready("Trail", "audit").await;
    converge(&world, &base, cases::kept_for_delivery(&fixture), "True").await;
}

/// Selectors that nobody has put yet read otherwise than the same ones put: so they are put once first.
async fn converge_events(topic: &str, cases: Vec<Case>) {
    let world = World::ready(topic).await;
    let base = world.trail_manifest("audit", "logs");
    world.apply(&with(base.clone(), json!({ "events": { "management": { "readWrite": "ReadOnly" } } }))).await;
    world.wait_ready("Trail", "audit").await;
    world.apply(&base).await;
    world.wait_ready("Trail", "audit").await;
    converge(&world, &base, cases, "True").await;
}

#[tokio::test]
async fn events_in_the_friendly_form_converge() {
    converge_events("friendly", cases::friendly_events()).await;
}

#[tokio::test]
async fn insights_and_aggregation_converge() {
    converge_events("sums", cases::sums()).await;
}

#[tokio::test]
async fn basic_selectors_converge() {
    converge_events("basic", cases::basic_events()).await;
}

#[tokio::test]
async fn advanced_selectors_converge() {
    converge_events("advanced", cases::advanced_events()).await;
}

#[tokio::test]
async fn responses_of_a_trail_converge() {
    let world = World::ready("responses").await;
    let account = &world.account;
    world.aws(&["sqs", "create-queue", "--queue-name", "alerts"]);
    world.aws(&["sns", "create-topic", "--name", "alerts"]);
    let arn = |service: &str| format!("arn:aws:{service}:{}:{account}:alerts", crate::support::world::REGION);
    let trail = world.trail_manifest("audit", "logs");
    let base = with(trail.clone(), cases::response(&arn("sqs")).spec);
    converge(&world, &trail, vec![cases::response(&arn("sqs"))], "True").await;
    world.apply(&base).await;
    world.wait_ready("Trail", "audit").await;
    converge(&world, &base, cases::responses(&arn("sqs"), &arn("sns")), "True").await;
}

#[tokio::test]
async fn an_archive_converges() {
    let world = World::with_account("archive").await;
    let base = world.archive_manifest("logs");
    world.apply(&base).await;
    world.wait_ready("LogArchive", "logs").await;
    let other = format!("others-{}", world.account);
    world.create_bucket(&other).await;
    aws::version(&world, &other).await;
    let fixture = Fixture { other_key: foreign_key(&world).await, other_bucket: other, ..Fixture::default() };
    converge(&world, &base, cases::archive(&fixture), "True").await;
}

/// The first case of readers, and from it the others: `look` shows what AWS has of them.
async fn readers_converge(world: &World, cases: Vec<Case>, look: impl AsyncFn(&World) -> Value) {
    let mut cases = cases.into_iter();
    let first = cases.next().unwrap();
    let base = with(world.archive_manifest("logs"), first.spec);
    in_force_as(world, &base, &first.aws, "True", &look).await;
    converge_as(world, &base, cases.collect(), "True", look).await;
}

async fn world_with_readers(topic: &str) -> (World, Fixture) {
    let world = World::with_account(topic).await;
    world.apply(&world.archive_manifest("logs")).await;
    let ready = world.wait_ready("LogArchive", "logs").await;
    let own_key = ready.data["status"]["kmsKeyArn"].as_str().unwrap().to_owned();
    let fixture = Fixture { bucket: world.bucket("logs"), account: "222233334444".to_owned(), own_key, ..Fixture::default() };
    (world, fixture)
}

#[tokio::test]
async fn readers_with_roles_converge() {
    let (world, fixture) = world_with_readers("reader-roles").await;
    let look = async |world: &World| {
        let status = &world.get("LogArchive", "logs").await.data["status"];
        let arn = status["handOver"]["readers"][0]["roleArn"].as_str().unwrap().to_owned();
        let role = aws::role(world, &arn).await;
        let given = role["trust"][0]["Condition"]["StringEquals"]["sts:ExternalId"][0].clone();
        assert_eq!(status["handOver"]["readers"][0]["externalId"], given);
        json!({ "siem": role })
    };
    readers_converge(&world, cases::reader_roles(&fixture), look).await;
    let arn = world.get("LogArchive", "logs").await.data["status"]["handOver"]["readers"][0]["roleArn"].as_str().unwrap().to_owned();
    world.apply(&world.archive_manifest("logs")).await;
    world.wait_ready("LogArchive", "logs").await;
    assert!(!aws::role_exists(&world, &arn).await, "who is no reader any more has nothing to assume");
    assert!(world.get("LogArchive", "logs").await.data["status"].get("handOver").is_none());
}

#[tokio::test]
async fn notices_of_new_files_converge() {
    let (world, mut fixture) = world_with_readers("new-files").await;
    fixture.other_key = foreign_key(&world).await;
    let base = with(world.archive_manifest("logs"), json!({ "newFiles": {} }));
    world.apply(&base).await;
    world.wait_ready("LogArchive", "logs").await;
    let look = async |world: &World| aws::new_files(world, &world.get("LogArchive", "logs").await.data["status"]).await;
    converge_as(&world, &base, cases::new_files(&fixture), "True", look).await;
}

#[tokio::test]
async fn analysis_converges() {
    let world = World::ready("analysis-fields").await;
    let base = with(world.archive_manifest("logs"), json!({ "analysis": { "resultsBucket": "results" } }));
    world.apply(&base).await;
    world.wait_ready("LogArchive", "logs").await;
    let fixture = Fixture { bucket: world.bucket("logs"), other_key: foreign_key(&world).await, ..Fixture::default() };
    converge_as(&world, &base, cases::analysis(&fixture), "True", async |world: &World| aws::analysis(world)).await;
}

#[tokio::test]
async fn readers_that_are_principals_converge() {
    let (world, fixture) = world_with_readers("principals").await;
    let root = format!("arn:aws:iam::{}:root", fixture.account);
    let look = async |world: &World| aws::allowed(world, "logs", &root).await;
    readers_converge(&world, cases::reader_principals(&fixture), look).await;
    world.apply(&world.archive_manifest("logs")).await;
    world.wait_ready("LogArchive", "logs").await;
    assert_eq!(aws::allowed(&world, "logs", &root).await, json!({ "principal": root }));
}

#[tokio::test]
async fn a_trail_follows_the_encryption_of_its_archive() {
    let world = World::ready("follows").await;
    let own = world.get("LogArchive", "logs").await.data["status"]["kmsKeyArn"].clone();
    let other = foreign_key(&world).await;
    for (encryption, key) in [
        (json!({ "type": "S3Managed" }), Value::Null),
        (json!({ "type": "ExistingKey", "existingKeyArn": other }), json!(other)),
        (Value::Null, own),
    ] {
        let archive = world.archive_manifest("logs");
        world.apply(&if encryption.is_null() { archive } else { with(archive, json!({ "encryption": encryption })) }).await;
        world.wait_ready("LogArchive", "logs").await;
        let attempt = async || {
            let has = aws::trail(&world, "audit").await["kmsKey"].clone();
            ensure!(has == key, "the trail has {has}");
            Ok(())
        };
        wait_for(&format!("the trail to encrypt with {key}"), SOON, attempt).await.unwrap_or_else(|error| panic!("{error:#}"));
        world.wait_ready("Trail", "audit").await;
    }
}

#[tokio::test]
async fn foreign_statements_stay_as_long_as_the_spec_says() {
    let world = World::with_account("foreign").await;
    let base = world.archive_manifest("logs");
    let keep = with(base.clone(), json!({ "policy": { "foreignStatements": "Keep" } }));
    world.apply(&keep).await;
    world.wait_ready("LogArchive", "logs").await;
    let ours = aws::archive(&world, "logs").await;
    let mut both = ours.clone();
    let bucket = world.bucket("logs");
    both["policy"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "Sid": "Auditors", "Effect": "Allow", "Principal": { "AWS": [format!("arn:aws:iam::{}:root", world.account)] },
        "Action": ["s3:GetObject"], "Resource": [format!("arn:aws:s3:::{bucket}/*")] }));
    let policy = json!({ "Version": "2012-10-17", "Statement": both["policy"] }).to_string();
    world.s3.put_bucket_policy().bucket(&bucket).policy(policy).send().await.unwrap();
    in_force(&world, &keep, &both, "True").await;
    in_force(&world, &base, &ours, "True").await;
}

#[tokio::test]
async fn foreign_lifecycle_rules_stay_as_long_as_the_spec_says() {
    let world = World::with_account("foreign-rules").await;
    let base = world.archive_manifest("logs");
    let keep = with(base.clone(), json!({ "retention": { "foreignRules": "Keep" } }));
    world.apply(&keep).await;
    world.wait_ready("LogArchive", "logs").await;
    let ours = aws::archive(&world, "logs").await;
    let mut both = ours.clone();
    both["lifecycle"]["theirs"] = json!({ "prefix": "tmp/", "expireAfterDays": 3 });
    aws::add_expiry(&world, &world.bucket("logs"), "theirs", "tmp/", 3).await;
    // A change of our own rules writes all of them.
    let mut sooner = both.clone();
    sooner["lifecycle"]["trailkeeper-multipart"]["abortMultipartAfterDays"] = json!(2);
    in_force(&world, &with(keep.clone(), json!({ "retention": { "abortMultipartAfterDays": 2 } })), &sooner, "True").await;
    in_force(&world, &keep, &both, "True").await;
    let told = world.get("LogArchive", "logs").await.data["status"]["retention"].to_string();
    assert!(told.contains("Rule theirs, which is not this archive's, deletes files under tmp/ after 3 days"), "{told}");
    in_force(&world, &base, &ours, "True").await;
}

#[tokio::test]
async fn a_key_has_the_alias_that_the_spec_chose() {
    let world = World::with_account("alias").await;
    world.apply(&with(world.archive_manifest("logs"), json!({ "encryption": { "key": { "alias": "audit/logs" } } }))).await;
    let archive = world.wait_ready("LogArchive", "logs").await;
    let key = aws::key(&world, "alias/audit/logs").await;
    let arn = archive.data["status"]["kmsKeyArn"].as_str().unwrap();
    assert!(arn.ends_with(key["id"].as_str().unwrap()), "{arn} is not {key}");
}

#[tokio::test]
async fn what_new_objects_are_locked_for_converges() {
    let world = World::with_account("lock-fields").await;
    let base = with(world.archive_manifest("logs"), json!({ "objectLock": { "mode": "Governance", "days": 30 } }));
    world.apply(&base).await;
    world.wait_ready("LogArchive", "logs").await;
    let look = async |world: &World| aws::object_lock(world, &world.bucket("logs")).await;
    converge_as(&world, &base, cases::object_lock(), "True", look).await;
}
