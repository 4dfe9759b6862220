//! Lifecycle: how long log files are kept, and in which storage class. S3 takes all rules at once, so those of others are
//! read whole and written back as they were.

use super::bucket::Bucket;
use super::bucket_policy::keeps_foreign;
use super::bucket_tags::BucketTags;
use super::bucket_versioning::{BucketVersioning, VersioningFacts};
use super::context::ArchiveContext;
use super::observed::Seen;
use super::read::{Read, S3Read};
use super::rights::Rights;
use super::step::{S3Step, Step};
use super::tags::{OwnerFacts, Tags};
use super::{Change, Facet, Source};
use crate::api::retention::Retention;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Every rule of ours has an id that begins so.
pub const OURS: &str = "trailkeeper-";
const RETENTION: &str = "trailkeeper-retention";
const MULTIPART: &str = "trailkeeper-multipart";

/// The rules by id.
pub type Rules = BTreeMap<String, LifecycleRule>;

/// One rule, with all that S3 knows of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LifecycleRule {
    pub enabled: bool,
    #[serde(skip_serializing_if = "RuleFilter::is_everything")]
    pub filter: RuleFilter,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_after_days: Option<i32>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired_object_delete_marker: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<RuleTransition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub noncurrent_transitions: Vec<RuleTransition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noncurrent_expire_after_days: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noncurrent_versions_kept: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_multipart_after_days: Option<i32>,
}

/// The objects that a rule is for: those that meet all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuleFilter {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    #[serde(skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub larger_than: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smaller_than: Option<i64>,
}

impl RuleFilter {
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuleTransition {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_days: Option<i32>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    pub storage_class: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions_kept: Option<i32>,
}

/// What goes along with a write, and is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LifecycleFacts {
    /// How S3 treats small objects in this bucket's transitions. A write without it would reset it.
    pub minimum_size: Option<String>,
}

/// The rules that `retention` asks for.
fn own_rules(retention: &Retention) -> Rules {
    let keep = LifecycleRule {
        enabled: true,
        expire_after_days: retention.expire_after_days,
        transitions: retention
            .transitions
            .iter()
            .map(|transition| RuleTransition {
                after_days: Some(transition.after_days),
                storage_class: transition.storage_class.as_str().to_owned(),
                ..RuleTransition::default()
            })
            .collect(),
        noncurrent_expire_after_days: retention.noncurrent_expire_after_days,
        ..LifecycleRule::default()
    };
    let abort = Some(retention.abort_multipart_after_days).filter(|days| *days > 0);
    let multipart = LifecycleRule { enabled: true, abort_multipart_after_days: abort, ..LifecycleRule::default() };
    // A rule must do something.
    let idle = LifecycleRule { enabled: true, ..LifecycleRule::default() };
    [(RETENTION, keep), (MULTIPART, multipart)]
        .into_iter()
        .filter(|(_, rule)| *rule != idle)
        .map(|(id, rule)| (id.to_owned(), rule))
        .collect()
}

pub struct Lifecycle(pub ArchiveContext);

impl Facet for Lifecycle {
    const NAME: &'static str = "lifecycle";
    type State = Rules;
    const NEEDS: &'static [&'static str] = &[BucketTags::NAME, BucketVersioning::NAME];

    fn source(&self, seen: &Seen) -> Source {
        let new = Some(Rules::new()).filter(|rules| own_rules(&self.0.spec.retention) == *rules);
        Source::ask_of_new_or_old(seen, Bucket::NAME, new, || Read::S3(S3Read::BucketLifecycle { bucket: self.0.spec.bucket_name.clone() }))
    }

    fn desired(&self, observed: Option<&Rules>, seen: &Seen) -> Rules {
        let found = seen.facts::<OwnerFacts>(BucketTags::NAME).is_some_and(|facts| self.0.found(Bucket::NOUN, &facts));
        let mut rules = own_rules(&self.0.spec.retention);
        if keeps_foreign(self.0.spec.retention.foreign_rules, found) {
            let foreign = observed.into_iter().flatten().filter(|(id, _)| !id.starts_with(OURS));
            rules.extend(foreign.map(|(id, rule)| (id.clone(), rule.clone())));
        }
        rules
    }

    /// S3 takes no configuration without rules: where none is wanted, there is to be none.
    fn steps(&self, change: &Change<'_, Rules>) -> Vec<Step> {
        if VersioningFacts::mfa_delete(change.seen) {
            return Vec::new();
        }
        let bucket = self.0.spec.bucket_name.clone();
        if change.desired.is_empty() {
            return vec![Step::S3(S3Step::DeleteBucketLifecycle { bucket })];
        }
        let facts: LifecycleFacts = change.seen.facts(Self::NAME).unwrap_or_default();
        let (rules, minimum_size) = (change.desired.clone(), facts.minimum_size);
        vec![Step::S3(S3Step::PutBucketLifecycleConfiguration { bucket, rules, minimum_size })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.bucket_arn(), &["s3:GetLifecycleConfiguration"], &["s3:PutLifecycleConfiguration"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn retention_becomes_rules_that_do_something() {
        let table: [(Value, Value); 4] = [
            (json!({}), json!({"trailkeeper-multipart": {"enabled": true, "abortMultipartAfterDays": 7}})),
            (json!({"abortMultipartAfterDays": 0}), json!({})),
            (
                json!({"expireAfterDays": 2555, "transitions": [{"afterDays": 90, "storageClass": "GLACIER_IR"}], "abortMultipartAfterDays": 0}),
                json!({"trailkeeper-retention": {"enabled": true, "expireAfterDays": 2555, "transitions": [{"afterDays": 90, "storageClass": "GLACIER_IR"}]}}),
            ),
            (
                json!({"noncurrentExpireAfterDays": 30}),
                json!({"trailkeeper-retention": {"enabled": true, "noncurrentExpireAfterDays": 30},
                       "trailkeeper-multipart": {"enabled": true, "abortMultipartAfterDays": 7}}),
            ),
        ];
        for (retention, rules) in table {
            let spec: Retention = serde_json::from_value(retention.clone()).unwrap();
            assert_eq!(serde_json::to_value(own_rules(&spec)).unwrap(), rules, "{retention}");
        }
    }
}
