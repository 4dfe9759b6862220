//! `LogArchive`: where logs rest. It owns the bucket and its key, and knows its writers; it never edits a trail.

// Each printcolumn is an attribute of its own; clippy takes their equal parts for repetition.
#![allow(clippy::duplicated_attributes)]

use super::analysis::Analysis;
use super::bucket_options::{AccessLogging, ObjectLock, Replication};
use super::common::{
    AccountRef, Adoption, AllowedNamespaces, CommonStatus, DeletionPolicy, DriftStatus, Mode, Treatment, default_interval, yes,
};
use super::findings::Compliance;
use super::hand_over::{HandOver, NewFiles, Reader};
use super::integrity::{Integrity, IntegrityStatus};
use super::retention::Retention;
pub use super::writers::{PolicyForm, WriterStatus};
use jiff::{SignedDuration, Timestamp};
use kube::core::Duration;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where logs rest: a bucket that CloudTrail may write to and nobody may open, and the key that encrypts it.
#[derive(Clone, Debug, PartialEq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trailkeeper.dev",
    version = "v1alpha1",
    kind = "LogArchive",
    plural = "logarchives",
    shortname = "logarc",
    category = "trailkeeper",
    namespaced,
    status = "LogArchiveStatus",
    doc = "Where logs rest: a bucket that CloudTrail may write to and nobody may open, and the key that encrypts it.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Drifted", type_ = "string", json_path = ".status.conditions[?(@.type=='Drifted')].status"),
    printcolumn(name = "Compliant", type_ = "string", json_path = ".status.conditions[?(@.type=='Compliant')].status"),
    printcolumn(name = "Bucket", type_ = "string", json_path = ".spec.bucketName"),
    printcolumn(name = "Region", type_ = "string", json_path = ".spec.region"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Intact", type_ = "string", json_path = ".status.conditions[?(@.type=='Intact')].status", priority = 1),
    printcolumn(name = "Verified", type_ = "date", json_path = ".status.integrity.verifiedThrough", priority = 1),
    printcolumn(name = "Key", type_ = "string", json_path = ".status.kmsKeyArn", priority = 1),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", priority = 1),
    selectable = ".spec.accountRef.name",
    selectable = ".spec.bucketName",
    cel
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("!has(self.objectLock) || self.versioning == 'Enabled'")
        .message("spec.objectLock needs spec.versioning Enabled: S3 locks versions"),
    validation = Rule::new("!has(self.replication) || self.versioning == 'Enabled'")
        .message("spec.replication needs spec.versioning Enabled: S3 copies versions"),
    validation = Rule::new("!has(self.replication) || has(self.replication.kmsKeyArn) || self.encryption.type == 'S3Managed'")
        .message("spec.replication.kmsKeyArn must be given where the archive is encrypted with KMS: without it S3 copies no log file"),
    validation = Rule::new("!has(self.replication) || !self.replication.destinationBucketArn.endsWith(':::' + self.bucketName)")
        .message("spec.replication.destinationBucketArn must be another bucket than spec.bucketName"),
    validation = Rule::new("!has(self.accessLogging) || self.accessLogging.bucketName != self.bucketName")
        .message("spec.accessLogging.bucketName must be another bucket than spec.bucketName: every access log would be logged in turn, without end"),
    validation = Rule::new("!has(self.residency) || self.region in self.residency.allowedRegions")
        .message("spec.region must be one of spec.residency.allowedRegions"),
    validation = Rule::new("!has(self.residency) || !has(self.encryption.existingKeyArn) || self.residency.allowedRegions.exists(region, self.encryption.existingKeyArn.contains(':kms:' + region + ':'))")
        .message("spec.encryption.existingKeyArn must be in one of spec.residency.allowedRegions"),
    validation = Rule::new("!has(self.analysis) || self.analysis.resultsBucket != self.bucketName")
        .message("spec.analysis.resultsBucket must not be spec.bucketName: results of queries are no evidence")
)]
pub struct LogArchiveSpec {
    /// The account that owns the bucket and the key. Immutable.
    #[x_kube(validation = Rule::new("self == oldSelf").message("spec.accountRef is immutable: a bucket cannot move to another account"))]
    pub account_ref: AccountRef,

    /// The Region of bucket and key. Immutable.
    #[schemars(length(max = 32))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z]{2}(-[a-z]+)+-[0-9]+$')").message("spec.region must have the shape of an AWS Region, for example eu-central-1"),
        validation = Rule::new("self == oldSelf").message("spec.region is immutable: a bucket cannot move to another Region")
    )]
    pub region: String,

    /// Name of the bucket, unique in all of AWS. Immutable.
    #[schemars(length(max = 63))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$') && !self.contains('..') && !self.matches('^[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+$')")
            .message("spec.bucketName must be 3 to 63 lower-case letters, digits, dots and hyphens, begin and end with a letter or digit, and not look like an IP address"),
        validation = Rule::new("self == oldSelf").message("spec.bucketName is immutable: create another LogArchive for another bucket")
    )]
    pub bucket_name: String,

    /// Who owns the objects. CloudTrail needs no ACLs, so nobody else should have any.
    #[serde(default)]
    pub object_ownership: ObjectOwnership,

    /// S3 Block Public Access for the bucket. Default: all four on.
    #[serde(default)]
    pub public_access_block: PublicAccessBlock,

    /// How the bucket policy is kept.
    #[serde(default)]
    pub policy: PolicySpec,

    /// Object versioning; S3 can suspend it but never switch it off again.
    #[serde(default)]
    pub versioning: Versioning,

    /// Default encryption of new objects. Default: a KMS key of this archive's own, with rotation.
    #[serde(default)]
    pub encryption: Encryption,

    /// How long log files are kept. Default: for ever; uploads that were never completed for 7 days.
    #[serde(default)]
    pub retention: Retention,

    /// Lock every new log file against deletion. A bucket never loses object lock again; what is in the bucket already is
    /// not locked. Default: no object lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_lock: Option<ObjectLock>,

    /// Where S3 logs who asked for the log files. Default: nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_logging: Option<AccessLogging>,

    /// Copy every new log file to a second bucket; deletions are not copied. Default: no copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication: Option<Replication>,

    /// Regions in which bucket and key may be. Default: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residency: Option<super::common::Residency>,

    /// Athena over the archive: a workgroup, a table over every log file, and queries for the usual questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("has(self.workgroup) == has(oldSelf.workgroup) && has(self.database) == has(oldSelf.database)").message("spec.analysis.workgroup and spec.analysis.database are immutable: they can be neither added nor removed later"))]
    pub analysis: Option<Analysis>,

    /// Who else may read the logs, or a part of them, and decrypt them. Up to 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub readers: Vec<Reader>,

    /// Tell of new log files: S3 tells an SNS topic, and an SQS queue with a dead-letter queue gets what is no digest. `{}` takes
    /// the defaults. Topic and queues stay in AWS when this is taken away; the bucket's notification goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_files: Option<NewFiles>,

    /// Verify that every file is what CloudTrail delivered. `{}` takes the defaults. It needs rights to read the files. Default: not verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<Integrity>,

    /// Tags of the bucket, of its own key, of the readers' roles, and of topic and queues of new files. Others are removed, except those that AWS reserves (`aws:`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 48))]
    #[x_kube(validation = Rule::new("self.all(k, k.size() <= 128 && self[k].size() <= 256 && !k.lowerAscii().startsWith('aws:') && !k.startsWith('trailkeeper.dev/'))")
        .message("spec.tags: keys up to 128 and values up to 256 characters; the prefixes aws: and trailkeeper.dev/ are taken"))]
    pub tags: BTreeMap<String, String>,

    /// Namespaces whose Trails may deliver here. Default: the archive's own only.
    #[serde(default)]
    pub allowed_namespaces: AllowedNamespaces,

    /// Enforce writes to AWS; Observe only reports.
    #[serde(default)]
    pub mode: Mode,

    /// What to do when the bucket or key exists already without this object's ownership tag.
    #[serde(default)]
    pub adoption: Adoption,

    /// What becomes of bucket and key when this object is deleted. Log objects are never deleted.
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

    /// Paths to leave alone, as `facet` or `facet.field` in the form that status.drift shows: for example `bucketTags.cost-center`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub ignore: Vec<String>,
}

impl LogArchiveSpec {
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

    /// Log files and digests that are older have expired. `None`: they never do.
    pub fn expired_at(&self, now: Timestamp) -> Option<Timestamp> {
        let days = self.retention.expire_after_days?;
        now.checked_sub(SignedDuration::from_hours(i64::from(days) * 24)).ok()
    }
}

/// S3 Object Ownership.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ObjectOwnership {
    /// ACLs are off; the bucket owner owns every object.
    #[default]
    BucketOwnerEnforced,
    BucketOwnerPreferred,
    ObjectWriter,
}

/// S3 Block Public Access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublicAccessBlock {
    /// Refuse new public ACLs.
    #[serde(default = "yes")]
    pub block_public_acls: bool,
    /// Ignore the public ACLs there are.
    #[serde(default = "yes")]
    pub ignore_public_acls: bool,
    /// Refuse bucket policies that make the bucket public.
    #[serde(default = "yes")]
    pub block_public_policy: bool,
    /// Let only AWS services and the account itself in where a policy is public.
    #[serde(default = "yes")]
    pub restrict_public_buckets: bool,
}

impl Default for PublicAccessBlock {
    fn default() -> Self {
        Self { block_public_acls: true, ignore_public_acls: true, block_public_policy: true, restrict_public_buckets: true }
    }
}

/// How the bucket policy is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicySpec {
    /// Deny every request that does not use TLS.
    #[serde(default = "yes")]
    pub require_tls: bool,
    /// What to do with statements that are not this archive's.
    #[serde(default)]
    pub foreign_statements: ForeignStatements,
}

impl Default for PolicySpec {
    fn default() -> Self {
        Self { require_tls: true, foreign_statements: ForeignStatements::KeepIfAdopted }
    }
}

/// What to do with policy statements, or lifecycle rules, that are not this archive's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ForeignStatements {
    /// Keep them in a bucket (or key) that was adopted; remove them from one that this archive created.
    #[default]
    KeepIfAdopted,
    /// Leave them.
    Keep,
    /// Own the policy, or the lifecycle configuration, whole: remove them, and report them as drift.
    Remove,
}

/// S3 versioning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Versioning {
    #[default]
    Enabled,
    Suspended,
}

/// Default encryption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("self.type == 'ExistingKey' ? has(self.existingKeyArn) : !has(self.existingKeyArn)")
        .message("spec.encryption.existingKeyArn goes with type ExistingKey, and only with it"),
    validation = Rule::new("self.type == 'OwnKey' || !has(self.key)").message("spec.encryption.key goes with type OwnKey only")
)]
pub struct Encryption {
    /// Which key.
    #[serde(default, rename = "type")]
    pub kind: EncryptionType,
    /// ARN of the key, for type ExistingKey. The key is used, never edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 350))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$')").message("spec.encryption.existingKeyArn must be a key ARN: arn:aws:kms:REGION:ACCOUNT:key/ID"))]
    pub existing_key_arn: Option<String>,
    /// The archive's own key, for type OwnKey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<OwnKey>,
    /// Use an S3 Bucket Key: fewer KMS calls, lower cost.
    #[serde(default = "yes")]
    pub bucket_key: bool,
}

impl Default for Encryption {
    fn default() -> Self {
        Self { kind: EncryptionType::OwnKey, existing_key_arn: None, key: None, bucket_key: true }
    }
}

impl Encryption {
    /// The own key's settings, with defaults, where the archive has one.
    pub fn own_key(&self) -> Option<OwnKey> {
        match self.kind {
            EncryptionType::OwnKey => Some(self.key.clone().unwrap_or_default()),
            EncryptionType::ExistingKey | EncryptionType::S3Managed => None,
        }
    }
}

/// Which key encrypts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EncryptionType {
    /// A KMS key that this archive creates and keeps.
    #[default]
    OwnKey,
    /// A KMS key that somebody else keeps.
    ExistingKey,
    /// S3's own keys (SSE-S3): no key policy stands between the logs and who may read the bucket.
    S3Managed,
}

/// A KMS key that the archive creates and keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnKey {
    /// Alias, without `alias/`. Default: `trailkeeper/BUCKET`. Immutable once set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 250))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-zA-Z0-9/_-]+$') && !self.startsWith('aws/')").message("spec.encryption.key.alias takes letters, digits, / _ and -, and may not begin with aws/"),
        validation = Rule::new("self == oldSelf").message("spec.encryption.key.alias is immutable: the alias is how the key is found again")
    )]
    pub alias: Option<String>,
    /// Description of the key.
    #[serde(default = "default_key_description")]
    #[schemars(length(max = 8192))]
    pub description: String,
    /// Rotate the key material.
    #[serde(default = "yes")]
    pub rotation: bool,
    /// Days between rotations, 90 to 2560.
    #[serde(default = "default_rotation_days")]
    #[schemars(range(min = 90, max = 2560))]
    pub rotation_period_days: i32,
    /// Days that a deleted key waits before it is gone for good, 7 to 30.
    #[serde(default = "default_deletion_window")]
    #[schemars(range(min = 7, max = 30))]
    pub deletion_window_days: i32,
}

impl Default for OwnKey {
    fn default() -> Self {
        Self {
            alias: None,
            description: default_key_description(),
            rotation: true,
            rotation_period_days: default_rotation_days(),
            deletion_window_days: default_deletion_window(),
        }
    }
}

fn default_key_description() -> String {
    "Encrypts the audit logs of a Trailkeeper LogArchive".to_owned()
}

fn default_rotation_days() -> i32 {
    365
}

fn default_deletion_window() -> i32 {
    30
}

/// What was found of the archive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogArchiveStatus {
    #[serde(flatten)]
    pub common: CommonStatus,
    #[serde(flatten)]
    pub held: DriftStatus,
    #[serde(flatten)]
    pub compliance: Compliance,
    /// ARN of the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket_arn: Option<String>,
    /// ARN of the key that encrypts, if KMS does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_arn: Option<String>,
    /// How the bucket policy lets the writers in: as exactly as AWS's limit of its size allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_form: Option<PolicyForm>,
    /// The same of the key policy, where the archive has a key of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_policy_form: Option<PolicyForm>,
    /// How long log files are kept, in words, by the lifecycle rules and the object lock that the bucket has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<String>,
    /// What readers paste into their tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand_over: Option<HandOver>,
    /// What the verifications of the files found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<IntegrityStatus>,
    /// The trails that bucket and key policy let in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writers: Vec<WriterStatus>,
}
