//! S3: a bucket's replication rules, read and written whole, so that those of others come back as they were.

use super::Cloud;
use super::s3::configured;
use crate::facets::observed::{Answer, Failure, Reading};
use crate::facets::replication::{ReplicationRule, ReplicationState};
use aws_sdk_s3::types as sdk;
use aws_smithy_types::error::operation::BuildError;
use std::collections::BTreeMap;

const WRITE: &str = "s3:PutReplicationConfiguration";

impl Cloud {
    pub(super) async fn bucket_replication(&self, bucket: &str) -> Answer {
        let request = self.s3.get_bucket_replication().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        let result = self.call("s3:GetReplicationConfiguration", bucket, request.send()).await;
        configured(result, Reading::state(&ReplicationState::default()), |answer| {
            let state = answer.replication_configuration.map(|configuration| ReplicationState {
                role: configuration.role,
                rules: configuration.rules.iter().map(read_rule).collect(),
            });
            Reading::state(&state.unwrap_or_default())
        })
    }

    pub(super) async fn put_bucket_replication(
        &self,
        bucket: &str,
        role: &str,
        rules: &BTreeMap<String, ReplicationRule>,
    ) -> Result<(), Failure> {
        let unbuildable = |error: BuildError| self.unbuildable(WRITE, bucket, &error);
        let rules = rules.iter().map(|(id, rule)| write_rule(id, rule)).collect::<Result<Vec<_>, _>>().map_err(unbuildable)?;
        let configuration = sdk::ReplicationConfiguration::builder().role(role).set_rules(Some(rules)).build().map_err(unbuildable)?;
        let request = self
            .s3
            .put_bucket_replication()
            .bucket(bucket)
            .expected_bucket_owner(&self.bucket_owner)
            .replication_configuration(configuration);
        self.call(WRITE, bucket, request.send()).await.map(drop)
    }
}

/// A rule may say its prefix in three places, and its tags in two.
#[allow(deprecated)]
fn read_rule(rule: &sdk::ReplicationRule) -> (String, ReplicationRule) {
    let filter = rule.filter.as_ref();
    let and = filter.and_then(|filter| filter.and.as_ref());
    let prefix = [and.and_then(|and| and.prefix.as_ref()), filter.and_then(|filter| filter.prefix.as_ref()), rule.prefix.as_ref()];
    let tags = and.into_iter().flat_map(|and| and.tags()).chain(filter.and_then(|filter| filter.tag.as_ref()));
    let criteria = rule.source_selection_criteria.as_ref();
    let to = rule.destination.as_ref();
    let time = to.and_then(|to| to.replication_time.as_ref()).filter(|time| time.status == sdk::ReplicationTimeStatus::Enabled);
    let metrics = to.and_then(|to| to.metrics.as_ref());
    let read = ReplicationRule {
        enabled: rule.status == sdk::ReplicationRuleStatus::Enabled,
        // The oldest form has neither filter nor priority.
        priority: filter.and(Some(rule.priority.unwrap_or_default())),
        prefix: prefix.into_iter().flatten().next().cloned().unwrap_or_default(),
        tags: tags.map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
        destination: to.map(|to| to.bucket.clone()).unwrap_or_default(),
        account: to.and_then(|to| to.account.clone()),
        change_owner: to.is_some_and(|to| to.access_control_translation.is_some()),
        storage_class: to.and_then(|to| to.storage_class.as_ref()).map(|class| class.as_str().to_owned()),
        kms_key: to.and_then(|to| to.encryption_configuration.as_ref()).and_then(|encryption| encryption.replica_kms_key_id.clone()),
        kms_encrypted_objects: criteria
            .and_then(|criteria| criteria.sse_kms_encrypted_objects.as_ref())
            .map(|objects| objects.status == sdk::SseKmsEncryptedObjectsStatus::Enabled),
        replica_modifications: criteria
            .and_then(|criteria| criteria.replica_modifications.as_ref())
            .map(|changes| changes.status == sdk::ReplicaModificationsStatus::Enabled),
        existing_objects: rule
            .existing_object_replication
            .as_ref()
            .map(|existing| existing.status == sdk::ExistingObjectReplicationStatus::Enabled),
        delete_markers: rule
            .delete_marker_replication
            .as_ref()
            .and_then(|markers| markers.status.as_ref())
            .map(|status| *status == sdk::DeleteMarkerReplicationStatus::Enabled),
        time_control_minutes: time.and_then(|time| time.time.as_ref()).and_then(|time| time.minutes),
        metrics: metrics.map(|metrics| metrics.status == sdk::MetricsStatus::Enabled),
        metrics_minutes: metrics.and_then(|metrics| metrics.event_threshold.as_ref()).and_then(|threshold| threshold.minutes),
    };
    (rule.id.clone().unwrap_or_default(), read)
}

fn on<S: for<'a> From<&'a str>>(enabled: bool) -> S {
    S::from(if enabled { "Enabled" } else { "Disabled" })
}

fn minutes(minutes: i32) -> sdk::ReplicationTimeValue {
    sdk::ReplicationTimeValue::builder().minutes(minutes).build()
}

#[allow(deprecated)]
fn write_rule(id: &str, rule: &ReplicationRule) -> Result<sdk::ReplicationRule, BuildError> {
    let existing = rule.existing_objects.map(|existing| sdk::ExistingObjectReplication::builder().status(on(existing)).build());
    let builder = sdk::ReplicationRule::builder()
        .id(id)
        .status(on(rule.enabled))
        .set_source_selection_criteria(write_criteria(rule)?)
        .set_existing_object_replication(existing.transpose()?)
        .set_delete_marker_replication(
            rule.delete_markers.map(|markers| sdk::DeleteMarkerReplication::builder().status(on(markers)).build()),
        )
        .destination(write_destination(rule)?);
    match rule.priority {
        Some(priority) => builder.priority(priority).filter(write_filter(rule)?).build(),
        None => builder.prefix(&rule.prefix).build(),
    }
}

fn write_criteria(rule: &ReplicationRule) -> Result<Option<sdk::SourceSelectionCriteria>, BuildError> {
    if rule.kms_encrypted_objects.is_none() && rule.replica_modifications.is_none() {
        return Ok(None);
    }
    let encrypted = rule.kms_encrypted_objects.map(|objects| sdk::SseKmsEncryptedObjects::builder().status(on(objects)).build());
    let changes = rule.replica_modifications.map(|changes| sdk::ReplicaModifications::builder().status(on(changes)).build());
    let builder = sdk::SourceSelectionCriteria::builder();
    Ok(Some(builder.set_sse_kms_encrypted_objects(encrypted.transpose()?).set_replica_modifications(changes.transpose()?).build()))
}

/// One condition stands alone; several go together under `And`.
fn write_filter(rule: &ReplicationRule) -> Result<sdk::ReplicationRuleFilter, BuildError> {
    let mut tags = Vec::new();
    for (key, value) in &rule.tags {
        tags.push(sdk::Tag::builder().key(key).value(value).build()?);
    }
    let builder = sdk::ReplicationRuleFilter::builder();
    Ok(match (tags.len(), rule.prefix.is_empty()) {
        (0, _) => builder.prefix(&rule.prefix).build(),
        (1, true) => builder.set_tag(tags.pop()).build(),
        (_, no_prefix) => {
            let prefix = (!no_prefix).then(|| rule.prefix.clone());
            builder.and(sdk::ReplicationRuleAndOperator::builder().set_prefix(prefix).set_tags(Some(tags)).build()).build()
        }
    })
}

fn write_destination(rule: &ReplicationRule) -> Result<sdk::Destination, BuildError> {
    let owner = rule.change_owner.then(|| sdk::AccessControlTranslation::builder().owner(sdk::OwnerOverride::Destination).build());
    let encryption = rule.kms_key.as_ref().map(|key| sdk::EncryptionConfiguration::builder().replica_kms_key_id(key).build());
    let time = rule.time_control_minutes.map(|within| sdk::ReplicationTime::builder().status(on(true)).time(minutes(within)).build());
    let metrics = rule
        .metrics
        .map(|metrics| sdk::Metrics::builder().status(on(metrics)).set_event_threshold(rule.metrics_minutes.map(minutes)).build());
    sdk::Destination::builder()
        .bucket(&rule.destination)
        .set_account(rule.account.clone())
        .set_storage_class(rule.storage_class.as_deref().map(Into::into))
        .set_access_control_translation(owner.transpose()?)
        .set_encryption_configuration(encryption)
        .set_replication_time(time.transpose()?)
        .set_metrics(metrics.transpose()?)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn every_rule_comes_back_as_it_was() {
        let bucket = "arn:aws:s3:::copies";
        let rules: [Value; 4] = [
            json!({"enabled": true, "priority": 1, "destination": bucket, "changeOwner": false, "deleteMarkers": false}),
            json!({"enabled": true, "priority": 2, "destination": bucket, "account": "111111111111", "changeOwner": true, "storageClass": "GLACIER_IR",
                   "kmsKey": "arn:aws:kms:eu-west-1:111111111111:key/k", "kmsEncryptedObjects": true, "deleteMarkers": true}),
            json!({"enabled": false, "priority": 0, "prefix": "a/", "tags": {"a": "b"}, "destination": bucket, "changeOwner": false,
                   "replicaModifications": true, "existingObjects": true, "deleteMarkers": false, "timeControlMinutes": 15, "metrics": true,
                   "metricsMinutes": 15}),
            json!({"enabled": true, "prefix": "old/", "destination": bucket, "changeOwner": false}),
        ];
        for rule in rules {
            let read: ReplicationRule = serde_json::from_value(rule.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), rule, "the form is canonical");
            assert_eq!(read_rule(&write_rule("id", &read).unwrap()), ("id".to_owned(), read));
        }
    }
}
