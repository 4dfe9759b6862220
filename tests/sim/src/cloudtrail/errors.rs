//! CloudTrail's errors, with AWS's codes and, where they are known, AWS's words. All are HTTP 400.

use crate::aws_error::AwsError;

fn error(name: &str, message: impl Into<String>) -> AwsError {
    AwsError::bad(format!("{name}Exception"), message)
}

pub fn trail_not_found(name: &str, account: &str) -> AwsError {
    error("TrailNotFound", format!("Unknown trail: {name} for the user: {account}"))
}

pub fn trail_exists(name: &str, account: &str) -> AwsError {
    error("TrailAlreadyExists", format!("Trail {name} already exists for customer: {account}"))
}

pub fn too_many_trails(account: &str, region: &str) -> AwsError {
    error("MaximumNumberOfTrailsExceeded", format!("User: {account} already has 5 trails in {region}."))
}

pub fn invalid_home_region(arn: &str, home: &str) -> AwsError {
    error("InvalidHomeRegion", format!("Trail {arn} can only be changed in its home Region {home}."))
}

pub fn invalid_name(message: impl Into<String>) -> AwsError {
    error("InvalidTrailName", message)
}

pub fn invalid_arn(message: impl Into<String>) -> AwsError {
    error("CloudTrailARNInvalid", message)
}

pub fn invalid_combination(message: impl Into<String>) -> AwsError {
    error("InvalidParameterCombination", message)
}

pub fn invalid_parameter(message: impl Into<String>) -> AwsError {
    error("InvalidParameter", message)
}

pub fn invalid_prefix() -> AwsError {
    error("InvalidS3Prefix", "S3 prefix is longer than maximum length. The maximum length for the S3 key prefix is 200 characters.")
}

pub fn invalid_bucket_name(name: &str) -> AwsError {
    error("InvalidS3BucketName", format!("Bucket name '{name}' is not valid."))
}

pub fn bucket_missing(name: &str) -> AwsError {
    error("S3BucketDoesNotExist", format!("S3 bucket {name} does not exist!"))
}

pub fn bucket_policy(name: &str) -> AwsError {
    error("InsufficientS3BucketPolicy", format!("Incorrect S3 bucket policy is detected for bucket: {name}"))
}

pub fn topic_policy() -> AwsError {
    error("InsufficientSnsTopicPolicy", "SNS Topic does not exist or the topic policy is incorrect!")
}

pub fn invalid_topic(message: impl Into<String>) -> AwsError {
    error("InvalidSnsTopicName", message)
}

pub fn key_policy(bucket: &str, key: &str) -> AwsError {
    error("InsufficientEncryptionPolicy", format!("Insufficient permissions to access S3 bucket {bucket} or KMS key {key}."))
}

pub fn key_not_found(key: &str) -> AwsError {
    error("KmsKeyNotFound", format!("KMS key {key} does not exist, or is not in the same Region as the S3 bucket."))
}

pub fn key_unusable(key: &str, state: &str) -> AwsError {
    error("Kms", format!("{key} is {}.", if state == "PendingDeletion" { "pending deletion" } else { "disabled" }))
}

pub fn invalid_key(key: &str) -> AwsError {
    error("InvalidKmsKeyId", format!("KMS key ID '{key}' is not valid."))
}

pub fn invalid_log_group() -> AwsError {
    error("InvalidCloudWatchLogsLogGroupArn", "CloudTrail cannot validate the specified log group ARN.")
}

pub fn log_group_without_role() -> AwsError {
    error("InvalidCloudWatchLogsRoleArn", "You must specify a role ARN as well as a log group.")
}

pub fn role_without_log_group() -> AwsError {
    error("InvalidCloudWatchLogsLogGroupArn", "You must specify a log group as well as a role ARN.")
}

pub fn log_role_denied() -> AwsError {
    error("InvalidCloudWatchLogsRoleArn", "Access denied. Check the permissions for your role.")
}

pub fn invalid_selectors(message: impl Into<String>) -> AwsError {
    error("InvalidEventSelectors", message)
}

pub fn invalid_insights(message: impl Into<String>) -> AwsError {
    error("InvalidInsightSelectors", message)
}

pub fn insight_not_enabled(arn: &str) -> AwsError {
    error("InsightNotEnabled", format!("Insights is not enabled for the trail {arn}."))
}

pub fn invalid_tag(message: impl Into<String>) -> AwsError {
    error("InvalidTagParameter", message)
}

pub fn too_many_tags() -> AwsError {
    error("TagsLimitExceeded", "The number of tags per trail has exceeded the permitted amount. Currently, the limit is 50.")
}

pub fn resource_missing(arn: &str) -> AwsError {
    error("ResourceNotFound", format!("Resource {arn} is not found."))
}

pub fn resource_type(arn: &str) -> AwsError {
    error("ResourceTypeNotSupported", format!("The resource type of {arn} is not supported."))
}

pub fn invalid_token() -> AwsError {
    error("InvalidToken", "The token is not valid.")
}

pub fn invalid_lookup(message: impl Into<String>) -> AwsError {
    error("InvalidLookupAttributes", message)
}

pub fn invalid_time_range() -> AwsError {
    error("InvalidTimeRange", "The start time occurs after the end time, or a time is outside the range of possible values.")
}

pub fn invalid_max_results() -> AwsError {
    error("InvalidMaxResults", "MaxResults must be from 1 to 50.")
}

pub fn invalid_next_token() -> AwsError {
    error("InvalidNextToken", "The token is not valid, or was obtained with other parameters.")
}

pub fn invalid_event_category(category: &str) -> AwsError {
    error("InvalidEventCategory", format!("The event category '{category}' is not valid. The valid value is insight."))
}

pub fn no_organization() -> AwsError {
    error("OrganizationsNotInUse", "Your account is not a member of an organization.")
}

pub fn not_all_features() -> AwsError {
    error("OrganizationNotInAllFeaturesMode", "The organization does not have all features enabled.")
}

pub fn no_trusted_access() -> AwsError {
    error("CloudTrailAccessNotEnabled", "Trusted access between CloudTrail and AWS Organizations is not enabled.")
}

pub fn not_management_account() -> AwsError {
    error("NotOrganizationMasterAccount", "The request must come from the organization's management account or a delegated administrator.")
}

pub fn not_organization_management() -> AwsError {
    error("NotOrganizationManagementAccount", "The account making the request is not the organization's management account.")
}

pub fn delegation(name: &str, message: impl Into<String>) -> AwsError {
    error(name, message)
}
