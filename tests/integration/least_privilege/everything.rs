//! Everything that can be declared, each by a climb: made, tampered with and put back, deleted. Each permission is needed,
//! and named while it is missing; with those that are printed, and no others, everything is in force.

use super::climb::Climb;
use crate::integrity::{BEGIN, hour};
use crate::support::manifests::with;
use crate::support::world::REGION;
use crate::support::{Stage, World};
use aws_sdk_cloudtrail::types::{self as cloudtrail, EventSelector, ReadWriteType};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use trailkeeper_sim::clock::ClockChange;
use trailkeeper_sim::organizations::Organization;

/// An account that says which Regions it has, so that a pass over it is short.
fn small(world: &World) -> Value {
    with(world.account_manifest(), json!({ "regions": [REGION, "us-east-1"] }))
}

/// To be deleted with its object, and with a tag.
fn whole(manifest: Value, spec: Value) -> Value {
    with(with(manifest, json!({ "deletionPolicy": "Delete", "tags": { "team": "security" } })), spec)
}

/// A key that everybody in the account, CloudTrail and CloudWatch Logs may use.
async fn open_key(world: &World, alias: &str) -> String {
    let services = json!({ "Service": ["cloudtrail.amazonaws.com", format!("logs.{REGION}.amazonaws.com")] });
    let allow = |principal: Value| json!({ "Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*" });
    let root = json!({ "AWS": format!("arn:aws:iam::{}:root", world.account) });
    let policy = json!({ "Version": "2012-10-17", "Statement": [allow(root), allow(services)] });
    let made = world.kms.create_key().policy(policy.to_string()).send().await.unwrap().key_metadata.unwrap();
    world.kms.create_alias().alias_name(alias).target_key_id(made.key_id()).send().await.unwrap();
    made.arn.unwrap()
}

/// A role that a service may assume and that may do everything.
async fn role_for(world: &World, name: &str, service: &str) -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" } });
    let request = world.iam().create_role().role_name(name).assume_role_policy_document(trust.to_string());
    let made = request.send().await.unwrap().role.unwrap();
    let all = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } });
    world.iam().put_role_policy().role_name(name).policy_name("all").policy_document(all.to_string()).send().await.unwrap();
    made.arn
}

async fn versioned_bucket(world: &World, name: &str) {
    let enabled = aws_sdk_s3::types::BucketVersioningStatus::Enabled;
    let versioning = aws_sdk_s3::types::VersioningConfiguration::builder().status(enabled).build();
    world.create_bucket(name).await;
    world.s3.put_bucket_versioning().bucket(name).versioning_configuration(versioning).send().await.unwrap();
}

/// So that there is something to aggregate.
fn with_data() -> Value {
    json!({ "data": [{ "resourceType": "AWS::S3::Object" }] })
}

fn organization(world: &World, members: &[&str]) -> Organization {
    Organization {
        id: format!("o-{}", world.account),
        management_account: world.account.clone(),
        members: members.iter().map(|member| (*member).to_owned()).collect(),
        all_features: true,
        trusted_services: BTreeSet::new(),
        cloudtrail_admins: BTreeSet::new(),
        suspended: BTreeSet::new(),
    }
}

#[tokio::test]
async fn an_account() {
    let world = World::new("rights-account").await;
    world.control.put_organization(&organization(&world, &[])).await.unwrap();
    let bucket = format!("theirs-{}", world.account);
    world.create_bucket(&bucket).await;
    world.open_bucket(&bucket).await;
    world.cloudtrail.create_trail().name("theirs").s3_bucket_name(&bucket).send().await.unwrap();
    let writes = EventSelector::builder().read_write_type(ReadWriteType::WriteOnly).include_management_events(true).build();
    world.cloudtrail.put_event_selectors().trail_name("theirs").event_selectors(writes).send().await.unwrap();
    let account = world.account_manifest();
    let mut climb = Climb::new(world, account);
    climb.of_account().await;
    climb.is_at_the_top();
}

#[tokio::test]
async fn an_archive() {
    let world = World::new("rights-archive").await;
    let reader = json!({ "name": "siem", "role": { "trustedPrincipal": "222233334444" } });
    let archive =
        whole(world.archive_manifest("logs"), json!({ "newFiles": {}, "readers": [reader], "analysis": { "resultsBucket": "results" } }));
    let account = small(&world);
    let mut climb = Climb::new(world, account);
    climb.until_ready(&[archive]).await;
    let world = &climb.world;
    world.tamper_with_roles().await;
    world.tamper_with_topics().await;
    world.tamper_with_queues().await;
    world.tamper_with_notices().await;
    world.tamper_with_analysis().await;
    world.tamper_with_bucket().await;
    world.tamper_with_key().await;
    climb.until_ready_again().await;
    climb.world.replicate().await;
    let alias = format!("alias/trailkeeper/{}", climb.world.bucket("logs"));
    let other = climb.world.kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    climb.world.kms.update_alias().alias_name(alias).target_key_id(other).send().await.unwrap();
    climb.until_ready_again().await;
    climb.until_gone().await;
    // KMS asks for DeleteAlias on alias and key, and the judge here on the alias only; the tampered query has another name by now, and
    // is deleted and made anew.
    climb.is_at_the_top_but(&["kms:DeleteAlias", "athena:UpdateNamedQuery"]);
}

#[tokio::test]
async fn an_archive_that_is_locked_copied_and_keeps_its_own_log() {
    let world = World::new("rights-locked").await;
    let (copies, own) = (format!("copies-{}", world.account), format!("access-{}", world.account));
    versioned_bucket(&world, &copies).await;
    world.create_bucket(&own).await;
    let role = role_for(&world, "replicator", "s3.amazonaws.com").await;
    let key = open_key(&world, "alias/copies").await;
    let archive = whole(
        world.archive_manifest("logs"),
        json!({ "objectLock": { "mode": "Governance", "days": 1 }, "replication": { "roleArn": role, "destinationBucketArn": format!("arn:aws:s3:::{copies}"), "kmsKeyArn": key },
            "policy": { "requireTls": false }, "encryption": { "key": { "rotation": false } } }),
    );
    let account = small(&world);
    let mut climb = Climb::new(world, account);
    climb.until_ready(&[archive]).await;
    assert!(climb.has("iam:PassRole") && climb.has("s3:PutBucketObjectLockConfiguration"));
}

/// On a stage of its own, whose clock is moved: a digest comes every hour.
#[tokio::test]
async fn the_files_of_an_archive() {
    let stage = Arc::new(Stage::without_operator().await.unwrap());
    let _operator = stage.start_operator().await.unwrap();
    let world = World::on(Arc::clone(&stage), "rights-files").await;
    world.control.change_clock(&ClockChange::Offset { seconds: BEGIN }).await.unwrap();
    let archive = with(world.archive_manifest("logs"), json!({ "integrity": {} }));
    let (account, trail) = (small(&world), world.trail_manifest("audit", "logs"));
    let mut climb = Climb::new(world, account);
    climb.until_ready(&[archive, trail]).await;
    for _ in 0..3 {
        hour(&climb.world).await;
    }
    climb.until_verified().await;
    for action in ["s3:ListBucket", "s3:GetObject", "cloudtrail:ListPublicKeys"] {
        assert!(climb.has(action), "{action}");
    }
}

#[tokio::test]
async fn a_trail_with_all_that_it_stands_on() {
    let world = World::new("rights-trail").await;
    let key = open_key(&world, "alias/others").await;
    let trail = whole(
        world.trail_manifest("audit", "logs"),
        json!({ "cloudWatchLogs": { "logGroup": {}, "role": {} }, "notices": {}, "alarms": {},
            "events": { "data": [{ "resourceType": "AWS::S3::Object" }], "networkActivity": [{ "eventSource": "kms.amazonaws.com" }],
                "insights": [{ "type": "ApiCallRate" }], "aggregation": { "templates": ["ApiActivity"] } } }),
    );
    let (account, archive) = (small(&world), world.archive_manifest("logs"));
    let mut climb = Climb::new(world, account);
    climb.grant_all_of(&archive);
    climb.until_ready(&[archive, trail]).await;
    let world = &climb.world;
    world.tamper_with_trail().await;
    world.tamper_with_log_group("aws-cloudtrail-logs-audit", &key).await;
    world.tamper_with_roles().await;
    world.tamper_with_topics().await;
    climb.until_ready_again().await;
    climb.until_gone().await;
    climb.is_at_the_top();
}

#[tokio::test]
async fn a_trail_on_what_is_given() {
    let world = World::new("rights-given").await;
    let bucket = format!("others-{}", world.account);
    world.create_bucket(&bucket).await;
    world.open_bucket(&bucket).await;
    let key = open_key(&world, "alias/others").await;
    let role = role_for(&world, "writer", "cloudtrail.amazonaws.com").await;
    world.logs().create_log_group().log_group_name("given").send().await.unwrap();
    let topic = world.sns().create_topic().name("given").send().await.unwrap().topic_arn.unwrap();
    let group = format!("arn:aws:logs:{REGION}:{}:log-group:given:*", world.account);
    let delivers =
        json!({ "events": with_data(), "cloudWatchLogs": { "logGroupArn": group, "roleArn": role }, "alarms": { "topicArn": topic } });
    let by_arn = with(world.external_trail("audit", json!({ "name": bucket, "kmsKey": key })), delivers);
    let by_alias = world.external_trail("alias", json!({ "name": bucket, "kmsKey": "alias/others" }));
    let account = small(&world);
    let mut climb = Climb::new(world, account);
    climb.until_ready(&[by_arn, by_alias]).await;
    climb.world.tamper_with_trail().await;
    climb.until_ready_again().await;
    for action in ["kms:GetKeyPolicy", "iam:PassRole", "sns:GetTopicAttributes", "logs:PutMetricFilter"] {
        assert!(climb.has(action), "{action}");
    }
}

#[tokio::test]
async fn responses() {
    let world = World::new("rights-responses").await;
    let topic = world.sns().create_topic().name("alerts").send().await.unwrap().topic_arn.unwrap();
    world.sqs().create_queue().queue_name("alerts").send().await.unwrap();
    let queue = format!("arn:aws:sqs:{REGION}:{}:alerts", world.account);
    let function = a_function(&world).await;
    let targets = [&topic, &queue, &function].map(|arn| json!({ "arn": arn }));
    let response = json!({ "name": "tampered", "when": "LoggingTampered", "targets": targets });
    let trail = whole(world.trail_manifest("audit", "logs"), json!({ "events": with_data(), "responses": [response] }));
    let (account, archive) = (small(&world), world.archive_manifest("logs"));
    let mut climb = Climb::new(world, account);
    climb.grant_all_of(&archive);
    climb.until_ready(&[archive, trail]).await;
    let world = &climb.world;
    world.tamper_with_trail().await;
    world.tamper_with_roles().await;
    // The statement of ours in the function's policy lets in rules of somebody else's.
    let policy: Value =
        serde_json::from_str(world.aws(&["lambda", "get-policy", "--function-name", "f"])["Policy"].as_str().unwrap()).unwrap();
    let sid = policy["Statement"][0]["Sid"].as_str().unwrap();
    world.aws(&["lambda", "remove-permission", "--function-name", "f", "--statement-id", sid]);
    let theirs = format!("arn:aws:events:{REGION}:{}:rule/theirs", world.account);
    world.aws(&[
        "lambda",
        "add-permission",
        "--function-name",
        "f",
        "--statement-id",
        sid,
        "--action",
        "lambda:InvokeFunction",
        "--principal",
        "events.amazonaws.com",
        "--source-arn",
        &theirs,
    ]);
    climb.until_ready_again().await;
    climb.until_gone().await;
    climb.is_at_the_top();
}

/// A Lambda function that does nothing.
async fn a_function(world: &World) -> String {
    let role = role_for(world, "runs", "lambda.amazonaws.com").await;
    // The smallest zip archive there is: an empty one.
    let zip = std::env::temp_dir().join(format!("{}.zip", world.account));
    std::fs::write(&zip, [b"PK\x05\x06".as_slice(), &[0; 18]].concat()).unwrap();
    let code = format!("fileb://{}", zip.display());
    let named = ["lambda", "create-function", "--function-name", "f", "--runtime", "python3.12", "--role", &role];
    let made = world.aws(&[&named[..], &["--handler", "f.f", "--zip-file", &code]].concat());
    std::fs::remove_file(zip).unwrap();
    made["FunctionArn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_event_data_store() {
    let world = World::new("rights-store").await;
    world.control.open_lake(&world.account).await.unwrap();
    let key = open_key(&world, "alias/lake").await;
    let (importer, federation) = (
        role_for(&world, "importer", "cloudtrail.amazonaws.com").await,
        role_for(&world, "federation", "lakeformation.amazonaws.com").await,
    );
    let bucket = format!("old-{}", world.account);
    world.create_bucket(&bucket).await;
    let insight = cloudtrail::AdvancedFieldSelector::builder().field("eventCategory").equals("Insight").build().unwrap();
    let insight = cloudtrail::AdvancedEventSelector::builder().field_selectors(insight).build().unwrap();
    let destination = world.cloudtrail.create_event_data_store().name("insights").advanced_event_selectors(insight).send().await.unwrap();
    let store = whole(
        world.store_manifest("events"),
        json!({ "kmsKeyArn": key, "terminationProtection": false, "federation": { "roleArn": federation },
            "insights": { "destinationArn": destination.event_data_store_arn.unwrap() },
            "import": { "s3Uri": format!("s3://{bucket}/AWSLogs/"), "roleArn": importer } }),
    );
    let account = small(&world);
    let mut climb = Climb::new(world, account);
    climb.until_ready(&[store]).await;
    let arn = climb.world.get("EventDataStore", "events").await.data["status"]["storeArn"].as_str().unwrap().to_owned();
    climb.world.tamper_with_store(&arn).await;
    climb.until_ready_again().await;
    climb.world.cloudtrail.disable_federation().event_data_store(&arn).send().await.unwrap();
    climb.world.settled(&arn).await;
    climb.world.cloudtrail.delete_event_data_store().event_data_store(&arn).send().await.unwrap();
    climb.until_ready_again().await;
    climb.until_gone().await;
    climb.is_at_the_top();
}

impl World {
    /// Waits until a store's federation is off.
    async fn settled(&self, store: &str) {
        let attempt = async || {
            let found = self.cloudtrail.get_event_data_store().event_data_store(store).send().await?;
            let is = found.federation_status;
            anyhow::ensure!(is == Some(cloudtrail::FederationStatus::Disabled), "it is {is:?}");
            Ok(())
        };
        trailkeeper_lab::wait_for("the federation to be off", std::time::Duration::from_secs(240), attempt).await.unwrap();
    }
}

#[tokio::test]
async fn a_trail_and_a_store_of_an_organization() {
    let world = World::new("rights-org").await;
    let member = "222233334444";
    world.control.put_organization(&organization(&world, &[member])).await.unwrap();
    world.control.open_lake(&world.account).await.unwrap();
    let setup = json!({ "enableTrustedAccess": true, "registerDelegatedAdministrator": member });
    let trail = whole(world.trail_manifest("audit", "logs"), json!({ "organization": true, "organizationSetup": setup }));
    let store = with(world.store_manifest("events"), json!({ "organization": true }));
    let (account, archive) = (small(&world), world.archive_manifest("logs"));
    let mut climb = Climb::new(world, account);
    climb.grant_all_of(&archive);
    climb.until_ready(&[archive, trail, store]).await;
    for action in ["iam:CreateServiceLinkedRole", "organizations:EnableAWSServiceAccess", "organizations:RegisterDelegatedAdministrator"] {
        assert!(climb.has(action), "{action}");
    }
}
