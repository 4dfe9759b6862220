//! What to do about a failure, in words for the person at the command line.

use crate::facets::observed::{ErrorClass, Failure};

/// What to do about an operation that failed.
pub fn on_failure(failure: &Failure) -> String {
    let Failure { operation, object, region, .. } = failure;
    match failure.class {
        ErrorClass::Denied => format!("allow {operation} on {object} for the identity in use (its policies, the resource's policy, and any SCP), then run again"),
        ErrorClass::Credentials => "check the credentials: they are missing, wrong or expired, or a role can't be assumed".to_owned(),
        ErrorClass::Throttled => "AWS limits the calls of this account and Region: run again in a minute".to_owned(),
        ErrorClass::Transient => "AWS or the way to it failed: run again; if it stays, check the endpoint, the network and the AWS Health Dashboard".to_owned(),
        ErrorClass::Conflict => "another change of the same resource is under way: run again in some minutes".to_owned(),
        ErrorClass::Dependency => format!("put in place what AWS misses for {object} (bucket policy, key policy, role or topic), then run again"),
        ErrorClass::Quota => format!("a quota of the account is used up in {region}: remove what is not needed, or have it raised in Service Quotas"),
        ErrorClass::AlreadyExists => "a resource of this name exists already, perhaps in another account or Region: choose another name".to_owned(),
        ErrorClass::NotFound => format!("{object} is not there: check its name, account and Region; if it was just removed, run again"),
        ErrorClass::NotEmpty => "Trailkeeper deletes no log object: empty the bucket yourself if it is to go".to_owned(),
        ErrorClass::Terminal => "AWS does not accept the request: correct the manifest by what AWS said".to_owned(),
        ErrorClass::Halted => "nothing more was written; run again to go on".to_owned(),
    }
}

/// What to do about a resource that exists and may not be touched.
pub fn on_refusal(owner: Option<&str>) -> String {
    match owner {
        None => "it exists already and no Trailkeeper object owns it: set spec.adoption to IfUnowned to take it over, or choose another name".to_owned(),
        Some(owner) => format!(
            "it is owned by {owner}: manage it there (is --instance the one of your operator?), or set spec.adoption to Always to take it over"
        ),
    }
}
