//! What people do behind our back: one change of AWS each, whatever the spec asks for.

use crate::buckets::HeldBucket;
use crate::declared::{ALIAS, BUCKET, OWNER};
use crate::keys::{HeldKey, Keys};
use crate::memory::{ACCOUNT, Aws, REGION};
use crate::trails::HeldTrail;
use serde_json::{Value, json};
use trailkeeper::api::events::{AdvancedSelector, FieldSelector};
use trailkeeper::api::insights::{InsightCategory, InsightType, Template};
use trailkeeper::facets::lifecycle::LifecycleRule;
use trailkeeper::facets::replication::ReplicationRule;
use trailkeeper::facets::tags::{OWNER as OWNER_TAG, Tags};
use trailkeeper::facets::trail_events::{Selectors, meaning_of};

/// One tampering. It answers false where there is nothing to tamper with.
#[derive(Clone, Copy)]
pub struct Tamper {
    pub path: &'static str,
    pub apply: fn(&mut Aws) -> bool,
}

impl std::fmt::Debug for Tamper {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.path)
    }
}

impl Tamper {
    pub fn facet(&self) -> &'static str {
        self.path.split('.').next().unwrap()
    }
}

const fn tamper(path: &'static str, apply: fn(&mut Aws) -> bool) -> Tamper {
    Tamper { path, apply }
}

fn trail(aws: &mut Aws, change: impl FnOnce(&mut HeldTrail)) -> bool {
    aws.trails.0.values_mut().next().map(change).is_some()
}

fn bucket(aws: &mut Aws, change: impl FnOnce(&mut HeldBucket)) -> bool {
    aws.buckets.0.get_mut(BUCKET).map(change).is_some()
}

fn our_key(keys: &mut Keys) -> Option<&mut HeldKey> {
    keys.held.values_mut().find(|key| key.tags.get(OWNER_TAG).is_some_and(|owner| owner == OWNER))
}

fn key(aws: &mut Aws, change: impl FnOnce(&mut HeldKey)) -> bool {
    our_key(&mut aws.keys).map(change).is_some()
}

/// Tampering with a trail.
pub const TRAIL: &[Tamper] = &[
    tamper("settings", |aws| {
        aws.trails.0.clear();
        true
    }),
    tamper("settings.bucket", |aws| trail(aws, |held| held.settings.bucket = "elsewhere".into())),
    tamper("settings.keyPrefix", |aws| trail(aws, |held| held.settings.key_prefix = "else/where".into())),
    tamper("settings.kmsKey", |aws| trail(aws, |held| held.settings.kms_key = String::new())),
    tamper("settings.snsTopic", |aws| trail(aws, |held| held.settings.sns_topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:theirs"))),
    tamper("settings.logGroup", |aws| {
        trail(aws, |held| {
            held.settings.log_group = "arn:aws:logs:eu-central-1:1:log-group:theirs:*".into();
            held.settings.log_role = "arn:aws:iam::1:role/theirs".into();
        })
    }),
    tamper("settings.multiRegion", |aws| {
        trail(aws, |held| {
            held.settings.multi_region = !held.settings.multi_region;
            // AWS lets nobody have the one without the other.
            held.settings.global_service_events |= held.settings.multi_region;
        })
    }),
    tamper("settings.globalServiceEvents", |aws| {
        trail(aws, |held| {
            held.settings.global_service_events = !held.settings.global_service_events;
            held.settings.multi_region &= held.settings.global_service_events;
        })
    }),
    tamper("settings.organization", |aws| trail(aws, |held| held.settings.organization = !held.settings.organization)),
    tamper("settings.logFileValidation", |aws| trail(aws, |held| held.settings.log_file_validation = !held.settings.log_file_validation)),
    tamper("settings.recursiveLogging", |aws| trail(aws, |held| held.settings.recursive_logging = !held.settings.recursive_logging)),
    tamper("tags.tampered", |aws| trail(aws, |held| drop(held.tags.insert("tampered".into(), "yes".into())))),
    tamper("tags.trailkeeper.dev/owner", |aws| trail(aws, |held| drop(held.tags.remove(OWNER_TAG)))),
    tamper("events.selectors", |aws| {
        trail(aws, |held| {
            let category = FieldSelector { field: "eventCategory".into(), equals: vec!["Management".into()], ..FieldSelector::default() };
            let none = FieldSelector { field: "eventSource".into(), equals: vec!["nothing".into()], ..FieldSelector::default() };
            held.selectors = Selectors::Advanced(vec![AdvancedSelector { name: None, field_selectors: vec![category, none] }]);
            held.custom_selectors = true;
        })
    }),
    tamper("insights.ApiErrorRate", |aws| {
        trail(aws, |held| {
            if held.insights.remove(&InsightType::ApiErrorRate).is_none() {
                held.insights.insert(InsightType::ApiErrorRate, [InsightCategory::Management].into());
            }
        })
    }),
    // Without data events there is nothing to aggregate, and AWS refuses to.
    tamper("aggregation.templates", |aws| {
        let held = aws.trails.0.values_mut().next();
        held.filter(|held| meaning_of(&held.selectors).records("Data")).is_some_and(|held| {
            let templates = &mut held.aggregation.templates;
            templates.remove(&Template::UserActions) || templates.insert(Template::UserActions)
        })
    }),
    tamper("logging.enabled", |aws| trail(aws, |held| held.logging = !held.logging)),
];

/// Tampering with an archive. The bucket's policy and the key may be missing: then there is nothing to tamper with.
pub const ARCHIVE: &[Tamper] = &[
    tamper("bucket", |aws| aws.buckets.0.remove(BUCKET).is_some()),
    tamper("ownership.objectOwnership", |aws| {
        bucket(aws, |held| {
            held.ownership = if held.ownership == "ObjectWriter" { "BucketOwnerPreferred" } else { "ObjectWriter" }.to_owned();
        })
    }),
    tamper("publicAccessBlock.blockPublicAcls", |aws| {
        bucket(aws, |held| held.public_access.block_public_acls = !held.public_access.block_public_acls)
    }),
    tamper("publicAccessBlock.ignorePublicAcls", |aws| {
        bucket(aws, |held| held.public_access.ignore_public_acls = !held.public_access.ignore_public_acls)
    }),
    tamper("publicAccessBlock.blockPublicPolicy", |aws| {
        bucket(aws, |held| held.public_access.block_public_policy = !held.public_access.block_public_policy)
    }),
    tamper("publicAccessBlock.restrictPublicBuckets", |aws| {
        bucket(aws, |held| held.public_access.restrict_public_buckets = !held.public_access.restrict_public_buckets)
    }),
    tamper("bucketPolicy", |aws| aws.buckets.0.get_mut(BUCKET).is_some_and(|held| held.policy.as_mut().is_some_and(change_a_statement))),
    tamper("versioning.status", |aws| {
        bucket(aws, |held| held.versioning = if held.versioning == "Suspended" { "Enabled" } else { "Suspended" }.to_owned())
    }),
    tamper("encryption.kmsKey", |aws| {
        bucket(aws, |held| {
            held.encryption.kms_key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/theirs");
            held.encryption.algorithm = "aws:kms".into();
        })
    }),
    tamper("encryption.bucketKey", |aws| bucket(aws, |held| held.encryption.bucket_key = !held.encryption.bucket_key)),
    tamper("lifecycle", |aws| {
        bucket(aws, |held| {
            drop(
                held.lifecycle
                    .insert("trailkeeper-retention".into(), LifecycleRule { expire_after_days: Some(1), ..LifecycleRule::default() }),
            )
        })
    }),
    tamper("accessLogging.bucket", |aws| bucket(aws, |held| held.logging.bucket = "theirs".to_owned())),
    tamper("replication", |aws| {
        let theirs = ReplicationRule { enabled: true, destination: "arn:aws:s3:::theirs".into(), ..ReplicationRule::default() };
        // S3 copies only what is versioned.
        aws.buckets
            .0
            .get_mut(BUCKET)
            .filter(|held| held.versioning == "Enabled")
            .map(|held| held.replication.rules.insert("leak".into(), theirs))
            .is_some()
    }),
    tamper("requestPayment.payer", |aws| bucket(aws, |held| held.payer = "Requester".to_owned())),
    tamper("bucketTags.tampered", |aws| bucket(aws, |held| drop(held.tags.insert("tampered".into(), "yes".into())))),
    tamper("bucketTags.trailkeeper.dev/owner", |aws| bucket(aws, |held| drop(held.tags.remove(OWNER_TAG)))),
    tamper("key.enabled", |aws| key(aws, |held| held.enabled = false)),
    tamper("key.pendingDeletion", |aws| key(aws, |held| (held.enabled, held.pending_deletion) = (false, true))),
    tamper("key.description", |aws| key(aws, |held| held.description = "theirs".into())),
    tamper("keyAlias.target", |aws| {
        let stranger = HeldKey::new("a stranger's", json!({"Statement": []}), Tags::new());
        let moved = aws.keys.aliases.keys().next().cloned();
        let Some(alias) = moved else { return false };
        let arn = aws.keys.add(stranger);
        aws.keys.aliases.insert(alias, arn);
        true
    }),
    tamper("keyAlias", |aws| {
        let had = !aws.keys.aliases.is_empty();
        aws.keys.aliases.clear();
        had
    }),
    tamper("keyPolicy", |aws| our_key(&mut aws.keys).is_some_and(|held| change_a_statement(&mut held.policy))),
    tamper("keyRotation.periodDays", |aws| key(aws, |held| held.rotation = Some(if held.rotation == Some(91) { 92 } else { 91 }))),
    tamper("keyTags.tampered", |aws| key(aws, |held| drop(held.tags.insert("tampered".into(), "yes".into())))),
    tamper("keyTags.trailkeeper.dev/owner", |aws| {
        // Only the alias can lead to a key without its tag.
        aws.keys.aliases.contains_key(ALIAS) && key(aws, |held| drop(held.tags.remove(OWNER_TAG)))
    }),
];

/// Turns what the first statement allows or denies into another action.
fn change_a_statement(policy: &mut Value) -> bool {
    let first = policy.get_mut("Statement").and_then(Value::as_array_mut).and_then(|statements| statements.first_mut());
    first.map(|statement| statement["Action"] = json!("tampered:Action")).is_some()
}
