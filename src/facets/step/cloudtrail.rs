//! Writes to a trail.

use crate::api::insights::Template;
use crate::facets::insights::InsightsState;
use crate::facets::trail_events::Selectors;
use crate::facets::trail_settings::TrailSettings;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use strum::IntoStaticStr;

#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum CloudTrailStep {
    CreateTrail { name: String, settings: TrailSettings, tags: BTreeMap<String, String> },
    UpdateTrail { trail: String, settings: TrailSettings, fields: Vec<String> },
    StartLogging { trail: String },
    StopLogging { trail: String },
    PutEventSelectors { trail: String, selectors: Selectors },
    PutInsightSelectors { trail: String, insights: InsightsState },
    PutEventConfiguration { trail: String, templates: BTreeSet<Template> },
    AddTags { trail: String, tags: BTreeMap<String, String> },
    RemoveTags { trail: String, tag_keys: Vec<String> },
    DeleteTrail { trail: String },
    RegisterOrganizationDelegatedAdmin { account: String },
}
