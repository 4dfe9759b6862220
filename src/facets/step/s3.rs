//! Writes to an S3 bucket.

use super::KeyRef;
use crate::facets::lifecycle::Rules;
use crate::facets::new_file_notification::NotificationState;
use crate::facets::replication::ReplicationRule;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use strum::IntoStaticStr;

#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum S3Step {
    CreateBucket {
        bucket: String,
        tags: BTreeMap<String, String>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        object_lock: bool,
    },
    PutBucketOwnershipControls {
        bucket: String,
        object_ownership: String,
    },
    PutPublicAccessBlock {
        bucket: String,
        block_public_acls: bool,
        ignore_public_acls: bool,
        block_public_policy: bool,
        restrict_public_buckets: bool,
    },
    PutBucketPolicy {
        bucket: String,
        policy: Value,
    },
    DeleteBucketPolicy {
        bucket: String,
    },
    PutBucketVersioning {
        bucket: String,
        status: String,
    },
    PutBucketEncryption {
        bucket: String,
        kms_key: Option<KeyRef>,
        bucket_key: bool,
    },
    PutBucketTagging {
        bucket: String,
        tags: BTreeMap<String, String>,
    },
    PutBucketLifecycleConfiguration {
        bucket: String,
        rules: Rules,
        #[serde(skip_serializing_if = "Option::is_none")]
        minimum_size: Option<String>,
    },
    DeleteBucketLifecycle {
        bucket: String,
    },
    PutObjectLockConfiguration {
        bucket: String,
        mode: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        days: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        years: Option<i32>,
    },
    /// Without a target bucket: off.
    PutBucketLogging {
        bucket: String,
        target_bucket: String,
        target_prefix: String,
    },
    PutBucketReplication {
        bucket: String,
        role: String,
        rules: BTreeMap<String, ReplicationRule>,
    },
    DeleteBucketReplication {
        bucket: String,
    },
    PutBucketRequestPayment {
        bucket: String,
        payer: String,
    },
    PutBucketNotificationConfiguration {
        bucket: String,
        configuration: NotificationState,
    },
    DeleteBucket {
        bucket: String,
    },
}
