//! What users write and read: one file per kind, the shared words, conditions, and the CRDs made from them.
//!
//! Nothing here talks to AWS or to an API server. Validity is CEL in the schema wherever CEL can say it, so the
//! API server and the command line reject the same manifests with the same words.

pub mod alarms;
pub mod analysis;
pub mod aws_account;
pub mod bucket_options;
pub mod common;
pub mod compliance_policy;
pub mod condition;
pub mod crds;
pub mod delivery;
pub mod event_data_store;
pub mod events;
pub mod findings;
pub mod hand_over;
pub mod insights;
pub mod integrity;
pub mod inventory;
pub mod log_archive;
pub mod organization;
pub mod responses;
pub mod retention;
pub mod trail;
pub mod writers;

pub use aws_account::{AwsAccount, AwsAccountSpec, AwsAccountStatus};
pub use compliance_policy::{CompliancePolicy, CompliancePolicySpec, CompliancePolicyStatus};
pub use event_data_store::{EventDataStore, EventDataStoreSpec, EventDataStoreStatus};
pub use log_archive::{LogArchive, LogArchiveSpec, LogArchiveStatus};
pub use trail::{Trail, TrailSpec, TrailStatus};

/// API group of every kind, and the prefix of every annotation, finalizer and tag that is ours.
pub const GROUP: &str = "trailkeeper.dev";

/// Reconcile now: any change of this annotation's value starts a pass (Flux users know the idea as `requestedAt`).
pub const REQUESTED_AT: &str = "trailkeeper.dev/requestedAt";

/// Break-glass: until this RFC 3339 time nothing is written to AWS for the object; differences are still reported.
pub const PAUSE_UNTIL: &str = "trailkeeper.dev/pauseUntil";

/// Held by every object that has something to settle before it may go.
pub const FINALIZER: &str = "trailkeeper.dev/finalizer";
