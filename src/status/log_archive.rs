//! The status of a LogArchive after a pass.

use super::tell::{Situation, tell};
use super::{Told, retention};
use crate::api::log_archive::EncryptionType;
use crate::api::{LogArchive, LogArchiveStatus};
use crate::engine::{Outcome, Writers};
use crate::facets::key::KeyFacts;
use crate::facets::observed::Observed;
use crate::facets::policy_document::Statements;
use crate::facets::policy_form::form_of;

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
    match seen.get("lifecycle") {
        Some(Observed::Present(_)) => {
            if let (Some(rules), Some(versioning)) = (seen.state("lifecycle"), seen.state("versioning")) {
                status.retention = Some(retention::words(&rules, &versioning));
            }
        }
        Some(Observed::Absent) => status.retention = None,
        Some(Observed::Unknown(_)) | None => {}
    }
    // A writer is let in once the policies that say so are in force, or found to be so in Observe mode.
    if outcome.in_sync() {
        status.writers = writers.current.clone();
    }
    let (events, requeue) = tell(&mut status.common, &mut status.held, outcome, situation, None);
    Told { status, events, requeue }
}
