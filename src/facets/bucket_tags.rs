//! Tags of the bucket.

use super::bucket::Bucket;
use super::context::ArchiveContext;
use super::observed::{Observed, Reading, Seen};
use super::read::{Read, S3Read};
use super::rights::Rights;
use super::step::{S3Step, Step};
use super::tags::{OwnerFacts, Tags, with_owner};
use super::{Change, Facet, Source};

pub struct BucketTags(pub ArchiveContext);

impl Facet for BucketTags {
    const NAME: &'static str = "bucketTags";
    type State = Tags;

    fn source(&self, seen: &Seen) -> Source {
        match seen.get(Bucket::NAME) {
            // CreateBucket sets the tags.
            Some(Observed::Absent) => Source::Inferred(Observed::Present(Reading::new(
                &self.0.spec.tags,
                &OwnerFacts { owner: Some(self.0.owner.clone()), adopted: false },
            ))),
            _ => Source::ask_below(seen, Bucket::NAME, || Read::S3(S3Read::BucketTags { bucket: self.0.spec.bucket_name.clone() })),
        }
    }

    fn desired(&self, _observed: Option<&Tags>, _seen: &Seen) -> Tags {
        self.0.spec.tags.clone()
    }

    /// S3 replaces all tags at once, so the marks of ownership are written along.
    fn steps(&self, change: &Change<'_, Tags>) -> Vec<Step> {
        let facts: OwnerFacts = change.seen.facts(Self::NAME).unwrap_or_default();
        let tags = with_owner(change.desired, &self.0.owner, self.0.found(Bucket::NOUN, &facts));
        vec![Step::S3(S3Step::PutBucketTagging { bucket: self.0.spec.bucket_name.clone(), tags })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.bucket_arn(), &["s3:GetBucketTagging"], &["s3:PutBucketTagging"])
    }
}
