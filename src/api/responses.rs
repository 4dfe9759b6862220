//! `spec.responses` of a Trail: what is to be told of an event within seconds, and what was made of it.

use super::common::yes;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Events that are sent to targets as they happen, by EventBridge rules in every Region that the response covers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("has(self.when) != has(self.pattern)")
        .message("spec.responses[]: give exactly one of when (a ready-made choice of events) and pattern (an EventBridge event pattern)")
)]
pub struct Response {
    /// Name of the response, unique in the trail: part of the names of its rules. 1 to 40 letters, digits and -.
    #[schemars(length(min = 1, max = 40))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$')").message("spec.responses[].name must be letters, digits and -, and begin and end with a letter or digit"))]
    pub name: String,

    /// A ready-made choice of events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<ReadyMade>,

    /// An EventBridge event pattern, as AWS writes it. CloudTrail's events are under `detail`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_object")]
    pub pattern: Option<Map<String, Value>>,

    /// Where the events go, 1 to 5.
    #[schemars(length(min = 1, max = 5))]
    pub targets: Vec<ResponseTarget>,

    /// Whether the rules pass events on. Off, they stay as they are and match nothing.
    #[serde(default = "yes")]
    pub enabled: bool,

    /// Also match events that only read, such as GetSecretValue. EventBridge gets them for rules that ask for them, and only if
    /// the trail records them.
    #[serde(default)]
    pub read_events: bool,

    /// The Regions whose events count. Default: every Region that the trail covers and the account has on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 40), inner(length(max = 32)))]
    #[x_kube(validation = Rule::new("self.all(r, r.matches('^[a-z]{2}(-[a-z]+)+-[0-9]+$'))").message("spec.responses[].regions must be AWS Regions, for example eu-central-1"))]
    pub regions: Vec<String>,
}

/// Where events go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResponseTarget {
    /// ARN of an SNS topic, an SQS queue or a Lambda function in the trail's home Region. Of the trail's own account, it is given
    /// the permission that it needs; of another account, status.responses says which one it needs.
    #[schemars(length(max = 256))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:(sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+|sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+|lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_:-]+)$')")
        .message("spec.responses[].targets[].arn must be the ARN of an SNS topic, an SQS queue or a Lambda function; FIFO topics and queues are not taken"))]
    pub arn: String,
}

/// A ready-made choice of events. Bucket and key are those that the trail delivers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, strum::EnumIter)]
pub enum ReadyMade {
    /// The root user signs in to the console, or tries to.
    RootLogin,
    /// The root user does anything at all.
    RootActivity,
    /// A sign-in to the console fails.
    ConsoleLoginFailed,
    /// An IAM user signs in to the console without a second factor.
    ConsoleLoginWithoutMfa,
    /// A trail is stopped, deleted or changed, or records other events.
    LoggingTampered,
    /// Policy, access control, public-access block, lifecycle, versioning, encryption or logging of the bucket changes, or it is deleted.
    BucketPolicyChanged,
    /// The key is disabled, scheduled for deletion, or its policy or rotation changes.
    KeyTampered,
    /// An IAM policy is made, changed, attached, detached or deleted.
    IamPolicyChanged,
}

/// What the trail's responses stand on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResponsesStatus {
    /// Regions that have rules of this trail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Statements that the owners of targets in other accounts must add to the target's policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements_needed: Vec<NeededStatement>,
}

/// A statement that only the owner of a target can add.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NeededStatement {
    /// ARN of the target.
    pub target: String,
    /// The policy statement, as JSON.
    pub statement: String,
}

fn any_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object", "maxProperties": 32, "x-kubernetes-preserve-unknown-fields": true,
        "description": "An EventBridge event pattern, as AWS writes it. CloudTrail's events are under `detail`.",
    })
}
