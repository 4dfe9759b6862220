//! The only code that calls AWS: sessions, limits, error classes; reads and writes per service.
//!
//! A `Cloud` is one account in one Region, seen by the engine as its `World`.

mod archive_objects;
mod athena;
mod calls;
mod cloudtrail;
mod cloudwatch;
mod delivery_key;
mod eventbridge;
pub mod evidence;
mod failures;
mod glue;
mod iam;
pub mod identity;
mod insights;
mod inventory;
mod kms;
mod lake;
mod lifecycle;
mod limits;
mod log_folders;
mod logs;
mod metric_filters;
mod notifications;
pub mod organizations;
mod replication;
mod s3;
mod s3_options;
pub mod security_hub;
mod session;
mod snapshot;
mod sns;
mod sqs;
mod target;

pub use archive_objects::ArchiveObjects;
pub use session::{BaseCredentials, Session, SessionError};

use crate::engine::{Produced, World};
use crate::facets::observed::{Answer, ErrorClass, Failure};
use crate::facets::read::Read;
use crate::facets::step::Step;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
pub use calls::Calls;
use limits::Limits;
use snapshot::Snapshots;
use std::future::Future;
use std::sync::Arc;

/// What all accounts of a process share: one HTTP client, the request limits, and the reads that several trails can use.
#[derive(Default)]
pub struct Shared {
    limits: Limits,
    snapshots: Snapshots,
    pub calls: Calls,
}

/// One account in one Region.
#[derive(Clone)]
pub struct Cloud {
    account: String,
    /// Whose buckets are meant: the account's own, but for those that it may look into elsewhere.
    bucket_owner: String,
    region: String,
    shared: Arc<Shared>,
    session: Session,
    cloudtrail: aws_sdk_cloudtrail::Client,
    s3: aws_sdk_s3::Client,
    kms: aws_sdk_kms::Client,
}

impl Cloud {
    pub fn new(session: &Session, region: &str, shared: Arc<Shared>) -> Self {
        Self {
            account: session.account().to_owned(),
            bucket_owner: session.account().to_owned(),
            region: region.to_owned(),
            shared,
            session: session.clone(),
            cloudtrail: session.cloudtrail(region),
            s3: session.s3(region),
            kms: session.kms(region),
        }
    }

    /// The same account in another Region.
    pub fn at(&self, region: &str) -> Self {
        if region == self.region { self.clone() } else { Self::new(&self.session, region, self.shared.clone()) }
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
        let answer = sent.await;
        self.shared.calls.count(operation, answer.is_ok());
        answer.map_err(|error| failures::classify(&error, operation, object, &self.account, &self.region))
    }
}

/// What a failed read says of the thing that was read.
fn unanswered(failure: Failure) -> Answer {
    if failure.class == ErrorClass::NotFound { Answer::Absent } else { Answer::Unknown(failure) }
}

impl World for Cloud {
    async fn read(&self, read: &Read) -> Answer {
        match read {
            Read::S3(read) => self.read_s3(read).await,
            Read::Kms(read) => self.read_kms(read).await,
            Read::CloudTrail(read) => self.read_cloudtrail(read).await,
            Read::CloudWatch(read) => self.read_cloudwatch(read).await,
            Read::Iam(read) => self.read_iam(read).await,
            Read::Sns(read) => self.read_sns(read).await,
            Read::Sqs(read) => self.read_sqs(read).await,
            Read::Logs(read) => self.read_logs(read).await,
            Read::Lake(read) => self.read_lake(read).await,
            Read::EventBridge(read) => self.read_eventbridge(read).await,
            Read::Target(read) => self.read_target(read).await,
            Read::Athena(read) => self.read_athena(read).await,
            Read::Glue(read) => self.read_glue(read).await,
            Read::Organizations(read) => self.read_organizations(read).await,
        }
    }

    async fn execute(&self, step: &Step, produced: &mut Produced) -> Result<(), Failure> {
        match step {
            Step::S3(step) => self.write_s3(step, produced).await,
            Step::Kms(step) => self.write_kms(step, produced).await,
            Step::CloudTrail(step) => self.write_cloudtrail(step).await,
            Step::CloudWatch(step) => self.write_cloudwatch(step).await,
            Step::Iam(step) => self.write_iam(step, produced).await,
            Step::Sns(step) => self.write_sns(step).await,
            Step::Sqs(step) => self.write_sqs(step).await,
            Step::Logs(step) => self.write_logs(step).await,
            Step::Lake(step) => self.write_lake(step).await,
            Step::EventBridge(step) => self.write_eventbridge(step).await,
            Step::Target(step) => self.write_target(step).await,
            Step::Athena(step) => self.write_athena(step, produced).await,
            Step::Glue(step) => self.write_glue(step).await,
            Step::Organizations(step) => self.write_organizations(step).await,
        }
    }
}
