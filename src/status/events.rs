//! Every event that is ever published: a constructor each. Events mark transitions, never a state that lasts.

use super::integrity::words_of_gap;
use crate::api::common::{Attribution, EvidenceGap};
use crate::api::integrity::IntegrityGap;
use crate::api::inventory::BlindSpot;
use crate::facets::difference::Difference;
use crate::facets::difference::shown;

/// An event about one object, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub warning: bool,
    /// CamelCase, for machines.
    pub reason: String,
    /// What we did or tried, CamelCase.
    pub action: &'static str,
    pub note: String,
}

/// The API server takes notes of up to 1,024 bytes.
const NOTE_BYTES: usize = 1024;

fn event(warning: bool, reason: &str, action: &'static str, note: String) -> Event {
    Event { warning, reason: reason.to_owned(), action, note: shortened(note, NOTE_BYTES) }
}

/// `text`, cut at a character so that it has at most `bytes`.
pub fn shortened(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        let end = (0..=bytes - "…".len()).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

pub fn created(account: &str, what: &str) -> Event {
    event(false, "Created", "Create", format!("created {what} in account {account}"))
}

pub fn adopted(account: &str, what: &str) -> Event {
    event(false, "Adopted", "Adopt", format!("took over {what} in account {account}"))
}

/// The spec changed, and AWS now follows it.
pub fn updated(account: &str, fields: &[&str]) -> Event {
    event(false, "Updated", "Update", format!("updated {} in account {account}", fields.join(", ")))
}

/// Somebody changed AWS.
pub fn drift_detected(account: &str, difference: &Difference) -> Event {
    let (desired, observed) = both(difference);
    event(true, "DriftDetected", "Compare", format!("account {account}: {} is {observed}, declared {desired}", difference.path))
}

pub fn drift_corrected(account: &str, difference: &Difference) -> Event {
    let (desired, observed) = both(difference);
    event(false, "DriftCorrected", "Update", format!("account {account}: {} was {observed}, is {desired} again", difference.path))
}

/// Both values, short enough to leave room for the path.
fn both(difference: &Difference) -> (String, String) {
    (shortened(shown(&difference.desired), 350), shortened(shown(&difference.observed), 350))
}

pub fn logging_stopped(account: &str, trail: &str) -> Event {
    event(true, "LoggingStopped", "Compare", format!("account {account}: {trail} is not recording, declared spec.logging true"))
}

/// It became known who made a gap in the evidence.
pub fn gap_attributed(account: &str, trail: &str, gap: &EvidenceGap, by: &Attribution) -> Event {
    event(true, "GapAttributed", "Explain", format!("account {account}: {trail}: {} from {}, by {by}", gap.kind, gap.from))
}

pub fn delivery_failing(account: &str, message: &str) -> Event {
    event(true, "DeliveryFailing", "Verify", format!("account {account}: {message}"))
}

pub fn delivery_recovered(account: &str) -> Event {
    event(false, "DeliveryRecovered", "Verify", format!("account {account}: CloudTrail delivers again"))
}

/// Alarms are raised and nobody hears them, for the reason that the condition gives.
pub fn not_alerting(account: &str, reason: &str, message: &str) -> Event {
    event(true, reason, "Verify", format!("account {account}: {message}"))
}

pub fn alerting(account: &str, message: &str) -> Event {
    event(false, "Alerting", "Verify", format!("account {account}: {message}"))
}

/// A rule fails that did not. `rule` is its id, severity and title.
pub fn rule_failed(account: &str, rule: &str, message: &str) -> Event {
    event(true, "RuleFailed", "Judge", format!("account {account}: {rule}: {message}"))
}

/// More rules than deserve an event each.
pub fn rules_failed(account: &str, rules: &[&str]) -> Event {
    event(true, "RulesFailed", "Judge", format!("account {account}: {} more rules fail: {}", rules.len(), rules.join(", ")))
}

pub fn rule_passed(account: &str, rule: &str) -> Event {
    event(false, "RulePassed", "Judge", format!("account {account}: {rule}: it is kept again"))
}

pub fn rules_passed(account: &str, rules: &[&str]) -> Event {
    event(false, "RulesPassed", "Judge", format!("account {account}: {} rules are kept again: {}", rules.len(), rules.join(", ")))
}

/// Something in the spec of a CompliancePolicy that is not in force.
pub fn policy_problem(reason: &str, note: String) -> Event {
    event(true, reason, "Judge", note)
}

/// Trails that no Trail object looks after.
pub fn unmanaged_trail_found(account: &str, trails: &[String]) -> Event {
    event(true, "UnmanagedTrailFound", "Compare", format!("account {account}: no Trail object looks after {}", trails.join(", ")))
}

/// Management events that nobody records any more.
pub fn blind_spot(account: &str, spot: &BlindSpot) -> Event {
    let note = format!("account {account}: no trail records {} events in {}", spot.events, spot.regions.join(", "));
    event(true, "BlindSpot", "Compare", note)
}

/// Nothing is written: not ours, or the wrong account.
pub fn refused(note: String) -> Event {
    event(true, "Refused", "Verify", note)
}

/// A pass that could not be completed, under the reason that the condition gives.
pub fn failed(reason: &str, note: String) -> Event {
    event(true, reason, "Reconcile", note)
}

/// A file of the archive is not what CloudTrail delivered. `version` of it still is.
pub fn log_tampered(account: &str, what: &str, version: Option<&str>) -> Event {
    let advice = match version {
        Some(version) => format!(
            "S3 version {version} of it still holds what was delivered: keep that version, and copy it back once you know who did this"
        ),
        None => {
            "no version of it holds what was delivered: a replica may. Find out who did this before anything else is changed".to_owned()
        }
    };
    event(true, "LogTampered", "Verify", format!("account {account}: {}. {advice}", shortened(what.to_owned(), 700)))
}

pub fn more_tampered(account: &str, count: usize) -> Event {
    let note = format!(
        "account {account}: {count} more files are not what CloudTrail delivered: see status.integrity.files, or run `trailkeeper verify`"
    );
    event(true, "LogTampered", "Verify", note)
}

/// Digests that there should be. `first` is one of them, where its name is known.
pub fn digest_missing(account: &str, gap: &IntegrityGap, first: Option<&str>) -> Event {
    let first = first.map(|first| format!(". The first: {first}")).unwrap_or_default();
    let advice = "restore it from its version or a replica; if CloudTrail was late, the next verification says so";
    event(true, "DigestMissing", "Verify", format!("account {account}: {}{first}. What to do: {advice}", words_of_gap(gap)))
}

/// A time of which nothing is proven.
pub fn integrity_gap(account: &str, gap: &IntegrityGap) -> Event {
    let known = match (&gap.cause, gap.explained) {
        (Some(cause), _) => cause.as_str(),
        (None, true) => "AWS itself accounts for it: the archive is intact all the same",
        (None, false) => "nothing accounts for it: ask `trailkeeper report` who changed the trail then",
    };
    event(true, "IntegrityGap", "Verify", format!("account {account}: {}. {known}", words_of_gap(gap)))
}

pub fn more_gaps(account: &str, count: usize) -> Event {
    event(true, "IntegrityGap", "Verify", format!("account {account}: {count} more times without evidence: see status.integrity.gaps"))
}

/// What was not intact is put right, or acknowledged.
pub fn integrity_restored(account: &str) -> Event {
    event(
        false,
        "IntegrityRestored",
        "Verify",
        format!("account {account}: nothing is known any more that is not as CloudTrail delivered it"),
    )
}

/// Whether the archive is intact can't be told.
pub fn integrity_unknown(account: &str, message: &str) -> Event {
    event(true, "IntegrityUnknown", "Verify", format!("account {account}: {message}"))
}

pub fn deleted(account: &str, what: &str) -> Event {
    event(false, "Deleted", "Delete", format!("deleted {what} in account {account}"))
}

pub fn retained(what: &str, why: &str) -> Event {
    event(false, "Retained", "Delete", format!("left {what} as it is: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_fits_and_keeps_its_characters_whole() {
        let note =
            drift_detected("1", &Difference { path: "x".into(), desired: "é".repeat(2000).into(), observed: "a".repeat(2000).into() }).note;
        assert!(note.len() <= NOTE_BYTES);
        assert!(note.contains("declared é"));
        assert_eq!(shortened("ééé".into(), 5), "é…");
    }
}
