//! Who of an organization a Trail records: looked up in its archive, where that is ours.

use super::context::Context;
use crate::api::organization::OrganizationCoverage;
use crate::api::{AwsAccount, Trail, TrailStatus};
use crate::facets::context::AccountFacts;
use crate::status::organization::{Folders, active_accounts, coverage, is_due};
use jiff::Timestamp;
use kube::ResourceExt;

/// The coverage of a Trail whose pass ended in `status`. None where there is no organization trail.
pub async fn of_trail(
    trail: &Trail,
    status: &TrailStatus,
    account: &AwsAccount,
    facts: &AccountFacts,
    context: &Context,
    now: Timestamp,
) -> Option<OrganizationCoverage> {
    let organization = facts.organization.as_ref().filter(|_| trail.spec.organization && status.trail_arn.is_some())?;
    let accounts = active_accounts(account.status.as_ref().and_then(|status| status.organization.as_ref()));
    let before = status.organization.clone();
    if !is_due(before.as_ref(), &accounts, now) {
        return before;
    }
    let prefix = if trail.spec.key_prefix.is_empty() { String::new() } else { format!("{}/", trail.spec.key_prefix) };
    let folders = folders(trail, &format!("{prefix}AWSLogs/{}/", organization.id), context).await;
    Some(coverage(&accounts, &facts.regions, folders, now))
}

async fn folders(trail: &Trail, prefix: &str, context: &Context) -> Result<Folders, String> {
    let Some(archive) = context.index.archive_of(trail) else {
        return Err("the bucket is no LogArchive".to_owned());
    };
    let namespace = archive.namespace().unwrap_or_default();
    let reached = context.reach(&archive.spec.account_ref.name, &namespace, &archive.spec.region).await;
    let (cloud, _) = reached.map_err(|waiting| waiting.message)?;
    cloud.log_folders(&archive.spec.bucket_name, prefix).await.map_err(|failure| failure.to_string())
}
