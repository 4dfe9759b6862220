//! Reports beside Trails and LogArchives, for the cluster's own tools: written when their content changed, and gone with their
//! object (owner reference) or with the policy that asked for them.
//!
//! A cluster may not have their kind. That is looked up every so often and told in the policies that ask for reports; it is no
//! failure of anything else.

use super::context::Context;
use super::index::Index;
use super::watches::Wakes;
use crate::api::findings::Compliance;
use crate::report::open_reports::{MANAGED_BY, ReportKind, SOURCE, Subject, is_current, report};
use crate::rules::finding::Finding;
use jiff::Timestamp;
use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt};
use std::time::Duration;
use tokio::sync::watch;

/// How often the API server is asked whether it has the kind.
const LOOK_AGAIN: Duration = Duration::from_secs(20);

/// The kind of report that this operator writes, and whether the cluster has it.
#[derive(Clone)]
pub struct Found(watch::Sender<Option<ReportKind>>);

impl Found {
    /// Asks once: what is known before the first pass makes no second one.
    pub async fn look(client: &Client, wanted: ReportKind) -> Self {
        let (found, _) = watch::channel(has(client, wanted).await.unwrap_or_default().then_some(wanted));
        Self(found)
    }

    pub fn kind(&self) -> Option<ReportKind> {
        *self.0.borrow()
    }

    /// Asks again and again, and wakes everything when the kind has come or gone.
    pub async fn follow(self, client: Client, wanted: ReportKind, wakes: Wakes, index: Index) {
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            // What was not answered stays as it was.
            let Some(there) = has(&client, wanted).await else { continue };
            let now = there.then_some(wanted);
            let changed = self.0.send_if_modified(|known| std::mem::replace(known, now) != now);
            if changed {
                tracing::info!(kind = wanted.kind(), group = wanted.group(), there, "the kind of reports has come or gone");
                wakes.everything(&index);
            }
        }
    }
}

/// Whether the cluster has the kind; none where that was not answered.
async fn has(client: &Client, wanted: ReportKind) -> Option<bool> {
    match client.list_api_group_resources(&format!("{}/{}", wanted.group(), wanted.version())).await {
        Ok(found) => Some(found.resources.iter().any(|resource| resource.name == wanted.plural())),
        Err(kube::Error::Api(answer)) if answer.code == 404 => Some(false),
        Err(error) => {
            tracing::warn!(group = wanted.group(), %error, "whether the cluster has the kind of reports was not answered; it is asked again");
            None
        }
    }
}

/// Writes the report of an object, or removes the one that is not wanted any more. A failure is logged and tried again with the
/// next pass: it must not fail the pass that it tells of.
pub async fn keep<K>(context: &Context, object: &K, findings: &[Finding], wanted: bool, compliance: &mut Compliance, now: Timestamp)
where
    K: Resource<DynamicType = ()>,
{
    let Some(kind) = context.report_kind() else {
        compliance.report = None;
        return;
    };
    let (api_version, object_kind) = (K::api_version(&()), K::kind(&()));
    let (namespace, name, uid) = (object.namespace().unwrap_or_default(), object.name_any(), object.uid().unwrap_or_default());
    let subject = Subject { kind: &object_kind, api_version: &api_version, namespace: &namespace, name: &name, uid: &uid };
    let kept = match (wanted, &compliance.report) {
        (true, _) => write(context, kind, &subject, findings, now).await.map(Some),
        (false, Some(report)) => remove(context, kind, &namespace, report).await.map(|()| None),
        (false, None) => return,
    };
    match kept {
        Ok(report) => compliance.report = report,
        Err(error) => {
            tracing::warn!(kind = %object_kind, namespace, name, %error, "the report could not be kept; it is tried with the next pass")
        }
    }
}

async fn write(context: &Context, kind: ReportKind, subject: &Subject<'_>, findings: &[Finding], now: Timestamp) -> anyhow::Result<String> {
    let (api, name) = (api(context, kind, subject.namespace), subject.report());
    let found = api.get_opt(&name).await?;
    let is_ours = |found: &DynamicObject| found.labels().get(MANAGED_BY).is_some_and(|by| by == SOURCE);
    anyhow::ensure!(
        found.as_ref().is_none_or(is_ours),
        "{} {name} is somebody else's: its label {MANAGED_BY} is not {SOURCE}",
        kind.kind()
    );
    let found = found.map(|found| serde_json::to_value(&found)).transpose()?;
    let wanted = report(kind, subject, findings, &context.catalogue, found.as_ref(), now);
    if !found.is_some_and(|found| is_current(&wanted, &found)) {
        api.patch(&name, &PatchParams::apply(SOURCE).force(), &Patch::Apply(&wanted)).await?;
    }
    Ok(name)
}

async fn remove(context: &Context, kind: ReportKind, namespace: &str, name: &str) -> anyhow::Result<()> {
    match api(context, kind, namespace).delete(name, &DeleteParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn api(context: &Context, kind: ReportKind, namespace: &str) -> Api<DynamicObject> {
    let gvk = GroupVersionKind::gvk(kind.group(), kind.version(), kind.kind());
    Api::namespaced_with(context.client.clone(), namespace, &ApiResource::from_gvk_with_plural(&gvk, kind.plural()))
}
