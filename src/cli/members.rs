//! Which members of an organization have logs, for `check` and `report`: the accounts there are against the folders of the bucket.

use super::survey::{Place, Reach, Survey};
use crate::aws::{Cloud, Shared};
use crate::facets::observed::{Observed, Reading};
use crate::status::classes::explain;
use crate::status::organization::{Folders, active_accounts, coverage};
use jiff::Timestamp;
use std::sync::Arc;

/// Adds to every organization trail whose log files it records. A bucket of an account that was not given is left out, as in
/// everything else.
pub async fn look_at_members(survey: &mut Survey, places: &[Place], shared: &Arc<Shared>, now: Timestamp) {
    let buckets = &survey.buckets;
    for account in &mut survey.accounts {
        let Some(organization) = &account.facts.organization else { continue };
        let members = active_accounts(account.organization.as_ref());
        for (trail, seen) in account.trails.iter_mut().filter(|(trail, _)| trail.settings.organization) {
            let Some(bucket) = buckets.iter().find(|one| one.bucket.name == trail.settings.bucket && one.reach == Reach::Own) else {
                continue;
            };
            let Some(owner) = places.iter().find(|place| place.account.facts.id == bucket.bucket.account) else { continue };
            let cloud = Cloud::new(&owner.account.session, &bucket.bucket.region, shared.clone());
            let prefix = Some(&trail.settings.key_prefix).filter(|prefix| !prefix.is_empty()).map(|prefix| format!("{prefix}/"));
            let folder = format!("{}AWSLogs/{}/", prefix.unwrap_or_default(), organization.id);
            let folders: Result<Folders, String> =
                cloud.log_folders(&bucket.bucket.name, &folder).await.map_err(|failure| explain(&failure));
            let found = coverage(&members, &account.facts.regions, folders, now);
            seen.insert("organizationCoverage", Observed::Present(Reading::state(&found)));
        }
    }
}
