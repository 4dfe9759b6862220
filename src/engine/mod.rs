//! The engine: observe, differences, plan, apply, observe again. It knows facets, and no service.
//!
//! Both ends of the product stand on it: `plan` stops after `assess`, `apply` makes one `pass`, the controllers loop.

mod assess;
mod delete;
mod pass;

pub use assess::{Assessment, Refusal, assess};
pub use delete::{Deletion, delete};
pub use pass::{FailedStep, Outcome, pass};

use crate::api::common::Treatment;
use crate::facets::difference::Ignore;
use crate::facets::observed::{Answer, Failure};
use crate::facets::read::Read;
use crate::facets::registry::Registered;
use crate::facets::step::Step;
use crate::facets::policy_document::short_hash;
use serde_json::{Value, json};
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

/// One object, ready for the pipeline.
pub struct Subject {
    pub registered: Registered,
    pub treatment: Treatment,
    /// The value of the ownership tag.
    pub owner: String,
    /// Whether an earlier pass had the object in force: a missing ownership tag is then drift, not a stranger's resource.
    pub held_before: bool,
    pub account: String,
    pub region: String,
}

impl Subject {
    fn ignore(&self) -> Ignore {
        Ignore::new(self.treatment.ignore.clone())
    }

    /// Stands for everything that the spec and its references ask for. While it stays the same, a difference is drift.
    pub fn fingerprint(&self) -> String {
        let declared: Vec<Value> = self.registered.facets.iter().map(|facet| json!([facet.name(), facet.declared()])).collect();
        short_hash(&json!([declared, self.treatment.ignore]).to_string())
    }
}
