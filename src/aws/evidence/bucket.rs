//! What stands around a trail's bucket: whose it is, its ACL, where access logs and copies go.

use super::super::Cloud;
use super::super::s3::configured;
use crate::engine::World;
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::read::{Read, S3Read};
use crate::rules::bucket::{AccessLogTarget, AclGrant, AclState, ReplicationTargets};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// Whose a bucket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Account(String),
    /// It may be looked at, and is none of the accounts that were tried.
    Stranger,
    Absent,
    /// S3 tells neither whose it is nor that the bucket may be looked at.
    Unknown(Failure),
}

impl Cloud {
    /// Whose the bucket is, among this account and `others`. S3 tells nobody the owner's account: it says whether one that is
    /// expected is right.
    pub async fn owner_of_bucket(&self, bucket: &str, others: &BTreeSet<String>) -> Owner {
        let mut refused = None;
        for owner in std::iter::once(&self.account).chain(others.iter().filter(|other| **other != self.account)) {
            let request = self.s3.head_bucket().bucket(bucket).expected_bucket_owner(owner);
            match self.call("s3:ListBucket", bucket, request.send()).await {
                Ok(_) => return Owner::Account(owner.clone()),
                Err(failure) if failure.class == ErrorClass::NotFound => return Owner::Absent,
                // A Region's redirection is told to those who may look.
                Err(failure) if is_redirection(&failure) => return Owner::Account(owner.clone()),
                Err(failure) if failure.class == ErrorClass::Denied => drop(refused.get_or_insert(failure)),
                Err(failure) => return Owner::Unknown(failure),
            }
        }
        match self.call("s3:ListBucket", bucket, self.s3.head_bucket().bucket(bucket).send()).await {
            Ok(_) => Owner::Stranger,
            Err(failure) if is_redirection(&failure) => Owner::Stranger,
            Err(failure) if failure.class == ErrorClass::NotFound => Owner::Absent,
            Err(failure) => Owner::Unknown(refused.unwrap_or(failure)),
        }
    }

    /// This account's view of the buckets of another.
    pub fn among_buckets_of(&self, owner: &str) -> Self {
        Self { bucket_owner: owner.to_owned(), ..self.clone() }
    }

    pub async fn bucket_acl(&self, bucket: &str) -> Answer {
        let request = self.s3.get_bucket_acl().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        let result = self.call("s3:GetBucketAcl", bucket, request.send()).await;
        configured(result, Reading::default(), |answer| {
            let grants = answer.grants.unwrap_or_default().into_iter().map(|grant| AclGrant {
                grantee: grant.grantee.and_then(|grantee| grantee.id.or(grantee.uri)).unwrap_or_default(),
                permission: grant.permission.map(|permission| permission.as_str().to_owned()).unwrap_or_default(),
            });
            let owner = answer.owner.and_then(|owner| owner.id).unwrap_or_default();
            Reading::state(&AclState { owner, grants: grants.collect() })
        })
    }

    /// What of the bucket that access logs go to keeps S3 from writing them.
    pub async fn access_log_target(&self, bucket: &str) -> Answer {
        let name = || bucket.to_owned();
        let head = self.read(&Read::S3(S3Read::Bucket { bucket: name() })).await;
        if head.present().is_none() {
            return head;
        }
        let found = async {
            Ok::<_, Answer>(AccessLogTarget {
                object_lock: state(self.read(&Read::S3(S3Read::BucketObjectLock { bucket: name() })).await)?,
                encryption: state(self.read(&Read::S3(S3Read::BucketEncryption { bucket: name() })).await)?,
                request_payment: state(self.read(&Read::S3(S3Read::BucketRequestPayment { bucket: name() })).await)?,
            })
        };
        match found.await {
            Ok(target) => Observed::Present(Reading::state(&target)),
            Err(answer) => answer,
        }
    }

    /// The Regions of the buckets that copies go to, by ARN. One that may not be looked at is left out.
    pub async fn replication_targets(&self, buckets: impl IntoIterator<Item = String>) -> Answer {
        let mut targets = ReplicationTargets::new();
        for arn in buckets {
            let bucket = arn.rsplit(':').next().unwrap_or_default().to_owned();
            if let Some(region) = self.region_of_bucket(&bucket).await {
                targets.insert(arn, region);
            }
        }
        Observed::Present(Reading::state(&targets))
    }
}

fn is_redirection(failure: &Failure) -> bool {
    failure.code == "HTTP301" || failure.code == "PermanentRedirect"
}

/// The state, its default where there is none; an answer that tells of neither ends the question.
fn state<S: DeserializeOwned + Default>(answer: Answer) -> Result<S, Answer> {
    match answer {
        Observed::Present(reading) => Ok(serde_json::from_value(reading.state).unwrap_or_default()),
        Observed::Absent => Ok(S::default()),
        Observed::Unknown(failure) => Err(Observed::Unknown(failure)),
    }
}
