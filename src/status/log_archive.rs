//! The status of a LogArchive after a pass.

use super::tell::{Situation, tell};
use super::{Told, retention};
use crate::api::hand_over::{HandOver, ReaderHandOver};
use crate::api::log_archive::EncryptionType;
use crate::api::{LogArchive, LogArchiveStatus};
use crate::engine::{Outcome, Writers};
use crate::facets::Facet;
use crate::facets::key::KeyFacts;
use crate::facets::new_files::{NewFileDeadLetters, NewFileQueue, NewFileTopic};
use crate::facets::observed::{Observed, Seen};
use crate::facets::policy_document::Statements;
use crate::facets::policy_form::form_of;
use crate::facets::queue::{QueueFacts, QueuePurpose};
use crate::facets::reader_roles::{ReaderRoleFacts, ReaderRoles};
use crate::facets::role::RoleState;
use crate::facets::topic::{TopicFacts, TopicPurpose};
use std::collections::BTreeMap;

pub fn after_pass(
    archive: &LogArchive,
    partition: &str,
    writers: &Writers,
    outcome: &Outcome,
    situation: &Situation<'_>,
) -> Told<LogArchiveStatus> {
    let mut status = archive.status.clone().unwrap_or_default();
    let seen = &outcome.latest().seen;
    if let Some(Observed::Present(_)) = seen.get("bucket") {
        status.bucket_arn = Some(format!("arn:{partition}:s3:::{}", archive.spec.bucket_name));
    }
    match archive.spec.encryption.kind {
        EncryptionType::OwnKey => {
            if let Some(facts) = seen.facts::<KeyFacts>("key") {
                status.kms_key_arn = Some(facts.arn);
            }
        }
        EncryptionType::ExistingKey => status.kms_key_arn = archive.spec.encryption.existing_key_arn.clone(),
        EncryptionType::S3Managed => status.kms_key_arn = None,
    }
    let form = |facet: &str| seen.state::<Statements>(facet).map(|statements| form_of(&statements));
    status.policy_form = form("bucketPolicy").or(status.policy_form);
    status.key_policy_form = match archive.spec.encryption.kind {
        EncryptionType::OwnKey => form("keyPolicy").or(status.key_policy_form),
        EncryptionType::ExistingKey | EncryptionType::S3Managed => None,
    };
    match seen.get("bucket") {
        Some(Observed::Present(_)) => {
            // What could not be read is left as it was last known.
            if let (Some(rules), Some(versioning), Some(lock)) =
                (seen.state("lifecycle"), seen.state("versioning"), seen.state("objectLock"))
            {
                status.retention = Some(retention::words(&rules, &versioning, &lock));
            }
        }
        Some(Observed::Absent) => status.retention = None,
        Some(Observed::Unknown(_)) | None => {}
    }
    status.hand_over = hand_over(status.hand_over.take(), seen);
    // A writer is let in once the policies that say so are in force, or found to be so in Observe mode.
    if outcome.in_sync() {
        status.writers = writers.current.clone();
    }
    let (events, requeue) = tell(&mut status.common, &mut status.held, outcome, situation, None);
    Told { status, events, requeue }
}

/// What readers paste into their tools, as AWS has it. What could not be read stays as it was known.
fn hand_over(before: Option<HandOver>, seen: &Seen) -> Option<HandOver> {
    let before = before.unwrap_or_default();
    let mut now = HandOver::default();
    let queue = seen.facts::<QueueFacts>(NewFileQueue::NAME);
    let unknown = |facet: &str| matches!(seen.get(facet), Some(Observed::Unknown(_)));
    now.topic_arn = seen.facts::<TopicFacts>(NewFileTopic::NAME).map(|facts| facts.subscribers.topic);
    now.queue_arn = queue.as_ref().map(|facts| facts.arn.clone());
    now.queue_url = queue.map(|facts| facts.url);
    now.dead_letter_url = seen.facts::<QueueFacts>(NewFileDeadLetters::NAME).map(|facts| facts.url);
    if unknown(NewFileTopic::NAME) {
        now.topic_arn = before.topic_arn;
    }
    if unknown(NewFileQueue::NAME) {
        (now.queue_arn, now.queue_url) = (before.queue_arn, before.queue_url);
    }
    if unknown(NewFileDeadLetters::NAME) {
        now.dead_letter_url = before.dead_letter_url;
    }
    match seen.get(ReaderRoles::NAME) {
        Some(Observed::Unknown(_)) => now.readers = before.readers,
        _ => now.readers = reader_roles(seen),
    }
    (now != HandOver::default()).then_some(now)
}

fn reader_roles(seen: &Seen) -> Vec<ReaderHandOver> {
    let roles: BTreeMap<String, RoleState> = seen.state(ReaderRoles::NAME).unwrap_or_default();
    let facts: ReaderRoleFacts = seen.facts(ReaderRoles::NAME).unwrap_or_default();
    let of = |(name, role): (String, RoleState)| ReaderHandOver {
        role_arn: facts.arns.get(&name).cloned().unwrap_or_default(),
        external_id: ReaderRoles::external_id_in(&role).unwrap_or_default(),
        name,
    };
    roles.into_iter().map(of).collect()
}
