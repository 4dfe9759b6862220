//! Tags of the archive's own key: the same as the bucket's.

use super::context::ArchiveContext;
use super::key::{Key, KeyFacts};
use super::observed::{Observed, Reading, Seen};
use super::rights::Rights;
use super::step::{KmsStep, Step};
use super::tags::{OwnerFacts, Tags, changes, users};
use super::{Change, Facet, Source};

pub struct KeyTags(pub ArchiveContext);

impl Facet for KeyTags {
    const NAME: &'static str = "keyTags";
    type State = Tags;

    /// The key is told from others by its tags, so they were read with it; CreateKey sets them.
    fn source(&self, seen: &Seen) -> Source {
        match (seen.get(Key::NAME), seen.facts::<KeyFacts>(Key::NAME)) {
            (_, Some(facts)) => Source::Inferred(Observed::Present(Reading::new(&users(&facts.tags), &OwnerFacts::of(&facts.tags)))),
            (Some(Observed::Absent), None) => Source::Inferred(Observed::Present(Reading::state(&self.0.spec.tags))),
            (answer, None) => Source::below(answer).unwrap_or_else(Source::absent),
        }
    }

    fn desired(&self, _observed: Option<&Tags>, _seen: &Seen) -> Tags {
        self.0.spec.tags.clone()
    }

    fn steps(&self, change: &Change<'_, Tags>) -> Vec<Step> {
        let key = Key::reference(change.seen);
        let (set, remove) = changes(change.desired, change.observed.unwrap_or(&Tags::new()));
        let mut steps = Vec::new();
        if !remove.is_empty() {
            steps.push(Step::Kms(KmsStep::UntagKey { key: key.clone(), tag_keys: remove }));
        }
        if !set.is_empty() {
            steps.push(Step::Kms(KmsStep::TagKey { key, tags: set }));
        }
        steps
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.key_resource(), &["kms:ListResourceTags"], &["kms:TagResource", "kms:UntagResource"])
    }
}
