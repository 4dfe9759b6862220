//! SNS: reads and writes of topics.

use super::{Cloud, unanswered};
use crate::facets::alarm_topic::GivenTopicState;
use crate::facets::observed::{Answer, Failure, Observed, Reading};
use crate::facets::policy_document::Statements;
use crate::facets::read::SnsRead;
use crate::facets::step::SnsStep;
use crate::facets::tags::{OwnerFacts, Tags, users};
use crate::facets::topic::{Subscribers, TopicFacts, TopicState};
use aws_sdk_sns::types as sdk;
use std::collections::HashMap;

impl Cloud {
    pub(super) async fn read_sns(&self, read: &SnsRead) -> Answer {
        match read {
            SnsRead::Topic { topic } => match self.topic(topic).await {
                Ok((state, facts)) => Observed::Present(Reading::new(&state, &facts)),
                Err(failure) => unanswered(failure),
            },
            SnsRead::QueueSubscription { topic, queue } => self.queue_subscription(topic, queue).await,
            SnsRead::Subscribers { topic } => {
                let client = self.session.sns(&self.region);
                match self.call("sns:GetTopicAttributes", topic, client.get_topic_attributes().topic_arn(topic).send()).await {
                    Ok(answer) => {
                        let subscribers = subscribers(topic, &answer.attributes.unwrap_or_default());
                        Observed::Present(Reading::new(&GivenTopicState { exists: true }, &subscribers))
                    }
                    Err(failure) => unanswered(failure),
                }
            }
        }
    }

    async fn topic(&self, topic: &str) -> Result<(TopicState, TopicFacts), Failure> {
        let client = self.session.sns(&self.region);
        let request = client.get_topic_attributes().topic_arn(topic);
        let attributes = self.call("sns:GetTopicAttributes", topic, request.send()).await?.attributes.unwrap_or_default();
        let listed = self.call("sns:ListTagsForResource", topic, client.list_tags_for_resource().resource_arn(topic).send()).await?;
        let tags: Tags = listed.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
        let policy = attributes.get("Policy").map_or("{}", String::as_str);
        let policy = Statements::parse(policy).map_err(|error| self.unbuildable("sns:GetTopicAttributes", topic, &error))?;
        let kms_key = attributes.get("KmsMasterKeyId").cloned().unwrap_or_default();
        let facts = TopicFacts { owner: OwnerFacts::of(&tags), subscribers: subscribers(topic, &attributes) };
        Ok((TopicState { policy, kms_key, tags: users(&tags) }, facts))
    }

    pub(super) async fn write_sns(&self, step: &SnsStep) -> Result<(), Failure> {
        let client = self.session.sns(&self.region);
        let set = |topic: &str, name: &str, value: String| {
            client.set_topic_attributes().topic_arn(topic).attribute_name(name).attribute_value(value)
        };
        match step {
            SnsStep::CreateTopic { topic, policy, kms_key, tags } => {
                let name = topic.rsplit(':').next().unwrap_or_default();
                let mut request = client.create_topic().name(name).attributes("Policy", policy.to_string());
                if !kms_key.is_empty() {
                    request = request.attributes("KmsMasterKeyId", kms_key);
                }
                let tags = self.topic_tags("sns:CreateTopic", topic, tags)?;
                self.call("sns:CreateTopic", topic, request.set_tags(Some(tags)).send()).await.map(drop)
            }
            SnsStep::SetTopicPolicy { topic, policy } => {
                self.call("sns:SetTopicAttributes", topic, set(topic, "Policy", policy.to_string()).send()).await.map(drop)
            }
            SnsStep::SetTopicKey { topic, kms_key } => {
                self.call("sns:SetTopicAttributes", topic, set(topic, "KmsMasterKeyId", kms_key.clone()).send()).await.map(drop)
            }
            SnsStep::TagTopic { topic, tags } => {
                let tags = self.topic_tags("sns:TagResource", topic, tags)?;
                self.call("sns:TagResource", topic, client.tag_resource().resource_arn(topic).set_tags(Some(tags)).send()).await.map(drop)
            }
            SnsStep::UntagTopic { topic, tag_keys } => {
                let request = client.untag_resource().resource_arn(topic).set_tag_keys(Some(tag_keys.clone()));
                self.call("sns:UntagResource", topic, request.send()).await.map(drop)
            }
            SnsStep::SubscribeQueue { topic, queue, filter_policy, raw_message_delivery } => {
                let request = client.subscribe().topic_arn(topic).protocol("sqs").endpoint(queue);
                let request = request.attributes("FilterPolicyScope", "MessageBody").attributes("FilterPolicy", filter_policy.to_string());
                let request = request.attributes("RawMessageDelivery", raw_message_delivery.to_string());
                self.call("sns:Subscribe", topic, request.send()).await.map(drop)
            }
            SnsStep::SetSubscriptionAttributes { subscription, name, value } => {
                let request = client.set_subscription_attributes().subscription_arn(subscription);
                let request = request.attribute_name(name).attribute_value(value);
                self.call("sns:SetSubscriptionAttributes", subscription, request.send()).await.map(drop)
            }
            SnsStep::DeleteTopic { topic } => {
                self.call("sns:DeleteTopic", topic, client.delete_topic().topic_arn(topic).send()).await.map(drop)
            }
        }
    }

    fn topic_tags(&self, operation: &str, topic: &str, tags: &Tags) -> Result<Vec<sdk::Tag>, Failure> {
        tags.iter()
            .map(|(key, value)| sdk::Tag::builder().key(key).value(value).build())
            .collect::<Result<_, _>>()
            .map_err(|error| self.unbuildable(operation, topic, &error))
    }
}

fn subscribers(topic: &str, attributes: &HashMap<String, String>) -> Subscribers {
    let count = |name: &str| attributes.get(name).and_then(|count| count.parse().ok()).unwrap_or_default();
    Subscribers { topic: topic.to_owned(), confirmed: count("SubscriptionsConfirmed"), pending: count("SubscriptionsPending") }
}
