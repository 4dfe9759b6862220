//! What an account has of trails, and what they cover: the inventory in the status of an AwsAccount.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An answer that AWS may not have given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Known {
    Yes,
    No,
    /// It could not be read.
    #[default]
    Unknown,
}

/// One trail that the account has, whoever made it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrailFound {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The Region that it belongs to.
    pub home_region: String,
    /// Whether it records every Region.
    pub multi_region: bool,
    /// Whether it records every account of the organization.
    pub organization: bool,
    /// Whether another account owns it, and it only shows here.
    pub shadow: bool,
    /// Whether it records.
    pub logging: Known,
    /// The bucket that it delivers to.
    pub bucket: String,
    /// Whether a Trail object looks after it.
    pub managed: Known,
    /// That object: `namespace/name` in this cluster, or `instance/namespace/name` as the ownership tag says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
}

/// Whether one sort of events is recorded, and by which trails.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Covered {
    /// Yes, No, or Unknown where a read was refused and no other trail is known to record them.
    pub recorded: Known,
    /// ARNs of the trails that do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trails: Vec<String>,
}

/// What is recorded in some Regions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Regions where the same is recorded.
    pub regions: Vec<String>,
    /// Management events that read.
    pub management_read: Covered,
    /// Management events that write.
    pub management_write: Covered,
    /// Data events of any resource.
    pub data: Covered,
    /// Network activity events of any service.
    pub network_activity: Covered,
    /// Insights of any type.
    pub insights: Covered,
}

/// Management events that nobody records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlindSpot {
    /// ManagementRead or ManagementWrite.
    pub events: String,
    /// Where.
    pub regions: Vec<String>,
}

/// Copies of management events beyond the first, which is free.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaidCopies {
    /// Regions that have any.
    pub regions: Vec<String>,
    /// The most of any Region.
    pub copies: u32,
    /// ARNs of the trails that record the same events there.
    pub trails: Vec<String>,
    /// What it costs, as far as that can be said. List prices of us-east-1; indicative.
    pub cost: String,
}
