//! Classes of AWS errors, by code. CloudTrail's codes as `facts/api.md` section 4 sorts them; those of other services as their
//! API References describe them.

use crate::facets::observed::{ErrorClass, Failure};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;

/// Names what failed, and sorts it.
pub(super) fn classify<E>(error: &SdkError<E, HttpResponse>, operation: &str, object: &str, account: &str, region: &str) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let (class, code, message) = match error {
        SdkError::ServiceError(answered) => {
            let status = answered.raw().status().as_u16();
            // HeadBucket answers without a body, so the status is all there is.
            let code = answered.err().code().map_or_else(|| format!("HTTP{status}"), str::to_owned);
            let message = answered.err().message().unwrap_or_default().to_owned();
            (class_of(&code, &message, status), code, message)
        }
        SdkError::TimeoutError(_) => (ErrorClass::Transient, "Timeout".to_owned(), "AWS did not answer in time".to_owned()),
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) if is_credentials(&chain(error)) => {
            (ErrorClass::Credentials, "NoCredentials".to_owned(), chain(error))
        }
        SdkError::DispatchFailure(_) => (ErrorClass::Transient, "Unreachable".to_owned(), chain(error)),
        SdkError::ResponseError(_) => (ErrorClass::Transient, "UnreadableResponse".to_owned(), chain(error)),
        SdkError::ConstructionFailure(_) => (ErrorClass::Terminal, "InvalidRequest".to_owned(), chain(error)),
        _ => (ErrorClass::Transient, "Unknown".to_owned(), chain(error)),
    };
    Failure {
        class,
        operation: operation.to_owned(),
        object: object.to_owned(),
        account: account.to_owned(),
        region: region.to_owned(),
        code,
        message,
    }
}

fn is_credentials(message: &str) -> bool {
    message.contains("credentials") || message.contains("AssumeRole")
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let next = inner.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = inner.source();
    }
    text
}

fn class_of(code: &str, message: &str, status: u16) -> ErrorClass {
    let code = code.strip_suffix("Exception").unwrap_or(code);
    match code {
        "Throttling" | "Throttled" | "RequestThrottled" | "TooManyRequests" | "RequestLimitExceeded" | "SlowDown" | "HTTP429" => {
            ErrorClass::Throttled
        }
        "ServiceUnavailable"
        | "InternalFailure"
        | "InternalError"
        | "RequestTimeout"
        | "ConcurrentModification"
        | "KMSInternal"
        | "DependencyTimeout" => ErrorClass::Transient,
        "Conflict"
        | "OperationAborted"
        | "EventDataStoreHasOngoingImport"
        | "AccountHasOngoingImport"
        | "InvalidEventDataStoreStatus"
        | "InactiveEventDataStore"
        | "EventDataStoreFederationEnabled" => ErrorClass::Conflict,
        "AccessDenied" | "UnauthorizedOperation" | "NotAuthorized" | "HTTP403" | "AllAccessDisabled" | "KMSAccessDenied" => {
            ErrorClass::Denied
        }
        "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "IncompleteSignature"
        | "RequestExpired"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "CloudTrailInvalidClientTokenId" => ErrorClass::Credentials,
        "TrailNotFound"
        | "EventDataStoreNotFound"
        | "NotFound"
        | "NoSuchBucket"
        | "NoSuchKey"
        | "NoSuchVersion"
        | "NoSuchEntity"
        | "EntityNotFound"
        | "ResourceNotFound"
        | "HTTP404"
        | "QueueDoesNotExist"
        | "AWS.SimpleQueueService.NonExistentQueue" => ErrorClass::NotFound,
        "TrailAlreadyExists"
        | "EventDataStoreAlreadyExists"
        | "EntityAlreadyExists"
        | "BucketAlreadyExists"
        | "BucketAlreadyOwnedByYou"
        | "AlreadyExists"
        | "ResourceAlreadyExists" => ErrorClass::AlreadyExists,
        // LimitExceeded sounds like a rate, but is a number of things wherever we call: CloudWatch, CloudWatch Logs, EventBridge, IAM, KMS.
        "LimitExceeded"
        | "MaximumNumberOfTrailsExceeded"
        | "EventDataStoreMaxLimitExceeded"
        | "TooManyBuckets"
        | "PolicyTooLarge"
        | "PolicyLengthExceeded"
        | "TopicLimitExceeded"
        | "SubscriptionLimitExceeded"
        | "ResourceNumberLimitExceeded"
        | "OverLimit" => ErrorClass::Quota,
        "BucketNotEmpty" => ErrorClass::NotEmpty,
        "InsufficientS3BucketPolicy"
        | "S3BucketDoesNotExist"
        | "InsufficientEncryptionPolicy"
        | "InsufficientSnsTopicPolicy"
        | "KmsKeyNotFound"
        | "KmsKeyDisabled"
        | "Kms"
        | "InsufficientDependencyServiceAccessPermission"
        | "CloudTrailAccessNotEnabled"
        | "NoManagementAccountSLRExists"
        | "OrganizationsNotInUse"
        | "OrganizationNotInAllFeaturesMode"
        | "NotOrganizationMasterAccount"
        | "MalformedPolicyDocument"
        | "InvalidTargetBucketForLogging" => ErrorClass::Dependency,
        // One code, two meanings: a role that is not usable yet, and an ARN that never will be.
        "InvalidCloudWatchLogsLogGroupArn" | "InvalidCloudWatchLogsRoleArn" if message.contains("Access denied") => ErrorClass::Dependency,
        // EventBridge does not see a role that was just made.
        "Validation" if message.contains("cannot be assumed") => ErrorClass::Dependency,
        // A success that can't be read was garbled on the way.
        _ if !(400..500).contains(&status) => ErrorClass::Transient,
        _ if status == 429 => ErrorClass::Throttled,
        _ if status == 403 => ErrorClass::Denied,
        _ => ErrorClass::Terminal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_classed_as_facts_say() {
        let cases = [
            ("ThrottlingException", "", 400, ErrorClass::Throttled),
            ("InsufficientS3BucketPolicyException", "", 400, ErrorClass::Dependency),
            ("InvalidTrailNameException", "", 400, ErrorClass::Terminal),
            ("InvalidHomeRegionException", "", 400, ErrorClass::Terminal),
            ("ConflictException", "", 400, ErrorClass::Conflict),
            ("MaximumNumberOfTrailsExceededException", "", 403, ErrorClass::Quota),
            ("TrailNotFoundException", "", 404, ErrorClass::NotFound),
            ("NoSuchKey", "The specified key does not exist.", 404, ErrorClass::NotFound),
            ("InvalidCloudWatchLogsRoleArnException", "Access denied. Check the permissions for your role.", 400, ErrorClass::Dependency),
            (
                "InvalidCloudWatchLogsLogGroupArnException",
                "CloudTrail cannot validate the specified log group ARN.",
                400,
                ErrorClass::Terminal,
            ),
            ("SomethingNew", "", 503, ErrorClass::Transient),
            ("SomethingNew", "", 400, ErrorClass::Terminal),
            ("HTTP403", "", 403, ErrorClass::Denied),
            ("BucketNotEmpty", "", 409, ErrorClass::NotEmpty),
        ];
        for (code, message, status, class) in cases {
            assert_eq!(class_of(code, message, status), class, "{code}: {message}");
        }
    }

    /// Called too often, it helps to wait; with too many things there, it does not. By the API References of the services.
    #[test]
    fn rates_are_told_from_numbers_for_every_service() {
        let rates = [
            ("cloudtrail", "ThrottlingException", 400),
            ("logs", "ThrottlingException", 400),
            ("cloudwatch", "Throttling", 400),
            ("iam", "Throttling", 400),
            ("kms", "ThrottlingException", 400),
            ("s3", "SlowDown", 503),
            ("sns", "Throttled", 429),
            ("sqs", "RequestThrottled", 403),
            ("sts", "ThrottlingException", 400),
            ("athena", "TooManyRequestsException", 400),
            ("lambda", "TooManyRequestsException", 429),
            ("organizations", "TooManyRequestsException", 400),
        ];
        let numbers = [
            ("cloudtrail", "MaximumNumberOfTrailsExceededException", 400),
            ("cloudtrail", "EventDataStoreMaxLimitExceededException", 400),
            ("logs", "LimitExceededException", 400),
            ("cloudwatch", "LimitExceeded", 400),
            ("iam", "LimitExceeded", 409),
            ("kms", "LimitExceededException", 400),
            ("events", "LimitExceededException", 400),
            ("s3", "TooManyBuckets", 400),
            ("s3", "PolicyTooLarge", 400),
            ("sns", "TopicLimitExceeded", 403),
            ("sns", "SubscriptionLimitExceeded", 403),
            ("sqs", "OverLimit", 403),
            ("glue", "ResourceNumberLimitExceededException", 400),
            ("lambda", "PolicyLengthExceededException", 400),
        ];
        for (cases, class) in [(&rates[..], ErrorClass::Throttled), (&numbers[..], ErrorClass::Quota)] {
            for (service, code, status) in cases {
                assert_eq!(class_of(code, "", *status), class, "{code} of {service}");
            }
        }
    }
}
