//! The trails that an archive lets in, as its status tells of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a policy lets writers in, from the most exact form to the most compact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum PolicyForm {
    /// Statements for each trail.
    #[default]
    PerTrail,
    /// Statements that trails share, with the list of their ARNs.
    Merged,
    /// Statements with the list of the trails' accounts.
    PerAccount,
    /// Statements with the trails' organization.
    Organization,
}

impl PolicyForm {
    pub const ALL: [Self; 4] = [Self::PerTrail, Self::Merged, Self::PerAccount, Self::Organization];
}

/// A trail that may write to the archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WriterStatus {
    /// ARN of the trail.
    pub trail_arn: String,
    /// The key prefix that it writes under.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key_prefix: String,
    /// The organization whose members' logs it writes, for an organization trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// The organization that the trail's account belongs to, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_organization: Option<String>,
    /// Kept when the Trail object goes: the trail itself stays in AWS and still needs to write.
    #[serde(default)]
    pub retain: bool,
}
