//! The control endpoint under `/_sim/`: how a test looks into the simulation and steers it. Described in README.md.

mod client;
pub mod server;

pub use client::{Client, ControlError};

use crate::record::CallRecord;
use serde::{Deserialize, Serialize};

pub const PREFIX: &str = "/_sim/";

/// What `GET /_sim/calls` answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Calls {
    /// Pass it as `since` to see only later calls.
    pub next: u64,
    pub calls: Vec<CallRecord>,
}

/// What the clock endpoint answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Now {
    pub now: jiff::Timestamp,
}
