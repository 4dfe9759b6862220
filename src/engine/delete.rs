//! Deletion: backwards, only what is ours, and never a log object.

use super::pass::step;
use super::{Permit, Produced, Refusal, Subject, World, assess};
use crate::api::common::{DeletionPolicy, Mode};
use crate::facets::observed::{Failure, Observed};
use crate::facets::step::PlannedStep;
use crate::facets::tags::OwnerFacts;

/// How a deletion ended.
#[derive(Clone, Debug)]
pub enum Deletion {
    /// Everything that was ours is gone.
    Deleted(Vec<PlannedStep>),
    /// Left as it is: the spec, or Observe mode, asks for that.
    Retained,
    /// Left as it is although deletion is asked for, for this reason.
    Kept(&'static str),
    /// Left as it is: it does not carry our ownership tag.
    NotOurs(Refusal),
    /// Not finished; to be tried again.
    Blocked(Failure),
}

/// Deletes the subject's resources, if its spec asks for that.
pub async fn delete<W: World>(world: &W, subject: &Subject, permit: &impl Permit) -> Deletion {
    if subject.treatment.deletion_policy == DeletionPolicy::Retain || subject.treatment.mode == Mode::Observe {
        return Deletion::Retained;
    }
    let seen = assess(world, subject).await.seen;
    let mut done = Vec::new();
    for resource in subject.registered.resources.iter().rev() {
        let deletes = resource.delete(&seen);
        // What is never deleted, a log group, holds up nothing either.
        if deletes.is_empty() {
            continue;
        }
        match (seen.get(resource.root()), seen.get(resource.tags())) {
            (Some(Observed::Absent) | None, _) => continue,
            (Some(Observed::Unknown(why)), _) | (_, Some(Observed::Unknown(why))) => return Deletion::Blocked(why.clone()),
            _ => {}
        }
        let facts: OwnerFacts = seen.facts(resource.tags()).unwrap_or_default();
        if facts.owner.as_deref() != Some(subject.owner.as_str()) {
            return Deletion::NotOurs(Refusal { resource: format!("{} {}", resource.noun(), resource.id()), owner: facts.owner });
        }
        for delete in deletes {
            let planned = PlannedStep {
                facet: resource.root(),
                step: delete,
                reason: "the object is deleted and spec.deletionPolicy is Delete".to_owned(),
            };
            if let Err(failure) = step(world, subject, permit, &planned, &mut Produced::default()).await {
                return Deletion::Blocked(failure);
            }
            done.push(planned);
        }
    }
    Deletion::Deleted(done)
}
