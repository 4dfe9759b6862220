//! KMS in memory, with the key states of its developer guide ("Key states of AWS KMS keys"): a key that waits for its
//! deletion takes no tags, no alias and no rotation.

use crate::buckets::as_aws_answers;
use crate::memory::{ACCOUNT, REGION, failure};
use serde_json::Value;
use std::collections::BTreeMap;
use trailkeeper::engine::Produced;
use trailkeeper::facets::key::{KeyFacts, KeyState};
use trailkeeper::facets::key_rotation::RotationState;
use trailkeeper::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use trailkeeper::facets::policy_document::Statements;
use trailkeeper::facets::read::KmsRead;
use trailkeeper::facets::step::{KeyRef, KmsStep};
use trailkeeper::facets::tags::{OWNER, Tags};

/// Keys by ARN, and which key each alias points to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keys {
    pub held: BTreeMap<String, HeldKey>,
    pub aliases: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HeldKey {
    pub enabled: bool,
    pub pending_deletion: bool,
    pub description: String,
    pub tags: Tags,
    pub policy: Value,
    /// Days between rotations, where it rotates.
    pub rotation: Option<i32>,
}

impl HeldKey {
    pub fn new(description: &str, policy: Value, tags: Tags) -> Self {
        Self { enabled: true, pending_deletion: false, description: description.to_owned(), tags, policy, rotation: None }
    }

    pub fn statements(&self) -> Statements {
        Statements::parse(&self.policy.to_string()).unwrap()
    }
}

impl Keys {
    /// Adds a key, and answers its ARN.
    pub fn add(&mut self, key: HeldKey) -> String {
        let arn = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{}", self.held.len());
        self.held.insert(arn.clone(), key);
        arn
    }

    pub fn read(&self, read: &KmsRead) -> Answer {
        match read {
            KmsRead::Key { alias, owner } => match self.find(alias, owner) {
                Some((arn, key)) => Observed::Present(Reading::new(
                    &KeyState { enabled: key.enabled, pending_deletion: key.pending_deletion, description: key.description.clone() },
                    &KeyFacts {
                        arn: arn.clone(),
                        alias_target: self.aliases.get(alias).cloned().unwrap_or_default(),
                        tags: key.tags.clone(),
                    },
                )),
                None => Observed::Absent,
            },
            // Trails in memory deliver to archives.
            KmsRead::DeliveryKey { .. } => Observed::Absent,
            KmsRead::KeyPolicy { key } => {
                self.held.get(key).map_or(Observed::Absent, |key| Observed::Present(Reading::state(&key.statements())))
            }
            KmsRead::KeyRotation { key } => self.held.get(key).map_or(Observed::Absent, |key| {
                let state = RotationState { enabled: key.rotation.is_some(), period_days: key.rotation.unwrap_or_default() };
                Observed::Present(Reading::state(&state))
            }),
        }
    }

    /// As `aws::kms` looks: by alias if that is ours, else by ownership tag, else what the alias names.
    fn find(&self, alias: &str, owner: &str) -> Option<(&String, &HeldKey)> {
        let ours = |key: &HeldKey| key.tags.get(OWNER).is_some_and(|theirs| theirs == owner);
        let named = self.aliases.get(alias).and_then(|arn| self.held.get_key_value(arn));
        named.filter(|(_, key)| ours(key)).or_else(|| self.held.iter().find(|(_, key)| ours(key))).or(named)
    }

    /// The ARN that a step means.
    pub fn resolve(&self, key: &KeyRef, produced: &Produced) -> Result<String, Failure> {
        let arn = match key {
            KeyRef::Arn(arn) => Some(arn.clone()),
            KeyRef::ToBeCreated => produced.key_arn.clone(),
        };
        arn.ok_or_else(|| failure(ErrorClass::Terminal, "write", "the archive's key", "InvalidRequest"))
    }

    pub fn write(&mut self, step: &KmsStep, produced: &mut Produced) -> Result<(), Failure> {
        match step {
            KmsStep::CreateKey { description, policy, tags, .. } => {
                produced.key_arn = Some(self.add(HeldKey::new(description, as_aws_answers(policy), tags.clone())));
            }
            KmsStep::CancelKeyDeletion { key } => {
                let held = self.any_state(key, produced)?;
                if !held.pending_deletion {
                    return Err(failure(ErrorClass::Terminal, "CancelKeyDeletion", "key", "KMSInvalidStateException"));
                }
                (held.pending_deletion, held.enabled) = (false, false);
            }
            KmsStep::EnableKey { key } => self.living(key, produced)?.enabled = true,
            KmsStep::UpdateKeyDescription { key, description } => self.living(key, produced)?.description.clone_from(description),
            KmsStep::PutKeyPolicy { key, policy } => self.any_state(key, produced)?.policy = as_aws_answers(policy),
            KmsStep::EnableKeyRotation { key, period_days } => self.enabled(key, produced)?.rotation = Some(*period_days),
            KmsStep::DisableKeyRotation { key } => self.enabled(key, produced)?.rotation = None,
            KmsStep::CreateAlias { alias, key } => {
                if self.aliases.contains_key(alias) {
                    return Err(failure(ErrorClass::AlreadyExists, "CreateAlias", alias, "AlreadyExistsException"));
                }
                self.point(alias, key, produced)?;
            }
            KmsStep::UpdateAlias { alias, key } => {
                if !self.aliases.contains_key(alias) {
                    return Err(failure(ErrorClass::NotFound, "UpdateAlias", alias, "NotFoundException"));
                }
                self.point(alias, key, produced)?;
            }
            KmsStep::DeleteAlias { alias } => {
                self.aliases.remove(alias).ok_or_else(|| failure(ErrorClass::NotFound, "DeleteAlias", alias, "NotFoundException"))?;
            }
            KmsStep::TagKey { key, tags } => {
                let held = self.living(key, produced)?;
                held.tags.extend(tags.clone());
                if held.tags.len() > 50 {
                    return Err(failure(ErrorClass::Terminal, "TagResource", "key", "TagException"));
                }
            }
            KmsStep::UntagKey { key, tag_keys } => self.living(key, produced)?.tags.retain(|key, _| !tag_keys.contains(key)),
            KmsStep::ScheduleKeyDeletion { key, .. } => {
                let held = self.living(key, produced)?;
                (held.pending_deletion, held.enabled) = (true, false);
            }
        }
        Ok(())
    }

    fn point(&mut self, alias: &str, key: &KeyRef, produced: &Produced) -> Result<(), Failure> {
        self.living(key, produced)?;
        let arn = self.resolve(key, produced)?;
        self.aliases.insert(alias.to_owned(), arn);
        Ok(())
    }

    fn any_state(&mut self, key: &KeyRef, produced: &Produced) -> Result<&mut HeldKey, Failure> {
        let arn = self.resolve(key, produced)?;
        self.held.get_mut(&arn).ok_or_else(|| failure(ErrorClass::NotFound, "write", &arn, "NotFoundException"))
    }

    fn living(&mut self, key: &KeyRef, produced: &Produced) -> Result<&mut HeldKey, Failure> {
        let held = self.any_state(key, produced)?;
        if held.pending_deletion { Err(failure(ErrorClass::Terminal, "write", "key", "KMSInvalidStateException")) } else { Ok(held) }
    }

    fn enabled(&mut self, key: &KeyRef, produced: &Produced) -> Result<&mut HeldKey, Failure> {
        let held = self.living(key, produced)?;
        if held.enabled { Ok(held) } else { Err(failure(ErrorClass::Terminal, "write", "key", "DisabledException")) }
    }
}
