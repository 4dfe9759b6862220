//! The chain of new-file notices: notifications of a bucket, and the subscription of a queue.

use super::s3::configured;
use super::{Cloud, unanswered};
use crate::facets::new_file_notification::{Notification, NotificationState};
use crate::facets::new_file_subscription::{SubscriptionFacts, SubscriptionState};
use crate::facets::observed::{Answer, Failure, Observed, Reading};
use aws_sdk_s3::types as sdk;
use serde_json::Value;

fn read_filter(filter: Option<&sdk::NotificationConfigurationFilter>, name: &str) -> String {
    let rules = filter.and_then(|filter| filter.key.as_ref()).map(sdk::S3KeyFilter::filter_rules).unwrap_or_default();
    // S3 takes the names in small letters and gives them back with a capital.
    let found = rules.iter().find(|rule| rule.name.as_ref().is_some_and(|is| is.as_str().eq_ignore_ascii_case(name)));
    found.and_then(|rule| rule.value.clone()).unwrap_or_default()
}

fn notification(destination: &str, events: &[sdk::Event], filter: Option<&sdk::NotificationConfigurationFilter>) -> Notification {
    let mut events: Vec<String> = events.iter().map(|event| event.as_str().to_owned()).collect();
    events.sort();
    Notification {
        destination: destination.to_owned(),
        events,
        prefix: read_filter(filter, "prefix"),
        suffix: read_filter(filter, "suffix"),
    }
}

fn filter_of(notification: &Notification) -> Option<sdk::NotificationConfigurationFilter> {
    let rule = |name: &str, value: &str| {
        (!value.is_empty()).then(|| sdk::FilterRule::builder().name(sdk::FilterRuleName::from(name)).value(value).build())
    };
    let rules: Vec<_> = [rule("prefix", &notification.prefix), rule("suffix", &notification.suffix)].into_iter().flatten().collect();
    let key = sdk::S3KeyFilter::builder().set_filter_rules(Some(rules.clone())).build();
    (!rules.is_empty()).then(|| sdk::NotificationConfigurationFilter::builder().key(key).build())
}

impl Cloud {
    pub(super) async fn bucket_notification(&self, bucket: &str) -> Answer {
        let request = self.s3.get_bucket_notification_configuration().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        let result = self.call("s3:GetBucketNotification", bucket, request.send()).await;
        configured(result, Reading::default(), |answer| {
            let id = |id: Option<&str>| id.unwrap_or_default().to_owned();
            let topics =
                answer.topic_configurations().iter().map(|one| (id(one.id()), notification(one.topic_arn(), one.events(), one.filter())));
            let queues =
                answer.queue_configurations().iter().map(|one| (id(one.id()), notification(one.queue_arn(), one.events(), one.filter())));
            let functions = answer
                .lambda_function_configurations()
                .iter()
                .map(|one| (id(one.id()), notification(one.lambda_function_arn(), one.events(), one.filter())));
            let notifications = topics.chain(queues).chain(functions).collect();
            Reading::state(&NotificationState { notifications, event_bridge: answer.event_bridge_configuration().is_some() })
        })
    }

    /// S3 replaces the whole document.
    pub(super) async fn put_bucket_notification(&self, bucket: &str, state: &NotificationState) -> Result<(), Failure> {
        let operation = "s3:PutBucketNotification";
        let mut configuration = sdk::NotificationConfiguration::builder();
        if state.event_bridge {
            configuration = configuration.event_bridge_configuration(sdk::EventBridgeConfiguration::builder().build());
        }
        for (id, one) in &state.notifications {
            let events: Vec<sdk::Event> = one.events.iter().map(|event| event.as_str().into()).collect();
            let (arn, filter) = (&one.destination, filter_of(one));
            let unbuildable = |error| self.unbuildable(operation, bucket, &error);
            configuration = match arn.split(':').nth(2) {
                Some("sns") => {
                    let topic = sdk::TopicConfiguration::builder().id(id).topic_arn(arn).set_events(Some(events)).set_filter(filter);
                    configuration.topic_configurations(topic.build().map_err(unbuildable)?)
                }
                Some("sqs") => {
                    let queue = sdk::QueueConfiguration::builder().id(id).queue_arn(arn).set_events(Some(events)).set_filter(filter);
                    configuration.queue_configurations(queue.build().map_err(unbuildable)?)
                }
                _ => {
                    let function = sdk::LambdaFunctionConfiguration::builder().id(id).lambda_function_arn(arn);
                    let function = function.set_events(Some(events)).set_filter(filter);
                    configuration.lambda_function_configurations(function.build().map_err(unbuildable)?)
                }
            };
        }
        let request = self.s3.put_bucket_notification_configuration().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        self.call(operation, bucket, request.notification_configuration(configuration.build()).send()).await.map(drop)
    }

    pub(super) async fn queue_subscription(&self, topic: &str, queue: &str) -> Answer {
        match self.subscription_of(topic, queue).await {
            Ok(Some(arn)) => self.subscription(&arn).await.unwrap_or_else(unanswered),
            Ok(None) => Observed::Absent,
            Err(failure) => unanswered(failure),
        }
    }

    /// ARN of the queue's subscription.
    async fn subscription_of(&self, topic: &str, queue: &str) -> Result<Option<String>, Failure> {
        let client = self.session.sns(&self.region);
        let mut next = None;
        loop {
            let request = client.list_subscriptions_by_topic().topic_arn(topic).set_next_token(next);
            let page = self.call("sns:ListSubscriptionsByTopic", topic, request.send()).await?;
            let found = page.subscriptions().iter().find(|one| one.protocol() == Some("sqs") && one.endpoint() == Some(queue));
            if let Some(arn) = found.and_then(|one| one.subscription_arn()) {
                return Ok(Some(arn.to_owned()));
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(None);
            }
        }
    }

    async fn subscription(&self, arn: &str) -> Result<Answer, Failure> {
        let operation = "sns:GetSubscriptionAttributes";
        let request = self.session.sns(&self.region).get_subscription_attributes().subscription_arn(arn);
        let attributes = self.call(operation, arn, request.send()).await?.attributes.unwrap_or_default();
        let text = |name: &str| attributes.get(name).cloned().unwrap_or_default();
        let filter_policy = match text("FilterPolicy") {
            policy if policy.is_empty() => Value::Null,
            policy => serde_json::from_str(&policy).map_err(|error| self.unbuildable(operation, arn, &error))?,
        };
        let state = SubscriptionState {
            filter_policy,
            filter_policy_scope: text("FilterPolicyScope"),
            raw_message_delivery: text("RawMessageDelivery") == "true",
        };
        Ok(Observed::Present(Reading::new(&state, &SubscriptionFacts { arn: arn.to_owned() })))
    }
}
