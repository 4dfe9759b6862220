//! Questions about IAM.

use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IamRead {
    /// A role with its trust policy, the one inline policy that is ours, and its tags.
    Role { role: String, policy_name: String },
    /// Several such roles under names of ours, with whose they are: `owner`'s, if all are.
    Roles { roles: BTreeMap<String, String>, policy_name: String, owner: String },
}
