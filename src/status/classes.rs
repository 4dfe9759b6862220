//! The one table that maps an error's class to the condition, the retry and the advice.

use super::schedule::{Requeue, backoff};
use crate::facets::observed::{ErrorClass, Failure};
use std::time::Duration;

/// How a class of error is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// The reason in conditions and events.
    pub reason: &'static str,
    /// Nobody but people can help: kstatus `Stalled`. Otherwise work goes on: `Reconciling`.
    pub stalled: bool,
    /// It passes by itself and says nothing about the object: `Ready` stays as it was.
    pub passing: bool,
    /// First and longest wait; none where only a change can help. Even stalled objects are looked at again at times,
    /// where it is AWS and not the spec that must change.
    retry: Option<(Duration, Duration)>,
}

const fn seconds(first: u64, most: u64) -> Option<(Duration, Duration)> {
    Some((Duration::from_secs(first), Duration::from_secs(most)))
}

pub fn class(class: ErrorClass) -> Class {
    match class {
        ErrorClass::Throttled => Class { reason: "Throttled", stalled: false, passing: true, retry: seconds(5, 300) },
        ErrorClass::Transient => Class { reason: "AwsUnavailable", stalled: false, passing: true, retry: seconds(2, 300) },
        ErrorClass::Halted => Class { reason: "Halted", stalled: false, passing: true, retry: seconds(2, 60) },
        // AWS asks to "wait a few minutes".
        ErrorClass::Conflict => Class { reason: "Conflict", stalled: false, passing: false, retry: seconds(120, 600) },
        ErrorClass::Dependency => Class { reason: "WaitingForDependency", stalled: false, passing: false, retry: seconds(5, 300) },
        ErrorClass::NotFound => Class { reason: "NotFound", stalled: false, passing: false, retry: seconds(5, 300) },
        ErrorClass::Terminal => Class { reason: "InvalidSpec", stalled: true, passing: false, retry: None },
        ErrorClass::Quota => Class { reason: "QuotaExceeded", stalled: true, passing: false, retry: seconds(300, 3600) },
        // Mostly our own call, whose answer was lost and which the SDK made again: the next look finds what it made.
        ErrorClass::AlreadyExists => Class { reason: "AlreadyExists", stalled: false, passing: false, retry: seconds(2, 600) },
        ErrorClass::Closed => Class { reason: "LakeClosed", stalled: true, passing: false, retry: seconds(3600, 21_600) },
        ErrorClass::Denied => Class { reason: "AccessDenied", stalled: true, passing: false, retry: seconds(15, 300) },
        ErrorClass::Credentials => Class { reason: "CredentialsInvalid", stalled: true, passing: false, retry: seconds(15, 300) },
        ErrorClass::NotEmpty => Class { reason: "BucketNotEmpty", stalled: true, passing: false, retry: seconds(60, 3600) },
    }
}

impl Class {
    /// When to come again, after this many failures in a row.
    pub fn requeue(self, attempts: u32) -> Requeue {
        self.retry.map_or(Requeue::OnChange, |(first, most)| Requeue::After(backoff(first, most, attempts)))
    }
}

/// What is left to those who come after the closure of CloudTrail Lake.
pub const CLOSED: &str = "AWS closed CloudTrail Lake to new customers on 2026-05-31. A store that exists can be kept by this kind \
    (spec.adoption, spec.storeName). Otherwise keep the events in a LogArchive and query them by its analysis with Athena";

/// What AWS said, and what to do about it.
pub fn explain(failure: &Failure) -> String {
    format!("{failure}. {}", advice(failure))
}

/// What to do about one of AWS's codes that has a known cure.
pub fn cure(failure: &Failure) -> Option<&'static str> {
    let cure = match failure.code.strip_suffix("Exception").unwrap_or(&failure.code) {
        "InsufficientS3BucketPolicy" => {
            "Let CloudTrail in by the bucket policy (GetBucketAcl and PutObject, with aws:SourceArn of this trail); a LogArchive does so by itself"
        }
        "InvalidTargetBucketForLogging" => {
            "Create spec.accessLogging.bucketName in the archive's account and Region, and let logging.s3.amazonaws.com write there by its policy"
        }
        "S3BucketDoesNotExist" => "Create the bucket, or refer to a LogArchive by spec.archiveRef",
        "InsufficientEncryptionPolicy" | "KmsKeyNotFound" | "Kms" | "KmsKeyDisabled" => {
            "Check that the KMS key exists, is enabled, is in the bucket's Region, and lets cloudtrail.amazonaws.com use it for this trail"
        }
        "InsufficientSnsTopicPolicy" => "Let cloudtrail.amazonaws.com publish to the topic by its policy",
        "MaximumNumberOfTrailsExceeded" => {
            "AWS allows 5 trails per Region and does not raise it: delete a trail that is not needed (multi-Region trails count in every Region)"
        }
        "PolicyTooLarge" => {
            "Let the trails' accounts join one organization (one statement then lets them all in), use an organization trail, or share the trails out over several LogArchives. Readers take room, too: name their accounts rather than many roles"
        }
        "EventDataStoreMaxLimitExceeded" => "AWS allows 10 event data stores per Region: delete one that is not needed",
        "HomeRegionDiffers" => {
            "Set spec.region to that Region (in a new Trail object, as it is immutable), or choose another spec.trailName"
        }
        "CloudTrailAccessNotEnabled" | "OrganizationsNotInUse" | "OrganizationNotInAllFeaturesMode" | "NotOrganizationMasterAccount" => {
            "An organization trail needs an organization with all features, trusted access for CloudTrail, and the management account or a delegated administrator"
        }
        _ => return None,
    };
    Some(cure)
}

fn advice(failure: &Failure) -> String {
    if let Some(cure) = cure(failure) {
        return format!("{cure}.");
    }
    match failure.class {
        ErrorClass::Denied => format!("Allow {} to the identity that Trailkeeper uses in account {}.", failure.operation, failure.account),
        ErrorClass::Credentials => "Check spec.credentials of the AwsAccount: the Secret, the roles and their external ids.".to_owned(),
        ErrorClass::Terminal => "Correct the spec; nothing is tried again until it changes.".to_owned(),
        ErrorClass::NotEmpty => {
            "Trailkeeper never deletes logs: empty the bucket yourself, or set spec.deletionPolicy to Retain.".to_owned()
        }
        ErrorClass::AlreadyExists => "Choose another name, or let this object take it over by spec.adoption.".to_owned(),
        ErrorClass::Conflict => "Another change is under way; it is tried again in some minutes.".to_owned(),
        ErrorClass::Closed => format!("{CLOSED}."),
        ErrorClass::Quota => "A quota of the account is used up: remove what is not needed, or have it raised.".to_owned(),
        ErrorClass::Throttled | ErrorClass::Transient | ErrorClass::Dependency | ErrorClass::NotFound | ErrorClass::Halted => {
            "It is tried again.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_names_the_permission_that_is_missing() {
        let failure = Failure {
            class: ErrorClass::Denied,
            operation: "s3:GetBucketPolicy".into(),
            object: "logs".into(),
            account: "111111111111".into(),
            region: "eu-west-1".into(),
            code: "AccessDenied".into(),
            message: "Access Denied".into(),
        };
        insta::assert_snapshot!(explain(&failure), @"s3:GetBucketPolicy on logs (account 111111111111, Region eu-west-1): AccessDenied: Access Denied. Allow s3:GetBucketPolicy to the identity that Trailkeeper uses in account 111111111111.");
    }

    #[test]
    fn only_an_invalid_spec_waits_for_a_change() {
        assert_eq!(class(ErrorClass::Terminal).requeue(0), Requeue::OnChange);
        assert_eq!(class(ErrorClass::Dependency).requeue(1), Requeue::After(Duration::from_secs(10)));
    }
}
