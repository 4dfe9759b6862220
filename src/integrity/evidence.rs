//! Where objects come from: an archive in S3, or a copy of it on a disk. What the verification asks, it asks here.

use super::place::Place;
use super::public_keys::RegionKeys;
use bytes::Bytes;
use futures::stream::BoxStream;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Why something can't be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is not there.
    NotFound,
    /// It may be there: access was denied, the network failed, ... The text teaches what to do.
    Unread(String),
}

impl Refusal {
    /// In words, where absence is no answer either.
    pub fn why(self) -> String {
        match self {
            Self::NotFound => "it is not there".to_owned(),
            Self::Unread(why) => why,
        }
    }
}

/// An object as it is read: metadata first, the content piece by piece.
pub struct Opened {
    /// Names are in lower case, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    pub body: BoxStream<'static, Result<Bytes, String>>,
}

/// An older or deleted version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub key: String,
    pub id: String,
}

/// Names of objects, some at a time, in ascending order of keys.
pub type Names = BoxStream<'static, Result<Vec<String>, String>>;

/// An archive that can be read.
pub trait Evidence: Send + Sync + 'static {
    /// The folders right below `prefix` (empty, or ending in a slash), without their slash.
    fn folders(&self, bucket: &str, prefix: &str) -> impl Future<Output = Result<Vec<String>, String>> + Send;

    /// All keys that begin with `prefix` and come after `after`.
    fn names(&self, bucket: &str, prefix: &str, after: &str) -> Names;

    /// An object, in its current version or another one.
    fn open(&self, place: &Place, version: Option<&str>) -> impl Future<Output = Result<Opened, Refusal>> + Send;

    /// Versions of objects whose keys begin with `prefix`, newest first for each key, but for delete markers. Empty where
    /// versions are not kept.
    fn versions(&self, bucket: &str, prefix: &str) -> impl Future<Output = Result<Vec<Version>, String>> + Send;

    /// The public keys with which CloudTrail signed in a Region between two times.
    fn keys(&self, region: &str, from: Timestamp, until: Timestamp) -> impl Future<Output = Result<RegionKeys, String>> + Send;
}
