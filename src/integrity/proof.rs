//! One digest by itself: is it a digest, is it where it belongs, and did CloudTrail sign it? Pure.

use super::content::{Content, Flaw};
use super::digest::{ALGORITHM, BACKFILL_TIME, Digest, LogFile, SIGNATURE, SIGNATURE_ALGORITHM};
use super::fault::Fault;
use super::place::{DigestKey, Place};
use super::public_keys::RegionKeys;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A digest that was read, with what is wrong with it.
#[derive(Debug)]
pub struct Proof {
    pub place: Place,
    pub key: DigestKey,
    pub sha256: [u8; 32],
    pub signature: String,
    /// `None` if it can't be read as a digest.
    pub digest: Option<Digest>,
    pub faults: Vec<Fault>,
}

impl Proof {
    /// Of an object that is no whole gzip file.
    pub fn flawed(place: Place, key: DigestKey, flaw: Flaw) -> Self {
        Self { place, key, sha256: [0; 32], signature: String::new(), digest: None, faults: vec![flaw.into()] }
    }

    /// Judges a digest that was fetched from `place`.
    pub fn of(place: Place, key: DigestKey, content: &Content, metadata: &BTreeMap<String, String>, keys: &RegionKeys) -> Self {
        let mut faults: Vec<Fault> = content.flaw.map(Fault::from).into_iter().collect();
        let signature = metadata.get(SIGNATURE).cloned().unwrap_or_default();
        let digest = Digest::parse(&content.kept).map_err(|field| faults.push(Fault::Malformed { field })).ok();
        if let Some(digest) = &digest {
            faults.extend(misplaced(digest, &place, &key));
            faults.extend(unsigned(digest, &key, content, metadata, keys));
        }
        if key.backfill && backfill_time(metadata).is_none() {
            faults.push(Fault::Malformed { field: format!("metadata {BACKFILL_TIME} is no time") });
        }
        Self { place, key, sha256: content.sha256, signature, digest, faults }
    }

    /// Takes out the log files that it names: many, and needed once.
    pub fn take_log_files(&mut self) -> Vec<LogFile> {
        self.digest.as_mut().map(|digest| std::mem::take(&mut digest.log_files)).unwrap_or_default()
    }

    /// When it begins, as far as is known.
    pub fn start(&self) -> Option<Timestamp> {
        self.digest.as_ref().map(|digest| digest.start)
    }

    /// Whether what it says was said by CloudTrail.
    pub fn is_believed(&self) -> bool {
        self.faults.is_empty()
    }
}

/// When a backfill digest was made: its key is looked up around then, not around the hour that it fills.
pub fn backfill_time(metadata: &BTreeMap<String, String>) -> Option<Timestamp> {
    metadata.get(BACKFILL_TIME)?.parse().ok()
}

fn misplaced(digest: &Digest, place: &Place, key: &DigestKey) -> Vec<Fault> {
    if digest.place != *place {
        return vec![Fault::Moved { from: digest.place.clone() }];
    }
    let mut faults = Vec::new();
    let area = &key.stream.area;
    if digest.account != area.account {
        let (says, key) = (digest.account.clone(), area.account.clone());
        faults.push(Fault::Contradicts { field: "awsAccountId".to_owned(), says, key });
    }
    if digest.end.as_second() != key.end.as_second() {
        faults.push(Fault::Contradicts { field: "digestEndTime".to_owned(), says: digest.end.to_string(), key: key.end.to_string() });
    }
    faults
}

fn unsigned(digest: &Digest, key: &DigestKey, content: &Content, metadata: &BTreeMap<String, String>, keys: &RegionKeys) -> Option<Fault> {
    let (Some(signature), Some(SIGNATURE_ALGORITHM)) = (metadata.get(SIGNATURE), metadata.get(ALGORITHM).map(String::as_str)) else {
        return Some(Fault::Unsigned);
    };
    let Some(public_key) = keys.get(&digest.fingerprint) else {
        return Some(Fault::KeyUnknown { region: key.stream.area.region.clone(), fingerprint: digest.fingerprint.clone() });
    };
    let signed = public_key.verifies(&digest.string_to_sign(&content.sha256), signature);
    (!signed).then_some(Fault::SignatureInvalid)
}
