//! Digests are chained, signed and verified by the official `aws cloudtrail validate-logs`.

use crate::delivery::{keys, logging_trail, organization_trail, quiet_lab, unzip};
use crate::lab::{HOME, Lab, OTHER};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::io::Write;
use trailkeeper_sim::clock::ClockChange;

const HOUR: i64 = 3600;

/// On a frozen clock, hours in the past: validate-logs goes by the machine's clock.
async fn past_lab() -> Lab {
    let lab = quiet_lab().await;
    lab.control.change_clock(&ClockChange::Freeze { at: None }).await.unwrap();
    lab.control.change_clock(&ClockChange::Advance { seconds: -6 * HOUR }).await.unwrap();
    lab
}

async fn validated_trail() -> (Lab, String) {
    let lab = past_lab().await;
    let bucket = logging_trail(&lab).await;
    lab.cloudtrail(HOME).update_trail().name("main").enable_log_file_validation(true).send().await.unwrap();
    (lab, bucket)
}

async fn advance(lab: &Lab, seconds: i64) {
    lab.control.change_clock(&ClockChange::Advance { seconds }).await.unwrap();
}

/// An hour with an event in it.
async fn busy_hour(lab: &Lab) {
    lab.cloudtrail(HOME).list_trails().send().await.unwrap();
    lab.control.deliver().await.unwrap();
    advance(lab, HOUR).await;
    lab.control.deliver().await.unwrap();
}

/// Every digest of a Region, oldest first, with its key and the signature beside it.
async fn digests(lab: &Lab, bucket: &str, region: &str) -> Vec<(String, Value, String)> {
    let mut found = Vec::new();
    for key in keys(lab, bucket).await {
        if !key.contains(&format!("/CloudTrail-Digest/{region}/")) {
            continue;
        }
        let object = lab.s3(&lab.account, HOME).get_object().bucket(bucket).key(&key).send().await.unwrap();
        let metadata = object.metadata().unwrap().clone();
        assert_eq!(metadata["signature-algorithm"], "SHA256withRSA");
        let bytes = object.body.collect().await.unwrap().into_bytes();
        found.push((key, serde_json::from_slice(&unzip(&bytes)).unwrap(), metadata["signature"].clone()));
    }
    found
}

fn zip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

async fn validate(lab: &Lab, region: &str) -> (bool, String) {
    validate_account(lab, region, &lab.account).await
}

async fn validate_account(lab: &Lab, region: &str, account: &str) -> (bool, String) {
    let arn = lab.trail_arn("main");
    let start = lab.control.now().await.unwrap() - jiff::SignedDuration::from_hours(24);
    let start = start.to_string();
    let validate = ["cloudtrail", "validate-logs", "--trail-arn", &arn, "--start-time", &start, "--account-id", account, "--verbose"];
    let output = lab.aws(region, &validate).await;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

#[tokio::test]
async fn the_official_validator_finds_it_valid_and_a_changed_file_invalid() {
    let (lab, bucket) = validated_trail().await;
    lab.cloudtrail(OTHER).list_trails().send().await.unwrap();
    for _ in 0..3 {
        busy_hour(&lab).await;
    }
    for (region, digests, logs) in [(HOME, 3, 3), (OTHER, 3, 1)] {
        let (valid, text) = validate(&lab, region).await;
        assert!(valid, "{text}");
        assert!(text.contains(&format!("{digests}/{digests} digest files valid")), "{region}: {text}");
        assert!(text.contains(&format!("{logs}/{logs} log files valid")), "{region}: {text}");
    }

    let s3 = lab.s3(&lab.account, HOME);
    let log = keys(&lab, &bucket).await.into_iter().find(|key| key.contains(&format!("/CloudTrail/{HOME}/"))).unwrap();
    let original = s3.get_object().bucket(&bucket).key(&log).send().await.unwrap().body.collect().await.unwrap().into_bytes();
    let forged = zip(b"{\"Records\":[]}");
    s3.put_object().bucket(&bucket).key(&log).body(forged.into()).send().await.unwrap();
    let (valid, text) = validate(&lab, HOME).await;
    assert!(!valid && text.contains("INVALID: hash value doesn't match"), "{text}");
    s3.put_object().bucket(&bucket).key(&log).body(original.into()).send().await.unwrap();
    assert!(validate(&lab, HOME).await.0);

    let (newest, mut document, signature) = digests(&lab, &bucket, HOME).await.pop().unwrap();
    document["logFiles"] = serde_json::json!([]);
    let forged = zip(document.to_string().as_bytes());
    let put = s3.put_object().bucket(&bucket).key(&newest).body(forged.into()).metadata("signature", signature);
    put.metadata("signature-algorithm", "SHA256withRSA").send().await.unwrap();
    let (valid, text) = validate(&lab, HOME).await;
    assert!(!valid && text.contains("INVALID: signature verification failed"), "{text}");
}

#[tokio::test]
async fn each_hour_has_a_digest_that_names_the_one_before() {
    let (lab, bucket) = validated_trail().await;
    busy_hour(&lab).await;
    advance(&lab, 2 * HOUR).await;
    assert_eq!(lab.control.deliver().await.unwrap().digests, 2, "also for the hours that were missed");
    let found = digests(&lab, &bucket, HOME).await;
    assert_eq!(found.len(), 3);
    let (_, first, _) = &found[0];
    for field in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
        assert_eq!(first[format!("previousDigest{field}")], Value::Null, "{field}");
    }
    for pair in found.windows(2) {
        let [(key, earlier, signature), (_, later, _)] = pair else { unreachable!() };
        assert_eq!(later["previousDigestS3Object"], key.as_str());
        assert_eq!(later["previousDigestSignature"], signature.as_str());
        assert_eq!(later["previousDigestS3Bucket"], bucket.as_str());
        assert_eq!(later["digestStartTime"], earlier["digestEndTime"]);
        assert_eq!(later["previousDigestHashAlgorithm"], "SHA-256");
    }
    let (key, last, _) = &found[2];
    assert_eq!((&last["logFiles"], &last["newestEventTime"]), (&serde_json::json!([]), &Value::Null), "a quiet hour is asserted");
    assert_eq!(last["awsAccountId"], lab.account.as_str());
    let end: jiff::Timestamp = last["digestEndTime"].as_str().unwrap().parse().unwrap();
    let name = format!("{}_CloudTrail-Digest_{HOME}_main_{HOME}_{}.json.gz", lab.account, end.strftime("%Y%m%dT%H%M%SZ"));
    assert_eq!(*key, format!("AWSLogs/{}/CloudTrail-Digest/{HOME}/{}/{name}", lab.account, end.strftime("%Y/%m/%d")));

    let keys = lab.cloudtrail(HOME).list_public_keys().send().await.unwrap();
    assert_eq!(last["digestPublicKeyFingerprint"], keys.public_key_list()[0].fingerprint().unwrap());
    let status = lab.cloudtrail(HOME).get_trail_status().name("main").send().await.unwrap();
    assert!(status.latest_digest_delivery_time().is_some() && status.latest_digest_delivery_error().is_none(), "{status:?}");
}

#[tokio::test]
async fn stopping_ends_a_chain_and_starting_begins_another() {
    let (lab, bucket) = validated_trail().await;
    let client = lab.cloudtrail(HOME);
    busy_hour(&lab).await;
    advance(&lab, 600).await;
    client.stop_logging().name("main").send().await.unwrap();
    advance(&lab, 2 * HOUR).await;
    let round = lab.control.deliver().await.unwrap();
    assert_eq!((round.log_files, round.digests), (1, 1), "a final digest");
    assert_eq!(lab.control.deliver().await.unwrap().digests, 0);
    client.start_logging().name("main").send().await.unwrap();
    busy_hour(&lab).await;
    let found = digests(&lab, &bucket, HOME).await;
    let starts: Vec<bool> = found.iter().map(|(_, digest, _)| digest["previousDigestS3Object"].is_null()).collect();
    assert_eq!(starts, [true, false, true]);
    let (valid, text) = validate(&lab, HOME).await;
    assert!(valid && text.contains("3/3 digest files valid"), "{text}");

    client.delete_trail().name("main").send().await.unwrap();
    assert_eq!(lab.control.deliver().await.unwrap().digests, 1, "and one when the trail is deleted");
}

#[tokio::test]
async fn a_restart_or_a_new_trail_of_the_same_name_between_two_deliveries_begins_another_chain() {
    let (lab, bucket) = validated_trail().await;
    let client = lab.cloudtrail(HOME);
    busy_hour(&lab).await;
    advance(&lab, 60).await;
    client.stop_logging().name("main").send().await.unwrap();
    client.start_logging().name("main").send().await.unwrap();
    busy_hour(&lab).await;
    advance(&lab, 60).await;
    client.delete_trail().name("main").send().await.unwrap();
    client.create_trail().name("main").s3_bucket_name(&bucket).enable_log_file_validation(true).send().await.unwrap();
    client.start_logging().name("main").send().await.unwrap();
    busy_hour(&lab).await;
    let found = digests(&lab, &bucket, HOME).await;
    let starts: Vec<bool> = found.iter().map(|(_, digest, _)| digest["previousDigestS3Object"].is_null()).collect();
    assert_eq!(starts, [true, false, true, false, true], "an hour, its last part; an hour, its last part; an hour");
    let (valid, text) = validate(&lab, HOME).await;
    assert!(valid && text.contains("5/5 digest files valid"), "{text}");
}

#[tokio::test]
async fn switching_validation_off_and_on_begins_another_chain() {
    let (lab, bucket) = validated_trail().await;
    let client = lab.cloudtrail(HOME);
    busy_hour(&lab).await;
    for on in [false, true] {
        client.update_trail().name("main").enable_log_file_validation(on).send().await.unwrap();
    }
    lab.control.deliver().await.unwrap();
    busy_hour(&lab).await;
    busy_hour(&lab).await;
    let found = digests(&lab, &bucket, HOME).await;
    let starts: Vec<bool> = found.iter().map(|(_, digest, _)| digest["previousDigestS3Object"].is_null()).collect();
    assert_eq!(starts, [true, true, false]);
    client.update_trail().name("main").enable_log_file_validation(false).send().await.unwrap();
    busy_hour(&lab).await;
    assert_eq!(digests(&lab, &bucket, HOME).await.len(), 3, "none while validation is off");
}

#[tokio::test]
async fn a_digest_that_fails_shows_and_comes_later() {
    let (lab, bucket) = validated_trail().await;
    busy_hour(&lab).await;
    let mut policy = crate::lab::bucket_policy(&bucket, "*", &lab.account);
    let good = policy.clone();
    policy["Statement"][1]["Resource"] = serde_json::json!(format!("arn:aws:s3:::{bucket}/AWSLogs/{}/CloudTrail/*", lab.account));
    lab.put_policy(&bucket, HOME, &policy).await;
    advance(&lab, HOUR).await;
    lab.control.deliver().await.unwrap();
    let status = async || lab.cloudtrail(HOME).get_trail_status().name("main").send().await.unwrap();
    let broken = status().await;
    assert_eq!((broken.latest_digest_delivery_error(), broken.latest_delivery_error()), (Some("AccessDenied"), None));
    lab.put_policy(&bucket, HOME, &good).await;
    lab.control.deliver().await.unwrap();
    assert_eq!(status().await.latest_digest_delivery_error(), None);
    let (valid, text) = validate(&lab, HOME).await;
    assert!(valid && text.contains("2/2 digest files valid"), "{text}");
}

#[tokio::test]
async fn a_last_digest_that_failed_goes_to_the_new_bucket() {
    let (lab, _) = validated_trail().await;
    let client = lab.cloudtrail(HOME);
    busy_hour(&lab).await;
    lab.put_policy(&lab.bucket_name("logs"), HOME, &crate::lab::bucket_policy(&lab.bucket_name("logs"), "nobody", &lab.account)).await;
    client.stop_logging().name("main").send().await.unwrap();
    assert_eq!(lab.control.deliver().await.unwrap().digests, 0);
    let bucket = lab.create_bucket("new", HOME).await;
    lab.put_policy(&bucket, HOME, &crate::lab::bucket_policy(&bucket, "*", &lab.account)).await;
    client.update_trail().name("main").s3_bucket_name(&bucket).send().await.unwrap();
    assert_eq!(lab.control.deliver().await.unwrap().failures, 0);
    let found = digests(&lab, &bucket, HOME).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1["previousDigestS3Bucket"], lab.bucket_name("logs"), "the chain goes on across buckets");
}

#[tokio::test]
async fn an_organization_trail_validates_for_each_account() {
    let lab = past_lab().await;
    let (_, member) = organization_trail(&lab).await;
    lab.cloudtrail_as(&crate::lab::key(&member), HOME).list_trails().send().await.unwrap();
    busy_hour(&lab).await;
    for account in [&lab.account, &member] {
        let (valid, text) = validate_account(&lab, HOME, account).await;
        assert!(valid && text.contains("1/1 digest files valid") && text.contains("1/1 log files valid"), "{text}");
    }
}

#[tokio::test]
async fn public_keys_have_a_time_and_a_region() {
    let lab = Lab::new().await;
    use aws_sdk_cloudtrail::primitives::DateTime;
    let list = async |region: &str| lab.cloudtrail(region).list_public_keys().send().await.unwrap().public_key_list.unwrap();
    let (home, other) = (list(HOME).await, list(OTHER).await);
    assert_ne!(home[0].fingerprint(), other[0].fingerprint());
    assert_eq!(home[0].fingerprint(), list(HOME).await[0].fingerprint());
    let der = home[0].value().unwrap().as_ref();
    // PKCS#1: a sequence of modulus and exponent, no algorithm in front.
    assert_eq!(&der[..4], [0x30, 0x82, 0x01, 0x0a], "RSA with 2048 bits");
    let old = DateTime::from_secs(1_000_000_000);
    let none = lab.cloudtrail(HOME).list_public_keys().start_time(old).end_time(old).send().await.unwrap();
    assert!(none.public_key_list().is_empty());
    let backwards = lab.cloudtrail(HOME).list_public_keys().start_time(DateTime::from_secs(2_000_000_000)).end_time(old).send().await;
    assert_eq!(crate::lab::code(backwards), "InvalidTimeRangeException");
}

#[tokio::test]
async fn a_rotated_key_signs_from_then_on_and_both_are_listed() {
    let (lab, bucket) = validated_trail().await;
    busy_hour(&lab).await;
    lab.control.rotate(HOME).await.unwrap();
    busy_hour(&lab).await;
    let of = |(_, document, _): &(String, Value, String)| document["digestPublicKeyFingerprint"].as_str().unwrap().to_owned();
    let fingerprints: Vec<String> = digests(&lab, &bucket, HOME).await.iter().map(of).collect();
    assert_ne!(fingerprints[0], fingerprints[1]);
    let begin = aws_sdk_cloudtrail::primitives::DateTime::from_secs(lab.control.now().await.unwrap().as_second() - 3 * HOUR);
    let listed = lab.cloudtrail(HOME).list_public_keys().start_time(begin).send().await.unwrap();
    assert_eq!(listed.public_key_list().iter().filter_map(|key| key.fingerprint()).collect::<Vec<_>>(), fingerprints);
    let now = lab.cloudtrail(HOME).list_public_keys().send().await.unwrap();
    assert_eq!(now.public_key_list()[0].fingerprint(), Some(fingerprints[1].as_str()));
    let (valid, text) = validate(&lab, HOME).await;
    assert!(valid && text.contains("2/2 digest files valid"), "{text}");
}
