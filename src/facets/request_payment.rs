//! Who pays for requests: the bucket's owner, always. CloudTrail can't deliver to a Requester Pays bucket.

use super::bucket::Bucket;
use super::context::ArchiveContext;
use super::observed::Seen;
use super::read::{Read, S3Read};
use super::rights::Rights;
use super::step::{S3Step, Step};
use super::{Change, Facet, Source};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestPaymentState {
    /// `BucketOwner` or `Requester`.
    pub payer: String,
}

pub struct RequestPayment(pub ArchiveContext);

impl Facet for RequestPayment {
    const NAME: &'static str = "requestPayment";
    type State = RequestPaymentState;

    fn source(&self, seen: &Seen) -> Source {
        let new = Some(self.desired(None, seen));
        Source::ask_of_new_or_old(seen, Bucket::NAME, new, || {
            Read::S3(S3Read::BucketRequestPayment { bucket: self.0.spec.bucket_name.clone() })
        })
    }

    fn desired(&self, _observed: Option<&RequestPaymentState>, _seen: &Seen) -> RequestPaymentState {
        RequestPaymentState { payer: "BucketOwner".to_owned() }
    }

    fn steps(&self, change: &Change<'_, RequestPaymentState>) -> Vec<Step> {
        let (bucket, payer) = (self.0.spec.bucket_name.clone(), change.desired.payer.clone());
        vec![Step::S3(S3Step::PutBucketRequestPayment { bucket, payer })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.bucket_arn(), &["s3:GetBucketRequestPayment"], &["s3:PutBucketRequestPayment"])
    }
}
