//! Facets: pure. One file per facet: its desired value, its comparison, its steps.
//!
//! A facet is one piece of AWS state that is read, compared and written as one. Nothing here calls AWS or Kubernetes:
//! a facet names the read it needs, and answers with steps; both are data. `registry` lists the facets of each kind.

pub mod access_logging;
pub mod aggregation;
pub mod alarm_baseline;
pub mod alarm_plan;
pub mod alarm_topic;
pub mod alarms;
pub mod analysis;
pub mod bucket;
pub mod bucket_encryption;
pub mod bucket_ownership;
pub mod bucket_policy;
pub mod bucket_public_access;
pub mod bucket_tags;
pub mod bucket_versioning;
pub mod context;
pub mod delivery_key;
pub mod difference;
pub mod filter_pattern;
pub mod grants;
pub mod insights;
pub mod key;
pub mod key_alias;
pub mod key_policy;
pub mod key_rotation;
pub mod key_tags;
pub mod lifecycle;
pub mod log_group;
pub mod log_role;
pub mod metric_filters;
pub mod new_file_notification;
pub mod new_file_subscription;
pub mod new_files;
pub mod notice_topic;
pub mod object_lock;
pub mod observed;
pub mod organization_access;
pub mod policy_document;
pub mod policy_form;
pub mod queue;
pub mod read;
pub mod reader_policy;
pub mod reader_roles;
pub mod registry;
pub mod replication;
pub mod request_payment;
pub mod response_role;
pub mod response_targets;
pub mod responses;
pub mod rights;
pub mod role;
pub mod selection;
pub mod step;
pub mod store;
pub mod store_federation;
pub mod store_import;
pub mod store_ingestion;
pub mod store_insights;
pub mod store_selectors;
pub mod store_settings;
pub mod store_tags;
pub mod tags;
pub mod topic;
pub mod trail_events;
pub mod trail_logging;
pub mod trail_settings;
pub mod trail_tags;
pub mod unchangeable;

use difference::{Difference, Ignore, differences};
use observed::{Answer, Observed, Reading, Seen, to_json};
use read::Read;
use rights::Rights;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use step::{PlannedStep, Step};

/// Where a facet's observed value comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// AWS must be asked.
    Ask(Read),
    /// It follows from what was read before: no call is needed.
    Inferred(Answer),
}

impl Source {
    /// Below something that is absent nothing can be present.
    pub fn absent() -> Self {
        Self::Inferred(Observed::Absent)
    }

    /// Below something unknown everything is unknown.
    fn below(parent: Option<&Answer>) -> Option<Self> {
        match parent {
            Some(Observed::Present(_)) => None,
            Some(Observed::Unknown(why)) => Some(Self::Inferred(Observed::Unknown(why.clone()))),
            Some(Observed::Absent) | None => Some(Self::absent()),
        }
    }

    /// Asks for `read`, unless the facet `parent` that it stands on is absent or unknown.
    pub fn ask_below(seen: &Seen, parent: &str, read: impl FnOnce() -> Read) -> Self {
        Self::below(seen.get(parent)).unwrap_or_else(|| Self::Ask(read()))
    }
}

impl Source {
    /// Asks for `read`. Where the facet `parent` that it stands on is yet to be created, it will have the state `new`, if
    /// that is what is desired: nothing differs then.
    pub fn ask_of_new_or_old(seen: &Seen, parent: &str, new: Option<impl Serialize>, read: impl FnOnce() -> Read) -> Self {
        match (seen.get(parent), new) {
            (Some(Observed::Absent), Some(new)) => Self::Inferred(Observed::Present(Reading::state(&new))),
            _ => Self::ask_below(seen, parent, read),
        }
    }
}

/// What a facet may look at to write its steps.
pub struct Change<'a, S> {
    /// The state to bring about, with ignored paths as AWS has them.
    pub desired: &'a S,
    /// The state there is; none if absent.
    pub observed: Option<&'a S>,
    pub differences: &'a [Difference],
    pub seen: &'a Seen,
}

/// One piece of AWS state, for one object.
pub trait Facet: Send + Sync {
    /// The word for it in plans, status and `spec.ignore`.
    const NAME: &'static str;

    /// The state as it is compared. Its serialized fields are the paths that users see, so it must be canonical:
    /// two states that mean the same are equal.
    type State: Serialize + DeserializeOwned;

    /// Facets whose reading `desired` depends on: while one of them is unknown, nothing is said about this one.
    const NEEDS: &'static [&'static str] = &[];

    /// Whether nothing may be brought into being while its reading is unknown: it tells of what must be there first.
    const GATES_CREATION: bool = false;

    /// Where its observed value comes from, given what was read before it.
    fn source(&self, seen: &Seen) -> Source;

    /// The state that the spec and its references ask for. `observed` serves only to keep what is not ours.
    fn desired(&self, observed: Option<&Self::State>, seen: &Seen) -> Self::State;

    /// The writes that bring `change.desired` about. Called only when something differs.
    fn steps(&self, change: &Change<'_, Self::State>) -> Vec<Step>;

    /// Whether the spec asks for it at all. What it once asked for and does no longer is a facet that is not wanted: to be
    /// found absent, or removed.
    fn wanted(&self) -> bool {
        true
    }

    /// The writes that remove `observed`. Called only when it is there and not wanted.
    fn removal(&self, _observed: &Self::State, _seen: &Seen) -> Vec<Step> {
        Vec::new()
    }

    /// Why no write of ours can bring `change.desired` about. Called only when something differs.
    fn obstacle(&self, _change: &Change<'_, Self::State>) -> Option<Obstacle> {
        None
    }

    /// What an identity must be allowed to do to read and write this facet.
    fn rights(&self) -> Rights;

    /// Why, in the plan. By default the fields that differ.
    fn reason(&self, change: &Change<'_, Self::State>) -> String {
        summary(Self::NAME, change.observed.is_none(), change.differences)
    }
}

fn summary(facet: &str, absent: bool, found: &[Difference]) -> String {
    if absent {
        return format!("{facet} is not set");
    }
    let shown: Vec<String> = found.iter().take(3).map(Difference::to_string).collect();
    let more = found.len().saturating_sub(3);
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join("; "))
}

/// A resource of AWS that is owned as a whole. Implemented by the facet that says whether it exists.
pub trait Resource: Send + Sync {
    /// What it is, for people.
    fn noun(&self) -> &'static str;
    /// Name or ARN, for people.
    fn id(&self) -> String;
    /// The facet that says whether it exists.
    fn root(&self) -> &'static str;
    /// The facet that says whose it is.
    fn tags(&self) -> &'static str;
    /// The step that puts the marks of ownership in place; none for what its name says to be ours.
    fn claim(&self, _seen: &Seen, _marks: tags::Tags) -> Option<Step> {
        None
    }
    /// Whether it must be repaired before it takes the marks. Else they come first.
    fn claimed_after_repair(&self, _seen: &Seen) -> bool {
        false
    }
    /// The steps that delete it, when that is asked for.
    fn delete(&self, seen: &Seen) -> Vec<Step>;
}

/// Something that is not ours to write, and without which the object can't be as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The reason in conditions and events.
    pub reason: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
    /// Whether even the other facets must not be written now.
    pub nothing_may_be_written: bool,
}

/// The verdict on one facet.
#[derive(Clone, Debug)]
pub struct Evaluation {
    pub facet: &'static str,
    pub differences: Vec<Difference>,
    pub steps: Vec<PlannedStep>,
    pub obstacle: Option<Obstacle>,
}

/// A facet of any state, as the engine sees it.
pub trait AnyFacet: Send + Sync {
    fn name(&self) -> &'static str;
    /// Whether nothing may be brought into being while its reading is unknown.
    fn gates_creation(&self) -> bool;
    fn source(&self, seen: &Seen) -> Source;
    /// Compares what was seen with what is desired. Nothing is said about what is unknown.
    fn evaluate(&self, seen: &Seen, ignore: &Ignore) -> Evaluation;
    /// The desired state as far as the spec and its references decide it, for the fingerprint.
    fn declared(&self) -> Value;
    /// What an identity must be allowed to do to read and write this facet.
    fn rights(&self) -> Rights;
}

impl<F: Facet> AnyFacet for F {
    fn name(&self) -> &'static str {
        F::NAME
    }

    fn gates_creation(&self) -> bool {
        F::GATES_CREATION
    }

    fn source(&self, seen: &Seen) -> Source {
        Facet::source(self, seen)
    }

    fn evaluate(&self, seen: &Seen, ignore: &Ignore) -> Evaluation {
        let nothing = Evaluation { facet: F::NAME, differences: Vec::new(), steps: Vec::new(), obstacle: None };
        let unknown = |facet: &str| matches!(seen.get(facet), Some(Observed::Unknown(_)));
        if unknown(F::NAME) || F::NEEDS.iter().any(|facet| unknown(facet)) || ignore.covers(F::NAME) {
            return nothing;
        }
        let observed: Option<F::State> = seen.state(F::NAME);
        if !self.wanted() {
            return observed.map_or(nothing, |observed| unwanted(self, &observed, seen));
        }
        let observed_json = observed.as_ref().map_or(Value::Null, to_json);
        let declared = to_json(&self.desired(observed.as_ref(), seen));
        // Where AWS has nothing, an ignored field has nothing to be left as.
        let wanted = if observed.is_some() { ignore.overlay(F::NAME, declared, &observed_json) } else { declared };
        let found = differences(F::NAME, &wanted, &observed_json);
        let Ok(desired) = serde_json::from_value::<F::State>(wanted) else { return nothing };
        if found.is_empty() {
            return nothing;
        }
        let change = Change { desired: &desired, observed: observed.as_ref(), differences: &found, seen };
        let reason = self.reason(&change);
        let steps = self.steps(&change).into_iter().map(|step| PlannedStep { facet: F::NAME, step, reason: reason.clone() }).collect();
        let obstacle = self.obstacle(&change);
        Evaluation { facet: F::NAME, differences: found, steps, obstacle }
    }

    fn declared(&self) -> Value {
        if self.wanted() { to_json(&self.desired(None, &Seen::default())) } else { Value::Null }
    }

    fn rights(&self) -> Rights {
        Facet::rights(self)
    }
}

/// What is there and is not wanted any more.
fn unwanted<F: Facet>(facet: &F, observed: &F::State, seen: &Seen) -> Evaluation {
    let found = Difference { path: F::NAME.to_owned(), desired: Value::Null, observed: to_json(observed) };
    let reason = format!("the spec does not ask for {} any more", F::NAME);
    let planned = |step| PlannedStep { facet: F::NAME, step, reason: reason.clone() };
    Evaluation {
        facet: F::NAME,
        differences: vec![found],
        steps: facet.removal(observed, seen).into_iter().map(planned).collect(),
        obstacle: None,
    }
}
