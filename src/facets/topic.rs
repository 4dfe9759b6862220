//! An SNS topic of ours: who may publish, which key encrypts, whose it is. A kind of topic gives it its facet name.

use super::observed::Seen;
use super::policy_document::Statements;
use super::read::{Read, SnsRead};
use super::rights::Rights;
use super::step::{SnsStep, Step};
use super::tags::{OwnerFacts, Tags, changes, with_owner};
use super::{Change, Facet, Resource, Source};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopicState {
    pub policy: Statements,
    /// As it was set: SNS gives back the key id, ARN or alias that it was given. Empty for no encryption.
    pub kms_key: String,
    pub tags: Tags,
}

/// Who listens to a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscribers {
    /// ARN of the topic.
    pub topic: String,
    pub confirmed: u32,
    pub pending: u32,
}

/// What comes with a topic of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopicFacts {
    #[serde(flatten)]
    pub owner: OwnerFacts,
    #[serde(flatten)]
    pub subscribers: Subscribers,
}

/// What a topic is for: gives the facet its name.
pub trait TopicPurpose: Send + Sync {
    const NAME: &'static str;
    /// For people, and in `status.owned`.
    const NOUN: &'static str;
}

/// A topic as it should be.
pub struct Topic<P> {
    pub arn: String,
    /// Its whole policy: SNS's default statement, which lets the account do everything, is not needed, since IAM does.
    pub policy: Statements,
    pub kms_key: String,
    pub tags: Tags,
    /// The value of the ownership tag.
    pub owner: String,
    pub purpose: PhantomData<P>,
}

impl<P: TopicPurpose> Facet for Topic<P> {
    const NAME: &'static str = P::NAME;
    type State = TopicState;

    fn source(&self, _seen: &Seen) -> Source {
        Source::Ask(Read::Sns(SnsRead::Topic { topic: self.arn.clone() }))
    }

    fn desired(&self, _observed: Option<&TopicState>, _seen: &Seen) -> TopicState {
        TopicState { policy: self.policy.clone(), kms_key: self.kms_key.clone(), tags: self.tags.clone() }
    }

    fn steps(&self, change: &Change<'_, TopicState>) -> Vec<Step> {
        let topic = &self.arn;
        let TopicState { policy, kms_key, tags } = change.desired;
        let Some(observed) = change.observed else {
            let tags = with_owner(tags, &self.owner, false);
            return vec![Step::Sns(SnsStep::CreateTopic {
                topic: topic.clone(),
                policy: policy.document(),
                kms_key: kms_key.clone(),
                tags,
            })];
        };
        let mut steps = Vec::new();
        if observed.policy != *policy {
            steps.push(SnsStep::SetTopicPolicy { topic: topic.clone(), policy: policy.document() });
        }
        if observed.kms_key != *kms_key {
            steps.push(SnsStep::SetTopicKey { topic: topic.clone(), kms_key: kms_key.clone() });
        }
        let (set, remove) = changes(tags, &observed.tags);
        if !remove.is_empty() {
            steps.push(SnsStep::UntagTopic { topic: topic.clone(), tag_keys: remove });
        }
        if !set.is_empty() {
            steps.push(SnsStep::TagTopic { topic: topic.clone(), tags: set });
        }
        steps.into_iter().map(Step::Sns).collect()
    }

    fn rights(&self) -> Rights {
        let actions = ["sns:CreateTopic", "sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource"];
        Rights::on(&self.arn, &["sns:GetTopicAttributes", "sns:ListTagsForResource"], &actions).deleting(&self.arn, &["sns:DeleteTopic"])
    }
}

impl<P: TopicPurpose> Resource for Topic<P> {
    fn noun(&self) -> &'static str {
        P::NOUN
    }
    fn id(&self) -> String {
        self.arn.clone()
    }
    fn root(&self) -> &'static str {
        P::NAME
    }
    fn tags(&self) -> &'static str {
        P::NAME
    }
    fn claim(&self, _seen: &Seen, marks: Tags) -> Option<Step> {
        Some(Step::Sns(SnsStep::TagTopic { topic: self.arn.clone(), tags: marks }))
    }
    fn delete(&self, _seen: &Seen) -> Vec<Step> {
        vec![Step::Sns(SnsStep::DeleteTopic { topic: self.arn.clone() })]
    }
}
