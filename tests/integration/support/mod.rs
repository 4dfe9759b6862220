//! What every test stands on: the stage (control plane, simulated AWS, operator), and a world of its own on it.

pub mod manifests;
pub mod objects;
pub mod stage;
pub mod stranger;
pub mod trouble;
pub mod world;

pub use objects::{Seen, condition, is_true};
pub use stage::Stage;
pub use world::World;
