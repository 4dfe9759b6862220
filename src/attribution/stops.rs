//! Who stopped a trail, or switched its validation off: what to ask the event history about a gap in the evidence, and which of
//! its events made the gap. Pure.

use super::{Change, Watched};
use crate::api::common::{Attribution, EvidenceGap, UnattributedReason, VALIDATION_OFF};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// CloudTrail's event history holds 90 days (CloudTrail User Guide, "Working with CloudTrail event history").
const HELD: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Events come into the history within about five minutes, and AWS promises no limit.
pub const LATENESS: SignedDuration = SignedDuration::from_mins(20);

/// How far AWS's stop time may be from the event's.
const ABOUT: SignedDuration = SignedDuration::from_mins(1);

/// What to ask the event history of the trail's home Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The gap, by its place in `status.gaps`.
    pub gap: usize,
    pub events: &'static [&'static str],
    pub from: Timestamp,
    pub to: Timestamp,
}

/// The question about the newest gap of which it is not known who made it, and may still become known.
pub fn question(gaps: &[EvidenceGap], now: Timestamp) -> Option<Question> {
    let is_open =
        |gap: &EvidenceGap| gap.by.is_none() && gap.by_unknown.as_ref().is_none_or(|unknown| unknown.reason == UnattributedReason::Unread);
    let (at, gap) = gaps.iter().enumerate().rev().find(|(_, gap)| is_open(gap))?;
    // What was done before the gap before it ended did not make this one.
    let before = gaps.iter().take(at).rev().find(|before| before.kind == gap.kind).and_then(|before| before.until);
    let held = now.saturating_sub(HELD).unwrap_or(Timestamp::MIN);
    let from = before.unwrap_or(held).max(held);
    let to = gap.from.saturating_add(ABOUT).unwrap_or(gap.from);
    Some(Question { gap: at, events: events(&gap.kind), from: from.min(to), to })
}

/// The operations that make a gap. A trail that is deleted records nothing either.
fn events(kind: &str) -> &'static [&'static str] {
    if kind == VALIDATION_OFF { &["UpdateTrail"] } else { &["StopLogging", "DeleteTrail"] }
}

/// Who made the gap that was asked about: the last who did so before it was seen.
pub fn answer(question: &Question, trail_arn: &str, events: &[String]) -> Option<Attribution> {
    let made_it = events.iter().filter(|event| switches_off(event)).filter_map(|event| Change::of_event(event, &Watched::default()));
    made_it
        .filter(|change| change.error.is_none() && change.is_of_trail(trail_arn))
        .filter(|change| (question.from..=question.to).contains(&change.time))
        .max_by_key(|change| change.time)
        .map(|change| (&change).into())
}

/// UpdateTrail names only what it changes, which may be anything.
fn switches_off(event: &str) -> bool {
    let event: Value = serde_json::from_str(event).unwrap_or_default();
    event["eventName"] != "UpdateTrail" || event["requestParameters"]["enableLogFileValidation"] == false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples;
    use super::*;
    use crate::api::common::{LOGGING_STOPPED, Unattributed};
    use serde_json::json;

    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main";

    fn at(time: &str) -> Timestamp {
        format!("2026-10-12T{time}Z").parse().unwrap()
    }

    fn event(name: &str, time: &str, parameters: Value) -> String {
        samples::event("cloudtrail", name, &at(time).to_string(), parameters)
    }

    fn ended(kind: &str, from: &str, until: &str) -> EvidenceGap {
        EvidenceGap { until: Some(at(until)), ..EvidenceGap::new(kind, at(from)) }
    }

    /// The time of the event that a gap from 03:10 is said to come from.
    fn made(kind: &str, events: &[String]) -> Option<Timestamp> {
        let question = question(&[EvidenceGap::new(kind, at("03:10:00"))], at("04:00:00")).unwrap();
        answer(&question, TRAIL, events).map(|by| by.time)
    }

    #[test]
    fn the_last_who_stopped_this_trail_before_it_was_seen() {
        let named = |name: &str| json!({ "name": name });
        let events = [
            event("StopLogging", "01:00:00", named("main")),
            event("StopLogging", "03:09:58", named(TRAIL)),
            event("StopLogging", "03:10:00", named("other")),
            event("StopLogging", "03:30:00", named("main")),
        ];
        assert_eq!(made(LOGGING_STOPPED, &events), Some(at("03:09:58")));
        assert_eq!(made(LOGGING_STOPPED, &[event("DeleteTrail", "03:05:00", named("main"))]), Some(at("03:05:00")));
        let mut refused: Value = serde_json::from_str(&events[1]).unwrap();
        refused["errorCode"] = json!("AccessDenied");
        assert_eq!(made(LOGGING_STOPPED, &[refused.to_string()]), None);
    }

    #[test]
    fn validation_is_switched_off_by_who_says_so() {
        let update = |time: &str, rest: Value| {
            let mut parameters = json!({ "name": "main" });
            parameters.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            event("UpdateTrail", time, parameters)
        };
        let events = [
            update("03:00:00", json!({ "enableLogFileValidation": false })),
            update("03:05:00", json!({ "s3KeyPrefix": "x" })),
            update("03:06:00", json!({ "enableLogFileValidation": true })),
        ];
        assert_eq!(made(VALIDATION_OFF, &events), Some(at("03:00:00")));
    }

    #[test]
    fn who_made_the_gap_before_did_not_make_this_one() {
        let gaps = [ended(LOGGING_STOPPED, "01:00:00", "01:05:00"), EvidenceGap::new(LOGGING_STOPPED, at("03:10:00"))];
        let question = question(&gaps, at("04:00:00")).unwrap();
        assert_eq!((question.gap, question.from, question.to), (1, at("01:05:00"), at("03:11:00")));
        assert_eq!(answer(&question, TRAIL, &[event("StopLogging", "01:00:00", json!({ "name": "main" }))]), None);
    }

    #[test]
    fn what_can_not_become_known_is_not_asked_again() {
        let unknown = |reason| EvidenceGap {
            by_unknown: Some(Unattributed { reason, message: String::new() }),
            ..ended(LOGGING_STOPPED, "01:00:00", "01:05:00")
        };
        assert_eq!(question(&[unknown(UnattributedReason::NotInHistory)], at("04:00:00")), None);
        assert_eq!(question(&[unknown(UnattributedReason::Unread)], at("04:00:00")).unwrap().gap, 0);
    }
}
