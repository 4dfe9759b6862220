//! The simulation against facts/, through the real SDK and the official `aws` command line. One moto for all tests; each test has a
//! simulation and account numbers of its own, so they run side by side.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod binary;
mod cli;
mod delivery;
mod destinations;
mod digests;
mod eventbridge;
mod faults;
mod lab;
mod lake;
mod lookup;
mod organizations;
mod regions;
mod s3;
mod selectors;
mod sts;
mod tags;
mod trails;
