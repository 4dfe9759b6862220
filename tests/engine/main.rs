//! The pure half held to its promises: every property runs the real engine and facets against an AWS kept in memory.
//! No cluster, no network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod adopt;
mod buckets;
mod converge;
mod declared;
mod delete;
mod deny;
mod ignore;
mod keys;
mod memory;
mod observe;
mod plans;
mod policies;
mod tamper;
mod told;
mod told_trail;
mod trails;
