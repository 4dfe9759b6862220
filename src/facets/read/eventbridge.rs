//! Questions about EventBridge rules.

use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventBridgeRead {
    /// The rules on the default buses of `regions`, and the buses of the Region `home` with their rules, whose names begin with
    /// `prefix`.
    Responses { home: String, regions: BTreeSet<String>, prefix: String, owner: String },
}
