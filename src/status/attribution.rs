//! Who stopped a Trail: what the event history answered about a gap becomes part of it, and an event. Pure.

use super::Told;
use super::events::{self, shortened};
use crate::api::TrailStatus;
use crate::api::common::{Attribution, Unattributed, UnattributedReason};
use crate::attribution::stops::{LATENESS, Question, answer};
use crate::facets::grants::account_of;
use crate::facets::observed::Failure;
use crate::status::classes::explain;
use jiff::Timestamp;
use std::time::Duration;

/// How soon the history is asked again while an event may still come.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// Longest of what others chose, in bytes.
const NAME_BYTES: usize = 256;

/// Takes over what the history answered. `account` and `now` as in a pass.
pub fn take_over(
    told: &mut Told<TrailStatus>,
    question: &Question,
    answered: Result<Vec<String>, Failure>,
    (account, what, now): (&str, &str, Timestamp),
) {
    let trail_arn = told.status.trail_arn.clone().unwrap_or_default();
    let Some(gap) = told.status.gaps.get_mut(question.at) else { return };
    let may_come = now.duration_since(gap.from) < LATENESS;
    let (by, by_unknown) = match answered.map(|found| answer(question, &trail_arn, &found)) {
        Ok(Some(by)) => (Some(short(by)), None),
        Ok(None) if may_come => (None, None),
        Ok(None) => (None, Some(not_in_history(question, &trail_arn, account))),
        Err(failure) => (None, Some(Unattributed { reason: UnattributedReason::Unread, message: explain(&failure) })),
    };
    if by.is_none() && may_come {
        told.requeue = told.requeue.at_most(ASK_AGAIN);
    }
    told.events.extend(by.as_ref().map(|by| events::gap_attributed(account, what, gap, by)));
    (gap.by, gap.by_unknown) = (by, by_unknown);
}

fn short(by: Attribution) -> Attribution {
    let short = |text: String| shortened(text, NAME_BYTES);
    Attribution { principal: short(by.principal), user_agent: short(by.user_agent), source_ip: short(by.source_ip), ..by }
}

fn not_in_history(question: &Question, trail_arn: &str, account: &str) -> Unattributed {
    let Question { events, from, to, .. } = question;
    let mut message = format!("CloudTrail's event history of account {account} has no {} of it from {from} to {to}", events.join(" or "));
    let owner = account_of(trail_arn);
    if owner != account {
        message
            .push_str(&format!("; the trail is of account {owner}, and what was done from there is in the history of that account only"));
    }
    Unattributed { reason: UnattributedReason::NotInHistory, message }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::api::common::{EvidenceGap, LOGGING_STOPPED};
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
        assert!(
            unknown.message.contains("StopLogging or DeleteTrail") && !unknown.message.contains("the trail is of"),
            "{}",
            unknown.message
        );
        let mut of_management_account = stopped();
        of_management_account.status.trail_arn = Some(TRAIL.replace("111111111111", "222222222222"));
        let unknown = after(of_management_account, 20, Ok(Vec::new())).status.gaps.remove(0).by_unknown.unwrap();
        assert!(unknown.message.contains("the trail is of account 222222222222"), "{}", unknown.message);
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
        assert_eq!(after(stopped(), 5, Err(failure.clone())).requeue, Requeue::After(ASK_AGAIN));
        let told = after(stopped(), 30, Err(failure));
        assert_eq!(told.status.gaps[0].by_unknown.as_ref().unwrap().reason, UnattributedReason::Unread);
        assert_eq!(told.requeue, Requeue::OnChange);
        let gap = after(told, 40, Ok(found())).status.gaps.remove(0);
        assert!(gap.by.is_some() && gap.by_unknown.is_none(), "{gap:?}");
    }
}
