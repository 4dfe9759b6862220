//! Denied permissions. A read that is denied is Unknown, never Absent: nothing is created over it. The condition names the
//! permission that lacks.

use crate::support::World;
use crate::support::manifests::with;
use serde_json::json;

const NOTHING: [&str; 0] = [];

/// Denies one read from the start. Nothing may be created.
async fn unknown_is_not_absent(kind: &str, service: &str, operation: &str, permission: &str) {
    let world = World::with_account("denied").await;
    world.deny(service, operation).await;
    let start = world.now().await;
    let name = if kind == "Trail" {
        let bucket = format!("others-{}", world.account);
        world.create_bucket(&bucket).await;
        world.open_bucket(&bucket).await;
        world.apply(&world.external_trail("audit", json!({ "name": bucket }))).await;
        "audit"
    } else {
        world.apply(&world.archive_manifest("logs")).await;
        "logs"
    };
    world.wait_unready(kind, name, "AccessDenied", permission).await;
    world.wait_stalled(kind, name, "AccessDenied").await;
    world.wait_event(kind, name, "AccessDenied", &[permission, &format!("Allow {permission}")]).await;
    world.request_pass(kind, name).await;
    assert_eq!(world.writes(start).await, NOTHING, "{permission} denied");
    world.clear_faults().await;
    world.pass_until_ready(kind, name).await;
}

#[tokio::test]
async fn a_trail_that_may_not_be_looked_for_is_not_created() {
    unknown_is_not_absent("Trail", "cloudtrail", "DescribeTrails", "cloudtrail:DescribeTrails").await;
}

#[tokio::test]
async fn a_bucket_that_may_not_be_looked_for_is_not_created() {
    unknown_is_not_absent("LogArchive", "s3", "HeadBucket", "s3:ListBucket").await;
}

#[tokio::test]
async fn a_key_that_may_not_be_looked_for_is_not_created() {
    unknown_is_not_absent("LogArchive", "kms", "DescribeKey", "kms:DescribeKey").await;
}

#[tokio::test]
async fn keys_that_may_not_be_listed_are_not_created() {
    unknown_is_not_absent("LogArchive", "kms", "ListKeys", "kms:ListKeys").await;
}

/// Each read of what exists: denied, told, nothing written, and well again when it is allowed.
async fn every_read_is_needed(world: &World, kind: &str, name: &str, reads: &[(&str, &str, &str)]) {
    for (service, operation, permission) in reads {
        world.deny(service, operation).await;
        let start = world.now().await;
        world.pass_until_unready(kind, name, "AccessDenied", permission).await;
        assert_eq!(world.writes(start).await, NOTHING, "{permission} denied");
        world.clear_faults().await;
        world.pass_until_ready(kind, name).await;
        assert_eq!(world.writes(start).await, NOTHING, "{permission} allowed again");
    }
}

#[tokio::test]
async fn every_read_of_an_archive_is_told_when_it_is_denied() {
    let world = World::ready("archive-reads").await;
    let reads = [
        ("kms", "DescribeKey", "kms:DescribeKey"),
        ("kms", "ListResourceTags", "kms:ListResourceTags"),
        ("kms", "GetKeyPolicy", "kms:GetKeyPolicy"),
        ("kms", "GetKeyRotationStatus", "kms:GetKeyRotationStatus"),
        ("s3", "HeadBucket", "s3:ListBucket"),
        ("s3", "GetBucketOwnershipControls", "s3:GetBucketOwnershipControls"),
        ("s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
        ("s3", "GetBucketPolicy", "s3:GetBucketPolicy"),
        ("s3", "GetBucketVersioning", "s3:GetBucketVersioning"),
        ("s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration"),
        ("s3", "GetBucketTagging", "s3:GetBucketTagging"),
        ("s3", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
        ("s3", "GetBucketRequestPayment", "s3:GetBucketRequestPayment"),
        ("s3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
        ("s3", "GetBucketLogging", "s3:GetBucketLogging"),
        ("s3", "GetBucketReplication", "s3:GetReplicationConfiguration"),
    ];
    every_read_is_needed(&world, "LogArchive", "logs", &reads).await;
}

#[tokio::test]
async fn every_read_of_a_trail_is_told_when_it_is_denied() {
    let world = World::ready("trail-reads").await;
    // Selectors of one's own, Insights and data events, since what is default needs no read.
    let events = json!({ "data": [{ "resourceType": "AWS::Lambda::Function" }], "insights": [{ "type": "ApiCallRate" }] });
    world.patch_spec("Trail", "audit", json!({ "events": events })).await;
    world.wait_ready("Trail", "audit").await;
    let delivery = json!({ "cloudWatchLogs": { "logGroup": {}, "role": {} }, "notices": {} });
    world.patch_spec("Trail", "audit", delivery).await;
    world.wait_ready("Trail", "audit").await;
    let reads = [
        ("logs", "DescribeLogGroups", "logs:DescribeLogGroups"),
        ("logs", "ListTagsForResource", "logs:ListTagsForResource"),
        ("iam", "GetRole", "iam:GetRole"),
        ("iam", "GetRolePolicy", "iam:GetRolePolicy"),
        ("sns", "GetTopicAttributes", "sns:GetTopicAttributes"),
        ("sns", "ListTagsForResource", "sns:ListTagsForResource"),
        ("cloudtrail", "DescribeTrails", "cloudtrail:DescribeTrails"),
        ("cloudtrail", "ListTags", "cloudtrail:ListTags"),
        ("cloudtrail", "GetTrailStatus", "cloudtrail:GetTrailStatus"),
        ("cloudtrail", "GetEventSelectors", "cloudtrail:GetEventSelectors"),
        ("cloudtrail", "GetInsightSelectors", "cloudtrail:GetInsightSelectors"),
        ("cloudtrail", "GetEventConfiguration", "cloudtrail:GetEventConfiguration"),
    ];
    every_read_is_needed(&world, "Trail", "audit", &reads).await;
}

/// Denies each write in turn, in the order of the plan: the one before it was done by then.
async fn every_write_is_needed(world: &World, kind: &str, name: &str, writes: &[(&str, &str, &str)]) {
    for (service, operation, permission) in writes {
        world.clear_faults().await;
        world.deny(service, operation).await;
        world.pass_until_unready(kind, name, "AccessDenied", permission).await;
        world.wait_stalled(kind, name, "AccessDenied").await;
    }
    world.clear_faults().await;
    world.pass_until_ready(kind, name).await;
}

#[tokio::test]
async fn every_write_is_told_when_it_is_denied() {
    let world = World::with_account("writes").await;
    let key = [
        ("kms", "CreateKey", "kms:CreateKey"),
        ("kms", "CreateAlias", "kms:CreateAlias"),
        ("kms", "EnableKeyRotation", "kms:EnableKeyRotation"),
        ("s3", "CreateBucket", "s3:CreateBucket"),
        ("s3", "PutBucketPolicy", "s3:PutBucketPolicy"),
        ("s3", "PutBucketVersioning", "s3:PutBucketVersioning"),
        ("s3", "PutBucketEncryption", "s3:PutEncryptionConfiguration"),
        ("s3", "PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    ];
    let (service, operation, _) = key[0];
    world.deny(service, operation).await;
    world.apply(&world.archive_manifest("logs")).await;
    every_write_is_needed(&world, "LogArchive", "logs", &key).await;

    let events = json!({ "events": { "management": { "excludeKms": true } } });
    world.deny("cloudtrail", "CreateTrail").await;
    world.apply(&with(world.trail_manifest("audit", "logs"), events)).await;
    world.wait_ready("LogArchive", "logs").await;
    let trail = [
        ("cloudtrail", "CreateTrail", "cloudtrail:CreateTrail"),
        ("cloudtrail", "PutEventSelectors", "cloudtrail:PutEventSelectors"),
        ("cloudtrail", "StartLogging", "cloudtrail:StartLogging"),
    ];
    every_write_is_needed(&world, "Trail", "audit", &trail).await;
    let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await.unwrap();
    assert_eq!(status.is_logging(), Some(true));
    let keys = world.kms.list_keys().send().await.unwrap().keys.unwrap();
    assert_eq!(keys.len(), 1, "what was made before a denial is found again");
}
