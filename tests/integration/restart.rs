//! The operator starts again: after kill -9 behind each of its writes, and after an orderly end. Each test has a stage of
//! its own, as a second operator would reconcile everybody's objects.

use crate::support::{Stage, World, is_true};
use anyhow::{Result, ensure};
use std::sync::Arc;
use std::time::Duration;
use trailkeeper_lab::wait_for;

const SOON: Duration = Duration::from_secs(240);
/// What SIGTERM may take, and a little for the machine.
const STOP: Duration = Duration::from_secs(11);
/// More than a trail with its archive has writes.
const KILLS: usize = 40;

async fn stage() -> Arc<Stage> {
    Arc::new(Stage::without_operator().await.unwrap())
}

/// Successful calls of an operation by the operator.
async fn count(world: &World, operation: &str) -> usize {
    let calls = world.calls(0).await.into_iter();
    calls.filter(|call| call.operation == operation && call.error_code.is_none()).count()
}

async fn is_ready(world: &World) -> bool {
    let ready = async |kind: &str, name: &str| is_true(&world.get(kind, name).await, "Ready");
    ready("Trail", "audit").await && ready("LogArchive", "logs").await
}

#[tokio::test]
async fn killed_after_every_write_it_makes_no_twin() {
    let stage = stage().await;
    let world = World::on(Arc::clone(&stage), "killed").await;
    world.apply(&world.account_manifest()).await;
    world.apply(&world.archive_manifest("logs")).await;
    world.apply(&world.trail_manifest("audit", "logs")).await;

    let mut kills = 0;
    while kills < KILLS {
        let since = world.now().await;
        let mut operator = stage.start_operator().await.unwrap();
        let wrote = wait_for("a write, or everything Ready", SOON, async || -> Result<bool> {
            let wrote = !world.writes(since).await.is_empty();
            ensure!(wrote || is_ready(&world).await, "neither yet");
            Ok(wrote)
        });
        let wrote = wrote.await.unwrap();
        operator.process.kill().unwrap();
        if !wrote {
            break;
        }
        kills += 1;
    }
    assert!(kills > 3, "it was killed only {kills} times");
    let mut operator = stage.start_operator().await.unwrap();
    world.wait_ready("LogArchive", "logs").await;
    world.wait_ready("Trail", "audit").await;

    for operation in ["CreateKey", "CreateBucket", "CreateTrail"] {
        assert_eq!(count(&world, operation).await, 1, "{operation} after {kills} kills");
    }
    assert_eq!(world.kms.list_keys().send().await.unwrap().keys().len(), 1);
    assert_eq!(world.cloudtrail.describe_trails().send().await.unwrap().trail_list().len(), 1);
    let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await.unwrap();
    assert_eq!(status.is_logging(), Some(true));
    assert!(operator.process.stop(STOP).unwrap().success());
}

#[tokio::test]
async fn a_new_start_tells_and_writes_nothing() {
    let stage = stage().await;
    let world = World::on(Arc::clone(&stage), "stopped").await;
    let mut operator = stage.start_operator().await.unwrap();
    world.apply(&world.account_manifest()).await;
    world.apply(&world.archive_manifest("logs")).await;
    world.apply(&world.trail_manifest("audit", "logs")).await;
    world.wait_ready("Trail", "audit").await;
    world.wait_ready("LogArchive", "logs").await;

    assert!(operator.process.stop(STOP).unwrap().success());

    let told = (world.events("Trail", "audit").await, world.events("LogArchive", "logs").await);
    let since = world.now().await;
    let operator = stage.start_operator().await.unwrap();
    // A start makes a pass of everything; a requested one after it ends later.
    world.request_pass("LogArchive", "logs").await;
    let trail = world.request_pass("Trail", "audit").await;
    assert!(is_true(&trail, "Ready"));
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    assert_eq!((world.events("Trail", "audit").await, world.events("LogArchive", "logs").await), told);
    drop(operator);
}
