//! The key of a bucket that somebody else keeps: looked at, judged, never edited.

use crate::support::World;
use crate::support::manifests::with;
use serde_json::{Value, json};

/// A key in this account, open to CloudTrail or not, with an alias.
async fn key(world: &World, alias: &str, open: bool) -> String {
    let mut policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", world.account) }, "Action": "kms:*", "Resource": "*" },
    ] });
    if open {
        policy["Statement"].as_array_mut().unwrap().push(letting_in(world));
    }
    let made = world.kms.create_key().policy(policy.to_string()).send().await.unwrap().key_metadata.unwrap();
    world.kms.create_alias().alias_name(alias).target_key_id(made.key_id()).send().await.unwrap();
    made.arn.unwrap()
}

fn letting_in(world: &World) -> Value {
    json!({ "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"],
            "Resource": "*", "Condition": { "StringEquals": { "aws:SourceArn": world.trail_arn("audit") } } })
}

/// The trail `audit` to a bucket of others.
async fn trail(world: &World, kms_key: &str) -> Value {
    let bucket = format!("others-{}", world.account);
    world.create_bucket(&bucket).await;
    world.open_bucket(&bucket).await;
    world.external_trail("audit", json!({ "name": bucket, "kmsKey": kms_key }))
}

async fn kms_key_of_the_trail(world: &World) -> Option<String> {
    world.cloudtrail.get_trail().name(world.trail_arn("audit")).send().await.unwrap().trail.unwrap().kms_key_id
}

#[tokio::test]
async fn no_trail_is_made_with_a_key_that_cannot_serve() {
    let world = World::with_account("key-unusable").await;
    let manifest = trail(&world, "alias/audit").await;
    world.apply(&manifest).await;
    world.wait_unready("Trail", "audit", "KeyUnusable", "there is no KMS key alias/audit").await;
    world.wait_stalled("Trail", "audit", "KeyUnusable").await;
    world.wait_event("Trail", "audit", "KeyUnusable", &["alias/audit"]).await;

    let arn = key(&world, "alias/audit", false).await;
    world.pass_until_unready("Trail", "audit", "KeyUnusable", "does not let cloudtrail.amazonaws.com use kms:GenerateDataKey*").await;
    let open = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", world.account) }, "Action": "kms:*", "Resource": "*" },
        letting_in(&world),
    ] });
    world.kms.put_key_policy().key_id(&arn).policy_name("default").policy(open.to_string()).send().await.unwrap();
    world.kms.schedule_key_deletion().key_id(&arn).pending_window_in_days(7).send().await.unwrap();
    world.pass_until_unready("Trail", "audit", "KeyUnusable", "waits for its deletion").await;
    world.kms.cancel_key_deletion().key_id(&arn).send().await.unwrap();
    world.pass_until_unready("Trail", "audit", "KeyUnusable", "is disabled").await;
    assert_eq!(world.writes(0).await, Vec::<String>::new(), "nothing is written meanwhile, the key least of all");

    world.kms.enable_key().key_id(&arn).send().await.unwrap();
    world.pass_until_ready("Trail", "audit").await;
    assert_eq!(kms_key_of_the_trail(&world).await, Some(arn));
}

#[tokio::test]
async fn a_trail_is_not_moved_onto_a_key_that_cannot_serve_and_is_kept_otherwise() {
    let world = World::with_account("key-move").await;
    let first = key(&world, "alias/first", true).await;
    key(&world, "alias/second", false).await;
    let manifest = trail(&world, "alias/first").await;
    world.apply(&manifest).await;
    world.wait_ready("Trail", "audit").await;
    world.apply(&with(manifest, json!({ "bucket": { "kmsKey": "alias/second" } }))).await;
    world.wait_unready("Trail", "audit", "KeyUnusable", "does not let cloudtrail.amazonaws.com").await;
    world.cloudtrail.stop_logging().name(world.trail_arn("audit")).send().await.unwrap();
    let is_logging = async || {
        world.request_pass("Trail", "audit").await;
        let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await?;
        anyhow::ensure!(status.is_logging == Some(true), "it does not log");
        Ok(())
    };
    trailkeeper_lab::wait_for("logging to be put back", std::time::Duration::from_secs(240), is_logging).await.unwrap();
    assert_eq!(kms_key_of_the_trail(&world).await, Some(first));
}

/// What may not be looked at is not judged, and holds nothing up.
#[tokio::test]
async fn a_key_policy_that_may_not_be_read_is_told_and_blocks_nothing() {
    let world = World::with_account("key-denied").await;
    world.deny("kms", "GetKeyPolicy").await;
    let arn = key(&world, "alias/audit", true).await;
    world.apply(&trail(&world, &arn).await).await;
    world.wait_unready("Trail", "audit", "AccessDenied", "kms:GetKeyPolicy").await;
    assert_eq!(kms_key_of_the_trail(&world).await, Some(arn));
    world.clear_faults().await;
    world.pass_until_ready("Trail", "audit").await;
}
