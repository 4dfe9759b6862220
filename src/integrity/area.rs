//! The verification of one account and Region: its digests, the log files that they name, and those that none names.

use super::chain::{Chain, Head, Judged, Lost};
use super::digest::LogFile;
use super::evidence::{Evidence, Refusal};
use super::fault::{Fault, Gap, Sort, Verdict};
use super::ledger::Ledger;
use super::outcome::Outcome;
use super::place::{Area, DigestKey, LogKey, Place, Stream};
use super::proof::Proof;
use super::public_keys::RegionKeys;
use super::reader::Reader;
use super::settings::Settings;
use futures::{Stream as Flow, StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use tokio::task::{JoinError, JoinHandle};

/// A log file is delivered within minutes of the time in its key; the digest of that hour, or of the next one, names it.
pub(super) const NAMED_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// Tasks under way in one area. What they read at a time is bounded by the reader.
const TASKS: usize = 256;

/// Log files that digests name, by hashes of their places: those of a year fit into a few megabytes.
#[derive(Default)]
pub(super) struct Named {
    hasher: RandomState,
    files: HashMap<u64, u64>,
}

impl Named {
    /// Adds a file; false if it was named before with the same content.
    fn add(&mut self, file: &LogFile) -> bool {
        let (place, content) = (self.hasher.hash_one(&file.place), self.hasher.hash_one(file.sha256));
        self.files.insert(place, content) != Some(content)
    }

    pub(super) fn has(&self, place: &Place) -> bool {
        self.files.contains_key(&self.hasher.hash_one(place))
    }
}

/// A task that ends when nobody waits for it any more.
struct Task<R>(JoinHandle<R>);

impl<R> Future for Task<R> {
    type Output = Result<R, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

impl<R> Drop for Task<R> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// From when on names must be read, where an earlier run ended.
fn named_since(head: &Head) -> Timestamp {
    head.end.checked_sub(NAMED_WITHIN).unwrap_or(head.end)
}

/// One account and Region under verification.
pub struct Work<E> {
    pub reader: Arc<Reader<E>>,
    pub settings: Arc<Settings>,
    pub area: Area,
}

/// The digests of an area, as far as they could be had.
#[derive(Default)]
struct Found {
    proofs: BTreeMap<Stream, Vec<Proof>>,
    backfill: Vec<Proof>,
    lost: BTreeMap<Place, Lost>,
}

impl<E: Evidence> Work<E> {
    /// Verifies the area. Whatever fails is told in the outcome.
    pub async fn verify(&self) -> Outcome {
        let mut ledger = Ledger::new(&self.settings, &self.area);
        if let Err(why) = self.go(&mut ledger).await {
            ledger.outcome.unlisted.push(format!("{}: {why}", self.area));
        }
        ledger.close()
    }

    async fn go(&self, ledger: &mut Ledger<'_>) -> Result<(), String> {
        let listed = self.listed().await?;
        let mut named = Named::default();
        let mut found = Found::default();
        if let Some((_, first)) = listed.iter().min_by_key(|(_, key)| key.end) {
            let keys = self.keys(first.end).await?;
            self.read_digests(listed, &keys, &mut found, &mut named, ledger).await;
            self.read_named(&keys, &mut found).await;
        }
        let judged = self.judge(found, ledger).await;
        let mut gaps: Vec<Gap> = judged.values().flat_map(|judged| judged.gaps.iter().cloned()).collect();
        self.explain_ends(&judged, &mut gaps);
        self.unnamed(&named, &judged, &mut gaps, ledger).await?;
        for gap in &gaps {
            self.deleted(gap, &judged, ledger).await;
        }
        ledger.outcome.gaps.extend(gaps);
        Ok(())
    }

    /// When the window of a stream begins.
    fn since(&self, stream: &Stream) -> Option<Timestamp> {
        self.settings.heads.get(stream).map(|head| head.end).or(self.settings.since)
    }

    fn is_in_window(&self, key: &DigestKey) -> bool {
        self.since(&key.stream).is_none_or(|since| key.end > since)
    }

    /// What an earlier run read last is read again for the names in it: a log file's own digest, or the next one, names it.
    fn is_read(&self, key: &DigestKey) -> bool {
        let overlaps = |head: &Head| named_since(head) < key.end;
        self.is_in_window(key) || self.settings.heads.get(&key.stream).is_some_and(overlaps)
    }

    fn heads(&self) -> impl Iterator<Item = &Head> {
        self.settings.heads.iter().filter(|(stream, _)| stream.area == self.area).map(|(_, head)| head)
    }

    /// From when on the names of all log files are read.
    pub(super) fn names_since(&self) -> Option<Timestamp> {
        self.heads().map(named_since).max().max(self.settings.since)
    }

    /// Whether no earlier run has told what was before.
    pub(super) fn begins(&self) -> bool {
        self.heads().next().is_none()
    }

    /// The first key of the day on which the window of the area begins, in a folder of days.
    fn after(&self, folder: &str) -> String {
        match self.heads().map(named_since).min().or(self.settings.since) {
            Some(since) => format!("{folder}{}", since.strftime("%Y/%m/%d/")),
            None => String::new(),
        }
    }

    pub(super) fn place(&self, key: String) -> Place {
        Place { bucket: self.settings.bucket.clone(), key }
    }

    pub(super) async fn names(&self, folder: &str, mut each: impl FnMut(String)) -> Result<(), String> {
        let mut names = self.reader.evidence.names(&self.settings.bucket, folder, &self.after(folder));
        while let Some(page) = names.next().await {
            page?.into_iter().for_each(&mut each);
        }
        Ok(())
    }

    /// The digests of the window that are there.
    async fn listed(&self) -> Result<Vec<(Place, DigestKey)>, String> {
        // Logs of the window's last hour are in the digest after it.
        let until = self.settings.until.saturating_add(NAMED_WITHIN).unwrap_or(Timestamp::MAX);
        let mut listed = Vec::new();
        let take = |key: String| {
            if let Some(digest) = DigestKey::parse(&key)
                && digest.stream.area == self.area
                && digest.end <= until
                && self.is_read(&digest)
            {
                listed.push((self.place(key), digest));
            }
        };
        self.names(&self.area.digests(), take).await?;
        Ok(listed)
    }

    /// The keys that signed from the hour before `first` on.
    async fn keys(&self, first: Timestamp) -> Result<Arc<RegionKeys>, String> {
        let day = SignedDuration::from_hours(24);
        let from = first.saturating_sub(day).unwrap_or(first).as_second().div_euclid(86_400) * 86_400;
        let from = Timestamp::from_second(from).unwrap_or(first);
        let until = self.settings.until.saturating_add(day).unwrap_or(self.settings.until);
        self.reader.keys(&self.area.region, from, until).await
    }

    /// Reads the digests, and as they come the log files that they name.
    async fn read_digests(
        &self,
        listed: Vec<(Place, DigestKey)>,
        keys: &Arc<RegionKeys>,
        found: &mut Found,
        named: &mut Named,
        ledger: &mut Ledger<'_>,
    ) {
        self.reader.progress.known.fetch_add(listed.len() as u64, Ordering::Relaxed);
        let digests = self.each(stream::iter(listed), {
            let keys = keys.clone();
            move |reader, (place, key)| {
                let keys = keys.clone();
                async move { reader.digest(place, key, &keys).await }
            }
        });
        let files = digests.flat_map(|read| {
            let mut wanted = Vec::new();
            match read {
                Ok(mut proof) => {
                    let files = proof.take_log_files();
                    if proof.is_believed() {
                        let selected = self.settings.selection.takes(&proof.key.stream) && self.is_in_window(&proof.key);
                        let new = files.into_iter().filter(|file| named.add(file) && selected);
                        wanted.extend(new.map(|file| (proof.place.clone(), proof.key.clone(), file)));
                    }
                    found.add(proof);
                }
                Err((place, refusal)) => found.lose(place, refusal),
            }
            self.reader.progress.known.fetch_add(wanted.len() as u64, Ordering::Relaxed);
            stream::iter(wanted)
        });
        let mut verdicts = std::pin::pin!(self.each(files, |reader, (by, key, file): (Place, DigestKey, LogFile)| async move {
            let foreign = LogKey::parse(&file.place.key).is_some_and(|log| log.area != key.stream.area);
            let (verdict, good) = match foreign {
                true => (Verdict::NotIntact { faults: vec![Fault::Foreign { named_by: by.to_string() }] }, None),
                false => reader.log(&file).await,
            };
            reader.progress.read.fetch_add(1, Ordering::Relaxed);
            (key, file.place, verdict, good)
        }));
        while let Some((key, place, verdict, good)) = verdicts.next().await {
            ledger.book(&key.stream, key.end, Sort::Log, place, verdict, good);
        }
    }

    /// Runs a task for each item, on all cores, so many at a time.
    fn each<T, R, F>(&self, items: impl Flow<Item = T>, task: impl Fn(Arc<Reader<E>>, T) -> F) -> impl Flow<Item = R>
    where
        R: Send + 'static,
        F: Future<Output = R> + Send + 'static,
    {
        let reader = self.reader.clone();
        let spawned = items.map(move |item| tokio::spawn(task(reader.clone(), item)));
        // A task ends without an answer only when the process ends.
        spawned.map(Task).buffer_unordered(TASKS).filter_map(async |done| done.ok())
    }

    /// Reads the digests before the window, or in another bucket, that those of the window continue.
    async fn read_named(&self, keys: &RegionKeys, found: &mut Found) {
        let known: BTreeSet<Place> = found.all().map(|proof| proof.place.clone()).chain(found.lost.keys().cloned()).collect();
        let previous = |proof: &Proof| Some(proof.digest.as_ref()?.previous.as_ref()?.place.clone());
        let of_window = found.all().filter(|proof| proof.is_believed() && self.is_in_window(&proof.key));
        let named: BTreeSet<Place> = of_window.filter_map(previous).collect();
        for place in named.into_iter().filter(|place| !known.contains(place)) {
            let Some(key) = DigestKey::parse(&place.key) else {
                found.lost.insert(place, Lost::Missing);
                continue;
            };
            match self.reader.digest(place, key, keys).await {
                Ok(mut proof) => {
                    proof.take_log_files();
                    found.add(proof);
                }
                Err((place, refusal)) => found.lose(place, refusal),
            }
        }
    }

    /// Judges every stream, and books its digests.
    async fn judge(&self, mut found: Found, ledger: &mut Ledger<'_>) -> BTreeMap<Stream, Judged> {
        let of_lost = found.lost.keys().filter_map(|place| DigestKey::parse(&place.key)).map(|key| key.stream);
        let heads = self.settings.heads.keys().filter(|stream| stream.area == self.area).cloned();
        let streams: BTreeSet<Stream> = found.proofs.keys().cloned().chain(of_lost).chain(heads).collect();
        let mut judged = BTreeMap::new();
        for stream in streams.into_iter().filter(|stream| self.settings.selection.takes(stream)) {
            let of_stream = |place: &Place, _: &mut Lost| DigestKey::parse(&place.key).is_some_and(|key| key.stream == stream);
            let lost = found.lost.extract_if(.., of_stream).collect();
            let chain = Chain {
                stream: &stream,
                proofs: found.proofs.remove(&stream).unwrap_or_default(),
                lost,
                head: self.settings.heads.get(&stream),
                since: self.since(&stream),
                until: self.settings.until,
                expired: self.settings.expired,
            };
            let result = chain.judge();
            self.book(&stream, &result, ledger).await;
            judged.insert(stream, result);
        }
        for proof in &found.backfill {
            ledger.book(&proof.key.stream, proof.key.end, Sort::BackfillDigest, proof.place.clone(), verdict(proof), None);
        }
        judged
    }

    async fn book(&self, stream: &Stream, judged: &Judged, ledger: &mut Ledger<'_>) {
        let since = self.since(stream);
        for proof in judged.proofs.iter().filter(|proof| !proof.is_believed() || since.is_none_or(|since| proof.key.end > since)) {
            let good = match judged.expected.get(&proof.place) {
                // Where only what stands beside the content is wrong, another version of the content is no better.
                Some(sha256) if !proof.is_believed() && *sha256 != proof.sha256 => self.reader.good_version(&proof.place, sha256).await,
                _ => None,
            };
            ledger.book(stream, proof.key.end, Sort::Digest, proof.place.clone(), verdict(proof), good);
        }
        for (place, lost) in &judged.lost {
            let end = DigestKey::parse(&place.key).map_or(self.settings.until, |key| key.end);
            let (verdict, good) = match (lost, judged.expected.get(place)) {
                (Lost::Unread(why), _) => (Verdict::Unread { why: why.clone() }, None),
                (Lost::Missing, Some(sha256)) => (missing(), self.reader.good_version(place, sha256).await),
                (Lost::Missing, None) => (missing(), None),
            };
            ledger.book(stream, end, Sort::Digest, place.clone(), verdict, good);
        }
        let entry = ledger.stream(stream);
        entry.from = judged.covered.iter().map(|(from, _)| *from).min();
        entry.head = judged.head.clone();
    }
}

fn verdict(proof: &Proof) -> Verdict {
    if proof.is_believed() { Verdict::Intact } else { Verdict::NotIntact { faults: proof.faults.clone() } }
}

pub(super) fn missing() -> Verdict {
    Verdict::NotIntact { faults: vec![Fault::Missing] }
}

impl Found {
    fn add(&mut self, proof: Proof) {
        if proof.key.backfill {
            self.backfill.push(proof);
        } else {
            self.proofs.entry(proof.key.stream.clone()).or_default().push(proof);
        }
    }

    fn lose(&mut self, place: Place, refusal: Refusal) {
        let lost = match refusal {
            Refusal::NotFound => Lost::Missing,
            Refusal::Unread(why) => Lost::Unread(why),
        };
        self.lost.insert(place, lost);
    }

    fn all(&self) -> impl Iterator<Item = &Proof> {
        self.proofs.values().flatten()
    }
}
