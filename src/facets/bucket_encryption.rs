//! Default encryption of new objects.

use super::bucket::Bucket;
use super::context::ArchiveContext;
use super::key::{Key, KeyFacts};
use super::observed::Seen;
use super::read::{Read, S3Read};
use super::rights::Rights;
use super::step::{AFTER_APPLY, KeyRef, S3Step, Step};
use super::{Change, Facet, Source};
use crate::api::log_archive::EncryptionType;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EncryptionState {
    /// `aws:kms`, `aws:kms:dsse` or `AES256`.
    pub algorithm: String,
    /// Key ARN; empty for SSE-S3.
    pub kms_key: String,
    pub bucket_key: bool,
}

pub struct BucketEncryption(pub ArchiveContext);

impl Facet for BucketEncryption {
    const NAME: &'static str = "encryption";
    type State = EncryptionState;
    const NEEDS: &'static [&'static str] = &[Key::NAME];

    fn source(&self, seen: &Seen) -> Source {
        Source::ask_below(seen, Bucket::NAME, || Read::S3(S3Read::BucketEncryption { bucket: self.0.spec.bucket_name.clone() }))
    }

    fn desired(&self, _observed: Option<&EncryptionState>, seen: &Seen) -> EncryptionState {
        let kms_key = kms_key(&self.0, seen);
        let with_kms = !kms_key.is_empty();
        // Bucket keys exist for KMS only.
        EncryptionState {
            algorithm: if with_kms { "aws:kms" } else { "AES256" }.to_owned(),
            kms_key,
            bucket_key: with_kms && self.0.spec.encryption.bucket_key,
        }
    }

    fn steps(&self, change: &Change<'_, EncryptionState>) -> Vec<Step> {
        let key = &change.desired.kms_key;
        vec![Step::S3(S3Step::PutBucketEncryption {
            bucket: self.0.spec.bucket_name.clone(),
            kms_key: (!key.is_empty()).then(|| KeyRef::from_arn(key)),
            bucket_key: change.desired.bucket_key,
        })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.bucket_arn(), &["s3:GetEncryptionConfiguration"], &["s3:PutEncryptionConfiguration"])
    }
}

/// ARN of the key that encrypts the archive: empty for SSE-S3, `AFTER_APPLY` for a key that is still to be created.
pub fn kms_key(context: &ArchiveContext, seen: &Seen) -> String {
    match context.spec.encryption.kind {
        EncryptionType::OwnKey => seen.facts::<KeyFacts>(Key::NAME).map_or_else(|| AFTER_APPLY.to_owned(), |facts| facts.arn),
        EncryptionType::ExistingKey => context.spec.encryption.existing_key_arn.clone().unwrap_or_default(),
        EncryptionType::S3Managed => String::new(),
    }
}
