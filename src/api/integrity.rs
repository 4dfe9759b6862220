//! `LogArchive.spec.integrity`: whether the archive's files are verified, and what the status keeps of it.

use super::common::Attribution;
use jiff::Timestamp;
use kube::KubeSchema;
use kube::core::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr};

/// Verify that the archive holds what CloudTrail delivered, whole and unchanged: digests, log files, and the chain between them.
/// It only reads, also in mode Observe, and only where the trails' log file validation is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Integrity {
    /// How often what is new is verified, as a Go duration. CloudTrail signs a digest every hour. At least 10m. Default: 1h.
    #[serde(default = "default_interval")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = Rule::new("duration(self) >= duration('10m')").message("spec.integrity.interval must be at least 10m: CloudTrail signs a digest every hour"))]
    pub interval: Duration,
    /// How many days back the first verification reads, 0 to 36500. 0: everything. Default: 7. Files in GLACIER and DEEP_ARCHIVE
    /// cannot be read: choose fewer days than a file stays before.
    #[serde(default = "default_days")]
    #[schemars(range(min = 0, max = 36500))]
    pub lookback_days: i32,
    /// Every so many days all of `lookbackDays` is read again, 0 to 36500: only so is found what was changed after it was
    /// verified. 0: never. Default: 7.
    #[serde(default = "default_days")]
    #[schemars(range(min = 0, max = 36500))]
    pub recheck_days: i32,
    /// What a log file is that no digest names, though digests cover its time.
    #[serde(default)]
    pub unreferenced: Unreferenced,
    /// Files that are read at a time, 1 to 64. Default: 4.
    #[serde(default = "default_concurrency")]
    #[schemars(range(min = 1, max = 64))]
    pub concurrency: i32,
    /// MiB that are read in a second at most, 1 to 10000, of all files of the archive together. Default: 32.
    #[serde(default = "default_bandwidth")]
    #[schemars(range(min = 1, max = 10000))]
    pub max_mebibytes_per_second: i32,
    /// Faults of up to this time are known, and accounted for elsewhere: they stay in the status, and no longer keep the archive
    /// from being Intact. Default: none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub acknowledged_until: Option<Timestamp>,
}

impl Default for Integrity {
    fn default() -> Self {
        Self {
            interval: default_interval(),
            lookback_days: default_days(),
            recheck_days: default_days(),
            unreferenced: Unreferenced::default(),
            concurrency: default_concurrency(),
            max_mebibytes_per_second: default_bandwidth(),
            acknowledged_until: None,
        }
    }
}

fn default_interval() -> Duration {
    Duration::from(std::time::Duration::from_secs(3600))
}

fn default_days() -> i32 {
    7
}

fn default_concurrency() -> i32 {
    4
}

fn default_bandwidth() -> i32 {
    32
}

/// What a log file is that no digest names, though digests cover its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Unreferenced {
    /// A fault: CloudTrail did not deliver it under validation.
    #[default]
    Fault,
    /// Nothing: a trail without validation delivers to the same folder.
    Ignore,
}

/// What the verifications found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntegrityStatus {
    /// Everything that the trails that still deliver have delivered up to then is verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub verified_through: Option<Timestamp>,
    /// The last verification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<IntegrityRun>,
    /// When the last verification began that read all of `spec.integrity.lookbackDays`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_whole_run_time: Option<Timestamp>,
    /// The last `requestedAt` annotation that brought a verification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_request: Option<String>,
    /// All that was ever read; what was read twice counts twice.
    #[serde(default)]
    pub total: IntegrityCounts,
    /// Times of which nothing is proven, the oldest first found. Kept for good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<IntegrityGap>,
    /// How many more there are.
    #[serde(default)]
    pub gaps_dropped: u64,
    /// Files that are, or were, not what CloudTrail delivered, the oldest first found. Kept for good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<IntegrityFile>,
    /// How many more there are.
    #[serde(default)]
    pub files_dropped: u64,
    /// What the last verification could not read, and why. It is read again by the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<Unread>,
    /// Accounts and Regions with log files and no digest at all: validation was never on, or every digest was deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_digests: Vec<String>,
}

/// One verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntegrityRun {
    /// When it began.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// When it ended.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub finished: Timestamp,
    /// What it read.
    #[serde(flatten)]
    pub counts: IntegrityCounts,
    /// Whether it read all of `spec.integrity.lookbackDays`, or only what was new.
    pub whole: bool,
}

/// How much was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntegrityCounts {
    /// Digests, backfill digests included.
    pub digests: u64,
    /// Log files.
    pub log_files: u64,
    /// As they are in S3, compressed.
    pub bytes: u64,
}

/// Why there is a time of which nothing is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Display, IntoStaticStr)]
pub enum GapReason {
    /// Logging was stopped: a last digest, then none, then a new chain.
    LoggingStopped,
    /// Validation was off: log files were delivered, and no digests.
    ValidationOff,
    /// A chain was broken off and another begun, and nothing shows why.
    Unexplained,
    /// Digests that later ones name are gone.
    DigestsMissing,
    /// The digest is there, and not to be believed.
    DigestInvalid,
    /// Older digests, that the first one names, are gone, and not by the archive's expiry.
    BeginningMissing,
    /// Nothing follows the newest digest, though it is overdue.
    EndMissing,
    /// The trail has ended.
    Ended,
    /// Linked digests, whose times don't meet.
    TimesDoNotMeet,
}

/// A time of which nothing is proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntegrityGap {
    pub reason: GapReason,
    /// Whether AWS itself accounts for it, so that the archive is intact all the same.
    pub explained: bool,
    /// Name of the trail.
    pub trail: String,
    /// The trail's account. Absent for an organization trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The trail's home Region.
    pub home_region: String,
    /// Absent: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub from: Option<Timestamp>,
    /// End of the time.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Timestamp,
    /// Its length in hours, any part counted as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<i64>,
    /// How many accounts and Regions have it.
    pub places: u64,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_places: Vec<String>,
    /// Log files of that time that no digest names.
    #[serde(default)]
    pub unproven_log_files: u64,
    /// When a verification first found it.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub first_seen: Timestamp,
    /// When a verification found it closed: the digests are there again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub put_right: Option<Timestamp>,
    /// What made it: the Trail whose status has the stop, when, and who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Who made it, where that Trail knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Attribution>,
}

/// A file that is not what CloudTrail delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntegrityFile {
    /// Where it is, or was: s3://BUCKET/KEY.
    pub object: String,
    /// Its faults, as `trailkeeper verify` names them.
    pub faults: Vec<String>,
    /// The same in words.
    pub message: String,
    /// End of the digest that it is, or that names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub time: Option<Timestamp>,
    /// The version of the object in S3 that still holds what was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_version: Option<String>,
    /// When a verification first found it.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub first_seen: Timestamp,
    /// When a verification found it good again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub put_right: Option<Timestamp>,
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    /// How many files could not be read.
    pub files: u64,
    /// The first reason, in words.
    pub message: String,
}
