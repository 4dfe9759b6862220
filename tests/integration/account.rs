//! What an AwsAccount tells of its account: its Regions, its trails, and what they cover.

use crate::support::World;
use crate::support::manifests::with;
use crate::support::world::REGION;
use serde_json::json;
use std::time::Duration;
use trailkeeper_lab::wait_for;

const PATIENCE: Duration = Duration::from_secs(240);

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
    tokio::time::sleep(Duration::from_secs(2)).await; // an answer is good for that long
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

fn coverage<'a>(object: &'a kube::api::DynamicObject, region: &str) -> &'a serde_json::Value {
    let groups = object.data["status"]["coverage"].as_array().unwrap();
    groups.iter().find(|group| group["regions"].as_array().unwrap().iter().any(|one| one == region)).unwrap()
}

#[tokio::test]
async fn every_trail_is_told_with_who_looks_after_it_and_what_it_covers() {
    let world = World::new("inventory").await;
    let account = with(world.account_manifest(), json!({ "regions": [REGION, "us-east-1"], "managementEventsPerMonth": 1_000_000 }));
    world.apply(&account).await;
    let name = world.account_name();
    let object = world.wait_ready("AwsAccount", &name).await;
    assert_eq!(
        (&object.data["status"]["trailsFound"], &object.data["status"]["blindRegions"]),
        (&json!(0), &json!(2)),
        "{}",
        object.data["status"]
    );
    world.wait_event("AwsAccount", &name, "BlindSpot", &["ManagementWrite", "us-east-1", REGION]).await;

    world.apply(&world.archive_manifest("logs")).await;
    world.apply(&world.trail_manifest("audit", "logs")).await;
    world.wait_ready("Trail", "audit").await;
    let covered = |object: &kube::api::DynamicObject| {
        let status = &object.data["status"];
        let trail = &status["trails"][0];
        anyhow::ensure!(trail["managedBy"] == format!("{}/audit", world.namespace), "not managed by it");
        anyhow::ensure!(trail["managed"] == "Yes" && trail["logging"] == "Yes" && status["blindRegions"] == 0, "blind");
        anyhow::ensure!(coverage(object, "us-east-1")["managementRead"]["trails"] == json!([world.trail_arn("audit")]), "not covered");
        Ok(())
    };
    let object = world.wait("AwsAccount", &name, "to tell of its trail", covered).await;
    assert!(object.data["status"].get("paidCopies").is_none() && object.data["status"].get("inventoryUnknown").is_none());

    // Another trail, in one Region, that nobody declared.
    let bucket = format!("theirs-{}", world.account);
    world.create_bucket(&bucket).await;
    world.open_bucket(&bucket).await;
    world.cloudtrail.create_trail().name("theirs").s3_bucket_name(&bucket).send().await.unwrap();
    world.cloudtrail.start_logging().name("theirs").send().await.unwrap();
    let since = world.now().await;
    let object = world.request_pass("AwsAccount", &name).await;
    world.wait_event("AwsAccount", &name, "UnmanagedTrailFound", &["theirs", REGION]).await;
    let status = &object.data["status"];
    assert_eq!(status["trailsFound"], 2, "{status}");
    assert_eq!((&status["trails"][1]["managed"], &status["trails"][1]["bucket"]), (&json!("No"), &json!(bucket)));
    assert_eq!((&status["paidCopies"]["copies"], &status["paidCopies"]["regions"]), (&json!(1), &json!([REGION])));
    assert!(status["paidCopies"]["cost"].as_str().unwrap().starts_with("up to USD 20.00 a month"), "{status}");
    assert_eq!(world.writes(since).await, [] as [&str; 0]);
    // A pass that nothing else joins: the index of Trails may still bring one of its own.
    let costs = async || {
        let since = world.now().await;
        world.request_pass("AwsAccount", &name).await;
        let mut reads = world.reads(since).await;
        reads.retain(|read| read.starts_with("cloudtrail:"));
        reads.sort();
        let expected = ["DescribeTrails", "DescribeTrails", "GetTrailStatus", "GetTrailStatus", "ListTags"];
        anyhow::ensure!(reads == expected.map(|read| format!("cloudtrail:{read}")), "it read {reads:?}");
        Ok(())
    };
    wait_for("a pass that costs what docs/inventory.md says", PATIENCE, costs).await.unwrap();
    let told = world.events("AwsAccount", &name).await;
    world.request_pass("AwsAccount", &name).await;
    assert_eq!(world.events("AwsAccount", &name).await, told, "what lasts is told once");
}

#[tokio::test]
async fn what_may_not_be_listed_is_unknown_and_no_blind_spot() {
    let world = World::new("hidden").await;
    world.deny("cloudtrail", "DescribeTrails").await;
    world.apply(&with(world.account_manifest(), json!({ "regions": [REGION] }))).await;
    let object = world.wait_ready("AwsAccount", &world.account_name()).await;
    let status = &object.data["status"];
    assert_eq!(coverage(&object, REGION)["managementWrite"]["recorded"], "Unknown", "{status}");
    assert_eq!((&status["blindRegions"], status.get("blindSpots")), (&json!(0), None), "{status}");
    assert!(status["inventoryUnknown"].as_str().unwrap().contains("Allow cloudtrail:DescribeTrails"), "{status}");
    assert_eq!(world.events("AwsAccount", &world.account_name()).await, []);
}

#[tokio::test]
async fn whether_the_account_is_closed_to_the_public_is_judged() {
    let world = World::new("account-block").await;
    world.apply(&with(world.account_manifest(), json!({ "regions": [REGION] }))).await;
    let name = world.account_name();
    world.wait_ready("AwsAccount", &name).await;
    let verdict = async || {
        let since = world.now().await;
        let object = world.request_pass("AwsAccount", &name).await;
        let asked = world.reads(since).await.iter().filter(|read| *read == "s3:GetAccountPublicAccessBlock").count();
        assert!(asked >= 1, "not asked");
        let findings = object.data["status"]["findings"].as_array().cloned().unwrap_or_default();
        findings.into_iter().find(|finding| finding["rule"] == "TK-BUCKET-005")
    };
    assert_eq!(verdict().await.unwrap()["result"], "Fail");
    trailkeeper_lab::aws::block_public_access(&world.endpoint(), &world.account, true).await.unwrap();
    assert_eq!(verdict().await, None);
    world.deny("s3", "GetAccountPublicAccessBlock").await;
    let unknown = verdict().await.unwrap();
    assert_eq!(unknown["result"], "Unknown");
    assert!(unknown["message"].as_str().unwrap().contains("Allow s3:GetAccountPublicAccessBlock"), "{unknown}");
    assert!(crate::support::is_true(&world.get("AwsAccount", &name).await, "Ready"));
}
