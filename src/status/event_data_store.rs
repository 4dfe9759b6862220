//! The status of an EventDataStore after a pass: besides sync, its state in AWS, and what became of its import.

use super::Told;
use super::schedule::Requeue;
use super::tell::{Situation, Transition, Unready, tell_in_transition};
use crate::api::event_data_store::ImportStatus;
use crate::api::{EventDataStore, EventDataStoreStatus};
use crate::engine::Outcome;
use crate::facets::observed::Observed;
use crate::facets::store::StoreFacts;
use crate::facets::store_import::{ImportFacts, ImportState};
use std::time::Duration;

/// How often a store is looked at while AWS changes its state.
const IN_TRANSITION: Duration = Duration::from_secs(5);
/// How often while an import runs, which takes hours.
const IMPORTING: Duration = Duration::from_secs(60);

pub fn after_pass(store: &EventDataStore, outcome: &Outcome, situation: &Situation<'_>) -> Told<EventDataStoreStatus> {
    let mut status = store.status.clone().unwrap_or_default();
    let facts = StoreFacts::of(&outcome.latest().seen);
    take_over(&mut status, store, facts.as_ref(), outcome);
    let transition = facts
        .as_ref()
        .and_then(StoreFacts::under_way)
        .map(|what| Transition { message: format!("AWS {what}: until then it takes no other change"), look_again: IN_TRANSITION });
    let unready = unready(&status);
    let (events, requeue) = tell_in_transition(&mut status.common, &mut status.held, outcome, situation, unready, transition);
    let imports = status.import.as_ref().is_some_and(|import| matches!(import.state.as_str(), "INITIALIZING" | "IN_PROGRESS"));
    let requeue = match requeue {
        Requeue::After(wait) if imports => Requeue::After(wait.min(IMPORTING)),
        other => other,
    };
    Told { status, events, requeue }
}

fn take_over(status: &mut EventDataStoreStatus, store: &EventDataStore, facts: Option<&StoreFacts>, outcome: &Outcome) {
    let seen = &outcome.latest().seen;
    if let Some(Observed::Absent) = seen.get("settings") {
        status.state = None;
        status.store_arn = None;
    }
    let Some(facts) = facts else { return };
    status.state = Some(facts.state.clone());
    status.store_arn = Some(facts.arn.clone());
    if store.spec.import.is_none() {
        status.import = None;
    }
    if let (Some(found), Some(asked)) = (seen.facts::<ImportFacts>("import"), seen.state::<ImportState>("import")) {
        let asked = asked.fingerprint();
        status.import = Some(ImportStatus { id: found.id, state: found.state, store_arn: facts.arn.clone(), asked });
    }
}

/// In sync is not enough: what was to be imported must be.
fn unready(status: &EventDataStoreStatus) -> Option<Unready> {
    let import = status.import.as_ref()?;
    matches!(import.state.as_str(), "FAILED" | "STOPPED").then(|| Unready {
        reason: "ImportFailed",
        message: format!(
            "import {} is {}: `aws cloudtrail list-import-failures --import-id {}` says why, `start-import --import-id` goes on with it",
            import.id, import.state, import.id
        ),
        look_again: None,
    })
}
