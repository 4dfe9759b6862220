//! Writes to the organization.

use serde::Serialize;
use strum::IntoStaticStr;

#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum OrganizationsStep {
    #[serde(rename = "EnableAWSServiceAccess")]
    #[strum(serialize = "EnableAWSServiceAccess")]
    EnableServiceAccess { service: &'static str },
}
