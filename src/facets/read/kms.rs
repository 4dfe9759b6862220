//! Questions about a key.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KmsRead {
    /// A key by its alias, or, where the alias is missing, by its ownership tag.
    Key {
        alias: String,
        owner: String,
    },
    /// The key of a bucket that somebody else keeps, for a trail.
    DeliveryKey {
        /// Key ARN, key id, alias or alias ARN.
        key: String,
        bucket: String,
        /// The trail's ARN.
        trail: String,
    },
    KeyPolicy {
        key: String,
    },
    KeyRotation {
        key: String,
    },
}
