//! What a Trail tells of its alarms: who is told by them, and which are raised.

use super::events::{self, Event};
use super::tell::Situation;
use crate::api::alarms::AlarmsStatus;
use crate::api::condition::{self, ALERTING, Truth};
use crate::api::{Trail, TrailStatus};
use crate::engine::{Outcome, trail_name};
use crate::facets::Facet;
use crate::facets::alarm_plan::planned_of;
use crate::facets::alarm_topic::AlarmTopic;
use crate::facets::alarms::{AlarmsFacts, MetricAlarms};
use crate::facets::context::log_group_name;
use crate::facets::metric_filters;
use crate::facets::observed::Seen;
use crate::facets::topic::{Subscribers, TopicPurpose};

/// Most raised alarms that are named.
const NAMED: usize = 20;

/// The `Alerting` condition, `status.alarms`, and the event when it turns.
pub fn judge(status: &mut TrailStatus, trail: &Trail, outcome: &Outcome, situation: &Situation<'_>) -> Option<Event> {
    let Some(spec) = trail.spec.alarms.as_ref().filter(|alarms| !planned_of(alarms).is_empty()) else {
        status.alarms = None;
        condition::clear(&mut status.common.conditions, ALERTING);
        return None;
    };
    let seen = &outcome.latest().seen;
    let subscribers: Option<Subscribers> = seen.facts(AlarmTopic::NAME);
    let before = status.alarms.take().unwrap_or_default();
    let topic_arn = subscribers.as_ref().map(|found| found.topic.clone()).or_else(|| spec.topic_arn.clone()).or(before.topic_arn);
    let topic = topic_arn.clone().unwrap_or_else(|| "the topic".to_owned());
    status.alarms = Some(AlarmsStatus {
        topic_arn,
        confirmed_subscriptions: subscribers.as_ref().map(|found| found.confirmed),
        pending_subscriptions: subscribers.as_ref().map(|found| found.pending),
        raised: raised(seen).unwrap_or(before.raised),
    });
    let (truth, reason, message) = match subscribers {
        _ if !spec.actions_enabled => (Truth::False, "ActionsOff", "spec.alarms.actionsEnabled is false: alarms tell nobody".to_owned()),
        Some(Subscribers { confirmed: 0, .. }) => {
            (Truth::False, "NoConfirmedSubscriber", format!("nobody has confirmed a subscription to {topic}: alarms are raised unheard"))
        }
        Some(_) => (Truth::True, "Subscribed", format!("alarms tell {topic}, which has confirmed subscribers")),
        None => (Truth::Unknown, "SubscribersUnknown", format!("the subscribers of {topic} could not be counted")),
    };
    let was = condition::get(&status.common.conditions, ALERTING).map(|condition| (condition.status.clone(), condition.reason.clone()));
    let event = match (&was, truth) {
        (Some((was, _)), Truth::True) if was == "False" => Some(events::alerting(situation.account, &message)),
        (was, Truth::False) if was.as_ref().is_none_or(|(_, was)| was != reason) => {
            Some(events::not_alerting(situation.account, reason, &message))
        }
        _ => None,
    };
    condition::set(&mut status.common.conditions, ALERTING, truth, reason, message, situation.generation, situation.now);
    event
}

/// Where filters of ours may be after the pass.
pub fn filter_groups(before: &[String], trail: &Trail, outcome: &Outcome) -> Vec<String> {
    let now = log_group_name(&trail.spec, &trail_name(trail));
    metric_filters::filter_groups(now.as_deref(), before, &outcome.latest().seen)
}

fn raised(seen: &Seen) -> Option<Vec<String>> {
    let mut raised = seen.facts::<AlarmsFacts>(MetricAlarms::NAME)?.raised;
    raised.sort();
    raised.truncate(NAMED);
    Some(raised)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::common::Mode;
    use crate::engine::Assessment;
    use crate::facets::observed::{Observed, Reading};
    use jiff::Timestamp;
    use std::time::Duration;

    fn trail(alarms: &str) -> Trail {
        serde_saphyr::from_str(&format!(
            "{{apiVersion: trailkeeper.dev/v1alpha1, kind: Trail, metadata: {{name: main, namespace: a}}, spec: {{accountRef: {{name: x}}, region: eu-west-1, archiveRef: {{name: logs}}{alarms}}}}}"
        ))
        .unwrap()
    }

    /// What a pass tells that saw these numbers of subscribers.
    fn told(status: &mut TrailStatus, alarms: &str, confirmed: Option<u32>) -> (Option<String>, Option<(String, String)>) {
        let mut before = Assessment::default();
        let subscribers = confirmed.map(|confirmed| Subscribers { topic: "arn:t".to_owned(), confirmed, pending: 1 });
        let answer = subscribers.map_or(Observed::Absent, |found| Observed::Present(Reading::new(&(), &found)));
        before.seen.insert(AlarmTopic::NAME, answer);
        let outcome = Outcome {
            mode: Mode::Enforce,
            fingerprint: String::new(),
            resources: Vec::new(),
            before,
            applied: Vec::new(),
            failed: None,
            after: None,
        };
        let situation = Situation {
            generation: 1,
            account: "1",
            region: "eu-west-1",
            what: "trail main",
            interval: Duration::from_secs(600),
            attempts: 0,
            now: Timestamp::UNIX_EPOCH,
        };
        let event = judge(status, &trail(alarms), &outcome, &situation).map(|event| event.reason);
        let condition = condition::get(&status.common.conditions, ALERTING);
        (event, condition.map(|condition| (condition.status.clone(), condition.reason.clone())))
    }

    #[test]
    fn the_turns_are_told_and_nothing_else() {
        let mut status = TrailStatus::default();
        let some = |status: &str, reason: &str| Some((status.to_owned(), reason.to_owned()));
        let event = |reason: &str| Some(reason.to_owned());
        let alarms = ", alarms: {}";
        assert_eq!(told(&mut status, "", Some(0)), (None, None));
        assert_eq!(told(&mut status, alarms, None), (None, some("Unknown", "SubscribersUnknown")));
        assert_eq!(told(&mut status, alarms, Some(0)), (event("NoConfirmedSubscriber"), some("False", "NoConfirmedSubscriber")));
        assert_eq!(told(&mut status, alarms, Some(0)), (None, some("False", "NoConfirmedSubscriber")));
        assert_eq!(told(&mut status, alarms, Some(2)), (event("Alerting"), some("True", "Subscribed")));
        assert_eq!(told(&mut status, alarms, Some(3)), (None, some("True", "Subscribed")));
        assert_eq!(told(&mut status, ", alarms: {actionsEnabled: false}", Some(3)), (event("ActionsOff"), some("False", "ActionsOff")));
        assert_eq!(status.alarms.as_ref().and_then(|alarms| alarms.confirmed_subscriptions), Some(3));
        assert_eq!(told(&mut status, ", alarms: {baseline: None}", Some(3)), (None, None));
        assert_eq!(status.alarms, None);
    }
}
