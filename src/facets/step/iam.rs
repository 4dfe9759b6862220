//! Writes to IAM.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use strum::IntoStaticStr;

#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum IamStep {
    CreateRole { role: String, description: String, trust: Value, tags: BTreeMap<String, String> },
    UpdateAssumeRolePolicy { role: String, trust: Value },
    PutRolePolicy { role: String, policy_name: String, policy: Value },
    TagRole { role: String, tags: BTreeMap<String, String> },
    UntagRole { role: String, tag_keys: Vec<String> },
    DeleteRolePolicy { role: String, policy_name: String },
    DeleteRole { role: String },
}
