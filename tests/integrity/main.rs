//! `trailkeeper verify` held to its promises: the real command line against archives that the simulated AWS wrote and signed,
//! beside the official `aws cloudtrail validate-logs` on the same bucket. No cluster.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod archive;
mod cases;
mod command;
mod comparison;
mod corpus;
mod forms;
mod incremental;
mod lab;
mod properties;
mod report;
mod shapes;
mod vectors;
