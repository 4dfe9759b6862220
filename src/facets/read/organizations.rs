//! Questions about the organization.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrganizationsRead {
    /// What an organization trail of the asking account stands on.
    Access {
        /// The service principal whose trusted access and administrators are meant.
        service: &'static str,
        /// Also whether this account is one of its delegated administrators.
        administrator: Option<String>,
    },
}
