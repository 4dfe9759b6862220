//! A central archive: more trails than one policy has room for statement by statement.

use crate::support::World;
use crate::support::manifests::with;
use anyhow::ensure;
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use trailkeeper_lab::wait_for;

const SOON: Duration = Duration::from_secs(90);

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
