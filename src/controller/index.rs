//! What the API server holds, as last seen, and how objects refer to each other.

use crate::api::organization::{OrganizationStatus, Role};
use crate::api::{AwsAccount, CompliancePolicy, EventDataStore, LogArchive, Trail};
use crate::facets::context::AccountFacts;
use k8s_openapi::api::core::v1::Namespace;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::{Resource, ResourceExt};
use std::collections::BTreeMap;
use tokio::sync::watch;

/// An object of ours, or the report that it can't be read: one bad object must not hide the others.
pub type Guarded<K> = DeserializeGuard<K>;
pub type NamespaceMeta = PartialObjectMeta<Namespace>;

/// The objects of one kind.
pub type Objects<K> = Store<Guarded<K>>;

pub struct Stores {
    accounts: Objects<AwsAccount>,
    archives: Objects<LogArchive>,
    trails: Objects<Trail>,
    stores: Objects<EventDataStore>,
    policies: Objects<CompliancePolicy>,
    namespaces: Store<NamespaceMeta>,
}

pub struct Writers {
    pub accounts: Writer<Guarded<AwsAccount>>,
    pub archives: Writer<Guarded<LogArchive>>,
    pub trails: Writer<Guarded<Trail>>,
    pub stores: Writer<Guarded<EventDataStore>>,
    pub policies: Writer<Guarded<CompliancePolicy>>,
    pub namespaces: Writer<NamespaceMeta>,
}

pub fn stores() -> (Stores, Writers) {
    let (accounts, of_accounts) = reflector::store();
    let (archives, of_archives) = reflector::store();
    let (trails, of_trails) = reflector::store();
    let (stores, of_stores) = reflector::store();
    let (policies, of_policies) = reflector::store();
    let (namespaces, of_namespaces) = reflector::store();
    (
        Stores { accounts, archives, trails, stores, policies, namespaces },
        Writers {
            accounts: of_accounts,
            archives: of_archives,
            trails: of_trails,
            stores: of_stores,
            policies: of_policies,
            namespaces: of_namespaces,
        },
    )
}

/// Kinds that are watched: five of ours, and namespaces.
const KINDS: usize = 6;

/// Everything that references are resolved from.
#[derive(Clone)]
pub struct Index {
    listed: watch::Receiver<usize>,
    pub accounts: Objects<AwsAccount>,
    pub archives: Objects<LogArchive>,
    pub trails: Objects<Trail>,
    pub stores: Objects<EventDataStore>,
    pub policies: Objects<CompliancePolicy>,
    pub namespaces: Store<NamespaceMeta>,
}

/// The readable objects of a store that fit.
pub fn readable<K>(store: &Objects<K>, fits: impl Fn(&K) -> bool) -> Vec<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    store.state().iter().filter_map(|object| object.0.as_ref().ok()).filter(|object| fits(object)).cloned().collect()
}

impl Index {
    /// `listed` counts the kinds that have been listed once.
    pub fn new(stores: Stores, listed: watch::Receiver<usize>) -> Self {
        Self {
            listed,
            accounts: stores.accounts,
            archives: stores.archives,
            trails: stores.trails,
            stores: stores.stores,
            policies: stores.policies,
            namespaces: stores.namespaces,
        }
    }

    /// Whether everything has been listed once: before that, nothing may be taken for missing.
    pub fn is_ready(&self) -> bool {
        *self.listed.borrow() >= KINDS
    }

    /// Waits until everything has been listed once. (Kube's own `wait_until_ready` wakes only one of several waiters.)
    pub async fn ready(&self) -> bool {
        self.listed.clone().wait_for(|listed| *listed >= KINDS).await.is_ok()
    }

    pub fn account(&self, name: &str) -> Option<AwsAccount> {
        self.accounts.get(&ObjectRef::new(name))?.0.as_ref().ok().cloned()
    }

    pub fn archive_of(&self, trail: &Trail) -> Option<LogArchive> {
        let (namespace, name) = archive_key(trail)?;
        self.archives.get(&ObjectRef::new(&name).within(&namespace))?.0.as_ref().ok().cloned()
    }

    pub fn namespace_labels(&self, namespace: &str) -> BTreeMap<String, String> {
        self.namespaces.get(&ObjectRef::new(namespace)).and_then(|found| found.metadata.labels.clone()).unwrap_or_default()
    }

    /// The Trails that refer to an archive and may.
    pub fn writers_of(&self, archive: &LogArchive) -> Vec<Trail> {
        readable(&self.trails, |trail| refers_to(trail, archive) && self.may_use_archive(trail, archive))
    }

    pub fn may_use_archive(&self, trail: &Trail, archive: &LogArchive) -> bool {
        let (theirs, ours) = (trail.namespace(), archive.namespace());
        let namespace = theirs.clone().unwrap_or_default();
        theirs == ours || archive.spec.allowed_namespaces.permits(&namespace, &self.namespace_labels(&namespace))
    }

    pub fn may_use_account(&self, namespace: &str, account: &AwsAccount) -> bool {
        account.spec.allowed_namespaces.permits(namespace, &self.namespace_labels(namespace))
    }

    /// Whether a policy applies to an object.
    pub fn selects(&self, policy: &CompliancePolicy, object: &impl ResourceExt) -> bool {
        let namespace = object.namespace().map(|name| (self.namespace_labels(&name), name));
        policy.spec.selects(namespace.as_ref().map(|(labels, name)| (name.as_str(), labels)), object.labels())
    }

    /// The policies that apply to an object, by name.
    pub fn policies_of(&self, object: &impl ResourceExt) -> Vec<CompliancePolicy> {
        let mut policies = readable(&self.policies, |policy| self.selects(policy, object));
        policies.sort_by_key(ResourceExt::name_any);
        policies
    }

    /// Whether some organization Trail lives in an account.
    pub fn has_organization_trail(&self, account: &str) -> bool {
        !readable(&self.trails, |trail| trail.spec.organization && trail.spec.account_ref.name == account).is_empty()
    }

    /// The role of an account that is not asked itself, where another account of the organization knows who administers it.
    pub fn role_by_others(&self, of: &OrganizationStatus, account_id: &str) -> Option<Role> {
        let administrators = self.accounts.state().iter().find_map(|account| {
            let other = account.0.as_ref().ok()?.status.as_ref()?.organization.as_ref()?;
            other.delegated_administrators.clone().filter(|_| other.organization == of.organization)
        })?;
        let delegated = administrators.iter().any(|administrator| administrator == account_id);
        Some(if delegated { Role::DelegatedAdministrator } else { Role::Member })
    }

    /// Names of the objects that live in an account.
    pub fn users_of(&self, account: &str) -> Vec<String> {
        let archives = readable(&self.archives, |archive| archive.spec.account_ref.name == account);
        let trails = readable(&self.trails, |trail| trail.spec.account_ref.name == account);
        let stores = readable(&self.stores, |store| store.spec.account_ref.name == account);
        let name = |kind: &str, namespace: Option<String>, name: String| format!("{kind} {}/{name}", namespace.unwrap_or_default());
        archives
            .iter()
            .map(|found| name("LogArchive", found.namespace(), found.name_any()))
            .chain(trails.iter().map(|found| name("Trail", found.namespace(), found.name_any())))
            .chain(stores.iter().map(|found| name("EventDataStore", found.namespace(), found.name_any())))
            .collect()
    }
}

/// Namespace and name of the archive that a Trail refers to.
pub fn archive_key(trail: &Trail) -> Option<(String, String)> {
    let reference = trail.spec.archive_ref.as_ref()?;
    Some((reference.namespace.clone().or_else(|| trail.namespace())?, reference.name.clone()))
}

pub fn refers_to(trail: &Trail, archive: &LogArchive) -> bool {
    archive_key(trail).is_some_and(|(namespace, name)| archive.namespace().as_ref() == Some(&namespace) && archive.name_any() == name)
}

/// What facets need to know of an account.
pub fn facts(account: &AwsAccount) -> AccountFacts {
    AccountFacts {
        id: account.spec.account_id.clone(),
        partition: account.spec.partition,
        organization: account.status.as_ref().and_then(|status| Some(status.organization.as_ref()?.organization.clone())),
        regions: account.status.as_ref().map(|status| status.regions.clone()).unwrap_or_default(),
    }
}
