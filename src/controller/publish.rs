//! Writing to the API server: status, finalizers, events. Kube's own recorder aggregates by reason and keeps the first
//! note, so events, which mark transitions and differ in their notes, are published one by one.

use crate::api::FINALIZER;
use crate::status::Event;
use jiff::Timestamp;
use k8s_openapi::api::events::v1::Event as KubeEvent;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

const REPORTER: &str = "trailkeeper.dev/operator";

/// Publishes events about `object`. An event that can't be published is logged: it must not fail the pass that it tells of.
pub async fn events<K: Resource<DynamicType = ()>>(client: &Client, object: &K, events: &[Event]) {
    let namespace = object.namespace().unwrap_or_else(|| "default".to_owned());
    let api = Api::<KubeEvent>::namespaced(client.clone(), &namespace);
    for event in events {
        let published = KubeEvent {
            metadata: ObjectMeta {
                generate_name: Some(format!("{}-", object.name_any())),
                namespace: Some(namespace.clone()),
                ..ObjectMeta::default()
            },
            action: Some(event.action.to_owned()),
            event_time: Some(MicroTime(Timestamp::now())),
            note: Some(event.note.clone()),
            reason: Some(event.reason.clone()),
            regarding: Some(object.object_ref(&())),
            reporting_controller: Some(REPORTER.to_owned()),
            reporting_instance: Some(std::env::var("HOSTNAME").unwrap_or_else(|_| "trailkeeper".to_owned())),
            type_: Some(if event.warning { "Warning" } else { "Normal" }.to_owned()),
            ..KubeEvent::default()
        };
        tracing::info!(kind = %K::kind(&()), namespace, name = object.name_any(), reason = event.reason, note = event.note, "event");
        if let Err(error) = api.create(&PostParams::default(), &published).await {
            tracing::warn!(%error, reason = event.reason, "an event could not be published");
        }
    }
}

/// Writes the status. A field that is gone must be told so, hence a replacing patch of the whole.
pub async fn status<K>(api: &Api<K>, object: &K, status: &impl Serialize) -> kube::Result<()>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let patch: json_patch::Patch =
        serde_json::from_value(json!([{"op": "add", "path": "/status", "value": status}])).map_err(kube::Error::SerdeError)?;
    api.patch_status(&object.name_any(), &PatchParams::default(), &Patch::Json::<()>(patch)).await.map(drop)
}

pub fn has_finalizer<K: Resource>(object: &K) -> bool {
    object.meta().finalizers.iter().flatten().any(|finalizer| finalizer == FINALIZER)
}

/// Adds our finalizer to those there are, or takes it away. Refused by the API server if somebody else changed the object.
pub async fn set_finalizer<K>(api: &Api<K>, object: &K, wanted: bool) -> kube::Result<()>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
{
    let others = object.meta().finalizers.iter().flatten().filter(|finalizer| *finalizer != FINALIZER).cloned();
    let finalizers: Vec<String> = others.chain(wanted.then(|| FINALIZER.to_owned())).collect();
    let patch = json!({"metadata": {"finalizers": finalizers, "resourceVersion": object.resource_version()}});
    match api.patch_metadata(&object.name_any(), &PatchParams::default(), &Patch::Merge(patch)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(answer)) if !wanted && answer.code == 404 => Ok(()),
        Err(error) => Err(error),
    }
}
