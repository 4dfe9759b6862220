//! KMS: reads and writes of the archive's own key.

use super::Cloud;
use crate::engine::Produced;
use crate::facets::key::{KeyFacts, KeyState};
use crate::facets::key_rotation::RotationState;
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::policy_document::Statements;
use crate::facets::read::KmsRead;
use crate::facets::step::{KeyRef, KmsStep};
use crate::facets::tags::{OWNER, Tags};
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::types as sdk;

/// The one policy that a key has.
const POLICY_NAME: &str = "default";

impl Cloud {
    /// The key that the alias points to. Without the alias, or where the alias points to a stranger's key, the key that
    /// carries our ownership tag: a pass that died after CreateKey must not make a twin.
    pub(super) async fn key(&self, alias: &str, owner: &str) -> Answer {
        match self.find_key(alias, owner).await {
            Ok(Some((key, facts))) => Observed::Present(Reading::new(&key, &facts)),
            Ok(None) => Observed::Absent,
            Err(failure) => Observed::Unknown(failure),
        }
    }

    async fn find_key(&self, alias: &str, owner: &str) -> Result<Option<(KeyState, KeyFacts)>, Failure> {
        let named = self.describe_key(alias).await?;
        let named = match named {
            Some(key) => {
                let tags = self.key_tags(&arn_of(&key)).await?;
                if tags.get(OWNER).is_some_and(|theirs| theirs == owner) {
                    return Ok(Some(found(&key, arn_of(&key), tags)));
                }
                Some((key, tags))
            }
            None => None,
        };
        let target = named.as_ref().map(|(key, _)| arn_of(key)).unwrap_or_default();
        if let Some((key, tags)) = self.key_owned_by(owner).await? {
            return Ok(Some(found(&key, target, tags)));
        }
        Ok(named.map(|(key, tags)| found(&key, target, tags)))
    }

    pub(super) async fn describe_key(&self, key: &str) -> Result<Option<sdk::KeyMetadata>, Failure> {
        match self.call("kms:DescribeKey", key, self.kms.describe_key().key_id(key).send()).await {
            Ok(answer) => Ok(answer.key_metadata),
            Err(failure) if failure.class == ErrorClass::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn key_tags(&self, key: &str) -> Result<Tags, Failure> {
        let mut tags = Tags::new();
        let mut marker = None;
        loop {
            let answer =
                self.call("kms:ListResourceTags", key, self.kms.list_resource_tags().key_id(key).set_marker(marker).send()).await?;
            tags.extend(answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.tag_key, tag.tag_value)));
            marker = answer.next_marker.filter(|_| answer.truncated);
            if marker.is_none() {
                return Ok(tags);
            }
        }
    }

    /// Walks all keys of the Region. Costs a call per key, and happens only while the alias does not lead to our key.
    async fn key_owned_by(&self, owner: &str) -> Result<Option<(sdk::KeyMetadata, Tags)>, Failure> {
        let mut marker = None;
        loop {
            let page = self.call("kms:ListKeys", "all keys", self.kms.list_keys().set_marker(marker).send()).await?;
            for id in page.keys.unwrap_or_default().into_iter().filter_map(|key| key.key_id) {
                // A key whose policy does not let us list its tags is not ours.
                let tags = match self.key_tags(&id).await {
                    Ok(tags) => tags,
                    Err(failure) if matches!(failure.class, ErrorClass::Denied | ErrorClass::NotFound) => continue,
                    Err(failure) => return Err(failure),
                };
                if tags.get(OWNER).is_some_and(|theirs| theirs == owner)
                    && let Some(key) = self.describe_key(&id).await?
                {
                    return Ok(Some((key, tags)));
                }
            }
            marker = page.next_marker.filter(|_| page.truncated);
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    pub(super) async fn key_policy(&self, key: &str) -> Answer {
        match self.call("kms:GetKeyPolicy", key, self.kms.get_key_policy().key_id(key).policy_name(POLICY_NAME).send()).await {
            Ok(answer) => match Statements::parse(answer.policy.as_deref().unwrap_or("{}")) {
                Ok(statements) => Observed::Present(Reading::state(&statements)),
                Err(error) => Observed::Unknown(self.unbuildable("kms:GetKeyPolicy", key, &error)),
            },
            Err(failure) => Observed::Unknown(failure),
        }
    }

    pub(super) async fn key_rotation(&self, key: &str) -> Answer {
        match self.call("kms:GetKeyRotationStatus", key, self.kms.get_key_rotation_status().key_id(key).send()).await {
            Ok(answer) => {
                let enabled = answer.key_rotation_enabled;
                Observed::Present(Reading::state(&RotationState {
                    enabled,
                    period_days: if enabled { answer.rotation_period_in_days.unwrap_or(365) } else { 0 },
                }))
            }
            Err(failure) => Observed::Unknown(failure),
        }
    }

    /// The ARN of a key, also of one that a step before created.
    pub(super) fn key_arn(&self, key: &KeyRef, produced: &Produced, operation: &str) -> Result<String, Failure> {
        match (key, &produced.key_arn) {
            (KeyRef::Arn(arn), _) | (KeyRef::ToBeCreated, Some(arn)) => Ok(arn.clone()),
            (KeyRef::ToBeCreated, None) => {
                Err(self.unbuildable(operation, "the archive's key", &"no step before this one created the key"))
            }
        }
    }

    pub(super) async fn read_kms(&self, read: &KmsRead) -> Answer {
        match read {
            KmsRead::Key { alias, owner } => self.key(alias, owner).await,
            KmsRead::DeliveryKey { key, bucket, trail } => self.delivery_key(key, bucket, trail).await,
            KmsRead::KeyPolicy { key } => self.key_policy(key).await,
            KmsRead::KeyRotation { key } => self.key_rotation(key).await,
        }
    }

    pub(super) async fn write_kms(&self, step: &KmsStep, produced: &mut Produced) -> Result<(), Failure> {
        let client = &self.kms;
        let action: &str = step.into();
        let arn = |key: &KeyRef, produced: &Produced| self.key_arn(key, produced, &format!("kms:{action}"));
        match step {
            KmsStep::CreateKey { alias, description, policy, tags } => {
                let request = client.create_key().description(description).policy(policy.to_string()).set_tags(Some(tag_list(tags)));
                // KMS knows no idempotency token: a second try after a lost answer would make a twin. The next pass finds the
                // key by its tags.
                let once = aws_sdk_kms::Config::builder().retry_config(RetryConfig::disabled());
                let answer = self.call("kms:CreateKey", alias, request.customize().config_override(once).send()).await?;
                produced.key_arn = answer.key_metadata.map(|key| arn_of(&key));
                Ok(())
            }
            KmsStep::CancelKeyDeletion { key } => {
                let key = arn(key, produced)?;
                self.call("kms:CancelKeyDeletion", &key, client.cancel_key_deletion().key_id(&key).send()).await.map(drop)
            }
            KmsStep::EnableKey { key } => {
                let key = arn(key, produced)?;
                self.call("kms:EnableKey", &key, client.enable_key().key_id(&key).send()).await.map(drop)
            }
            KmsStep::UpdateKeyDescription { key, description } => {
                let key = arn(key, produced)?;
                self.call("kms:UpdateKeyDescription", &key, client.update_key_description().key_id(&key).description(description).send())
                    .await
                    .map(drop)
            }
            KmsStep::PutKeyPolicy { key, policy } => {
                let key = arn(key, produced)?;
                self.call(
                    "kms:PutKeyPolicy",
                    &key,
                    client.put_key_policy().key_id(&key).policy_name(POLICY_NAME).policy(policy.to_string()).send(),
                )
                .await
                .map(drop)
            }
            KmsStep::EnableKeyRotation { key, period_days } => {
                let key = arn(key, produced)?;
                let request = client.enable_key_rotation().key_id(&key).rotation_period_in_days(*period_days);
                self.call("kms:EnableKeyRotation", &key, request.send()).await.map(drop)
            }
            KmsStep::DisableKeyRotation { key } => {
                let key = arn(key, produced)?;
                self.call("kms:DisableKeyRotation", &key, client.disable_key_rotation().key_id(&key).send()).await.map(drop)
            }
            KmsStep::CreateAlias { alias, key } => {
                let key = arn(key, produced)?;
                self.call("kms:CreateAlias", alias, client.create_alias().alias_name(alias).target_key_id(&key).send()).await.map(drop)
            }
            KmsStep::UpdateAlias { alias, key } => {
                let key = arn(key, produced)?;
                self.call("kms:UpdateAlias", alias, client.update_alias().alias_name(alias).target_key_id(&key).send()).await.map(drop)
            }
            KmsStep::DeleteAlias { alias } => {
                self.call("kms:DeleteAlias", alias, client.delete_alias().alias_name(alias).send()).await.map(drop)
            }
            KmsStep::TagKey { key, tags } => {
                let key = arn(key, produced)?;
                self.call("kms:TagResource", &key, client.tag_resource().key_id(&key).set_tags(Some(tag_list(tags))).send()).await.map(drop)
            }
            KmsStep::UntagKey { key, tag_keys } => {
                let key = arn(key, produced)?;
                self.call("kms:UntagResource", &key, client.untag_resource().key_id(&key).set_tag_keys(Some(tag_keys.clone())).send())
                    .await
                    .map(drop)
            }
            KmsStep::ScheduleKeyDeletion { key, window_days } => {
                let key = arn(key, produced)?;
                let request = client.schedule_key_deletion().key_id(&key).pending_window_in_days(*window_days);
                self.call("kms:ScheduleKeyDeletion", &key, request.send()).await.map(drop)
            }
        }
    }
}

fn arn_of(key: &sdk::KeyMetadata) -> String {
    key.arn.clone().unwrap_or_else(|| key.key_id.clone())
}

pub(super) fn found(key: &sdk::KeyMetadata, alias_target: String, tags: Tags) -> (KeyState, KeyFacts) {
    let state = KeyState {
        enabled: key.enabled,
        pending_deletion: key.key_state == Some(sdk::KeyState::PendingDeletion),
        description: key.description.clone().unwrap_or_default(),
    };
    (state, KeyFacts { arn: arn_of(key), alias_target, tags })
}

fn tag_list(tags: &Tags) -> Vec<sdk::Tag> {
    tags.iter().filter_map(|(key, value)| sdk::Tag::builder().tag_key(key).tag_value(value).build().ok()).collect()
}
