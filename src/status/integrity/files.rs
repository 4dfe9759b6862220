//! Files that are not what CloudTrail delivered: kept for good, with when they were seen first and when they were put right.

use super::{Known, Run, keep};
use crate::api::integrity::{IntegrityFile, IntegrityStatus};
use crate::integrity::fault::{Fault, Object, Sort, Verdict};
use crate::status::Event;
use crate::status::events::{self, shortened};

/// Files that the status lists.
const MOST_FILES: usize = 50;

/// Files that have an event of their own; of more only the number is told.
const MOST_EVENTS: usize = 5;

/// Longest explanation, in bytes.
const MESSAGE_BYTES: usize = 512;

/// Takes over what became of files.
pub fn take_over(status: &mut IntegrityStatus, run: &Run, known: &Known<'_>) -> Vec<Event> {
    let mut new = Vec::new();
    let mut dropped = run.outcome.omitted;
    for (object, faults) in run.outcome.objects.iter().filter_map(not_intact) {
        let place = object.place.to_string();
        if let Some(file) = status.files.iter_mut().find(|file| file.object == place) {
            if file.put_right.take().is_some() {
                new.push((object, faults));
            }
            file.good_version.clone_from(&object.good_version);
            continue;
        }
        let file = IntegrityFile {
            object: place,
            faults: faults.iter().map(|fault| fault.name().to_owned()).collect(),
            message: shortened(words(faults), MESSAGE_BYTES),
            time: object.time,
            good_version: object.good_version.clone(),
            first_seen: known.now,
            put_right: None,
        };
        dropped += keep(&mut status.files, MOST_FILES, file, |file| file.put_right.is_some());
        new.push((object, faults));
    }
    // A whole run counts all of them anew.
    status.files_dropped = if run.whole { status.files_dropped.max(dropped) } else { status.files_dropped + dropped };
    for file in status.files.iter_mut().filter(|file| file.put_right.is_none()) {
        let reported = || run.outcome.objects.iter().any(|object| object.place.to_string() == file.object);
        if run.read_again(file.time.unwrap_or(file.first_seen)) && !reported() {
            file.put_right = Some(known.now);
        }
    }
    tell(&new, known.account)
}

fn not_intact(object: &Object) -> Option<(&Object, &[Fault])> {
    match &object.verdict {
        Verdict::NotIntact { faults } => Some((object, faults)),
        Verdict::Intact | Verdict::Unread { .. } => None,
    }
}

fn words(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Digests that are gone are told with their gap.
fn tell(new: &[(&Object, &[Fault])], account: &str) -> Vec<Event> {
    let is_gap = |object: &Object, faults: &[Fault]| object.sort == Sort::Digest && faults.iter().all(|fault| *fault == Fault::Missing);
    let told: Vec<_> = new.iter().filter(|(object, faults)| !is_gap(object, faults)).collect();
    let event = |(object, faults): &&(&Object, &[Fault])| {
        let what = format!("{} {}: {}", object.sort, object.place, words(faults));
        events::log_tampered(account, &what, object.good_version.as_deref())
    };
    let more = told.len().saturating_sub(MOST_EVENTS);
    told.iter().take(MOST_EVENTS).map(event).chain((more > 0).then(|| events::more_tampered(account, more))).collect()
}
