//! The bucket: that it exists, in its Region, and belongs to the declared account.

use super::bucket_tags::BucketTags;
use super::context::ArchiveContext;
use super::observed::Seen;
use super::read::{Read, S3Read};
use super::rights::Rights;
use super::step::{S3Step, Step};
use super::tags::{Tags, with_owner};
use super::{Change, Facet, Resource, Source};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketState {
    pub region: String,
}

pub struct Bucket(pub ArchiveContext);

/// A bucket is created with its tags, for which S3 wants a right of its own (API Reference, CreateBucketConfiguration).
const WRITES: [&str; 2] = ["s3:CreateBucket", "s3:TagResource"];

impl Bucket {
    pub(super) const NOUN: &'static str = "bucket";
}

impl Facet for Bucket {
    const NAME: &'static str = "bucket";
    type State = BucketState;

    fn source(&self, _seen: &Seen) -> Source {
        Source::Ask(Read::S3(S3Read::Bucket { bucket: self.0.spec.bucket_name.clone() }))
    }

    fn desired(&self, _observed: Option<&BucketState>, _seen: &Seen) -> BucketState {
        BucketState { region: self.0.spec.region.clone() }
    }

    /// A bucket in another Region can't be moved: that difference has no steps, and is told as such.
    fn steps(&self, change: &Change<'_, BucketState>) -> Vec<Step> {
        match change.observed {
            None => vec![Step::S3(S3Step::CreateBucket {
                bucket: self.0.spec.bucket_name.clone(),
                tags: with_owner(&self.0.spec.tags, &self.0.owner, false),
                object_lock: self.0.spec.object_lock.is_some(),
            })],
            Some(_) => Vec::new(),
        }
    }

    fn reason(&self, change: &Change<'_, BucketState>) -> String {
        match change.observed {
            None => "the bucket does not exist".to_owned(),
            Some(found) => format!("the bucket is in {}, and a bucket can't move", found.region),
        }
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.bucket_arn(), &["s3:ListBucket"], &WRITES).deleting(&self.0.bucket_arn(), &["s3:DeleteBucket"])
    }
}

impl Resource for Bucket {
    fn noun(&self) -> &'static str {
        Self::NOUN
    }
    fn id(&self) -> String {
        self.0.spec.bucket_name.clone()
    }
    fn root(&self) -> &'static str {
        Self::NAME
    }
    fn tags(&self) -> &'static str {
        BucketTags::NAME
    }
    /// S3 replaces all tags at once, so those that are there go along.
    fn claim(&self, seen: &Seen, marks: Tags) -> Option<Step> {
        let mut tags: Tags = seen.state(BucketTags::NAME).unwrap_or_default();
        tags.extend(marks);
        Some(Step::S3(S3Step::PutBucketTagging { bucket: self.id(), tags }))
    }
    fn delete(&self, _seen: &Seen) -> Vec<Step> {
        vec![Step::S3(S3Step::DeleteBucket { bucket: self.id() })]
    }
}
