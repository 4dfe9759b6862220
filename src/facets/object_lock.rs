//! Object lock: until it ends, no version of a log file can be deleted. A bucket never loses it again, so what the spec no
//! longer asks for is told, and left.

use super::bucket::Bucket;
use super::context::ArchiveContext;
use super::observed::Seen;
use super::read::{Read, S3Read};
use super::rights::{Right, Rights};
use super::step::{S3Step, Step};
use super::{Change, Facet, Source};
use crate::api::bucket_options::ObjectLock;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectLockState {
    pub enabled: bool,
    /// `GOVERNANCE`, `COMPLIANCE`, or empty where new objects are not locked by themselves.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mode: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub years: Option<i32>,
}

impl From<&ObjectLock> for ObjectLockState {
    fn from(lock: &ObjectLock) -> Self {
        Self { enabled: true, mode: lock.mode.as_str().to_owned(), days: lock.days, years: lock.years }
    }
}

pub struct BucketObjectLock(pub ArchiveContext);

impl Facet for BucketObjectLock {
    const NAME: &'static str = "objectLock";
    type State = ObjectLockState;

    fn source(&self, seen: &Seen) -> Source {
        let new = self.0.spec.object_lock.is_none().then(ObjectLockState::default);
        Source::ask_of_new_or_old(seen, Bucket::NAME, new, || {
            Read::S3(S3Read::BucketObjectLock { bucket: self.0.spec.bucket_name.clone() })
        })
    }

    fn desired(&self, _observed: Option<&ObjectLockState>, _seen: &Seen) -> ObjectLockState {
        self.0.spec.object_lock.as_ref().map(ObjectLockState::from).unwrap_or_default()
    }

    fn steps(&self, change: &Change<'_, ObjectLockState>) -> Vec<Step> {
        let ObjectLockState { enabled, mode, days, years } = change.desired.clone();
        let put = || Step::S3(S3Step::PutObjectLockConfiguration { bucket: self.0.spec.bucket_name.clone(), mode, days, years });
        enabled.then(put).into_iter().collect()
    }

    fn rights(&self) -> Rights {
        let bucket = self.0.bucket_arn();
        let write = self.0.spec.object_lock.as_ref().map(|_| Right::new("s3:PutBucketObjectLockConfiguration", bucket.clone()));
        Rights {
            read: vec![Right::new("s3:GetBucketObjectLockConfiguration", bucket)],
            write: write.into_iter().collect(),
            delete: Vec::new(),
        }
    }
}
