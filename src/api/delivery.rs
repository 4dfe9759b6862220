//! Where a trail delivers besides its bucket: a CloudWatch Logs group with the role to write to it, and SNS notices.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Delivery to CloudWatch Logs. Group and role are each given by ARN, and then never edited, or made and kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("has(self.logGroupArn) != has(self.logGroup)")
        .message("give exactly one of spec.cloudWatchLogs.logGroupArn (a group that somebody else keeps) and spec.cloudWatchLogs.logGroup ({} makes one)"),
    validation = Rule::new("has(self.roleArn) != has(self.role)")
        .message("give exactly one of spec.cloudWatchLogs.roleArn (a role that somebody else keeps) and spec.cloudWatchLogs.role ({} makes one)")
)]
pub struct CloudWatchLogs {
    /// ARN of a log group that somebody else keeps, ending in `:*`, in the trail's account and home Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:logs:[a-z0-9-]+:[0-9]{12}:log-group:.+:[*]$')").message("spec.cloudWatchLogs.logGroupArn must be the ARN of a log group and end in :*"))]
    pub log_group_arn: Option<String>,

    /// A log group to make and keep, in the trail's account and home Region. `{}` takes the defaults. It is never deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_group: Option<LogGroup>,

    /// ARN of a role that somebody else keeps, which CloudTrail assumes to write there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$')").message("spec.cloudWatchLogs.roleArn must be the ARN of an IAM role"))]
    pub role_arn: Option<String>,

    /// A role to make and keep: only this trail may have it assumed, and it may only write to this group. `{}` takes the
    /// defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<LogRole>,
}

/// A log group of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogGroup {
    /// Its name. Default: `aws-cloudtrail-logs-` and the trail's name. A new name makes a new group; the old one stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    #[x_kube(validation = Rule::new("self.matches('^[a-zA-Z0-9._/#-]{1,512}$') && !self.startsWith('aws/')").message("spec.cloudWatchLogs.logGroup.name must have 1 to 512 of the characters a-z A-Z 0-9 . _ / # - and not begin with aws/"))]
    pub name: Option<String>,

    /// Days until CloudWatch Logs deletes an event: 365 by default; one of the values that it takes; 0 for never. The log
    /// files in the bucket are not touched by this.
    #[serde(default = "default_retention_days")]
    #[x_kube(validation = Rule::new("self in [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]").message("spec.cloudWatchLogs.logGroup.retentionDays must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, or 0 for never: CloudWatch Logs takes no others"))]
    pub retention_days: i32,

    /// ARN of the KMS key that encrypts the group, in the trail's home Region; its policy must let
    /// `logs.REGION.amazonaws.com` use it. Unset: encrypted by CloudWatch Logs with a key of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 350))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$')").message("spec.cloudWatchLogs.logGroup.kmsKeyArn must be a key ARN: arn:aws:kms:REGION:ACCOUNT:key/ID"))]
    pub kms_key_arn: Option<String>,

    /// Log class. Standard by default: metric filters, and so alarms, need it. AWS cannot change the class of a group that
    /// exists.
    #[serde(default)]
    pub class: LogGroupClass,
}

fn default_retention_days() -> i32 {
    365
}

impl Default for LogGroup {
    fn default() -> Self {
        Self { name: None, retention_days: default_retention_days(), kms_key_arn: None, class: LogGroupClass::default() }
    }
}

/// The class of a log group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LogGroupClass {
    /// All features.
    #[default]
    Standard,
    /// Half the price of ingestion; no metric filters, subscription filters or live tail.
    InfrequentAccess,
}

/// A role of ours that CloudTrail assumes to write to the log group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogRole {
    /// Its name. Default: made from the trail's name and this object's. A new name makes a new role; the old one stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new("self.matches('^[a-zA-Z0-9_+=,.@-]{1,64}$')").message("spec.cloudWatchLogs.role.name must have 1 to 64 of the characters a-z A-Z 0-9 _ + = , . @ -"))]
    pub name: Option<String>,
}

/// An SNS topic of ours that is told of every log file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Notices {
    /// Its name. Default: `aws-cloudtrail-notices-` and the trail's name, dots as dashes. A new name makes a new topic; the old
    /// one stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    #[x_kube(validation = Rule::new("self.matches('^[a-zA-Z0-9_-]{1,256}$')").message("spec.notices.topicName must have 1 to 256 of the characters a-z A-Z 0-9 _ -"))]
    pub topic_name: Option<String>,

    /// ARN of the KMS key that encrypts the topic, in the trail's home Region; its policy must let `cloudtrail.amazonaws.com` use
    /// kms:GenerateDataKey* and kms:Decrypt. Unset: not encrypted at rest; a notice holds no more than the names of new files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 350))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$')").message("spec.notices.kmsKeyArn must be a key ARN: arn:aws:kms:REGION:ACCOUNT:key/ID"))]
    pub kms_key_arn: Option<String>,
}
