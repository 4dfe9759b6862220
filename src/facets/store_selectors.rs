//! Which events an event data store collects. Compared by meaning, as those of a trail.

use super::observed::{Observed, Reading, Seen};
use super::rights::Rights;
use super::step::{LakeStep, Step};
use super::store::{StoreContext, changeable, source_below};
use super::trail_events::{EventsState, Selectors, compile, meaning_of};
use super::{Change, Facet, Source};
use crate::api::EventDataStoreSpec;
use crate::api::event_data_store::EventCategory;
use crate::api::events::{AdvancedSelector, FieldSelector};

pub struct StoreSelectors(pub StoreContext);

/// The selectors that a spec asks for.
pub fn selectors(spec: &EventDataStoreSpec) -> Vec<AdvancedSelector> {
    let category = match spec.event_category {
        EventCategory::CloudTrail => {
            return match compile(&spec.selectors.clone().unwrap_or_default()) {
                Selectors::Advanced(advanced) => advanced,
                // The schema lets no basic ones in.
                Selectors::Basic(_) => Vec::new(),
            };
        }
        EventCategory::Insight => "Insight",
        EventCategory::ConfigurationItem => "ConfigurationItem",
        EventCategory::Evidence => "Evidence",
        EventCategory::ActivityAuditLog => "ActivityAuditLog",
    };
    let only = FieldSelector { field: "eventCategory".to_owned(), equals: vec![category.to_owned()], ..FieldSelector::default() };
    vec![AdvancedSelector { name: None, field_selectors: vec![only] }]
}

impl Facet for StoreSelectors {
    const NAME: &'static str = "selectors";
    type State = EventsState;

    fn source(&self, seen: &Seen) -> Source {
        // CreateEventDataStore sets the selectors.
        let declared = || Reading::state(&self.desired(None, seen));
        source_below(seen, Observed::Present(declared()), declared, |facts| {
            Source::Inferred(Observed::Present(Reading::state(&facts.selectors)))
        })
    }

    fn desired(&self, observed: Option<&EventsState>, _seen: &Seen) -> EventsState {
        meaning_of(&Selectors::Advanced(selectors(&self.0.spec))).named_as(observed)
    }

    fn steps(&self, change: &Change<'_, EventsState>) -> Vec<Step> {
        let put = |store| Step::Lake(LakeStep::PutSelectors { store, selectors: selectors(&self.0.spec) });
        changeable(change.seen).map(put).into_iter().collect()
    }

    fn rights(&self) -> Rights {
        Rights::default().writing(&self.0.arn_pattern(), &["cloudtrail:UpdateEventDataStore"])
    }
}
