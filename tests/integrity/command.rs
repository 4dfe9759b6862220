//! The command as a shell sees it: exit codes and words.

use crate::lab::{BEGIN, HOME, Lab, OTHER};
use serde_json::Value;

/// Exit code and JSON of a run of `trailkeeper verify`.
async fn verify(lab: &Lab, bucket: &str) -> (i32, Value) {
    let until = lab.now().await.to_string();
    let output = lab.verify(&["--bucket", bucket, "--until", &until, "--output", "json"]).await;
    let (told, failed) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    (output.status.code().unwrap(), serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}{failed}")))
}

/// Exit code and last words of a run of the official command line.
async fn official(lab: &Lab) -> (i32, String) {
    let (arn, until) = (format!("arn:aws:cloudtrail:{HOME}:{}:trail/main", lab.account), lab.now().await.to_string());
    let output = lab.aws(HOME, &["cloudtrail", "validate-logs", "--trail-arn", &arn, "--start-time", BEGIN, "--end-time", &until]).await;
    let told = String::from_utf8(output.stdout).unwrap();
    let last = told.trim().split("\n\n").last().unwrap_or_default().trim().to_owned();
    (output.status.code().unwrap(), last)
}

#[tokio::test]
async fn an_archive_of_two_regions_is_intact_until_one_log_file_is_changed() {
    let (lab, bucket) = Lab::with_two_regions().await;
    let (code, outcome) = verify(&lab, &bucket).await;
    assert_eq!((code, &outcome["conclusion"]), (0, &"intact".into()), "{outcome:#}");
    assert_eq!(outcome["counts"]["digests"]["intact"], 6, "{outcome:#}");
    assert_eq!(outcome["streams"].as_array().unwrap().len(), 2);
    assert_eq!(outcome["gaps"], Value::Array(Vec::new()));
    assert_eq!(official(&lab).await, (0, "3/3 digest files valid\n6/6 log files valid".to_owned()));

    let s3 = lab.s3();
    let listed = s3.list_objects_v2().bucket(&bucket).send().await.unwrap();
    let log = listed.contents().iter().filter_map(|object| object.key()).find(|key| key.contains(&format!("/CloudTrail/{HOME}/"))).unwrap();
    let another =
        listed.contents().iter().filter_map(|object| object.key()).find(|key| key.contains(&format!("/CloudTrail/{OTHER}/"))).unwrap();
    let body = s3.get_object().bucket(&bucket).key(another).send().await.unwrap().body;
    s3.put_object().bucket(&bucket).key(log).body(body.collect().await.unwrap().into_bytes().into()).send().await.unwrap();
    let (code, outcome) = verify(&lab, &bucket).await;
    assert_eq!((code, &outcome["conclusion"]), (2, &"notIntact".into()), "{outcome:#}");
    let objects = outcome["objects"].as_array().unwrap();
    assert_eq!(objects.len(), 1, "{outcome:#}");
    assert_eq!((&objects[0]["key"], &objects[0]["faults"][0]["fault"]), (&log.into(), &"Changed".into()));
    assert_eq!(official(&lab).await.0, 1);
}
