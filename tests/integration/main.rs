//! The operator on real parts: manifests on a real API server, the real AWS SDK against the simulated AWS, and
//! `trailkeeper run` as a process of its own with the rights of the chart and no others.
//!
//! Every test has a namespace and an AWS account number of its own, so all run at the same time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod account;
mod admission;
mod adoption;
mod alarms;
mod analysis;
mod central;
mod compliance;
mod convergence;
mod crash;
mod create;
mod deletion;
mod delivery;
mod drift;
mod failures;
mod immutable;
mod integrity;
mod least_privilege;
mod manifests;
mod metrics;
mod new_files;
mod observe;
mod organization;
mod readers;
mod recipes;
mod references;
mod responses;
mod restart;
mod steady;
mod stores;
mod support;
mod whole_organization;
