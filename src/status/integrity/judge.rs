//! The condition `Intact`, and the events when it turns.

use super::open;
use crate::api::common::CommonStatus;
use crate::api::condition::{self, INTACT, Truth};
use crate::api::integrity::{Integrity, IntegrityFile, IntegrityGap, IntegrityStatus, Unread};
use crate::status::Event;
use crate::status::events::{self, shortened};
use jiff::Timestamp;

/// Faults that the condition names.
const NAMED: usize = 3;

const UNREAD: &str = "Unread";

/// Sets `Intact`, or takes it away where no verification is asked for.
pub fn judge(
    common: &mut CommonStatus,
    spec: Option<&Integrity>,
    status: Option<&IntegrityStatus>,
    (account, generation, now): (&str, i64, Timestamp),
) -> Option<Event> {
    let Some(spec) = spec else {
        condition::clear(&mut common.conditions, INTACT);
        return None;
    };
    let (truth, reason, message) = verdict(spec, status);
    let before = condition::get(&common.conditions, INTACT).map(|before| (before.status.clone(), before.reason.clone()));
    let was = |value: Truth| before.as_ref().is_some_and(|(status, _)| status == value.as_str());
    let event = match truth {
        Truth::True if was(Truth::False) => Some(events::integrity_restored(account)),
        Truth::Unknown if reason == UNREAD && before.as_ref().is_none_or(|(_, before)| before != UNREAD) => {
            Some(events::integrity_unknown(account, &message))
        }
        _ => None,
    };
    condition::set(&mut common.conditions, INTACT, truth, reason, shortened(message, 1024), generation, now);
    event
}

fn verdict(spec: &Integrity, status: Option<&IntegrityStatus>) -> (Truth, &'static str, String) {
    let Some(status) = status.filter(|status| status.last_run.is_some()) else {
        return (Truth::Unknown, "NotYetVerified", "the first verification has not ended yet".to_owned());
    };
    let open = open(spec, status);
    let unread = status.unread.as_ref().map(words_of_unread);
    if !open.is_empty() {
        let files = open.files.iter().map(|file| words_of_file(file));
        let gaps = open.gaps.iter().map(|gap| words_of_gap(gap));
        let without = open.without_digests.iter().map(|area| format!("{area}: log files, and no digest at all"));
        let all: Vec<String> = gaps.chain(files).chain(without).collect();
        let more = all.len().saturating_sub(NAMED) as u64 + status.files_dropped + status.gaps_dropped;
        let mut message = all.into_iter().take(NAMED).collect::<Vec<_>>().join(". ");
        if more > 0 {
            message.push_str(&format!(". And {more} more: see status.integrity"));
        }
        return (Truth::False, "NotIntact", unread.map_or(message.clone(), |unread| format!("{message}. {unread}")));
    }
    if let Some(unread) = unread {
        return (Truth::Unknown, UNREAD, unread);
    }
    if status.total.digests == 0 {
        let message = "no digest was found: CloudTrail delivers the first within an hour, where spec.logFileValidation of the Trail is on";
        return (Truth::Unknown, "NothingToVerify", message.to_owned());
    }
    let times = status.gaps.len() as u64 + status.gaps_dropped;
    let gaps = if times > 0 { format!("; status.integrity.gaps has {times} times without evidence") } else { String::new() };
    (Truth::True, "Intact", format!("every file that was verified is what CloudTrail delivered{gaps}"))
}

fn words_of_file(file: &IntegrityFile) -> String {
    format!("{}: {}", file.object, file.message)
}

/// A gap in words.
pub fn words_of_gap(gap: &IntegrityGap) -> String {
    let from = gap.from.map_or_else(|| "the beginning".to_owned(), |from| from.to_string());
    let hours = gap.hours.map(|hours| format!(" ({hours} h)")).unwrap_or_default();
    let place = gap.first_places.first().map(|first| match gap.places {
        1 => format!(" in {first}"),
        places => format!(" in {first} and {} more", places - 1),
    });
    format!("trail {} ({}){}: {from} to {}{hours}: {}", gap.trail, gap.home_region, place.unwrap_or_default(), gap.until, why(gap))
}

fn why(gap: &IntegrityGap) -> &'static str {
    use crate::api::integrity::GapReason;
    match gap.reason {
        GapReason::LoggingStopped => "logging was stopped",
        GapReason::ValidationOff => "log file validation was off",
        GapReason::Unexplained => "a chain of digests ended without a last one, and another began",
        GapReason::DigestsMissing => "digests are missing",
        GapReason::DigestInvalid => "the digest is not to be believed",
        GapReason::BeginningMissing => "the digests before are missing",
        GapReason::EndMissing => "the newest digests are missing, or delivery stopped",
        GapReason::Ended => "the trail ended",
        GapReason::TimesDoNotMeet => "the digests are linked, but their times do not meet",
    }
}

fn words_of_unread(unread: &Unread) -> String {
    match unread.files {
        0 => format!("not everything could be read: {}", unread.message),
        files => format!("{files} files could not be read: {}", unread.message),
    }
}
