//! Verifications of archives: beside the passes, since a first one may take hours. One at a time for each archive and a few in
//! the process; they only read, and end early when nobody wants them any more.
//!
//! What one found is told by the next pass. Only when the API server shows that it has been told does the record move on, so
//! that a process that dies between the two finds the same again.

use super::heads::{Record, Records};
use super::index::Index;
use super::watches::Wakes;
use crate::api::condition::{self, READY};
use crate::api::integrity::{Integrity, Unreferenced as Strays};
use crate::api::{LogArchive, REQUESTED_AT};
use crate::aws::{ArchiveObjects, Cloud};
use crate::integrity::archive;
use crate::integrity::chain::Head;
use crate::integrity::checkpoint::advance;
use crate::integrity::outcome::Outcome;
use crate::integrity::place::{Stream, TrailId};
use crate::integrity::reader::Reader;
use crate::integrity::settings::{Selection, Settings, Switched, Unreferenced};
use crate::status::integrity::{Run, since};
use jiff::Timestamp;
use kube::runtime::reflector::ObjectRef;
use kube::{Client, ResourceExt};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// Verifications under way in this process.
const AT_ONCE: usize = 2;

/// How often a verification looks whether it is still wanted.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What is asked of a verification.
pub struct Job {
    pub archive: LogArchive,
    pub spec: Integrity,
    pub cloud: Cloud,
    pub account: String,
    /// Folders that are verified; none: those that are found.
    pub prefixes: Vec<String>,
    pub trails: BTreeMap<TrailId, Switched>,
    pub whole: bool,
}

/// A verification that has ended, and where the next one begins.
pub struct Finished {
    pub run: Run,
    record: Option<Record>,
}

enum Slot {
    Running,
    Finished(Arc<Finished>),
    /// It is told, and its record is being written.
    Saving,
}

/// The verifications of this process, by the archive's UID.
pub struct Verifications {
    slots: Mutex<HashMap<String, Slot>>,
    permits: Semaphore,
    records: Records,
    index: Index,
    wakes: Wakes,
    stopping: watch::Receiver<bool>,
}

/// The time in whole seconds, as Kubernetes writes times.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

fn uid(archive: &LogArchive) -> String {
    archive.uid().unwrap_or_default()
}

/// Whether the object's status tells of the run.
fn is_told(archive: &LogArchive, run: &Run) -> bool {
    let last = archive.status.as_ref().and_then(|status| status.integrity.as_ref()?.last_run.as_ref());
    last.is_some_and(|last| last.started == run.started)
}

impl Verifications {
    pub fn new(client: Client, index: Index, wakes: Wakes, stopping: watch::Receiver<bool>) -> Self {
        let (slots, permits) = (Mutex::default(), Semaphore::new(AT_ONCE));
        Self { slots, permits, records: Records::new(client), index, wakes, stopping }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<String, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A verification whose end is not told yet.
    pub fn untold(&self, archive: &LogArchive) -> Option<Arc<Finished>> {
        match self.slots().get(&uid(archive)) {
            Some(Slot::Finished(finished)) if !is_told(archive, &finished.run) => Some(finished.clone()),
            _ => None,
        }
    }

    /// Starts one, unless one runs, whose end brings a pass. While the one before is not done with, says when to try again.
    pub fn start(self: &Arc<Self>, job: Job) -> Option<Duration> {
        let uid = uid(&job.archive);
        match self.slots().entry(uid.clone()) {
            Entry::Vacant(free) => drop(free.insert(Slot::Running)),
            Entry::Occupied(slot) => return (!matches!(slot.get(), Slot::Running)).then_some(LOOK_AGAIN),
        }
        let verifications = self.clone();
        tokio::spawn(async move {
            let archive = job.archive.clone();
            let finished = tokio::select! {
                finished = verifications.verify(job) => Some(finished),
                () = verifications.unwanted(&archive) => None,
            };
            match finished {
                Some(finished) => verifications.slots().insert(uid, Slot::Finished(Arc::new(finished))),
                None => verifications.slots().remove(&uid),
            };
            verifications.wake(&archive);
        });
        None
    }

    fn wake(&self, archive: &LogArchive) {
        self.wakes.archive(&archive.namespace().unwrap_or_default(), &archive.name_any());
    }

    /// Ends when nobody wants the verification any more.
    async fn unwanted(&self, archive: &LogArchive) {
        let mut stopping = self.stopping.clone();
        while self.is_wanted(archive) {
            if tokio::time::timeout(LOOK_AGAIN, stopping.wait_for(|stop| *stop)).await.is_ok() {
                return;
            }
        }
    }

    fn is_wanted(&self, archive: &LogArchive) -> bool {
        let reference = ObjectRef::new(&archive.name_any()).within(&archive.namespace().unwrap_or_default());
        let Some(now) = self.index.archives.get(&reference) else { return false };
        let Ok(now) = &now.0 else { return false };
        let account = self.index.account(&now.spec.account_ref.name);
        let reachable = account.is_some_and(|account| {
            let ready = account.status.as_ref().and_then(|status| condition::get(&status.common.conditions, READY));
            !account.spec.suspend && ready.is_none_or(|ready| ready.status != "False")
        });
        let alive = now.uid() == archive.uid() && now.metadata.deletion_timestamp.is_none();
        alive && reachable && !now.spec.suspend && now.spec.integrity.is_some()
    }

    async fn verify(&self, job: Job) -> Finished {
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await;
        let started = now();
        let request = job.archive.annotations().get(REQUESTED_AT).cloned();
        let run = |outcome, whole| Run { outcome, started, finished: now(), whole, request };
        let before = match self.records.read(&uid(&job.archive)).await {
            Ok(before) => before.filter(|before| before.lookback_days == job.spec.lookback_days),
            Err(error) => {
                let mut outcome = Outcome::new(&job.archive.spec.bucket_name, None, started);
                outcome.unlisted.push(format!("{error:#}"));
                return Finished { run: run(outcome, false), record: None };
            }
        };
        let mut heads = before.as_ref().map(Record::heads).unwrap_or_default();
        let (whole, since) = match before {
            Some(before) if !job.whole => (false, before.since),
            _ => (true, since(&job.spec, started)),
        };
        if whole {
            // Streams that have fallen silent are not thereby forgotten.
            heads.retain(|_, head| since.is_some_and(|since| head.end <= since));
        }
        let settings = job.settings(heads.clone(), since, started);
        let objects = ArchiveObjects::new(job.cloud, &job.archive.spec.bucket_name, Some(job.account));
        let at_once = usize::try_from(job.spec.concurrency).unwrap_or(1).max(1);
        let bandwidth = u32::try_from(job.spec.max_mebibytes_per_second).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let reader = Arc::new(Reader::new(Arc::new(objects), at_once).with_bandwidth(bandwidth));
        let outcome = archive::verify(reader, settings, &job.prefixes).await;
        let record = Record::new(job.spec.lookback_days, since, advance(heads, &outcome));
        Finished { run: run(outcome, whole), record: Some(record) }
    }

    /// The API server has the object as it is here: what it tells of need not be found again.
    pub fn confirm(self: &Arc<Self>, archive: &LogArchive) {
        let finished = match self.slots().get(&uid(archive)) {
            Some(Slot::Finished(finished)) if is_told(archive, &finished.run) => finished.clone(),
            _ => return,
        };
        self.slots().insert(uid(archive), Slot::Saving);
        let (verifications, archive) = (self.clone(), archive.clone());
        tokio::spawn(async move {
            if let Some(record) = &finished.record
                && let Err(error) = verifications.records.write(&archive, record).await
            {
                tracing::warn!(
                    name = archive.name_any(),
                    error = format!("{error:#}"),
                    "the next verification reads again what this one did"
                );
            }
            verifications.slots().remove(&uid(&archive));
        });
    }

    /// The object goes.
    pub async fn forget(&self, archive: &LogArchive) {
        self.slots().remove(&uid(archive));
        if archive.spec.integrity.is_none() && archive.status.as_ref().is_none_or(|status| status.integrity.is_none()) {
            return;
        }
        if let Err(error) = self.records.delete(&uid(archive)).await {
            tracing::warn!(name = archive.name_any(), error = format!("{error:#}"), "it is left behind");
        }
    }
}

impl Job {
    fn settings(&self, heads: BTreeMap<Stream, Head>, since: Option<Timestamp>, until: Timestamp) -> Settings {
        let spec = &self.archive.spec;
        Settings {
            bucket: spec.bucket_name.clone(),
            selection: Selection::default(),
            since,
            until,
            expired: spec.expired_at(until),
            unreferenced: match self.spec.unreferenced {
                Strays::Fault => Unreferenced::Fault,
                Strays::Ignore => Unreferenced::Ignore,
            },
            heads,
            trails: self.trails.clone(),
            on_object: None,
        }
    }
}
