//! Tags of an event data store.

use super::observed::{Observed, Reading, Seen};
use super::read::{LakeRead, Read};
use super::rights::Rights;
use super::step::{LakeStep, Step};
use super::store::{StoreContext, StoreFacts, source_below};
use super::store_settings::StoreSettings;
use super::tags::{OwnerFacts, Tags, changes};
use super::{Change, Facet, Source};

pub struct StoreTags(pub StoreContext);

impl StoreTags {
    /// Tags of a store that is pending deletion can't be read. One that was ours is ours; whose another is, nobody can say, so
    /// that only `adoption: Always` takes it.
    fn unseen(&self) -> Reading {
        let ours = self.0.owned_before.iter().any(|owned| owned == StoreSettings::NOUN);
        let owner = if ours { self.0.owner.clone() } else { "somebody who cannot be told while it is pending deletion".to_owned() };
        Reading::new(&self.0.spec.tags, &OwnerFacts { owner: Some(owner), adopted: false })
    }
}

impl Facet for StoreTags {
    const NAME: &'static str = "tags";
    type State = Tags;

    fn source(&self, seen: &Seen) -> Source {
        // CreateEventDataStore sets the tags.
        let without = Observed::Present(Reading::state(&self.0.spec.tags));
        source_below(seen, without, || self.unseen(), |facts| Source::Ask(Read::Lake(LakeRead::StoreTags { store: facts.arn })))
    }

    fn desired(&self, _observed: Option<&Tags>, _seen: &Seen) -> Tags {
        self.0.spec.tags.clone()
    }

    fn steps(&self, change: &Change<'_, Tags>) -> Vec<Step> {
        let Some(store) = StoreFacts::of(change.seen).map(|facts| facts.arn) else { return Vec::new() };
        let (set, remove) = changes(change.desired, change.observed.unwrap_or(&Tags::new()));
        let mut steps = Vec::new();
        // Removing first keeps the sum below AWS's limit of 50.
        if !remove.is_empty() {
            steps.push(Step::Lake(LakeStep::RemoveTags { store: store.clone(), tag_keys: remove }));
        }
        if !set.is_empty() {
            steps.push(Step::Lake(LakeStep::AddTags { store, tags: set }));
        }
        steps
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.arn_pattern(), &["cloudtrail:ListTags"], &["cloudtrail:AddTags", "cloudtrail:RemoveTags"])
    }
}
