//! S3's bucket settings in memory: a new bucket has AWS's defaults, and PutBucketTagging replaces all tags but AWS's own.

use crate::keys::Keys;
use crate::memory::{REGION, failure};
use serde_json::Value;
use std::collections::BTreeMap;
use trailkeeper::api::log_archive::PublicAccessBlock;
use trailkeeper::engine::Produced;
use trailkeeper::facets::access_logging::AccessLoggingState;
use trailkeeper::facets::bucket::BucketState;
use trailkeeper::facets::bucket_encryption::EncryptionState;
use trailkeeper::facets::bucket_ownership::OwnershipState;
use trailkeeper::facets::bucket_versioning::{VersioningFacts, VersioningState};
use trailkeeper::facets::lifecycle::{LifecycleFacts, Rules};
use trailkeeper::facets::object_lock::ObjectLockState;
use trailkeeper::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use trailkeeper::facets::policy_document::Statements;
use trailkeeper::facets::read::S3Read;
use trailkeeper::facets::replication::ReplicationState;
use trailkeeper::facets::request_payment::RequestPaymentState;
use trailkeeper::facets::step::S3Step;
use trailkeeper::facets::tags::{OwnerFacts, Tags, users};

/// By name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buckets(pub BTreeMap<String, HeldBucket>);

#[derive(Clone, Debug, PartialEq)]
pub struct HeldBucket {
    pub region: String,
    pub tags: Tags,
    pub ownership: String,
    pub public_access: PublicAccessBlock,
    pub policy: Option<Value>,
    pub versioning: String,
    pub encryption: EncryptionState,
    pub lifecycle: Rules,
    pub payer: String,
    pub mfa_delete: bool,
    pub object_lock: ObjectLockState,
    pub logging: AccessLoggingState,
    pub replication: ReplicationState,
    pub objects: usize,
}

impl HeldBucket {
    /// A bucket as CreateBucket leaves it since April 2023.
    pub fn new(tags: Tags) -> Self {
        Self {
            region: REGION.to_owned(),
            tags,
            ownership: "BucketOwnerEnforced".to_owned(),
            public_access: PublicAccessBlock::default(),
            policy: None,
            versioning: String::new(),
            encryption: EncryptionState { algorithm: "AES256".to_owned(), kms_key: String::new(), bucket_key: false },
            lifecycle: Rules::new(),
            payer: "BucketOwner".to_owned(),
            mfa_delete: false,
            object_lock: ObjectLockState::default(),
            logging: AccessLoggingState::default(),
            replication: ReplicationState::default(),
            objects: 0,
        }
    }

    pub fn statements(&self) -> Statements {
        self.policy.as_ref().map(|policy| Statements::parse(&policy.to_string()).unwrap()).unwrap_or_default()
    }
}

impl Buckets {
    pub fn read(&self, read: &S3Read) -> Answer {
        let (S3Read::Bucket { bucket }
        | S3Read::BucketOwnership { bucket }
        | S3Read::BucketPublicAccess { bucket }
        | S3Read::BucketPolicy { bucket }
        | S3Read::BucketVersioning { bucket }
        | S3Read::BucketEncryption { bucket }
        | S3Read::BucketTags { bucket }
        | S3Read::BucketLifecycle { bucket }
        | S3Read::BucketRequestPayment { bucket }
        | S3Read::BucketObjectLock { bucket }
        | S3Read::BucketLogging { bucket }
        | S3Read::BucketReplication { bucket }) = read
        else {
            panic!("not held in memory: {read:?}")
        };
        let Some(held) = self.0.get(bucket) else { return Observed::Absent };
        Observed::Present(match read {
            S3Read::Bucket { .. } => Reading::state(&BucketState { region: held.region.clone() }),
            S3Read::BucketOwnership { .. } => Reading::state(&OwnershipState { object_ownership: held.ownership.clone() }),
            S3Read::BucketPublicAccess { .. } => Reading::state(&held.public_access),
            S3Read::BucketPolicy { .. } => Reading::state(&held.statements()),
            S3Read::BucketVersioning { .. } => {
                let facts = VersioningFacts { mfa_delete: held.mfa_delete };
                Reading::new(&VersioningState { status: held.versioning.clone() }, &facts)
            }
            S3Read::BucketObjectLock { .. } => Reading::state(&held.object_lock),
            S3Read::BucketLogging { .. } => Reading::state(&held.logging),
            S3Read::BucketReplication { .. } => Reading::state(&held.replication),
            S3Read::BucketEncryption { .. } => Reading::state(&held.encryption),
            S3Read::BucketLifecycle { .. } => Reading::new(&held.lifecycle, &LifecycleFacts::default()),
            S3Read::BucketRequestPayment { .. } => Reading::state(&RequestPaymentState { payer: held.payer.clone() }),
            _ => Reading::new(&users(&held.tags), &OwnerFacts::of(&held.tags)),
        })
    }

    pub fn write(&mut self, step: &S3Step, keys: &Keys, produced: &Produced) -> Result<(), Failure> {
        match step {
            S3Step::CreateBucket { bucket, tags, object_lock } => {
                if self.0.contains_key(bucket) {
                    return Err(failure(ErrorClass::AlreadyExists, "CreateBucket", bucket, "BucketAlreadyOwnedByYou"));
                }
                let mut new = HeldBucket::new(tags.clone());
                if *object_lock {
                    new.object_lock.enabled = true;
                    new.versioning = "Enabled".to_owned();
                }
                self.0.insert(bucket.clone(), new);
            }
            S3Step::PutBucketOwnershipControls { bucket, object_ownership } => self.get(bucket)?.ownership.clone_from(object_ownership),
            S3Step::PutPublicAccessBlock {
                bucket,
                block_public_acls,
                ignore_public_acls,
                block_public_policy,
                restrict_public_buckets,
            } => {
                self.get(bucket)?.public_access = PublicAccessBlock {
                    block_public_acls: *block_public_acls,
                    ignore_public_acls: *ignore_public_acls,
                    block_public_policy: *block_public_policy,
                    restrict_public_buckets: *restrict_public_buckets,
                };
            }
            S3Step::PutBucketPolicy { bucket, policy } => {
                if policy["Statement"].as_array().is_none_or(Vec::is_empty) {
                    return Err(failure(ErrorClass::Terminal, "PutBucketPolicy", bucket, "MalformedPolicy"));
                }
                self.get(bucket)?.policy = Some(as_aws_answers(policy));
            }
            S3Step::DeleteBucketPolicy { bucket } => self.get(bucket)?.policy = None,
            S3Step::PutBucketVersioning { bucket, status } => {
                let held = self.get(bucket)?;
                if status == "Suspended" && (held.object_lock.enabled || !held.replication.rules.is_empty()) {
                    return Err(failure(ErrorClass::Terminal, "PutBucketVersioning", bucket, "InvalidBucketState"));
                }
                held.versioning.clone_from(status);
            }
            S3Step::PutObjectLockConfiguration { bucket, mode, days, years } => {
                let held = self.get(bucket)?;
                if held.versioning != "Enabled" {
                    return Err(failure(ErrorClass::Terminal, "PutObjectLockConfiguration", bucket, "InvalidBucketState"));
                }
                held.object_lock = ObjectLockState { enabled: true, mode: mode.clone(), days: *days, years: *years };
            }
            S3Step::PutBucketLogging { bucket, target_bucket, target_prefix } => {
                self.get(bucket)?.logging = AccessLoggingState { bucket: target_bucket.clone(), prefix: target_prefix.clone() };
            }
            S3Step::PutBucketReplication { bucket, role, rules } => {
                let held = self.get(bucket)?;
                if held.versioning != "Enabled" || rules.is_empty() {
                    return Err(failure(ErrorClass::Terminal, "PutBucketReplication", bucket, "InvalidRequest"));
                }
                held.replication = ReplicationState { role: role.clone(), rules: rules.clone() };
            }
            S3Step::DeleteBucketReplication { bucket } => self.get(bucket)?.replication = ReplicationState::default(),
            S3Step::PutBucketEncryption { bucket, kms_key, bucket_key } => {
                let kms_key = kms_key.as_ref().map(|key| keys.resolve(key, produced)).transpose()?.unwrap_or_default();
                let algorithm = if kms_key.is_empty() { "AES256" } else { "aws:kms" }.to_owned();
                self.get(bucket)?.encryption = EncryptionState { algorithm, kms_key, bucket_key: *bucket_key };
            }
            S3Step::PutBucketTagging { bucket, tags } => {
                let held = self.get(bucket)?;
                if tags.len() > 50 {
                    return Err(failure(ErrorClass::Terminal, "PutBucketTagging", bucket, "BadRequest"));
                }
                held.tags.retain(|key, _| key.starts_with("aws:"));
                held.tags.extend(tags.clone());
            }
            S3Step::PutBucketLifecycleConfiguration { bucket, rules, .. } => {
                if rules.is_empty() {
                    return Err(failure(ErrorClass::Terminal, "PutBucketLifecycleConfiguration", bucket, "MalformedXML"));
                }
                let held = self.get(bucket)?;
                if held.mfa_delete {
                    return Err(failure(ErrorClass::Terminal, "PutBucketLifecycleConfiguration", bucket, "InvalidBucketState"));
                }
                held.lifecycle.clone_from(rules);
            }
            S3Step::DeleteBucketLifecycle { bucket } => self.get(bucket)?.lifecycle.clear(),
            S3Step::PutBucketRequestPayment { bucket, payer } => self.get(bucket)?.payer.clone_from(payer),
            S3Step::PutBucketNotificationConfiguration { .. } => panic!("not held in memory: {step:?}"),
            S3Step::DeleteBucket { bucket } => {
                if self.get(bucket)?.objects > 0 {
                    return Err(failure(ErrorClass::NotEmpty, "DeleteBucket", bucket, "BucketNotEmpty"));
                }
                self.0.remove(bucket);
            }
        }
        Ok(())
    }

    fn get(&mut self, bucket: &str) -> Result<&mut HeldBucket, Failure> {
        self.0.get_mut(bucket).ok_or_else(|| failure(ErrorClass::NotFound, "write", bucket, "NoSuchBucket"))
    }
}

/// A policy as AWS gives it back: statements in another order, lists of one as a string.
pub fn as_aws_answers(policy: &Value) -> Value {
    let mut policy = policy.clone();
    if let Some(statements) = policy.get_mut("Statement").and_then(Value::as_array_mut) {
        statements.reverse();
        statements.iter_mut().for_each(unwrap_single);
    }
    policy
}

fn unwrap_single(value: &mut Value) {
    match value {
        Value::Array(items) if items.len() == 1 => *value = items.remove(0),
        Value::Array(items) => items.reverse(),
        Value::Object(fields) => fields.values_mut().for_each(unwrap_single),
        _ => {}
    }
}
