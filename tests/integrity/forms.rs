//! The forms of the answer, its exit codes, shards and a copy on a disk: what docs/verify.md tells people to do.

use crate::lab::{HOME, Lab, OTHER};
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use trailkeeper_sim::faults::{FaultKind, FaultRule};

async fn verify(lab: &Lab, bucket: &str, more: &[&str]) -> (i32, String) {
    let until = lab.now().await.to_string();
    told(lab.verify(&[&["--bucket", bucket, "--until", &until], more].concat()).await)
}

fn told(output: Output) -> (i32, String) {
    let (told, failed) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    (output.status.code().unwrap(), told + &failed)
}

fn rows(csv: &str) -> Vec<Vec<&str>> {
    csv.lines().map(|row| row.split(',').take(2).collect()).collect()
}

fn path(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

#[tokio::test]
async fn every_form_tells_what_is_intact_and_what_is_not() {
    let (lab, bucket) = Lab::with_two_regions().await;
    for (form, words) in [
        ("text", "Intact: the archive is what CloudTrail delivered"),
        ("json", "\"conclusion\": \"intact\""),
        ("junit", "failures=\"0\" errors=\"0\""),
        ("html", "<strong>Intact: </strong>"),
    ] {
        let (code, told) = verify(&lab, &bucket, &["--output", form]).await;
        assert!(code == 0 && told.contains(words), "{form}: {code} {told}");
    }
    let (code, csv) = verify(&lab, &bucket, &["-o", "csv"]).await;
    let count = |what: &[&str]| rows(&csv).iter().filter(|row| *row == what).count();
    let listed = lab.s3().list_objects_v2().bucket(&bucket).send().await.unwrap();
    let keys: Vec<&str> = listed.contents().iter().filter_map(|object| object.key()).collect();
    let digests = keys.iter().filter(|key| key.contains("CloudTrail-Digest")).count();
    assert_eq!((code, count(&["digest", "intact"]), digests), (0, 6, 6), "{csv}");
    assert_eq!(count(&["log file", "intact"]), keys.len() - digests, "a row for every file: {csv}");
    assert_eq!(rows(&csv).last().unwrap(), &["conclusion", "intact"]);

    let digest = keys.iter().filter(|key| key.contains("CloudTrail-Digest")).nth(1).unwrap();
    lab.s3().delete_object().bucket(&bucket).key(*digest).send().await.unwrap();
    for (form, words) in [
        ("text", "Not intact: the archive is not what CloudTrail delivered: 1 of "),
        ("json", "\"conclusion\": \"notIntact\""),
        ("junit", "type=\"Missing\""),
        ("html", "<strong>Not intact: </strong>"),
        ("csv", "digest,not intact,"),
    ] {
        let (code, told) = verify(&lab, &bucket, &["--output", form]).await;
        assert!(code == 2 && told.contains(words) && told.contains(digest), "{form}: {code} {told}");
    }
}

#[tokio::test]
async fn what_could_not_be_read_is_never_green() {
    let (lab, bucket) = Lab::with_two_regions().await;
    let denied = FaultRule {
        service: "s3".to_owned(),
        operation: "GetObject".to_owned(),
        account: Some(lab.account.clone()),
        region: None,
        principal: None,
        kind: FaultKind::Deny,
        count: Some(1),
    };
    for (form, words) in [
        ("text", "Could not tell: 1 file could not be read"),
        ("json", "\"conclusion\": \"unknown\""),
        ("junit", "<error "),
        ("html", "Could not tell"),
        ("csv", "conclusion,unknown,"),
    ] {
        lab.control.add_fault(&denied).await.unwrap();
        let (code, told) = verify(&lab, &bucket, &["--output", form, "--at-once", "1"]).await;
        assert!(code == 1 && told.contains(words), "{form}: {code} {told}");
    }
    let (code, told) = verify(&lab, &bucket, &["--prefix", "elsewhere"]).await;
    assert!(code == 1 && told.contains("no digest was found"), "{code} {told}");
}

#[tokio::test]
async fn shards_are_merged_and_a_missing_one_is_noticed() {
    let (lab, bucket) = Lab::with_two_regions().await;
    let folder = tempfile::tempdir().unwrap();
    let save = path(folder.path());
    for index in 0..3 {
        let (code, told) = verify(&lab, &bucket, &["--shard", &format!("{index}/3"), "--save", save]).await;
        assert_eq!(code, 0, "also one to which nothing fell: {told}");
    }
    let merge = async |more: &[&str]| told(lab.verify(&[&["--merge", save], more].concat()).await);
    let (code, merged) = merge(&["-o", "json"]).await;
    let (merged, whole): (Value, Value) =
        (serde_json::from_str(&merged).unwrap(), serde_json::from_str(&verify(&lab, &bucket, &["-o", "json"]).await.1).unwrap());
    assert_eq!(code, 0);
    for field in ["conclusion", "counts", "streams", "gaps"] {
        assert_eq!(merged[field], whole[field], "{field}: together they found what one process finds");
    }
    for form in ["text", "junit", "html", "csv"] {
        assert_eq!(merge(&["-o", form]).await.0, 0, "{form}");
    }
    let first = folder.path().join("shard-0-of-3.json");
    let (code, twice) = merge(&[path(&first)]).await;
    assert!(code == 1 && twice.contains("is shard 0/3, and so is"), "{twice}");
    std::fs::remove_file(&first).unwrap();
    let (code, missing) = merge(&[]).await;
    assert!(code == 1 && missing.contains("shard 0 (of 3, counted from 0) is not among the outcomes"), "{missing}");
}

#[tokio::test]
async fn a_copy_on_a_disk_is_verified_without_aws() {
    let (lab, bucket) = Lab::with_two_regions().await;
    let folder = tempfile::tempdir().unwrap();
    let copy = path(folder.path());
    let aws = async |region: &str, arguments: &[&str]| {
        let output = lab.aws(region, arguments).await;
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output.stdout
    };
    aws(HOME, &["s3", "sync", "--only-show-errors", &format!("s3://{bucket}"), copy]).await;
    let listed = lab.s3().list_objects_v2().bucket(&bucket).send().await.unwrap();
    let keys: Vec<&str> = listed.contents().iter().filter_map(|object| object.key()).collect();
    let mut keys_of = serde_json::Map::new();
    for region in [HOME, OTHER] {
        let range = ["--start-time", "2026-09-01", "--end-time", "2026-10-01"];
        let answer = aws(region, &[&["cloudtrail", "list-public-keys"][..], &range].concat()).await;
        keys_of.insert(region.to_owned(), serde_json::from_slice(&answer).unwrap());
    }
    let public = folder.path().join("keys.json");
    std::fs::write(&public, Value::from(keys_of).to_string()).unwrap();
    let until = lab.now().await.to_string();
    let verify = async || told(lab.verify(&["--dir", copy, "--bucket", &bucket, "--keys", path(&public), "--until", &until]).await);
    let (code, unsigned) = verify().await;
    assert!(code == 1 && unsigned.contains("aws s3api head-object --bucket"), "the signatures are not there yet: {unsigned}");
    for key in keys.iter().filter(|key| key.contains("CloudTrail-Digest")) {
        let head = aws(HOME, &["s3api", "head-object", "--bucket", &bucket, "--key", key]).await;
        std::fs::write(folder.path().join(format!("{key}.metadata.json")), head).unwrap();
    }
    assert_eq!(verify().await.0, 0, "{}", verify().await.1);
    let log = keys.iter().find(|key| !key.contains("CloudTrail-Digest")).unwrap();
    std::fs::remove_file(folder.path().join(log)).unwrap();
    let (code, missing) = verify().await;
    assert!(code == 2 && missing.contains(&format!("s3://{bucket}/{log}: is not there")), "{missing}");
}
