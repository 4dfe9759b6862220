//! An archive in memory, and a writer of chains as CloudTrail would have written them, in any shape.

use crate::archive::{Object, at, unzip, zip};
use crate::lab::{HOME, HOUR};
use bytes::Bytes;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use trailkeeper::integrity::archive;
use trailkeeper::integrity::digest::LogFile;
use trailkeeper::integrity::evidence::{Evidence, Names, Opened, Refusal, Version};
use trailkeeper::integrity::outcome::Outcome;
use trailkeeper::integrity::place::{Place, TrailId};
use trailkeeper::integrity::public_keys::{PublicKey, RegionKeys};
use trailkeeper::integrity::reader::Reader;
use trailkeeper::integrity::settings::{Selection, Settings, Switched, Unreferenced};
use trailkeeper_sim::delivery::keys::KeyPair;
use trailkeeper_sim::delivery::sha256;

const BUCKET: &str = "logs";
const ACCOUNT: &str = "111111111111";

/// When every trail still goes on.
pub const END: i64 = 14 * HOUR;

/// One key for all: making one takes longer than a property may.
fn pair() -> &'static KeyPair {
    static PAIR: OnceLock<KeyPair> = OnceLock::new();
    PAIR.get_or_init(|| KeyPair::generate().unwrap())
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory(pub BTreeMap<Place, Object>);

impl Evidence for Memory {
    async fn folders(&self, _bucket: &str, prefix: &str) -> Result<Vec<String>, String> {
        let below = self.0.keys().filter_map(|place| place.key.strip_prefix(prefix)?.split_once('/'));
        let folders: BTreeSet<&str> = below.map(|(folder, _)| folder).collect();
        Ok(folders.into_iter().map(str::to_owned).collect())
    }

    fn names(&self, _bucket: &str, prefix: &str, after: &str) -> Names {
        let is_asked = |key: &&String| key.starts_with(prefix) && key.as_str() > after;
        let keys = self.0.keys().map(|place| &place.key).filter(is_asked).cloned().collect();
        stream::iter([Ok(keys)]).boxed()
    }

    async fn open(&self, place: &Place, version: Option<&str>) -> Result<Opened, Refusal> {
        assert_eq!(version, None, "there are no versions");
        let object = self.0.get(place).ok_or(Refusal::NotFound)?.clone();
        Ok(Opened { metadata: object.metadata, body: stream::iter([Ok(Bytes::from(object.body))]).boxed() })
    }

    async fn versions(&self, _bucket: &str, _prefix: &str) -> Result<Vec<Version>, String> {
        Ok(Vec::new())
    }

    async fn keys(&self, _region: &str, _from: Timestamp, _until: Timestamp) -> Result<RegionKeys, String> {
        Ok([(pair().fingerprint.clone(), PublicKey::from_der(pair().der.clone()))].into())
    }
}

impl Memory {
    /// Verifies the archive, so many seconds after its begin.
    pub fn verify(&self, until: i64) -> Outcome {
        self.verify_with(until, &[])
    }

    /// The same, where AWS says that these trails record, and were never stopped.
    pub fn verify_with(&self, until: i64, recording: &[&str]) -> Outcome {
        let id = |name: &&str| TrailId { account: Some(ACCOUNT.to_owned()), name: (*name).to_owned(), home_region: HOME.to_owned() };
        let settings = Settings {
            bucket: BUCKET.to_owned(),
            selection: Selection::default(),
            since: None,
            until: at(until),
            expired: None,
            unreferenced: Unreferenced::Fault,
            heads: BTreeMap::new(),
            trails: recording.iter().map(|name| (id(name), Switched { multi_region: true, ..Switched::default() })).collect(),
            on_object: None,
        };
        let reader = Arc::new(Reader::new(self.clone(), 8));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(archive::verify(reader, settings, &[]))
    }

    pub fn places(&self) -> Vec<Place> {
        self.0.keys().cloned().collect()
    }

    pub fn content(&self, place: &Place) -> Vec<u8> {
        unzip(&self.0[place].body)
    }
}

/// One log file that takes as many bytes in S3 as it has, and what a digest says of it.
pub fn with_a_log_of(bytes: usize) -> (Memory, LogFile) {
    let mut noise = 1_u64;
    let content: Vec<u8> = std::iter::repeat_with(|| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        noise.to_be_bytes()[0]
    })
    .take(bytes)
    .collect();
    let place = Place { bucket: BUCKET.to_owned(), key: "log".to_owned() };
    let file = LogFile { place: place.clone(), sha256: Sha256::digest(&content).into() };
    (Memory([(place, Object { body: zip(&content), metadata: BTreeMap::new() })].into()), file)
}

/// What ends a spell of logging.
#[derive(Debug, Clone)]
pub enum Break {
    /// Stopped after so many minutes of an hour, for so many hours.
    Stopped { minutes: i64, hours: i64 },
    /// Validation off for so many hours, in which so many log files are delivered.
    ValidationOff { hours: i64, logs: u32 },
}

/// Hours of logging with validation: how many log files each, and what comes then.
#[derive(Debug, Clone)]
pub struct Spell {
    pub hours: Vec<u32>,
    pub then: Break,
}

/// Writes what a trail delivers: its spells, and then empty hours until the end.
pub struct Writer<'a> {
    memory: &'a mut Memory,
    trail: &'a str,
    now: i64,
    previous: Option<Value>,
    logs: u32,
}

impl<'a> Writer<'a> {
    pub fn write(memory: &'a mut Memory, trail: &'a str, begin: i64, spells: &[Spell]) {
        let mut writer = Self { memory, trail, now: begin, previous: None, logs: 0 };
        for spell in spells {
            spell.hours.iter().for_each(|logs| writer.digest(HOUR, *logs));
            match spell.then {
                Break::Stopped { minutes, hours } => {
                    writer.digest(minutes * 60, 0);
                    writer.now += hours * HOUR;
                }
                Break::ValidationOff { hours, logs } => {
                    (0..logs).for_each(|number| drop(writer.log(writer.now + 60 * (1 + i64::from(number)))));
                    writer.now += hours * HOUR;
                }
            }
            writer.previous = None;
        }
        while writer.now + HOUR <= END {
            writer.digest(HOUR, 0);
        }
    }

    fn put(&mut self, key: &str, content: &[u8], metadata: BTreeMap<String, String>) -> Place {
        let place = Place { bucket: BUCKET.to_owned(), key: key.to_owned() };
        self.memory.0.insert(place.clone(), Object { body: zip(content), metadata });
        place
    }

    fn key(&self, kind: &str, time: Timestamp, rest: &str) -> String {
        format!("AWSLogs/{ACCOUNT}/{kind}/{HOME}/{}/{ACCOUNT}_{kind}_{HOME}_{rest}.json.gz", time.strftime("%Y/%m/%d"))
    }

    /// A log file, and how a digest names it.
    fn log(&mut self, seconds: i64) -> Value {
        let (time, unique) = (at(seconds), format!("{:0<12}{:04}", self.trail, self.logs));
        self.logs += 1;
        let key = self.key("CloudTrail", time, &format!("{}_{unique}", time.strftime("%Y%m%dT%H%MZ")));
        let content = json!({ "Records": [{ "eventID": unique, "eventTime": time.to_string() }] }).to_string();
        self.put(&key, content.as_bytes(), BTreeMap::new());
        json!({ "s3Bucket": BUCKET, "s3Object": key, "hashValue": sha256(content.as_bytes()), "hashAlgorithm": "SHA-256" })
    }

    /// The digest of the next so many seconds.
    fn digest(&mut self, seconds: i64, logs: u32) {
        let files: Vec<Value> = (0..logs).map(|number| self.log(self.now + 60 * (1 + i64::from(number)))).collect();
        let (start, end) = (at(self.now), at(self.now + seconds));
        self.now += seconds;
        let key = self.key("CloudTrail-Digest", end, &format!("{}_{HOME}_{}", self.trail, end.strftime("%Y%m%dT%H%M%SZ")));
        let mut document = json!({
            "awsAccountId": ACCOUNT,
            "digestStartTime": start.to_string(),
            "digestEndTime": end.to_string(),
            "digestS3Bucket": BUCKET,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": pair().fingerprint,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "logFiles": files,
        });
        for field in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
            document[format!("previousDigest{field}")] = self.previous.as_ref().map_or(Value::Null, |previous| previous[field].clone());
        }
        let content = document.to_string();
        let (hash, before) = (sha256(content.as_bytes()), document["previousDigestSignature"].as_str().unwrap_or("null"));
        let signature = pair().sign(&format!("{end}\n{BUCKET}/{key}\n{hash}\n{before}")).unwrap();
        self.previous = Some(json!({ "S3Bucket": BUCKET, "S3Object": key, "HashValue": hash, "HashAlgorithm": "SHA-256",
            "Signature": signature }));
        let metadata = [("signature".to_owned(), signature), ("signature-algorithm".to_owned(), "SHA256withRSA".to_owned())].into();
        self.put(&key, content.as_bytes(), metadata);
    }
}
