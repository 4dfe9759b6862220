//! Looking without touching: mode Observe, a pause, suspension.

use crate::support::{World, condition, is_true, manifests::with};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use trailkeeper_sim::record::CallRecord;

const PAUSE: &str = "trailkeeper.dev/pauseUntil";

async fn stop_logging(world: &World) {
    world.cloudtrail.stop_logging().name(world.trail_arn("audit")).send().await.unwrap();
}

async fn open_bucket(world: &World) {
    world.s3.delete_public_access_block().bucket(world.bucket("logs")).send().await.unwrap();
}

async fn is_logging(world: &World) -> bool {
    world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await.unwrap().is_logging.unwrap()
}

fn drifted_paths(status: &Value) -> Vec<&str> {
    status["drift"].as_array().into_iter().flatten().map(|entry| entry["path"].as_str().unwrap()).collect()
}

async fn pause_until(world: &World, until: Option<&str>) {
    world.patch("Trail", "audit", json!({ "metadata": { "annotations": { PAUSE: until } } })).await;
}

#[tokio::test]
async fn observe_never_writes_even_before_anything_exists() {
    let world = World::with_account("observe-new").await;
    world.apply(&with(world.archive_manifest("logs"), json!({ "mode": "Observe" }))).await;
    world.apply(&with(world.trail_manifest("audit", "logs"), json!({ "mode": "Observe" }))).await;
    // Of the four fields the one that is told last: then all are.
    for (kind, name, path) in [("LogArchive", "logs", "bucket"), ("Trail", "audit", "settings")] {
        world.wait_condition(kind, name, "Drifted", "True").await;
        let object = world.request_pass(kind, name).await;
        let status = &object.data["status"];
        assert_eq!(condition(&object, "Ready").unwrap().1, "Differs");
        assert!(drifted_paths(status).contains(&path), "{status}");
    }
    assert_eq!(world.writes(0).await, Vec::<String>::new());
    assert!(!world.reads(0).await.is_empty());
}

#[tokio::test]
async fn observe_reports_what_enforce_would_repair() {
    let world = World::ready("observe").await;
    for (kind, name) in [("LogArchive", "logs"), ("Trail", "audit")] {
        world.patch_spec(kind, name, json!({ "mode": "Observe" })).await;
        world.wait_ready(kind, name).await;
    }
    let since = world.now().await;
    stop_logging(&world).await;
    open_bucket(&world).await;
    for (kind, name, path) in [("LogArchive", "logs", "publicAccessBlock.restrictPublicBuckets"), ("Trail", "audit", "logging.enabled")] {
        world.pass_until_event(kind, name, "DriftDetected", |event| event.note.contains(path)).await;
        let object = world.wait_condition(kind, name, "Drifted", "True").await;
        let status = &object.data["status"];
        let entry = status["drift"].as_array().unwrap().iter().find(|entry| entry["path"] == path).unwrap();
        assert_eq!((&entry["desired"], &entry["observed"]), (&json!("true"), &json!("false")), "{status}");
        assert_eq!(condition(&object, "Ready").unwrap().1, "Differs");
        // After one more pass all events of the one that found it are there.
        world.request_pass(kind, name).await;
        let told = world.events(kind, name).await;
        world.request_pass(kind, name).await;
        assert_eq!(world.events(kind, name).await, told, "a difference that lasts is told once");
    }
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    assert!(!is_logging(&world).await);

    for (kind, name) in [("LogArchive", "logs"), ("Trail", "audit")] {
        world.patch_spec(kind, name, json!({ "mode": "Enforce" })).await;
        let object = world.wait_ready(kind, name).await;
        assert!(!is_true(&object, "Drifted"));
        world.wait_event(kind, name, "DriftCorrected", &[]).await;
    }
    assert!(is_logging(&world).await);
}

#[tokio::test]
async fn a_pause_holds_writes_and_ends_by_itself() {
    let world = World::ready("pause").await;
    let until = Timestamp::now().checked_add(15.seconds()).unwrap();
    pause_until(&world, Some(&until.to_string())).await;
    let since = world.now().await;
    stop_logging(&world).await;
    let object = world.request_pass("Trail", "audit").await;
    let (writes, ended) = (world.writes(since).await, Timestamp::now() >= until);
    assert!(ended || writes.is_empty(), "written during the pause: {writes:?}");
    assert!(ended || drifted_paths(&object.data["status"]).contains(&"logging.enabled"), "{}", object.data["status"]);
    assert!(ended || is_true(&object, "Drifted"));
    assert!(!ended, "this machine was too slow to see the pause");

    // Nobody asks for a pass: the end of the pause brings one.
    world.wait_ready("Trail", "audit").await;
    world.wait_event("Trail", "audit", "DriftCorrected", &["logging.enabled"]).await;
    assert!(Timestamp::now() >= until);
    assert!(is_logging(&world).await);
}

#[tokio::test]
async fn a_pause_that_cannot_be_read_pauses() {
    let world = World::ready("pause-bad").await;
    pause_until(&world, Some("tomorrow")).await;
    world.wait_stalled("Trail", "audit", "InvalidPause").await;
    let since = world.now().await;
    stop_logging(&world).await;
    world.request_pass("Trail", "audit").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    pause_until(&world, None).await;
    world.wait_ready("Trail", "audit").await;
    assert!(is_logging(&world).await);
}

#[tokio::test]
async fn a_suspended_object_is_neither_read_nor_written() {
    let world = World::ready("suspend").await;
    for (kind, name) in [("LogArchive", "logs"), ("Trail", "audit")] {
        world.patch_spec(kind, name, json!({ "suspend": true })).await;
        world.wait_stalled(kind, name, "Suspended").await;
    }
    let since = world.now().await;
    stop_logging(&world).await;
    open_bucket(&world).await;
    world.request_pass("Trail", "audit").await;
    world.request_pass("LogArchive", "logs").await;
    // The account's own pass looks at every trail, whoever keeps it, and at what holds for all its buckets.
    let services = ["cloudtrail", "account", "organizations", "sts"];
    let of_account = |call: &CallRecord| services.contains(&call.service.as_str()) || call.operation == "GetAccountPublicAccessBlock";
    let calls = world.calls(since).await;
    assert!(calls.iter().all(|call| call.read_only && of_account(call)), "{calls:?}");
    for (kind, name) in [("LogArchive", "logs"), ("Trail", "audit")] {
        world.patch_spec(kind, name, json!({ "suspend": false })).await;
        world.wait_ready(kind, name).await;
        world.wait_event(kind, name, "DriftCorrected", &[]).await;
    }
    assert!(is_logging(&world).await);
}
