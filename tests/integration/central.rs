//! A central archive: more trails than one policy has room for statement by statement.

use crate::support::manifests::with;
use crate::support::{World, condition};
use anyhow::ensure;
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use trailkeeper_lab::wait_for;

const SOON: Duration = Duration::from_secs(240);

async fn policy(home: &World) -> Value {
    let found = home.s3.get_bucket_policy().bucket(home.bucket("logs")).send().await.unwrap().policy.unwrap();
    assert!(found.len() <= 20_480, "{} bytes", found.len());
    serde_json::from_str(&found).unwrap()
}

/// AWS allows five trails in a Region.
const NAMES: [&str; 5] =
    ["audit-of-everything-1", "audit-of-everything-2", "audit-of-everything-3", "audit-of-everything-4", "audit-of-everything-5"];

#[tokio::test]
async fn forty_trails_of_eight_accounts_share_the_statements_of_one_policy() {
    let home = World::with_account("central").await;
    let guests = join_all((0..7).map(|_| World::with_account("member"))).await;
    let archive = with(home.archive_manifest("logs"), json!({ "allowedNamespaces": { "names": ["*"] } }));
    home.apply(&archive).await;
    let mut trails = Vec::new();
    for world in guests.iter().chain([&home]) {
        for name in NAMES {
            let place = json!({ "archiveRef": { "name": "logs", "namespace": home.namespace }, "deletionPolicy": "Delete" });
            world.apply(&with(world.trail_manifest(name, "logs"), place)).await;
            trails.push((world, name));
        }
    }
    join_all(trails.iter().map(|(world, name)| world.wait_ready("Trail", name))).await;
    let ready = home.wait_ready("LogArchive", "logs").await;
    assert_eq!(ready.data["status"]["policyForm"], "Merged", "{}", ready.data["status"]);
    assert_eq!(ready.data["status"]["writers"].as_array().unwrap().len(), 40);
    let text = policy(&home).await.to_string();
    assert!(trails.iter().all(|(world, name)| text.contains(&world.trail_arn(name))));
    let start = home.now().await;
    home.request_pass("LogArchive", "logs").await;
    assert_eq!(home.writes(start).await, [] as [&str; 0], "a second pass writes");

    // One trail is deleted, and is let in no more; a few left, each has its own statements again.
    let (gone, stays) = trails.split_at(35);
    for (world, name) in gone {
        world.delete("Trail", name).await;
    }
    join_all(gone.iter().map(|(world, name)| world.wait_gone("Trail", name))).await;
    let attempt = async || {
        let object = home.get("LogArchive", "logs").await;
        ensure!(object.data["status"]["policyForm"] == "PerTrail", "{}", object.data["status"]["policyForm"]);
        let text = policy(&home).await.to_string();
        ensure!(stays.iter().all(|(world, name)| text.contains(&world.trail_arn(name))), "one that stays is locked out");
        ensure!(!gone.iter().any(|(world, name)| text.contains(&world.trail_arn(name))), "one that is gone is let in");
        Ok(())
    };
    wait_for("the policy of five trails", SOON, attempt).await.unwrap_or_else(|error| panic!("{error:#}"));
}

/// A trail with the longest names that AWS takes, which only has to be counted as a writer.
fn longest(home: &World, number: usize) -> Value {
    let name = format!("trail-{number:03}-{}", "n".repeat(118));
    let prefix = format!("{number:03}-{}", "p".repeat(196));
    with(home.trail_manifest(&name, "logs"), json!({ "suspend": true, "keyPrefix": prefix }))
}

/// Waits until the operator knows of all that happened to Trails until now: it hears of them in order.
async fn trails_are_seen(home: &World) {
    home.request_pass("Trail", "audit").await;
}

#[tokio::test]
async fn more_trails_than_any_policy_can_let_in_is_said_so_and_nobody_is_locked_out() {
    let home = World::ready("central-full").await;
    let before = policy(&home).await;
    let crowd: Vec<Value> = (0..100).map(|number| longest(&home, number)).collect();
    // All at once, as after a restart: one by one, the first of them would still be let in.
    home.patch_spec("LogArchive", "logs", json!({ "suspend": true })).await;
    home.wait_stalled("LogArchive", "logs", "Suspended").await;
    join_all(crowd.iter().map(|trail| home.apply(trail))).await;
    trails_are_seen(&home).await;
    home.patch_spec("LogArchive", "logs", json!({ "suspend": false })).await;
    let full = |object: &kube::api::DynamicObject| {
        let (status, reason, message) = condition(object, "Stalled").unwrap_or_default();
        ensure!(status == "True" && reason == "QuotaExceeded", "Stalled is {status}: {reason}: {message}");
        for words in ["s3:PutBucketPolicy", "PolicyTooLarge", "101 trails", "of the 20480 that S3 allows", "several LogArchives"] {
            ensure!(message.contains(words), "it lacks {words:?}: {message}");
        }
        Ok(())
    };
    home.wait("LogArchive", "logs", "to have no room", full).await;
    let bucket = home.bucket("logs");
    home.wait_event("LogArchive", "logs", "QuotaExceeded", &["PolicyTooLarge", &bucket]).await;
    assert_eq!(policy(&home).await, before, "who was let in before is let in still");

    // With fewer trails there is room again.
    home.patch_spec("LogArchive", "logs", json!({ "suspend": true })).await;
    home.wait_stalled("LogArchive", "logs", "Suspended").await;
    let name = |trail: &Value| trail["metadata"]["name"].as_str().unwrap().to_owned();
    join_all(crowd.iter().map(async |trail| home.delete("Trail", &name(trail)).await)).await;
    join_all(crowd.iter().map(async |trail| home.wait_gone("Trail", &name(trail)).await)).await;
    trails_are_seen(&home).await;
    home.patch_spec("LogArchive", "logs", json!({ "suspend": false })).await;
    home.pass_until_ready("LogArchive", "logs").await;
    assert_eq!(policy(&home).await, before);
}
