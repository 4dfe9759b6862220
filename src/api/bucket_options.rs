//! What an archive's bucket may have besides: object lock, access logging, replication.

use super::retention::StorageClass;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A lock that every new log file gets: until it ends, no version of the file can be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.days) != has(self.years)").message("spec.objectLock must give exactly one of days and years"))]
pub struct ObjectLock {
    /// Who may lift the lock of a file before its time.
    pub mode: ObjectLockMode,
    /// Days that a file is locked, 1 to 36500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 36500))]
    pub days: Option<i32>,
    /// Years that a file is locked, 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub years: Option<i32>,
}

/// Who may lift the lock of a file before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum ObjectLockMode {
    /// Whoever is allowed s3:BypassGovernanceRetention.
    Governance,
    /// Nobody, not the root user either.
    Compliance,
}

impl ObjectLockMode {
    /// As S3 writes it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Where S3 tells who asked for the log files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessLogging {
    /// Bucket that receives the access logs: another than the archive's own, in the same account and Region, encrypted
    /// without KMS. Its policy must let `logging.s3.amazonaws.com` write. It is not edited.
    #[schemars(length(min = 3, max = 63))]
    pub bucket_name: String,
    /// Prefix of every access log, up to 512 characters. Default: none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub prefix: String,
}

/// A copy of every log file in a second bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replication {
    /// ARN of the role that S3 assumes to copy. It is not edited.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$')").message("spec.replication.roleArn must be the ARN of an IAM role"))]
    pub role_arn: String,
    /// ARN of the bucket that receives the copies. It must have versioning. It is not edited.
    #[schemars(length(max = 128))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$')").message("spec.replication.destinationBucketArn must be the ARN of a bucket: arn:aws:s3:::NAME"))]
    pub destination_bucket_arn: String,
    /// The account of that bucket, if it is another: its owner then also owns the copies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 12))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{12}$')").message("spec.replication.destinationAccountId must be 12 digits"))]
    pub destination_account_id: Option<String>,
    /// ARN of the key that encrypts the copies, in that bucket's Region. Needed where the archive is encrypted with KMS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 350))]
    #[x_kube(validation = Rule::new("self.matches('^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$')").message("spec.replication.kmsKeyArn must be a key ARN: arn:aws:kms:REGION:ACCOUNT:key/ID"))]
    pub kms_key_arn: Option<String>,
    /// Storage class of the copies. Default: that of the log file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<StorageClass>,
}
