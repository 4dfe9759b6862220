//! The errors of CloudTrail Lake, with AWS's codes. All are HTTP 400.

use crate::aws_error::AwsError;

fn error(name: &str, message: impl Into<String>) -> AwsError {
    AwsError::bad(format!("{name}Exception"), message)
}

/// AWS does not document what new customers get; this is the modelled code that fits, with the words of its notice.
pub fn closed() -> AwsError {
    error(
        "UnsupportedOperation",
        "CloudTrail Lake is no longer open to new customers as of May 31, 2026. Existing customers can continue to use the service as normal.",
    )
}

pub fn not_found(store: &str) -> AwsError {
    error("EventDataStoreNotFound", format!("The event data store {store} was not found."))
}

pub fn invalid_arn(arn: &str) -> AwsError {
    error("EventDataStoreARNInvalid", format!("The event data store ARN '{arn}' is not valid, or its Region is wrong."))
}

pub fn exists(name: &str) -> AwsError {
    error("EventDataStoreAlreadyExists", format!("An event data store with the name {name} already exists."))
}

pub fn too_many() -> AwsError {
    error("EventDataStoreMaxLimitExceeded", "Your account has used the maximum number of event data stores: 10 per Region.")
}

pub fn invalid(message: impl Into<String>) -> AwsError {
    error("InvalidParameter", message)
}

pub fn invalid_status(status: &str) -> AwsError {
    error("InvalidEventDataStoreStatus", format!("The event data store is {status}, which does not support the operation."))
}

pub fn not_ready(status: &str) -> AwsError {
    error("Conflict", format!("The event data store is {status} and not ready for the operation. Wait a few minutes and try again."))
}

pub fn inactive() -> AwsError {
    error("InactiveEventDataStore", "The event data store is inactive.")
}

pub fn protected() -> AwsError {
    error("EventDataStoreTerminationProtected", "The event data store cannot be deleted because termination protection is enabled for it.")
}

pub fn federated() -> AwsError {
    error("EventDataStoreFederationEnabled", "You cannot delete the event data store because Lake query federation is enabled.")
}

pub fn federation_under_way() -> AwsError {
    error("ConcurrentModification", "You are trying to update a resource when another request is in progress.")
}

pub fn has_import() -> AwsError {
    error("EventDataStoreHasOngoingImport", "The event data store has an import in progress.")
}

pub fn account_imports() -> AwsError {
    error("AccountHasOngoingImport", "A previous import is still in progress.")
}

pub fn import_missing(id: &str) -> AwsError {
    error("ImportNotFound", format!("The import {id} was not found."))
}

pub fn import_source(message: impl Into<String>) -> AwsError {
    error("InvalidImportSource", message)
}

pub fn category(category: &str) -> AwsError {
    error("InvalidEventDataStoreCategory", format!("The operation does not support event data stores of category {category}."))
}

pub fn role(role: &str) -> AwsError {
    error("InsufficientDependencyServiceAccessPermission", format!("The role {role} does not exist, or does not trust CloudTrail."))
}

pub fn key_policy(key: &str) -> AwsError {
    error(
        "InsufficientEncryptionPolicy",
        format!("The policy of the KMS key {key} does not have sufficient permissions for the operation."),
    )
}
