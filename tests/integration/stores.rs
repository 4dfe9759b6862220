//! Event data stores of CloudTrail Lake: its closure, adoption, drift, deletion, imports.

use crate::support::{World, condition, is_true, manifests::with};
use anyhow::ensure;
use aws_sdk_cloudtrail::types::Tag;
use serde_json::{Value, json};
use trailkeeper_sim::faults::FaultKind;

const KIND: &str = "EventDataStore";
const NOTHING: [&str; 0] = [];

/// A world that was a customer of Lake before its closure.
async fn customer(topic: &str) -> World {
    let world = World::with_account(topic).await;
    world.control.open_lake(&world.account).await.unwrap();
    world
}

/// The same with the store `events`, Ready.
async fn ready(topic: &str) -> World {
    let world = customer(topic).await;
    world.apply(&world.store_manifest("events")).await;
    world.wait_ready(KIND, "events").await;
    world
}

async fn arn(world: &World) -> String {
    world.get(KIND, "events").await.data["status"]["storeArn"].as_str().unwrap().to_owned()
}

async fn aws_state(world: &World, arn: &str) -> String {
    let found = world.cloudtrail.get_event_data_store().event_data_store(arn).send().await.unwrap();
    found.status.unwrap().as_str().to_owned()
}

/// A store that somebody made by hand, when it has settled.
async fn strangers_store(world: &World, name: &str) -> String {
    let arn = world.cloudtrail.create_event_data_store().name(name).send().await.unwrap().event_data_store_arn.unwrap();
    while aws_state(world, &arn).await == "CREATED" {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    arn
}

#[tokio::test]
async fn a_new_customer_is_told_of_the_closure() {
    let world = World::with_account("lakeclosed").await;
    world.apply(&world.store_manifest("events")).await;
    let object = world.wait_stalled(KIND, "events", "LakeClosed").await;
    let message = condition(&object, "Ready").unwrap().2;
    for words in ["closed CloudTrail Lake to new customers on 2026-05-31", "spec.adoption", "LogArchive", "Athena"] {
        assert!(message.contains(words), "{message}");
    }
    world.wait_event(KIND, "events", "LakeClosed", &["no longer open to new customers"]).await;
    let told = world.events(KIND, "events").await;
    world.request_pass(KIND, "events").await;
    assert_eq!(world.events(KIND, "events").await, told, "it is told once");
    // Somebody opens it after all.
    world.control.open_lake(&world.account).await.unwrap();
    world.request_pass(KIND, "events").await;
    world.wait_ready(KIND, "events").await;
}

#[tokio::test]
async fn a_store_is_created_once_and_then_left_alone() {
    let world = customer("lakecreate").await;
    world.apply(&with(world.store_manifest("events"), json!({ "ingestion": "Stopped", "tags": { "team": "a" } }))).await;
    let object = world.wait_ready(KIND, "events").await;
    assert_eq!(object.data["status"]["state"], "STOPPED_INGESTION");
    assert!(object.data["status"].get("drift").is_none(), "{}", object.data["status"]);
    world.wait_event(KIND, "events", "Created", &["event data store events", &world.account]).await;
    assert_eq!(world.writes(0).await, ["cloudtrail:CreateEventDataStore"]);
    let since = world.now().await;
    world.request_pass(KIND, "events").await;
    assert_eq!(world.writes(since).await, NOTHING);
    let mut reads = world.reads(since).await;
    reads.sort();
    assert_eq!(reads, ["cloudtrail:GetEventDataStore", "cloudtrail:GetInsightSelectors", "cloudtrail:ListTags"]);
}

/// The answer of the creating call is lost: the store is found again by its tag, and has no twin.
#[tokio::test]
async fn a_store_whose_creation_was_cut_off_is_found_again() {
    let world = customer("lakecut").await;
    world.fault("cloudtrail", "CreateEventDataStore", FaultKind::CutAfter, Some(1)).await;
    world.apply(&world.store_manifest("events")).await;
    world.wait_ready(KIND, "events").await;
    let listed = world.cloudtrail.list_event_data_stores().send().await.unwrap();
    assert_eq!(listed.event_data_stores().len(), 1, "{listed:?}");
    assert_eq!(world.get(KIND, "events").await.data["status"]["owned"], json!(["event data store"]));
}

#[tokio::test]
async fn a_store_that_exists_is_adopted_only_where_that_is_allowed() {
    let world = customer("lakeadopt").await;
    let theirs = strangers_store(&world, "old-store").await;
    let manifest = with(world.store_manifest("events"), json!({ "storeName": "old-store", "retentionDays": 90 }));
    world.apply(&manifest).await;
    world.wait_stalled(KIND, "events", "NotOurs").await;
    assert_eq!(world.writes(0).await, NOTHING);
    world.apply(&with(manifest, json!({ "adoption": "IfUnowned" }))).await;
    world.wait_ready(KIND, "events").await;
    world.wait_event(KIND, "events", "Adopted", &["old-store"]).await;
    assert_eq!(arn(&world).await, theirs);
    let found = world.cloudtrail.get_event_data_store().event_data_store(&theirs).send().await.unwrap();
    assert_eq!(found.retention_period, Some(90));
}

#[tokio::test]
async fn observe_writes_nothing() {
    let world = customer("lakeobserve").await;
    let theirs = strangers_store(&world, "old-store").await;
    let manifest = with(
        world.store_manifest("events"),
        json!({ "storeName": "old-store", "mode": "Observe", "ingestion": "Stopped", "retentionDays": 90 }),
    );
    world.apply(&manifest).await;
    world.apply(&with(world.store_manifest("absent"), json!({ "mode": "Observe" }))).await;
    for name in ["events", "absent"] {
        world.wait_condition(KIND, name, "Drifted", "True").await;
        let object = world.request_pass(KIND, name).await;
        assert_eq!(condition(&object, "Ready").unwrap().1, "Differs");
    }
    let drift = &world.get(KIND, "events").await.data["status"]["drift"];
    for (path, desired, observed) in [("ingestion.status", "Stopped", "Enabled"), ("settings.retentionDays", "90", "366")] {
        let entry = drift.as_array().unwrap().iter().find(|entry| entry["path"] == path).unwrap();
        assert_eq!((&entry["desired"], &entry["observed"]), (&json!(desired), &json!(observed)), "{drift}");
    }
    assert_eq!(world.writes(0).await, NOTHING);
    assert_eq!(aws_state(&world, &theirs).await, "ENABLED");
}

/// Tampers, and holds that it is told and put back.
async fn is_corrected(world: &World, path: &str, declared: &str, found: &[&str], tamper: impl AsyncFn(&str)) {
    let arn = arn(world).await;
    let since = world.now().await;
    tamper(&arn).await;
    let tells = |note: &str| note.contains(path) && note.contains(declared) && found.iter().any(|found| note.contains(found));
    world.pass_until_event(KIND, "events", "DriftDetected", |event| tells(&event.note)).await;
    world.pass_until_event(KIND, "events", "DriftCorrected", |event| tells(&event.note)).await;
    world.pass_until_ready(KIND, "events").await;
    assert!(!world.writes(since).await.is_empty());
    let since = world.now().await;
    let object = world.request_pass(KIND, "events").await;
    assert_eq!(world.writes(since).await, NOTHING, "a second pass writes");
    assert!(!is_true(&object, "Drifted"), "{}", object.data["status"]);
}

#[tokio::test]
async fn tampering_with_a_store_is_told_and_put_back() {
    let world = ready("lakedrift").await;
    let client = &world.cloudtrail;
    is_corrected(&world, "settings.terminationProtection", "true", &["false"], async |arn| {
        client.update_event_data_store().event_data_store(arn).termination_protection_enabled(false).send().await.unwrap();
    })
    .await;
    is_corrected(&world, "settings.name", "events", &["hidden"], async |arn| {
        client.update_event_data_store().event_data_store(arn).name("hidden").send().await.unwrap();
    })
    .await;
    is_corrected(&world, "ingestion.status", "Enabled", &["Stopping", "Stopped"], async |arn| {
        client.stop_event_data_store_ingestion().event_data_store(arn).send().await.unwrap();
    })
    .await;
    is_corrected(&world, "tags.stray", "(none)", &["yes"], async |arn| {
        client.add_tags().resource_id(arn).tags_list(Tag::builder().key("stray").value("yes").build().unwrap()).send().await.unwrap();
    })
    .await;
    let only_writes = json!([{ "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Management"] }, { "Field": "readOnly", "Equals": ["false"] }] }]);
    is_corrected(&world, "selectors.selectors", "Management", &["readOnly"], async |arn| {
        world.aws(&[
            "cloudtrail",
            "update-event-data-store",
            "--event-data-store",
            arn,
            "--advanced-event-selectors",
            &only_writes.to_string(),
        ]);
    })
    .await;
}

#[tokio::test]
async fn a_store_that_somebody_deleted_is_restored() {
    let world = ready("lakerestore").await;
    let client = &world.cloudtrail;
    is_corrected(&world, "settings.pendingDeletion", "false", &["true"], async |arn| {
        client.update_event_data_store().event_data_store(arn).termination_protection_enabled(false).send().await.unwrap();
        client.delete_event_data_store().event_data_store(arn).send().await.unwrap();
    })
    .await;
    let arn = arn(&world).await;
    assert_eq!(aws_state(&world, &arn).await, "ENABLED");
    let found = client.get_event_data_store().event_data_store(&arn).send().await.unwrap();
    assert_eq!(found.termination_protection_enabled, Some(true), "what the deletion needed is put back too");
    let writes = world.writes(0).await;
    assert_eq!(writes.iter().filter(|write| *write == "cloudtrail:CreateEventDataStore").count(), 1, "{writes:?}");
}

#[tokio::test]
async fn a_denied_read_is_unknown_and_creates_nothing() {
    let world = customer("lakedenied").await;
    world.deny("cloudtrail", "ListEventDataStores").await;
    world.apply(&world.store_manifest("events")).await;
    world.wait_unready(KIND, "events", "AccessDenied", "cloudtrail:ListEventDataStores").await;
    assert_eq!(world.writes(0).await, NOTHING);
    world.clear_faults().await;
    world.pass_until_ready(KIND, "events").await;
    for operation in ["GetEventDataStore", "ListTags", "GetInsightSelectors"] {
        world.deny("cloudtrail", operation).await;
        let since = world.now().await;
        world.pass_until_unready(KIND, "events", "AccessDenied", &format!("cloudtrail:{operation}")).await;
        assert_eq!(world.writes(since).await, NOTHING, "{operation}");
        world.clear_faults().await;
        world.pass_until_ready(KIND, "events").await;
    }
}

#[tokio::test]
async fn a_store_goes_only_when_its_protection_is_off() {
    let world = customer("lakedelete").await;
    let going = with(world.store_manifest("events"), json!({ "deletionPolicy": "Delete" }));
    let unprotected = with(going.clone(), json!({ "terminationProtection": false }));
    for (manifest, why) in [(world.store_manifest("events"), "spec.deletionPolicy"), (going, "spec.terminationProtection is not false")] {
        world.apply(&with(manifest, json!({ "adoption": "IfUnowned" }))).await;
        world.wait_ready(KIND, "events").await;
        let (arn, since) = (arn(&world).await, world.now().await);
        world.delete(KIND, "events").await;
        world.wait_gone(KIND, "events").await;
        world.wait_event(KIND, "events", "Retained", &["event data store events", why]).await;
        assert_eq!(world.writes(since).await, NOTHING);
        assert_eq!(aws_state(&world, &arn).await, "ENABLED");
    }
    world.apply(&unprotected).await;
    world.wait_ready(KIND, "events").await;
    let arn = arn(&world).await;
    world.delete(KIND, "events").await;
    world.wait_gone(KIND, "events").await;
    assert_eq!(aws_state(&world, &arn).await, "PENDING_DELETION");
    world.wait_event(KIND, "events", "Deleted", &["event data store events"]).await;
}

#[tokio::test]
async fn an_account_stays_while_a_store_lives_in_it() {
    let world = ready("lakeaccount").await;
    let name = world.account_name();
    world.delete("AwsAccount", &name).await;
    world
        .wait("AwsAccount", &name, "to wait for the store", |object| {
            let (_, reason, message) = condition(object, "Ready").unwrap_or_default();
            ensure!(reason == "InUse" && message.contains("EventDataStore"), "{reason}: {message}");
            Ok(())
        })
        .await;
    world.delete(KIND, "events").await;
    world.wait_gone("AwsAccount", &name).await;
}

async fn imports(world: &World, arn: &str) -> usize {
    world.cloudtrail.list_imports().destination(arn).send().await.unwrap().imports().len()
}

#[tokio::test]
async fn an_import_is_started_once_for_each_that_is_declared() {
    let world = ready("lakeimport").await;
    let bucket = format!("old-logs-{}", world.account);
    world.create_bucket(&bucket).await;
    let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "sts:AssumeRole" } });
    let role = world.aws(&["iam", "create-role", "--role-name", "imports", "--assume-role-policy-document", &trust.to_string()]);
    let import = json!({ "s3Uri": format!("s3://{bucket}/AWSLogs/"), "roleArn": role["Role"]["Arn"], "bucketRegion": "eu-central-1",
        "startTime": "2024-01-01T00:00:00Z", "endTime": "2025-01-01T00:00:00Z" });
    let manifest = |import: Value| with(world.store_manifest("events"), json!({ "import": import }));
    world.apply(&manifest(import.clone())).await;
    let arn = arn(&world).await;
    let done = |expected: usize| {
        let world = &world;
        let arn = arn.clone();
        async move {
            world
                .wait(KIND, "events", "to have imported", |object| {
                    let status = &object.data["status"];
                    ensure!(object.metadata.generation == status["observedGeneration"].as_i64(), "not yet seen");
                    ensure!(!status["import"]["id"].is_null(), "{status}");
                    Ok(())
                })
                .await;
            assert_eq!(imports(world, &arn).await, expected);
        }
    };
    done(1).await;
    // A fast clock: an import has two stages.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let object = world.request_pass(KIND, "events").await;
    assert_eq!(object.data["status"]["import"]["state"], "COMPLETED");
    let found = world.cloudtrail.list_imports().destination(&arn).send().await.unwrap();
    let id = found.imports()[0].import_id().unwrap();
    assert_eq!(object.data["status"]["import"]["id"], id);
    let started = world.cloudtrail.get_import().import_id(id).send().await.unwrap();
    assert_eq!((started.start_event_time.unwrap().secs(), started.end_event_time.unwrap().secs()), (1_704_067_200, 1_735_689_600));

    // The same again, even by an object that remembers nothing.
    world.patch(KIND, "events", json!({ "metadata": { "labels": { "touched": "yes" } } })).await;
    world.delete(KIND, "events").await;
    world.wait_gone(KIND, "events").await;
    world.apply(&manifest(import.clone())).await;
    done(1).await;
    world.wait_ready(KIND, "events").await;
    // Another one is another import.
    let mut other = import;
    other["endTime"] = json!("2025-06-01T00:00:00Z");
    world.apply(&manifest(other)).await;
    world.wait_ready(KIND, "events").await;
    done(2).await;
}
