//! Automatic rotation of the key material.

use super::context::ArchiveContext;
use super::key::Key;
use super::observed::Seen;
use super::read::{KmsRead, Read};
use super::rights::Rights;
use super::step::{KmsStep, Step};
use super::{Change, Facet, Source};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RotationState {
    pub enabled: bool,
    /// Days between rotations; 0 where rotation is off.
    pub period_days: i32,
}

pub struct KeyRotation(pub ArchiveContext);

impl Facet for KeyRotation {
    const NAME: &'static str = "keyRotation";
    type State = RotationState;

    fn source(&self, seen: &Seen) -> Source {
        Source::ask_below(seen, Key::NAME, || Read::Kms(KmsRead::KeyRotation { key: Key::arn(seen) }))
    }

    fn desired(&self, _observed: Option<&RotationState>, _seen: &Seen) -> RotationState {
        let key = self.0.spec.encryption.own_key().unwrap_or_default();
        RotationState { enabled: key.rotation, period_days: if key.rotation { key.rotation_period_days } else { 0 } }
    }

    fn steps(&self, change: &Change<'_, RotationState>) -> Vec<Step> {
        let key = Key::reference(change.seen);
        match (change.desired.enabled, change.observed) {
            (true, _) => vec![Step::Kms(KmsStep::EnableKeyRotation { key, period_days: change.desired.period_days })],
            (false, Some(_)) => vec![Step::Kms(KmsStep::DisableKeyRotation { key })],
            (false, None) => Vec::new(),
        }
    }

    fn rights(&self) -> Rights {
        let rotates = self.0.spec.encryption.own_key().unwrap_or_default().rotation;
        let switch = if rotates { "kms:EnableKeyRotation" } else { "kms:DisableKeyRotation" };
        Rights::on(&self.0.key_resource(), &["kms:GetKeyRotationStatus"], &[switch])
    }
}
