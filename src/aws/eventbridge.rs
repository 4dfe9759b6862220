//! EventBridge: reads and writes of the rules of a trail's responses, in several Regions.

use super::{Cloud, unanswered};
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::read::EventBridgeRead;
use crate::facets::responses::layout::DEFAULT_BUS;
use crate::facets::responses::pattern::canonical;
use crate::facets::responses::{ResponsesState, RuleState, TargetState};
use crate::facets::step::EventBridgeStep;
use crate::facets::step::eventbridge::RuleTarget;
use crate::facets::tags::{OwnerFacts, Tags};
use aws_sdk_eventbridge::types as sdk;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use std::collections::BTreeSet;

/// How many Regions are asked at a time.
const REGIONS_AT_A_TIME: usize = 8;

impl Cloud {
    pub(super) async fn read_eventbridge(&self, read: &EventBridgeRead) -> Answer {
        let EventBridgeRead::Responses { home, regions, prefix, owner } = read;
        match self.responses(home, regions, prefix).await {
            Ok(found) if found.is_empty() => Observed::Absent,
            Ok(found) => Observed::Present(Reading::new(&found, &OwnerFacts { owner: Some(owner.clone()), adopted: false })),
            Err(failure) if failure.class == ErrorClass::NotFound => Observed::Unknown(failure),
            Err(failure) => unanswered(failure),
        }
    }

    async fn responses(&self, home: &str, regions: &BTreeSet<String>, prefix: &str) -> Result<ResponsesState, Failure> {
        let mut found = ResponsesState::new();
        let in_region = |region: String| async move {
            let rules = self.at(&region).rules(DEFAULT_BUS, Some(prefix)).await?;
            Ok::<_, Failure>((region, rules))
        };
        let by_region: Vec<_> = stream::iter(regions.clone()).map(in_region).buffered(REGIONS_AT_A_TIME).try_collect().await?;
        for (region, rules) in by_region {
            for (name, rule) in rules {
                found.entry(without(prefix, &name)).or_default().rules.insert(region.clone(), rule);
            }
        }
        let at_home = self.at(home);
        for bus in at_home.buses(prefix).await? {
            // A bus of ours holds one rule, which has its name.
            let rule = at_home.rules(&bus, Some(&bus)).await?.into_iter().find(|(name, _)| *name == bus).map(|(_, rule)| rule);
            found.entry(without(prefix, &bus)).or_default().forwarded = Some(rule.unwrap_or_default());
        }
        Ok(found)
    }

    async fn buses(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        let client = self.session.eventbridge(&self.region);
        let (mut names, mut next) = (Vec::new(), None);
        loop {
            let request = client.list_event_buses().name_prefix(prefix).set_next_token(next);
            let answer = self.call("events:ListEventBuses", prefix, request.send()).await?;
            names.extend(answer.event_buses.unwrap_or_default().into_iter().filter_map(|bus| bus.name));
            next = answer.next_token;
            if next.is_none() {
                return Ok(names);
            }
        }
    }

    /// The rules on a bus whose names begin with `prefix`, with their targets.
    async fn rules(&self, bus: &str, prefix: Option<&str>) -> Result<Vec<(String, RuleState)>, Failure> {
        let client = self.session.eventbridge(&self.region);
        let (mut rules, mut next) = (Vec::new(), None);
        loop {
            let request = client.list_rules().event_bus_name(bus).set_name_prefix(prefix.map(str::to_owned)).set_next_token(next);
            let answer = self.call("events:ListRules", bus, request.send()).await?;
            for rule in answer.rules.unwrap_or_default() {
                let name = rule.name.clone().unwrap_or_default();
                let targets = self.targets(bus, &name).await?;
                rules.push((name, RuleState { targets, ..state(&rule) }));
            }
            next = answer.next_token;
            if next.is_none() {
                return Ok(rules);
            }
        }
    }

    async fn targets(&self, bus: &str, rule: &str) -> Result<std::collections::BTreeMap<String, TargetState>, Failure> {
        let client = self.session.eventbridge(&self.region);
        let request = client.list_targets_by_rule().event_bus_name(bus).rule(rule);
        // A rule has five targets at most, and a page a hundred.
        let answer = self.call("events:ListTargetsByRule", rule, request.send()).await?;
        Ok(answer.targets.unwrap_or_default().into_iter().map(target).collect())
    }

    pub(super) async fn write_eventbridge(&self, step: &EventBridgeStep) -> Result<(), Failure> {
        match step {
            EventBridgeStep::CreateEventBus { region, bus, description, tags } => {
                let here = self.at(region);
                let tags = here.event_tags("events:CreateEventBus", bus, tags)?;
                let request = here.session.eventbridge(region).create_event_bus().name(bus).description(description).set_tags(Some(tags));
                match here.call("events:CreateEventBus", bus, request.send()).await {
                    // Its name is ours, so it was ours that made it.
                    Err(failure) if failure.class == ErrorClass::AlreadyExists => Ok(()),
                    result => result.map(drop),
                }
            }
            EventBridgeStep::PutRule { region, bus, rule, pattern, state, description, tags } => {
                let here = self.at(region);
                let tags = here.event_tags("events:PutRule", rule, tags)?;
                let request = here.session.eventbridge(region).put_rule().name(rule).event_bus_name(bus).description(description);
                let request = request.event_pattern(pattern.to_string()).state(state.as_str().into());
                let request = request.set_tags(Some(tags).filter(|tags| !tags.is_empty()));
                here.call("events:PutRule", rule, request.send()).await.map(drop)
            }
            EventBridgeStep::PutTargets { region, bus, rule, targets } => self.at(region).put_targets(bus, rule, targets).await,
            EventBridgeStep::RemoveTargets { region, bus, rule, ids } => {
                let here = self.at(region);
                let client = here.session.eventbridge(region);
                let request = client.remove_targets().rule(rule).event_bus_name(bus).set_ids(Some(ids.clone()));
                let answer = match here.call("events:RemoveTargets", rule, request.send()).await {
                    Err(failure) if failure.class == ErrorClass::NotFound => return Ok(()),
                    result => result?,
                };
                let failed = answer.failed_entries.unwrap_or_default();
                here.refused("events:RemoveTargets", rule, failed.first().map(|entry| (entry.error_code(), entry.error_message())))
            }
            EventBridgeStep::DeleteRule { region, bus, rule } => {
                let here = self.at(region);
                let request = here.session.eventbridge(region).delete_rule().name(rule).event_bus_name(bus);
                gone(here.call("events:DeleteRule", rule, request.send()).await.map(drop))
            }
            EventBridgeStep::DeleteEventBus { region, bus } => {
                let here = self.at(region);
                let request = here.session.eventbridge(region).delete_event_bus().name(bus);
                gone(here.call("events:DeleteEventBus", bus, request.send()).await.map(drop))
            }
        }
    }

    async fn put_targets(&self, bus: &str, rule: &str, targets: &[RuleTarget]) -> Result<(), Failure> {
        let targets: Result<Vec<_>, _> = targets
            .iter()
            .map(|target| {
                let role = Some(target.role.clone()).filter(|role| !role.is_empty());
                sdk::Target::builder().id(&target.id).arn(&target.arn).set_role_arn(role).build()
            })
            .collect();
        let targets = targets.map_err(|error| self.unbuildable("events:PutTargets", rule, &error))?;
        let client = self.session.eventbridge(&self.region);
        let request = client.put_targets().rule(rule).event_bus_name(bus).set_targets(Some(targets));
        let failed = self.call("events:PutTargets", rule, request.send()).await?.failed_entries.unwrap_or_default();
        self.refused("events:PutTargets", rule, failed.first().map(|entry| (entry.error_code(), entry.error_message())))
    }

    /// An entry that was refused in an answer that succeeded.
    fn refused(&self, operation: &str, rule: &str, entry: Option<(Option<&str>, Option<&str>)>) -> Result<(), Failure> {
        let Some((code, message)) = entry else { return Ok(()) };
        let failure = self.unbuildable(operation, rule, &message.unwrap_or_default());
        // AWS says ConcurrentModificationException here; whatever else it says may pass as well, as the rule itself was taken.
        Err(Failure { class: ErrorClass::Transient, code: code.unwrap_or("FailedEntry").to_owned(), ..failure })
    }

    fn event_tags(&self, operation: &str, object: &str, tags: &Tags) -> Result<Vec<sdk::Tag>, Failure> {
        tags.iter()
            .map(|(key, value)| sdk::Tag::builder().key(key).value(value).build())
            .collect::<Result<_, _>>()
            .map_err(|error| self.unbuildable(operation, object, &error))
    }
}

/// What is not there needs no deletion.
fn gone(result: Result<(), Failure>) -> Result<(), Failure> {
    match result {
        Err(failure) if failure.class == ErrorClass::NotFound => Ok(()),
        result => result,
    }
}

fn without(prefix: &str, name: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

/// A rule as it is compared. A pattern that can't be read is shown as it is, and differs.
fn state(rule: &sdk::Rule) -> RuleState {
    let pattern = rule.event_pattern().unwrap_or_default();
    let pattern = serde_json::from_str(pattern).map_or_else(|_| Value::String(pattern.to_owned()), |pattern| canonical(&pattern));
    let state = rule.state().map(|state| state.as_str().to_owned()).unwrap_or_default();
    RuleState { pattern, state, ..RuleState::default() }
}

fn target(target: sdk::Target) -> (String, TargetState) {
    let transformed = target.input_transformer.map(|transformer| format!("transformed: {}", transformer.input_template));
    let input = target.input.or(target.input_path.map(|path| format!("path: {path}"))).or(transformed).unwrap_or_default();
    (target.id, TargetState { arn: target.arn, role: target.role_arn.unwrap_or_default(), input })
}
