//! What AWS refuses: for a while, until the spec changes, or until somebody makes room.

use crate::support::World;
use crate::support::world::REGION;
use serde_json::json;

#[tokio::test]
async fn an_external_bucket_is_waited_for_until_it_lets_the_trail_in() {
    let world = World::with_account("external").await;
    let bucket = format!("others-{}", world.account);
    world.apply(&world.external_trail("audit", json!({ "name": bucket }))).await;
    world.wait_unready("Trail", "audit", "WaitingForDependency", "Create the bucket, or refer to a LogArchive").await;
    world.create_bucket(&bucket).await;
    world.wait_unready("Trail", "audit", "WaitingForDependency", "Let CloudTrail in by the bucket policy").await;
    world.open_bucket(&bucket).await;
    world.wait_ready("Trail", "audit").await;
    let touched: Vec<_> = world.writes(0).await.into_iter().filter(|write| write.starts_with("s3:")).collect();
    assert_eq!(touched, [] as [&str; 0], "a bucket of others is never edited");
}

#[tokio::test]
async fn what_aws_finds_invalid_is_not_tried_again_until_the_spec_changes() {
    let world = World::ready("invalid").await;
    let start = world.now().await;
    world.patch_spec("Trail", "audit", json!({ "snsTopic": "no topic!" })).await;
    world.wait_stalled("Trail", "audit", "InvalidSpec").await;
    world.wait_unready("Trail", "audit", "InvalidSpec", "nothing is tried again until it changes").await;
    world.wait_event("Trail", "audit", "InvalidSpec", &["InvalidSnsTopicName"]).await;
    world.patch_spec("Trail", "audit", json!({ "snsTopic": null })).await;
    world.wait_ready("Trail", "audit").await;
    assert_eq!(world.writes(start).await, ["cloudtrail:UpdateTrail"], "tried once");
}

#[tokio::test]
async fn a_full_region_is_told_and_used_once_there_is_room() {
    let world = World::with_account("full").await;
    let bucket = format!("others-{}", world.account);
    world.create_bucket(&bucket).await;
    world.open_bucket(&bucket).await;
    let theirs = |number: usize| format!("theirs-{number}");
    for number in 0..5 {
        world.cloudtrail.create_trail().name(theirs(number)).s3_bucket_name(&bucket).send().await.unwrap();
    }
    world.apply(&world.external_trail("audit", json!({ "name": bucket }))).await;
    world.wait_stalled("Trail", "audit", "QuotaExceeded").await;
    world.wait_unready("Trail", "audit", "QuotaExceeded", "AWS allows 5 trails per Region").await;
    world.cloudtrail.delete_trail().name(theirs(0)).send().await.unwrap();
    world.pass_until_ready("Trail", "audit").await;
}

#[tokio::test]
async fn a_trail_of_the_same_name_at_home_elsewhere_is_left_alone() {
    let world = World::with_account("elsewhere").await;
    let bucket = format!("others-{}", world.account);
    world.create_bucket(&bucket).await;
    world.open_bucket(&bucket).await;
    let far = world.cloudtrail_in("us-east-1");
    far.create_trail().name("audit").s3_bucket_name(&bucket).is_multi_region_trail(true).send().await.unwrap();
    let start = world.now().await;
    world.apply(&world.external_trail("audit", json!({ "name": bucket }))).await;
    world.wait_stalled("Trail", "audit", "InvalidSpec").await;
    world.wait_unready("Trail", "audit", "InvalidSpec", "HomeRegionDiffers: a trail of this name has its home in us-east-1").await;
    assert_eq!(world.writes(start).await, [] as [&str; 0]);
    let trails = world.control.trails(&world.account).await.unwrap();
    assert_eq!(trails.len(), 1, "no second one in {REGION}");
}
