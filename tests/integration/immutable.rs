//! Object lock, which can't be taken back, and MFA delete, which nobody but a root user with a device can change.

use crate::support::{World, manifests::with};
use aws_sdk_s3::types as s3;
use serde_json::{Value, json};

async fn lock(world: &World) -> Value {
    let found = world.s3.get_object_lock_configuration().bucket(world.bucket("logs")).send().await.unwrap();
    let lock = found.object_lock_configuration.unwrap();
    let retention = lock.rule().and_then(|rule| rule.default_retention());
    json!([
        lock.object_lock_enabled().map(|enabled| enabled.as_str()),
        retention.and_then(|retention| retention.mode()).map(|mode| mode.as_str()),
        retention.and_then(|retention| retention.days()),
        retention.and_then(|retention| retention.years()),
    ])
}

/// Applies the archive with this lock, and holds that it is in force and the next pass writes nothing.
async fn locked(world: &World, object_lock: Value, expected: Value, words: &str) {
    world.apply(&with(world.archive_manifest("logs"), json!({ "objectLock": object_lock }))).await;
    let told = world.wait_ready("LogArchive", "logs").await.data["status"]["retention"].to_string();
    assert!(told.contains(words), "{told}");
    assert_eq!(lock(world).await, expected);
    let since = world.now().await;
    world.request_pass("LogArchive", "logs").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_new_bucket_is_locked_from_its_creation() {
    let world = World::with_account("lock-new").await;
    world.deny("s3", "PutObjectLockConfiguration").await;
    world.apply(&with(world.archive_manifest("logs"), json!({ "objectLock": { "mode": "Compliance", "days": 2555 } }))).await;
    world.wait_unready("LogArchive", "logs", "AccessDenied", "s3:PutBucketObjectLockConfiguration").await;
    assert_eq!(lock(&world).await, json!(["Enabled", null, null, null]), "CreateBucket switched it on");
    world.clear_faults().await;
    world.pass_until_ready("LogArchive", "logs").await;
    locked(&world, json!({ "mode": "Compliance", "days": 2555 }), json!(["Enabled", "COMPLIANCE", 2555, null]), "2555 days (7 years)")
        .await;
    locked(&world, json!({ "mode": "Governance", "years": 1 }), json!(["Enabled", "GOVERNANCE", null, 1]), "BypassGovernanceRetention")
        .await;
}

#[tokio::test]
async fn a_bucket_that_is_there_is_locked_and_never_loses_it() {
    let world = World::ready("lock-later").await;
    locked(&world, json!({ "mode": "Governance", "days": 30 }), json!(["Enabled", "GOVERNANCE", 30, null]), "30 days").await;

    let shorter = s3::DefaultRetention::builder().mode(s3::ObjectLockRetentionMode::Governance).days(1).build();
    let rule = s3::ObjectLockRule::builder().default_retention(shorter).build();
    let tampered = s3::ObjectLockConfiguration::builder().object_lock_enabled(s3::ObjectLockEnabled::Enabled).rule(rule).build();
    world.s3.put_object_lock_configuration().bucket(world.bucket("logs")).object_lock_configuration(tampered).send().await.unwrap();
    let tells = |event: &crate::support::Seen| event.note.contains("objectLock.days") && event.note.contains("30");
    world.pass_until_event("LogArchive", "logs", "DriftDetected", tells).await;
    world.pass_until_event("LogArchive", "logs", "DriftCorrected", tells).await;
    assert_eq!(lock(&world).await, json!(["Enabled", "GOVERNANCE", 30, null]));

    let since = world.now().await;
    world.apply(&world.archive_manifest("logs")).await;
    world
        .wait_unready("LogArchive", "logs", "CannotChange", "S3 never takes object lock off a bucket again: declare it in spec.objectLock")
        .await;
    world.wait_stalled("LogArchive", "logs", "CannotChange").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    assert_eq!(lock(&world).await, json!(["Enabled", "GOVERNANCE", 30, null]));
}

#[tokio::test]
async fn mfa_delete_is_told_where_it_forbids_lifecycle_rules() {
    let world = World::ready("mfa-delete").await;
    let both =
        s3::VersioningConfiguration::builder().status(s3::BucketVersioningStatus::Enabled).mfa_delete(s3::MfaDelete::Enabled).build();
    let request = world.s3.put_bucket_versioning().bucket(world.bucket("logs")).versioning_configuration(both);
    request.mfa(format!("arn:aws:iam::{}:mfa/root 123456", world.account)).send().await.unwrap();
    let since = world.now().await;
    world.apply(&with(world.archive_manifest("logs"), json!({ "retention": { "expireAfterDays": 2555 } }))).await;
    world.wait_unready("LogArchive", "logs", "CannotChange", "MFA delete is on, and S3 takes no lifecycle rules with it").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
}
