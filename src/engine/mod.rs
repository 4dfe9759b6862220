//! The engine: observe, differences, plan, apply, observe again. It knows facets, and no service.
//!
//! Both ends of the product stand on it: `plan` stops after `assess`, `apply` makes one `pass`, the controllers loop.

mod assess;
mod delete;
mod pass;
mod residency;
mod subject;

pub use assess::{Assessment, Refusal, assess, observe};
pub use delete::{Deletion, delete};
pub use pass::{FailedStep, Outcome, pass};
pub use residency::outside;
pub use subject::{Subject, Writers, store_name, trail_name, writers};

use crate::facets::observed::{Answer, Failure};
use crate::facets::read::Read;
use crate::facets::step::Step;
use std::future::Future;

/// What earlier steps of a plan brought into being, for the steps that refer to it.
#[derive(Clone, Debug, Default)]
pub struct Produced {
    pub key_arn: Option<String>,
}

/// Where the engine reads and writes. `aws::Cloud` is the real one.
pub trait World: Sync {
    /// Answers one question.
    fn read(&self, read: &Read) -> impl Future<Output = Answer> + Send;
    /// Carries out one step.
    fn execute(&self, step: &Step, produced: &mut Produced) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Asked before each write. An error means that nothing may be written now, and says why.
pub trait Permit: Sync {
    fn check(&self) -> Result<(), String>;
}
