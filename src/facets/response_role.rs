//! The role that EventBridge takes to bring events home from other Regions, and to send to targets in other accounts.

use super::context::TrailContext;
use super::policy_document::Statements;
use super::responses::layout::Layout;
use super::role::{Role, RolePurpose};
use super::step::target::TargetKind;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::marker::PhantomData;

pub struct ResponseRole;

impl RolePurpose for ResponseRole {
    const NAME: &'static str = "responseRole";
    const NOUN: &'static str = "response role";
}

/// The role of a trail's responses, if they need one.
pub fn role(context: &TrailContext) -> Option<Role<ResponseRole>> {
    let layout = Layout(context);
    let responses = &context.spec.responses;
    let buses: BTreeSet<String> =
        responses.iter().filter(|response| layout.is_forwarded(response)).map(|response| layout.bus_arn(&response.name)).collect();
    let targets = responses.iter().flat_map(|response| &response.targets).map(|target| target.arn.as_str());
    let foreign: BTreeSet<&str> = targets.filter(|arn| layout.is_foreign(arn)).collect();
    let mut policy: Vec<Value> = Vec::new();
    if !buses.is_empty() {
        policy.push(json!({"Sid": "Forward", "Effect": "Allow", "Action": "events:PutEvents", "Resource": buses}));
    }
    for (sid, kind) in [("Publish", TargetKind::Topic), ("Send", TargetKind::Queue), ("Invoke", TargetKind::Function)] {
        let arns: Vec<&str> = foreign.iter().filter(|arn| TargetKind::of(arn) == Some(kind)).copied().collect();
        if !arns.is_empty() {
            policy.push(json!({"Sid": sid, "Effect": "Allow", "Action": sending(kind), "Resource": arns}));
        }
    }
    if policy.is_empty() {
        return None;
    }
    let trust = json!({"Sid": "EventBridge", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": context.account.id}, "ArnLike": {"aws:SourceArn": layout.rules_arn("*")}}});
    Some(Role {
        name: layout.role_name(),
        arn: layout.role_arn(),
        description: "Lets EventBridge bring CloudTrail events to the targets of a trail's responses. Kept by Trailkeeper".to_owned(),
        trust: Statements::from_list([trust]),
        policy: Statements::from_list(policy),
        tags: context.spec.tags.clone(),
        owner: context.owner.clone(),
        purpose: PhantomData,
    })
}

/// What sending to a target is called in policies.
pub fn sending(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Topic => "sns:Publish",
        TargetKind::Queue => "sqs:SendMessage",
        TargetKind::Function => "lambda:InvokeFunction",
    }
}
