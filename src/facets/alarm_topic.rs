//! The topic that alarms tell: one of its own, or a given one, which is only looked at. And who listens there.

use super::alarm_plan::{alarm_arns, planned, topic_arn};
use super::context::TrailContext;
use super::observed::Seen;
use super::policy_document::Statements;
use super::read::{Read, SnsRead};
use super::rights::Rights;
use super::step::Step;
use super::topic::{Topic, TopicPurpose};
use super::{Change, Facet, Source};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::marker::PhantomData;

pub struct AlarmTopic;

impl TopicPurpose for AlarmTopic {
    const NAME: &'static str = "alarmTopic";
    const NOUN: &'static str = "alarm topic";
}

/// The topic of its own, where the spec gives none.
pub fn own(context: &TrailContext) -> Option<Topic<AlarmTopic>> {
    let alarms = context.spec.alarms.as_ref().filter(|alarms| alarms.topic_arn.is_none())?;
    if planned(context).is_empty() {
        return None;
    }
    let arn = topic_arn(context)?;
    let policy = Statements::from_list([json!({
        "Sid": "TrailkeeperAlarms", "Effect": "Allow", "Principal": { "Service": "cloudwatch.amazonaws.com" },
        "Action": "sns:Publish", "Resource": arn,
        "Condition": { "ArnLike": { "aws:SourceArn": alarm_arns(context) }, "StringEquals": { "aws:SourceAccount": context.account.id } },
    })]);
    let kms_key = alarms.topic.as_ref().and_then(|topic| topic.kms_key_arn.clone()).unwrap_or_default();
    let (tags, owner) = (context.spec.tags.clone(), context.owner.clone());
    Some(Topic { arn, policy, kms_key, tags, owner, purpose: PhantomData })
}

/// A topic that somebody else keeps: it must exist, and it is never written to.
pub struct GivenTopic(String);

impl GivenTopic {
    /// The given topic, if it is in the trail's account: others' can't be asked.
    pub fn of(context: &TrailContext) -> Option<Self> {
        let arn = context.spec.alarms.as_ref()?.topic_arn.clone()?;
        (arn.split(':').nth(4) == Some(context.account.id.as_str()) && !planned(context).is_empty()).then_some(Self(arn))
    }
}

/// That it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenTopicState {
    pub exists: bool,
}

impl Facet for GivenTopic {
    const NAME: &'static str = AlarmTopic::NAME;
    type State = GivenTopicState;

    fn source(&self, _seen: &Seen) -> Source {
        Source::Ask(Read::Sns(SnsRead::Subscribers { topic: self.0.clone() }))
    }

    fn desired(&self, _observed: Option<&GivenTopicState>, _seen: &Seen) -> GivenTopicState {
        GivenTopicState { exists: true }
    }

    fn steps(&self, _change: &Change<'_, GivenTopicState>) -> Vec<Step> {
        Vec::new()
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0, &["sns:GetTopicAttributes"], &[])
    }
}
