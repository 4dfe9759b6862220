//! Writes to EventBridge. Every one says in which Region and on which bus.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use strum::IntoStaticStr;

/// A target to put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleTarget {
    pub id: String,
    pub arn: String,
    /// Empty where the target's own policy lets EventBridge in.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub role: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum EventBridgeStep {
    CreateEventBus {
        region: String,
        bus: String,
        description: String,
        tags: BTreeMap<String, String>,
    },
    PutRule {
        region: String,
        bus: String,
        rule: String,
        pattern: Value,
        state: String,
        description: String,
        /// Only a new rule takes tags; empty for one that exists.
        tags: BTreeMap<String, String>,
    },
    PutTargets {
        region: String,
        bus: String,
        rule: String,
        targets: Vec<RuleTarget>,
    },
    RemoveTargets {
        region: String,
        bus: String,
        rule: String,
        ids: Vec<String>,
    },
    DeleteRule {
        region: String,
        bus: String,
        rule: String,
    },
    DeleteEventBus {
        region: String,
        bus: String,
    },
}
