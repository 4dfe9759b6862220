//! The CustomResourceDefinitions, made from the types: `trailkeeper crds` prints them, `crds/` holds them.

use super::{AwsAccount, CompliancePolicy, EventDataStore, LogArchive, Trail};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// Every CRD, in the order in which they are printed.
pub fn all() -> [CustomResourceDefinition; 5] {
    [AwsAccount::crd(), LogArchive::crd(), Trail::crd(), EventDataStore::crd(), CompliancePolicy::crd()]
}
