//! An archive as it stands in S3, held in memory so that a case can tamper with it, and what it changed be written back.

use crate::lab::{BEGIN, HOME, HOUR, Lab, OTHER};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::sync::Arc;
use trailkeeper::integrity::place::{DigestKey, LogKey, Place};
use trailkeeper_sim::delivery::keys::{self, KeyPair};
use trailkeeper_sim::delivery::sha256;

/// Requests to S3 at a time.
const AT_ONCE: usize = 16;

#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    pub body: Vec<u8>,
    pub metadata: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
pub struct Archive {
    pub account: String,
    /// The bucket that is verified.
    pub bucket: String,
    pub objects: BTreeMap<Place, Object>,
    /// Objects that nobody may read.
    pub denied: BTreeSet<Place>,
    /// What signs in each Region, and a key that CloudTrail does not know, under the name of no Region.
    pub pairs: BTreeMap<&'static str, Arc<KeyPair>>,
}

/// The time so many seconds after the archive's begin.
pub fn at(seconds: i64) -> Timestamp {
    let begin: Timestamp = BEGIN.parse().unwrap();
    begin + SignedDuration::from_secs(seconds)
}

pub fn zip(content: &[u8]) -> Vec<u8> {
    zip_with(content, Compression::default())
}

pub fn zip_with(content: &[u8], compression: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), compression);
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub fn unzip(object: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    GzDecoder::new(object).read_to_end(&mut content).unwrap();
    content
}

/// The name of the unknown key among the pairs.
pub const STRANGER: &str = "stranger";

impl Archive {
    pub async fn load(lab: &Lab, bucket: &str, others: &[String]) -> Self {
        let mut objects = BTreeMap::new();
        for bucket in std::iter::once(bucket).chain(others.iter().map(String::as_str)) {
            let mut pages = lab.s3().list_objects_v2().bucket(bucket).into_paginator().send();
            let mut places = Vec::new();
            while let Some(page) = pages.next().await {
                let keys = page.unwrap().contents.unwrap_or_default().into_iter().filter_map(|object| object.key);
                places.extend(keys.map(|key| Place { bucket: bucket.to_owned(), key }));
            }
            let read = stream::iter(places).map(async |place| {
                let object = lab.s3().get_object().bucket(&place.bucket).key(&place.key).send().await.unwrap();
                let metadata = object.metadata.unwrap_or_default().into_iter().collect();
                (place, Object { body: object.body.collect().await.unwrap().to_vec(), metadata })
            });
            objects.extend(read.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
        }
        let mut pairs = BTreeMap::from([(STRANGER, Arc::new(KeyPair::generate().unwrap()))]);
        for region in [HOME, OTHER] {
            pairs.insert(region, keys::of(region, 0).await.unwrap());
        }
        Self { account: lab.account.clone(), bucket: bucket.to_owned(), objects, denied: BTreeSet::new(), pairs }
    }

    /// Makes S3 look like this, where it looked like `before`.
    pub async fn write(&self, lab: &Lab, before: &Self) {
        let changed = self.objects.iter().filter(|(place, object)| before.objects.get(place) != Some(object));
        stream::iter(changed)
            .for_each_concurrent(AT_ONCE, async |(place, object)| {
                let put = lab.s3().put_object().bucket(&place.bucket).key(&place.key).body(object.body.clone().into());
                put.set_metadata(Some(object.metadata.clone().into_iter().collect())).send().await.unwrap();
            })
            .await;
        let gone = before.objects.keys().filter(|place| !self.objects.contains_key(place));
        stream::iter(gone)
            .for_each_concurrent(AT_ONCE, async |place| {
                lab.s3().delete_object().bucket(&place.bucket).key(&place.key).send().await.unwrap();
            })
            .await;
        if self.denied != before.denied {
            let deny = |place: &Place| {
                json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
                "Resource": format!("arn:aws:s3:::{}/{}", place.bucket, place.key) })
            };
            lab.put_policy(&self.bucket, &self.denied.iter().map(deny).collect::<Vec<_>>()).await;
        }
    }

    fn find(&self, is: impl Fn(&Place) -> bool) -> Vec<Place> {
        self.objects.keys().filter(|place| is(place)).cloned().collect()
    }

    /// Digests of a trail in a Region, oldest first, without backfill.
    pub fn digests_of(&self, trail: &str, region: &str) -> Vec<Place> {
        let mut found: Vec<(Timestamp, Place)> = Vec::new();
        for place in self.objects.keys() {
            if let Some(key) = DigestKey::parse(&place.key)
                && (key.stream.trail.as_str(), key.stream.area.region.as_str(), key.backfill) == (trail, region, false)
            {
                found.push((key.end, place.clone()));
            }
        }
        found.sort();
        found.into_iter().map(|(_, place)| place).collect()
    }

    /// Digests of the trail `main` in its home Region.
    pub fn digests(&self) -> Vec<Place> {
        self.digests_of("main", HOME)
    }

    /// The digest of an hour, counted from 1.
    pub fn digest(&self, hour: usize) -> Place {
        self.digests()[hour - 1].clone()
    }

    /// Log files of a Region, oldest first.
    pub fn logs(&self, region: &str) -> Vec<Place> {
        self.find(|place| LogKey::parse(&place.key).is_some_and(|log| log.area.region == region))
    }

    /// The log files that a digest names.
    pub fn logs_of(&self, digest: &Place) -> Vec<Place> {
        let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
        let place = |entry: &Value| Place { bucket: text(entry, "s3Bucket"), key: text(entry, "s3Object") };
        self.document(digest)["logFiles"].as_array().unwrap().iter().map(place).collect()
    }

    /// The first log file of an hour, counted from 1.
    pub fn log(&self, hour: usize) -> Place {
        self.logs_of(&self.digest(hour))[0].clone()
    }

    pub fn object(&mut self, place: &Place) -> &mut Object {
        self.objects.get_mut(place).unwrap()
    }

    pub fn body(&mut self, place: &Place) -> &mut Vec<u8> {
        &mut self.object(place).body
    }

    pub fn content(&self, place: &Place) -> Vec<u8> {
        unzip(&self.objects[place].body)
    }

    pub fn document(&self, digest: &Place) -> Value {
        serde_json::from_slice(&self.content(digest)).unwrap()
    }

    pub fn place(&self, key: String) -> Place {
        Place { bucket: self.bucket.clone(), key }
    }

    pub fn remove(&mut self, place: &Place) {
        self.objects.remove(place).unwrap();
    }

    /// Removes digests by hours, counted from 1, and their log files.
    pub fn remove_hours(&mut self, hours: std::ops::RangeInclusive<usize>) {
        let digests = self.digests();
        for digest in &digests[hours.start() - 1..*hours.end()] {
            self.logs_of(digest).iter().for_each(|log| self.remove(log));
            self.remove(digest);
        }
    }

    pub fn swap(&mut self, one: &Place, other: &Place) {
        let (first, second) = (self.objects[one].clone(), self.objects[other].clone());
        self.objects.insert(one.clone(), second);
        self.objects.insert(other.clone(), first);
    }

    /// Puts what stands at `from` at `to` too.
    pub fn copy(&mut self, from: &Place, to: &Place) {
        let object = self.objects[from].clone();
        self.objects.insert(to.clone(), object);
    }

    /// Writes a new document, and leaves the signature that was beside the old one.
    pub fn rewrite(&mut self, digest: &Place, change: impl FnOnce(&mut Value)) {
        let mut document = self.document(digest);
        change(&mut document);
        *self.body(digest) = zip(document.to_string().as_bytes());
    }

    /// Writes a document signed with a key: what only CloudTrail can do, or somebody with a key of his own.
    pub fn sign(&mut self, key: &str, digest: &Place, document: &Value) {
        let text = |field: &str| document[field].as_str().unwrap_or("null").to_owned();
        let content = document.to_string();
        let hash = sha256(content.as_bytes());
        let place = format!("{}/{}", text("digestS3Bucket"), text("digestS3Object"));
        let signed = format!("{}\n{place}\n{hash}\n{}", text("digestEndTime"), text("previousDigestSignature"));
        let metadata = [("signature", self.pairs[key].sign(&signed).unwrap()), ("signature-algorithm", "SHA256withRSA".to_owned())];
        let metadata = metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.objects.insert(digest.clone(), Object { body: zip(content.as_bytes()), metadata });
    }

    /// Changes digests from an hour on, counted from 1, and signs each and links it with the one before.
    pub fn forge(&mut self, key: &str, from: usize, mut change: impl FnMut(usize, &mut Value)) {
        let digests = self.digests();
        for (index, digest) in digests.iter().enumerate().skip(from - 1) {
            let mut document = self.document(digest);
            document["digestPublicKeyFingerprint"] = self.pairs[key].fingerprint.clone().into();
            if index >= from {
                self.link(&mut document, &digests[index - 1]);
            }
            change(index + 1, &mut document);
            self.sign(key, digest, &document);
        }
    }

    /// Says in a document that `previous` is the digest before it.
    pub fn link(&self, document: &mut Value, previous: &Place) {
        document["previousDigestS3Bucket"] = previous.bucket.clone().into();
        document["previousDigestS3Object"] = previous.key.clone().into();
        document["previousDigestHashValue"] = sha256(&self.content(previous)).into();
        document["previousDigestHashAlgorithm"] = "SHA-256".into();
        document["previousDigestSignature"] = self.objects[previous].metadata["signature"].clone().into();
    }

    /// A log file of the home Region, some seconds after the begin, with one event; no digest names it.
    pub fn add_log(&mut self, seconds: i64, unique: &str) -> Place {
        let (account, time) = (self.account.clone(), at(seconds));
        let (day, minute) = (time.strftime("%Y/%m/%d"), time.strftime("%Y%m%dT%H%MZ"));
        let key = format!("AWSLogs/{account}/CloudTrail/{HOME}/{day}/{account}_CloudTrail_{HOME}_{minute}_{unique}.json.gz");
        let content = json!({ "Records": [{ "eventName": "ConsoleLogin", "eventTime": time.to_string(), "eventID": unique }] }).to_string();
        let place = self.place(key);
        self.objects.insert(place.clone(), Object { body: zip(content.as_bytes()), metadata: BTreeMap::new() });
        place
    }

    /// How a digest names a log file.
    pub fn entry(&self, log: &Place) -> Value {
        json!({ "s3Bucket": log.bucket, "s3Object": log.key, "hashValue": sha256(&self.content(log)), "hashAlgorithm": "SHA-256",
            "newestEventTime": BEGIN, "oldestEventTime": BEGIN })
    }

    /// A digest of a further hour that continues the newest one, with its place; not yet signed or put there.
    pub fn next(&self) -> (Place, Value) {
        let digests = self.digests();
        let newest = digests.last().unwrap();
        let mut document = self.document(newest);
        let start: Timestamp = document["digestEndTime"].as_str().unwrap().parse().unwrap();
        let end = start + SignedDuration::from_secs(HOUR);
        let place = self.place(digest_key(&self.account, &end, ""));
        document["digestStartTime"] = start.to_string().into();
        document["digestEndTime"] = end.to_string().into();
        document["digestS3Object"] = place.key.clone().into();
        document["logFiles"] = json!([]);
        self.link(&mut document, newest);
        (place, document)
    }
}

/// The key of a digest of `main` in its home Region; `suffix` is empty or `_backfill`.
pub fn digest_key(account: &str, end: &Timestamp, suffix: &str) -> String {
    let (day, time) = (end.strftime("%Y/%m/%d"), end.strftime("%Y%m%dT%H%M%SZ"));
    format!("AWSLogs/{account}/CloudTrail-Digest/{HOME}/{day}/{account}_CloudTrail-Digest_{HOME}_main_{HOME}_{time}{suffix}.json.gz")
}
