//! Words that several kinds share: how to treat the world, references, who may refer, and what was found to differ.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use kube::core::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What to do about differences between the manifest and AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Mode {
    /// Write to AWS until it is as declared.
    #[default]
    Enforce,
    /// Never write to AWS; report the same differences.
    Observe,
}

/// What to do when the AWS resource exists already and does not carry this object's ownership tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Adoption {
    /// Refuse to touch it.
    #[default]
    Never,
    /// Take it over if no other Trailkeeper object owns it.
    IfUnowned,
    /// Take it over even from another Trailkeeper object.
    Always,
}

/// What becomes of the AWS resource when the Kubernetes object is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// Leave AWS as it is.
    #[default]
    Retain,
    /// Delete it. Log objects are never deleted: a bucket goes only when it is empty.
    Delete,
}

/// The AwsAccount that an object lives in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountRef {
    /// Name of an AwsAccount.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// The LogArchive that a Trail delivers to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArchiveRef {
    /// Name of a LogArchive.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its namespace. Default: the Trail's own. Another namespace must be allowed by the archive's `allowedNamespaces`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub namespace: Option<String>,
}

/// Which namespaces may refer to this object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AllowedNamespaces {
    /// Names of namespaces; `*` is every namespace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub names: Vec<String>,
    /// Namespaces that carry all of these labels. Empty selects none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
}

impl AllowedNamespaces {
    /// Every namespace.
    pub fn all() -> Self {
        Self { names: vec!["*".to_owned()], ..Self::default() }
    }

    /// Whether `namespace`, with these `labels`, may refer.
    pub fn permits(&self, namespace: &str, labels: &BTreeMap<String, String>) -> bool {
        let named = self.names.iter().any(|name| name == "*" || name == namespace);
        let labelled = !self.match_labels.is_empty() && self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value));
        named || labelled
    }
}

/// Where logs may rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Residency {
    /// Regions in which bucket and key may be, 1 to 64.
    #[schemars(length(min = 1, max = 64), inner(length(max = 32)))]
    pub allowed_regions: Vec<String>,
}

/// How one object treats the world: the same fields on every kind, gathered for the engine.
#[derive(Clone, Debug)]
pub struct Treatment {
    pub mode: Mode,
    pub adoption: Adoption,
    pub deletion_policy: DeletionPolicy,
    pub interval: Duration,
    pub suspend: bool,
    pub ignore: Vec<String>,
}

/// Ten minutes.
pub fn default_interval() -> Duration {
    Duration::from(std::time::Duration::from_secs(600))
}

pub(super) fn yes() -> bool {
    true
}

/// The part of status that every kind has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommonStatus {
    /// The generation that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, Reconciling and Stalled as kstatus has them; Drifted: somebody changed AWS; Delivering: AWS reports no delivery error; Alerting: somebody hears the alarms; Intact: the archive is what CloudTrail delivered; Compliant: no rule fails.
    #[serde(default)]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The last `requestedAt` annotation that was acted upon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// When AWS was last asked. Refreshed at most hourly while nothing else changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_verified_time: Option<Timestamp>,
}

/// The part of status that every kind has whose AWS state is compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftStatus {
    /// Fields that differ because AWS was changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<DriftEntry>,
    /// Fingerprint of the desired state that was last in force; tells drift from a pending change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_fingerprint: Option<String>,
    /// What of AWS was last in force as this object's own. If its ownership tag goes missing, that is drift; whatever else has
    /// no tag is a stranger's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owned: Vec<String>,
}

/// One field that differs from what is declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftEntry {
    /// The field, as `facet.field`: the form that `spec.ignore` takes.
    pub path: String,
    /// What the manifest asks for.
    pub desired: String,
    /// What AWS answered.
    pub observed: String,
    /// When the difference was first seen.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
}

/// For numbers that are left out where they are zero.
pub fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The kinds of an [`EvidenceGap`].
pub const LOGGING_STOPPED: &str = "LoggingStopped";
pub const VALIDATION_OFF: &str = "ValidationOff";

/// A permanent mark that a stop of logging, or of log file validation, leaves in the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceGap {
    /// `LoggingStopped` or `ValidationOff`.
    pub kind: String,
    /// When it began: AWS's stop time where it gives one, else when it was noticed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub from: Timestamp,
    /// When all was seen to be in order before, where AWS gives no stop time: it began between then and `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub after: Option<Timestamp>,
    /// When logging or validation was back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub until: Option<Timestamp>,
    /// Who made it, by CloudTrail's event history, which tells of a change after some minutes, and for 90 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Attribution>,
    /// Why it is not known who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_unknown: Option<Unattributed>,
}

impl EvidenceGap {
    /// One that goes on, and of which nobody knows yet who made it.
    pub fn new(kind: &str, from: Timestamp) -> Self {
        Self { kind: kind.to_owned(), from, after: None, until: None, by: None, by_unknown: None }
    }
}

/// Who changed AWS, as CloudTrail recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attribution {
    /// ARN of who did it, or the service.
    pub principal: String,
    /// For example `StopLogging`.
    pub operation: String,
    /// When CloudTrail says that it was done.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
    /// From where; of a service of AWS, its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_ip: String,
    /// With which program, as it calls itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_agent: String,
    /// CloudTrail's id of the event.
    pub event_id: String,
}

impl fmt::Display for Attribution {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { principal, operation, time, source_ip, event_id, .. } = self;
        let whence = if source_ip.is_empty() { String::new() } else { format!(" from {source_ip}") };
        write!(to, "{principal}{whence} ({operation} at {time}, event {event_id})")
    }
}

/// Why it is not known who changed AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unattributed {
    pub reason: UnattributedReason,
    /// The reason, for people.
    pub message: String,
}

/// Why, for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UnattributedReason {
    /// The event history has no such event, and late ones were waited for.
    NotInHistory,
    /// The event history could not be read. For a day, later passes try again.
    Unread,
}
