//! `Trail`: the trail itself. It never edits a bucket, so deleting a trail can't touch the logs.

// Each printcolumn is an attribute of its own; clippy takes their equal parts for repetition.
#![allow(clippy::duplicated_attributes)]

use super::alarms::{Alarms, AlarmsStatus};
use super::common::{
    AccountRef, Adoption, ArchiveRef, CommonStatus, DeletionPolicy, DriftStatus, EvidenceGap, Mode, Treatment, default_interval, is_zero,
    yes,
};
use super::delivery::{CloudWatchLogs, Notices};
use super::events::Events;
use super::findings::Compliance;
use super::organization::{self, OrganizationCoverage, OrganizationSetup};
use super::responses::{Response, ResponsesStatus};
use jiff::Timestamp;
use kube::core::Duration;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A CloudTrail trail, kept as declared: on, complete, and delivering.
#[derive(Clone, Debug, PartialEq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trailkeeper.dev",
    version = "v1alpha1",
    kind = "Trail",
    plural = "trails",
    shortname = "ctrail",
    category = "trailkeeper",
    namespaced,
    status = "TrailStatus",
    doc = "A CloudTrail trail, kept as declared: on, complete, and delivering.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Logging", type_ = "boolean", json_path = ".status.logging"),
    printcolumn(name = "Drifted", type_ = "string", json_path = ".status.conditions[?(@.type=='Drifted')].status"),
    printcolumn(name = "Compliant", type_ = "string", json_path = ".status.conditions[?(@.type=='Compliant')].status"),
    printcolumn(name = "Region", type_ = "string", json_path = ".spec.region"),
    printcolumn(name = "Last-Delivery", type_ = "date", json_path = ".status.lastDeliveryTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.trailArn", priority = 1),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", priority = 1),
    selectable = ".spec.accountRef.name",
    selectable = ".spec.region",
    validation = Rule::new("has(self.spec.trailName) || (self.metadata.name.size() >= 3 && self.metadata.name.size() <= 128 && !self.metadata.name.matches('[._-][._-]') && !self.metadata.name.matches('^[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+$'))")
        .message("metadata.name is no valid trail name (3 to 128 characters, no two of . _ - in a row, not an IP address): set spec.trailName"),
    cel
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("has(self.archiveRef) != has(self.bucket)")
        .message("give exactly one of spec.archiveRef (a LogArchive) and spec.bucket (a bucket that somebody else keeps)"),
    validation = Rule::new("!self.multiRegion || self.globalServiceEvents")
        .message("spec.multiRegion needs spec.globalServiceEvents: a multi-Region trail must include global service events"),
    validation = Rule::new("!self.organization || self.multiRegion")
        .message("spec.organization needs spec.multiRegion: an organization trail that sees one Region leaves every member blind elsewhere"),
    validation = Rule::new("!has(self.alarms) || has(self.cloudWatchLogs)")
        .message("spec.alarms needs spec.cloudWatchLogs: metric filters read a log group"),
    validation = Rule::new("!has(self.alarms) || !has(self.cloudWatchLogs) || !has(self.cloudWatchLogs.logGroup) || self.cloudWatchLogs.logGroup.class == 'Standard'")
        .message("spec.alarms needs spec.cloudWatchLogs.logGroup.class Standard: InfrequentAccess has no metric filters"),
    validation = Rule::new("!has(self.alarms) || !has(self.alarms.topicArn) || self.alarms.topicArn.split(':', 5)[3] == self.region")
        .message("spec.alarms.topicArn must be a topic of spec.region: an alarm tells topics of its own Region only"),
    validation = Rule::new("!has(self.responses) || self.responses.all(r, r.targets.all(t, t.arn.split(':')[3] == self.region))")
        .message("spec.responses[].targets[].arn must be in the trail's home Region, spec.region: events of other Regions are brought there"),
    validation = Rule::new("self.multiRegion || !has(self.responses) || self.responses.all(r, !has(r.regions) || r.regions.all(x, x == self.region))")
        .message("spec.responses[].regions of a trail that is not multiRegion can only be spec.region: it records no other"),
    validation = Rule::new("!has(self.snsTopic) || !has(self.notices)")
        .message("give at most one of spec.snsTopic (a topic that somebody else keeps) and spec.notices (a topic that is made and kept)"),
    validation = Rule::new(organization::home_region_rule())
        .message("spec.region must be on by default in every account where spec.organization is true: members that have not opted in to an opt-in home Region send nothing"),
    validation = Rule::new("has(self.trailName) == has(oldSelf.trailName)").message("spec.trailName is immutable: it can be neither added nor removed later")
)]
pub struct TrailSpec {
    /// The account that owns the trail. Immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.accountRef is immutable: a trail cannot move to another account"))]
    pub account_ref: AccountRef,

    /// Name of the trail in AWS. Default: metadata.name. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    #[x_kube(
        validation = Rule::new("self.size() >= 3 && self.matches('^[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]$') && !self.matches('[._-][._-]') && !self.matches('^[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+$')")
            .message("spec.trailName must be 3 to 128 letters, digits, . _ and -, begin and end with a letter or digit, hold no two of . _ - in a row, and not look like an IP address"),
        validation = Rule::new("self == oldSelf").message("spec.trailName is immutable: AWS cannot rename a trail")
    )]
    pub trail_name: Option<String>,

    /// The home Region. Immutable. For an organization choose one that every member has on by default.
    #[schemars(length(max = 32))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z]{2}(-[a-z]+)+-[0-9]+$')").message("spec.region must have the shape of an AWS Region, for example eu-central-1"),
        validation = Rule::new("self == oldSelf").message("spec.region is immutable: a trail cannot leave its home Region")
    )]
    pub region: String,

    /// Record every Region of the account.
    #[serde(default = "yes")]
    pub multi_region: bool,

    /// Record events of global services such as IAM and STS.
    #[serde(default = "yes")]
    pub global_service_events: bool,

    /// Record every account of the organization. The account must be its management account or a delegated administrator.
    #[serde(default)]
    pub organization: bool,

    /// What may be set up in the organization for this trail. Unset: nothing; what is missing is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_setup: Option<OrganizationSetup>,

    /// Whether the trail records. A trail that AWS has just created does not, until it is told to.
    #[serde(default = "yes")]
    pub logging: bool,

    /// Sign hourly digests, so that it can be proven that no log file was changed or removed.
    #[serde(default = "yes")]
    pub log_file_validation: bool,

    /// Record CloudTrail's own deliveries (S3 PutObject, Logs PutLogEvents) as events. AWS's default.
    #[serde(default = "yes")]
    pub recursive_logging: bool,

    /// The LogArchive to deliver to: its bucket and key policy let this trail in before it is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive_ref: Option<ArchiveRef>,

    /// A bucket that somebody else keeps. It is never edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<ExternalBucket>,

    /// Regions in which the bucket and key that the trail delivers to may be. A trail whose archive is elsewhere is refused.
    /// Default: any. A bucket that somebody else keeps is not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residency: Option<super::common::Residency>,

    /// Key prefix of every log file, up to 200 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[x_kube(validation = Rule::new("self.size() <= 200").message("spec.keyPrefix may have at most 200 characters: CloudTrail takes no more"))]
    #[x_kube(validation = Rule::new("!self.startsWith('/') && !self.endsWith('/')").message("spec.keyPrefix must not begin or end with /: CloudTrail adds the slash"))]
    #[schemars(length(max = 1024))]
    pub key_prefix: String,

    /// Which events are recorded. Default: all management events, no data events.
    #[serde(default)]
    pub events: Events,

    /// Also deliver to a CloudWatch Logs group, in the trail's account and home Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_watch_logs: Option<CloudWatchLogs>,

    /// Alarms on the recorded events: `{}` is the whole CIS AWS Foundations Benchmark. They need `cloudWatchLogs`. Unset: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarms: Option<Alarms>,

    /// Have every log file told to an SNS topic that is made and kept for it. `{}` takes the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notices: Option<Notices>,

    /// Name or ARN of an SNS topic of somebody else's that is told of every log file. Its policy must let CloudTrail publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self.size() >= 1 && self.size() <= 256").message("spec.snsTopic must be the name or ARN of a topic, 1 to 256 characters"))]
    #[schemars(length(max = 1024))]
    pub sns_topic: Option<String>,

    /// Events that are sent to SNS, SQS or Lambda within seconds, for example when somebody stops logging. Up to 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub responses: Vec<Response>,

    /// Tags of the trail. Others are removed, except those that AWS reserves (`aws:`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 48))]
    #[x_kube(validation = Rule::new("self.all(k, k.size() <= 128 && self[k].size() <= 256 && !k.lowerAscii().startsWith('aws:') && !k.startsWith('trailkeeper.dev/'))")
        .message("spec.tags: keys up to 128 and values up to 256 characters; the prefixes aws: and trailkeeper.dev/ are taken"))]
    pub tags: BTreeMap<String, String>,

    /// Enforce writes to AWS; Observe only reports.
    #[serde(default)]
    pub mode: Mode,

    /// What to do when the trail exists already without this object's ownership tag.
    #[serde(default)]
    pub adoption: Adoption,

    /// What becomes of the trail when this object is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,

    /// How often AWS is compared again, as a Go duration. At least 30s.
    #[serde(default = "default_interval")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = Rule::new("duration(self) >= duration('30s')").message("spec.interval must be at least 30s: AWS limits reads per account"))]
    pub interval: Duration,

    /// Stop reading and writing AWS for this object.
    #[serde(default)]
    pub suspend: bool,

    /// Paths to leave alone, as `facet` or `facet.field` in the form that status.drift shows: for example `tags.cost-center`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub ignore: Vec<String>,
}

impl TrailSpec {
    pub fn treatment(&self) -> Treatment {
        Treatment {
            mode: self.mode,
            adoption: self.adoption,
            deletion_policy: self.deletion_policy,
            interval: self.interval,
            suspend: self.suspend,
            ignore: self.ignore.clone(),
        }
    }
}

/// A bucket that somebody else keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExternalBucket {
    /// Name of the bucket. Its policy must let the trail in.
    #[schemars(length(min = 3, max = 63))]
    pub name: String,
    /// The KMS key that encrypts the log files, in the bucket's Region: key ARN, key id, alias or alias ARN. It is checked and
    /// never edited. Unset: SSE-S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 350))]
    #[x_kube(validation = Rule::new("self.matches('^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/.+|alias/.+|mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$')").message("spec.bucket.kmsKey must be a key ARN, a key id, an alias ARN, or an alias beginning with alias/"))]
    pub kms_key: Option<String>,
}

/// What was found of the trail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrailStatus {
    #[serde(flatten)]
    pub common: CommonStatus,
    #[serde(flatten)]
    pub held: DriftStatus,
    #[serde(flatten)]
    pub compliance: Compliance,
    /// ARN of the trail, as AWS answered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail_arn: Option<String>,
    /// Whether the trail records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging: Option<bool>,
    /// Since when the trail records, while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub logging_started_time: Option<Timestamp>,
    /// When logging was stopped, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub logging_stopped_time: Option<Timestamp>,
    /// The key prefix that AWS has: the archive's policy allows it until the trail has moved to another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_prefix: Option<String>,
    /// When a log file was last delivered. Refreshed at most hourly while nothing else changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_delivery_time: Option<Timestamp>,
    /// When a digest was last delivered. Refreshed at most hourly while nothing else changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_digest_delivery_time: Option<Timestamp>,
    /// Who is told by the alarms, and which of them are raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarms: Option<AlarmsStatus>,
    /// Log groups that may hold metric filters of the alarms: those of a former group are deleted, even after a pass that was cut off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filter_groups: Vec<String>,
    /// What the responses stand on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responses: Option<ResponsesStatus>,
    /// Of an organization trail: who is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationCoverage>,
    /// Times without evidence: logging was stopped, or validation off. Kept for good, of very many the first and the last 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<EvidenceGap>,
    /// How many more there were between them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gaps_dropped: u64,
}
