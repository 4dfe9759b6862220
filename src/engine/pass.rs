//! One pass: assess, apply the plan step by step, and look again.

use super::{Assessment, Permit, Produced, Subject, World, assess};
use crate::api::common::Mode;
use crate::facets::observed::{ErrorClass, Failure};
use crate::facets::step::PlannedStep;

/// A step that AWS refused, or that could not be tried.
#[derive(Clone, Debug)]
pub struct FailedStep {
    pub step: PlannedStep,
    pub failure: Failure,
}

/// What one pass found and did.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub mode: Mode,
    pub fingerprint: String,
    /// The resources of the object: noun, and the facet that says whether it exists.
    pub resources: Vec<(&'static str, &'static str)>,
    /// What was found at first.
    pub before: Assessment,
    pub applied: Vec<PlannedStep>,
    pub failed: Option<FailedStep>,
    /// What was found after the steps, if there were any.
    pub after: Option<Assessment>,
}

impl Outcome {
    /// The newest knowledge.
    pub fn latest(&self) -> &Assessment {
        self.after.as_ref().unwrap_or(&self.before)
    }

    /// AWS is as declared.
    pub fn in_sync(&self) -> bool {
        self.failed.is_none() && self.latest().in_sync()
    }
}

/// Makes one pass. In Observe mode nothing is written, whatever differs.
pub async fn pass<W: World>(world: &W, subject: &Subject, permit: &impl Permit) -> Outcome {
    let before = assess(world, subject).await;
    let mut outcome = Outcome {
        mode: subject.treatment.mode,
        fingerprint: subject.fingerprint(),
        resources: subject.registered.resources.iter().map(|resource| (resource.noun(), resource.root())).collect(),
        before,
        applied: Vec::new(),
        failed: None,
        after: None,
    };
    if subject.treatment.mode == Mode::Observe || outcome.before.plan.is_empty() {
        return outcome;
    }
    let mut produced = Produced::default();
    for planned in &outcome.before.plan {
        match step(world, subject, permit, planned, &mut produced).await {
            Ok(()) => outcome.applied.push(planned.clone()),
            Err(failure) => {
                outcome.failed = Some(FailedStep { step: planned.clone(), failure });
                break;
            }
        }
    }
    if outcome.failed.is_none() {
        outcome.after = Some(assess(world, subject).await);
    }
    outcome
}

pub(super) async fn step<W: World>(
    world: &W,
    subject: &Subject,
    permit: &impl Permit,
    planned: &PlannedStep,
    produced: &mut Produced,
) -> Result<(), Failure> {
    permit.check().map_err(|why| Failure {
        class: ErrorClass::Halted,
        operation: planned.step.action().to_owned(),
        object: planned.facet.to_owned(),
        account: subject.account.clone(),
        region: subject.region.clone(),
        code: "NotWritten".to_owned(),
        message: why,
    })?;
    world.execute(&planned.step, produced).await
}
