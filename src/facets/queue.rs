//! An SQS queue of ours: how long it keeps and hides messages, who may send, which key encrypts, whose it is. A kind of queue
//! gives it its facet name.

use super::observed::Seen;
use super::policy_document::Statements;
use super::read::{Read, SqsRead};
use super::rights::Rights;
use super::step::{SqsStep, Step};
use super::tags::{OwnerFacts, Tags, changes, with_owner};
use super::{Change, Facet, Resource, Source};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::marker::PhantomData;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QueueState {
    pub visibility_timeout_seconds: i64,
    pub retention_seconds: i64,
    /// ARN of the queue for messages that nobody could handle; empty for none.
    pub dead_letter_queue: String,
    /// After how many receives a message goes there.
    pub max_receives: i64,
    /// Whether SQS encrypts with keys of its own. Never with a KMS key.
    pub managed_encryption: bool,
    /// As it was set: SQS gives back the key id, ARN or alias that it was given. Empty for SQS's own keys.
    pub kms_key: String,
    pub policy: Statements,
    pub tags: Tags,
}

/// Whose a queue is, and where it is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueFacts {
    #[serde(flatten)]
    pub owner: OwnerFacts,
    pub arn: String,
    pub url: String,
}

/// What a queue is for: gives the facet its name.
pub trait QueuePurpose: Send + Sync {
    const NAME: &'static str;
    /// For people, and in `status.owned`.
    const NOUN: &'static str;
}

/// A queue as it should be.
pub struct Queue<P> {
    pub arn: String,
    pub state: QueueState,
    /// The value of the ownership tag.
    pub owner: String,
    pub purpose: PhantomData<P>,
}

/// The attributes as SQS has them, but for the policy.
fn attributes(state: &QueueState) -> BTreeMap<String, String> {
    let redrive = if state.dead_letter_queue.is_empty() {
        String::new()
    } else {
        json!({"deadLetterTargetArn": state.dead_letter_queue, "maxReceiveCount": state.max_receives}).to_string()
    };
    let mut attributes = BTreeMap::from([
        ("VisibilityTimeout".to_owned(), state.visibility_timeout_seconds.to_string()),
        ("MessageRetentionPeriod".to_owned(), state.retention_seconds.to_string()),
        ("RedrivePolicy".to_owned(), redrive),
        ("KmsMasterKeyId".to_owned(), state.kms_key.clone()),
    ]);
    if state.kms_key.is_empty() {
        attributes.insert("SqsManagedSseEnabled".to_owned(), state.managed_encryption.to_string());
    }
    attributes
}

impl<P: QueuePurpose> Facet for Queue<P> {
    const NAME: &'static str = P::NAME;
    type State = QueueState;

    fn source(&self, _seen: &Seen) -> Source {
        Source::Ask(Read::Sqs(SqsRead::Queue { queue: self.arn.clone() }))
    }

    fn desired(&self, _observed: Option<&QueueState>, _seen: &Seen) -> QueueState {
        self.state.clone()
    }

    fn steps(&self, change: &Change<'_, QueueState>) -> Vec<Step> {
        let queue = &self.arn;
        let desired = change.desired;
        let wanted = attributes(desired);
        let policy = |state: &QueueState| (!state.policy.0.is_empty()).then(|| state.policy.document());
        let Some(observed) = change.observed else {
            let attributes = wanted.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            let tags = with_owner(&desired.tags, &self.owner, false);
            return vec![Step::Sqs(SqsStep::CreateQueue { queue: queue.clone(), attributes, policy: policy(desired), tags })];
        };
        let has = attributes(observed);
        let attributes: BTreeMap<_, _> = wanted.into_iter().filter(|(name, value)| has.get(name) != Some(value)).collect();
        let mut steps = Vec::new();
        if !attributes.is_empty() || observed.policy != desired.policy {
            let policy = (observed.policy != desired.policy).then(|| desired.policy.document());
            steps.push(SqsStep::SetQueueAttributes { queue: queue.clone(), attributes, policy });
        }
        let (set, remove) = changes(&desired.tags, &observed.tags);
        if !remove.is_empty() {
            steps.push(SqsStep::UntagQueue { queue: queue.clone(), tag_keys: remove });
        }
        if !set.is_empty() {
            steps.push(SqsStep::TagQueue { queue: queue.clone(), tags: set });
        }
        steps.into_iter().map(Step::Sqs).collect()
    }

    fn rights(&self) -> Rights {
        let reads = ["sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ListQueueTags"];
        let writes = ["sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue"];
        Rights::on(&self.arn, &reads, &writes).deleting(&self.arn, &["sqs:DeleteQueue"])
    }
}

impl<P: QueuePurpose> Resource for Queue<P> {
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
        Some(Step::Sqs(SqsStep::TagQueue { queue: self.arn.clone(), tags: marks }))
    }
    fn delete(&self, _seen: &Seen) -> Vec<Step> {
        vec![Step::Sqs(SqsStep::DeleteQueue { queue: self.arn.clone() })]
    }
}
