//! Alarms on what a trail records: CloudWatch metric filters on its log group, an alarm each, and the topic that is told.

use super::common::yes;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

/// Alarms on the trail's events: those of a benchmark, and your own. They need `cloudWatchLogs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("!(has(self.topicArn) && has(self.topic))")
        .message("spec.alarms takes topicArn (a topic that somebody else keeps) or topic (one of its own), not both"),
    validation = Rule::new("!has(self.custom) || self.custom.all(a, self.custom.exists_one(b, a.name == b.name))")
        .message("spec.alarms.custom must not name two alarms alike")
)]
pub struct Alarms {
    /// Which version of the CIS AWS Foundations Benchmark the alarms follow. Default: CIS-7.0. None: only those of `custom`.
    #[serde(default)]
    pub baseline: Baseline,

    /// Alarms of the baseline that are not wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 15))]
    pub exclude: Vec<AlarmId>,

    /// Alarms beside those of the baseline. At most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub custom: Vec<CustomAlarm>,

    /// Namespace of the metrics that the filters count into. Default: CloudTrailMetrics.
    #[serde(default = "default_namespace")]
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9._/#-]+$') && !self.startsWith('AWS/')")
        .message("spec.alarms.metricNamespace must be letters, digits, . _ / # and -, and must not begin with AWS/"))]
    pub metric_namespace: String,

    /// Whether an alarm tells the topic. Off, alarms still change their state and tell nobody. Default: true.
    #[serde(default = "yes")]
    pub actions_enabled: bool,

    /// ARN of the SNS topic that is told, in the trail's home Region. Its policy must let CloudWatch publish; it is never edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 350))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$')")
        .message("spec.alarms.topicArn must be the ARN of a standard SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME"))]
    pub topic_arn: Option<String>,

    /// The topic that is made for the alarms where `topicArn` is not given. Who subscribes to it is up to you: a subscription
    /// must be confirmed by its receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<AlarmTopic>,
}

/// A topic of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlarmTopic {
    /// Its name. Default: made from the trail's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9_-]+$')").message("spec.alarms.topic.name must be letters, digits, _ and -"))]
    pub name: Option<String>,
    /// ARN of the KMS key that encrypts its messages. The key's policy must let `cloudwatch.amazonaws.com` use it, which that of
    /// `alias/aws/sns` does not. Unset: not encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 350))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/.+$')")
        .message("spec.alarms.topic.kmsKeyArn must be the ARN of a key or an alias"))]
    pub kms_key_arn: Option<String>,
}

/// An alarm of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomAlarm {
    /// Its name among this trail's alarms. An alarm of the baseline is replaced by the one of the same name here.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9][A-Za-z0-9_-]*$')")
        .message("spec.alarms.custom[].name must be letters, digits, _ and -, and begin with a letter or digit"))]
    pub name: String,
    /// The metric filter's pattern, as CloudWatch Logs takes it.
    #[schemars(length(min = 1, max = 1024))]
    pub pattern: String,
    /// How many matching events within one period raise the alarm. Default: 1.
    #[serde(default = "default_threshold")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub threshold: u32,
    /// Length of a period, in seconds: 10, 30 or a multiple of 60, up to a day. Default: 300.
    #[serde(default = "default_period")]
    #[schemars(range(min = 10, max = 86400))]
    #[x_kube(validation = Rule::new("self == 10 || self == 30 || self % 60 == 0")
        .message("spec.alarms.custom[].periodSeconds must be 10, 30 or a multiple of 60"))]
    pub period_seconds: u32,
    /// For those who are told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1024))]
    pub description: String,
}

fn default_namespace() -> String {
    "CloudTrailMetrics".to_owned()
}

fn default_threshold() -> u32 {
    1
}

fn default_period() -> u32 {
    300
}

impl Default for Alarms {
    fn default() -> Self {
        Self {
            baseline: Baseline::default(),
            exclude: Vec::new(),
            custom: Vec::new(),
            metric_namespace: default_namespace(),
            actions_enabled: true,
            topic_arn: None,
            topic: None,
        }
    }
}

/// A version of the CIS AWS Foundations Benchmark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, EnumIter, IntoStaticStr)]
pub enum Baseline {
    None,
    #[serde(rename = "CIS-1.4")]
    #[strum(serialize = "CIS-1.4")]
    Cis14,
    #[serde(rename = "CIS-2.0")]
    #[strum(serialize = "CIS-2.0")]
    Cis20,
    #[serde(rename = "CIS-3.0")]
    #[strum(serialize = "CIS-3.0")]
    Cis30,
    #[serde(rename = "CIS-4.0.1")]
    #[strum(serialize = "CIS-4.0.1")]
    Cis401,
    #[serde(rename = "CIS-5.0")]
    #[strum(serialize = "CIS-5.0")]
    Cis50,
    #[serde(rename = "CIS-6.0")]
    #[strum(serialize = "CIS-6.0")]
    Cis60,
    #[default]
    #[serde(rename = "CIS-7.0")]
    #[strum(serialize = "CIS-7.0")]
    Cis70,
}

/// The alarms of the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, EnumIter, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum AlarmId {
    UnauthorizedApiCalls,
    ConsoleSignInWithoutMfa,
    RootUsage,
    IamPolicyChanges,
    CloudtrailChanges,
    ConsoleAuthenticationFailures,
    KmsKeyDisabledOrDeleted,
    BucketPolicyChanges,
    ConfigChanges,
    SecurityGroupChanges,
    NetworkAclChanges,
    NetworkGatewayChanges,
    RouteTableChanges,
    VpcChanges,
    OrganizationsChanges,
}

/// What was found of the alarms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlarmsStatus {
    /// The topic that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_arn: Option<String>,
    /// Subscriptions that receive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_subscriptions: Option<u32>,
    /// Subscriptions that their receivers have not confirmed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_subscriptions: Option<u32>,
    /// Short names of the alarms that are raised, the first 20. Refreshed at most hourly while nothing else changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raised: Vec<String>,
}
