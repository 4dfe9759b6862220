//! Writes to the Glue data catalog.

use crate::facets::analysis::table::TableState;
use serde::Serialize;
use std::collections::BTreeMap;
use strum::IntoStaticStr;

#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum GlueStep {
    CreateDatabase {
        database: String,
        tags: BTreeMap<String, String>,
    },
    TagResource {
        arn: String,
        tags: BTreeMap<String, String>,
    },
    UntagResource {
        arn: String,
        tag_keys: Vec<String>,
    },
    CreateTable {
        database: String,
        name: String,
        table: TableState,
    },
    UpdateTable {
        database: String,
        name: String,
        table: TableState,
    },
    /// With its tables.
    DeleteDatabase {
        database: String,
    },
}
