//! Organizations: what a Trail may set up in its own, and what was found of it.

use super::aws_account::Organization;
use jiff::Timestamp;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The Regions that are on in every account of the partition `aws`. The list is closed: Regions launched after March 20,
/// 2019 are opt-in (AWS Account Management Reference Guide, "Enable or disable AWS Regions in your account").
pub const DEFAULT_REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// CEL of TrailSpec: an organization trail's home is a Region that no member has to opt in to. AWS China and GovCloud have
/// no opt-in Regions.
pub(super) fn home_region_rule() -> String {
    let regions = DEFAULT_REGIONS.map(|region| format!("'{region}'")).join(", ");
    format!("!self.organization || self.region in [{regions}] || self.region.startsWith('cn-') || self.region.startsWith('us-gov-')")
}

/// What a Trail may set up in the organization. Only the management account can, and what was set up is never taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrganizationSetup {
    /// Turn on trusted access for CloudTrail (organizations:EnableAWSServiceAccess) where it is off.
    #[serde(default)]
    pub enable_trusted_access: bool,
    /// Id of the member account to register as a delegated administrator of CloudTrail. An organization may have three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 12))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9]{12}$')").message("spec.organizationSetup.registerDelegatedAdministrator must be a 12-digit AWS account id, in quotes"))]
    pub register_delegated_administrator: Option<String>,
}

/// The organization of an AwsAccount, as far as it may be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationStatus {
    #[serde(flatten)]
    pub organization: Organization,
    /// What the account is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether all features are on: organization trails need them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_features: Option<bool>,
    /// Whether CloudTrail has trusted access: organization trails need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_access: Option<bool>,
    /// Ids of the members that administer CloudTrail for the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    pub delegated_administrators: Option<Vec<String>>,
    /// How many accounts the organization has, its management account and suspended ones included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_count: Option<u32>,
    /// The accounts of the organization, by id; at most 1000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub members: Vec<Member>,
    /// Operations that were refused, so that what they would tell is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub unknown: Vec<String>,
}

impl OrganizationStatus {
    /// As much as every member may know.
    pub fn identity(organization: Organization) -> Self {
        Self {
            organization,
            role: None,
            all_features: None,
            trusted_access: None,
            delegated_administrators: None,
            member_count: None,
            members: Vec::new(),
            unknown: Vec::new(),
        }
    }
}

/// Who of the organization an organization trail records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationCoverage {
    /// Active accounts of the organization, its management account included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<u32>,
    /// How many of them have a folder with logs in the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts_with_logs: Option<u32>,
    /// Those without any log yet, by id; at most 20 are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub accounts_without_logs: Vec<String>,
    /// The Regions recorded: those that are on in the trail's account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub regions: Vec<String>,
    /// What could not be told, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub unknown: Vec<String>,
    /// When the archive was last looked at: at most hourly once every account has logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_checked_time: Option<Timestamp>,
}

/// What an account is in its organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Role {
    Management,
    /// A delegated administrator of CloudTrail.
    DelegatedAdministrator,
    Member,
}

/// An account of the organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The account id.
    pub id: String,
    /// The account's name in the organization.
    pub name: String,
    /// As AWS writes it: ACTIVE, SUSPENDED, PENDING_CLOSURE, ...
    pub status: String,
}

impl Member {
    /// Whether the account can do anything that would be recorded.
    pub fn is_active(&self) -> bool {
        self.status == "ACTIVE"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_names_every_region_once() {
        let rule = home_region_rule();
        assert!(DEFAULT_REGIONS.iter().all(|region| rule.matches(&format!("'{region}'")).count() == 1));
        assert!(DEFAULT_REGIONS.is_sorted());
    }
}
