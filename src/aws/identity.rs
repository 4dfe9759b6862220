//! Who we are and where: the caller identity that is verified before anything is written, and the account's organization.

use super::Session;
use super::failures::classify;
use crate::api::aws_account::Organization;
use crate::facets::observed::{ErrorClass, Failure};
use aws_sdk_account::types::RegionOptStatus;

/// Who AWS says we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

/// Asks STS who we are.
pub async fn caller(session: &Session) -> Result<Identity, Failure> {
    let answer = session.sts().get_caller_identity().send().await;
    let answer = answer.map_err(|error| classify(&error, "sts:GetCallerIdentity", "the caller", session.account(), &session.region()))?;
    Ok(Identity { account: answer.account.unwrap_or_default(), arn: answer.arn.unwrap_or_default() })
}

/// Asks which Regions are on in the account: those of every account, and those that it opted in to.
pub async fn regions(session: &Session) -> Result<Vec<String>, Failure> {
    let on = [RegionOptStatus::Enabled, RegionOptStatus::EnabledByDefault];
    let pages = session.account_management().list_regions().set_region_opt_status_contains(Some(on.to_vec())).into_paginator();
    let answer: Result<Vec<_>, _> = pages.items().send().collect().await;
    let answer = answer.map_err(|error| classify(&error, "account:ListRegions", "the Regions", session.account(), &session.region()))?;
    let mut regions: Vec<String> = answer.into_iter().filter_map(|region| region.region_name).collect();
    regions.sort();
    Ok(regions)
}

/// Asks for the organization. An account may belong to none, and may not be allowed to ask: then there is none to know of.
pub async fn organization(session: &Session) -> Result<Option<Organization>, Failure> {
    match session.organizations().describe_organization().send().await {
        Ok(answer) => {
            Ok(answer.organization.and_then(|found| Some(Organization { id: found.id?, management_account_id: found.master_account_id? })))
        }
        Err(error) => {
            let failure = classify(&error, "organizations:DescribeOrganization", "the organization", session.account(), &session.region());
            let none = failure.code == "AWSOrganizationsNotInUseException" || failure.class == ErrorClass::Denied;
            if none { Ok(None) } else { Err(failure) }
        }
    }
}
