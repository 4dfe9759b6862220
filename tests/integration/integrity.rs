//! The operator verifies the files of an archive: told in status, condition, events and metrics; what is new only, also after a
//! restart; and in mode Observe too. On a stage of its own, whose simulated clock begins in the past and is moved by hours.

use crate::support::manifests::with;
use crate::support::{Stage, World, condition};
use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DynamicObject, ListParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use trailkeeper_lab::wait_for;
use trailkeeper_sim::clock::ClockChange;

const HOUR: i64 = 3600;

/// Before the present: the hours of a test bring the simulated clock about there, where the operator's clock is.
pub const BEGIN: i64 = -5 * HOUR - HOUR / 2;

/// More than a record has while no digest has been read.
const OF_NO_STREAM: usize = 200;

/// An hour in which something happens, with its digest. Returns the newest log file that it names.
pub async fn hour(world: &World) -> String {
    world.cloudtrail.list_trails().send().await.unwrap();
    world.control.deliver().await.unwrap();
    let log = keys(world, "/CloudTrail/eu-central-1/").await.pop().unwrap();
    world.control.change_clock(&ClockChange::Advance { seconds: HOUR }).await.unwrap();
    assert_eq!(world.control.deliver().await.unwrap().failures, 0);
    log
}

/// Asks for a verification, and waits until its end is told.
async fn verified(world: &World) -> DynamicObject {
    let asked = world.request_pass("LogArchive", "logs").await;
    let request = asked.annotations()["trailkeeper.dev/requestedAt"].clone();
    let told = |object: &DynamicObject| -> Result<()> {
        let integrity = &object.data["status"]["integrity"];
        ensure!(integrity["lastHandledRequest"] == request.as_str(), "{integrity}");
        Ok(())
    };
    world.wait("LogArchive", "logs", "to be verified", told).await
}

/// Status, reason and message of `Intact`.
fn intact(archive: &DynamicObject) -> (String, String, String) {
    condition(archive, "Intact").unwrap_or_else(|| panic!("{}", archive.data["status"]))
}

/// The keys of the archive that hold `part`, in order.
async fn keys(world: &World, part: &str) -> Vec<String> {
    let listed = world.s3.list_objects_v2().bucket(world.bucket("logs")).send().await.unwrap();
    listed.contents().iter().filter_map(|object| object.key()).filter(|key| key.contains(part)).map(str::to_owned).collect()
}

async fn content(world: &World, key: &str) -> Vec<u8> {
    let object = world.s3.get_object().bucket(world.bucket("logs")).key(key).send().await.unwrap();
    object.body.collect().await.unwrap().into_bytes().to_vec()
}

async fn put(world: &World, key: &str, content: Vec<u8>) {
    world.s3.put_object().bucket(world.bucket("logs")).key(key).body(content.into()).send().await.unwrap();
}

/// Files of the archive that the operator read.
async fn files_read(world: &World, since: u64) -> usize {
    world.reads(since).await.iter().filter(|call| *call == "s3:GetObject").count()
}

/// An archive that is verified, and its trail, with four hours of digests.
async fn begun(stage: &Arc<Stage>) -> World {
    let world = World::on(Arc::clone(stage), "integrity").await;
    world.control.change_clock(&ClockChange::Offset { seconds: BEGIN }).await.unwrap();
    world.apply(&world.account_manifest()).await;
    world.apply(&with(world.archive_manifest("logs"), json!({ "integrity": {} }))).await;
    world.apply(&world.trail_manifest("audit", "logs")).await;
    world.wait_ready("LogArchive", "logs").await;
    world.wait_ready("Trail", "audit").await;
    for _ in 0..4 {
        hour(&world).await;
    }
    world
}

#[tokio::test]
async fn an_archive_is_verified_again_and_again() {
    let stage = Arc::new(Stage::without_operator().await.unwrap());
    let mut operator = stage.start_operator().await.unwrap();
    let world = begun(&stage).await;
    let start = world.now().await;
    let archive = verified(&world).await;
    assert_eq!((intact(&archive).0.as_str(), intact(&archive).1.as_str()), ("True", "Intact"), "{}", archive.data["status"]);
    let integrity = &archive.data["status"]["integrity"];
    assert!(integrity["lastRun"]["digests"].as_u64() >= Some(4) && integrity["lastRun"]["logFiles"].as_u64() >= Some(4), "{integrity}");
    let through: Timestamp = integrity["verifiedThrough"].as_str().unwrap().parse().unwrap();
    assert!(Timestamp::now().duration_since(through) < SignedDuration::from_hours(3), "{through}");
    let first = integrity["lastRun"]["digests"].as_u64().unwrap();
    assert_eq!(files_read(&world, start).await as u64, first + integrity["lastRun"]["logFiles"].as_u64().unwrap());

    // The next one, of another process, goes on from there, once that is on record.
    let records = Api::<ConfigMap>::namespaced(world.kube.clone(), "trailkeeper-system");
    let uid = archive.uid().unwrap();
    let kept = async || -> Result<()> {
        let record = records.get(&format!("trailkeeper-integrity-{uid}")).await?;
        let bytes = record.binary_data.unwrap_or_default().values().map(|data| data.0.len()).sum::<usize>();
        ensure!(bytes > OF_NO_STREAM, "{bytes} bytes");
        Ok(())
    };
    wait_for("where it ended to be kept", Duration::from_secs(60), kept).await.unwrap();
    operator.process.kill().unwrap();
    hour(&world).await;
    let _operator = stage.start_operator().await.unwrap();
    let start = world.now().await;
    let archive = verified(&world).await;
    assert_eq!(intact(&archive).0, "True", "{}", archive.data["status"]);
    let run = &archive.data["status"]["integrity"]["lastRun"];
    let (digests, logs) = (run["digests"].as_u64().unwrap(), run["logFiles"].as_u64().unwrap());
    assert!(digests > 0 && digests * 2 < first && run["whole"] == false, "{run} after {first} digests");
    // Of each stream the digest before is read again for the names in it.
    assert_eq!(files_read(&world, start).await as u64, digests * 2 + logs);

    // A file of the next hour is changed before it is verified.
    let log = hour(&world).await;
    let delivered = content(&world, &log).await;
    let another = keys(&world, "/CloudTrail/eu-central-1/").await.remove(0);
    put(&world, &log, content(&world, &another).await).await;
    let archive = verified(&world).await;
    let (status, reason, message) = intact(&archive);
    assert_eq!((status.as_str(), reason.as_str()), ("False", "NotIntact"), "{message}");
    assert!(message.contains(&log), "{message}");
    world.wait_event("LogArchive", "logs", "LogTampered", &[&log, "S3 version"]).await;
    let findings = archive.data["status"]["findings"].to_string();
    assert!(findings.contains("TK-BUCKET-029"), "{findings}");

    // It is put right, and a digest that was verified long ago is deleted. While something is not intact, all is read again.
    put(&world, &log, delivered).await;
    let digest = keys(&world, "/CloudTrail-Digest/eu-central-1/").await.remove(1);
    world.s3.delete_object().bucket(world.bucket("logs")).key(&digest).send().await.unwrap();
    let archive = verified(&world).await;
    let integrity = &archive.data["status"]["integrity"];
    let file = integrity["files"].as_array().unwrap().iter().find(|file| file["object"].as_str().unwrap().ends_with(&log)).unwrap();
    assert!(file["putRight"].is_string() && file["firstSeen"].is_string(), "{file}");
    assert!(integrity["gaps"].as_array().unwrap().iter().any(|gap| gap["reason"] == "DigestsMissing"), "{integrity}");
    assert_eq!(intact(&archive).0, "False");
    world.wait_event("LogArchive", "logs", "DigestMissing", &[&digest, "1 h"]).await;

    // What is known is acknowledged; then access is taken away.
    let known = Timestamp::now().saturating_add(SignedDuration::from_hours(2)).unwrap();
    world.patch_spec("LogArchive", "logs", json!({ "integrity": { "acknowledgedUntil": known.to_string() } })).await;
    world.wait_condition("LogArchive", "logs", "Intact", "True").await;
    world.wait_event("LogArchive", "logs", "IntegrityRestored", &[]).await;
    world.deny("s3", "GetObject").await;
    let archive = verified(&world).await;
    let (status, reason, message) = intact(&archive);
    assert_eq!((status.as_str(), reason.as_str()), ("Unknown", "Unread"), "{message}");
    assert!(message.contains("s3:GetObject"), "{message}");
    world.wait_event("LogArchive", "logs", "IntegrityUnknown", &["s3:GetObject"]).await;

    // What could not be read is read when it can be, also by who writes nothing.
    world.clear_faults().await;
    world.patch_spec("LogArchive", "logs", json!({ "mode": "Observe" })).await;
    let start = world.now().await;
    let archive = verified(&world).await;
    assert_eq!(intact(&archive).0, "True", "{}", archive.data["status"]);
    assert!(files_read(&world, start).await > 0);
    assert_eq!(world.writes(start).await, Vec::<String>::new());
    let events = world.events("LogArchive", "logs").await;
    for reason in ["LogTampered", "DigestMissing", "IntegrityRestored", "IntegrityUnknown"] {
        assert_eq!(events.iter().filter(|event| event.reason == reason).count(), 1, "{reason}: {events:#?}");
    }

    world.delete("LogArchive", "logs").await;
    world.wait_gone("LogArchive", "logs").await;
    let left = records.list(&ListParams::default()).await.unwrap().items;
    assert!(!left.iter().any(|map| map.name_any().contains(&uid)), "the record goes with the archive");
}

#[tokio::test]
async fn a_stop_that_was_repaired_is_a_gap_that_names_its_trail() {
    let stage = Arc::new(Stage::without_operator().await.unwrap());
    let _operator = stage.start_operator().await.unwrap();
    let world = begun(&stage).await;
    assert_eq!(intact(&verified(&world).await).0, "True");
    world.cloudtrail.stop_logging().name(world.trail_arn("audit")).send().await.unwrap();
    world.control.change_clock(&ClockChange::Advance { seconds: HOUR / 2 }).await.unwrap();
    world.pass_until_event("Trail", "audit", "LoggingStopped", |_| true).await;
    world.pass_until_ready("Trail", "audit").await;
    hour(&world).await;
    let archive = verified(&world).await;
    let status = &archive.data["status"];
    let gaps = status["integrity"]["gaps"].as_array().cloned().unwrap_or_default();
    let gap = gaps.iter().find(|gap| gap["reason"] == "LoggingStopped").unwrap_or_else(|| panic!("{status}"));
    let cause = gap["cause"].as_str().unwrap_or_default();
    assert!(cause.contains(&format!("Trail {}/audit", world.namespace)) && gap["explained"] == true, "{gap}");
    assert!(cause.contains("mallory") && gap["by"]["operation"] == "StopLogging", "{gap}");
    assert_eq!(intact(&archive).0, "True", "{status}");
    world.wait_event("LogArchive", "logs", "IntegrityGap", &["logging was stopped", &world.namespace, "mallory"]).await;
}
