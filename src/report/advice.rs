//! What to do about a failure, in words for the person at the command line. The operator tries again by itself; here people do.

use crate::facets::observed::{ErrorClass, Failure};
use crate::status::classes;

/// What to do about an operation that failed.
pub fn on_failure(failure: &Failure) -> String {
    if let Some(cure) = classes::cure(failure) {
        return format!("{cure}. Then run again.");
    }
    let Failure { operation, object, account, region, .. } = failure;
    match failure.class {
        ErrorClass::Denied => {
            format!(
                "Allow {operation} on {object} to the identity in use in account {account} (its policies, the resource's, any SCP); then run again."
            )
        }
        ErrorClass::Credentials => "Check the credentials: they are missing, wrong or expired, or a role can't be assumed.".to_owned(),
        ErrorClass::Throttled => "AWS limits the calls of this account and Region: run again in a minute.".to_owned(),
        ErrorClass::Transient => "AWS or the way to it failed: run again; if it stays, check the endpoint and the network.".to_owned(),
        ErrorClass::Conflict => "Another change of the same resource is under way: run again in some minutes.".to_owned(),
        ErrorClass::Dependency => "Put in place what AWS misses (bucket policy, key policy, role or topic); then run again.".to_owned(),
        ErrorClass::Quota => format!("A quota of the account is used up in {region}: remove what is not needed, or have the quota raised."),
        ErrorClass::AlreadyExists => "The name is taken, perhaps by another account or Region: choose another.".to_owned(),
        ErrorClass::NotFound => format!("Check name, account and Region of {object}; if it was just removed, run again."),
        ErrorClass::NotEmpty => "Trailkeeper never deletes logs: empty the bucket yourself if it is to go.".to_owned(),
        ErrorClass::Terminal => "Correct the manifest by what AWS said.".to_owned(),
        ErrorClass::Closed => format!("{}.", classes::CLOSED),
        ErrorClass::Halted => "Nothing more was written; run again to go on.".to_owned(),
    }
}

/// What to do about a resource that exists and may not be touched.
pub fn on_refusal(owner: Option<&str>) -> String {
    match owner {
        None => {
            "It exists already and no Trailkeeper object owns it: set spec.adoption to IfUnowned to take it over, or choose another name."
                .to_owned()
        }
        Some(owner) => format!(
            "It is owned by {owner}: manage it there (is --instance the one of your operator?), or set spec.adoption to Always to take it over."
        ),
    }
}
