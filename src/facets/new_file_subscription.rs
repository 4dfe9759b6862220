//! The subscription of the queue to the topic of new files: without the digests.

use super::context::ArchiveContext;
use super::new_files::{Chain, NewFileTopic};
use super::observed::Seen;
use super::read::{Read, SnsRead};
use super::rights::Rights;
use super::step::{AFTER_APPLY, SnsStep, Step};
use super::topic::TopicPurpose;
use super::{Change, Facet, Source};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubscriptionState {
    /// Which messages pass, by their body.
    pub filter_policy: Value,
    pub filter_policy_scope: String,
    /// Whether the queue gets S3's own message, without SNS's envelope.
    pub raw_message_delivery: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionFacts {
    pub arn: String,
}

pub struct NewFileSubscription {
    chain: Chain,
}

impl NewFileSubscription {
    pub fn of(context: &ArchiveContext) -> Option<Self> {
        Some(Self { chain: Chain::of(context)? })
    }

    fn arn(seen: &Seen) -> String {
        seen.facts::<SubscriptionFacts>(Self::NAME).map_or_else(|| AFTER_APPLY.to_owned(), |facts| facts.arn)
    }
}

/// Digests lie in a folder of their own, below each account's; S3's test messages have no records.
fn log_files_only() -> Value {
    json!({"Records": {"s3": {"object": {"key": [{"anything-but": {"wildcard": "*/CloudTrail-Digest/*"}}]}}}})
}

impl Facet for NewFileSubscription {
    const NAME: &'static str = "newFileSubscription";
    type State = SubscriptionState;

    fn source(&self, seen: &Seen) -> Source {
        let Chain { topic_arn, queue_arn, .. } = &self.chain;
        Source::ask_below(seen, NewFileTopic::NAME, || {
            Read::Sns(SnsRead::QueueSubscription { topic: topic_arn.clone(), queue: queue_arn.clone() })
        })
    }

    fn desired(&self, _observed: Option<&SubscriptionState>, _seen: &Seen) -> SubscriptionState {
        SubscriptionState {
            filter_policy: log_files_only(),
            filter_policy_scope: "MessageBody".to_owned(),
            raw_message_delivery: self.chain.raw(),
        }
    }

    fn steps(&self, change: &Change<'_, SubscriptionState>) -> Vec<Step> {
        let SubscriptionState { filter_policy, filter_policy_scope, raw_message_delivery } = change.desired.clone();
        let Chain { topic_arn, queue_arn, .. } = &self.chain;
        let Some(observed) = change.observed else {
            return vec![Step::Sns(SnsStep::SubscribeQueue {
                topic: topic_arn.clone(),
                queue: queue_arn.clone(),
                filter_policy,
                raw_message_delivery,
            })];
        };
        let mut values = Vec::new();
        // The scope goes first: a policy is read in the light of it.
        if observed.filter_policy_scope != filter_policy_scope {
            values.push(("FilterPolicyScope", filter_policy_scope));
        }
        if observed.filter_policy != filter_policy {
            values.push(("FilterPolicy", filter_policy.to_string()));
        }
        if observed.raw_message_delivery != raw_message_delivery {
            values.push(("RawMessageDelivery", raw_message_delivery.to_string()));
        }
        let subscription = Self::arn(change.seen);
        let step = |(name, value): (&str, String)| {
            Step::Sns(SnsStep::SetSubscriptionAttributes { subscription: subscription.clone(), name: name.to_owned(), value })
        };
        values.into_iter().map(step).collect()
    }

    fn rights(&self) -> Rights {
        let topic = &self.chain.topic_arn;
        Rights::on(topic, &["sns:ListSubscriptionsByTopic"], &["sns:Subscribe"])
            // A subscription is no resource to IAM (Service Authorization Reference).
            .reading("*", &["sns:GetSubscriptionAttributes"])
            .writing("*", &["sns:SetSubscriptionAttributes"])
    }
}
