//! Sudden ends: kill -9 between any two calls, SIGTERM in the middle of one, an API server that stands still. On a stage of
//! its own, since other tests need their operator.

use crate::failures::assert_one_of_each;
use crate::support::{Stage, World};
use anyhow::ensure;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use trailkeeper_lab::wait_for;
use trailkeeper_sim::faults::FaultKind;

/// Longer than any test: who meets it stands still.
const FOR_EVER: FaultKind = FaultKind::Latency { ms: 600_000 };
const MANY: u64 = 1000;
const SOON: Duration = Duration::from_secs(240);
/// What a process has left after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);

/// The calls that create an archive and its trail. Who is killed before one of them has made all those before it.
const WRITES: [(&str, &str); 11] = [
    ("kms", "CreateKey"),
    ("kms", "CreateAlias"),
    ("kms", "EnableKeyRotation"),
    ("s3", "CreateBucket"),
    ("s3", "PutBucketPolicy"),
    ("s3", "PutBucketVersioning"),
    ("s3", "PutBucketEncryption"),
    ("s3", "PutBucketLifecycleConfiguration"),
    ("cloudtrail", "CreateTrail"),
    ("cloudtrail", "PutEventSelectors"),
    ("cloudtrail", "StartLogging"),
];

async fn stage() -> Arc<Stage> {
    Arc::new(Stage::without_operator().await.unwrap_or_else(|error| panic!("{error:#}")))
}

/// A world whose operator stands still at the call.
async fn stuck_at(stage: &Arc<Stage>, service: &str, operation: &str) -> World {
    let world = World::on(Arc::clone(stage), "crash").await;
    world.fault(service, operation, FOR_EVER, Some(MANY)).await;
    apply_all(&world).await;
    world
}

/// Selectors of one's own, so that PutEventSelectors is among the calls.
async fn apply_all(world: &World) {
    world.apply(&world.account_manifest()).await;
    world.apply(&world.archive_manifest("logs")).await;
    let mut trail = world.trail_manifest("audit", "logs");
    json_patch::merge(&mut trail, &json!({ "spec": { "events": { "management": { "excludeKms": true } } } }));
    world.apply(&trail).await;
}

/// Waits until the call is under way.
async fn wait_stuck(world: &World) {
    let attempt = async || {
        let left = world.faults_left().await;
        ensure!(left.is_some_and(|left| left < MANY), "the call has not come yet: {left:?} of {MANY} left");
        Ok(())
    };
    wait_for("the operator to stand still", SOON, attempt).await.unwrap_or_else(|error| panic!("{}: {error:#}", world.account));
}

#[tokio::test]
async fn killed_before_any_call_it_goes_on_without_a_twin() {
    let stage = stage().await;
    let mut operator = stage.start_operator().await.unwrap();
    let mut worlds = Vec::new();
    for (service, operation) in WRITES {
        worlds.push(stuck_at(&stage, service, operation).await);
    }
    for world in &worlds {
        wait_stuck(world).await;
    }
    operator.process.kill().unwrap();
    for world in &worlds {
        world.clear_faults().await;
    }
    let _next = stage.start_operator().await.unwrap();
    for world in &worlds {
        world.wait_ready("Trail", "audit").await;
        world.wait_ready("LogArchive", "logs").await;
        assert_one_of_each(world).await;
        let start = world.now().await;
        world.request_pass("LogArchive", "logs").await;
        world.request_pass("Trail", "audit").await;
        assert_eq!(world.writes(start).await, [] as [&str; 0], "nothing is left to do in {}", world.account);
    }
}

#[tokio::test]
async fn sigterm_lets_the_step_in_hand_end_and_begins_no_other() {
    let stage = stage().await;
    let mut operator = stage.start_operator().await.unwrap();
    let world = World::on(Arc::clone(&stage), "slow").await;
    world.fault("s3", "CreateBucket", FaultKind::Latency { ms: 3000 }, Some(MANY)).await;
    apply_all(&world).await;
    wait_stuck(&world).await;
    operator.process.terminate().unwrap();
    let status = operator.process.wait(GRACE).unwrap();
    assert_eq!(status.code(), Some(0), "{}", operator.process.last_lines());
    let writes = world.writes(0).await;
    assert_eq!(writes.last().map(String::as_str), Some("s3:CreateBucket"), "{writes:?}");

    // A call that never ends does not hold up the end.
    world.clear_faults().await;
    world.fault("s3", "PutBucketVersioning", FOR_EVER, Some(MANY)).await;
    let mut operator = stage.start_operator().await.unwrap();
    wait_stuck(&world).await;
    operator.process.terminate().unwrap();
    let status = operator.process.wait(GRACE + Duration::from_secs(1)).unwrap();
    assert_eq!(status.code(), Some(0), "{}", operator.process.last_lines());

    world.clear_faults().await;
    let _next = stage.start_operator().await.unwrap();
    world.wait_ready("Trail", "audit").await;
    assert_one_of_each(&world).await;
}

/// Sends a signal to a process of the lab.
fn signal(stage: &Stage, name: &str, signal: &str) {
    let pid = stage.lab.info().pids[name].to_string();
    let status = std::process::Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(status.success(), "kill {signal} {name}");
}

#[tokio::test]
async fn an_api_server_that_stands_still_is_waited_for() {
    let stage = stage().await;
    let mut operator = stage.start_operator().await.unwrap();
    let world = World::on(Arc::clone(&stage), "still").await;
    apply_all(&world).await;
    world.wait_ready("Trail", "audit").await;
    signal(&stage, "kube-apiserver", "-STOP");
    world.cloudtrail.stop_logging().name(world.trail_arn("audit")).send().await.unwrap();
    // No condition to wait on: this is how long it stands still.
    tokio::time::sleep(Duration::from_secs(6)).await;
    signal(&stage, "kube-apiserver", "-CONT");
    assert!(operator.process.exit_status().unwrap().is_none(), "{}", operator.process.last_lines());
    world.request_pass("Trail", "audit").await;
    world.wait_ready("Trail", "audit").await;
    let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await.unwrap();
    assert_eq!(status.is_logging(), Some(true));
    world.apply(&world.archive_manifest("more")).await;
    world.wait_ready("LogArchive", "more").await;
}
