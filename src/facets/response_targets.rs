//! What lets EventBridge send to the targets of a trail's responses: one statement in the policy of each target of this account.
//! Everything else in such a policy stays as it is. Targets of other accounts are never touched.
//!
//! Written before the rules; where a response goes, the rules' facet takes the statement away.

use super::context::TrailContext;
use super::observed::Seen;
use super::policy_document::Statements;
use super::read::{Read, TargetRead};
use super::response_role::sending;
use super::responses::layout::Layout;
use super::rights::{Right, Rights};
use super::step::target::TargetKind;
use super::step::{Step, TargetStep};
use super::{Change, Facet, Source};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Our statement in each target's policy, by the target's ARN. None where it is missing.
pub type TargetsState = BTreeMap<String, Value>;

/// The whole policies as they are, by the target's ARN. None where a target has none.
pub type TargetPolicies = BTreeMap<String, Value>;

pub struct ResponseTargets(pub TrailContext);

impl ResponseTargets {
    /// The targets whose policy is ours to edit.
    fn targets(&self) -> BTreeSet<&str> {
        let layout = Layout(&self.0);
        let all = self.0.spec.responses.iter().flat_map(|response| &response.targets);
        all.map(|target| target.arn.as_str()).filter(|arn| !layout.is_foreign(arn)).collect()
    }

    fn source_arn(&self) -> String {
        let layout = Layout(&self.0);
        layout.rules_arn(layout.home())
    }

    /// In canonical form and without its Sid, as a policy read back gives it.
    fn statement(&self, target: &str) -> Value {
        let sid = Layout(&self.0).sid();
        let action = TargetKind::of(target).map(sending);
        let statement = json!({"Sid": sid, "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": action,
            "Resource": target, "Condition": {"ArnLike": {"aws:SourceArn": self.source_arn()}}});
        Statements::from_list([statement]).0.remove(&sid).unwrap_or_default()
    }
}

/// A policy with our statement and everything else to the letter: its version decides what it means.
fn with_statement(policy: Option<&Value>, sid: &str, statement: &Value) -> Value {
    let mut policy = policy.cloned().unwrap_or_else(|| json!({"Version": "2012-10-17"}));
    let mut statements = match policy.get("Statement") {
        Some(Value::Array(list)) => list.clone(),
        Some(single) => vec![single.clone()],
        None => Vec::new(),
    };
    statements.retain(|other| other.get("Sid").and_then(Value::as_str) != Some(sid));
    let mut ours = json!({"Sid": sid});
    if let (Some(ours), Some(body)) = (ours.as_object_mut(), statement.as_object()) {
        ours.extend(body.clone());
    }
    statements.push(ours);
    policy["Statement"] = Value::Array(statements);
    policy
}

impl Facet for ResponseTargets {
    const NAME: &'static str = "responseTargets";
    type State = TargetsState;

    fn source(&self, _seen: &Seen) -> Source {
        let targets: Vec<String> = self.targets().into_iter().map(str::to_owned).collect();
        if targets.is_empty() {
            return Source::absent();
        }
        Source::Ask(Read::Target(TargetRead::Policies { targets, sid: Layout(&self.0).sid() }))
    }

    fn desired(&self, _observed: Option<&TargetsState>, _seen: &Seen) -> TargetsState {
        self.targets().into_iter().map(|target| (target.to_owned(), self.statement(target))).collect()
    }

    fn wanted(&self) -> bool {
        !self.targets().is_empty()
    }

    fn steps(&self, change: &Change<'_, TargetsState>) -> Vec<Step> {
        let policies: TargetPolicies = change.seen.facts(Self::NAME).unwrap_or_default();
        let sid = Layout(&self.0).sid();
        let nothing = TargetsState::new();
        let observed = change.observed.unwrap_or(&nothing);
        let differing = change.desired.iter().filter(|(target, statement)| observed.get(*target) != Some(statement));
        differing
            .map(|(target, statement)| {
                Step::Target(TargetStep::Allow {
                    target: target.clone(),
                    sid: sid.clone(),
                    policy: with_statement(policies.get(target), &sid, statement),
                    source_arn: self.source_arn(),
                    replace: observed.contains_key(target),
                })
            })
            .collect()
    }

    fn rights(&self) -> Rights {
        let mut rights = Rights::default();
        for target in self.targets() {
            let (read, write, withdraw): (&[&str], &str, &str) = match TargetKind::of(target) {
                Some(TargetKind::Topic) => (&["sns:GetTopicAttributes"], "sns:SetTopicAttributes", "sns:RemovePermission"),
                Some(TargetKind::Queue) => {
                    (&["sqs:GetQueueUrl", "sqs:GetQueueAttributes"], "sqs:SetQueueAttributes", "sqs:RemovePermission")
                }
                Some(TargetKind::Function) => (&["lambda:GetPolicy"], "lambda:AddPermission", "lambda:RemovePermission"),
                None => continue,
            };
            rights.read.extend(read.iter().map(|action| Right::new(action, target)));
            rights.write.push(Right::new(write, target));
            // A function's statement can't be changed, only taken away and added again.
            if TargetKind::of(target) == Some(TargetKind::Function) {
                rights.write.push(Right::new(withdraw, target));
            }
            rights.delete.push(Right::new(withdraw, target));
        }
        rights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_stays_to_the_letter() {
        let foreign = json!({"Effect": "Allow", "Principal": "*", "Action": "sns:Subscribe", "Resource": "*"});
        let ours = json!({"Effect": "Allow", "Action": ["sns:Publish"]});
        let with_sid = json!({"Sid": "Ours", "Effect": "Allow", "Action": ["sns:Publish"]});
        for statements in [json!(foreign), json!([foreign]), json!([foreign, {"Sid": "Ours", "Effect": "Deny"}])] {
            let policy = json!({"Version": "2008-10-17", "Id": "x", "Statement": statements});
            let expected = json!({"Version": "2008-10-17", "Id": "x", "Statement": [foreign, with_sid]});
            assert_eq!(with_statement(Some(&policy), "Ours", &ours), expected);
        }
        assert_eq!(with_statement(None, "Ours", &ours), json!({"Version": "2012-10-17", "Statement": [with_sid]}));
    }
}
