//! Who else works with the logs: readers, and who is told of new files. With the values that they paste into their tools.

use super::common::yes;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Somebody who may read the logs and decrypt them: a principal of theirs, or a role of ours that they assume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.principal) != has(self.role)").message("spec.readers takes either principal or role for each reader"))]
pub struct Reader {
    /// Name of the reader, unique in the archive.
    #[schemars(length(min = 1, max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')").message("spec.readers.name must be lower-case letters, digits and hyphens, and begin and end with a letter or digit"))]
    pub name: String,
    /// ARN of a role or user, or a 12-digit account id for a whole account. It is let in by bucket policy and key policy; one of
    /// another account also needs the rights there. For a key that this archive does not keep, its keeper must let it decrypt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[^*?]+)$')").message("spec.readers.principal must be the ARN of a role or user, or a 12-digit account id"))]
    pub principal: Option<String>,
    /// A role that is created in the archive's account for the reader to assume. It may do nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<ReaderRole>,
    /// Only objects whose key begins with this, for example `AWSLogs/111111111111/`. Default: all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    #[x_kube(validation = Rule::new("!self.contains('*') && !self.contains('?') && !self.contains('$') && !self.startsWith('/')").message("spec.readers.prefix must be plain text: no wildcards, no variables, no slash at its beginning"))]
    pub prefix: String,
}

/// A role of ours for a reader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReaderRole {
    /// Who may assume the role: the ARN of a role or user, or a 12-digit account id, as the reader's vendor names it.
    #[schemars(length(max = 512))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[^*?]+)$')").message("spec.readers.role.trustedPrincipal must be the ARN of a role or user, or a 12-digit account id"))]
    pub trusted_principal: String,
    /// The external id that must be given along. Default: one made from the archive and the reader, which status shows. It is no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 256))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9+=,.@:/_-]+$')").message("spec.readers.role.externalId takes letters, digits and + = , . @ : / _ -"))]
    pub external_id: Option<String>,
}

/// How new log files are told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewFiles {
    /// Name of the topic. Default: `trailkeeper-` and the bucket's name. A new name makes a new topic; the old one stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9_-]+$')").message("spec.newFiles.topicName takes letters, digits, _ and -"))]
    pub topic_name: Option<String>,
    /// The queue that readers receive from.
    #[serde(default)]
    pub queue: NewFileQueueSpec,
    /// Accounts (12 digits) or principals (ARN) that may subscribe queues of their own to the topic. Up to 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(max = 512)))]
    #[x_kube(validation = Rule::new("self.all(s, s.matches('^([0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[^*?]+)$'))").message("spec.newFiles.subscribers must be 12-digit account ids, or ARNs of roles or users"))]
    pub subscribers: Vec<String>,
    /// ARN of the key that encrypts topic and queues; its policy must let S3 and SNS use it. Default: the archive's own key, where it
    /// has one, and its policy lets them; else SQS's own keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 350))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$')").message("spec.newFiles.kmsKeyArn must be a key ARN: arn:aws:kms:REGION:ACCOUNT:key/ID"))]
    pub kms_key_arn: Option<String>,
    /// Give the queue S3's message as it is, without SNS's envelope: the form that most consumers take without more ado.
    #[serde(default = "yes")]
    pub raw_message_delivery: bool,
}

/// The queue of new files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewFileQueueSpec {
    /// Its name. Default: `trailkeeper-` and the bucket's name. The dead-letter queue's is the same with `-dead`. A new name makes new
    /// queues; the old ones stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 75))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9_-]+$')").message("spec.newFiles.queue.name takes letters, digits, _ and -"))]
    pub name: Option<String>,
    /// Seconds for which a received message is hidden from others, 30 to 43200: longer than a reader takes for a file.
    #[serde(default = "default_visibility")]
    #[schemars(range(min = 30, max = 43200))]
    pub visibility_timeout_seconds: i32,
    /// Days that a message waits for a reader, 1 to 14.
    #[serde(default = "default_retention")]
    #[schemars(range(min = 1, max = 14))]
    pub retention_days: i32,
    /// After how many receives without success a message goes to the dead-letter queue, 1 to 1000.
    #[serde(default = "default_receives")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_receives: i32,
}

impl Default for NewFileQueueSpec {
    fn default() -> Self {
        Self {
            name: None,
            visibility_timeout_seconds: default_visibility(),
            retention_days: default_retention(),
            max_receives: default_receives(),
        }
    }
}

fn default_visibility() -> i32 {
    300
}

fn default_retention() -> i32 {
    14
}

fn default_receives() -> i32 {
    5
}

/// What readers paste into their tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HandOver {
    /// The roles that readers assume.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<ReaderHandOver>,
    /// ARN of the topic that is told of new files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_arn: Option<String>,
    /// URL of the queue that gets what the topic is told, but for digests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_url: Option<String>,
    /// Its ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_arn: Option<String>,
    /// URL of the queue of messages that no reader could handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter_url: Option<String>,
}

/// The role of one reader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReaderHandOver {
    /// Name of the reader.
    pub name: String,
    /// The role to assume.
    pub role_arn: String,
    /// The external id to give along.
    pub external_id: String,
}
