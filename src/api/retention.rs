//! How long an archive keeps its log files, written in days so that an auditor reads it as it is.

use super::log_archive::ForeignStatements;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long log files are kept, and where they rest meanwhile. By default they are kept for ever, in S3 Standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("self.transitions.map(t, t.afterDays).isSorted() && self.transitions.all(t, self.transitions.exists_one(other, other.afterDays == t.afterDays))")
        .message("spec.retention.transitions must be in ascending order of afterDays, each with another day"),
    validation = Rule::new("self.transitions.map(t, t.storageClass == 'STANDARD_IA' ? 0 : t.storageClass == 'INTELLIGENT_TIERING' ? 1 : t.storageClass == 'ONEZONE_IA' ? 2 : t.storageClass == 'GLACIER_IR' ? 3 : t.storageClass == 'GLACIER' ? 4 : 5).isSorted() && self.transitions.all(t, self.transitions.exists_one(other, other.storageClass == t.storageClass))")
        .message("spec.retention.transitions must lead to ever colder storage classes: STANDARD_IA, INTELLIGENT_TIERING, ONEZONE_IA, GLACIER_IR, GLACIER, DEEP_ARCHIVE; S3 moves nothing back"),
    validation = Rule::new("self.transitions.all(a, !a.storageClass.endsWith('_IA') || (a.afterDays >= 30 && self.transitions.all(b, b.afterDays <= a.afterDays || b.afterDays >= a.afterDays + 30)))")
        .message("spec.retention.transitions: S3 moves objects to STANDARD_IA and ONEZONE_IA after 30 days at the earliest, and from there on after 30 more"),
    validation = Rule::new("!has(self.expireAfterDays) || self.transitions.all(t, t.afterDays < self.expireAfterDays)")
        .message("spec.retention.expireAfterDays must be greater than the afterDays of every transition")
)]
pub struct Retention {
    /// Days after which a log file expires, 1 to 36500. Unset: never. In a bucket with versioning the file is then marked
    /// as deleted, and gone for good only after `noncurrentExpireAfterDays`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 36500))]
    pub expire_after_days: Option<i32>,
    /// Moves to colder storage classes, in ascending order of days. Default: none. S3 does not move files smaller than
    /// 128 KiB, which many log files are.
    #[serde(default)]
    #[schemars(length(max = 6))]
    pub transitions: Vec<Transition>,
    /// Days after which a version that was overwritten or deleted is gone for good, 1 to 36500. Unset: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 36500))]
    pub noncurrent_expire_after_days: Option<i32>,
    /// Days after which an upload that was never completed is given up, 0 to 36500. Default: 7. 0: never.
    #[serde(default = "default_abort_multipart")]
    #[schemars(range(min = 0, max = 36500))]
    pub abort_multipart_after_days: i32,
    /// What to do with lifecycle rules that are not this archive's.
    #[serde(default)]
    pub foreign_rules: ForeignStatements,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            expire_after_days: None,
            transitions: Vec::new(),
            noncurrent_expire_after_days: None,
            abort_multipart_after_days: default_abort_multipart(),
            foreign_rules: ForeignStatements::default(),
        }
    }
}

fn default_abort_multipart() -> i32 {
    7
}

/// A move to a colder storage class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transition {
    /// Days after its creation that a log file moves, 0 to 36500.
    #[schemars(range(min = 0, max = 36500))]
    pub after_days: i32,
    /// Where to.
    pub storage_class: StorageClass,
}

/// An S3 storage class, as S3 writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum StorageClass {
    /// Infrequent access.
    StandardIa,
    /// S3 chooses by use.
    IntelligentTiering,
    /// Infrequent access, in one availability zone only.
    OnezoneIa,
    /// Archive that is read at once.
    GlacierIr,
    /// Archive that is read after minutes or hours.
    Glacier,
    /// Archive that is read after hours or days.
    DeepArchive,
}

impl StorageClass {
    /// As S3 writes it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
