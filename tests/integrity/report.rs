//! `trailkeeper report --verified`: what `verify` found stands in the evidence for auditors.

use crate::lab::{BEGIN, HOME, Lab};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::process::Output;

fn told(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test]
async fn a_file_that_was_changed_is_named_in_the_evidence() {
    let (lab, bucket) = Lab::with_two_regions().await;
    let s3 = lab.s3();
    let listed = s3.list_objects_v2().bucket(&bucket).send().await.unwrap();
    let log = listed.contents().iter().filter_map(|object| object.key()).find(|key| key.contains(&format!("/CloudTrail/{HOME}/"))).unwrap();
    s3.put_object().bucket(&bucket).key(log).body(b"forged".to_vec().into()).send().await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let (results, dir) = (folder.path().join("results"), folder.path().join("evidence"));
    let (save, until) = (results.to_str().unwrap(), lab.now().await.to_string());
    let verify = async |shard: &str| {
        told(&lab.verify(&["--bucket", &bucket, "--until", &until, "--since", BEGIN, "--shard", shard, "--save", save]).await)
    };
    // The day of the archive: three hours of it are verified.
    let period = ["--from", "2026-09-14", "--to", "2026-09-14", "--region", HOME];
    let report = async || {
        let arguments = [&["report", "--dir", dir.to_str().unwrap(), "--verified", save], &period[..]].concat();
        told(&lab.trailkeeper(&arguments).await)
    };
    let first = verify("0/2").await;
    let (code, refused) = report().await;
    assert!(code == Some(1) && refused.contains("shard 1 (of 2, counted from 0) is not among the outcomes") && !dir.exists(), "{refused}");
    let second = verify("1/2").await;
    assert!([first.0, second.0].contains(&Some(2)), "one of them has the file: {first:?} {second:?}");

    let (code, words) = report().await;
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains(&format!("archive {bucket}: not intact: the archive is not what CloudTrail delivered")), "{words}");
    let report: Value = serde_json::from_slice(&std::fs::read(dir.join("report.json")).unwrap()).unwrap();
    let [verified] = report["verified"].as_array().unwrap().as_slice() else { panic!("{:#}", report["verified"]) };
    assert_eq!((&verified["bucket"], &verified["conclusion"], &verified["ofATrail"]), (&json!(bucket), &json!("notIntact"), &json!(true)));
    let [object] = verified["objects"]["listed"].as_array().unwrap().as_slice() else { panic!("{verified:#}") };
    assert_eq!((&object["key"], &object["inPeriod"]), (&json!(log), &json!(true)), "{object:#}");
    assert_eq!((&verified["counts"]["logs"]["notIntact"], &verified["counts"]["digests"]["intact"]), (&json!(1), &json!(6)));
    assert_eq!((&verified["coversPeriod"], &report["unverifiedBuckets"]), (&json!(false), &json!([])));

    let page = std::fs::read_to_string(dir.join("report.html")).unwrap();
    for words in [log, "<strong>Not intact: </strong>", "It ends at 2026-09-14 03:00 UTC: what came later was not verified."] {
        assert!(page.contains(words), "{words} is not in the page");
    }
    for name in ["shard-0-of-2.json", "shard-1-of-2.json"] {
        let hash: String = Sha256::digest(std::fs::read(results.join(name)).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
        let listed = verified["files"].as_array().unwrap().iter().any(|file| file["sha256"] == hash.as_str());
        assert!(listed && page.contains(&hash) && page.contains(name), "{name} {hash}: {:#}", verified["files"]);
    }
}
