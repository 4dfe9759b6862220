//! Delivery that fails and recovers, where it is not ours to repair: a bucket or key that somebody else keeps.

use crate::support::{World, is_true};
use anyhow::ensure;
use serde_json::{Value, json};

/// A trail to a bucket of others, encrypted with a key of others, that has delivered.
async fn delivering(topic: &str) -> (World, String, String) {
    let world = World::with_account(topic).await;
    let bucket = format!("others-{}", world.account);
    world.create_bucket(&bucket).await;
    world.open_bucket(&bucket).await;
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", world.account) }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": ["kms:GenerateDataKey*", "kms:DescribeKey", "kms:Decrypt"],
          "Resource": "*", "Condition": { "StringEquals": { "aws:SourceArn": world.trail_arn("audit") } } },
    ] });
    let key = world.kms.create_key().policy(policy.to_string()).send().await.unwrap().key_metadata.unwrap().arn.unwrap();
    world.apply(&world.external_trail("audit", json!({ "name": bucket, "kmsKey": key }))).await;
    world.wait_ready("Trail", "audit").await;
    wait_delivering(&world).await;
    (world, bucket, key)
}

/// Asks for passes until the trail is told to deliver, and is Ready.
async fn wait_delivering(world: &World) {
    let attempt = async || {
        let trail = world.request_pass("Trail", "audit").await;
        ensure!(is_true(&trail, "Delivering") && is_true(&trail, "Ready"), "{}", trail.data["status"]);
        Ok(())
    };
    trailkeeper_lab::wait_for("delivery", std::time::Duration::from_secs(240), attempt).await.unwrap();
}

/// The trail says that delivery fails with AWS's `code`, and says so once, whatever the number of passes.
async fn wait_failing(world: &World, code: &str) {
    world.pass_until_unready("Trail", "audit", "DeliveryFailing", code).await;
    world.wait_event("Trail", "audit", "DeliveryFailing", &[code, &world.account]).await;
    world.request_pass("Trail", "audit").await;
    let told = world.events("Trail", "audit").await.into_iter().filter(|event| event.reason == "DeliveryFailing").count();
    assert_eq!(told, 1);
}

async fn wait_recovered(world: &World) {
    wait_delivering(world).await;
    world.wait_event("Trail", "audit", "DeliveryRecovered", &["delivers again", &world.account]).await;
}

#[tokio::test]
async fn a_bucket_policy_that_shuts_cloudtrail_out_is_told_and_its_repair_too() {
    let (world, bucket, _) = delivering("policy").await;
    let start = world.now().await;
    world.s3.delete_bucket_policy().bucket(&bucket).send().await.unwrap();
    wait_failing(&world, "AccessDenied").await;
    world.open_bucket(&bucket).await;
    wait_recovered(&world).await;
    assert_eq!(world.writes(start).await, [] as [&str; 0], "what others keep is theirs to repair");
}

#[tokio::test]
async fn a_key_that_is_disabled_is_told_and_its_repair_too() {
    let (world, _, key) = delivering("key").await;
    world.kms.disable_key().key_id(&key).send().await.unwrap();
    world.pass_until_unready("Trail", "audit", "KeyUnusable", "is disabled").await;
    world.wait_event("Trail", "audit", "DeliveryFailing", &["KMS.DisabledException"]).await;
    world.kms.enable_key().key_id(&key).send().await.unwrap();
    wait_recovered(&world).await;
}

#[tokio::test]
async fn in_observe_mode_a_broken_archive_is_told_and_not_repaired() {
    let world = World::ready("observed").await;
    wait_delivering(&world).await;
    for (kind, name) in [("LogArchive", "logs"), ("Trail", "audit")] {
        world.patch_spec(kind, name, json!({ "mode": "Observe" })).await;
        world.wait_ready(kind, name).await;
    }
    let bucket = world.bucket("logs");
    let policy = world.s3.get_bucket_policy().bucket(&bucket).send().await.unwrap().policy.unwrap();
    let mut broken: Value = serde_json::from_str(&policy).unwrap();
    broken["Statement"].as_array_mut().unwrap().retain(|statement| statement["Effect"] == "Deny");
    let start = world.now().await;
    world.s3.put_bucket_policy().bucket(&bucket).policy(broken.to_string()).send().await.unwrap();
    wait_failing(&world, "AccessDenied").await;
    assert_eq!(world.writes(start).await, [] as [&str; 0]);
    world.s3.put_bucket_policy().bucket(&bucket).policy(policy).send().await.unwrap();
    wait_recovered(&world).await;
}
