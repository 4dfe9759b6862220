//! What the best-practice rules say of an object: the part of status that every judged kind has.

use crate::rules::finding::{Result, Severity};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The findings of an object, under the CompliancePolicies that select it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compliance {
    /// Rules that fail and rules that could not be judged, failures and the most severe first; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<OpenFinding>,
    /// How many more there are than `findings` holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_findings: Option<i32>,
    /// How many rules ended how. Those that do not apply are not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding_counts: Option<FindingCounts>,
    /// Name of the report that was written beside this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

/// A rule that fails or could not be judged. `trailkeeper explain RULE` says why it is there and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenFinding {
    /// Id of the rule, such as TK-TRAIL-003.
    pub rule: String,
    /// How much it matters, as the policies have it.
    pub severity: Severity,
    /// `Fail` or `Unknown`.
    pub result: Result,
    /// What is wrong, or what could not be read.
    pub message: String,
    /// Since when the rule has had this result.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
}

/// How many rules ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FindingCounts {
    /// Rules that fail.
    pub failed: i32,
    /// Rules that could not be judged.
    pub unknown: i32,
    /// Rules that fail, and a policy accepts it.
    pub exempt: i32,
    /// Rules that are kept.
    pub passed: i32,
}
