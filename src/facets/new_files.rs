//! Who is told of new files, and how: names, keys and policies of the chain from the bucket to the queue.
//!
//! Bucket, topic, subscription, queue, dead letters. The bucket tells of every `.json.gz`, since S3 filters by one fixed prefix a
//! rule and log files lie in a folder per account, of which an organization has any number; the subscription leaves the digests out.

use super::context::ArchiveContext;
use super::policy_document::Statements;
use super::queue::{Queue, QueuePurpose, QueueState};
use super::reader_policy::principal_arn;
use super::topic::{Topic, TopicPurpose};
use crate::api::hand_over::NewFiles;
use serde_json::{Value, json};
use std::marker::PhantomData;

pub struct NewFileTopic;
impl TopicPurpose for NewFileTopic {
    const NAME: &'static str = "newFileTopic";
    const NOUN: &'static str = "topic of new files";
}

pub struct NewFileQueue;
impl QueuePurpose for NewFileQueue {
    const NAME: &'static str = "newFileQueue";
    const NOUN: &'static str = "queue of new files";
}

pub struct NewFileDeadLetters;
impl QueuePurpose for NewFileDeadLetters {
    const NAME: &'static str = "newFileDeadLetters";
    const NOUN: &'static str = "dead letters of new files";
}

const DAY: i64 = 86_400;

/// SQS keeps messages for 14 days at most.
const LONGEST: i64 = 14 * DAY;

/// The chain as the spec has it.
#[derive(Clone, Debug)]
pub struct Chain {
    pub topic_arn: String,
    pub queue_arn: String,
    pub dead_letters_arn: String,
    /// Key of topic and queues, as they take it; empty for none.
    pub kms_key: String,
    spec: NewFiles,
}

impl Chain {
    pub fn of(context: &ArchiveContext) -> Option<Self> {
        let spec = context.spec.new_files.clone()?;
        let (partition, region, account) = (context.account.partition.as_str(), &context.spec.region, &context.account.id);
        let readable = context.spec.bucket_name.replace('.', "-");
        let topic = spec.topic_name.clone().unwrap_or_else(|| format!("trailkeeper-{readable}"));
        let queue = spec.queue.name.clone().unwrap_or_else(|| format!("trailkeeper-{readable}"));
        let own_key = || context.key_alias().unwrap_or_default();
        Some(Self {
            topic_arn: format!("arn:{partition}:sns:{region}:{account}:{topic}"),
            queue_arn: format!("arn:{partition}:sqs:{region}:{account}:{queue}"),
            dead_letters_arn: format!("arn:{partition}:sqs:{region}:{account}:{queue}-dead"),
            kms_key: spec.kms_key_arn.clone().unwrap_or_else(own_key),
            spec,
        })
    }

    pub fn raw(&self) -> bool {
        self.spec.raw_message_delivery
    }

    pub fn topic(&self, context: &ArchiveContext) -> Topic<NewFileTopic> {
        let publish = json!({"Sid": "TrailkeeperNewFiles", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "SNS:Publish", "Resource": self.topic_arn, "Condition": {
                "StringEquals": {"aws:SourceAccount": context.account.id}, "ArnEquals": {"aws:SourceArn": context.bucket_arn()}}});
        let partition = context.account.partition.as_str();
        let who: Vec<String> = self.spec.subscribers.iter().map(|account| principal_arn(partition, account)).collect();
        let subscribe = (!who.is_empty()).then(|| {
            json!({"Sid": "TrailkeeperSubscribers", "Effect": "Allow", "Principal": {"AWS": who}, "Action": "SNS:Subscribe", "Resource": self.topic_arn})
        });
        Topic {
            arn: self.topic_arn.clone(),
            policy: Statements::from_list([publish].into_iter().chain(subscribe)),
            kms_key: self.kms_key.clone(),
            tags: context.spec.tags.clone(),
            owner: context.owner.clone(),
            purpose: PhantomData,
        }
    }

    pub fn queue(&self, context: &ArchiveContext) -> Queue<NewFileQueue> {
        let send = json!({"Sid": "TrailkeeperNewFiles", "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": self.queue_arn, "Condition": {"ArnEquals": {"aws:SourceArn": self.topic_arn}}});
        let queue = &self.spec.queue;
        let state = QueueState {
            visibility_timeout_seconds: i64::from(queue.visibility_timeout_seconds),
            retention_seconds: i64::from(queue.retention_days) * DAY,
            dead_letter_queue: self.dead_letters_arn.clone(),
            max_receives: i64::from(queue.max_receives),
            managed_encryption: self.kms_key.is_empty(),
            kms_key: self.kms_key.clone(),
            policy: Statements::from_list([send]),
            tags: context.spec.tags.clone(),
        };
        Queue { arn: self.queue_arn.clone(), state, owner: context.owner.clone(), purpose: PhantomData }
    }

    /// SQS itself moves messages here, so nobody else may send.
    pub fn dead_letters(&self, context: &ArchiveContext) -> Queue<NewFileDeadLetters> {
        let state = QueueState {
            visibility_timeout_seconds: 30,
            retention_seconds: LONGEST,
            managed_encryption: self.kms_key.is_empty(),
            kms_key: self.kms_key.clone(),
            tags: context.spec.tags.clone(),
            ..QueueState::default()
        };
        Queue { arn: self.dead_letters_arn.clone(), state, owner: context.owner.clone(), purpose: PhantomData }
    }

    /// For the policy of the archive's own key, where it encrypts topic and queues: S3 publishes, SNS sends.
    pub fn key_statements(&self, context: &ArchiveContext) -> Vec<Value> {
        if context.key_alias().as_ref() != Some(&self.kms_key) {
            return Vec::new();
        }
        let lets = |sid: &str, service: &str, condition: Value| {
            json!({"Sid": sid, "Effect": "Allow", "Principal": {"Service": service}, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                "Resource": "*", "Condition": condition})
        };
        let from_bucket =
            json!({"StringEquals": {"aws:SourceAccount": context.account.id}, "ArnEquals": {"aws:SourceArn": context.bucket_arn()}});
        let from_topic = json!({"ArnEquals": {"aws:SourceArn": self.topic_arn}});
        vec![
            lets("TrailkeeperNewFilesPublish", "s3.amazonaws.com", from_bucket),
            lets("TrailkeeperNewFilesSend", "sns.amazonaws.com", from_topic),
        ]
    }

    /// For a role that is to receive from the queue. `key` is the archive's.
    pub fn role_statements(&self, key: &str) -> Vec<Value> {
        let actions =
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"];
        let mut statements = vec![json!({"Sid": "TrailkeeperReceive", "Effect": "Allow", "Action": actions, "Resource": self.queue_arn})];
        if !self.kms_key.is_empty() {
            let key = self.spec.kms_key_arn.as_deref().unwrap_or(key);
            let condition = json!({"StringEquals": {"kms:EncryptionContext:aws:sqs:arn": self.queue_arn}});
            statements.push(json!({"Sid": "TrailkeeperReceiveDecrypt", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key, "Condition": condition}));
        }
        statements
    }
}
