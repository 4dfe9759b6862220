//! Trailkeeper keeps AWS audit logging (CloudTrail and all it stands on) as declared.
//!
//! One pipeline, two ends: manifests become desired state, AWS is observed, the differences become a plan of steps,
//! and the plan is printed (`plan`), carried out once (`apply`), or carried out for ever (`run`).

pub mod api;
pub mod attribution;
pub mod aws;
pub mod cli;
pub mod controller;
pub mod engine;
pub mod facets;
pub mod integrity;
pub mod report;
pub mod rules;
pub mod status;
