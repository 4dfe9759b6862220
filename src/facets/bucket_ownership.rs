//! S3 Object Ownership: with BucketOwnerEnforced no ACL can open the logs.

use super::bucket::Bucket;
use super::context::ArchiveContext;
use super::observed::Seen;
use super::read::{Read, S3Read};
use super::rights::Rights;
use super::step::{S3Step, Step};
use super::{Change, Facet, Source};
use crate::api::log_archive::ObjectOwnership;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnershipState {
    /// Empty where the bucket has no ownership controls.
    pub object_ownership: String,
}

pub struct BucketOwnership(pub ArchiveContext);

impl Facet for BucketOwnership {
    const NAME: &'static str = "ownership";
    type State = OwnershipState;

    fn source(&self, seen: &Seen) -> Source {
        Source::ask_below(seen, Bucket::NAME, || Read::S3(S3Read::BucketOwnership { bucket: self.0.spec.bucket_name.clone() }))
    }

    fn desired(&self, _observed: Option<&OwnershipState>, _seen: &Seen) -> OwnershipState {
        let object_ownership = match self.0.spec.object_ownership {
            ObjectOwnership::BucketOwnerEnforced => "BucketOwnerEnforced",
            ObjectOwnership::BucketOwnerPreferred => "BucketOwnerPreferred",
            ObjectOwnership::ObjectWriter => "ObjectWriter",
        };
        OwnershipState { object_ownership: object_ownership.to_owned() }
    }

    fn steps(&self, change: &Change<'_, OwnershipState>) -> Vec<Step> {
        vec![Step::S3(S3Step::PutBucketOwnershipControls {
            bucket: self.0.spec.bucket_name.clone(),
            object_ownership: change.desired.object_ownership.clone(),
        })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.bucket_arn(), &["s3:GetBucketOwnershipControls"], &["s3:PutBucketOwnershipControls"])
    }
}
