//! Writes to Athena.

use crate::facets::analysis::queries::QueryState;
use crate::facets::analysis::workgroup::WorkgroupState;
use serde::Serialize;
use std::collections::BTreeMap;
use strum::IntoStaticStr;

#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum AthenaStep {
    CreateWorkGroup {
        workgroup: String,
        settings: WorkgroupState,
        tags: BTreeMap<String, String>,
    },
    UpdateWorkGroup {
        workgroup: String,
        settings: WorkgroupState,
    },
    TagResource {
        arn: String,
        tags: BTreeMap<String, String>,
    },
    UntagResource {
        arn: String,
        tag_keys: Vec<String>,
    },
    /// With its named queries and its history of queries.
    DeleteWorkGroup {
        workgroup: String,
    },
    CreateNamedQuery {
        workgroup: String,
        database: String,
        name: String,
        query: QueryState,
    },
    UpdateNamedQuery {
        id: String,
        name: String,
        query: QueryState,
    },
    DeleteNamedQuery {
        id: String,
    },
}
