//! What differs and is no drift: a spec that moved, and what the spec leaves alone.

use crate::support::World;
use aws_sdk_cloudtrail::types::Tag as TrailTag;
use serde_json::{Value, json};

async fn tags(world: &World) -> Vec<(String, String)> {
    let found = world.cloudtrail.list_tags().resource_id_list(world.trail_arn("audit")).send().await.unwrap();
    let tags = found.resource_tag_list()[0].tags_list().iter();
    tags.map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default()))
        .filter(|(key, _)| !key.starts_with("trailkeeper.dev/"))
        .collect()
}

async fn tag(world: &World, key: &str, value: &str) {
    let tag = TrailTag::builder().key(key).value(value).build().unwrap();
    world.cloudtrail.add_tags().resource_id(world.trail_arn("audit")).tags_list(tag).send().await.unwrap();
}

async fn drift_events(world: &World, kind: &str, name: &str) -> Vec<String> {
    let events = world.events(kind, name).await.into_iter();
    events.filter(|event| event.reason.starts_with("Drift")).map(|event| event.note).collect()
}

#[tokio::test]
async fn a_change_of_the_spec_is_an_update() {
    let world = World::ready("update").await;
    world.patch_spec("Trail", "audit", json!({ "tags": { "team": "security" }, "logFileValidation": false })).await;
    world.patch_spec("LogArchive", "logs", json!({ "versioning": "Suspended" })).await;
    world.wait_event("Trail", "audit", "Updated", &["settings", "tags", &world.account]).await;
    world.wait_event("LogArchive", "logs", "Updated", &["versioning"]).await;
    let object = world.wait_ready("Trail", "audit").await;
    assert_eq!(tags(&world).await, [("team".to_owned(), "security".to_owned())]);
    assert_eq!(object.data["status"].get("gaps"), None, "what the spec asks for is no gap: {}", object.data["status"]);
    for (kind, name) in [("Trail", "audit"), ("LogArchive", "logs")] {
        assert_eq!(drift_events(&world, kind, name).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_ignored_path_is_left_alone_beside_others_that_are_not() {
    let world = World::ready("ignore").await;
    world.patch_spec("Trail", "audit", json!({ "ignore": ["tags.cost-center"] })).await;
    world.wait_ready("Trail", "audit").await;
    tag(&world, "cost-center", "4711").await;
    tag(&world, "who", "mallory").await;
    world.pass_until_event("Trail", "audit", "DriftCorrected", |event| event.note.contains("tags.who")).await;
    assert_eq!(tags(&world).await, [("cost-center".to_owned(), "4711".to_owned())]);
    let notes = drift_events(&world, "Trail", "audit").await;
    assert!(!notes.iter().any(|note| note.contains("cost-center")), "{notes:?}");
    let since = world.now().await;
    let object = world.request_pass("Trail", "audit").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    assert_eq!(object.data["status"].get("drift"), None::<&Value>);
}

/// Somebody tampers, and the spec moves before the next pass: both are put in force, and the gap is on record all the same.
#[tokio::test]
async fn a_change_of_the_spec_puts_tampering_right_as_well() {
    let world = World::ready("both").await;
    world.patch_spec("Trail", "audit", json!({ "suspend": true })).await;
    world.wait_stalled("Trail", "audit", "Suspended").await;
    world.cloudtrail.stop_logging().name(world.trail_arn("audit")).send().await.unwrap();
    world.patch_spec("Trail", "audit", json!({ "suspend": false, "tags": { "team": "security" } })).await;
    world.wait_ready("Trail", "audit").await;
    let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await.unwrap();
    assert_eq!(status.is_logging(), Some(true));
    assert_eq!(tags(&world).await, [("team".to_owned(), "security".to_owned())]);
    world.wait_event("Trail", "audit", "LoggingStopped", &[]).await;
    let gaps = &world.get("Trail", "audit").await.data["status"]["gaps"];
    assert_eq!(gaps[0]["kind"], "LoggingStopped");
    assert!(gaps[0]["until"].is_string(), "{gaps}");
}
