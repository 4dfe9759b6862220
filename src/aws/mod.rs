//! The only code that calls AWS: sessions, limits, error classes; reads and writes per service.
//!
//! A `Cloud` is one account in one Region, seen by the engine as its `World`.

mod cloudtrail;
mod failures;
pub mod identity;
mod kms;
mod limits;
mod s3;
mod session;
mod snapshot;

pub use session::{BaseCredentials, Session, SessionError};

use crate::engine::{Produced, World};
use crate::facets::observed::Answer;
use crate::facets::observed::Failure;
use crate::facets::read::Read;
use crate::facets::step::Step;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use limits::Limits;
use snapshot::Snapshots;
use std::future::Future;
use std::sync::Arc;

/// What all accounts of a process share: one HTTP client, the request limits, and the reads that several trails can use.
#[derive(Default)]
pub struct Shared {
    limits: Limits,
    snapshots: Snapshots,
}

/// One account in one Region.
#[derive(Clone)]
pub struct Cloud {
    account: String,
    region: String,
    shared: Arc<Shared>,
    cloudtrail: aws_sdk_cloudtrail::Client,
    s3: aws_sdk_s3::Client,
    kms: aws_sdk_kms::Client,
}

impl Cloud {
    pub fn new(session: &Session, region: &str, shared: Arc<Shared>) -> Self {
        Self {
            account: session.account().to_owned(),
            region: region.to_owned(),
            shared,
            cloudtrail: session.cloudtrail(region),
            s3: session.s3(region),
            kms: session.kms(region),
        }
    }

    /// Makes one call: waits for its turn where the service has a published limit, and names what failed.
    async fn call<T, E>(
        &self,
        operation: &str,
        object: &str,
        sent: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.shared.limits.turn(&self.account, &self.region, operation).await;
        sent.await.map_err(|error| failures::classify(&error, operation, object, &self.account, &self.region))
    }
}

impl World for Cloud {
    async fn read(&self, read: &Read) -> Answer {
        match read {
            Read::Trail { arn } => self.trail(arn).await,
            Read::TrailTags { arn } => self.trail_tags(arn).await,
            Read::TrailLogging { trail } => self.trail_logging(trail).await,
            Read::TrailSelectors { trail } => self.trail_selectors(trail).await,
            Read::Bucket { bucket } => self.bucket(bucket).await,
            Read::BucketOwnership { bucket } => self.bucket_ownership(bucket).await,
            Read::BucketPublicAccess { bucket } => self.bucket_public_access(bucket).await,
            Read::BucketPolicy { bucket } => self.bucket_policy(bucket).await,
            Read::BucketVersioning { bucket } => self.bucket_versioning(bucket).await,
            Read::BucketEncryption { bucket } => self.bucket_encryption(bucket).await,
            Read::BucketTags { bucket } => self.bucket_tags(bucket).await,
            Read::Key { alias, owner } => self.key(alias, owner).await,
            Read::KeyPolicy { key } => self.key_policy(key).await,
            Read::KeyRotation { key } => self.key_rotation(key).await,
        }
    }

    async fn execute(&self, step: &Step, produced: &mut Produced) -> Result<(), Failure> {
        match step {
            Step::CreateBucket { .. }
            | Step::PutBucketOwnershipControls { .. }
            | Step::PutPublicAccessBlock { .. }
            | Step::PutBucketPolicy { .. }
            | Step::DeleteBucketPolicy { .. }
            | Step::PutBucketVersioning { .. }
            | Step::PutBucketEncryption { .. }
            | Step::PutBucketTagging { .. }
            | Step::DeleteBucket { .. } => self.write_bucket(step, produced).await,
            Step::CreateKey { .. }
            | Step::CancelKeyDeletion { .. }
            | Step::EnableKey { .. }
            | Step::UpdateKeyDescription { .. }
            | Step::PutKeyPolicy { .. }
            | Step::EnableKeyRotation { .. }
            | Step::DisableKeyRotation { .. }
            | Step::CreateAlias { .. }
            | Step::UpdateAlias { .. }
            | Step::DeleteAlias { .. }
            | Step::TagKey { .. }
            | Step::UntagKey { .. }
            | Step::ScheduleKeyDeletion { .. } => self.write_key(step, produced).await,
            Step::CreateTrail { .. }
            | Step::UpdateTrail { .. }
            | Step::StartLogging { .. }
            | Step::StopLogging { .. }
            | Step::PutEventSelectors { .. }
            | Step::AddTags { .. }
            | Step::RemoveTags { .. }
            | Step::DeleteTrail { .. } => {
                let result = self.write_trail(step).await;
                self.shared.snapshots.forget(&self.account, &self.region).await;
                result
            }
        }
    }
}
