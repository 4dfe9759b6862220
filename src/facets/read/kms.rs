//! Questions about a key.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KmsRead {
    /// A key by its alias, or, where the alias is missing, by its ownership tag.
    Key {
        alias: String,
        owner: String,
    },
    KeyPolicy {
        key: String,
    },
    KeyRotation {
        key: String,
    },
}
