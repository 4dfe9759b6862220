//! What CloudTrail makes of recorded events: Insights, and aggregated data events.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What CloudTrail watches for unusual activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum InsightType {
    /// How often calls are made. Of management events it looks at writes only.
    #[default]
    ApiCallRate,
    /// How often calls fail.
    ApiErrorRate,
}

/// Which events an Insight looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum InsightCategory {
    #[default]
    Management,
    Data,
}

/// One Insight. It costs per event that it looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Insight {
    /// ApiCallRate or ApiErrorRate.
    #[serde(rename = "type")]
    pub kind: InsightType,
    /// The events that it looks at: Management, Data, or both. The trail must record them.
    #[serde(default = "management")]
    #[schemars(length(min = 1, max = 2))]
    #[x_kube(validation = Rule::new("self.size() < 2 || self[0] != self[1]").message("spec.events.insights[].categories must not name a category twice"))]
    pub categories: Vec<InsightCategory>,
}

fn management() -> Vec<InsightCategory> {
    vec![InsightCategory::Management]
}

/// How data events are summed up. AWS adds its summaries every five minutes under `CloudTrail-Aggregated/`; it charges for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Aggregation {
    /// What is summed up: ApiActivity, ResourceAccess, UserActions.
    #[schemars(length(min = 1, max = 3))]
    #[x_kube(validation = Rule::new("self.all(one, self.filter(other, other == one).size() == 1)").message("spec.events.aggregation.templates must not name a template twice"))]
    pub templates: Vec<Template>,
}

/// A kind of summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Template {
    /// Calls, by operation.
    #[default]
    ApiActivity,
    /// Access, by resource.
    ResourceAccess,
    /// Actions, by user.
    UserActions,
}
