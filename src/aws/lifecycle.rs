//! S3: a bucket's lifecycle rules, read and written whole, so that those of others come back as they were.

use super::Cloud;
use super::s3::configured;
use crate::facets::lifecycle::{LifecycleFacts, LifecycleRule, RuleFilter, RuleTransition, Rules};
use crate::facets::observed::{Answer, Failure, Reading};
use aws_sdk_s3::types as sdk;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::operation::BuildError;

const WRITE: &str = "s3:PutLifecycleConfiguration";

impl Cloud {
    pub(super) async fn bucket_lifecycle(&self, bucket: &str) -> Answer {
        let request = self.s3.get_bucket_lifecycle_configuration().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        let result = self.call("s3:GetLifecycleConfiguration", bucket, request.send()).await;
        configured(result, Reading::new(&Rules::new(), &LifecycleFacts::default()), |answer| {
            let rules: Rules = answer.rules.unwrap_or_default().into_iter().map(read_rule).collect();
            let minimum_size = answer.transition_default_minimum_object_size.map(|size| size.as_str().to_owned());
            Reading::new(&rules, &LifecycleFacts { minimum_size })
        })
    }

    pub(super) async fn put_bucket_lifecycle(&self, bucket: &str, rules: &Rules, minimum_size: Option<&str>) -> Result<(), Failure> {
        let unbuildable = |error: BuildError| self.unbuildable(WRITE, bucket, &error);
        let rules = rules.iter().map(|(id, rule)| write_rule(id, rule)).collect::<Result<Vec<_>, _>>().map_err(unbuildable)?;
        let configuration = sdk::BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().map_err(unbuildable)?;
        let request = self
            .s3
            .put_bucket_lifecycle_configuration()
            .bucket(bucket)
            .expected_bucket_owner(&self.bucket_owner)
            .set_transition_default_minimum_object_size(minimum_size.map(Into::into))
            .lifecycle_configuration(configuration);
        self.call(WRITE, bucket, request.send()).await.map(drop)
    }
}

fn day(time: &DateTime) -> Option<String> {
    time.fmt(Format::DateTime).ok()
}

fn time(text: &str) -> Option<DateTime> {
    DateTime::from_str(text, Format::DateTime).ok()
}

fn read_rule(rule: sdk::LifecycleRule) -> (String, LifecycleRule) {
    let expiration = rule.expiration.as_ref();
    let noncurrent = rule.noncurrent_version_expiration.as_ref();
    let transitions = rule.transitions.iter().flatten().map(|transition| RuleTransition {
        after_days: transition.days,
        on: transition.date.as_ref().and_then(day),
        storage_class: class(transition.storage_class.as_ref()),
        versions_kept: None,
    });
    let noncurrent_transitions = rule.noncurrent_version_transitions.iter().flatten().map(|transition| RuleTransition {
        after_days: transition.noncurrent_days,
        on: None,
        storage_class: class(transition.storage_class.as_ref()),
        versions_kept: transition.newer_noncurrent_versions,
    });
    let read = LifecycleRule {
        enabled: rule.status == sdk::ExpirationStatus::Enabled,
        filter: read_filter(&rule),
        expire_after_days: expiration.and_then(|expiration| expiration.days),
        expire_on: expiration.and_then(|expiration| expiration.date.as_ref()).and_then(day),
        expired_object_delete_marker: expiration.and_then(|expiration| expiration.expired_object_delete_marker).filter(|marker| *marker),
        transitions: sorted(transitions),
        noncurrent_transitions: sorted(noncurrent_transitions),
        noncurrent_expire_after_days: noncurrent.and_then(|noncurrent| noncurrent.noncurrent_days),
        noncurrent_versions_kept: noncurrent.and_then(|noncurrent| noncurrent.newer_noncurrent_versions),
        abort_multipart_after_days: rule.abort_incomplete_multipart_upload.and_then(|abort| abort.days_after_initiation),
    };
    (rule.id.unwrap_or_default(), read)
}

fn sorted(transitions: impl Iterator<Item = RuleTransition>) -> Vec<RuleTransition> {
    let mut transitions: Vec<_> = transitions.collect();
    transitions.sort();
    transitions
}

fn class(class: Option<&sdk::TransitionStorageClass>) -> String {
    class.map(|class| class.as_str().to_owned()).unwrap_or_default()
}

/// A rule may say its prefix in three places, and its tags and sizes in two.
#[allow(deprecated)]
fn read_filter(rule: &sdk::LifecycleRule) -> RuleFilter {
    let filter = rule.filter.as_ref();
    let and = filter.and_then(|filter| filter.and.as_ref());
    let prefix = [and.and_then(|and| and.prefix.as_ref()), filter.and_then(|filter| filter.prefix.as_ref()), rule.prefix.as_ref()];
    let tags = and.into_iter().flat_map(|and| and.tags()).chain(filter.and_then(|filter| filter.tag.as_ref()));
    RuleFilter {
        prefix: prefix.into_iter().flatten().next().cloned().unwrap_or_default(),
        tags: tags.map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
        larger_than: and.and_then(|and| and.object_size_greater_than).or(filter.and_then(|filter| filter.object_size_greater_than)),
        smaller_than: and.and_then(|and| and.object_size_less_than).or(filter.and_then(|filter| filter.object_size_less_than)),
    }
}

fn write_rule(id: &str, rule: &LifecycleRule) -> Result<sdk::LifecycleRule, BuildError> {
    let expires = rule.expire_after_days.is_some() || rule.expire_on.is_some() || rule.expired_object_delete_marker.is_some();
    let expiration = expires.then(|| {
        sdk::LifecycleExpiration::builder()
            .set_days(rule.expire_after_days)
            .set_date(rule.expire_on.as_deref().and_then(time))
            .set_expired_object_delete_marker(rule.expired_object_delete_marker)
            .build()
    });
    let noncurrent = (rule.noncurrent_expire_after_days.is_some() || rule.noncurrent_versions_kept.is_some()).then(|| {
        sdk::NoncurrentVersionExpiration::builder()
            .set_noncurrent_days(rule.noncurrent_expire_after_days)
            .set_newer_noncurrent_versions(rule.noncurrent_versions_kept)
            .build()
    });
    let transitions = rule.transitions.iter().map(|transition| {
        sdk::Transition::builder()
            .set_days(transition.after_days)
            .set_date(transition.on.as_deref().and_then(time))
            .storage_class(transition.storage_class.as_str().into())
            .build()
    });
    let noncurrent_transitions = rule.noncurrent_transitions.iter().map(|transition| {
        sdk::NoncurrentVersionTransition::builder()
            .set_noncurrent_days(transition.after_days)
            .set_newer_noncurrent_versions(transition.versions_kept)
            .storage_class(transition.storage_class.as_str().into())
            .build()
    });
    let abort =
        rule.abort_multipart_after_days.map(|days| sdk::AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build());
    sdk::LifecycleRule::builder()
        .id(id)
        .status(if rule.enabled { sdk::ExpirationStatus::Enabled } else { sdk::ExpirationStatus::Disabled })
        .filter(write_filter(&rule.filter)?)
        .set_expiration(expiration)
        .set_noncurrent_version_expiration(noncurrent)
        .set_transitions(some(transitions.collect()))
        .set_noncurrent_version_transitions(some(noncurrent_transitions.collect()))
        .set_abort_incomplete_multipart_upload(abort)
        .build()
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// One condition stands alone; several go together under `And`.
fn write_filter(filter: &RuleFilter) -> Result<sdk::LifecycleRuleFilter, BuildError> {
    let mut tags = Vec::new();
    for (key, value) in &filter.tags {
        tags.push(sdk::Tag::builder().key(key).value(value).build()?);
    }
    let prefix = Some(filter.prefix.clone()).filter(|prefix| !prefix.is_empty());
    let conditions =
        usize::from(prefix.is_some()) + tags.len() + usize::from(filter.larger_than.is_some()) + usize::from(filter.smaller_than.is_some());
    let builder = sdk::LifecycleRuleFilter::builder();
    Ok(match conditions {
        0 => builder.prefix("").build(),
        1 => builder
            .set_prefix(prefix)
            .set_tag(tags.pop())
            .set_object_size_greater_than(filter.larger_than)
            .set_object_size_less_than(filter.smaller_than)
            .build(),
        _ => {
            let and = sdk::LifecycleRuleAndOperator::builder()
                .set_prefix(prefix)
                .set_tags(some(tags))
                .set_object_size_greater_than(filter.larger_than)
                .set_object_size_less_than(filter.smaller_than);
            builder.and(and.build()).build()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn every_rule_comes_back_as_it_was() {
        let rules: [Value; 5] = [
            json!({"enabled": true, "expireAfterDays": 2555, "transitions": [{"afterDays": 90, "storageClass": "GLACIER"}]}),
            json!({"enabled": false, "filter": {"prefix": "tmp/"}, "expireOn": "2031-01-01T00:00:00Z"}),
            json!({"enabled": true, "filter": {"tags": {"a": "b"}}, "expiredObjectDeleteMarker": true, "abortMultipartAfterDays": 3}),
            json!({"enabled": true, "filter": {"largerThan": 131_072}, "noncurrentExpireAfterDays": 30, "noncurrentVersionsKept": 3}),
            json!({"enabled": true, "filter": {"prefix": "x", "tags": {"a": "b", "c": "d"}, "largerThan": 1, "smallerThan": 9},
                   "transitions": [{"on": "2031-01-01T00:00:00Z", "storageClass": "DEEP_ARCHIVE"}],
                   "noncurrentTransitions": [{"afterDays": 30, "storageClass": "STANDARD_IA", "versionsKept": 2}]}),
        ];
        for rule in rules {
            let read: LifecycleRule = serde_json::from_value(rule.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), rule, "the form is canonical");
            assert_eq!(read_rule(write_rule("id", &read).unwrap()), ("id".to_owned(), read));
        }
    }

    #[test]
    #[allow(deprecated)]
    fn an_old_prefix_means_the_same_as_a_filter() {
        let old = sdk::LifecycleRule::builder().id("old").prefix("a/").status(sdk::ExpirationStatus::Enabled).build().unwrap();
        assert_eq!(read_rule(old).1.filter.prefix, "a/");
    }
}
