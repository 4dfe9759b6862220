//! Writes to an event data store.

use crate::api::events::AdvancedSelector;
use crate::facets::store_import::ImportState;
use crate::facets::store_settings::StoreState;
use serde::Serialize;
use std::collections::BTreeMap;
use strum::IntoStaticStr;

#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum LakeStep {
    CreateEventDataStore {
        name: String,
        settings: StoreState,
        selectors: Vec<AdvancedSelector>,
        start_ingestion: bool,
        tags: BTreeMap<String, String>,
    },
    UpdateEventDataStore {
        store: String,
        settings: StoreState,
        fields: Vec<String>,
    },
    /// Sets the store's selectors.
    #[serde(rename = "UpdateEventDataStore")]
    #[strum(serialize = "UpdateEventDataStore")]
    PutSelectors {
        store: String,
        selectors: Vec<AdvancedSelector>,
    },
    RestoreEventDataStore {
        store: String,
    },
    StartEventDataStoreIngestion {
        store: String,
    },
    StopEventDataStoreIngestion {
        store: String,
    },
    EnableFederation {
        store: String,
        role: String,
    },
    DisableFederation {
        store: String,
    },
    PutInsightSelectors {
        store: String,
        types: Vec<String>,
        destination: String,
    },
    StartImport {
        store: String,
        import: ImportState,
    },
    AddTags {
        store: String,
        tags: BTreeMap<String, String>,
    },
    RemoveTags {
        store: String,
        tag_keys: Vec<String>,
    },
    DeleteEventDataStore {
        store: String,
    },
}
