//! Watches: one per kind. An object that changes wakes itself and those whose desired state depends on it, after the
//! store has it, so that nobody reconciles against yesterday's references.

use super::index::{Guarded, Index, NamespaceMeta, Writers, archive_key, readable};
use crate::api::{AwsAccount, CompliancePolicy, EventDataStore, LogArchive, Trail};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use kube::api::Api;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::reflector::store::Writer;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Objects of one kind that are to be looked at.
pub type Woken<K> = UnboundedReceiver<ObjectRef<Guarded<K>>>;
type Wake<K> = UnboundedSender<ObjectRef<Guarded<K>>>;

#[derive(Clone)]
pub struct Wakes {
    accounts: Wake<AwsAccount>,
    archives: Wake<LogArchive>,
    trails: Wake<Trail>,
    stores: Wake<EventDataStore>,
    policies: Wake<CompliancePolicy>,
    /// Something that policies count has changed.
    recount: Arc<Notify>,
}

/// Policies count over all their objects: however many of these change, they do so once in this time.
const RECOUNT: Duration = Duration::from_secs(1);

pub struct AllWoken {
    pub accounts: Woken<AwsAccount>,
    pub archives: Woken<LogArchive>,
    pub trails: Woken<Trail>,
    pub stores: Woken<EventDataStore>,
    pub policies: Woken<CompliancePolicy>,
}

impl Wakes {
    pub fn channels() -> (Self, AllWoken) {
        let ((accounts, of_accounts), (archives, of_archives), (trails, of_trails)) = (unbounded(), unbounded(), unbounded());
        let ((stores, of_stores), (policies, of_policies)) = (unbounded(), unbounded());
        let woken = AllWoken { accounts: of_accounts, archives: of_archives, trails: of_trails, stores: of_stores, policies: of_policies };
        (Self { accounts, archives, trails, stores, policies, recount: Arc::default() }, woken)
    }

    fn account(&self, name: &str) {
        let _ = self.accounts.unbounded_send(ObjectRef::new(name));
    }

    pub fn archive(&self, namespace: &str, name: &str) {
        let _ = self.archives.unbounded_send(ObjectRef::new(name).within(namespace));
    }

    fn trail(&self, trail: &Trail) {
        let _ = self.trails.unbounded_send(ObjectRef::new(&trail.name_any()).within(&trail.namespace().unwrap_or_default()));
    }

    fn store(&self, store: &EventDataStore) {
        let _ = self.stores.unbounded_send(ObjectRef::new(&store.name_any()).within(&store.namespace().unwrap_or_default()));
    }

    fn archive_object(&self, archive: &LogArchive) {
        self.archive(&archive.namespace().unwrap_or_default(), &archive.name_any());
    }

    /// Every object: the gate lets those pass for which something changed.
    pub fn everything(&self, index: &Index) {
        readable(&index.accounts, |_| true).iter().for_each(|account| self.account(&account.name_any()));
        readable(&index.archives, |_| true).iter().for_each(|archive| self.archive_object(archive));
        readable(&index.trails, |_| true).iter().for_each(|trail| self.trail(trail));
        readable(&index.stores, |_| true).iter().for_each(|store| self.store(store));
        self.all_policies(index);
    }

    fn policy(&self, name: &str) {
        let _ = self.policies.unbounded_send(ObjectRef::new(name));
    }

    fn all_policies(&self, index: &Index) {
        readable(&index.policies, |_| true).iter().for_each(|policy| self.policy(&policy.name_any()));
    }

    /// Wakes the policies when something that they count has changed.
    async fn recount(self, index: Index) {
        loop {
            self.recount.notified().await;
            self.all_policies(&index);
            tokio::time::sleep(RECOUNT).await;
        }
    }

    /// A Trail is a writer of its archive.
    fn after_trail(&self, trail: &Trail) {
        if let Some((namespace, name)) = archive_key(trail) {
            self.archive(&namespace, &name);
        }
        self.account(&trail.spec.account_ref.name);
    }

    /// An archive that lets its writers in sets them going.
    fn after_archive(&self, archive: &LogArchive, index: &Index) {
        readable(&index.trails, |trail| super::index::refers_to(trail, archive)).iter().for_each(|trail| self.trail(trail));
        self.account(&archive.spec.account_ref.name);
    }

    /// An account that is verified sets going all that lives in it, and the archives that its trails write to.
    fn after_account(&self, account: &AwsAccount, index: &Index) {
        let name = account.name_any();
        readable(&index.archives, |archive| archive.spec.account_ref.name == name).iter().for_each(|archive| self.archive_object(archive));
        for trail in readable(&index.trails, |trail| trail.spec.account_ref.name == name) {
            self.trail(&trail);
            self.after_trail(&trail);
        }
        readable(&index.stores, |store| store.spec.account_ref.name == name).iter().for_each(|store| self.store(store));
    }

    /// A namespace's labels may let its objects in elsewhere.
    fn after_namespace(&self, namespace: &str, index: &Index) {
        readable(&index.archives, |archive| archive.namespace().as_deref() == Some(namespace))
            .iter()
            .for_each(|archive| self.archive_object(archive));
        for trail in readable(&index.trails, |trail| trail.namespace().as_deref() == Some(namespace)) {
            self.trail(&trail);
            self.after_trail(&trail);
        }
        readable(&index.stores, |store| store.namespace().as_deref() == Some(namespace)).iter().for_each(|store| self.store(store));
        self.recount.notify_one();
    }
}

/// Starts the watches. They last as long as the process.
pub fn spawn(client: &Client, writers: Writers, index: &Index, wakes: &Wakes, listed: &watch::Sender<usize>) {
    let (of_accounts, of_archives, of_trails) = (wakes.clone(), wakes.clone(), wakes.clone());
    let (by_account, by_archive) = (index.clone(), index.clone());
    follow(Api::all(client.clone()), writers.accounts, listed.clone(), move |account: &Guarded<AwsAccount>, gone| {
        of_accounts.recount.notify_one();
        if !gone {
            of_accounts.account(&account.name_any());
        }
        if let Ok(account) = &account.0 {
            of_accounts.after_account(account, &by_account);
        }
    });
    follow(Api::all(client.clone()), writers.archives, listed.clone(), move |archive: &Guarded<LogArchive>, gone| {
        of_archives.recount.notify_one();
        if !gone {
            of_archives.archive(&archive.namespace().unwrap_or_default(), &archive.name_any());
        }
        if let Ok(archive) = &archive.0 {
            of_archives.after_archive(archive, &by_archive);
        }
    });
    follow(Api::all(client.clone()), writers.trails, listed.clone(), move |trail: &Guarded<Trail>, gone| {
        of_trails.recount.notify_one();
        if !gone {
            let _ = of_trails.trails.unbounded_send(ObjectRef::new(&trail.name_any()).within(&trail.namespace().unwrap_or_default()));
        }
        if let Ok(trail) = &trail.0 {
            of_trails.after_trail(trail);
        }
    });
    let of_stores = wakes.clone();
    follow(Api::all(client.clone()), writers.stores, listed.clone(), move |store: &Guarded<EventDataStore>, gone| {
        of_stores.recount.notify_one();
        if !gone {
            let _ = of_stores.stores.unbounded_send(ObjectRef::new(&store.name_any()).within(&store.namespace().unwrap_or_default()));
        }
        if let Ok(store) = &store.0 {
            of_stores.account(&store.spec.account_ref.name);
        }
    });
    let (of_policies, by_policy, seen) = (wakes.clone(), index.clone(), Mutex::new(HashMap::new()));
    follow(Api::all(client.clone()), writers.policies, listed.clone(), move |policy: &Guarded<CompliancePolicy>, gone| {
        let name = policy.name_any();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if gone {
            seen.remove(&name);
            of_policies.everything(&by_policy);
            return;
        }
        of_policies.policy(&name);
        // Its status, which is ours, changes nothing for its objects; those that it selects no more are woken too.
        let spec = policy.0.as_ref().ok().and_then(|policy| policy.metadata.generation);
        if seen.insert(name, spec) != Some(spec) {
            of_policies.everything(&by_policy);
        }
    });
    tokio::spawn(wakes.clone().recount(index.clone()));
    let (of_namespaces, by_namespace) = (wakes.clone(), index.clone());
    follow(Api::all(client.clone()), writers.namespaces, listed.clone(), move |namespace: &NamespaceMeta, _| {
        of_namespaces.after_namespace(&namespace.name_any(), &by_namespace);
    });
}

/// Follows one kind. `touched` is told of every object that changed, and whether it is gone.
fn follow<K>(api: Api<K>, writer: Writer<K>, listed: watch::Sender<usize>, touched: impl Fn(&K, bool) + Send + Sync + 'static)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let store = writer.as_reader();
    let mut counted = false;
    let events = watcher(api, watcher::Config::default()).default_backoff().reflect(writer);
    tokio::spawn(events.for_each(move |event| {
        match event {
            Ok(watcher::Event::Apply(object)) => touched(&object, false),
            Ok(watcher::Event::Delete(object)) => touched(&object, true),
            // A list is taken over by the store as a whole, when it is complete.
            Ok(watcher::Event::Init | watcher::Event::InitApply(_)) => {}
            Ok(watcher::Event::InitDone) => {
                if !std::mem::replace(&mut counted, true) {
                    listed.send_modify(|kinds| *kinds += 1);
                }
                store.state().iter().for_each(|object| touched(object, false));
            }
            Err(error) => tracing::warn!(kind = %K::kind(&()), %error, "watching failed; it is tried again"),
        }
        futures::future::ready(())
    }));
}
