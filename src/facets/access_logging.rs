//! Access logging: where S3 tells who asked for the log files. Off unless the spec names a bucket for it.

use super::bucket::Bucket;
use super::context::ArchiveContext;
use super::observed::Seen;
use super::read::{Read, S3Read};
use super::rights::Rights;
use super::step::{S3Step, Step};
use super::{Change, Facet, Source};
use serde::{Deserialize, Serialize};

/// Both are empty where access is not logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccessLoggingState {
    pub bucket: String,
    pub prefix: String,
}

pub struct BucketAccessLogging(pub ArchiveContext);

impl Facet for BucketAccessLogging {
    const NAME: &'static str = "accessLogging";
    type State = AccessLoggingState;

    fn source(&self, seen: &Seen) -> Source {
        let new = self.0.spec.access_logging.is_none().then(AccessLoggingState::default);
        Source::ask_of_new_or_old(seen, Bucket::NAME, new, || Read::S3(S3Read::BucketLogging { bucket: self.0.spec.bucket_name.clone() }))
    }

    fn desired(&self, _observed: Option<&AccessLoggingState>, _seen: &Seen) -> AccessLoggingState {
        let logging = self.0.spec.access_logging.clone();
        logging.map(|logging| AccessLoggingState { bucket: logging.bucket_name, prefix: logging.prefix }).unwrap_or_default()
    }

    fn steps(&self, change: &Change<'_, AccessLoggingState>) -> Vec<Step> {
        let AccessLoggingState { bucket: target_bucket, prefix: target_prefix } = change.desired.clone();
        vec![Step::S3(S3Step::PutBucketLogging { bucket: self.0.spec.bucket_name.clone(), target_bucket, target_prefix })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.bucket_arn(), &["s3:GetBucketLogging"], &["s3:PutBucketLogging"])
    }
}
