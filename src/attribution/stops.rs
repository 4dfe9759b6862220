//! Who stopped a trail, or switched its validation off: what to ask the event history about a gap in the evidence, and which of
//! its events made the gap. Pure.

use super::{Change, Watched};
use crate::api::common::{Attribution, EvidenceGap, UnattributedReason, VALIDATION_OFF};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// CloudTrail's event history holds 90 days (CloudTrail User Guide, "Working with CloudTrail event history").
pub const HELD: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Events come into the history within about five minutes, and AWS promises no limit.
pub const LATENESS: SignedDuration = SignedDuration::from_mins(20);

/// How long a history that could not be read is asked again.
const TRIED: SignedDuration = SignedDuration::from_hours(24);

/// How far AWS's clock for events may be from the one for stop times, and from ours.
const ABOUT: SignedDuration = SignedDuration::from_mins(1);

/// What to ask the event history of the trail's home Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The gap, by its place in `status.gaps`.
    pub at: usize,
    pub gap: EvidenceGap,
    pub events: &'static [&'static str],
    pub from: Timestamp,
    pub to: Timestamp,
}

/// The question about the newest gap of which it is not known who made it, and may still become known.
pub fn question(gaps: &[EvidenceGap], now: Timestamp) -> Option<Question> {
    let is_open = |gap: &EvidenceGap| {
        let most = match gap.by_unknown.as_ref().map(|unknown| unknown.reason) {
            None => HELD,
            Some(UnattributedReason::Unread) => TRIED,
            Some(UnattributedReason::NotInHistory) => SignedDuration::ZERO,
        };
        gap.by.is_none() && now.duration_since(gap.from) < most
    };
    let (at, gap) = gaps.iter().enumerate().rev().find(|(_, gap)| is_open(gap))?;
    let (after, until) = (gap.after.unwrap_or(gap.from), gap.from);
    Some(Question {
        at,
        gap: gap.clone(),
        events: if gap.kind == VALIDATION_OFF { &["UpdateTrail"] } else { &["StopLogging", "DeleteTrail"] },
        from: after.checked_sub(ABOUT).unwrap_or(after),
        to: until.checked_add(ABOUT).unwrap_or(until),
    })
}

/// Who made the gap that was asked about.
pub fn answer(question: &Question, trail_arn: &str, events: &[String]) -> Option<Attribution> {
    let of_trail = |event: &String| {
        let change = Change::of_event(event, &Watched::default())?;
        let meant = change.error.is_none() && change.is_of_trail(trail_arn) && (question.from..=question.to).contains(&change.time);
        Some((change, switch(event)?)).filter(|_| meant)
    };
    let mut found: Vec<(Change, Switch)> = events.iter().filter_map(of_trail).collect();
    found.sort_by_key(|(change, _)| change.time);
    let from = question.gap.from;
    let culprit = if question.gap.kind == VALIDATION_OFF {
        // Who switched it off again, when it was off, changed nothing. What came when it was noticed, in whole seconds, is the repair.
        let on = found.iter().rposition(|(change, switch)| *switch == Switch::On && change.time < from);
        found.iter().skip(on.map_or(0, |on| on + 1)).find(|(_, switch)| *switch == Switch::Off)
    } else if question.gap.after.is_some() {
        found.last()
    } else {
        found.iter().min_by_key(|(change, _)| change.time.duration_since(from).abs())
    };
    culprit.map(|(change, _)| change.into())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    On,
    Off,
}

/// What an event switches; none where it is about something else: UpdateTrail names only what it changes.
fn switch(event: &str) -> Option<Switch> {
    let event: Value = serde_json::from_str(event).ok()?;
    if event["eventName"] != "UpdateTrail" {
        return Some(Switch::Off);
    }
    event["requestParameters"]["enableLogFileValidation"].as_bool().map(|on| if on { Switch::On } else { Switch::Off })
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

    /// At 03:10, as AWS says, or after 02:00, when all was in order.
    fn gap(kind: &str, after: Option<&str>) -> EvidenceGap {
        EvidenceGap { after: after.map(at), ..EvidenceGap::new(kind, at("03:10:00")) }
    }

    /// The time of the event that a gap is said to come from.
    fn made(gap: EvidenceGap, events: &[String]) -> Option<Timestamp> {
        let question = question(&[gap], at("04:00:00")).unwrap();
        answer(&question, TRAIL, events).map(|by| by.time)
    }

    #[test]
    fn who_stopped_this_trail_did_so_at_the_stop_time() {
        let named = |name: &str| json!({ "name": name });
        let events = [
            event("StopLogging", "03:00:00", named("main")),
            event("StopLogging", "03:09:58", named(TRAIL)),
            event("StopLogging", "03:10:00", named("other")),
            event("StopLogging", "03:10:40", named("main")),
        ];
        assert_eq!(made(gap(LOGGING_STOPPED, None), &events), Some(at("03:09:58")));
        assert_eq!(made(gap(LOGGING_STOPPED, None), &events[..1]), None, "an older stop is another one");
        let changed = |field: &str, value: &str| {
            let mut event: Value = serde_json::from_str(&events[3]).unwrap();
            event[field] = json!(value);
            made(gap(LOGGING_STOPPED, None), &[event.to_string()])
        };
        assert_eq!(changed("errorCode", "AccessDenied"), None);
        assert_eq!(changed("recipientAccountId", "222222222222"), None, "its trail of that name");
        assert_eq!(changed("awsRegion", "us-east-1"), None, "its trail of that name");
    }

    #[test]
    fn who_deleted_it_did_so_since_it_was_last_seen() {
        let deleted = |time: &str| event("DeleteTrail", time, json!({ "name": "main" }));
        let gap = || gap(LOGGING_STOPPED, Some("02:00:00"));
        assert_eq!(made(gap(), &[deleted("01:00:00"), deleted("02:30:00")]), Some(at("02:30:00")));
        assert_eq!(made(gap(), &[deleted("01:00:00")]), None);
    }

    #[test]
    fn validation_is_switched_off_by_who_did_so_first() {
        let update = |time: &str, rest: Value| {
            let mut parameters = json!({ "name": "main" });
            parameters.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            event("UpdateTrail", time, parameters)
        };
        let events = [
            update("02:10:00", json!({ "enableLogFileValidation": false })),
            update("02:20:00", json!({ "enableLogFileValidation": true })),
            update("03:00:00", json!({ "enableLogFileValidation": false })),
            update("03:05:00", json!({ "s3KeyPrefix": "x" })),
            update("03:06:00", json!({ "enableLogFileValidation": false })),
            update("03:10:00", json!({ "enableLogFileValidation": true })),
        ];
        assert_eq!(made(gap(VALIDATION_OFF, Some("02:00:00")), &events), Some(at("03:00:00")));
    }

    #[test]
    fn what_can_not_become_known_is_not_asked() {
        let unknown = |reason| {
            let by_unknown = Some(Unattributed { reason, message: String::new() });
            EvidenceGap { by_unknown, ..gap(LOGGING_STOPPED, None) }
        };
        let later = |hours| at("03:10:00").saturating_add(SignedDuration::from_hours(hours)).unwrap();
        let is_asked = |gap: EvidenceGap, hours| question(&[gap], later(hours)).is_some();
        assert!(!is_asked(unknown(UnattributedReason::NotInHistory), 0));
        assert!(is_asked(unknown(UnattributedReason::Unread), 23) && !is_asked(unknown(UnattributedReason::Unread), 24));
        assert!(is_asked(gap(LOGGING_STOPPED, None), 89 * 24) && !is_asked(gap(LOGGING_STOPPED, None), 90 * 24));
    }
}
