//! The archive's own KMS key: that it exists, works, and is not on its way out.

use super::context::ArchiveContext;
use super::key_policy::KeyPolicy;
use super::key_tags::KeyTags;
use super::observed::Seen;
use super::read::{KmsRead, Read};
use super::rights::Rights;
use super::step::{AFTER_APPLY, KeyRef, KmsStep, Step};
use super::tags::{Tags, with_owner};
use super::{Change, Facet, Resource, Source};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyState {
    pub enabled: bool,
    pub pending_deletion: bool,
    pub description: String,
}

/// What was read along with the key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyFacts {
    pub arn: String,
    /// ARN of the key that the alias points to; empty where there is no such alias.
    pub alias_target: String,
    pub tags: Tags,
}

pub struct Key(pub ArchiveContext);

impl Key {
    pub(super) const NOUN: &'static str = "key";

    /// The alias with `alias/`. Key facets are registered only for archives that have an own key.
    pub(super) fn alias(context: &ArchiveContext) -> String {
        context.key_alias().unwrap_or_default()
    }

    pub(super) fn arn(seen: &Seen) -> String {
        seen.facts::<KeyFacts>(Self::NAME).map_or_else(|| AFTER_APPLY.to_owned(), |facts| facts.arn)
    }

    pub(super) fn reference(seen: &Seen) -> KeyRef {
        KeyRef::from_arn(&Self::arn(seen))
    }
}

impl Facet for Key {
    const NAME: &'static str = "key";
    type State = KeyState;

    fn source(&self, _seen: &Seen) -> Source {
        Source::Ask(Read::Kms(KmsRead::Key { alias: Self::alias(&self.0), owner: self.0.owner.clone() }))
    }

    fn desired(&self, _observed: Option<&KeyState>, _seen: &Seen) -> KeyState {
        let description = self.0.spec.encryption.own_key().unwrap_or_default().description;
        KeyState { enabled: true, pending_deletion: false, description }
    }

    fn steps(&self, change: &Change<'_, KeyState>) -> Vec<Step> {
        let Some(observed) = change.observed else {
            let policy = KeyPolicy(self.0.clone()).desired(None, change.seen).document();
            let tags = with_owner(&self.0.spec.tags, &self.0.owner, false);
            return vec![Step::Kms(KmsStep::CreateKey {
                alias: Self::alias(&self.0),
                description: change.desired.description.clone(),
                policy,
                tags,
            })];
        };
        let key = Self::reference(change.seen);
        let mut steps = Vec::new();
        if observed.pending_deletion && !change.desired.pending_deletion {
            steps.push(Step::Kms(KmsStep::CancelKeyDeletion { key: key.clone() }));
        }
        // A key whose deletion was cancelled comes back disabled.
        if !observed.enabled && change.desired.enabled {
            steps.push(Step::Kms(KmsStep::EnableKey { key: key.clone() }));
        }
        if observed.description != change.desired.description {
            steps.push(Step::Kms(KmsStep::UpdateKeyDescription { key, description: change.desired.description.clone() }));
        }
        steps
    }

    fn reason(&self, change: &Change<'_, KeyState>) -> String {
        super::summary("the key", change.observed.is_none(), change.differences).replace("the key is not set", "the key does not exist")
    }

    fn rights(&self) -> Rights {
        let key = self.0.key_resource();
        let alias = self.0.alias_arn();
        Rights::on(
            &key,
            &["kms:DescribeKey", "kms:ListResourceTags"],
            &["kms:CancelKeyDeletion", "kms:EnableKey", "kms:UpdateKeyDescription"],
        )
        // A key has no name before it exists, and is looked for among all of them when its alias is gone.
        .reading("*", &["kms:ListKeys"])
        .writing("*", &["kms:CreateKey"])
        .writing(&key, &["kms:TagResource"])
        .deleting(&key, &["kms:ScheduleKeyDeletion", "kms:DeleteAlias"])
        .deleting(&alias, &["kms:DeleteAlias"])
    }
}

impl Resource for Key {
    fn noun(&self) -> &'static str {
        Self::NOUN
    }
    fn id(&self) -> String {
        Self::alias(&self.0)
    }
    fn root(&self) -> &'static str {
        Self::NAME
    }
    fn tags(&self) -> &'static str {
        KeyTags::NAME
    }
    fn claim(&self, seen: &Seen, marks: Tags) -> Option<Step> {
        Some(Step::Kms(KmsStep::TagKey { key: Self::reference(seen), tags: marks }))
    }
    /// KMS refuses to tag a key that waits for its deletion.
    fn claimed_after_repair(&self, seen: &Seen) -> bool {
        seen.state::<KeyState>(Self::NAME).is_some_and(|state| state.pending_deletion)
    }
    /// The alias goes last: until then a pass that was cut off finds the key again.
    fn delete(&self, seen: &Seen) -> Vec<Step> {
        let window_days = self.0.spec.encryption.own_key().unwrap_or_default().deletion_window_days;
        let pending = seen.state::<KeyState>(Self::NAME).is_some_and(|state| state.pending_deletion);
        let has_alias = seen.facts::<KeyFacts>(Self::NAME).is_some_and(|facts| facts.alias_target == facts.arn);
        let schedule = (!pending).then(|| Step::Kms(KmsStep::ScheduleKeyDeletion { key: Self::reference(seen), window_days }));
        schedule.into_iter().chain(has_alias.then(|| Step::Kms(KmsStep::DeleteAlias { alias: self.id() }))).collect()
    }
}
