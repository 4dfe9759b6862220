//! Athena: reads and writes of a workgroup and its named queries.

use super::{Cloud, unanswered};
use crate::engine::Produced;
use crate::facets::analysis::queries::{OURS, QueriesState, QueryIds, QueryState};
use crate::facets::analysis::workgroup::WorkgroupState;
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::policy_document::short_hash;
use crate::facets::read::AthenaRead;
use crate::facets::step::{AFTER_APPLY, AthenaStep};
use crate::facets::tags::{OwnerFacts, Tags, users};
use aws_sdk_athena::types as sdk;

/// BatchGetNamedQuery takes up to 50 ids.
const IDS_PER_CALL: usize = 50;

impl Cloud {
    pub(super) async fn read_athena(&self, read: &AthenaRead) -> Answer {
        let answer = match read {
            AthenaRead::Workgroup { workgroup, arn } => {
                self.workgroup(workgroup, arn).await.map(|found| found.map(|(state, owner)| Reading::new(&state, &owner)))
            }
            AthenaRead::Queries { workgroup } => {
                self.queries(workgroup).await.map(|(queries, ids)| (!queries.is_empty()).then(|| Reading::new(&queries, &ids)))
            }
        };
        match answer {
            Ok(found) => found.map_or(Observed::Absent, Observed::Present),
            // Athena has no code of its own for this.
            Err(failure) if failure.message.contains("is not found") => Observed::Absent,
            Err(failure) => unanswered(failure),
        }
    }

    async fn workgroup(&self, workgroup: &str, arn: &str) -> Result<Option<(WorkgroupState, OwnerFacts)>, Failure> {
        let client = self.session.athena(&self.region);
        let found = self.call("athena:GetWorkGroup", workgroup, client.get_work_group().work_group(workgroup).send()).await?.work_group;
        let Some(found) = found else { return Ok(None) };
        let listed = self.call("athena:ListTagsForResource", arn, client.list_tags_for_resource().resource_arn(arn).send()).await?;
        let tags: Tags =
            listed.tags.unwrap_or_default().into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect();
        let enabled = found.state() == Some(&sdk::WorkGroupState::Enabled);
        let settings = found.configuration;
        let results = settings.as_ref().and_then(|settings| settings.result_configuration.clone());
        let encryption = results.as_ref().and_then(|results| results.encryption_configuration.clone());
        let state = WorkgroupState {
            enabled,
            enforced: settings.as_ref().and_then(|settings| settings.enforce_work_group_configuration).unwrap_or_default(),
            results: results.and_then(|results| results.output_location).unwrap_or_default(),
            kms_key: encryption.and_then(|encryption| encryption.kms_key).unwrap_or_default(),
            bytes_scanned_cutoff: settings.and_then(|settings| settings.bytes_scanned_cutoff_per_query).unwrap_or_default(),
            tags: users(&tags),
        };
        Ok(Some((state, OwnerFacts::of(&tags))))
    }

    async fn queries(&self, workgroup: &str) -> Result<(QueriesState, QueryIds), Failure> {
        let client = self.session.athena(&self.region);
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let request = client.list_named_queries().work_group(workgroup).set_next_token(next);
            let answer = self.call("athena:ListNamedQueries", workgroup, request.send()).await?;
            all.extend(answer.named_query_ids.unwrap_or_default());
            next = answer.next_token;
            if next.is_none() {
                break;
            }
        }
        let (mut queries, mut ids) = (QueriesState::new(), QueryIds::new());
        for some in all.chunks(IDS_PER_CALL) {
            let request = client.batch_get_named_query().set_named_query_ids(Some(some.to_vec()));
            let answer = self.call("athena:BatchGetNamedQuery", workgroup, request.send()).await?;
            for query in answer.named_queries.unwrap_or_default() {
                let Some(name) = query.name.strip_prefix(OURS) else { continue };
                ids.insert(name.to_owned(), query.named_query_id.unwrap_or_default());
                let state = QueryState { description: query.description.unwrap_or_default(), query: query.query_string };
                queries.insert(name.to_owned(), state);
            }
        }
        Ok((queries, ids))
    }

    pub(super) async fn write_athena(&self, step: &AthenaStep, produced: &Produced) -> Result<(), Failure> {
        let client = self.session.athena(&self.region);
        match step {
            AthenaStep::CreateWorkGroup { workgroup, settings, tags } => {
                let configuration = sdk::WorkGroupConfiguration::builder()
                    .enforce_work_group_configuration(settings.enforced)
                    .bytes_scanned_cutoff_per_query(settings.bytes_scanned_cutoff)
                    .publish_cloud_watch_metrics_enabled(true)
                    .result_configuration(
                        sdk::ResultConfiguration::builder()
                            .output_location(&settings.results)
                            .encryption_configuration(self.encryption("athena:CreateWorkGroup", workgroup, &settings.kms_key, produced)?)
                            .build(),
                    )
                    .build();
                let request = client.create_work_group().name(workgroup).configuration(configuration).set_tags(Some(athena_tags(tags)));
                let request = request.description("CloudTrail logs. Kept by Trailkeeper");
                self.call("athena:CreateWorkGroup", workgroup, request.send()).await.map(drop)
            }
            AthenaStep::UpdateWorkGroup { workgroup, settings } => {
                let updates = sdk::WorkGroupConfigurationUpdates::builder()
                    .enforce_work_group_configuration(settings.enforced)
                    .bytes_scanned_cutoff_per_query(settings.bytes_scanned_cutoff)
                    .result_configuration_updates(
                        sdk::ResultConfigurationUpdates::builder()
                            .output_location(&settings.results)
                            .encryption_configuration(self.encryption("athena:UpdateWorkGroup", workgroup, &settings.kms_key, produced)?)
                            .build(),
                    )
                    .build();
                let state = if settings.enabled { sdk::WorkGroupState::Enabled } else { sdk::WorkGroupState::Disabled };
                let request = client.update_work_group().work_group(workgroup).configuration_updates(updates).state(state);
                self.call("athena:UpdateWorkGroup", workgroup, request.send()).await.map(drop)
            }
            AthenaStep::TagResource { arn, tags } => {
                let request = client.tag_resource().resource_arn(arn).set_tags(Some(athena_tags(tags)));
                self.call("athena:TagResource", arn, request.send()).await.map(drop)
            }
            AthenaStep::UntagResource { arn, tag_keys } => {
                let request = client.untag_resource().resource_arn(arn).set_tag_keys(Some(tag_keys.clone()));
                self.call("athena:UntagResource", arn, request.send()).await.map(drop)
            }
            AthenaStep::DeleteWorkGroup { workgroup } => {
                let request = client.delete_work_group().work_group(workgroup).recursive_delete_option(true);
                self.call("athena:DeleteWorkGroup", workgroup, request.send()).await.map(drop)
            }
            AthenaStep::CreateNamedQuery { workgroup, database, name, query } => {
                // The same query asked for twice, after a cut, is made once.
                let token: String = (0..5).map(|part| short_hash(&format!("{part} {workgroup} {name} {}", query.query))).collect();
                let request = client.create_named_query().name(name).database(database).query_string(&query.query).work_group(workgroup);
                let request = request.description(&query.description).client_request_token(token);
                self.call("athena:CreateNamedQuery", name, request.send()).await.map(drop)
            }
            AthenaStep::UpdateNamedQuery { id, name, query } => {
                let request = client.update_named_query().named_query_id(id).name(name).query_string(&query.query);
                self.call("athena:UpdateNamedQuery", name, request.description(&query.description).send()).await.map(drop)
            }
            AthenaStep::DeleteNamedQuery { id } => {
                match self.call("athena:DeleteNamedQuery", id, client.delete_named_query().named_query_id(id).send()).await {
                    Err(failure) if failure.class == ErrorClass::NotFound => Ok(()),
                    result => result.map(drop),
                }
            }
        }
    }

    /// With the key of that ARN, or the one that an earlier step made.
    fn encryption(
        &self,
        operation: &str,
        workgroup: &str,
        key: &str,
        produced: &Produced,
    ) -> Result<sdk::EncryptionConfiguration, Failure> {
        let made = || produced.key_arn.as_deref().ok_or_else(|| self.unbuildable(operation, workgroup, &"there is no key yet"));
        let key = if key == AFTER_APPLY { made()? } else { key };
        let option = if key.is_empty() { sdk::EncryptionOption::SseS3 } else { sdk::EncryptionOption::SseKms };
        let key = Some(key.to_owned()).filter(|key| !key.is_empty());
        let built = sdk::EncryptionConfiguration::builder().encryption_option(option).set_kms_key(key).build();
        built.map_err(|error| self.unbuildable(operation, workgroup, &error))
    }
}

fn athena_tags(tags: &Tags) -> Vec<sdk::Tag> {
    tags.iter().map(|(key, value)| sdk::Tag::builder().key(key).value(value).build()).collect()
}
