//! Observe and compare: what differs, whose the resources are, and the plan. Makes no write.

use super::{Subject, World};
use crate::api::common::{Adoption, Mode};
use crate::facets::difference::Difference;
use crate::facets::observed::{Failure, Observed, Seen};
use crate::facets::step::PlannedStep;
use crate::facets::tags::{OWNER, OwnerFacts, marks};
use crate::facets::{AnyFacet, Obstacle, Resource, Source};
use serde_json::{Value, json};

/// A resource that exists and may not be touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub resource: String,
    /// The other object that owns it, if one does.
    pub owner: Option<String>,
}

/// What was seen and what follows from it.
#[derive(Clone, Debug, Default)]
pub struct Assessment {
    pub seen: Seen,
    pub differences: Vec<Difference>,
    pub refusal: Option<Refusal>,
    /// What others must put right first.
    pub obstacle: Option<Obstacle>,
    /// Resources that the plan takes over.
    pub adopting: Vec<String>,
    pub plan: Vec<PlannedStep>,
}

impl Assessment {
    /// Nothing differs and everything could be read.
    pub fn in_sync(&self) -> bool {
        self.differences.is_empty() && self.refusal.is_none() && self.plan.is_empty() && self.unknown().is_none()
    }

    /// A read that was not answered. Refused reads come first: they do not pass by themselves.
    pub fn unknown(&self) -> Option<&Failure> {
        use crate::facets::observed::ErrorClass::{Denied, Throttled, Transient};
        let failures = || self.seen.unknown().map(|(_, failure)| failure);
        failures()
            .find(|failure| failure.class == Denied)
            .or_else(|| failures().find(|failure| !matches!(failure.class, Transient | Throttled)))
            .or_else(|| failures().next())
    }
}

/// Whose a resource is.
enum Claim {
    Ours,
    Absent,
    Unknown,
    /// It was ours, and the mark of ownership is missing.
    Lost(OwnerFacts),
    Adopt(OwnerFacts),
    Refused(Refusal),
}

/// Reads everything about the subject and compares.
pub async fn assess<W: World>(world: &W, subject: &Subject) -> Assessment {
    judge(observe(world, &subject.registered.facets).await, subject)
}

/// Reads facets in their order, each knowing what was read before it.
pub async fn observe<W: World>(world: &W, facets: &[Box<dyn AnyFacet>]) -> Seen {
    let mut seen = Seen::default();
    for facet in facets {
        let answer = match facet.source(&seen) {
            Source::Ask(read) => world.read(&read).await,
            Source::Inferred(answer) => answer,
        };
        seen.insert(facet.name(), answer);
    }
    seen
}

fn judge(seen: Seen, subject: &Subject) -> Assessment {
    let mut assessment = Assessment::default();
    let mut writable = true;
    let mut claims = Vec::new();
    for resource in &subject.registered.resources {
        match claim(resource.as_ref(), &seen, subject) {
            Claim::Ours | Claim::Absent => {}
            Claim::Unknown => writable = false,
            Claim::Lost(facts) => {
                assessment.differences.push(Difference {
                    path: format!("{}.{OWNER}", resource.tags()),
                    desired: json!(subject.owner),
                    observed: Value::Null,
                });
                claims.extend(claim_step(resource.as_ref(), &seen, subject, &facts, false).map(|step| (resource.as_ref(), step)));
            }
            Claim::Adopt(facts) => {
                assessment.adopting.push(resource.id());
                claims.extend(claim_step(resource.as_ref(), &seen, subject, &facts, true).map(|step| (resource.as_ref(), step)));
            }
            Claim::Refused(refusal) => {
                assessment.refusal.get_or_insert(refusal);
            }
        }
    }
    let (late, first): (Vec<_>, Vec<_>) = claims.into_iter().partition(|(resource, _)| resource.claimed_after_repair(&seen));
    assessment.plan.extend(first.into_iter().map(|(_, claim)| claim));
    let ignore = subject.ignore();
    for facet in &subject.registered.facets {
        let evaluation = facet.evaluate(&seen, &ignore);
        assessment.differences.extend(evaluation.differences);
        assessment.obstacle = assessment.obstacle.take().or(evaluation.obstacle);
        assessment.plan.extend(evaluation.steps);
        assessment.plan.extend(late.iter().filter(|(resource, _)| resource.root() == facet.name()).map(|(_, claim)| claim.clone()));
    }
    let stopped = assessment.obstacle.as_ref().is_some_and(|obstacle| obstacle.nothing_may_be_written);
    let unclear = |facet: &dyn AnyFacet| facet.gates_creation() && matches!(seen.get(facet.name()), Some(Observed::Unknown(_)));
    let creates = assessment.plan.iter().any(|planned| planned.step.creates());
    let barred = creates && subject.registered.facets.iter().any(|facet| unclear(facet.as_ref()));
    if !writable || stopped || barred || assessment.refusal.is_some() {
        assessment.plan.clear();
    }
    assessment.seen = seen;
    assessment
}

fn claim(resource: &dyn Resource, seen: &Seen, subject: &Subject) -> Claim {
    match (seen.get(resource.root()), seen.get(resource.tags())) {
        (Some(Observed::Absent) | None, _) => return Claim::Absent,
        (Some(Observed::Unknown(_)), _) | (_, Some(Observed::Unknown(_))) => return Claim::Unknown,
        _ => {}
    }
    let facts: OwnerFacts = seen.facts(resource.tags()).unwrap_or_default();
    if facts.owner.as_deref() == Some(subject.owner.as_str()) {
        return Claim::Ours;
    }
    match (subject.treatment.adoption, &facts.owner) {
        (_, None) if subject.owned_before.iter().any(|owned| owned == resource.noun()) => Claim::Lost(facts),
        // Who only looks claims nothing.
        _ if subject.treatment.mode == Mode::Observe => Claim::Ours,
        (Adoption::IfUnowned, None) | (Adoption::Always, _) => Claim::Adopt(facts),
        (Adoption::Never, _) | (Adoption::IfUnowned, Some(_)) => {
            Claim::Refused(Refusal { resource: format!("{} {}", resource.noun(), resource.id()), owner: facts.owner })
        }
    }
}

fn claim_step(resource: &dyn Resource, seen: &Seen, subject: &Subject, facts: &OwnerFacts, adopting: bool) -> Option<PlannedStep> {
    let reason = if adopting {
        format!("adopt the {}: spec.adoption allows it", resource.noun())
    } else {
        format!("the ownership tag of the {} is missing", resource.noun())
    };
    let step = resource.claim(seen, marks(&subject.owner, facts, adopting))?;
    Some(PlannedStep { facet: resource.tags(), step, reason })
}
