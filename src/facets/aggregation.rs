//! Aggregation of data events. Nothing but GetEventConfiguration tells of it, so it is read where it can have an effect: on
//! a trail whose selectors are not the default, which record no data events, or are not to be.

use super::context::TrailContext;
use super::observed::{Observed, Reading, Seen};
use super::read::{CloudTrailRead, Read};
use super::rights::Rights;
use super::step::{CloudTrailStep, Step};
use super::trail_settings::{Settings, TrailFacts};
use super::{Change, Facet, Source};
use crate::api::insights::Template;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The summaries that are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AggregationState {
    pub templates: BTreeSet<Template>,
}

pub struct Aggregation(pub TrailContext);

impl Aggregation {
    /// Whether the spec asks for it. What it does not ask for goes before the data events that it sums up, else after them.
    pub fn is_asked_for(&self) -> bool {
        self.0.spec.events.aggregation.is_some()
    }

    /// Without data events there is nothing to sum up.
    fn is_idle(&self, seen: &Seen) -> bool {
        !self.is_asked_for() && seen.facts::<TrailFacts>(Settings::NAME).is_some_and(|facts| !facts.has_custom_event_selectors)
    }
}

impl Facet for Aggregation {
    const NAME: &'static str = "aggregation";
    type State = AggregationState;

    fn source(&self, seen: &Seen) -> Source {
        // A new trail has none.
        if matches!(seen.get(Settings::NAME), Some(Observed::Absent)) || self.is_idle(seen) {
            return Source::Inferred(Observed::Present(Reading::state(&AggregationState::default())));
        }
        Source::ask_below(seen, Settings::NAME, || {
            Read::CloudTrail(CloudTrailRead::TrailAggregation { trail: Settings::arn(&self.0, seen) })
        })
    }

    fn desired(&self, _observed: Option<&AggregationState>, _seen: &Seen) -> AggregationState {
        let templates = self.0.spec.events.aggregation.iter().flat_map(|aggregation| aggregation.templates.iter().copied());
        AggregationState { templates: templates.collect() }
    }

    fn steps(&self, change: &Change<'_, AggregationState>) -> Vec<Step> {
        let trail = Settings::arn(&self.0, change.seen);
        vec![Step::CloudTrail(CloudTrailStep::PutEventConfiguration { trail, templates: change.desired.templates.clone() })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.arn(), &["cloudtrail:GetEventConfiguration"], &["cloudtrail:PutEventConfiguration"])
    }
}
