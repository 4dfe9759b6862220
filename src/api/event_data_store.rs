//! `EventDataStore`: a store of CloudTrail Lake. AWS closed Lake to new customers on 2026-05-31, so this kind is for those who
//! have it: to adopt, watch and keep their stores.

// Each printcolumn is an attribute of its own; clippy takes their equal parts for repetition.
#![allow(clippy::duplicated_attributes)]

use super::common::{AccountRef, Adoption, CommonStatus, DeletionPolicy, DriftStatus, Mode, Treatment, default_interval, yes};
use super::events::Events;
use super::findings::Compliance;
use jiff::Timestamp;
use kube::core::Duration;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An event data store of CloudTrail Lake, kept as declared.
#[derive(Clone, Debug, PartialEq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trailkeeper.dev",
    version = "v1alpha1",
    kind = "EventDataStore",
    plural = "eventdatastores",
    shortname = "eds",
    category = "trailkeeper",
    namespaced,
    status = "EventDataStoreStatus",
    doc = "An event data store of CloudTrail Lake, kept as declared. AWS closed Lake to new customers on 2026-05-31.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Drifted", type_ = "string", json_path = ".status.conditions[?(@.type=='Drifted')].status"),
    printcolumn(name = "Compliant", type_ = "string", json_path = ".status.conditions[?(@.type=='Compliant')].status"),
    printcolumn(name = "Region", type_ = "string", json_path = ".spec.region"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.storeArn", priority = 1),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", priority = 1),
    selectable = ".spec.accountRef.name",
    selectable = ".spec.region",
    validation = Rule::new("has(self.spec.storeName) || (self.metadata.name.size() >= 3 && self.metadata.name.size() <= 128)")
        .message("metadata.name is no valid name of an event data store (3 to 128 characters): set spec.storeName"),
    cel
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("!has(self.retentionDays) || self.billingMode == 'Extendable' || self.retentionDays <= 2557")
        .message("spec.retentionDays must be at most 2557 with spec.billingMode Fixed; Extendable takes up to 3653"),
    validation = Rule::new("self.eventCategory == 'CloudTrail' || (!has(self.selectors) && !has(self.insights) && !has(self.import))")
        .message("spec.selectors, spec.insights and spec.import must be unset unless spec.eventCategory is CloudTrail"),
    validation = Rule::new("self.ingestion == 'Enabled' || self.eventCategory in ['CloudTrail', 'ConfigurationItem']")
        .message("spec.ingestion must be Enabled for this spec.eventCategory: AWS stops the ingestion of CloudTrail events and configuration items only"),
    validation = Rule::new("!has(oldSelf.kmsKeyArn) || (has(self.kmsKeyArn) && self.kmsKeyArn == oldSelf.kmsKeyArn)")
        .message("spec.kmsKeyArn must stay once it is set: AWS can neither remove nor change the key of an event data store"),
    validation = Rule::new("self.billingMode == oldSelf.billingMode || self.billingMode == 'Extendable'")
        .message("spec.billingMode must stay Extendable: AWS does not change it to Fixed")
)]
pub struct EventDataStoreSpec {
    /// The account that owns the store. Immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.accountRef is immutable: a store cannot move to another account"))]
    pub account_ref: AccountRef,

    /// The Region of the store. Immutable.
    #[schemars(length(max = 32))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z]{2}(-[a-z]+)+-[0-9]+$')").message("spec.region must have the shape of an AWS Region, for example eu-central-1"),
        validation = Rule::new("self == oldSelf").message("spec.region is immutable: a store cannot move to another Region")
    )]
    pub region: String,

    /// Name of the store in AWS. Default: metadata.name. A change renames the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    #[x_kube(validation = Rule::new("self.matches('^[a-zA-Z0-9._-]{3,128}$')").message("spec.storeName must be 3 to 128 letters, digits, . _ and -"))]
    pub store_name: Option<String>,

    /// Collect the events of every Region.
    #[serde(default = "yes")]
    pub multi_region: bool,

    /// Collect the events of every account of the organization. The account must manage it, or be a delegated administrator.
    #[serde(default)]
    pub organization: bool,

    /// What the store holds. `CloudTrail`: management, data and network activity events. Immutable.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.eventCategory is immutable: AWS keeps one category per store"))]
    pub event_category: EventCategory,

    /// Which CloudTrail events are collected, in the forms of a Trail's `events` except `basic`; at most 5 selectors. Default: all
    /// management events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(
        validation = Rule::new("!has(self.basic)").message("spec.selectors.basic must be unset: an event data store takes advanced selectors only"),
        validation = Rule::new("(!has(self.advanced) || self.advanced.size() <= 5) && (!has(self.data) || self.data.size() <= 5) && (!has(self.data) || self.data.size() <= 4 || (has(self.management) && !self.management.enabled))")
            .message("spec.selectors must come to at most 5 selectors, the one for management events included")
    )]
    pub selectors: Option<Events>,

    /// Days that events are kept: 7 to 3653 with billing mode Extendable, 7 to 2557 with Fixed. Default: 366, and 2557.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 7, max = 3653))]
    pub retention_days: Option<i32>,

    /// How AWS bills. Fixed can become Extendable, and never back.
    #[serde(default)]
    pub billing_mode: BillingMode,

    /// Refuse the deletion of the store, to everybody. Only a store with `false` here is ever deleted.
    #[serde(default = "yes")]
    pub termination_protection: bool,

    /// ARN of the KMS key that encrypts the store. Unset: a key that AWS owns. Can be set later, and then never changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 350))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$')").message("spec.kmsKeyArn must be a key ARN: arn:aws:kms:REGION:ACCOUNT:key/ID"))]
    pub kms_key_arn: Option<String>,

    /// Whether new events are taken in. What is stored stays either way.
    #[serde(default)]
    pub ingestion: Ingestion,

    /// Make the store readable from Athena by a table in the Glue Data Catalog. Unset: not federated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation: Option<Federation>,

    /// Analyse management events for unusual activity, into a store of category Insight. Unset: off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insights: Option<StoreInsights>,

    /// Copy archived log files of a bucket into the store: once for each different import that is declared here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<Import>,

    /// Tags of the store. Others are removed, except those that AWS reserves (`aws:`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 48))]
    #[x_kube(validation = Rule::new("self.all(k, k.size() <= 128 && self[k].size() <= 256 && !k.lowerAscii().startsWith('aws:') && !k.startsWith('trailkeeper.dev/'))")
        .message("spec.tags: keys up to 128 and values up to 256 characters; the prefixes aws: and trailkeeper.dev/ are taken"))]
    pub tags: BTreeMap<String, String>,

    /// Enforce writes to AWS; Observe only reports.
    #[serde(default)]
    pub mode: Mode,

    /// What to do when the store exists already without this object's ownership tag.
    #[serde(default)]
    pub adoption: Adoption,

    /// What becomes of the store when this object is deleted. Delete needs `terminationProtection: false` too; AWS then keeps
    /// the store for seven days more.
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

impl EventDataStoreSpec {
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

    /// Days that events are kept: what is declared, or AWS's default for the billing mode.
    pub fn retention(&self) -> i32 {
        self.retention_days.unwrap_or(match self.billing_mode {
            BillingMode::Extendable => 366,
            BillingMode::Fixed => 2557,
        })
    }
}

/// What an event data store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EventCategory {
    /// Management, data and network activity events.
    #[default]
    CloudTrail,
    /// Insights events of another store.
    Insight,
    /// Configuration items of AWS Config.
    ConfigurationItem,
    /// Evidence of AWS Audit Manager.
    Evidence,
    /// Events from outside of AWS.
    ActivityAuditLog,
}

/// How AWS bills an event data store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BillingMode {
    /// A year included, and each further month paid. Up to 3653 days.
    #[default]
    Extendable,
    /// Seven years included, at a higher price of ingestion. Up to 2557 days.
    Fixed,
}

/// Whether new events are taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Ingestion {
    #[default]
    Enabled,
    Stopped,
}

/// Lake query federation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Federation {
    /// ARN of the role that Lake Formation assumes to read the store.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$')").message("spec.federation.roleArn must be the ARN of an IAM role"))]
    pub role_arn: String,
}

/// Insights of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoreInsights {
    /// ARN of the event data store that takes the Insights events, of the same account and Region.
    #[schemars(length(max = 256))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:[0-9]{12}:eventdatastore/[a-zA-Z0-9-]+$')").message("spec.insights.destinationArn must be the ARN of an event data store"))]
    pub destination_arn: String,
    /// What is analysed. Default: both.
    #[serde(default = "both_insights")]
    #[schemars(length(min = 1, max = 2))]
    #[x_kube(validation = Rule::new("self.size() == 1 || self[0] != self[1]").message("spec.insights.types must name a type once"))]
    pub types: Vec<StoreInsightType>,
}

fn both_insights() -> Vec<StoreInsightType> {
    vec![StoreInsightType::ApiCallRate, StoreInsightType::ApiErrorRate]
}

/// What Insights look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum StoreInsightType {
    /// Unusual numbers of write calls.
    ApiCallRate,
    /// Unusual numbers of failing calls.
    ApiErrorRate,
}

/// An import of archived log files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("!has(self.startTime) || !has(self.endTime) || timestamp(self.startTime) <= timestamp(self.endTime)").message("spec.import.startTime must not be after spec.import.endTime"))]
pub struct Import {
    /// Where the log files are, for example s3://my-logs/AWSLogs/111111111111/CloudTrail/.
    #[schemars(length(max = 1024))]
    #[x_kube(validation = Rule::new("self.matches('^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$')").message("spec.import.s3Uri must be of the form s3://BUCKET/PREFIX"))]
    pub s3_uri: String,
    /// Region of that bucket. Default: the store's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub bucket_region: Option<String>,
    /// ARN of the role by which CloudTrail reads the bucket.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$')").message("spec.import.roleArn must be the ARN of an IAM role"))]
    pub role_arn: String,
    /// Only events from this time on. Default: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"), length(max = 64))]
    pub start_time: Option<Timestamp>,
    /// Only events up to this time. Default: to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"), length(max = 64))]
    pub end_time: Option<Timestamp>,
}

/// What was found of the store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventDataStoreStatus {
    #[serde(flatten)]
    pub common: CommonStatus,
    #[serde(flatten)]
    pub held: DriftStatus,
    #[serde(flatten)]
    pub compliance: Compliance,
    /// ARN of the store, as AWS answered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_arn: Option<String>,
    /// The state that AWS gives: CREATED, ENABLED, STARTING_INGESTION, STOPPING_INGESTION, STOPPED_INGESTION or PENDING_DELETION.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The import that `spec.import` asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportStatus>,
}

/// What became of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportStatus {
    /// AWS's id of the import.
    pub id: String,
    /// INITIALIZING, IN_PROGRESS, COMPLETED, FAILED or STOPPED.
    pub state: String,
    /// The store that it filled.
    pub store_arn: String,
    /// What was asked for when it was started, as a fingerprint: the same is not imported again.
    pub asked: String,
}
