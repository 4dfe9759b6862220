//! The alias by which people and we find the key.

use super::context::ArchiveContext;
use super::key::{Key, KeyFacts};
use super::observed::{Observed, Reading, Seen};
use super::rights::Rights;
use super::step::{KmsStep, Step};
use super::{Change, Facet, Source};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AliasState {
    /// ARN of the key that the alias points to.
    pub target: String,
}

pub struct KeyAlias(pub ArchiveContext);

impl Facet for KeyAlias {
    const NAME: &'static str = "keyAlias";
    type State = AliasState;

    /// The key was looked for by its alias, so what that found is known.
    fn source(&self, seen: &Seen) -> Source {
        match seen.facts::<KeyFacts>(Key::NAME) {
            Some(facts) if !facts.alias_target.is_empty() => {
                Source::Inferred(Observed::Present(Reading::state(&AliasState { target: facts.alias_target })))
            }
            Some(_) => Source::absent(),
            None => Source::below(seen.get(Key::NAME)).unwrap_or_else(Source::absent),
        }
    }

    fn desired(&self, _observed: Option<&AliasState>, seen: &Seen) -> AliasState {
        AliasState { target: Key::arn(seen) }
    }

    fn steps(&self, change: &Change<'_, AliasState>) -> Vec<Step> {
        let (alias, key) = (Key::alias(&self.0), Key::reference(change.seen));
        match change.observed {
            None => vec![Step::Kms(KmsStep::CreateAlias { alias, key })],
            Some(_) => vec![Step::Kms(KmsStep::UpdateAlias { alias, key })],
        }
    }

    fn rights(&self) -> Rights {
        let actions = ["kms:CreateAlias", "kms:UpdateAlias"];
        Rights::default().writing(&self.0.alias_arn(), &actions).writing(&self.0.key_resource(), &actions)
    }
}
