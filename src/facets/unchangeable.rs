//! Differences that AWS lets nobody write away, and why: for the condition, and for the plan.

use super::Facet;
use super::bucket::Bucket;
use super::bucket_versioning::{BucketVersioning, VersioningFacts};
use super::difference::Difference;
use super::lifecycle::Lifecycle;
use super::object_lock::BucketObjectLock;
use super::observed::Seen;
use serde::Serialize;

/// A facet that can't become what is declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unchangeable {
    pub facet: &'static str,
    pub why: &'static str,
}

const BUCKET: Unchangeable = Unchangeable { facet: Bucket::NAME, why: "a bucket cannot move to another Region: create another LogArchive" };
const LOCK: Unchangeable = Unchangeable {
    facet: BucketObjectLock::NAME,
    why: "S3 never takes object lock off a bucket again: declare it in spec.objectLock, or ignore it in spec.ignore",
};
const VERSIONING: Unchangeable = Unchangeable {
    facet: BucketVersioning::NAME,
    why: "MFA delete is on: only the root user of the account, with its MFA device, can change versioning",
};
const LIFECYCLE: Unchangeable = Unchangeable {
    facet: Lifecycle::NAME,
    why: "MFA delete is on, and S3 takes no lifecycle rules with it: the root user of the account, with its MFA device, can switch it off; or ask for no rules (spec.retention.abortMultipartAfterDays 0, and nothing else)",
};

/// What of `differences` can't be written away.
pub fn unchangeable(differences: &[Difference], seen: &Seen) -> Vec<Unchangeable> {
    let differs = |path: &str| differences.iter().find(|difference| difference.path == path);
    let below = |facet: &str| differences.iter().any(|difference| difference.path.split('.').next() == Some(facet));
    let mfa_delete = VersioningFacts::mfa_delete(seen);
    [
        (differs("bucket.region").is_some(), BUCKET),
        (differs("objectLock.enabled").is_some_and(|lock| lock.desired == false), LOCK),
        (mfa_delete && below(BucketVersioning::NAME), VERSIONING),
        (mfa_delete && below(Lifecycle::NAME), LIFECYCLE),
    ]
    .into_iter()
    .filter_map(|(it_is, what)| it_is.then_some(what))
    .collect()
}
