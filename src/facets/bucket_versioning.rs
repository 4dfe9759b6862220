//! Versioning: an overwritten or deleted log object can be brought back.

use super::bucket::Bucket;
use super::context::ArchiveContext;
use super::observed::Seen;
use super::read::{Read, S3Read};
use super::rights::Rights;
use super::step::{S3Step, Step};
use super::{Change, Facet, Source};
use crate::api::log_archive::Versioning;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VersioningState {
    /// `Enabled`, `Suspended`, or empty where it was never set.
    pub status: String,
}

pub struct BucketVersioning(pub ArchiveContext);

impl Facet for BucketVersioning {
    const NAME: &'static str = "versioning";
    type State = VersioningState;

    fn source(&self, seen: &Seen) -> Source {
        Source::ask_below(seen, Bucket::NAME, || Read::S3(S3Read::BucketVersioning { bucket: self.0.spec.bucket_name.clone() }))
    }

    fn desired(&self, _observed: Option<&VersioningState>, _seen: &Seen) -> VersioningState {
        let status = match self.0.spec.versioning {
            Versioning::Enabled => "Enabled",
            Versioning::Suspended => "Suspended",
        };
        VersioningState { status: status.to_owned() }
    }

    fn steps(&self, change: &Change<'_, VersioningState>) -> Vec<Step> {
        vec![Step::S3(S3Step::PutBucketVersioning { bucket: self.0.spec.bucket_name.clone(), status: change.desired.status.clone() })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.bucket_arn(), &["s3:GetBucketVersioning"], &["s3:PutBucketVersioning"])
    }
}
