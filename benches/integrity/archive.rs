//! An archive of one account and Region as CloudTrail writes it, in a folder: signed digests, and log files of a usual size.

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use trailkeeper_sim::delivery::digest::{Digest, LogFile, Previous};
use trailkeeper_sim::delivery::{keys, sha256};

pub const ACCOUNT: &str = "111111111111";
pub const REGION: &str = "eu-west-1";
pub const TRAIL: &str = "main";
pub const BUCKET: &str = "acme-logs";

/// Events of a log file: with about a kilobyte each, some 100 KB, compressed a tenth of it.
const EVENTS: usize = 80;

pub struct Archive {
    pub root: PathBuf,
    pub keys_file: PathBuf,
    /// The answer to ListPublicKeys.
    pub keys: Value,
    pub files: usize,
    /// As stored.
    pub bytes: usize,
    pub begin: Timestamp,
    pub end: Timestamp,
}

impl Archive {
    /// Writes the archive below `folder`.
    pub async fn write(folder: &Path, digests: usize, logs_per_digest: usize) -> Self {
        let pair = keys::of(REGION, 0).await.unwrap();
        let value = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &pair.der);
        let validity = |time: Timestamp| time.as_second();
        let begin = Timestamp::from_second(1_780_272_000).unwrap(); // 2026-06-01
        let end = begin + SignedDuration::from_hours(i64::try_from(digests).unwrap());
        let keys = json!({ "PublicKeyList": [{ "Value": value, "Fingerprint": pair.fingerprint,
            "ValidityStartTime": validity(begin), "ValidityEndTime": validity(end) }] });
        let keys_file = folder.join("keys.json");
        std::fs::write(&keys_file, json!({ REGION: keys }).to_string()).unwrap();
        let mut archive = Self { root: folder.join("bucket"), keys_file, keys, files: 0, bytes: 0, begin, end };
        let mut previous = None;
        for hour in 0..digests {
            let start = begin + SignedDuration::from_hours(i64::try_from(hour).unwrap());
            let end = start + SignedDuration::from_hours(1);
            let files: Vec<LogFile> = (0..logs_per_digest).map(|number| archive.log(start, hour * logs_per_digest + number)).collect();
            let day = end.strftime("%Y/%m/%d");
            let time = end.strftime("%Y%m%dT%H%M%SZ");
            let key = format!(
                "AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/{day}/{ACCOUNT}_CloudTrail-Digest_{REGION}_{TRAIL}_{REGION}_{time}.json.gz"
            );
            let digest = Digest {
                account: ACCOUNT,
                bucket: BUCKET,
                key: &key,
                fingerprint: &pair.fingerprint,
                start,
                end,
                files: &files,
                previous: previous.as_ref(),
            };
            let content = digest.document().to_string();
            let signature = pair.sign(&digest.string_to_sign(content.as_bytes())).unwrap();
            archive.put(&key, content.as_bytes());
            let metadata = json!({ "Metadata": { "signature": signature, "signature-algorithm": "SHA256withRSA" } });
            std::fs::write(archive.root.join(format!("{key}.metadata.json")), metadata.to_string()).unwrap();
            previous = Some(Previous { bucket: BUCKET.to_owned(), hash: sha256(content.as_bytes()), key, signature });
        }
        archive
    }

    fn log(&mut self, start: Timestamp, number: usize) -> LogFile {
        let time = start + SignedDuration::from_mins(i64::try_from(number % 10).unwrap() * 5);
        let (day, minute) = (time.strftime("%Y/%m/%d"), time.strftime("%Y%m%dT%H%MZ"));
        let key = format!("AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{day}/{ACCOUNT}_CloudTrail_{REGION}_{minute}_{number:016x}.json.gz");
        let content = events(number, time);
        self.put(&key, content.as_bytes());
        let hash = sha256(content.as_bytes());
        LogFile { bucket: BUCKET.to_owned(), key, hash, oldest: time, newest: time, delivered: time }
    }

    fn put(&mut self, key: &str, content: &[u8]) {
        let path = self.root.join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        let object = encoder.finish().unwrap();
        self.files += 1;
        self.bytes += object.len();
        std::fs::write(path, object).unwrap();
    }
}

/// Events whose ids, addresses and times differ, as real ones do.
fn events(number: usize, time: Timestamp) -> String {
    let mut text = String::from("{\"Records\":[");
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(u64::try_from(number).unwrap() + 1);
    for event in 0..EVENTS {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let comma = if event == 0 { "" } else { "," };
        let [one, two, ..] = seed.to_be_bytes();
        let _ = write!(
            text,
            "{comma}{{\"eventVersion\":\"1.11\",\"userIdentity\":{{\"type\":\"AssumedRole\",\"principalId\":\"AROA{seed:016X}:session\",\
             \"arn\":\"arn:aws:sts::{ACCOUNT}:assumed-role/application-{one}/session\",\"accountId\":\"{ACCOUNT}\",\"accessKeyId\":\"ASIA{seed:016X}\",\
             \"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\"principalId\":\"AROA{seed:016X}\",\"arn\":\"arn:aws:iam::{ACCOUNT}:role/application-{one}\",\
             \"accountId\":\"{ACCOUNT}\",\"userName\":\"application-{one}\"}},\"attributes\":{{\"creationDate\":\"{time}\",\"mfaAuthenticated\":\"false\"}}}}}},\
             \"eventTime\":\"{time}\",\"eventSource\":\"kms.amazonaws.com\",\"eventName\":\"Decrypt\",\"awsRegion\":\"{REGION}\",\
             \"sourceIPAddress\":\"10.0.{one}.{two}\",\"userAgent\":\"aws-sdk-java/2.31 Linux\",\"requestParameters\":{{\"encryptionContext\":{{\"table\":\"t-{two}\"}}}},\
             \"responseElements\":null,\"requestID\":\"{seed:016x}-{one}\",\"eventID\":\"{seed:016x}-{two}\",\"readOnly\":true,\"eventType\":\"AwsApiCall\",\
             \"managementEvent\":true,\"recipientAccountId\":\"{ACCOUNT}\",\"eventCategory\":\"Management\",\
             \"tlsDetails\":{{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"clientProvidedHostHeader\":\"kms.{REGION}.amazonaws.com\"}}}}"
        );
    }
    text.push_str("]}");
    text
}
