//! From manifests with their references resolved to subjects of the engine. Pure: the cluster and the command line both
//! come through here.

use crate::api::common::Treatment;
use crate::api::condition;
use crate::api::log_archive::WriterStatus;
use crate::api::{EventDataStore, LogArchive, Trail};
use crate::facets::context::{AccountFacts, ArchiveContext, Destination, TrailContext};
use crate::facets::difference::Ignore;
use crate::facets::policy_document::short_hash;
use crate::facets::registry::{self, Registered};
use crate::facets::store::StoreContext;
use crate::facets::store_settings::StoreSettings;
use kube::ResourceExt;
use serde_json::{Value, json};

/// One object, ready for the pipeline.
pub struct Subject {
    pub registered: Registered,
    pub treatment: Treatment,
    /// The value of the ownership tag.
    pub owner: String,
    /// The resources (by noun) that an earlier pass had in force: a missing ownership tag is then drift, not a stranger's
    /// resource.
    pub owned_before: Vec<String>,
    pub account: String,
    pub region: String,
}

impl Subject {
    /// A Trail. `instance` tells the operators of several clusters apart in ownership tags.
    pub fn trail(trail: &Trail, account: &AccountFacts, destination: Destination, instance: &str) -> Self {
        let owner = owner(instance, trail);
        let owned_before = trail.status.as_ref().map(|status| status.held.owned.clone()).unwrap_or_default();
        let context = TrailContext {
            name: trail_name(trail),
            spec: trail.spec.clone(),
            account: account.clone(),
            destination,
            arn_before: trail.status.as_ref().and_then(|status| status.trail_arn.clone()),
            owner: owner.clone(),
            owned_before: owned_before.clone(),
            response_regions: trail
                .status
                .as_ref()
                .and_then(|status| status.responses.as_ref())
                .map(|responses| responses.regions.clone())
                .unwrap_or_default(),
            filter_groups: trail.status.as_ref().map(|status| status.filter_groups.clone()).unwrap_or_default(),
        };
        Self {
            registered: registry::trail(&context),
            treatment: trail.spec.treatment(),
            owner,
            owned_before,
            account: account.id.clone(),
            region: trail.spec.region.clone(),
        }
    }

    /// A LogArchive with its writers.
    pub fn log_archive(archive: &LogArchive, account: &AccountFacts, writers: &Writers, instance: &str) -> Self {
        let owner = owner(instance, archive);
        let owned_before = archive.status.as_ref().map(|status| status.held.owned.clone()).unwrap_or_default();
        let context = ArchiveContext {
            writers: writers.current.clone(),
            gone: writers.gone.clone(),
            owner: owner.clone(),
            owned_before: owned_before.clone(),
            known_key: archive.status.as_ref().and_then(|status| status.kms_key_arn.clone()),
            former_readers: former_readers(archive),
            ..ArchiveContext::new(archive.spec.clone(), account.clone())
        };
        Self {
            registered: registry::log_archive(&context),
            treatment: archive.spec.treatment(),
            owner,
            owned_before,
            account: account.id.clone(),
            region: archive.spec.region.clone(),
        }
    }

    /// An EventDataStore.
    pub fn event_data_store(store: &EventDataStore, account: &AccountFacts, instance: &str) -> Self {
        let owner = owner(instance, store);
        let status = store.status.clone().unwrap_or_default();
        let owned_before = status.held.owned;
        // What was only looked at may be a stranger's, so it is looked for again.
        let is_ours = owned_before.iter().any(|owned| owned == StoreSettings::NOUN);
        let context = StoreContext {
            name: store_name(store),
            spec: store.spec.clone(),
            account: account.clone(),
            owner: owner.clone(),
            owned_before: owned_before.clone(),
            known: status.store_arn.filter(|_| is_ours),
            imported: status.import,
        };
        Self {
            registered: registry::event_data_store(&context),
            treatment: store.spec.treatment(),
            owner,
            owned_before,
            account: account.id.clone(),
            region: store.spec.region.clone(),
        }
    }

    pub(super) fn ignore(&self) -> Ignore {
        Ignore::new(self.treatment.ignore.clone())
    }

    /// Stands for everything that the spec and its references ask for. While it stays the same, a difference is drift.
    pub fn fingerprint(&self) -> String {
        let declared: Vec<Value> = self.registered.facets.iter().map(|facet| json!([facet.name(), facet.declared()])).collect();
        short_hash(&json!([declared, self.treatment.ignore]).to_string())
    }
}

/// Readers whose roles may still be there though the spec has no such role any more.
fn former_readers(archive: &LogArchive) -> Vec<String> {
    let hand_over = archive.status.as_ref().and_then(|status| status.hand_over.clone()).unwrap_or_default();
    let wanted = |name: &String| archive.spec.readers.iter().any(|reader| reader.name == *name && reader.role.is_some());
    hand_over.readers.into_iter().map(|reader| reader.name).filter(|name| !wanted(name)).collect()
}

fn owner(instance: &str, object: &impl ResourceExt) -> String {
    format!("{instance}/{}/{}", object.namespace().unwrap_or_else(|| "default".to_owned()), object.name_any())
}

/// The trail's name in AWS.
pub fn trail_name(trail: &Trail) -> String {
    trail.spec.trail_name.clone().unwrap_or_else(|| trail.name_any())
}

/// The event data store's name in AWS.
pub fn store_name(store: &EventDataStore) -> String {
    store.spec.store_name.clone().unwrap_or_else(|| store.name_any())
}

/// The trails that an archive lets in, and those whose statements are to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writers {
    pub current: Vec<WriterStatus>,
    pub gone: Vec<String>,
}

/// The writers of an archive: the Trails that refer to it, each with its account (none while it can't be resolved), and
/// the writers of before that must stay. A trail that was retained in AWS still writes, so its statements stay.
pub fn writers<'a>(trails: impl IntoIterator<Item = (&'a Trail, Option<&'a AccountFacts>)>, before: &[WriterStatus]) -> Writers {
    let mut current = Vec::new();
    let mut all_resolved = true;
    for (trail, account) in trails {
        match account.filter(|account| !trail.spec.organization || account.organization.is_some()) {
            Some(account) => current.extend(entries(trail, account, before)),
            None => all_resolved = false,
        }
    }
    let gone_or_kept = before.iter().filter(|writer| !current.iter().any(|now| now.trail_arn == writer.trail_arn));
    // While a Trail can't be resolved, a writer without one may be that Trail's.
    let (kept, gone): (Vec<_>, Vec<_>) = gone_or_kept.cloned().partition(|writer| writer.retain || !all_resolved);
    current.extend(kept);
    current.sort();
    current.dedup();
    Writers { current, gone: gone.into_iter().map(|writer| writer.trail_arn).collect() }
}

/// A trail writes under the prefix that its spec asks for, and until it has moved there under the one that AWS has. One that
/// is to leave its organization writes its members' logs until it has.
fn entries(trail: &Trail, account: &AccountFacts, before: &[WriterStatus]) -> Vec<WriterStatus> {
    let trail_arn = account.trail_arn(&trail.spec, &trail_name(trail));
    let observed = trail.status.as_ref().and_then(|status| status.key_prefix.clone());
    let organization_id = match &account.organization {
        Some(organization) if trail.spec.organization => Some(organization.id.clone()),
        _ if !settled(trail) => {
            before.iter().find(|writer| writer.trail_arn == trail_arn).and_then(|writer| writer.organization_id.clone())
        }
        _ => None,
    };
    let known = before.iter().find(|writer| writer.trail_arn == trail_arn).and_then(|writer| writer.account_organization.clone());
    // An organization that can't be read now is not thereby left.
    let account_organization = account.organization.as_ref().map(|organization| organization.id.clone()).or(known);
    let retain = trail.spec.deletion_policy == crate::api::common::DeletionPolicy::Retain;
    let prefixes = std::iter::once(trail.spec.key_prefix.clone()).chain(observed.filter(|prefix| *prefix != trail.spec.key_prefix));
    prefixes
        .map(|key_prefix| WriterStatus {
            trail_arn: trail_arn.clone(),
            key_prefix,
            organization_id: organization_id.clone(),
            account_organization: account_organization.clone(),
            retain,
        })
        .collect()
}

/// Whether AWS follows the present spec, as the status tells (kstatus).
fn settled(trail: &Trail) -> bool {
    let Some(status) = &trail.status else { return true };
    let conditions = &status.common.conditions;
    status.common.observed_generation == trail.metadata.generation
        && !condition::is_true(conditions, condition::RECONCILING)
        && !condition::is_true(conditions, condition::STALLED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::aws_account::Partition;

    fn account() -> AccountFacts {
        AccountFacts { id: "111111111111".into(), partition: Partition::Aws, organization: None, regions: Vec::new() }
    }

    fn trail(yaml: &str) -> Trail {
        serde_saphyr::from_str(&format!(
            "{{apiVersion: trailkeeper.dev/v1alpha1, kind: Trail, metadata: {{name: main, namespace: a}}, spec: {{accountRef: {{name: x}}, region: eu-west-1, archiveRef: {{name: logs}}{yaml}}}}}"
        ))
        .unwrap()
    }

    #[test]
    fn a_retained_trail_keeps_its_place_when_its_object_goes() {
        let kept = writers([(&trail(""), Some(&account()))], &[]);
        assert_eq!(kept.current[0].trail_arn, "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main");
        assert_eq!(writers([], &kept.current), kept);
        let deleted = writers([(&trail(", deletionPolicy: Delete"), Some(&account()))], &[]);
        assert_eq!(writers([], &deleted.current).gone, ["arn:aws:cloudtrail:eu-west-1:111111111111:trail/main"]);
    }

    #[test]
    fn nothing_is_gone_while_a_trail_cannot_be_resolved() {
        let before = writers([(&trail(", deletionPolicy: Delete"), Some(&account()))], &[]);
        assert_eq!(writers([(&trail(""), None)], &before.current), before);
    }

    #[test]
    fn a_trail_that_moves_may_write_under_both_prefixes() {
        let mut moving = trail(", keyPrefix: new");
        moving.status = Some(crate::api::TrailStatus { key_prefix: Some("old".into()), ..Default::default() });
        let prefixes: Vec<_> = writers([(&moving, Some(&account()))], &[]).current.into_iter().map(|writer| writer.key_prefix).collect();
        assert_eq!(prefixes, ["new", "old"]);
    }

    #[test]
    fn a_trail_that_leaves_its_organization_may_write_there_until_it_has() {
        let organization = crate::api::aws_account::Organization { id: "o-1".into(), management_account_id: "111111111111".into() };
        let managing = AccountFacts { organization: Some(organization), ..account() };
        let before = writers([(&trail(", organization: true"), Some(&managing))], &[]).current;
        let mut leaving = trail(", organization: false");
        leaving.metadata.generation = Some(2);
        let mut status = crate::api::TrailStatus::default();
        status.common.observed_generation = Some(1);
        leaving.status = Some(status);
        assert_eq!(writers([(&leaving, Some(&managing))], &before).current, before);
        if let Some(status) = &mut leaving.status {
            status.common.observed_generation = Some(2);
        }
        assert_eq!(writers([(&leaving, Some(&managing))], &before).current[0].organization_id, None);
    }
}
