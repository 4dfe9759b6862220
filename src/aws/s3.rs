//! S3: reads and writes of a bucket's configuration. No operation on objects exists here, so no log can be deleted.
//!
//! Every call names the expected owner: a bucket of the same name in another account answers 403, not its settings.

use super::Cloud;
use crate::api::log_archive::PublicAccessBlock;
use crate::engine::Produced;
use crate::facets::bucket::BucketState;
use crate::facets::bucket_encryption::EncryptionState;
use crate::facets::bucket_ownership::OwnershipState;
use crate::facets::bucket_versioning::{VersioningFacts, VersioningState};
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::policy_document::Statements;
use crate::facets::read::S3Read;
use crate::facets::step::S3Step;
use crate::facets::tags::{OwnerFacts, Tags, users};
use aws_sdk_s3::types as sdk;

pub(super) const NO_PUBLIC_ACCESS_BLOCK: &str = "NoSuchPublicAccessBlockConfiguration";

/// S3 answers 404 with these codes where a bucket has no such configuration.
const NOT_CONFIGURED: [&str; 8] = [
    "OwnershipControlsNotFoundError",
    NO_PUBLIC_ACCESS_BLOCK,
    "NoSuchBucketPolicy",
    "ServerSideEncryptionConfigurationNotFoundError",
    "NoSuchTagSet",
    "NoSuchLifecycleConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "ReplicationConfigurationNotFoundError",
];

/// What is not configured reads as `default`; what could not be read is unknown.
pub(super) fn configured<T>(result: Result<T, Failure>, default: Reading, read: impl FnOnce(T) -> Reading) -> Answer {
    match result {
        Ok(value) => Observed::Present(read(value)),
        Err(failure) if NOT_CONFIGURED.contains(&failure.code.as_str()) => Observed::Present(default),
        Err(failure) if failure.class == ErrorClass::NotFound => Observed::Absent,
        Err(failure) => Observed::Unknown(failure),
    }
}

impl Cloud {
    pub(super) async fn bucket(&self, bucket: &str) -> Answer {
        let request = self.s3.head_bucket().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        match self.call("s3:ListBucket", bucket, request.send()).await {
            Ok(head) => {
                Observed::Present(Reading::state(&BucketState { region: head.bucket_region.unwrap_or_else(|| self.region.clone()) }))
            }
            Err(failure) if failure.class == ErrorClass::NotFound => Observed::Absent,
            Err(mut failure) => {
                if failure.class == ErrorClass::Denied {
                    failure.message = format!("the bucket belongs to another account than {}, or reading it is not allowed", self.account);
                }
                if failure.code == "HTTP301" || failure.code == "PermanentRedirect" {
                    failure.message = "the bucket exists in another Region".to_owned();
                }
                Observed::Unknown(failure)
            }
        }
    }

    pub(super) async fn bucket_ownership(&self, bucket: &str) -> Answer {
        let request = self.s3.get_bucket_ownership_controls().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        let result = self.call("s3:GetBucketOwnershipControls", bucket, request.send()).await;
        configured(result, Reading::state(&OwnershipState::default()), |answer| {
            let rules = answer.ownership_controls.map(|controls| controls.rules).unwrap_or_default();
            let object_ownership = rules.first().map(|rule| rule.object_ownership.as_str().to_owned()).unwrap_or_default();
            Reading::state(&OwnershipState { object_ownership })
        })
    }

    pub(super) async fn bucket_public_access(&self, bucket: &str) -> Answer {
        let request = self.s3.get_public_access_block().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        let result = self.call("s3:GetBucketPublicAccessBlock", bucket, request.send()).await;
        let open = PublicAccessBlock {
            block_public_acls: false,
            ignore_public_acls: false,
            block_public_policy: false,
            restrict_public_buckets: false,
        };
        configured(result, Reading::state(&open), |answer| {
            let block = answer.public_access_block_configuration;
            let on = |read: fn(&sdk::PublicAccessBlockConfiguration) -> Option<bool>| block.as_ref().and_then(read).unwrap_or(false);
            Reading::state(&PublicAccessBlock {
                block_public_acls: on(|block| block.block_public_acls),
                ignore_public_acls: on(|block| block.ignore_public_acls),
                block_public_policy: on(|block| block.block_public_policy),
                restrict_public_buckets: on(|block| block.restrict_public_buckets),
            })
        })
    }

    pub(super) async fn bucket_policy(&self, bucket: &str) -> Answer {
        let request = self.s3.get_bucket_policy().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        match self.call("s3:GetBucketPolicy", bucket, request.send()).await {
            Ok(answer) => match Statements::parse(answer.policy.as_deref().unwrap_or("{}")) {
                Ok(statements) => Observed::Present(Reading::state(&statements)),
                Err(error) => Observed::Unknown(self.unbuildable("s3:GetBucketPolicy", bucket, &error)),
            },
            Err(failure) => configured(Err::<(), _>(failure), Reading::state(&Statements::default()), |()| Reading::default()),
        }
    }

    pub(super) async fn bucket_versioning(&self, bucket: &str) -> Answer {
        let request = self.s3.get_bucket_versioning().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        let result = self.call("s3:GetBucketVersioning", bucket, request.send()).await;
        configured(result, Reading::default(), |answer| {
            let status = answer.status.map(|status| status.as_str().to_owned()).unwrap_or_default();
            let mfa_delete = answer.mfa_delete == Some(sdk::MfaDeleteStatus::Enabled);
            Reading::new(&VersioningState { status }, &VersioningFacts { mfa_delete })
        })
    }

    pub(super) async fn bucket_encryption(&self, bucket: &str) -> Answer {
        let request = self.s3.get_bucket_encryption().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        let result = self.call("s3:GetEncryptionConfiguration", bucket, request.send()).await;
        configured(result, Reading::state(&EncryptionState::default()), |answer| {
            let rules = answer.server_side_encryption_configuration.map(|configuration| configuration.rules).unwrap_or_default();
            let rule = rules.first();
            let default = rule.and_then(|rule| rule.apply_server_side_encryption_by_default.as_ref());
            let kms_key = default.and_then(|default| default.kms_master_key_id.clone()).unwrap_or_default();
            Reading::state(&EncryptionState {
                algorithm: default.map(|default| default.sse_algorithm.as_str().to_owned()).unwrap_or_default(),
                // S3 reports a bucket key for SSE-S3 too, where it means nothing.
                bucket_key: !kms_key.is_empty() && rule.and_then(|rule| rule.bucket_key_enabled).unwrap_or(false),
                kms_key,
            })
        })
    }

    pub(super) async fn bucket_tags(&self, bucket: &str) -> Answer {
        let request = self.s3.get_bucket_tagging().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        let result = self.call("s3:GetBucketTagging", bucket, request.send()).await;
        configured(result, Reading::new(&Tags::new(), &OwnerFacts::default()), |answer| {
            let tags: Tags = answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect();
            Reading::new(&users(&tags), &OwnerFacts::of(&tags))
        })
    }

    pub(super) async fn read_s3(&self, read: &S3Read) -> Answer {
        match read {
            S3Read::Bucket { bucket } => self.bucket(bucket).await,
            S3Read::BucketOwnership { bucket } => self.bucket_ownership(bucket).await,
            S3Read::BucketPublicAccess { bucket } => self.bucket_public_access(bucket).await,
            S3Read::BucketPolicy { bucket } => self.bucket_policy(bucket).await,
            S3Read::BucketVersioning { bucket } => self.bucket_versioning(bucket).await,
            S3Read::BucketEncryption { bucket } => self.bucket_encryption(bucket).await,
            S3Read::BucketTags { bucket } => self.bucket_tags(bucket).await,
            S3Read::BucketLifecycle { bucket } => self.bucket_lifecycle(bucket).await,
            S3Read::BucketNotification { bucket } => self.bucket_notification(bucket).await,
            S3Read::BucketRequestPayment { bucket } => self.bucket_request_payment(bucket).await,
            S3Read::BucketObjectLock { bucket } => self.bucket_object_lock(bucket).await,
            S3Read::BucketLogging { bucket } => self.bucket_logging(bucket).await,
            S3Read::BucketReplication { bucket } => self.bucket_replication(bucket).await,
        }
    }

    pub(super) async fn write_s3(&self, step: &S3Step, produced: &Produced) -> Result<(), Failure> {
        let (client, owner) = (&self.s3, &self.account);
        match step {
            S3Step::CreateBucket { bucket, tags, object_lock } => self.create_bucket(bucket, tags, *object_lock).await,
            S3Step::PutBucketOwnershipControls { bucket, object_ownership } => {
                let invalid = |error| self.unbuildable("s3:PutBucketOwnershipControls", bucket, &error);
                let rule =
                    sdk::OwnershipControlsRule::builder().object_ownership(object_ownership.as_str().into()).build().map_err(invalid)?;
                let controls = sdk::OwnershipControls::builder()
                    .rules(rule)
                    .build()
                    .map_err(|error| self.unbuildable("s3:PutBucketOwnershipControls", bucket, &error))?;
                let request =
                    client.put_bucket_ownership_controls().bucket(bucket).expected_bucket_owner(owner).ownership_controls(controls);
                self.call("s3:PutBucketOwnershipControls", bucket, request.send()).await.map(drop)
            }
            S3Step::PutPublicAccessBlock {
                bucket,
                block_public_acls,
                ignore_public_acls,
                block_public_policy,
                restrict_public_buckets,
            } => {
                let block = sdk::PublicAccessBlockConfiguration::builder()
                    .block_public_acls(*block_public_acls)
                    .ignore_public_acls(*ignore_public_acls)
                    .block_public_policy(*block_public_policy)
                    .restrict_public_buckets(*restrict_public_buckets)
                    .build();
                let request =
                    client.put_public_access_block().bucket(bucket).expected_bucket_owner(owner).public_access_block_configuration(block);
                self.call("s3:PutBucketPublicAccessBlock", bucket, request.send()).await.map(drop)
            }
            S3Step::PutBucketPolicy { bucket, policy } => {
                let request = client.put_bucket_policy().bucket(bucket).expected_bucket_owner(owner).policy(policy.to_string());
                self.call("s3:PutBucketPolicy", bucket, request.send()).await.map(drop)
            }
            S3Step::DeleteBucketPolicy { bucket } => {
                let request = client.delete_bucket_policy().bucket(bucket).expected_bucket_owner(owner);
                self.call("s3:DeleteBucketPolicy", bucket, request.send()).await.map(drop)
            }
            S3Step::PutBucketVersioning { bucket, status } => {
                let versioning = sdk::VersioningConfiguration::builder().status(status.as_str().into()).build();
                let request =
                    client.put_bucket_versioning().bucket(bucket).expected_bucket_owner(owner).versioning_configuration(versioning);
                self.call("s3:PutBucketVersioning", bucket, request.send()).await.map(drop)
            }
            S3Step::PutBucketEncryption { bucket, kms_key, bucket_key } => {
                let key = kms_key.as_ref().map(|key| self.key_arn(key, produced, "s3:PutEncryptionConfiguration")).transpose()?;
                let algorithm = if key.is_some() { sdk::ServerSideEncryption::AwsKms } else { sdk::ServerSideEncryption::Aes256 };
                let invalid = |error| self.unbuildable("s3:PutEncryptionConfiguration", bucket, &error);
                let default = sdk::ServerSideEncryptionByDefault::builder()
                    .sse_algorithm(algorithm)
                    .set_kms_master_key_id(key)
                    .build()
                    .map_err(invalid)?;
                let rule = sdk::ServerSideEncryptionRule::builder()
                    .apply_server_side_encryption_by_default(default)
                    .bucket_key_enabled(*bucket_key)
                    .build();
                let configuration = sdk::ServerSideEncryptionConfiguration::builder().rules(rule).build();
                let configuration = configuration.map_err(|error| self.unbuildable("s3:PutEncryptionConfiguration", bucket, &error))?;
                let request = client
                    .put_bucket_encryption()
                    .bucket(bucket)
                    .expected_bucket_owner(owner)
                    .server_side_encryption_configuration(configuration);
                self.call("s3:PutEncryptionConfiguration", bucket, request.send()).await.map(drop)
            }
            S3Step::PutBucketTagging { bucket, tags } => {
                let tagging = sdk::Tagging::builder().set_tag_set(Some(tag_set(tags))).build();
                let tagging = tagging.map_err(|error| self.unbuildable("s3:PutBucketTagging", bucket, &error))?;
                let request = client.put_bucket_tagging().bucket(bucket).expected_bucket_owner(owner).tagging(tagging);
                self.call("s3:PutBucketTagging", bucket, request.send()).await.map(drop)
            }
            S3Step::PutBucketLifecycleConfiguration { bucket, rules, minimum_size } => {
                self.put_bucket_lifecycle(bucket, rules, minimum_size.as_deref()).await
            }
            S3Step::DeleteBucketLifecycle { bucket } => {
                let request = client.delete_bucket_lifecycle().bucket(bucket).expected_bucket_owner(owner);
                self.call("s3:PutLifecycleConfiguration", bucket, request.send()).await.map(drop)
            }
            S3Step::PutObjectLockConfiguration { bucket, mode, days, years } => self.put_object_lock(bucket, mode, *days, *years).await,
            S3Step::PutBucketLogging { bucket, target_bucket, target_prefix } => {
                self.put_bucket_logging(bucket, target_bucket, target_prefix).await
            }
            S3Step::PutBucketReplication { bucket, role, rules } => self.put_bucket_replication(bucket, role, rules).await,
            S3Step::DeleteBucketReplication { bucket } => {
                let request = client.delete_bucket_replication().bucket(bucket).expected_bucket_owner(owner);
                self.call("s3:PutReplicationConfiguration", bucket, request.send()).await.map(drop)
            }
            S3Step::PutBucketRequestPayment { bucket, payer } => self.put_bucket_request_payment(bucket, payer).await,
            S3Step::PutBucketNotificationConfiguration { bucket, configuration } => {
                self.put_bucket_notification(bucket, configuration).await
            }
            S3Step::DeleteBucket { bucket } => {
                let request = client.delete_bucket().bucket(bucket).expected_bucket_owner(owner);
                self.call("s3:DeleteBucket", bucket, request.send()).await.map(drop)
            }
        }
    }

    /// The tags go with the creation, so that a process that dies right after it still knows its bucket.
    async fn create_bucket(&self, bucket: &str, tags: &Tags, object_lock: bool) -> Result<(), Failure> {
        let mut configuration = sdk::CreateBucketConfiguration::builder().set_tags(Some(tag_set(tags)));
        // us-east-1 is the one Region that S3 wants not to be named.
        if self.region != "us-east-1" {
            configuration = configuration.location_constraint(self.region.as_str().into());
        }
        let request = self
            .s3
            .create_bucket()
            .bucket(bucket)
            .create_bucket_configuration(configuration.build())
            .set_object_lock_enabled_for_bucket(object_lock.then_some(true));
        self.call("s3:CreateBucket", bucket, request.send()).await.map(drop)
    }
}

fn tag_set(tags: &Tags) -> Vec<sdk::Tag> {
    tags.iter().filter_map(|(key, value)| sdk::Tag::builder().key(key).value(value).build().ok()).collect()
}
