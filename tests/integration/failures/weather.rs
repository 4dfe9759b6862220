//! What passes by itself: throttling, errors of AWS, connections that are cut before or after a call took effect.

use crate::support::{World, condition};
use anyhow::{anyhow, ensure};
use trailkeeper_sim::faults::FaultKind;

#[tokio::test]
async fn throttling_takes_nothing_from_ready_and_passes() {
    let world = World::ready("throttled").await;
    world.fault("kms", "*", FaultKind::Throttle, None).await;
    world.request_pass("LogArchive", "logs").await;
    let archive = world
        .wait("LogArchive", "logs", "to be told of throttling", |archive| {
            let (status, reason, _) = condition(archive, "Reconciling").ok_or_else(|| anyhow!("no condition Reconciling"))?;
            ensure!(status == "True" && reason == "Throttled", "Reconciling is {status}: {reason}");
            Ok(())
        })
        .await;
    assert_eq!(condition(&archive, "Ready").unwrap().0, "True", "nothing is known to be wrong");
    world.clear_faults().await;
    // By itself: nobody asks for a pass.
    world
        .wait("LogArchive", "logs", "to be done", |archive| {
            ensure!(condition(archive, "Reconciling").is_none(), "it is still Reconciling");
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn a_trail_is_created_through_throttling() {
    let world = World::with_account("throttled").await;
    // More than the SDK tries in one go, so that passes must come again.
    world.fault("cloudtrail", "CreateTrail", FaultKind::Throttle, Some(4)).await;
    world.apply(&world.archive_manifest("logs")).await;
    world.apply(&world.trail_manifest("audit", "logs")).await;
    world.wait_ready("Trail", "audit").await;
    assert_eq!(world.faults_left().await, None, "every fault was met");
    assert_one_of_each(&world).await;
}

/// Every write of a creation meets the fault once.
const WRITES: [(&str, &str); 9] = [
    ("kms", "CreateKey"),
    ("kms", "CreateAlias"),
    ("kms", "EnableKeyRotation"),
    ("s3", "CreateBucket"),
    ("s3", "PutBucketPolicy"),
    ("s3", "PutBucketVersioning"),
    ("s3", "PutBucketEncryption"),
    ("cloudtrail", "CreateTrail"),
    ("cloudtrail", "StartLogging"),
];

async fn creation_survives(kind: FaultKind, times: u64) {
    let world = World::with_account("weather").await;
    for (service, operation) in WRITES {
        world.fault(service, operation, kind.clone(), Some(times)).await;
    }
    world.apply(&world.archive_manifest("logs")).await;
    world.apply(&world.trail_manifest("audit", "logs")).await;
    world.wait_ready("Trail", "audit").await;
    world.wait_ready("LogArchive", "logs").await;
    assert_eq!(world.faults_left().await, None, "every fault was met");
    assert_one_of_each(&world).await;
    let start = world.now().await;
    world.request_pass("LogArchive", "logs").await;
    world.request_pass("Trail", "audit").await;
    assert_eq!(world.writes(start).await, [] as [&str; 0]);
}

/// No twin was made.
pub async fn assert_one_of_each(world: &World) {
    let keys = world.kms.list_keys().send().await.unwrap().keys.unwrap();
    assert_eq!(keys.len(), 1, "keys of {}", world.account);
    // The account's aliases of AWS's own keys aside, and asked for last: moto makes those keys when it lists their aliases.
    let aliases = world.kms.list_aliases().send().await.unwrap().aliases.unwrap();
    let ours = aliases.iter().filter(|alias| alias.alias_name().is_some_and(|name| name.starts_with("alias/trailkeeper/")));
    let targets: Vec<_> = ours.filter_map(|alias| alias.target_key_id()).collect();
    assert_eq!(targets, [keys[0].key_id().unwrap()]);
    let buckets = world.s3.list_buckets().send().await.unwrap().buckets.unwrap();
    let buckets: Vec<_> = buckets.iter().filter_map(|bucket| bucket.name()).collect();
    assert_eq!(buckets, [world.bucket("logs")]);
    let trails = world.cloudtrail.describe_trails().send().await.unwrap().trail_list.unwrap();
    let arns: Vec<_> = trails.iter().filter_map(|trail| trail.trail_arn()).collect();
    assert_eq!(arns, [world.trail_arn("audit")]);
    let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await.unwrap();
    assert_eq!(status.is_logging(), Some(true));
}

#[tokio::test]
async fn errors_of_aws_pass() {
    creation_survives(FaultKind::ServerError { status: 503 }, 1).await;
}

#[tokio::test]
async fn a_connection_that_is_cut_before_the_call_is_made_again() {
    creation_survives(FaultKind::Cut, 1).await;
}

#[tokio::test]
async fn a_call_that_took_effect_unheard_makes_no_twin() {
    creation_survives(FaultKind::CutAfter, 1).await;
}
