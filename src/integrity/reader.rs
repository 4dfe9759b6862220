//! Reads objects of an archive, so many at a time, and hashes them as they come. It knows nothing of chains.

use super::content::{Content, Flaw, Inflater, MOST_DIGEST, MOST_LOG};
use super::digest::LogFile;
use super::evidence::{Evidence, Refusal};
use super::fault::{Fault, Verdict};
use super::place::{DigestKey, Place};
use super::proof::{Proof, backfill_time};
use super::public_keys::RegionKeys;
use futures::StreamExt;
use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Mutex, OnceCell, Semaphore};

/// Versions of one object that are looked through for the one that was delivered.
const MOST_VERSIONS: usize = 20;

/// How far around a backfill digest's making its key is looked for, as `aws cloudtrail validate-logs` does.
const AROUND_BACKFILL: SignedDuration = SignedDuration::from_hours(1);

/// How far a run has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// Objects that are known to be read.
    pub known: AtomicU64,
    pub read: AtomicU64,
    pub bytes: AtomicU64,
}

type KeySlot = Arc<OnceCell<Result<Arc<RegionKeys>, String>>>;

/// Region, and the day from which keys are wanted.
type KeyRange = (String, Timestamp);

/// Lets so many KiB pass in a second.
type Bandwidth = RateLimiter<NotKeyed, InMemoryState, DefaultClock>;

const KIB: usize = 1024;

/// An archive, read with bounded concurrency.
pub struct Reader<E> {
    pub evidence: E,
    permits: Semaphore,
    bandwidth: Option<(NonZeroU32, Bandwidth)>,
    pub progress: Progress,
    keys: Mutex<HashMap<KeyRange, KeySlot>>,
}

/// What a gzip object holds, or why that is not known.
enum Read {
    Content(Content, BTreeMap<String, String>),
    Flawed(Flaw),
    Refused(Refusal),
}

impl<E: Evidence> Reader<E> {
    /// `at_once`: objects that are read at a time. Each takes a buffer of some 100 KiB.
    pub fn new(evidence: E, at_once: usize) -> Self {
        Self { evidence, permits: Semaphore::new(at_once), bandwidth: None, progress: Progress::default(), keys: Mutex::default() }
    }

    /// At most so many MiB are read in a second, all objects together.
    pub fn with_bandwidth(mut self, mebibytes: NonZeroU32) -> Self {
        let kib = mebibytes.saturating_mul(NonZeroU32::MIN.saturating_add(1023));
        self.bandwidth = Some((kib, RateLimiter::direct(Quota::per_second(kib))));
        self
    }

    /// Waits until so many bytes more may have been read.
    async fn pass(&self, bytes: usize) {
        let Some((most, bandwidth)) = &self.bandwidth else { return };
        let mut left = u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX);
        while let Some(part) = NonZeroU32::new(left.min(most.get())) {
            // It refuses only what is more than it ever lets pass at once.
            if bandwidth.until_n_ready(part).await.is_err() {
                return;
            }
            left -= part.get();
        }
    }

    async fn read(&self, place: &Place, version: Option<&str>, mut inflater: Inflater) -> Read {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        let mut opened = match self.evidence.open(place, version).await {
            Ok(opened) => opened,
            Err(refusal) => return Read::Refused(refusal),
        };
        while let Some(piece) = opened.body.next().await {
            match piece {
                Ok(piece) => {
                    self.progress.bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
                    self.pass(piece.len()).await;
                    if !inflater.take(&piece) {
                        break;
                    }
                }
                Err(why) => return Read::Refused(Refusal::Unread(why)),
            }
        }
        match inflater.finish() {
            Ok(content) => Read::Content(content, opened.metadata),
            Err(flaw) => Read::Flawed(flaw),
        }
    }

    /// Fetches a digest and judges it by itself.
    pub async fn digest(&self, place: Place, key: DigestKey, keys: &RegionKeys) -> Result<Proof, (Place, Refusal)> {
        let read = self.read(&place, None, Inflater::keeping(MOST_DIGEST)).await;
        self.progress.read.fetch_add(1, Ordering::Relaxed);
        match read {
            Read::Content(content, metadata) => {
                let proof = Proof::of(place, key, &content, &metadata, keys);
                let unknown = proof.faults.iter().any(|fault| matches!(fault, Fault::KeyUnknown { .. }));
                match backfill_time(&metadata).filter(|_| unknown && proof.key.backfill) {
                    Some(made) => Ok(self.with_keys_around(made, proof, &content, &metadata).await),
                    None => Ok(proof),
                }
            }
            Read::Flawed(flaw) => Ok(Proof::flawed(place, key, flaw)),
            Read::Refused(refusal) => Err((place, refusal)),
        }
    }

    async fn with_keys_around(&self, made: Timestamp, proof: Proof, content: &Content, metadata: &BTreeMap<String, String>) -> Proof {
        let (Ok(from), Ok(until)) = (made.checked_sub(AROUND_BACKFILL), made.checked_add(AROUND_BACKFILL)) else { return proof };
        match self.evidence.keys(&proof.key.stream.area.region, from, until).await {
            Ok(keys) => Proof::of(proof.place, proof.key, content, metadata, &keys),
            Err(_) => proof,
        }
    }

    /// Fetches a log file and compares it with what its digest says.
    pub async fn log(&self, file: &LogFile) -> (Verdict, Option<String>) {
        let fault = match self.read(&file.place, None, Inflater::hashing(MOST_LOG)).await {
            Read::Content(content, _) if content.sha256 != file.sha256 => content.flaw.map_or(Fault::Changed, Fault::from),
            Read::Content(Content { flaw: None, .. }, _) => return (Verdict::Intact, None),
            Read::Content(Content { flaw: Some(flaw), .. }, _) | Read::Flawed(flaw) => flaw.into(),
            Read::Refused(Refusal::NotFound) => Fault::Missing,
            Read::Refused(Refusal::Unread(why)) => return (Verdict::Unread { why }, None),
        };
        (Verdict::NotIntact { faults: vec![fault] }, self.good_version(&file.place, &file.sha256).await)
    }

    /// The version of an object that has this content, if there is one to be found.
    pub async fn good_version(&self, place: &Place, sha256: &[u8; 32]) -> Option<String> {
        let versions = self.evidence.versions(&place.bucket, &place.key).await.ok()?;
        for version in versions.into_iter().filter(|version| version.key == place.key).take(MOST_VERSIONS) {
            if let Read::Content(Content { flaw: None, sha256: found, .. }, _) =
                self.read(place, Some(&version.id), Inflater::hashing(MOST_LOG)).await
                && found == *sha256
            {
                return Some(version.id);
            }
        }
        None
    }

    /// The keys of a Region from a time on, asked for once.
    pub async fn keys(&self, region: &str, from: Timestamp, until: Timestamp) -> Result<Arc<RegionKeys>, String> {
        let slot = self.keys.lock().await.entry((region.to_owned(), from)).or_default().clone();
        slot.get_or_init(async || self.evidence.keys(region, from, until).await.map(Arc::new)).await.clone()
    }
}
