//! Versioning: an overwritten or deleted log object can be brought back.

use super::bucket::Bucket;
use super::context::ArchiveContext;
use super::observed::Seen;
use super::read::{Read, S3Read};
use super::replication::{BucketReplication, ReplicationState};
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

/// What comes with versioning, and is not compared: only the root user can set it, with a device in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VersioningFacts {
    /// Nobody deletes a version, or changes versioning, without the root user's MFA device.
    pub mfa_delete: bool,
}

impl VersioningFacts {
    pub(super) fn mfa_delete(seen: &Seen) -> bool {
        seen.facts::<Self>(BucketVersioning::NAME).is_some_and(|facts| facts.mfa_delete)
    }
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

    /// S3 copies versions: what is copied no longer must be called off before versioning is.
    fn steps(&self, change: &Change<'_, VersioningState>) -> Vec<Step> {
        if VersioningFacts::mfa_delete(change.seen) {
            return Vec::new();
        }
        let (bucket, status) = (self.0.spec.bucket_name.clone(), change.desired.status.clone());
        let copied = change.seen.state::<ReplicationState>(BucketReplication::NAME).is_some_and(|state| !state.rules.is_empty());
        let call_off = (copied && status == "Suspended").then(|| S3Step::DeleteBucketReplication { bucket: bucket.clone() });
        call_off.into_iter().chain([S3Step::PutBucketVersioning { bucket, status }]).map(Step::S3).collect()
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.bucket_arn(), &["s3:GetBucketVersioning"], &["s3:PutBucketVersioning"])
    }
}
