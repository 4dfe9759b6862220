//! Who pays for requests: the bucket's owner, always. CloudTrail can't deliver to a Requester Pays bucket.

use super::bucket::Bucket;
use super::context::ArchiveContext;
use super::observed::Seen;
use super::read::{Read, S3Read};
use super::rights::{Right, Rights};
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
        Source::ask_below(seen, Bucket::NAME, || Read::S3(S3Read::BucketRequestPayment { bucket: self.0.spec.bucket_name.clone() }))
    }

    fn desired(&self, _observed: Option<&RequestPaymentState>, _seen: &Seen) -> RequestPaymentState {
        RequestPaymentState { payer: "BucketOwner".to_owned() }
    }

    /// A new bucket's owner pays.
    fn steps(&self, change: &Change<'_, RequestPaymentState>) -> Vec<Step> {
        let put = |_| S3Step::PutBucketRequestPayment { bucket: self.0.spec.bucket_name.clone(), payer: change.desired.payer.clone() };
        change.observed.map(put).map(Step::S3).into_iter().collect()
    }

    fn rights(&self) -> Rights {
        let bucket = self.0.bucket_arn();
        Rights {
            read: vec![Right::new("s3:GetBucketRequestPayment", bucket.clone())],
            write: vec![Right::new("s3:PutBucketRequestPayment", bucket)],
            delete: Vec::new(),
        }
    }
}
