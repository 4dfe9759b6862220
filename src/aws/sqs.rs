//! SQS: reads and writes of queues.

use super::{Cloud, unanswered};
use crate::facets::observed::{Answer, Failure, Observed, Reading};
use crate::facets::policy_document::Statements;
use crate::facets::queue::{QueueFacts, QueueState};
use crate::facets::read::SqsRead;
use crate::facets::step::SqsStep;
use crate::facets::tags::{OwnerFacts, Tags, users};
use aws_sdk_sqs::types::QueueAttributeName as Name;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

impl Cloud {
    pub(super) async fn read_sqs(&self, read: &SqsRead) -> Answer {
        match read {
            SqsRead::Queue { queue } => match self.queue(queue).await {
                Ok((state, facts)) => Observed::Present(Reading::new(&state, &facts)),
                Err(failure) => unanswered(failure),
            },
        }
    }

    async fn queue(&self, queue: &str) -> Result<(QueueState, QueueFacts), Failure> {
        let client = self.session.sqs(&self.region);
        let url = self.queue_url(queue).await?;
        let request = client.get_queue_attributes().queue_url(&url).attribute_names(Name::All);
        let attributes = self.call("sqs:GetQueueAttributes", queue, request.send()).await?.attributes.unwrap_or_default();
        let listed = self.call("sqs:ListQueueTags", queue, client.list_queue_tags().queue_url(&url).send()).await?;
        let tags: Tags = listed.tags.unwrap_or_default().into_iter().collect();
        let text = |name: Name| attributes.get(&name).cloned().unwrap_or_default();
        let number = |name: Name| text(name).parse().unwrap_or_default();
        let unreadable = |error: &serde_json::Error| self.unbuildable("sqs:GetQueueAttributes", queue, error);
        let policy = Some(text(Name::Policy)).filter(|policy| !policy.is_empty()).unwrap_or_else(|| "{}".to_owned());
        let redrive = Some(text(Name::RedrivePolicy)).filter(|redrive| !redrive.is_empty()).unwrap_or_else(|| "{}".to_owned());
        let redrive: Value = serde_json::from_str(&redrive).map_err(|error| unreadable(&error))?;
        let receives = &redrive["maxReceiveCount"];
        let state = QueueState {
            visibility_timeout_seconds: number(Name::VisibilityTimeout),
            retention_seconds: number(Name::MessageRetentionPeriod),
            dead_letter_queue: redrive["deadLetterTargetArn"].as_str().unwrap_or_default().to_owned(),
            // SQS takes it as a number or as text, and gives it back as it was.
            max_receives: receives.as_i64().or_else(|| receives.as_str()?.parse().ok()).unwrap_or_default(),
            managed_encryption: text(Name::KmsMasterKeyId).is_empty() && text(Name::SqsManagedSseEnabled) == "true",
            kms_key: text(Name::KmsMasterKeyId),
            policy: Statements::parse(&policy).map_err(|error| unreadable(&error))?,
            tags: users(&tags),
        };
        Ok((state, QueueFacts { owner: OwnerFacts::of(&tags), arn: queue.to_owned(), url }))
    }

    pub(super) async fn write_sqs(&self, step: &SqsStep) -> Result<(), Failure> {
        let client = self.session.sqs(&self.region);
        match step {
            SqsStep::CreateQueue { queue, attributes, policy, tags } => {
                let request = client.create_queue().queue_name(name_of(queue));
                let request =
                    request.set_attributes(Some(named(attributes, policy.as_ref()))).set_tags(Some(tags.clone().into_iter().collect()));
                self.call("sqs:CreateQueue", queue, request.send()).await.map(drop)
            }
            SqsStep::SetQueueAttributes { queue, attributes, policy } => {
                let url = self.queue_url(queue).await?;
                let request = client.set_queue_attributes().queue_url(url).set_attributes(Some(named(attributes, policy.as_ref())));
                self.call("sqs:SetQueueAttributes", queue, request.send()).await.map(drop)
            }
            SqsStep::TagQueue { queue, tags } => {
                let url = self.queue_url(queue).await?;
                let request = client.tag_queue().queue_url(url).set_tags(Some(tags.clone().into_iter().collect()));
                self.call("sqs:TagQueue", queue, request.send()).await.map(drop)
            }
            SqsStep::UntagQueue { queue, tag_keys } => {
                let url = self.queue_url(queue).await?;
                let request = client.untag_queue().queue_url(url).set_tag_keys(Some(tag_keys.clone()));
                self.call("sqs:UntagQueue", queue, request.send()).await.map(drop)
            }
            SqsStep::DeleteQueue { queue } => {
                let url = self.queue_url(queue).await?;
                self.call("sqs:DeleteQueue", queue, client.delete_queue().queue_url(url).send()).await.map(drop)
            }
        }
    }
}

fn name_of(queue: &str) -> &str {
    queue.rsplit(':').next().unwrap_or_default()
}

fn named(attributes: &BTreeMap<String, String>, policy: Option<&Value>) -> HashMap<Name, String> {
    let policy = policy.map(|policy| (Name::Policy, policy.to_string()));
    attributes.iter().map(|(name, value)| (Name::from(name.as_str()), value.clone())).chain(policy).collect()
}
