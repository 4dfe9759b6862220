//! What organization trails need, and the delegated administrators of CloudTrail.

use super::{errors, input};
use crate::aws_error::AwsError;
use crate::organizations::{CLOUDTRAIL, Organization};
use crate::wire::Call;
use crate::world::World;
use serde::Deserialize;
use serde_json::{Value, json};

const DELEGATED_ADMINS: usize = 3;

/// The account that will own an organization trail of this caller, once every prerequisite holds.
pub fn management_of(world: &World, call: &Call) -> Result<String, AwsError> {
    let organization = ready(world, call)?;
    if !organization.administers_cloudtrail(&call.caller.account) {
        return Err(errors::not_management_account());
    }
    Ok(organization.management_account)
}

/// Only the management account turns a trail into an organization trail or back.
pub fn may_convert(world: &World, call: &Call) -> Result<(), AwsError> {
    let organization = ready(world, call)?;
    if organization.management_account == call.caller.account { Ok(()) } else { Err(errors::not_management_account()) }
}

fn ready(world: &World, call: &Call) -> Result<Organization, AwsError> {
    let organization = world.organizations.of(&call.caller.account).ok_or_else(errors::no_organization)?;
    if !organization.all_features {
        return Err(errors::not_all_features());
    }
    if !organization.trusted_services.contains(CLOUDTRAIL) {
        return Err(errors::no_trusted_access());
    }
    Ok(organization)
}

#[derive(Deserialize)]
struct Register {
    #[serde(rename = "MemberAccountId")]
    member: Option<String>,
}

#[derive(Deserialize)]
struct Deregister {
    #[serde(rename = "DelegatedAdminAccountId")]
    admin: Option<String>,
}

pub fn register(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Register = input(call)?;
    let member = request.member.unwrap_or_default();
    let organization = managed(world, call)?;
    if member == organization.management_account {
        return Err(errors::delegation("CannotDelegateManagementAccount", "The management account cannot be a delegated administrator."));
    }
    if !organization.members.contains(&member) {
        return Err(account_not_found(&member));
    }
    if organization.cloudtrail_admins.contains(&member) {
        return Err(errors::delegation(
            "AccountRegistered",
            format!("Account {member} is already registered as the CloudTrail delegated administrator."),
        ));
    }
    if organization.cloudtrail_admins.len() >= DELEGATED_ADMINS {
        let message = "The maximum number of CloudTrail delegated administrators is reached.";
        return Err(errors::delegation("DelegatedAdminAccountLimitExceeded", message));
    }
    world.organizations.update(&call.caller.account, |organization| organization.cloudtrail_admins.insert(member));
    Ok(json!({}))
}

pub fn deregister(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Deregister = input(call)?;
    let admin = request.admin.unwrap_or_default();
    let organization = managed(world, call)?;
    if !organization.has(&admin) {
        return Err(account_not_found(&admin));
    }
    if !organization.cloudtrail_admins.contains(&admin) {
        let message = format!("Account {admin} is not registered as the CloudTrail delegated administrator.");
        return Err(errors::delegation("AccountNotRegistered", message));
    }
    world.organizations.update(&call.caller.account, |organization| organization.cloudtrail_admins.remove(&admin));
    Ok(json!({}))
}

fn managed(world: &World, call: &Call) -> Result<Organization, AwsError> {
    let organization = ready(world, call)?;
    if organization.management_account == call.caller.account { Ok(organization) } else { Err(errors::not_organization_management()) }
}

fn account_not_found(account: &str) -> AwsError {
    errors::delegation("AccountNotFound", format!("Account {account} is not part of the organization."))
}
