//! Objects go; logs stay. What else stays is the spec's choice.

use crate::support::{World, condition, manifests::with};
use anyhow::ensure;
use aws_sdk_cloudtrail::types::Tag as TrailTag;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};

async fn bucket_exists(world: &World) -> bool {
    world.s3.head_bucket().bucket(world.bucket("logs")).send().await.is_ok()
}

async fn trail_exists(world: &World) -> bool {
    world.cloudtrail.get_trail().name(world.trail_arn("audit")).send().await.is_ok()
}

async fn key_state(world: &World, key: &str) -> String {
    let found = world.kms.describe_key().key_id(key).send().await.unwrap().key_metadata.unwrap();
    found.key_state.unwrap().as_str().to_owned()
}

fn deleting(manifest: Value) -> Value {
    with(manifest, json!({ "deletionPolicy": "Delete" }))
}

async fn key_of(world: &World) -> String {
    world.get("LogArchive", "logs").await.data["status"]["kmsKeyArn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn retain_leaves_a_trail_that_goes_on_logging() {
    let world = World::ready("retain").await;
    let key = key_of(&world).await;
    let since = world.now().await;
    world.delete("Trail", "audit").await;
    world.wait_gone("Trail", "audit").await;
    world.wait_event("Trail", "audit", "Retained", &["trail audit"]).await;

    // The archive still lets in the trail that stays.
    world.request_pass("LogArchive", "logs").await;
    let policy = world.s3.get_bucket_policy().bucket(world.bucket("logs")).send().await.unwrap().policy.unwrap();
    assert!(policy.contains(&world.trail_arn("audit")), "{policy}");
    let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await.unwrap();
    assert_eq!(status.is_logging(), Some(true));

    world.delete("LogArchive", "logs").await;
    world.wait_gone("LogArchive", "logs").await;
    world.wait_event("LogArchive", "logs", "Retained", &[&world.bucket("logs")]).await;
    assert!(bucket_exists(&world).await);
    assert_eq!(key_state(&world, &key).await, "Enabled");
    assert_eq!(world.writes(since).await, Vec::<String>::new());
}

#[tokio::test]
async fn delete_removes_the_trail_then_the_empty_bucket_then_the_key() {
    let world = World::with_account("delete").await;
    world.apply(&deleting(world.archive_manifest("logs"))).await;
    // It does not log, so that the bucket stays empty.
    world.apply(&deleting(with(world.trail_manifest("audit", "logs"), json!({ "logging": false })))).await;
    world
        .wait("Trail", "audit", "to be as declared", |object| {
            ensure!(condition(object, "Ready").is_some_and(|(_, reason, _)| reason == "LoggingOff"), "it is not yet");
            Ok(())
        })
        .await;
    world.wait_ready("LogArchive", "logs").await;
    let key = key_of(&world).await;
    let since = world.now().await;

    // The archive goes first and waits for its trail.
    world.delete("LogArchive", "logs").await;
    world
        .wait("LogArchive", "logs", "to wait for its trail", |object| {
            let (_, reason, message) = condition(object, "Ready").unwrap_or_default();
            ensure!(reason == "InUse" && message.contains("audit"), "{reason}: {message}");
            Ok(())
        })
        .await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    world.delete("Trail", "audit").await;
    world.wait_gone("Trail", "audit").await;
    world.wait_gone("LogArchive", "logs").await;

    assert!(!trail_exists(&world).await);
    assert!(!bucket_exists(&world).await);
    assert_eq!(key_state(&world, &key).await, "PendingDeletion");
    let writes = world.writes(since).await;
    assert_eq!(writes, ["cloudtrail:DeleteTrail", "s3:DeleteBucket", "kms:ScheduleKeyDeletion", "kms:DeleteAlias"]);
    world.wait_event("Trail", "audit", "Deleted", &["trail audit", &world.account]).await;
    world.wait_event("LogArchive", "logs", "Deleted", &[&world.bucket("logs"), &world.account]).await;
}

#[tokio::test]
async fn a_bucket_that_holds_logs_is_never_deleted() {
    let world = World::with_account("not-empty").await;
    world.apply(&deleting(world.archive_manifest("logs"))).await;
    world.wait_ready("LogArchive", "logs").await;
    let (bucket, key) = (world.bucket("logs"), key_of(&world).await);
    world.s3.put_object().bucket(&bucket).key("AWSLogs/one").body(ByteStream::from_static(b"evidence")).send().await.unwrap();

    world.delete("LogArchive", "logs").await;
    let object = world.wait_stalled("LogArchive", "logs", "BucketNotEmpty").await;
    assert!(condition(&object, "Stalled").unwrap().2.contains("empty the bucket yourself"));
    world.wait_event("LogArchive", "logs", "BucketNotEmpty", &[&bucket]).await;
    let found = world.s3.get_object().bucket(&bucket).key("AWSLogs/one").send().await.unwrap();
    assert_eq!(found.body.collect().await.unwrap().to_vec(), b"evidence");
    assert_eq!(key_state(&world, &key).await, "Enabled", "its logs could not be read any more");

    // Once somebody has emptied it, it goes: every version, as versioning is on.
    let versions = world.s3.list_object_versions().bucket(&bucket).send().await.unwrap();
    for version in versions.versions() {
        let id = version.version_id().unwrap();
        world.s3.delete_object().bucket(&bucket).key("AWSLogs/one").version_id(id).send().await.unwrap();
    }
    world.patch("LogArchive", "logs", json!({ "metadata": { "annotations": { "trailkeeper.dev/requestedAt": "emptied" } } })).await;
    world.wait_gone("LogArchive", "logs").await;
    assert!(!bucket_exists(&world).await);
}

#[tokio::test]
async fn an_account_stays_while_anything_lives_in_it() {
    let world = World::ready("account").await;
    let name = world.account_name();
    world.delete("AwsAccount", &name).await;
    world
        .wait("AwsAccount", &name, "to wait for what lives in it", |object| {
            let (_, reason, message) = condition(object, "Ready").unwrap_or_default();
            ensure!(reason == "InUse" && message.contains("audit") && message.contains("logs"), "{reason}: {message}");
            Ok(())
        })
        .await;
    world.delete("Trail", "audit").await;
    world.delete("LogArchive", "logs").await;
    world.wait_gone("Trail", "audit").await;
    world.wait_gone("LogArchive", "logs").await;
    world.wait_gone("AwsAccount", &name).await;
}

#[tokio::test]
async fn what_is_not_ours_any_more_is_left_alone() {
    let world = World::with_account("not-ours").await;
    world.apply(&world.archive_manifest("logs")).await;
    world.apply(&deleting(world.trail_manifest("audit", "logs"))).await;
    world.wait_ready("Trail", "audit").await;
    let theirs = TrailTag::builder().key("trailkeeper.dev/owner").value("other/elsewhere/audit").build().unwrap();
    world.cloudtrail.add_tags().resource_id(world.trail_arn("audit")).tags_list(theirs).send().await.unwrap();
    // Whose it is must have been read since.
    world.pass_until_event("Trail", "audit", "Refused", |event| event.note.contains("other/elsewhere/audit")).await;
    let since = world.now().await;
    world.delete("Trail", "audit").await;
    world.wait_gone("Trail", "audit").await;
    world.wait_event("Trail", "audit", "Retained", &[&world.trail_arn("audit"), "not owned"]).await;
    assert!(trail_exists(&world).await);
    assert_eq!(world.writes(since).await, Vec::<String>::new());
}

/// An object that only looks deletes nothing, whatever else its spec says.
#[tokio::test]
async fn observe_retains() {
    let world = World::ready("observe-delete").await;
    for (kind, name) in [("Trail", "audit"), ("LogArchive", "logs")] {
        world.patch_spec(kind, name, json!({ "deletionPolicy": "Delete", "mode": "Observe" })).await;
        world.wait_ready(kind, name).await;
    }
    let since = world.now().await;
    for (kind, name) in [("Trail", "audit"), ("LogArchive", "logs")] {
        world.delete(kind, name).await;
        world.wait_gone(kind, name).await;
        world.wait_event(kind, name, "Retained", &["Observe"]).await;
    }
    assert!(trail_exists(&world).await && bucket_exists(&world).await);
    assert_eq!(world.writes(since).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_pause_holds_a_deletion_until_it_is_over() {
    const PAUSE: &str = "trailkeeper.dev/pauseUntil";
    let world = World::ready("pausedelete").await;
    world.patch_spec("Trail", "audit", json!({ "deletionPolicy": "Delete" })).await;
    world.patch("Trail", "audit", json!({ "metadata": { "annotations": { PAUSE: "2999-01-01T00:00:00Z" } } })).await;
    let since = world.now().await;
    world.delete("Trail", "audit").await;
    world
        .wait("Trail", "audit", "to be held", |object| {
            ensure!(condition(object, "Reconciling").is_some_and(|(_, reason, _)| reason == "Paused"), "it is not yet");
            Ok(())
        })
        .await;
    assert!(trail_exists(&world).await);
    assert_eq!(world.writes(since).await, Vec::<String>::new());

    world.patch("Trail", "audit", json!({ "metadata": { "annotations": { PAUSE: null } } })).await;
    world.wait_gone("Trail", "audit").await;
    assert!(!trail_exists(&world).await);
}
