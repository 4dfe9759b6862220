//! What an AwsAccount tells of its account: its Regions.

use crate::support::World;
use crate::support::manifests::with;
use crate::support::world::REGION;
use serde_json::json;

fn regions(object: &kube::api::DynamicObject) -> Vec<&str> {
    object.data["status"]["regions"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
}

#[tokio::test]
async fn the_regions_that_are_on_are_told_and_followed() {
    let world = World::with_account("regions").await;
    let name = world.account_name();
    let object = world.wait_ready("AwsAccount", &name).await;
    let before = regions(&object);
    assert!(before.len() == 17 && before.contains(&"us-east-1") && !before.contains(&"eu-south-1"), "{before:?}");

    world.aws(&["account", "enable-region", "--region-name", "eu-south-1"]);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await; // an answer is good for that long
    let object = world.request_pass("AwsAccount", &name).await;
    assert!(regions(&object).contains(&"eu-south-1") && regions(&object).len() == 18, "{}", object.data["status"]);

    world.apply(&with(world.account_manifest(), json!({ "regions": ["us-east-1", "eu-central-1"] }))).await;
    let since = world.now().await;
    let object = world.request_pass("AwsAccount", &name).await;
    assert_eq!(regions(&object), ["eu-central-1", "us-east-1"]);
    assert!(!world.reads(since).await.contains(&"account:ListRegions".to_owned()), "what is declared is not asked for");
}

#[tokio::test]
async fn regions_that_may_not_be_asked_for_are_unknown() {
    let world = World::new("no-regions").await;
    world.deny("account", "ListRegions").await;
    world.apply(&world.account_manifest()).await;
    let object = world.wait_ready("AwsAccount", &world.account_name()).await;
    assert_eq!(regions(&object), [REGION], "spec.region at least");
    let why = object.data["status"]["regionsUnknown"].as_str().unwrap();
    assert!(why.contains("Allow account:ListRegions"), "{why}");
}
