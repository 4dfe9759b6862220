//! Evidence that rules ask for and no facet keeps: read only, for `check` and `report`, and what little of it the operator asks. The names of the pieces are in `rules::case`.

mod account;
mod bucket;
mod guard;
mod history;
mod key;
mod monitoring;
mod trail;

pub use bucket::Owner;
pub use history::Lookup;

use super::Cloud;

/// Requests under way at a time, for one account.
const AT_ONCE: usize = 8;

impl Cloud {
    /// The Region that is asked.
    pub fn region(&self) -> &str {
        &self.region
    }
}

/// The account that an ARN names.
fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// The Region that an ARN names.
fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}
