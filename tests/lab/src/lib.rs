//! What Trailkeeper's integration tests, benchmark and demo stand on: a real Kubernetes control plane and the
//! simulated AWS on loopback, and helpers to run programs against them. Test support only: the operator never depends
//! on it, and it knows nothing of Trailkeeper's own kinds.
//!
//! The `lab` binary owns every process and ends them when its stdin closes, so a test process that is killed leaves
//! none behind. [`Lab`] starts that binary and is what a test holds.

pub mod aws;
pub mod commands;
pub mod control_plane;
pub mod info;
pub mod kubeconfig;
pub mod lab;
pub mod lifeline;
pub mod pki;
pub mod ports;
pub mod process;
pub mod stage;
pub mod tools;
pub mod up;
pub mod wait;

pub use commands::Output;
pub use info::LabInfo;
pub use lab::Lab;
pub use ports::Port;
pub use process::Process;
pub use tools::{target_binary, tools};
pub use wait::wait_for;
