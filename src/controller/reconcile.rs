//! One reconcile, alike for every kind: finalizer, suspension, pause, the gate, the pass, and what it has to tell.

use super::context::Context;
use super::gate::Verdict;
use super::index::Guarded;
use super::kind::{Ending, Kind, Pass, Passed};
use super::publish;
use crate::api::{PAUSE_UNTIL, REQUESTED_AT};
use crate::engine::{Deletion, Permit};
use crate::status::waiting::{suspend, wait};
use crate::status::{Event, Requeue, Timed, Told, Waiting, events};
use jiff::Timestamp;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The API server did not take what we wrote.
#[derive(Debug, thiserror::Error)]
#[error("the Kubernetes API server: {0}")]
pub struct Error(#[from] kube::Error);

/// The time in whole seconds, as Kubernetes writes times.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// How long a reconcile waits for the first list of all kinds.
const FIRST_LIST: Duration = Duration::from_secs(30);

pub fn after_error<K: Kind>(object: &Guarded<K>, error: &Error) -> Action {
    tracing::warn!(kind = %K::kind(&()), name = object.name_any(), %error, "reconciling failed; it is tried again");
    Action::requeue(Duration::from_secs(5))
}

pub async fn reconcile<K: Kind>(object: Arc<Guarded<K>>, context: Arc<Context>) -> Result<Action, Error> {
    let object = match &object.0 {
        Ok(object) => object,
        Err(invalid) => {
            tracing::error!(kind = %K::kind(&()), name = invalid.metadata.name, error = invalid.error, "an object cannot be read: update the CRDs and the operator together");
            return Ok(Action::await_change());
        }
    };
    if !matches!(tokio::time::timeout(FIRST_LIST, context.index.ready()).await, Ok(true)) {
        return Ok(Action::requeue(Duration::from_secs(5)));
    }
    let api = object.api(context.client.clone());
    if object.meta().deletion_timestamp.is_some() {
        return end(object, &api, &context).await;
    }
    if K::SETTLES && !publish::has_finalizer(object) {
        publish::set_finalizer(&api, object, true).await?;
    }
    object.seen(&context);
    let inputs = inputs(object, &context);
    let id = id(object);
    let failures = match context.gate.ask(&id, &inputs) {
        Verdict::Wait(left) => return Ok(Action::requeue(left)),
        Verdict::Pass { failures } => failures,
    };
    let Passed { mut told, failed } = pass(object, &context, failures).await;
    context.passes.count(&K::kind(&()), failed);
    told.status.common_mut().last_handled_reconcile_at = object.annotations().get(REQUESTED_AT).cloned();
    publish_all(object, &api, &told, &context).await?;
    // Our own status may be an input of others, never of ours: the inputs are those that the pass saw.
    let wait = context.gate.passed(&id, &inputs, told.requeue, if failed { failures.saturating_add(1) } else { 0 });
    Ok(Action::requeue(wait))
}

fn id<K: Kind>(object: &K) -> String {
    format!("{}/{}", K::kind(&()), object.uid().unwrap_or_default())
}

fn inputs<K: Kind>(object: &K, context: &Context) -> Value {
    let annotations = object.annotations();
    json!([object.meta().generation, annotations.get(REQUESTED_AT), annotations.get(PAUSE_UNTIL), object.references(context)])
}

async fn pass<K: Kind>(object: &K, context: &Context, failures: u32) -> Passed<K::Status> {
    let now = now();
    let generation = object.meta().generation.unwrap_or_default();
    if object.suspended() {
        let told = suspend(
            object.status(),
            "Suspended",
            "spec.suspend is true: AWS is neither read nor written",
            generation,
            Requeue::OnChange,
            now,
        );
        return Passed { told, failed: false };
    }
    let paused = match paused_until(object, now) {
        Ok(until) => until,
        Err(waiting) => return Passed { told: wait(object.status(), &waiting, generation, now), failed: true },
    };
    match object.pass(&Pass { context, now, failures, paused: paused.is_some() }).await {
        Ok(mut passed) => {
            if let Some(left) = paused
                && let Requeue::After(wait) = passed.told.requeue
            {
                passed.told.requeue = Requeue::After(wait.min(left));
            }
            passed
        }
        Err(waiting) => Passed { told: wait(object.status(), &waiting, generation, now), failed: true },
    }
}

/// The time left of a pause, if one is on. A pause that can't be read pauses: break-glass work must not be overwritten.
fn paused_until<K: Kind>(object: &K, now: Timestamp) -> Result<Option<Duration>, Waiting> {
    let Some(text) = object.annotations().get(PAUSE_UNTIL) else { return Ok(None) };
    let until: Timestamp = text.parse().map_err(|error| {
        Waiting::refused("InvalidPause", format!("annotation {PAUSE_UNTIL} must be an RFC 3339 time such as 2026-01-31T18:00:00Z: {error}"))
    })?;
    Ok(Duration::try_from(until.duration_since(now)).ok().filter(|left| !left.is_zero()))
}

async fn publish_all<K: Kind>(object: &K, api: &Api<K>, told: &Told<K::Status>, context: &Context) -> Result<(), Error> {
    // The status goes first: should the process die between the two, an event is lost rather than told for ever.
    if told.status.worth_writing(object.status(), now()) {
        publish::status(api, object, &told.status).await?;
    }
    publish::events(&context.client, object, &told.events).await;
    Ok(())
}

async fn end<K: Kind>(object: &K, api: &Api<K>, context: &Context) -> Result<Action, Error> {
    if !publish::has_finalizer(object) {
        return Ok(Action::await_change());
    }
    if let Err(why) = context.permit().check() {
        tracing::info!(name = object.name_any(), why, "a deletion waits");
        return Ok(Action::requeue(Duration::from_secs(2)));
    }
    let account = object.account_id(context);
    let waiting = match unpaused_end(object, context).await {
        Ending::Settled(deletion) => match settled(&object.what(), &account, &deletion) {
            Ok(events) => {
                publish::events(&context.client, object, &events).await;
                publish::set_finalizer(api, object, false).await?;
                context.gate.forget(&id(object));
                return Ok(Action::await_change());
            }
            Err(waiting) => waiting,
        },
        Ending::Wait(waiting) => waiting,
    };
    let generation = object.meta().generation.unwrap_or_default();
    let told = wait(object.status(), &waiting, generation, now());
    publish_all(object, api, &told, context).await?;
    match told.requeue {
        Requeue::After(wait) => Ok(Action::requeue(wait)),
        Requeue::OnChange => Ok(Action::requeue(Duration::from_secs(60))),
    }
}

/// A pause holds deletions too: they are writes.
async fn unpaused_end<K: Kind>(object: &K, context: &Context) -> Ending {
    match paused_until(object, now()) {
        Ok(None) => object.end(context).await,
        Ok(Some(left)) => {
            let message = format!("annotation {PAUSE_UNTIL} is in the future: nothing is deleted until then");
            Ending::Wait(Waiting { requeue: Requeue::After(left), ..Waiting::reference("Paused", message) })
        }
        Err(unreadable) => Ending::Wait(unreadable),
    }
}

fn settled(what: &str, account: &str, deletion: &Deletion) -> Result<Vec<Event>, Waiting> {
    match deletion {
        Deletion::Deleted(steps) if steps.is_empty() => Ok(Vec::new()),
        Deletion::Deleted(_) => Ok(vec![events::deleted(account, what)]),
        Deletion::Retained => Ok(vec![events::retained(what, "spec.deletionPolicy is Retain, or mode is Observe")]),
        Deletion::Kept(why) => Ok(vec![events::retained(what, why)]),
        Deletion::NotOurs(refusal) => Ok(vec![events::retained(&refusal.resource, "it is not owned by this object")]),
        Deletion::Blocked(failure) => Err(Waiting::failure(failure, 0)),
    }
}
