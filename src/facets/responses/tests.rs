//! Tests of the responses: which rules stand where, and what their targets need.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::api::aws_account::Partition;
use crate::facets::context::{AccountFacts, Destination};
use crate::facets::response_role;
use crate::facets::response_targets::ResponseTargets;
use serde_json::json;

const QUEUE: &str = "arn:aws:sqs:eu-central-1:111111111111:alerts";
const FOREIGN: &str = "arn:aws:sns:eu-central-1:222222222222:soc";

fn context(responses: Value, more: Value, regions: &[&str]) -> TrailContext {
    let mut spec = json!({"accountRef": {"name": "x"}, "region": "eu-central-1", "archiveRef": {"name": "logs"}, "responses": responses});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    TrailContext {
        name: "audit".into(),
        spec: serde_json::from_value(spec).unwrap(),
        account: AccountFacts {
            id: "111111111111".into(),
            partition: Partition::Aws,
            organization: None,
            regions: regions.iter().map(|region| (*region).to_owned()).collect(),
        },
        destination: Destination { bucket: "logs".into(), kms_key: String::new() },
        arn_before: None,
        owner: "i/ns/audit".into(),
        owned_before: Vec::new(),
        response_regions: Vec::new(),
        filter_groups: Vec::new(),
    }
}

fn tampered(more: Value) -> Value {
    let mut response = json!({"name": "tampered", "when": "LoggingTampered", "targets": [{"arn": QUEUE}]});
    response.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!([response])
}

fn desired(context: &TrailContext) -> ResponsesState {
    Responses(context.clone()).desired(None, &Seen::default())
}

fn actions(steps: &[Step]) -> Vec<String> {
    let place = |step: &Step| serde_json::to_value(step).unwrap();
    steps.iter().map(|step| format!("{} {}", step.action(), place(step)["region"].as_str().unwrap_or("-"))).collect()
}

/// The command line asks nobody which Regions the account has.
#[test]
fn the_rights_are_for_every_region_where_nobody_has_told_which_there_are() {
    let regions = |responses, more, told: &[&str]| {
        let rights = Facet::rights(&Responses(context(responses, more, told)));
        let rules = rights.write.iter().filter(|right| right.action == "events:PutRule");
        rules.map(|right| right.resource.split(':').nth(3).unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (home, global) = ("eu-central-1".to_owned(), "us-east-1".to_owned());
    assert_eq!(regions(tampered(json!({})), json!({}), &[]), ["*"]);
    assert_eq!(regions(tampered(json!({})), json!({}), &["eu-west-1"]), [home.clone(), "eu-west-1".to_owned(), global.clone()]);
    assert_eq!(regions(tampered(json!({"regions": [global]})), json!({}), &[]), [home.clone(), global]);
    assert_eq!(regions(tampered(json!({})), json!({"multiRegion": false}), &[]), [home]);
}

#[test]
fn a_response_covers_what_its_trail_covers() {
    let covered = |responses, more, regions: &[&str]| {
        let state = desired(&context(responses, more, regions));
        (state["tampered"].rules.keys().cloned().collect::<Vec<_>>(), state["tampered"].forwarded.is_some())
    };
    let (home, global) = ("eu-central-1".to_owned(), "us-east-1".to_owned());
    assert_eq!(covered(tampered(json!({})), json!({}), &[]), (vec![home.clone(), global.clone()], true));
    assert_eq!(covered(tampered(json!({})), json!({}), &["eu-west-1"]), (vec![home.clone(), "eu-west-1".into(), global.clone()], true));
    assert_eq!(covered(tampered(json!({})), json!({"multiRegion": false}), &["eu-west-1"]), (vec![home.clone()], false));
    assert_eq!(covered(tampered(json!({"regions": [home]})), json!({}), &[]), (vec![home], false));
    assert_eq!(covered(tampered(json!({"regions": [global]})), json!({}), &[]), (vec![global], true));
}

#[test]
fn events_of_other_regions_come_home_on_a_bus_of_their_own() {
    let state = desired(&context(tampered(json!({})), json!({}), &[]));
    let response = &state["tampered"];
    let arns = |rule: &RuleState| rule.targets.values().map(|target| (target.arn.clone(), target.role.clone())).collect::<Vec<_>>();
    let prefix = Layout(&context(tampered(json!({})), json!({}), &[])).prefix();
    let role = format!("arn:aws:iam::111111111111:role/{prefix}responses");
    assert_eq!(arns(&response.rules["eu-central-1"]), [(QUEUE.to_owned(), String::new())]);
    assert_eq!(
        arns(&response.rules["us-east-1"]),
        [(format!("arn:aws:events:eu-central-1:111111111111:event-bus/{prefix}tampered"), role)]
    );
    assert_eq!(arns(response.forwarded.as_ref().unwrap()), [(QUEUE.to_owned(), String::new())]);
}

#[test]
fn the_bus_comes_before_what_forwards_to_it_and_goes_after() {
    let context = context(tampered(json!({})), json!({}), &[]);
    let (facet, state) = (Responses(context.clone()), desired(&context));
    assert_eq!(
        actions(&facet.change(&state, &ResponsesState::new())),
        [
            "CreateEventBus eu-central-1",
            "PutRule eu-central-1",
            "PutTargets eu-central-1",
            "PutRule eu-central-1",
            "PutTargets eu-central-1",
            "PutRule us-east-1",
            "PutTargets us-east-1"
        ]
    );
    assert_eq!(
        actions(&facet.change(&ResponsesState::new(), &state)),
        [
            "RemovePermission -",
            "RemoveTargets eu-central-1",
            "DeleteRule eu-central-1",
            "RemoveTargets us-east-1",
            "DeleteRule us-east-1",
            "RemoveTargets eu-central-1",
            "DeleteRule eu-central-1",
            "DeleteEventBus eu-central-1"
        ]
    );
    assert_eq!(facet.change(&state, &state), []);
}

#[test]
fn a_bus_without_its_rule_gets_the_rule_only() {
    let context = context(tampered(json!({})), json!({}), &[]);
    let state = desired(&context);
    let mut cut = state.clone();
    cut.get_mut("tampered").unwrap().forwarded = Some(RuleState::default());
    assert_eq!(actions(&Responses(context).change(&state, &cut)), ["PutRule eu-central-1", "PutTargets eu-central-1"]);
}

#[test]
fn what_a_stranger_put_into_a_rule_goes() {
    let context = context(tampered(json!({})), json!({}), &[]);
    let state = desired(&context);
    let mut changed = state.clone();
    let rule = changed.get_mut("tampered").unwrap().rules.get_mut("us-east-1").unwrap();
    rule.state = "DISABLED".into();
    rule.targets.insert("x".into(), TargetState { arn: "arn:aws:sqs:us-east-1:333333333333:mine".into(), ..TargetState::default() });
    assert_eq!(actions(&Responses(context).change(&state, &changed)), ["PutRule us-east-1", "RemoveTargets us-east-1"]);
}

#[test]
fn targets_of_another_account_are_sent_to_with_a_role_and_never_edited() {
    let response = json!([{"name": "tampered", "when": "LoggingTampered", "targets": [{"arn": FOREIGN}], "regions": ["eu-central-1"]}]);
    let context = context(response, json!({}), &[]);
    let role = response_role::role(&context).unwrap();
    let target = targets(&desired(&context)).next().unwrap().clone();
    assert_eq!((target.arn.as_str(), &target.role), (FOREIGN, &role.arn));
    assert_eq!(role.policy.0["Publish"]["Resource"], json!([FOREIGN]));
    assert!(!ResponseTargets(context).wanted());
}

#[test]
fn a_response_at_home_needs_no_role() {
    assert!(response_role::role(&context(tampered(json!({"regions": ["eu-central-1"]})), json!({}), &[])).is_none());
}

#[test]
fn switches_are_states_of_the_rule() {
    let state = |more| desired(&context(tampered(more), json!({}), &[]))["tampered"].rules["eu-central-1"].state.clone();
    assert_eq!(state(json!({})), "ENABLED");
    assert_eq!(state(json!({"enabled": false})), "DISABLED");
    assert_eq!(state(json!({"readEvents": true})), "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
}
