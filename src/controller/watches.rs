//! Watches: one per kind. An object that changes wakes itself and those whose desired state depends on it, after the
//! store has it, so that nobody reconciles against yesterday's references.

use super::index::{Guarded, Index, NamespaceMeta, Writers, archive_key, readable};
use crate::api::{AwsAccount, EventDataStore, LogArchive, Trail};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use kube::api::Api;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::reflector::store::Writer;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use tokio::sync::watch;

/// Objects of one kind that are to be looked at.
pub type Woken<K> = UnboundedReceiver<ObjectRef<Guarded<K>>>;
type Wake<K> = UnboundedSender<ObjectRef<Guarded<K>>>;

#[derive(Clone)]
pub struct Wakes {
    accounts: Wake<AwsAccount>,
    archives: Wake<LogArchive>,
    trails: Wake<Trail>,
    stores: Wake<EventDataStore>,
}

pub struct AllWoken {
    pub accounts: Woken<AwsAccount>,
    pub archives: Woken<LogArchive>,
    pub trails: Woken<Trail>,
    pub stores: Woken<EventDataStore>,
}

impl Wakes {
    pub fn channels() -> (Self, AllWoken) {
        let ((accounts, of_accounts), (archives, of_archives), (trails, of_trails)) = (unbounded(), unbounded(), unbounded());
        let (stores, of_stores) = unbounded();
        let woken = AllWoken { accounts: of_accounts, archives: of_archives, trails: of_trails, stores: of_stores };
        (Self { accounts, archives, trails, stores }, woken)
    }

    fn account(&self, name: &str) {
        let _ = self.accounts.unbounded_send(ObjectRef::new(name));
    }

    fn archive(&self, namespace: &str, name: &str) {
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
    }
}

/// Starts the watches. They last as long as the process.
pub fn spawn(client: &Client, writers: Writers, index: &Index, wakes: &Wakes, listed: &watch::Sender<usize>) {
    let (of_accounts, of_archives, of_trails) = (wakes.clone(), wakes.clone(), wakes.clone());
    let (by_account, by_archive) = (index.clone(), index.clone());
    follow(Api::all(client.clone()), writers.accounts, listed.clone(), move |account: &Guarded<AwsAccount>, gone| {
        if !gone {
            of_accounts.account(&account.name_any());
        }
        if let Ok(account) = &account.0 {
            of_accounts.after_account(account, &by_account);
        }
    });
    follow(Api::all(client.clone()), writers.archives, listed.clone(), move |archive: &Guarded<LogArchive>, gone| {
        if !gone {
            of_archives.archive(&archive.namespace().unwrap_or_default(), &archive.name_any());
        }
        if let Ok(archive) = &archive.0 {
            of_archives.after_archive(archive, &by_archive);
        }
    });
    follow(Api::all(client.clone()), writers.trails, listed.clone(), move |trail: &Guarded<Trail>, gone| {
        if !gone {
            let _ = of_trails.trails.unbounded_send(ObjectRef::new(&trail.name_any()).within(&trail.namespace().unwrap_or_default()));
        }
        if let Ok(trail) = &trail.0 {
            of_trails.after_trail(trail);
        }
    });
    let of_stores = wakes.clone();
    follow(Api::all(client.clone()), writers.stores, listed.clone(), move |store: &Guarded<EventDataStore>, gone| {
        if !gone {
            let _ = of_stores.stores.unbounded_send(ObjectRef::new(&store.name_any()).within(&store.namespace().unwrap_or_default()));
        }
        if let Ok(store) = &store.0 {
            of_stores.account(&store.spec.account_ref.name);
        }
    });
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
