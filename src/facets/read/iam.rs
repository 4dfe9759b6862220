//! Questions about IAM.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IamRead {
    /// A role with its trust policy, the one inline policy that is ours, and its tags.
    Role { role: String, policy_name: String },
}
