//! Replication: a copy of every log file in a second bucket. S3 takes all rules at once, so those of others are read whole
//! and, in an adopted bucket, written back as they were. None in a bucket of ours: a copy elsewhere is a leak.

use super::bucket::Bucket;
use super::bucket_policy::keeps_foreign;
use super::bucket_tags::BucketTags;
use super::context::ArchiveContext;
use super::observed::Seen;
use super::read::{Read, S3Read};
use super::rights::{Right, Rights};
use super::step::{S3Step, Step};
use super::tags::{OwnerFacts, Tags};
use super::{Change, Facet, Source};
use crate::api::bucket_options::Replication;
use crate::api::log_archive::ForeignStatements;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The id of our rule.
const OURS: &str = "trailkeeper";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplicationState {
    /// ARN of the role that S3 assumes, for all rules; empty where there are none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// By id.
    pub rules: BTreeMap<String, ReplicationRule>,
}

/// One rule, with all that S3 knows of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicationRule {
    pub enabled: bool,
    /// None in the oldest form of a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    #[serde(skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    pub destination: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The destination's account owns the copies.
    pub change_owner: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_encrypted_objects: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica_modifications: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing_objects: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_markers: Option<bool>,
    /// Minutes within which S3 promises to copy, where it is asked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_control_minutes: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_minutes: Option<i32>,
}

/// A deletion is not copied: the copy is what remains when somebody deletes.
fn own_rule(replication: &Replication, priority: i32) -> ReplicationRule {
    ReplicationRule {
        enabled: true,
        priority: Some(priority),
        destination: replication.destination_bucket_arn.clone(),
        account: replication.destination_account_id.clone(),
        change_owner: replication.destination_account_id.is_some(),
        storage_class: replication.storage_class.map(|class| class.as_str().to_owned()),
        kms_key: replication.kms_key_arn.clone(),
        kms_encrypted_objects: replication.kms_key_arn.as_ref().map(|_| true),
        delete_markers: Some(false),
        ..ReplicationRule::default()
    }
}

/// A priority that no other rule has; the one that our rule has already, if it does.
fn priority(observed: Option<&ReplicationState>, foreign: &BTreeMap<String, ReplicationRule>) -> i32 {
    let held = observed.and_then(|state| state.rules.get(OURS)).and_then(|rule| rule.priority);
    let highest = foreign.values().filter_map(|rule| rule.priority).max();
    held.unwrap_or_else(|| highest.map_or(1, |highest| highest.saturating_add(1)))
}

pub struct BucketReplication(pub ArchiveContext);

impl Facet for BucketReplication {
    const NAME: &'static str = "replication";
    type State = ReplicationState;
    const NEEDS: &'static [&'static str] = &[BucketTags::NAME];

    fn source(&self, seen: &Seen) -> Source {
        let new = self.0.spec.replication.is_none().then(ReplicationState::default);
        Source::ask_of_new_or_old(seen, Bucket::NAME, new, || {
            Read::S3(S3Read::BucketReplication { bucket: self.0.spec.bucket_name.clone() })
        })
    }

    fn desired(&self, observed: Option<&ReplicationState>, seen: &Seen) -> ReplicationState {
        let found = seen.facts::<OwnerFacts>(BucketTags::NAME).is_some_and(|facts| self.0.found(Bucket::NOUN, &facts));
        let mut rules = BTreeMap::new();
        if keeps_foreign(ForeignStatements::KeepIfAdopted, found) {
            let foreign = observed.into_iter().flat_map(|state| &state.rules).filter(|(id, _)| *id != OURS);
            rules.extend(foreign.map(|(id, rule)| (id.clone(), rule.clone())));
        }
        let there_is = observed.map(|state| state.role.clone()).filter(|_| !rules.is_empty()).unwrap_or_default();
        let Some(replication) = &self.0.spec.replication else { return ReplicationState { role: there_is, rules } };
        rules.insert(OURS.to_owned(), own_rule(replication, priority(observed, &rules)));
        ReplicationState { role: replication.role_arn.clone(), rules }
    }

    /// S3 takes no configuration without rules: where none is wanted, there is to be none.
    fn steps(&self, change: &Change<'_, ReplicationState>) -> Vec<Step> {
        let bucket = self.0.spec.bucket_name.clone();
        let ReplicationState { role, rules } = change.desired.clone();
        vec![Step::S3(match rules.is_empty() {
            true => S3Step::DeleteBucketReplication { bucket },
            false => S3Step::PutBucketReplication { bucket, role, rules },
        })]
    }

    fn rights(&self) -> Rights {
        let bucket = self.0.bucket_arn();
        let pass = self.0.spec.replication.as_ref().map(|replication| {
            Right::new("iam:PassRole", replication.role_arn.clone()).when("StringEquals", "iam:PassedToService", "s3.amazonaws.com")
        });
        Rights {
            read: vec![Right::new("s3:GetReplicationConfiguration", bucket.clone())],
            write: std::iter::once(Right::new("s3:PutReplicationConfiguration", bucket)).chain(pass).collect(),
            delete: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_rule_has_a_priority_of_its_own_and_keeps_it() {
        let rule = |priority| ReplicationRule { priority: Some(priority), ..ReplicationRule::default() };
        let state = |rules: &[(&str, i32)]| ReplicationState {
            role: String::new(),
            rules: rules.iter().map(|(id, priority)| ((*id).to_owned(), rule(*priority))).collect(),
        };
        let theirs = state(&[("theirs", 4)]).rules;
        assert_eq!(priority(None, &BTreeMap::new()), 1);
        assert_eq!(priority(Some(&state(&[("theirs", 4)])), &theirs), 5);
        assert_eq!(priority(Some(&state(&[("theirs", 4), (OURS, 2)])), &theirs), 2);
    }
}
