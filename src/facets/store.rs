//! What the facets of an event data store share: its context, and the states that it goes through.
//!
//! AWS changes the state of a store in its own time. While it is on its way from one to another AWS refuses writes, so no
//! facet asks for any: the pass ends as waiting, and the next one goes on.

use super::context::AccountFacts;
use super::observed::{Observed, Reading, Seen};
use super::store_import::ImportState;
use super::store_settings::StoreSettings;
use super::{Facet, Source};
use crate::api::EventDataStoreSpec;
use crate::api::event_data_store::ImportStatus;
use crate::facets::trail_events::EventsState;
use serde::{Deserialize, Serialize};

/// An EventDataStore with its references resolved.
#[derive(Clone, Debug)]
pub struct StoreContext {
    /// The store's name in AWS.
    pub name: String,
    pub spec: EventDataStoreSpec,
    pub account: AccountFacts,
    /// The value of the ownership tag.
    pub owner: String,
    /// The resources (by noun) that an earlier pass had in force.
    pub owned_before: Vec<String>,
    /// The ARN of the store, where an earlier pass had it in force.
    pub known: Option<String>,
    /// The import that an earlier pass has seen.
    pub imported: Option<ImportStatus>,
}

impl StoreContext {
    /// For rights: AWS chooses the id.
    pub fn arn_pattern(&self) -> String {
        let (partition, region) = (self.account.partition.as_str(), &self.spec.region);
        format!("arn:{partition}:cloudtrail:{region}:{}:eventdatastore/*", self.account.trail_owner(self.spec.organization))
    }

    /// The import of before, if it is the one that the spec asks for, into this store, and has come to its end.
    pub fn settled_import(&self, store: &str, wanted: &ImportState) -> Option<&ImportStatus> {
        let over = |import: &&ImportStatus| !matches!(import.state.as_str(), "INITIALIZING" | "IN_PROGRESS");
        self.imported.as_ref().filter(over).filter(|import| import.store_arn == store && import.asked == wanted.fingerprint())
    }
}

/// What GetEventDataStore says beside the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoreFacts {
    pub arn: String,
    /// As AWS writes it.
    pub state: String,
    pub selectors: EventsState,
    /// As AWS writes it.
    pub federation: String,
    pub federation_role: String,
}

impl StoreFacts {
    pub fn of(seen: &Seen) -> Option<Self> {
        seen.facts(StoreSettings::NAME)
    }

    /// Changes are taken: it is on its way neither to another state nor to its end.
    pub fn is_settled(&self) -> bool {
        matches!(self.state.as_str(), "ENABLED" | "STOPPED_INGESTION")
    }

    pub fn is_pending_deletion(&self) -> bool {
        self.state == "PENDING_DELETION"
    }

    /// What AWS is doing to the store by itself, if anything.
    pub fn under_way(&self) -> Option<&'static str> {
        match (self.state.as_str(), self.federation.as_str()) {
            ("CREATED", _) => Some("creates the store"),
            ("STARTING_INGESTION", _) => Some("starts its ingestion"),
            ("STOPPING_INGESTION", _) => Some("stops its ingestion"),
            (_, "ENABLING") => Some("enables its federation"),
            (_, "DISABLING") => Some("disables its federation"),
            _ => None,
        }
    }
}

/// The ARN of the store, if it takes changes now.
pub fn changeable(seen: &Seen) -> Option<String> {
    StoreFacts::of(seen).filter(StoreFacts::is_settled).map(|facts| facts.arn)
}

/// Where a facet of the store comes from: asked for or taken from `of` what is known, `without` a store. A store that is pending
/// deletion shows nothing but that, so it is taken to be `as_declared` until it is restored.
pub fn source_below(
    seen: &Seen,
    without: Observed<Reading>,
    as_declared: impl FnOnce() -> Reading,
    of: impl FnOnce(StoreFacts) -> Source,
) -> Source {
    match seen.get(StoreSettings::NAME) {
        Some(Observed::Unknown(why)) => Source::Inferred(Observed::Unknown(why.clone())),
        Some(Observed::Absent) | None => Source::Inferred(without),
        Some(Observed::Present(_)) => match StoreFacts::of(seen) {
            Some(facts) if facts.is_pending_deletion() => Source::Inferred(Observed::Present(as_declared())),
            facts => of(facts.unwrap_or_default()),
        },
    }
}
