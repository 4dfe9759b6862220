//! Who stopped a Trail: what the event history answered about a gap becomes part of it, and an event. Pure.

use super::Told;
use super::events;
use crate::api::TrailStatus;
use crate::api::common::{EvidenceGap, Unattributed, UnattributedReason};
use crate::attribution::stops::{LATENESS, Question, answer};
use crate::facets::observed::Failure;
use crate::status::classes::explain;
use jiff::Timestamp;
use std::time::Duration;

/// How soon the history is asked again while an event may still come.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// Takes over what the history answered. `account` and `now` as in a pass.
pub fn take_over(
    told: &mut Told<TrailStatus>,
    question: &Question,
    answered: Result<Vec<String>, Failure>,
    (account, what, now): (&str, &str, Timestamp),
) {
    let trail_arn = told.status.trail_arn.clone().unwrap_or_default();
    let Some(gap) = told.status.gaps.get_mut(question.gap) else { return };
    let unknown = |reason, message| Some(Unattributed { reason, message });
    match answered {
        Err(failure) => gap.by_unknown = unknown(UnattributedReason::Unread, explain(&failure)),
        Ok(found) => match answer(question, &trail_arn, &found) {
            Some(by) => {
                told.events.push(events::gap_attributed(account, what, gap, &by));
                *gap = EvidenceGap { by: Some(by), by_unknown: None, ..gap.clone() };
            }
            None if now.duration_since(gap.from) < LATENESS => told.requeue = told.requeue.at_most(ASK_AGAIN),
            None => {
                let names = question.events.join(" or ");
                let message = format!("CloudTrail's event history has no {names} of it from {} to {}", question.from, question.to);
                gap.by_unknown = unknown(UnattributedReason::NotInHistory, message);
            }
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::api::common::LOGGING_STOPPED;
    use crate::attribution::samples;
    use crate::attribution::stops::question;
    use crate::facets::observed::ErrorClass;
    use crate::status::Requeue;
    use jiff::SignedDuration;
    use serde_json::json;

    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main";

    fn stop() -> Timestamp {
        "2026-10-12T03:10:00Z".parse().unwrap()
    }

    fn stopped() -> Told<TrailStatus> {
        let gap = EvidenceGap { until: Some(stop()), ..EvidenceGap::new(LOGGING_STOPPED, stop()) };
        let status = TrailStatus { trail_arn: Some(TRAIL.to_owned()), gaps: vec![gap], ..TrailStatus::default() };
        Told { status, events: Vec::new(), requeue: Requeue::OnChange }
    }

    /// After an answer that came so many minutes after the stop.
    fn after(mut told: Told<TrailStatus>, minutes: i64, answered: Result<Vec<String>, Failure>) -> Told<TrailStatus> {
        let now = stop().saturating_add(SignedDuration::from_mins(minutes)).unwrap();
        let question = question(&told.status.gaps, now).unwrap();
        take_over(&mut told, &question, answered, ("111111111111", "trail main", now));
        told
    }

    fn found() -> Vec<String> {
        vec![samples::event("cloudtrail", "StopLogging", &stop().to_string(), json!({ "name": "main" }))]
    }

    #[test]
    fn who_did_it_is_told_once_with_an_event() {
        let told = after(stopped(), 5, Ok(found()));
        assert_eq!(told.status.gaps[0].by.as_ref().unwrap().principal, "arn:aws:iam::111111111111:user/mallory");
        let note = &told.events[0].note;
        assert!(note.contains("user/mallory from 203.0.113.7 (StopLogging at 2026-10-12T03:10:00Z, event x)"), "{note}");
        assert_eq!((told.events.len(), question(&told.status.gaps, stop())), (1, None));
    }

    #[test]
    fn an_event_that_is_late_is_waited_for_and_then_given_up() {
        let told = after(stopped(), 5, Ok(Vec::new()));
        assert_eq!((told.requeue, told.status.gaps[0].by_unknown.is_none()), (Requeue::After(ASK_AGAIN), true));
        let told = after(stopped(), 20, Ok(Vec::new()));
        let unknown = told.status.gaps[0].by_unknown.clone().unwrap();
        assert_eq!((told.requeue, unknown.reason), (Requeue::OnChange, UnattributedReason::NotInHistory));
        assert!(unknown.message.contains("StopLogging or DeleteTrail"), "{}", unknown.message);
    }

    #[test]
    fn what_may_not_be_read_is_tried_again_and_may_become_known() {
        let failure = Failure {
            class: ErrorClass::Denied,
            operation: "cloudtrail:LookupEvents".to_owned(),
            object: "StopLogging".to_owned(),
            account: "111111111111".to_owned(),
            region: "eu-west-1".to_owned(),
            code: "AccessDenied".to_owned(),
            message: String::new(),
        };
        let told = after(stopped(), 30, Err(failure));
        assert_eq!(told.status.gaps[0].by_unknown.as_ref().unwrap().reason, UnattributedReason::Unread);
        let gap = after(told, 40, Ok(found())).status.gaps.remove(0);
        assert!(gap.by.is_some() && gap.by_unknown.is_none(), "{gap:?}");
    }
}
