//! The status of a Trail after a pass: besides sync, whether it records and delivers, and the gaps in the evidence.

use super::Told;
use super::events::{self, Event};
use super::tell::{Situation, Unready, drift, tell};
use crate::api::common::{EvidenceGap, LOGGING_STOPPED, VALIDATION_OFF};
use crate::api::condition::{self, DELIVERING, Truth};
use crate::api::{Trail, TrailStatus};
use crate::engine::Outcome;
use crate::facets::Facet;
use crate::facets::observed::Observed;
use crate::facets::responses::Responses;
use crate::facets::trail_logging::{DeliveryFacts, LoggingState};
use crate::facets::trail_settings::{TrailFacts, TrailSettings};
use std::time::Duration;

/// How often a trail that cannot deliver is looked at: every missed file is missing evidence.
const WHILE_FAILING: Duration = Duration::from_secs(60);

/// Gaps that the status lists.
const MOST_GAPS: usize = 100;

pub fn after_pass(trail: &Trail, outcome: &Outcome, situation: &Situation<'_>) -> Told<TrailStatus> {
    let mut status = trail.status.clone().unwrap_or_default();
    take_over(&mut status, outcome);
    let mut told: Vec<Event> = logging_stopped(&status, trail, outcome, situation).into_iter().collect();
    mark_gaps(&mut status, trail, outcome, situation);
    told.extend(judge_delivery(&mut status, trail, outcome, situation));
    told.extend(super::alarms::judge(&mut status, trail, outcome, situation));
    status.filter_groups = super::alarms::filter_groups(&status.filter_groups, trail, outcome);
    let unready = unready(&status, trail);
    let (events, requeue) = tell(&mut status.common, &mut status.held, outcome, situation, unready);
    told.extend(events);
    Told { status, events: told, requeue }
}

/// Takes over what was read.
fn take_over(status: &mut TrailStatus, outcome: &Outcome) {
    let seen = &outcome.latest().seen;
    if let Some(Observed::Absent) = seen.get("settings") {
        status.logging = None;
        status.key_prefix = None;
    }
    if let Some(facts) = seen.facts::<TrailFacts>("settings") {
        status.trail_arn = Some(facts.arn);
    }
    if let Some(settings) = seen.state::<TrailSettings>("settings") {
        status.key_prefix = Some(settings.key_prefix);
    }
    match seen.get(Responses::NAME) {
        Some(Observed::Present(_)) => status.responses = seen.state(Responses::NAME).map(|state| super::responses::summary(&state)),
        Some(Observed::Absent) | None => status.responses = None,
        // What is known stays known: its Regions are where to look for rules that a spec has dropped.
        Some(Observed::Unknown(_)) => {}
    }
    if let Some(logging) = seen.state::<LoggingState>("logging") {
        status.logging = Some(logging.enabled);
    }
    if let Some(facts) = seen.facts::<DeliveryFacts>("logging") {
        status.logging_started_time = facts.start_logging_time.filter(|_| status.logging == Some(true));
        status.logging_stopped_time = facts.stop_logging_time.filter(|_| status.logging == Some(false));
        status.last_delivery_time = facts.latest_delivery_time;
        status.last_digest_delivery_time = facts.latest_digest_delivery_time;
    }
}

/// The trail recorded when it was last seen and should still, and it was found silent. That holds whatever else the spec
/// has become since, so it is not asked of `drift` alone.
fn fell_silent(trail: &Trail, outcome: &Outcome) -> bool {
    let recorded = trail.spec.logging && trail.status.as_ref().is_some_and(|before| before.logging == Some(true));
    recorded && outcome.before.seen.state::<LoggingState>("logging").is_some_and(|state| !state.enabled)
}

/// The event of its own that a stopped trail deserves, the first time it is seen.
fn logging_stopped(status: &TrailStatus, trail: &Trail, outcome: &Outcome, situation: &Situation<'_>) -> Option<Event> {
    let path = "logging.enabled";
    let stopped = fell_silent(trail, outcome)
        || drift(&status.held, outcome, &outcome.before)
            .into_iter()
            .any(|difference| difference.path == path && difference.desired == true);
    let known = status.held.drift.iter().any(|entry| entry.path == path);
    (stopped && !known).then(|| events::logging_stopped(situation.account, situation.what))
}

/// A stop of logging, or of validation, breaks the digest chain even when it is put right at once: it stays on record.
fn mark_gaps(status: &mut TrailStatus, trail: &Trail, outcome: &Outcome, situation: &Situation<'_>) {
    let now = situation.now;
    let drifted = |path: &str| {
        drift(&status.held, outcome, &outcome.before).into_iter().any(|difference| difference.path == path && difference.desired == true)
    };
    // A trail that recorded and was deleted records nothing either.
    let recorded = trail.spec.logging && trail.status.as_ref().is_some_and(|before| before.logging == Some(true));
    let deleted = recorded && matches!(outcome.before.seen.get("settings"), Some(Observed::Absent));
    let stop_time = outcome.before.seen.facts::<DeliveryFacts>("logging").and_then(|facts| facts.stop_logging_time);
    let opened = [
        (LOGGING_STOPPED, drifted("logging.enabled") || fell_silent(trail, outcome) || deleted, stop_time),
        (VALIDATION_OFF, drifted("settings.logFileValidation"), None),
    ];
    for (kind, found, told) in opened {
        if found && !status.gaps.iter().any(|gap| gap.kind == kind && gap.until.is_none()) {
            let after = status.common.last_verified_time.unwrap_or(now);
            let gap = EvidenceGap::new(kind, told.unwrap_or(now));
            status.gaps.push(EvidenceGap { after: told.is_none().then_some(after), ..gap });
        }
    }
    // Whoever stops a trail again and again hides neither who was first nor who is at it now.
    while status.gaps.len() > MOST_GAPS {
        status.gaps.remove(MOST_GAPS / 2);
        status.gaps_dropped += 1;
    }
    let seen = &outcome.latest().seen;
    let logging = seen.state::<LoggingState>("logging").is_some_and(|state| state.enabled);
    let validating = seen.state::<TrailSettings>("settings").is_some_and(|settings| settings.log_file_validation);
    for gap in status.gaps.iter_mut().filter(|gap| gap.until.is_none()) {
        if (gap.kind == LOGGING_STOPPED && logging) || (gap.kind == VALIDATION_OFF && validating) {
            gap.until = Some(now);
        }
    }
}

/// The `Delivering` condition, and the event when it turns.
fn judge_delivery(status: &mut TrailStatus, trail: &Trail, outcome: &Outcome, situation: &Situation<'_>) -> Option<Event> {
    let seen = &outcome.latest().seen;
    if let Some(Observed::Absent) = seen.get("settings") {
        let (conditions, message) = (&mut status.common.conditions, "there is no trail");
        condition::set(conditions, DELIVERING, Truth::Unknown, "NoTrail", message, situation.generation, situation.now);
        return None;
    }
    let facts = seen.facts::<DeliveryFacts>("logging")?;
    let was_failing = condition::get(&status.common.conditions, DELIVERING).is_some_and(|condition| condition.status == "False");
    let errors = [
        ("log files", &facts.latest_delivery_error),
        ("digests", &facts.latest_digest_delivery_error),
        ("SNS notices", &facts.latest_notification_error),
        ("CloudWatch Logs", &facts.latest_cloud_watch_logs_error),
    ];
    let failing: Vec<String> =
        errors.into_iter().filter_map(|(what, error)| error.as_ref().map(|error| format!("{what}: {error}"))).collect();
    let (truth, reason, message) = if status.logging != Some(true) {
        (Truth::Unknown, "NotLogging", "the trail does not record".to_owned())
    } else if !failing.is_empty() {
        (
            Truth::False,
            "DeliveryFailing",
            format!("CloudTrail cannot deliver {}. Check the policies of bucket, key and topic", failing.join(", ")),
        )
    } else if facts.latest_delivery_time.is_some() {
        (Truth::True, "Delivering", "CloudTrail delivers without error".to_owned())
    } else {
        (Truth::Unknown, "NothingDeliveredYet", "CloudTrail has delivered nothing yet, and reports no error".to_owned())
    };
    let event = match (was_failing, truth) {
        (false, Truth::False) => Some(events::delivery_failing(situation.account, &message)),
        (true, Truth::True) => Some(events::delivery_recovered(situation.account)),
        _ => None,
    };
    // Between failing and delivering lies silence: it does not count as recovered.
    let truth = if was_failing && truth == Truth::Unknown && trail.spec.logging { Truth::False } else { truth };
    condition::set(&mut status.common.conditions, DELIVERING, truth, reason, message, situation.generation, situation.now);
    event
}

/// Ready means that it works: in sync is not enough.
fn unready(status: &TrailStatus, trail: &Trail) -> Option<Unready> {
    if !trail.spec.logging {
        return Some(Unready {
            reason: "LoggingOff",
            message: "the trail is as declared, and spec.logging is false: nothing is recorded".to_owned(),
            look_again: None,
        });
    }
    let delivering = condition::get(&status.common.conditions, DELIVERING)?;
    let message = delivering.message.clone();
    (delivering.status == "False").then_some(Unready { reason: "DeliveryFailing", message, look_again: Some(WHILE_FAILING) })
}
