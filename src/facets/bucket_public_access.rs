//! S3 Block Public Access of the bucket.

use super::bucket::Bucket;
use super::context::ArchiveContext;
use super::observed::Seen;
use super::read::{Read, S3Read};
use super::rights::Rights;
use super::step::{S3Step, Step};
use super::{Change, Facet, Source};
use crate::api::log_archive::PublicAccessBlock;

pub struct BucketPublicAccess(pub ArchiveContext);

impl Facet for BucketPublicAccess {
    const NAME: &'static str = "publicAccessBlock";
    type State = PublicAccessBlock;

    fn source(&self, seen: &Seen) -> Source {
        Source::ask_below(seen, Bucket::NAME, || Read::S3(S3Read::BucketPublicAccess { bucket: self.0.spec.bucket_name.clone() }))
    }

    fn desired(&self, _observed: Option<&PublicAccessBlock>, _seen: &Seen) -> PublicAccessBlock {
        self.0.spec.public_access_block.clone()
    }

    fn steps(&self, change: &Change<'_, PublicAccessBlock>) -> Vec<Step> {
        let wanted = change.desired;
        vec![Step::S3(S3Step::PutPublicAccessBlock {
            bucket: self.0.spec.bucket_name.clone(),
            block_public_acls: wanted.block_public_acls,
            ignore_public_acls: wanted.ignore_public_acls,
            block_public_policy: wanted.block_public_policy,
            restrict_public_buckets: wanted.restrict_public_buckets,
        })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.bucket_arn(), &["s3:GetBucketPublicAccessBlock"], &["s3:PutBucketPublicAccessBlock"])
    }
}
