//! Runs that go on where the one before ended find what a run over all of it finds.

use crate::lab::{HOME, Lab};
use serde_json::Value;
use std::path::Path;

/// Exit code and JSON of a run that goes on from a checkpoint.
async fn verify(lab: &Lab, bucket: &str, checkpoint: &Path) -> (i32, Value) {
    let until = lab.now().await.to_string();
    let arguments = ["--bucket", bucket, "--until", &until, "--output", "json", "--checkpoint", checkpoint.to_str().unwrap()];
    let output = lab.verify(&arguments).await;
    let (told, failed) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    (output.status.code().unwrap(), serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}{failed}")))
}

/// The keys below a bucket that hold `part`.
async fn keys(lab: &Lab, bucket: &str, part: &str) -> Vec<String> {
    let listed = lab.s3().list_objects_v2().bucket(bucket).send().await.unwrap();
    listed.contents().iter().filter_map(|object| object.key()).filter(|key| key.contains(part)).map(str::to_owned).collect()
}

/// Two hours, and a first run.
async fn begun(checkpoint: &Path) -> (Lab, String) {
    let lab = Lab::new().await;
    let bucket = lab.bucket("logs").await;
    lab.trail("main", &bucket).await;
    lab.hour().await;
    lab.hour().await;
    let (code, outcome) = verify(&lab, &bucket, checkpoint).await;
    assert_eq!(code, 0, "{outcome:#}");
    (lab, bucket)
}

#[tokio::test]
async fn a_file_that_is_added_within_the_last_hour_before_a_run_is_found_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let (lab, bucket) = begun(&checkpoint).await;
    let log = keys(&lab, &bucket, &format!("/CloudTrail/{HOME}/")).await.pop().unwrap();
    let forged = format!("{}_FORGEDFORGEDFORG.json.gz", log.rsplit_once('_').unwrap().0);
    lab.s3().copy_object().bucket(&bucket).copy_source(format!("{bucket}/{log}")).key(&forged).send().await.unwrap();
    lab.hour().await;
    let (code, outcome) = verify(&lab, &bucket, &checkpoint).await;
    assert_eq!(code, 2, "{outcome:#}");
    let objects = outcome["objects"].as_array().unwrap();
    assert_eq!(objects.len(), 1, "{outcome:#}");
    assert_eq!((&objects[0]["key"], &objects[0]["faults"][0]["fault"]), (&forged.into(), &"Unreferenced".into()));
    assert_eq!(outcome["counts"]["digests"]["intact"], 1, "only what is new is read again: {outcome:#}");
    assert_eq!(outcome["counts"]["logs"]["intact"], 2, "{outcome:#}");
    lab.hour().await;
    assert_eq!(verify(&lab, &bucket, &checkpoint).await.0, 0, "it is told once");
}

#[tokio::test]
async fn a_stop_between_two_runs_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let (lab, bucket) = begun(&checkpoint).await;
    lab.advance(1200).await;
    lab.deliver().await;
    lab.cloudtrail(HOME).stop_logging().name("main").send().await.unwrap();
    lab.deliver().await;
    let (code, outcome) = verify(&lab, &bucket, &checkpoint).await;
    assert_eq!(code, 0, "{outcome:#}");
    lab.advance(3 * 3600).await;
    lab.cloudtrail(HOME).start_logging().name("main").send().await.unwrap();
    lab.hour().await;
    let (code, outcome) = verify(&lab, &bucket, &checkpoint).await;
    assert_eq!((code, &outcome["gaps"][0]["reason"]), (0, &"LoggingStopped".into()), "{outcome:#}");
}

#[tokio::test]
async fn the_digest_that_was_verified_last_is_missed_when_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    let (lab, bucket) = begun(&checkpoint).await;
    let last = keys(&lab, &bucket, "/CloudTrail-Digest/").await.pop().unwrap();
    lab.s3().delete_object().bucket(&bucket).key(&last).send().await.unwrap();
    lab.hour().await;
    let (code, outcome) = verify(&lab, &bucket, &checkpoint).await;
    assert_eq!((code, &outcome["objects"][0]["key"]), (2, &last.into()), "{outcome:#}");
}

#[tokio::test]
async fn a_trail_whose_first_digest_is_not_due_is_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::new().await;
    let bucket = lab.bucket("logs").await;
    lab.trail("main", &bucket).await;
    lab.advance(1200).await;
    lab.cloudtrail(HOME).list_trails().send().await.unwrap();
    lab.deliver().await;
    let (code, outcome) = verify(&lab, &bucket, &folder.path().join("checkpoint")).await;
    assert_eq!((code, &outcome["conclusion"]), (1, &"unknown".into()), "{outcome:#}");
    let digest_overdue = 3 * 3600;
    lab.cloudtrail(HOME).update_trail().name("main").enable_log_file_validation(false).send().await.unwrap();
    lab.advance(digest_overdue).await;
    let (code, _) = verify(&lab, &bucket, &folder.path().join("another")).await;
    assert_eq!(code, 2, "later it is");
}
