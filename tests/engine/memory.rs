//! An AWS in memory: answers every `Read`, carries out every `Step` with AWS's own rules, records the writes, and fails
//! on demand. It decides nothing about what is desired.

use crate::{buckets::Buckets, keys::Keys, trails::Trails};
use futures::executor::block_on;
use std::sync::{Mutex, MutexGuard};
use trailkeeper::engine::{Assessment, Deletion, Outcome, Permit, Produced, Subject, World, assess, delete, pass};
use trailkeeper::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use trailkeeper::facets::organization_access::AccessState;
use trailkeeper::facets::read::{CloudTrailRead, KmsRead, Read, S3Read};
use trailkeeper::facets::step::Step;

pub const ACCOUNT: &str = "111111111111";
pub const REGION: &str = "eu-central-1";

/// What AWS holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aws {
    pub trails: Trails,
    pub buckets: Buckets,
    pub keys: Keys,
}

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub enum Fault {
    #[default]
    None,
    /// The write of this number (from 0) is refused.
    Refuse(usize),
    /// The process is killed right after the write of this number (from 0) took effect.
    KillAfter(usize),
}

/// The world that the engine sees.
#[derive(Default)]
pub struct Memory {
    aws: Mutex<Aws>,
    written: Mutex<Vec<Step>>,
    fault: Mutex<Fault>,
    unanswered: Mutex<Option<(&'static str, ErrorClass)>>,
}

/// Writing is allowed.
pub struct Free;

impl Permit for Free {
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Memory {
    pub fn holding(aws: Aws) -> Self {
        Self { aws: Mutex::new(aws), ..Self::default() }
    }

    /// What AWS holds, to look at or to tamper with behind the engine's back.
    pub fn aws(&self) -> MutexGuard<'_, Aws> {
        self.aws.lock().unwrap()
    }

    pub fn fail(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// Refuses the read of this facet.
    pub fn deny(&self, facet: &'static str) {
        self.leave_unanswered(facet, ErrorClass::Denied);
    }

    /// Fails the read of this facet.
    pub fn leave_unanswered(&self, facet: &'static str, class: ErrorClass) {
        *self.unanswered.lock().unwrap() = Some((facet, class));
    }

    /// Answers every read again.
    pub fn answer_all(&self) {
        *self.unanswered.lock().unwrap() = None;
    }

    /// Takes the writes since the last call.
    pub fn written(&self) -> Vec<Step> {
        std::mem::take(&mut self.written.lock().unwrap())
    }

    pub fn assess(&self, subject: &Subject) -> Assessment {
        block_on(assess(self, subject))
    }

    pub fn pass(&self, subject: &Subject) -> Outcome {
        block_on(pass(self, subject, &Free))
    }

    pub fn delete(&self, subject: &Subject) -> Deletion {
        block_on(delete(self, subject, &Free))
    }

    /// A pass that must bring everything about, and after which nothing is left to do.
    pub fn settle(&self, subject: &Subject) -> Outcome {
        let outcome = self.pass(subject);
        assert!(outcome.in_sync(), "one pass must do: failed {:?}, left {:?}", outcome.failed, outcome.latest().differences);
        self.written();
        let again = self.pass(subject);
        assert!(again.before.plan.is_empty(), "a perpetual difference: {:?}", again.before.plan);
        assert_eq!(self.written(), [], "a pass without differences writes");
        outcome
    }
}

/// The facet that a read is for.
pub fn facet_of(read: &Read) -> &'static str {
    match read {
        Read::CloudTrail(CloudTrailRead::Trail { .. }) => "settings",
        Read::CloudTrail(CloudTrailRead::TrailTags { .. }) => "tags",
        Read::CloudTrail(CloudTrailRead::TrailSelectors { .. }) => "events",
        Read::CloudTrail(CloudTrailRead::TrailInsights { .. }) => "insights",
        Read::CloudTrail(CloudTrailRead::TrailAggregation { .. }) => "aggregation",
        Read::CloudTrail(CloudTrailRead::TrailLogging { .. }) => "logging",
        Read::Kms(KmsRead::Key { .. }) => "key",
        Read::Kms(KmsRead::KeyPolicy { .. }) => "keyPolicy",
        Read::Kms(KmsRead::KeyRotation { .. }) => "keyRotation",
        Read::S3(S3Read::Bucket { .. }) => "bucket",
        Read::S3(S3Read::BucketOwnership { .. }) => "ownership",
        Read::S3(S3Read::BucketPublicAccess { .. }) => "publicAccessBlock",
        Read::S3(S3Read::BucketPolicy { .. }) => "bucketPolicy",
        Read::S3(S3Read::BucketVersioning { .. }) => "versioning",
        Read::S3(S3Read::BucketEncryption { .. }) => "encryption",
        Read::S3(S3Read::BucketTags { .. }) => "bucketTags",
        Read::S3(S3Read::BucketObjectLock { .. }) => "objectLock",
        Read::S3(S3Read::BucketLogging { .. }) => "accessLogging",
        Read::S3(S3Read::BucketReplication { .. }) => "replication",
        Read::S3(S3Read::BucketLifecycle { .. }) => "lifecycle",
        Read::S3(S3Read::BucketRequestPayment { .. }) => "requestPayment",
        Read::Organizations(_) => "organizationAccess",
        other => panic!("not held in memory: {other:?}"),
    }
}

/// A failure as `aws::failures` would name it.
pub fn failure(class: ErrorClass, operation: &str, object: &str, code: &str) -> Failure {
    Failure {
        class,
        operation: operation.to_owned(),
        object: object.to_owned(),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        code: code.to_owned(),
        message: String::new(),
    }
}

impl World for Memory {
    async fn read(&self, read: &Read) -> Answer {
        let facet = facet_of(read);
        if let Some((unanswered, class)) = *self.unanswered.lock().unwrap()
            && unanswered == facet
        {
            return Observed::Unknown(failure(class, facet, "x", "NotAnswered"));
        }
        let aws = self.aws();
        match read {
            Read::CloudTrail(read) => aws.trails.read(read),
            Read::Kms(read) => aws.keys.read(read),
            Read::S3(read) => aws.buckets.read(read),
            // Every prerequisite holds.
            Read::Organizations(_) => Observed::Present(Reading::state(&AccessState {
                all_features: true,
                trusted_access: Some(true),
                administrator: true,
                ..AccessState::default()
            })),
            other => panic!("not held in memory: {other:?}"),
        }
    }

    async fn execute(&self, step: &Step, produced: &mut Produced) -> Result<(), Failure> {
        let at = self.written.lock().unwrap().len();
        let fault = self.fault.lock().unwrap().clone();
        if matches!(fault, Fault::Refuse(refused) if refused == at) {
            return Err(failure(ErrorClass::Transient, step.action(), "x", "InternalError"));
        }
        let mut aws = self.aws();
        match step {
            Step::CloudTrail(step) => aws.trails.write(step)?,
            Step::S3(step) => {
                let Aws { buckets, keys, .. } = &mut *aws;
                buckets.write(step, keys, produced)?;
            }
            Step::Kms(step) => aws.keys.write(step, produced)?,
            other => panic!("not held in memory: {other:?}"),
        }
        self.written.lock().unwrap().push(step.clone());
        match fault {
            // Whoever is killed sees no answer: the pass ends here.
            Fault::KillAfter(last) if last == at => Err(failure(ErrorClass::Transient, step.action(), "x", "Killed")),
            _ => Ok(()),
        }
    }
}
