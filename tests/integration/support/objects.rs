//! Kubernetes objects as a test sees them: applied, patched, waited for, and what events say of them.

use super::world::World;
use anyhow::{Result, anyhow, ensure};
use k8s_openapi::api::events::v1::Event;
use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use std::time::Duration;
use trailkeeper_lab::wait_for;

/// Longer than anything the operator does on purpose, on a machine under load.
const PATIENCE: Duration = Duration::from_secs(240);

/// An event: its reason and its note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub reason: String,
    pub note: String,
}

/// A condition of an object's status: `(status, reason, message)`.
pub fn condition(object: &DynamicObject, kind: &str) -> Option<(String, String, String)> {
    let conditions = object.data.pointer("/status/conditions")?.as_array()?;
    let found = conditions.iter().find(|condition| condition["type"] == kind)?;
    let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
    Some((text("status"), text("reason"), text("message")))
}

pub fn is_true(object: &DynamicObject, kind: &str) -> bool {
    condition(object, kind).is_some_and(|(status, ..)| status == "True")
}

impl World {
    pub fn api(&self, kind: &str) -> Api<DynamicObject> {
        let (group, version) = match kind {
            "Secret" | "Namespace" => ("", "v1"),
            "Report" => ("openreports.io", "v1alpha1"),
            "PolicyReport" => ("wgpolicyk8s.io", "v1alpha2"),
            _ => ("trailkeeper.dev", "v1alpha1"),
        };
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match kind {
            "AwsAccount" | "CompliancePolicy" | "Namespace" => Api::all_with(self.kube.clone(), &resource),
            "Secret" => Api::namespaced_with(self.kube.clone(), super::stage::HOME, &resource),
            _ => Api::namespaced_with(self.kube.clone(), &self.namespace, &resource),
        }
    }

    /// Applies a manifest, as `kubectl apply --server-side` does.
    pub async fn apply(&self, manifest: &Value) -> DynamicObject {
        self.try_apply(manifest).await.unwrap_or_else(|error| panic!("{manifest}: {error}"))
    }

    pub async fn try_apply(&self, manifest: &Value) -> kube::Result<DynamicObject> {
        let (kind, name) = (manifest["kind"].as_str().unwrap(), manifest["metadata"]["name"].as_str().unwrap());
        self.api(kind).patch(name, &PatchParams::apply("test").force(), &Patch::Apply(manifest)).await
    }

    /// A JSON merge patch of the whole object.
    pub async fn patch(&self, kind: &str, name: &str, patch: Value) -> DynamicObject {
        self.api(kind).patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap()
    }

    pub async fn patch_spec(&self, kind: &str, name: &str, spec: Value) -> DynamicObject {
        self.patch(kind, name, json!({ "spec": spec })).await
    }

    pub async fn get(&self, kind: &str, name: &str) -> DynamicObject {
        self.api(kind).get(name).await.unwrap()
    }

    pub async fn delete(&self, kind: &str, name: &str) {
        self.api(kind).delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Waits until the object is what `check` wants; `check` says what is amiss.
    pub async fn wait(&self, kind: &str, name: &str, what: &str, check: impl Fn(&DynamicObject) -> Result<()>) -> DynamicObject {
        let api = self.api(kind);
        let attempt = async || {
            let object = api.get(name).await?;
            check(&object).map_err(|error| anyhow!("{error:#}; status {}", object.data["status"]))?;
            Ok(object)
        };
        wait_for(&format!("{kind} {name} {what}"), PATIENCE, attempt).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Waits until the object's condition has this status, for its present generation.
    pub async fn wait_condition(&self, kind: &str, name: &str, of: &str, status: &str) -> DynamicObject {
        self.wait(kind, name, &format!("to be {of} {status}"), |object| {
            let (is, reason, message) = condition(object, of).ok_or_else(|| anyhow!("no condition {of}"))?;
            let generation = object.data.pointer("/status/observedGeneration").and_then(Value::as_i64);
            ensure!(generation == object.metadata.generation, "its status speaks of generation {generation:?}");
            ensure!(is == status, "{of} is {is}: {reason}: {message}");
            Ok(())
        })
        .await
    }

    pub async fn wait_ready(&self, kind: &str, name: &str) -> DynamicObject {
        self.wait_condition(kind, name, "Ready", "True").await
    }

    /// Waits until the object is stalled for `reason`.
    pub async fn wait_stalled(&self, kind: &str, name: &str, reason: &str) -> DynamicObject {
        self.wait(kind, name, &format!("to be Stalled for {reason}"), |object| {
            let stalled = condition(object, "Stalled").ok_or_else(|| anyhow!("not stalled"))?;
            ensure!(stalled.0 == "True" && stalled.1 == reason, "stalled for {}: {}", stalled.1, stalled.2);
            Ok(())
        })
        .await
    }

    pub async fn wait_gone(&self, kind: &str, name: &str) {
        let api = self.api(kind);
        let attempt = async || match api.get_opt(name).await? {
            None => Ok(()),
            Some(object) => Err(anyhow!("it is still there: {}", object.data["status"])),
        };
        wait_for(&format!("{kind} {name} to go"), PATIENCE, attempt).await.unwrap_or_else(|error| panic!("{error:#}"));
    }

    /// Asks for a pass now, and waits until it was made. Returns the object with the status that tells of it.
    pub async fn request_pass(&self, kind: &str, name: &str) -> DynamicObject {
        let stamp = self.stamp();
        self.patch(kind, name, json!({ "metadata": { "annotations": { "trailkeeper.dev/requestedAt": stamp } } })).await;
        self.wait(kind, name, "to have made the requested pass", |object| {
            let handled = &object.data["status"]["lastHandledReconcileAt"];
            ensure!(*handled == stamp.as_str(), "the last request handled is {handled}, not {stamp}");
            Ok(())
        })
        .await
    }

    /// The events about an object, oldest first.
    pub async fn events(&self, kind: &str, name: &str) -> Vec<Seen> {
        let namespace = if matches!(kind, "AwsAccount" | "CompliancePolicy") { "default" } else { self.namespace.as_str() };
        let api = Api::<Event>::namespaced(self.kube.clone(), namespace);
        let mut found = api.list(&ListParams::default()).await.unwrap().items;
        found.retain(|event| {
            let regarding = event.regarding.clone().unwrap_or_default();
            regarding.kind.as_deref() == Some(kind) && regarding.name.as_deref() == Some(name)
        });
        found.sort_by_key(|event| (event.event_time.as_ref().map(|time| time.0), event.name_any()));
        found.into_iter().map(|event| Seen { reason: event.reason.unwrap_or_default(), note: event.note.unwrap_or_default() }).collect()
    }

    /// Waits until there is an event with this reason whose note has all of `words`.
    pub async fn wait_event(&self, kind: &str, name: &str, reason: &str, words: &[&str]) -> Seen {
        let attempt = async || {
            let events = self.events(kind, name).await;
            let fits = |event: &&Seen| event.reason == reason && words.iter().all(|word| event.note.contains(word));
            events.iter().find(fits).cloned().ok_or_else(|| anyhow!("only {events:#?}"))
        };
        let what = format!("an event {reason} of {kind} {name} that says {words:?}");
        wait_for(&what, PATIENCE, attempt).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Asks for passes until one tells the event. One alone may not see a change of seconds ago: the operator shares
    /// what it reads between the trails of an account.
    pub async fn pass_until_event(&self, kind: &str, name: &str, reason: &str, tells: impl Fn(&Seen) -> bool) -> Seen {
        let attempt = async || {
            self.request_pass(kind, name).await;
            let events = self.events(kind, name).await;
            let fits = |event: &&Seen| event.reason == reason && tells(event);
            events.iter().find(fits).cloned().ok_or_else(|| anyhow!("only {events:#?}"))
        };
        let what = format!("the awaited event {reason} of {kind} {name}");
        wait_for(&what, PATIENCE, attempt).await.unwrap_or_else(|error| panic!("{error:#}"))
    }
}
