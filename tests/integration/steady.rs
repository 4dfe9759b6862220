//! What a pass costs when nothing is amiss.

use crate::support::World;
use anyhow::{Result, ensure};
use futures::future::join_all;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use std::time::Duration;
use trailkeeper_lab::wait_for;

const PATIENCE: Duration = Duration::from_secs(240);

/// Waits until a log file has been delivered and told: the first one is news, and news are written.
async fn delivered(world: &World, trail: &str) {
    let attempt = async || {
        world.control.deliver().await?;
        let object = world.request_pass("Trail", trail).await;
        ensure!(object.data["status"]["lastDeliveryTime"].is_string(), "nothing delivered: {}", object.data["status"]);
        Ok(())
    };
    wait_for("a first log file", PATIENCE, attempt).await.unwrap();
}

/// The status but for the answer to a request, and the times that go along when it is written for that.
fn lasting(object: &DynamicObject) -> Value {
    let mut status = object.data["status"].clone();
    for field in ["lastHandledReconcileAt", "lastVerifiedTime", "lastDeliveryTime", "lastDigestDeliveryTime"] {
        status.as_object_mut().unwrap().remove(field);
    }
    status
}

/// Waits until the account has looked at these trails: it does so when they come into force.
async fn inventoried(world: &World, trails: usize) {
    world
        .wait("AwsAccount", &world.account_name(), "to have looked at the trails", |object| {
            let found = object.data["status"]["trails"].as_array().cloned().unwrap_or_default();
            let kept = found.iter().filter(|trail| trail["managed"] == "Yes" && trail["logging"] == "Yes").count();
            ensure!(kept == trails, "it has {found:?}");
            Ok(())
        })
        .await;
}

/// Counts that a pass may reach only when what an earlier one read is forgotten.
async fn passes_that_read_anew(world: &World, trails: &[&str]) -> Vec<String> {
    wait_for("a pass that asks for the trails", PATIENCE, async || {
        let since = world.now().await;
        join_all(trails.iter().map(|trail| world.request_pass("Trail", trail))).await;
        let reads = world.reads(since).await;
        assert_eq!(world.writes(since).await, Vec::<String>::new());
        ensure!(reads.iter().any(|read| read == "cloudtrail:DescribeTrails"), "only {reads:?}");
        Ok(reads)
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_pass_of_a_plain_trail_costs_three_reads_and_tells_nothing() {
    let world = World::ready("steady").await;
    inventoried(&world, 1).await;
    delivered(&world, "audit").await;
    let before = world.request_pass("Trail", "audit").await;
    let told = world.events("Trail", "audit").await;

    let mut reads = passes_that_read_anew(&world, &["audit"]).await;
    reads.sort();
    assert_eq!(reads, ["cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:ListTags"]);

    assert_eq!(lasting(&world.get("Trail", "audit").await), lasting(&before));
    assert_eq!(world.events("Trail", "audit").await, told);
}

#[tokio::test]
async fn a_pass_of_an_archive_writes_nothing_and_tells_nothing() {
    let world = World::ready("steady-archive").await;
    let before = world.request_pass("LogArchive", "logs").await;
    let told = world.events("LogArchive", "logs").await;
    let since = world.now().await;
    let after = world.request_pass("LogArchive", "logs").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    assert_eq!(lasting(&after), lasting(&before));
    assert_eq!(world.events("LogArchive", "logs").await, told);
}

/// Nobody asks: two passes come by the interval, and the object in the API server stays as it is to the last byte.
#[tokio::test]
async fn a_pass_by_interval_writes_nothing_to_kubernetes() {
    let world = World::ready("interval").await;
    world.patch_spec("Trail", "audit", json!({ "interval": "30s" })).await;
    world.wait_ready("Trail", "audit").await;
    delivered(&world, "audit").await;
    let before = world.get("Trail", "audit").await;
    let since = world.now().await;
    wait_for("two passes by interval", PATIENCE, async || -> Result<()> {
        let reads = world.reads(since).await;
        let passes = reads.iter().filter(|read| *read == "cloudtrail:GetTrailStatus").count();
        ensure!(passes >= 2, "{passes} passes");
        Ok(())
    })
    .await
    .unwrap();
    // The second pass began after the first had written whatever it had to.
    assert_eq!(world.get("Trail", "audit").await.data, before.data);
    assert_eq!(world.get("Trail", "audit").await.metadata.resource_version, before.metadata.resource_version);
    assert_eq!(world.writes(since).await, Vec::<String>::new());
}

#[tokio::test]
async fn five_trails_of_one_account_share_their_reads() {
    let world = World::with_account("five").await;
    let trails = ["one", "two", "three", "four", "five"];
    world.apply(&world.archive_manifest("logs")).await;
    for trail in trails {
        world.apply(&world.trail_manifest(trail, "logs")).await;
    }
    join_all(trails.map(|trail| world.wait_ready("Trail", trail))).await;
    inventoried(&world, trails.len()).await;
    let reads = passes_that_read_anew(&world, &trails).await;
    let count = |operation: &str| reads.iter().filter(|read| *read == operation).count();
    assert_eq!(count("cloudtrail:DescribeTrails"), 1, "{reads:?}");
    assert_eq!(count("cloudtrail:ListTags"), 1, "{reads:?}");
    assert_eq!(count("cloudtrail:GetTrailStatus"), 5, "{reads:?}");
    assert_eq!(reads.len(), 7, "{reads:?}");
}
