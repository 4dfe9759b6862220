//! Responses: EventBridge rules that send chosen events to targets as they happen.
//!
//! Events of the home Region go from a rule on its default bus straight to the targets. A target must be in its rule's Region,
//! so rules in other Regions forward to a bus in the home Region that belongs to this one response; a rule there sends to the
//! targets. Nobody else's rules see the forwarded events, no event is sent twice when two responses choose it, and none can go
//! round: EventBridge forwards nothing that was forwarded.

pub mod catalogue;
pub mod layout;
pub mod pattern;

use super::context::TrailContext;
use super::observed::Seen;
use super::policy_document::short_hash;
use super::read::{EventBridgeRead, Read};
use super::rights::{Right, Rights};
use super::step::eventbridge::RuleTarget;
use super::step::target::TargetKind;
use super::step::{EventBridgeStep, Step, TargetStep};
use super::tags::{Tags, with_owner};
use super::{Change, Facet, Resource, Source};
use crate::api::responses::Response;
use layout::{DEFAULT_BUS, Layout};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The responses by name.
pub type ResponsesState = BTreeMap<String, ResponseState>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResponseState {
    /// The rule on the default bus of each Region.
    pub rules: BTreeMap<String, RuleState>,
    /// The rule on the response's own bus. None where there is no such bus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<RuleState>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuleState {
    /// Canonical. Null where there is no rule.
    pub pattern: Value,
    /// As EventBridge writes it.
    pub state: String,
    /// By id.
    pub targets: BTreeMap<String, TargetState>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TargetState {
    pub arn: String,
    /// The role that EventBridge sends with. Empty where the target's own policy lets it in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// What is sent in place of the event. Always empty unless somebody changed it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub input: String,
}

pub struct Responses(pub TrailContext);

/// Where a rule is, and what it is called.
#[derive(Clone, Copy)]
struct Place<'a> {
    region: &'a str,
    bus: &'a str,
    rule: &'a str,
}

impl Responses {
    fn layout(&self) -> Layout<'_> {
        Layout(&self.0)
    }

    fn response(&self, response: &Response) -> ResponseState {
        let layout = self.layout();
        let pattern = match (&response.when, &response.pattern) {
            (Some(choice), _) => catalogue::pattern(*choice, &self.0.destination),
            (None, Some(pattern)) => Value::Object(pattern.clone()),
            (None, None) => Value::Null,
        };
        let state = match (response.enabled, response.read_events) {
            (false, _) => "DISABLED",
            (true, false) => "ENABLED",
            (true, true) => "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        };
        let rule = |targets| RuleState { pattern: pattern::canonical(&pattern), state: state.to_owned(), targets };
        let sending = || response.targets.iter().map(|target| self.target(&target.arn)).collect();
        let own_bus = || BTreeMap::from([self.through_role(&layout.bus_arn(&response.name))]);
        let rules = layout.regions(response).into_iter().map(|region| {
            let targets = if region == layout.home() { sending() } else { own_bus() };
            (region, rule(targets))
        });
        ResponseState { rules: rules.collect(), forwarded: layout.is_forwarded(response).then(|| rule(sending())) }
    }

    fn target(&self, arn: &str) -> (String, TargetState) {
        if self.layout().is_foreign(arn) {
            return self.through_role(arn);
        }
        (target_id(arn), TargetState { arn: arn.to_owned(), ..TargetState::default() })
    }

    fn through_role(&self, arn: &str) -> (String, TargetState) {
        (target_id(arn), TargetState { arn: arn.to_owned(), role: self.layout().role_arn(), input: String::new() })
    }

    fn tags(&self) -> Tags {
        with_owner(&self.0.spec.tags, &self.0.owner, false)
    }

    fn description(&self) -> String {
        format!("Kept by Trailkeeper for {}", self.0.owner)
    }

    /// Puts one rule with its targets, as far as they differ.
    fn put(&self, place: Place<'_>, desired: &RuleState, observed: Option<&RuleState>) -> Vec<Step> {
        let (region, bus, rule) = (place.region.to_owned(), place.bus.to_owned(), place.rule.to_owned());
        let observed = observed.filter(|observed| !observed.pattern.is_null());
        let mut steps = Vec::new();
        if observed.is_none_or(|observed| (&observed.pattern, &observed.state) != (&desired.pattern, &desired.state)) {
            steps.push(EventBridgeStep::PutRule {
                region: region.clone(),
                bus: bus.clone(),
                rule: rule.clone(),
                pattern: desired.pattern.clone(),
                state: desired.state.clone(),
                description: self.description(),
                tags: if observed.is_none() { self.tags() } else { Tags::new() },
            });
        }
        let there = observed.map(|observed| observed.targets.clone()).unwrap_or_default();
        let targets: Vec<RuleTarget> = desired
            .targets
            .iter()
            .filter(|(id, target)| there.get(*id) != Some(target))
            .map(|(id, target)| RuleTarget { id: id.clone(), arn: target.arn.clone(), role: target.role.clone() })
            .collect();
        // A rule has room for five: what is not wanted goes first.
        let ids: Vec<String> = there.keys().filter(|id| !desired.targets.contains_key(*id)).cloned().collect();
        if !ids.is_empty() {
            steps.push(EventBridgeStep::RemoveTargets { region: region.clone(), bus: bus.clone(), rule: rule.clone(), ids });
        }
        if !targets.is_empty() {
            steps.push(EventBridgeStep::PutTargets { region, bus, rule, targets });
        }
        steps.into_iter().map(Step::EventBridge).collect()
    }

    /// What brings one response from `observed` to `desired`: its own bus before the rules that forward there, and after them
    /// where it goes.
    fn follow(&self, response: &str, desired: &ResponseState, observed: &ResponseState) -> Vec<Step> {
        let layout = self.layout();
        let name = layout.name(response);
        let on_own_bus = Place { region: layout.home(), bus: &name, rule: &name };
        let mut steps = Vec::new();
        if let Some(rule) = &desired.forwarded {
            if observed.forwarded.is_none() {
                let (region, bus, description) = (layout.home().to_owned(), name.clone(), self.description());
                steps.push(Step::EventBridge(EventBridgeStep::CreateEventBus { region, bus, description, tags: self.tags() }));
            }
            steps.extend(self.put(on_own_bus, rule, observed.forwarded.as_ref()));
        }
        for (region, rule) in &desired.rules {
            steps.extend(self.put(Place { region, bus: DEFAULT_BUS, rule: &name }, rule, observed.rules.get(region)));
        }
        for (region, rule) in observed.rules.iter().filter(|(region, _)| !desired.rules.contains_key(*region)) {
            steps.extend(remove(Place { region, bus: DEFAULT_BUS, rule: &name }, rule));
        }
        if let (None, Some(rule)) = (&desired.forwarded, &observed.forwarded) {
            if !rule.pattern.is_null() {
                steps.extend(remove(on_own_bus, rule));
            }
            let (region, bus) = (layout.home().to_owned(), name.clone());
            steps.push(Step::EventBridge(EventBridgeStep::DeleteEventBus { region, bus }));
        }
        steps
    }

    /// Permissions go before the rules that they were for: what a rule still names is found again by a pass after a cut.
    fn withdraw(&self, desired: &ResponsesState, observed: &ResponsesState) -> Vec<Step> {
        let (kept, there) = (self.own_targets(desired), self.own_targets(observed));
        let sid = self.layout().sid();
        there
            .difference(&kept)
            .map(|target| Step::Target(TargetStep::Withdraw { target: (*target).to_owned(), sid: sid.clone() }))
            .collect()
    }

    /// Targets of this account and Region.
    fn own_targets<'s>(&self, state: &'s ResponsesState) -> BTreeSet<&'s str> {
        let layout = self.layout();
        let is_own = |arn: &&str| TargetKind::of(arn).is_some() && !layout.is_foreign(arn) && arn.split(':').nth(3) == Some(layout.home());
        targets(state).map(|target| target.arn.as_str()).filter(is_own).collect()
    }

    fn change(&self, desired: &ResponsesState, observed: &ResponsesState) -> Vec<Step> {
        let nothing = ResponseState::default();
        let mut steps = self.withdraw(desired, observed);
        for (name, response) in desired {
            let there = observed.get(name).unwrap_or(&nothing);
            if there != response {
                steps.extend(self.follow(name, response, there));
            }
        }
        for (name, response) in observed.iter().filter(|(name, _)| !desired.contains_key(*name)) {
            steps.extend(self.follow(name, &nothing, response));
        }
        steps
    }
}

/// Every target of every rule.
pub fn targets(state: &ResponsesState) -> impl Iterator<Item = &TargetState> {
    let rules = state.values().flat_map(|response| response.rules.values().chain(&response.forwarded));
    rules.flat_map(|rule| rule.targets.values())
}

fn target_id(arn: &str) -> String {
    format!("trailkeeper-{}", short_hash(arn))
}

/// EventBridge deletes no rule that has targets.
fn remove(place: Place<'_>, rule: &RuleState) -> Vec<Step> {
    let (region, bus, name) = (place.region.to_owned(), place.bus.to_owned(), place.rule.to_owned());
    let ids: Vec<String> = rule.targets.keys().cloned().collect();
    let mut steps = Vec::new();
    if !ids.is_empty() {
        steps.push(EventBridgeStep::RemoveTargets { region: region.clone(), bus: bus.clone(), rule: name.clone(), ids });
    }
    steps.push(EventBridgeStep::DeleteRule { region, bus, rule: name });
    steps.into_iter().map(Step::EventBridge).collect()
}

impl Facet for Responses {
    const NAME: &'static str = "responses";
    type State = ResponsesState;

    fn source(&self, _seen: &Seen) -> Source {
        let layout = self.layout();
        Source::Ask(Read::EventBridge(EventBridgeRead::Responses {
            home: layout.home().to_owned(),
            regions: layout.regions_to_read(),
            prefix: layout.prefix(),
            owner: self.0.owner.clone(),
        }))
    }

    fn desired(&self, _observed: Option<&ResponsesState>, _seen: &Seen) -> ResponsesState {
        self.0.spec.responses.iter().map(|response| (response.name.clone(), self.response(response))).collect()
    }

    fn wanted(&self) -> bool {
        !self.0.spec.responses.is_empty()
    }

    fn steps(&self, change: &Change<'_, ResponsesState>) -> Vec<Step> {
        self.change(change.desired, change.observed.unwrap_or(&ResponsesState::new()))
    }

    fn removal(&self, observed: &ResponsesState, _seen: &Seen) -> Vec<Step> {
        self.change(&ResponsesState::new(), observed)
    }

    fn rights(&self) -> Rights {
        let layout = self.layout();
        let regions = layout.regions_for_rights();
        let on_rules = |actions: &[&'static str]| -> Vec<Right> {
            let rules = regions.iter().map(|region| layout.rules_arn(region));
            rules.flat_map(|rule| actions.iter().map(move |action| Right::new(action, rule.clone()))).collect()
        };
        let bus = layout.bus_arn("*");
        let mut read = vec![Right::new("events:ListRules", "*"), Right::new("events:ListEventBuses", "*")];
        read.extend(on_rules(&["events:ListTargetsByRule"]));
        let removing = || {
            let mut rights = on_rules(&["events:RemoveTargets", "events:DeleteRule"]);
            rights.push(Right::new("events:DeleteEventBus", bus.clone()));
            rights
        };
        let mut write = on_rules(&["events:PutRule", "events:PutTargets", "events:TagResource"]);
        write.extend([Right::new("events:CreateEventBus", bus.clone()), Right::new("events:TagResource", bus.clone())]);
        write.push(Right::new("iam:PassRole", layout.role_arn()).when("StringEquals", "iam:PassedToService", "events.amazonaws.com"));
        write.extend(removing());
        Rights { read, write, delete: removing() }
    }
}

/// Owned by name: nobody else's rules are called so.
impl Resource for Responses {
    fn noun(&self) -> &'static str {
        "responses"
    }
    fn id(&self) -> String {
        format!("{}*", self.layout().prefix())
    }
    fn root(&self) -> &'static str {
        Self::NAME
    }
    fn tags(&self) -> &'static str {
        Self::NAME
    }
    fn delete(&self, seen: &Seen) -> Vec<Step> {
        seen.state::<ResponsesState>(Self::NAME).map(|observed| self.change(&ResponsesState::new(), &observed)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
