//! What a Trail tells of its alarms: who is told by them, and which are raised.

use super::events::{self, Event};
use super::tell::Situation;
use crate::api::alarms::AlarmsStatus;
use crate::api::condition::{self, ALERTING, Truth};
use crate::api::{Trail, TrailStatus};
use crate::engine::Outcome;
use crate::facets::Facet;
use crate::facets::alarm_plan::planned_of;
use crate::facets::alarm_topic::AlarmTopic;
use crate::facets::alarms::{AlarmsFacts, MetricAlarms};
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

fn raised(seen: &Seen) -> Option<Vec<String>> {
    let mut raised = seen.facts::<AlarmsFacts>(MetricAlarms::NAME)?.raised;
    raised.sort();
    raised.truncate(NAMED);
    Some(raised)
}
