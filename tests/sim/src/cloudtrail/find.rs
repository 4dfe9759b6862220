//! Which trail a caller means by a name or an ARN, and whether it may touch it from where it stands.

use super::errors;
use super::model::Trail;
use super::names::{check_name, parse_arn};
use crate::aws_error::AwsError;
use crate::wire::Call;
use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// The trail, or the error that AWS gives. A name is looked for in the caller's account and Region only.
pub fn find(world: &World, call: &Call, name_or_arn: Option<&str>, access: Access) -> Result<Trail, AwsError> {
    let wanted = name_or_arn.unwrap_or_default();
    let not_found = || errors::trail_not_found(wanted, &call.caller.account);
    if !wanted.starts_with("arn:") {
        check_name(wanted)?;
        let is_it = |trail: &Trail| trail.account == call.caller.account && trail.name == wanted && trail.is_in(&call.region);
        let own = world.trails.matching(is_it);
        if let Some(home) = own.iter().find(|trail| trail.home_region == call.region) {
            return Ok(home.clone());
        }
        return match (own.first(), access) {
            (Some(shadow), Access::Write) => Err(errors::invalid_home_region(&shadow.arn, &shadow.home_region)),
            _ => Err(not_found()),
        };
    }
    parse_arn(wanted)?;
    let trail = world.trails.get(wanted).filter(|trail| is_visible(world, &call.caller.account, trail)).ok_or_else(not_found)?;
    match access {
        Access::Read if !trail.is_in(&call.region) => Err(not_found()),
        Access::Read => Ok(trail),
        Access::Write => {
            may_change(world, &call.caller.account, &trail)?;
            if trail.home_region != call.region {
                return Err(errors::invalid_home_region(&trail.arn, &trail.home_region));
            }
            Ok(trail)
        }
    }
}

/// The trails an account sees in a Region, shadows included, in order of creation.
pub fn visible(world: &World, account: &str, region: &str) -> Vec<Trail> {
    world.trails.matching(|trail| trail.is_in(region) && is_visible(world, account, trail))
}

/// Own trails, and those of the organization.
pub fn is_visible(world: &World, account: &str, trail: &Trail) -> bool {
    trail.account == account
        || (trail.organization && world.organizations.of(&trail.account).is_some_and(|organization| organization.has(account)))
}

/// Members see an organization trail and cannot change it.
fn may_change(world: &World, account: &str, trail: &Trail) -> Result<(), AwsError> {
    let administers = || world.organizations.of(&trail.account).is_some_and(|organization| organization.administers_cloudtrail(account));
    if trail.account == account || administers() { Ok(()) } else { Err(errors::not_management_account()) }
}
