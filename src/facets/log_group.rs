//! The log group that a trail delivers to, where it is ours: how long it keeps events, its key, its class, its tags.
//!
//! It holds evidence, so nothing here deletes it, whatever the deletion policy.

use super::context::TrailContext;
use super::observed::Seen;
use super::read::{LogsRead, Read};
use super::rights::Rights;
use super::step::{LogsStep, Step};
use super::tags::{Tags, changes, with_owner};
use super::{Change, Facet, Resource, Source};
use crate::api::delivery::{LogGroup as Spec, LogGroupClass};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogGroupState {
    /// 0 for ever.
    pub retention_days: i32,
    /// Key ARN, empty for none.
    pub kms_key: String,
    /// `STANDARD` or `INFREQUENT_ACCESS`.
    pub class: String,
    pub tags: Tags,
}

pub struct LogGroup {
    name: String,
    arn: String,
    spec: Spec,
    tags: Tags,
    owner: String,
}

impl LogGroup {
    /// The trail's log group, where the spec asks for one of ours.
    pub fn of(context: &TrailContext) -> Option<Self> {
        let spec = context.spec.cloud_watch_logs.as_ref()?.log_group.clone()?;
        let name = context.log_group_name()?;
        let (tags, owner) = (context.spec.tags.clone(), context.owner.clone());
        Some(Self { arn: context.log_group_arn()?, name, spec, tags, owner })
    }

    fn retention(&self, days: i32) -> Step {
        let log_group = self.name.clone();
        Step::Logs(match days {
            0 => LogsStep::DeleteRetentionPolicy { log_group },
            retention_days => LogsStep::PutRetentionPolicy { log_group, retention_days },
        })
    }
}

fn class(class: LogGroupClass) -> String {
    match class {
        LogGroupClass::Standard => "STANDARD",
        LogGroupClass::InfrequentAccess => "INFREQUENT_ACCESS",
    }
    .to_owned()
}

impl Facet for LogGroup {
    const NAME: &'static str = "logGroup";
    type State = LogGroupState;

    fn source(&self, _seen: &Seen) -> Source {
        Source::Ask(Read::Logs(LogsRead::LogGroup { log_group: self.name.clone() }))
    }

    fn desired(&self, _observed: Option<&LogGroupState>, _seen: &Seen) -> LogGroupState {
        LogGroupState {
            retention_days: self.spec.retention_days,
            kms_key: self.spec.kms_key_arn.clone().unwrap_or_default(),
            class: class(self.spec.class),
            tags: self.tags.clone(),
        }
    }

    /// The class of a group that exists can't be changed: that difference stays, and is told.
    fn steps(&self, change: &Change<'_, LogGroupState>) -> Vec<Step> {
        let LogGroupState { retention_days, kms_key, class, tags } = change.desired;
        let log_group = || self.name.clone();
        let Some(observed) = change.observed else {
            let tags = with_owner(tags, &self.owner, false);
            let (kms_key, class) = (kms_key.clone(), class.clone());
            let create = Step::Logs(LogsStep::CreateLogGroup { log_group: log_group(), kms_key, class, tags });
            // A new group keeps its events for ever.
            return std::iter::once(create).chain((*retention_days != 0).then(|| self.retention(*retention_days))).collect();
        };
        let mut steps = Vec::new();
        if observed.retention_days != *retention_days {
            steps.push(self.retention(*retention_days));
        }
        if observed.kms_key != *kms_key {
            steps.push(Step::Logs(if kms_key.is_empty() {
                LogsStep::DisassociateKmsKey { log_group: log_group() }
            } else {
                LogsStep::AssociateKmsKey { log_group: log_group(), kms_key: kms_key.clone() }
            }));
        }
        let (set, remove) = changes(tags, &observed.tags);
        if !remove.is_empty() {
            steps.push(Step::Logs(LogsStep::UntagLogGroup { log_group: self.arn.clone(), tag_keys: remove }));
        }
        if !set.is_empty() {
            steps.push(Step::Logs(LogsStep::TagLogGroup { log_group: self.arn.clone(), tags: set }));
        }
        steps
    }

    fn rights(&self) -> Rights {
        let arn = self.arn.as_str();
        // All but the tags go by the ARN with `:*` (CloudWatch Logs User Guide, "Overview of managing access permissions").
        let with_streams = format!("{arn}:*");
        let retention = if self.spec.retention_days == 0 { "logs:DeleteRetentionPolicy" } else { "logs:PutRetentionPolicy" };
        let key = if self.spec.kms_key_arn.is_some() { "logs:AssociateKmsKey" } else { "logs:DisassociateKmsKey" };
        Rights::on(arn, &["logs:ListTagsForResource"], &["logs:TagResource", "logs:UntagResource"])
            // Groups are listed: the Service Authorization Reference knows no resource for that.
            .reading("*", &["logs:DescribeLogGroups"])
            .writing(&with_streams, &["logs:CreateLogGroup", retention, key])
    }
}

impl Resource for LogGroup {
    fn noun(&self) -> &'static str {
        "log group"
    }
    fn id(&self) -> String {
        self.name.clone()
    }
    fn root(&self) -> &'static str {
        Self::NAME
    }
    fn tags(&self) -> &'static str {
        Self::NAME
    }
    fn claim(&self, _seen: &Seen, marks: Tags) -> Option<Step> {
        Some(Step::Logs(LogsStep::TagLogGroup { log_group: self.arn.clone(), tags: marks }))
    }
    fn delete(&self, _seen: &Seen) -> Vec<Step> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facets::AnyFacet;
    use crate::facets::context::sample_trail;
    use crate::facets::difference::Ignore;
    use crate::facets::observed::{Observed, Reading};
    use serde_json::{Value, json};

    fn actions(spec: Value, observed: Option<LogGroupState>) -> Vec<&'static str> {
        let facet = LogGroup::of(&sample_trail(json!({ "cloudWatchLogs": { "logGroup": spec, "role": {} } }))).unwrap();
        let mut seen = Seen::default();
        seen.insert(LogGroup::NAME, observed.map_or(Observed::Absent, |state| Observed::Present(Reading::state(&state))));
        AnyFacet::evaluate(&facet, &seen, &Ignore::default()).steps.iter().map(|planned| planned.step.action()).collect()
    }

    #[test]
    fn each_setting_has_its_own_write_and_the_class_has_none() {
        let kept = || LogGroupState { retention_days: 365, class: "STANDARD".into(), ..LogGroupState::default() };
        let key = "arn:aws:kms:eu-west-1:111111111111:key/k";
        let table = [
            (json!({}), None, vec!["CreateLogGroup", "PutRetentionPolicy"]),
            (json!({ "retentionDays": 0 }), None, vec!["CreateLogGroup"]),
            (json!({}), Some(kept()), vec![]),
            (json!({ "retentionDays": 30 }), Some(kept()), vec!["PutRetentionPolicy"]),
            (json!({ "retentionDays": 0 }), Some(kept()), vec!["DeleteRetentionPolicy"]),
            (json!({ "kmsKeyArn": key }), Some(kept()), vec!["AssociateKmsKey"]),
            (json!({}), Some(LogGroupState { kms_key: key.into(), ..kept() }), vec!["DisassociateKmsKey"]),
            (json!({ "class": "InfrequentAccess" }), Some(kept()), vec![]),
            (json!({}), Some(LogGroupState { tags: Tags::from([("who".into(), "x".into())]), ..kept() }), vec!["UntagResource"]),
        ];
        for (spec, observed, expected) in table {
            assert_eq!(actions(spec.clone(), observed.clone()), expected, "{spec} over {observed:?}");
        }
    }
}
