//! What `status.responses` of a Trail says: where rules are, and what only the owners of foreign targets can do.

use crate::api::responses::{NeededStatement, ResponsesStatus};
use crate::facets::response_role::sending;
use crate::facets::responses::{ResponsesState, targets};
use crate::facets::step::target::TargetKind;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

pub fn summary(state: &ResponsesState) -> ResponsesStatus {
    let regions: BTreeSet<&String> = state.values().flat_map(|response| response.rules.keys()).collect();
    // A bus is sent to with a role as well, but it has no policy that would need a statement.
    let through_role = targets(state).filter(|target| !target.role.is_empty());
    let foreign: BTreeMap<&str, (&str, TargetKind)> =
        through_role.filter_map(|target| Some((target.arn.as_str(), (target.role.as_str(), TargetKind::of(&target.arn)?)))).collect();
    let statement = |target: &str, role: &str, kind| json!({"Sid": "TrailkeeperResponses", "Effect": "Allow", "Principal": {"AWS": role}, "Action": sending(kind), "Resource": target});
    ResponsesStatus {
        regions: regions.into_iter().cloned().collect(),
        statements_needed: foreign
            .into_iter()
            .map(|(target, (role, kind))| NeededStatement {
                target: target.to_owned(),
                statement: statement(target, role, kind).to_string(),
            })
            .collect(),
    }
}
