//! Reports: pure. What was found and done, as text for people and JSON for programs.
//!
//! Nothing here calls AWS or Kubernetes, reads a file, or knows a terminal: a report is a value, a form is a string.

pub mod admission;
mod advice;
pub mod audit;
pub mod check;
pub mod iam_policy;
pub mod integrity;
mod junit_case;
pub mod lint;
pub mod open_reports;
mod page;
pub mod place;
pub mod plan_json;
pub mod plan_text;
pub mod rules;
#[cfg(test)]
mod samples;
mod workflow;

use crate::api::common::Mode;
use crate::engine::{Assessment, Outcome};
use crate::facets::difference::Difference;
use crate::facets::observed::{ErrorClass, Failure};
use crate::facets::step::{PlannedStep, Step};
use crate::facets::unchangeable::{Unchangeable, unchangeable};
use serde::Serialize;
use serde_json::Value;

/// What was found and done, object by object.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub objects: Vec<ObjectReport>,
}

/// Which object, and where it lives.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
    pub account: String,
    pub region: String,
    pub mode: Mode,
}

/// One object.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReport {
    #[serde(flatten)]
    pub identity: Identity,
    /// Why nothing is written although the mode is Enforce: suspended, or paused.
    pub held: Option<String>,
    /// What was found to differ.
    pub differences: Vec<Difference>,
    /// What of it AWS lets nobody write away, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unchangeable: Vec<Unchangeable>,
    /// The writes that remove the differences.
    pub steps: Vec<PlannedStep>,
    /// Resources that the steps take over.
    pub adopting: Vec<String>,
    /// A resource that exists and may not be touched.
    pub refusal: Option<RefusedResource>,
    /// Reads that AWS refused or did not answer.
    pub unknown: Vec<UnknownRead>,
    /// Why the object was not looked at, or is not brought about: something that it stands on is not there.
    pub blocked: Option<String>,
    /// What `apply` did; none in a plan.
    #[serde(flatten)]
    pub done: Option<Done>,
}

/// A resource that exists and may not be touched, and what to do.
#[derive(Clone, Debug, Serialize)]
pub struct RefusedResource {
    pub resource: String,
    pub owner: Option<String>,
    pub advice: String,
}

/// A read that failed, and what to do.
#[derive(Clone, Debug, Serialize)]
pub struct UnknownRead {
    pub facet: &'static str,
    #[serde(flatten)]
    pub failure: Failure,
    pub advice: String,
}

/// What `apply` did to one object.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Done {
    /// The writes that were made.
    pub applied: Vec<PlannedStep>,
    /// The write that failed; the ones after it were not tried.
    pub failed: Option<FailedWrite>,
    /// What differs still.
    pub remaining: Vec<Difference>,
}

/// A write that failed, and what to do.
#[derive(Clone, Debug, Serialize)]
pub struct FailedWrite {
    pub step: PlannedStep,
    pub failure: Failure,
    pub advice: String,
}

/// What a report comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// AWS is as declared.
    Clean,
    /// Something differs.
    Differs,
    /// Something could not be read, may not be touched, or failed.
    Failed,
}

/// What happens to a facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Create,
    Change,
    Remove,
}

/// Counts over a whole report: facets, except for `adopt` (resources), `writes` (AWS calls), `held` (objects) and `errors`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub create: usize,
    pub change: usize,
    pub remove: usize,
    pub adopt: usize,
    /// Writes that the plan makes, or that were made. Objects in Observe mode make none.
    pub writes: usize,
    /// Objects that were suspended or paused.
    pub held: usize,
    pub errors: usize,
}

/// A facet with its differences and steps.
struct FacetView<'a> {
    name: &'a str,
    differences: Vec<&'a Difference>,
    steps: Vec<&'a PlannedStep>,
}

impl FacetView<'_> {
    fn effect(&self) -> Effect {
        let whole = |difference: &&&Difference| difference.path == self.name;
        if self.differences.iter().filter(whole).any(|difference| difference.observed.is_null()) {
            Effect::Create
        } else if !self.differences.is_empty() && self.differences.iter().all(|difference| difference.desired.is_null()) {
            Effect::Remove
        } else {
            Effect::Change
        }
    }
}

impl ObjectReport {
    fn new(identity: Identity) -> Self {
        Self {
            identity,
            held: None,
            differences: Vec::new(),
            unchangeable: Vec::new(),
            steps: Vec::new(),
            adopting: Vec::new(),
            refusal: None,
            unknown: Vec::new(),
            blocked: None,
            done: None,
        }
    }

    /// An object that was not looked at, because something that it stands on is not there.
    pub fn blocked(identity: Identity, why: impl Into<String>) -> Self {
        Self { blocked: Some(why.into()), ..Self::new(identity) }
    }

    /// An object that is not to be looked at.
    pub fn held(identity: Identity, why: impl Into<String>) -> Self {
        Self { held: Some(why.into()), ..Self::new(identity) }
    }

    /// What was found.
    pub fn found(identity: Identity, assessment: &Assessment) -> Self {
        let refusal = assessment.refusal.as_ref().map(|refusal| RefusedResource {
            resource: refusal.resource.clone(),
            owner: refusal.owner.clone(),
            advice: advice::on_refusal(refusal.owner.as_deref()),
        });
        Self {
            differences: assessment.differences.clone(),
            unchangeable: unchangeable(&assessment.differences, &assessment.seen),
            steps: assessment.plan.clone(),
            adopting: assessment.adopting.clone(),
            refusal,
            unknown: unknown_reads(assessment),
            blocked: obstacle(&identity, assessment),
            ..Self::new(identity)
        }
    }

    /// What was found and done.
    pub fn applied(identity: Identity, outcome: &Outcome) -> Self {
        let failed = outcome.failed.as_ref().map(|failed| FailedWrite {
            step: failed.step.clone(),
            advice: advice::on_failure(&failed.failure),
            failure: failed.failure.clone(),
        });
        let remaining = remaining(outcome);
        let unknown = unknown_reads(outcome.latest());
        let done = Some(Done { applied: outcome.applied.clone(), failed, remaining });
        let blocked = obstacle(&identity, outcome.latest());
        Self { done, unknown, blocked, ..Self::found(identity, &outcome.before) }
    }

    /// Takes over what a later pass over the same object found and did.
    pub fn follow(&mut self, later: Self) {
        let earlier = self.done.take().unwrap_or_default().applied;
        self.done = later.done.map(|done| Done { applied: earlier.into_iter().chain(done.applied).collect(), ..done });
        self.refusal = later.refusal;
        self.unknown = later.unknown;
        self.blocked = later.blocked;
    }

    /// Whether a write failed for a reason of this class.
    pub fn failed_with(&self, class: ErrorClass) -> bool {
        self.done.as_ref().and_then(|done| done.failed.as_ref()).is_some_and(|failed| failed.failure.class == class)
    }

    /// A pass was made that left something to do.
    pub fn is_unfinished(&self) -> bool {
        !self.is_read_only() && self.done.as_ref().is_some_and(|done| done.failed.is_none() && !done.remaining.is_empty())
    }

    /// Nothing is written for this object, whatever differs.
    pub fn is_read_only(&self) -> bool {
        self.identity.mode == Mode::Observe || self.held.is_some()
    }

    pub fn verdict(&self) -> Verdict {
        if self.errors() > 0 {
            return Verdict::Failed;
        }
        let differs = match &self.done {
            None => !self.differences.is_empty() || !self.steps.is_empty(),
            Some(done) if self.is_read_only() => !done.remaining.is_empty(),
            Some(_) => false,
        };
        if differs { Verdict::Differs } else { Verdict::Clean }
    }

    fn errors(&self) -> usize {
        let failed = self.done.as_ref().is_some_and(|done| done.failed.is_some());
        usize::from(self.refusal.is_some())
            + self.unknown.len()
            + usize::from(self.blocked.is_some())
            + usize::from(failed || self.is_stuck())
    }

    /// Every step was made, and something differs still: it can't be changed, or AWS answers otherwise than it was told.
    fn is_stuck(&self) -> bool {
        let remaining = self.done.as_ref().is_some_and(|done| done.failed.is_none() && !done.remaining.is_empty());
        remaining && !self.is_read_only() && self.refusal.is_none() && self.unknown.is_empty() && self.blocked.is_none()
    }

    /// Differences and steps by facet, in the order of the plan.
    fn facets(&self) -> Vec<FacetView<'_>> {
        let mut views: Vec<FacetView<'_>> = Vec::new();
        for difference in &self.differences {
            let name = difference.path.split('.').next().unwrap_or_default();
            view(&mut views, name).differences.push(difference);
        }
        for step in &self.steps {
            view(&mut views, step.facet).steps.push(step);
        }
        views
    }
}

fn view<'v, 'a>(views: &'v mut Vec<FacetView<'a>>, name: &'a str) -> &'v mut FacetView<'a> {
    let at = views.iter().position(|view| view.name == name).unwrap_or_else(|| {
        views.push(FacetView { name, differences: Vec::new(), steps: Vec::new() });
        views.len() - 1
    });
    &mut views[at]
}

/// What differs after a pass. A pass that stopped at a failed step did not look again: what its steps before that one removed is gone.
fn remaining(outcome: &Outcome) -> Vec<Difference> {
    let found = &outcome.latest().differences;
    if outcome.failed.is_none() {
        return found.clone();
    }
    let facet_of = |difference: &Difference| difference.path.split('.').next().unwrap_or_default().to_owned();
    let (made, pending) = outcome.before.plan.split_at(outcome.applied.len().min(outcome.before.plan.len()));
    let is_done = |facet: &str| made.iter().any(|step| step.facet == facet) && !pending.iter().any(|step| step.facet == facet);
    found.iter().filter(|difference| !is_done(&facet_of(difference))).cloned().collect()
}

/// What only people can put right, unless the object is only looked at.
fn obstacle(identity: &Identity, assessment: &Assessment) -> Option<String> {
    assessment.obstacle.as_ref().filter(|_| identity.mode == Mode::Enforce).map(|obstacle| obstacle.message.clone())
}

/// Every failed read once: what stands on an unknown facet is unknown for the same reason.
fn unknown_reads(assessment: &Assessment) -> Vec<UnknownRead> {
    let mut found: Vec<UnknownRead> = Vec::new();
    for (facet, failure) in assessment.seen.unknown() {
        if !found.iter().any(|known| known.failure == *failure) {
            found.push(UnknownRead { facet, failure: failure.clone(), advice: advice::on_failure(failure) });
        }
    }
    found
}

impl Report {
    /// The worst of the objects' verdicts.
    pub fn verdict(&self) -> Verdict {
        let verdicts: Vec<Verdict> = self.objects.iter().map(ObjectReport::verdict).collect();
        [Verdict::Failed, Verdict::Differs].into_iter().find(|worst| verdicts.contains(worst)).unwrap_or(Verdict::Clean)
    }

    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for object in &self.objects {
            for facet in object.facets().iter().filter(|facet| !facet.differences.is_empty()) {
                match facet.effect() {
                    Effect::Create => summary.create += 1,
                    Effect::Change => summary.change += 1,
                    Effect::Remove => summary.remove += 1,
                }
            }
            summary.adopt += object.adopting.len();
            summary.writes += match &object.done {
                Some(done) => done.applied.len(),
                None if object.is_read_only() => 0,
                None => object.steps.len(),
            };
            summary.held += usize::from(object.held.is_some());
            summary.errors += object.errors();
        }
        summary
    }
}

/// What a step is made on, for people.
pub fn target(step: &Step) -> String {
    let fields = serde_json::to_value(step).unwrap_or(Value::Null);
    let named = ["bucket", "alias", "name", "trail", "key", "store", "account", "service"]
        .iter()
        .find_map(|field| fields.get(field).and_then(Value::as_str));
    named.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_is_that_of_the_worst_object() {
        let verdict = |objects: Vec<ObjectReport>| samples::report(objects).verdict();
        assert_eq!(verdict(vec![]), Verdict::Clean);
        assert_eq!(verdict(vec![samples::done()]), Verdict::Clean);
        assert_eq!(verdict(vec![samples::done(), samples::observed()]), Verdict::Differs);
        assert_eq!(verdict(vec![samples::observed(), samples::half_done()]), Verdict::Failed);
        assert_eq!(verdict(vec![samples::stuck()]), Verdict::Failed);
        assert_eq!(verdict(samples::troubled()), Verdict::Failed);
    }

    #[test]
    fn the_summary_counts_facets_and_the_writes_that_will_be_made() {
        let summary = samples::report([samples::archive(), samples::observed()]).summary();
        assert_eq!((summary.create, summary.change, summary.remove, summary.writes), (1, 2, 1, 3));
    }

    #[test]
    fn what_was_written_before_a_failure_differs_no_more() {
        let sample = samples::half_done();
        let done = sample.done.clone().unwrap_or_default();
        let failed = done.failed.map(|failed| crate::engine::FailedStep { step: failed.step, failure: failed.failure });
        let before = Assessment { differences: sample.differences, plan: sample.steps, ..Assessment::default() };
        let outcome = Outcome {
            mode: Mode::Enforce,
            fingerprint: String::new(),
            resources: Vec::new(),
            before,
            applied: done.applied,
            failed,
            after: None,
        };
        let paths: Vec<String> = remaining(&outcome).into_iter().map(|difference| difference.path).collect();
        assert_eq!(paths, ["versioning.status", "bucketTags.stray"]);
    }

    #[test]
    fn a_later_pass_adds_to_what_was_done() {
        let mut first = samples::half_done();
        assert!(first.failed_with(ErrorClass::Denied));
        first.follow(samples::done());
        let done = first.done.unwrap_or_default();
        assert_eq!((done.applied.len(), done.failed.is_some(), done.remaining.len()), (4, false, 0));
    }
}
