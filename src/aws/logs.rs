//! CloudWatch Logs: reads and writes of log groups. No operation that deletes a group or an event exists here.

use super::{Cloud, unanswered};
use crate::facets::log_group::LogGroupState;
use crate::facets::observed::{Answer, Failure, Observed, Reading};
use crate::facets::read::LogsRead;
use crate::facets::step::LogsStep;
use crate::facets::tags::{OwnerFacts, Tags, users};
use aws_sdk_cloudwatchlogs::types as sdk;

impl Cloud {
    pub(super) async fn read_logs(&self, read: &LogsRead) -> Answer {
        match read {
            LogsRead::LogGroup { log_group } => match self.log_group(log_group).await {
                Ok(Some((state, owner))) => Observed::Present(Reading::new(&state, &owner)),
                Ok(None) => Observed::Absent,
                Err(failure) => unanswered(failure),
            },
            LogsRead::MetricFilters { log_group, prefix, owner } => self.read_metric_filters(log_group, prefix, owner).await,
        }
    }

    async fn log_group(&self, name: &str) -> Result<Option<(LogGroupState, OwnerFacts)>, Failure> {
        let client = self.session.logs(&self.region);
        let Some(group) = self.find_log_group(&client, name).await? else { return Ok(None) };
        // Tags go by the ARN without `:*`.
        let arn = group.arn().unwrap_or_default().trim_end_matches(":*");
        let listed = self.call("logs:ListTagsForResource", name, client.list_tags_for_resource().resource_arn(arn).send()).await?;
        let tags: Tags = listed.tags.unwrap_or_default().into_iter().collect();
        let state = LogGroupState {
            retention_days: group.retention_in_days.unwrap_or_default(),
            kms_key: group.kms_key_id.unwrap_or_default(),
            // Where the class is not named it is the class that there was before there were any.
            class: group.log_group_class.map_or_else(|| "STANDARD".to_owned(), |class| class.as_str().to_owned()),
            tags: users(&tags),
        };
        Ok(Some((state, OwnerFacts::of(&tags))))
    }

    /// Groups are found by prefix; the one meant has exactly this name.
    async fn find_log_group(&self, client: &aws_sdk_cloudwatchlogs::Client, name: &str) -> Result<Option<sdk::LogGroup>, Failure> {
        let mut next = None;
        loop {
            let request = client.describe_log_groups().log_group_name_prefix(name).set_next_token(next);
            let page = self.call("logs:DescribeLogGroups", name, request.send()).await?;
            let found = page.log_groups.unwrap_or_default().into_iter().find(|group| group.log_group_name() == Some(name));
            next = page.next_token;
            if found.is_some() || next.is_none() {
                return Ok(found);
            }
        }
    }

    pub(super) async fn write_logs(&self, step: &LogsStep) -> Result<(), Failure> {
        let client = self.session.logs(&self.region);
        match step {
            LogsStep::CreateLogGroup { log_group, kms_key, class, tags } => {
                let request = client
                    .create_log_group()
                    .log_group_name(log_group)
                    .set_kms_key_id((!kms_key.is_empty()).then(|| kms_key.clone()))
                    .log_group_class(sdk::LogGroupClass::from(class.as_str()))
                    .set_tags(Some(tags.clone().into_iter().collect()));
                self.call("logs:CreateLogGroup", log_group, request.send()).await.map(drop)
            }
            LogsStep::PutRetentionPolicy { log_group, retention_days } => {
                let request = client.put_retention_policy().log_group_name(log_group).retention_in_days(*retention_days);
                self.call("logs:PutRetentionPolicy", log_group, request.send()).await.map(drop)
            }
            LogsStep::DeleteRetentionPolicy { log_group } => {
                let request = client.delete_retention_policy().log_group_name(log_group);
                self.call("logs:DeleteRetentionPolicy", log_group, request.send()).await.map(drop)
            }
            LogsStep::AssociateKmsKey { log_group, kms_key } => {
                let request = client.associate_kms_key().log_group_name(log_group).kms_key_id(kms_key);
                self.call("logs:AssociateKmsKey", log_group, request.send()).await.map(drop)
            }
            LogsStep::DisassociateKmsKey { log_group } => {
                let request = client.disassociate_kms_key().log_group_name(log_group);
                self.call("logs:DisassociateKmsKey", log_group, request.send()).await.map(drop)
            }
            LogsStep::PutMetricFilter { log_group, filter, settings } => self.put_metric_filter(log_group, filter, settings).await,
            LogsStep::DeleteMetricFilter { log_group, filter } => self.delete_metric_filter(log_group, filter).await,
            LogsStep::TagLogGroup { log_group, tags } => {
                let request = client.tag_resource().resource_arn(log_group).set_tags(Some(tags.clone().into_iter().collect()));
                self.call("logs:TagResource", log_group, request.send()).await.map(drop)
            }
            LogsStep::UntagLogGroup { log_group, tag_keys } => {
                let request = client.untag_resource().resource_arn(log_group).set_tag_keys(Some(tag_keys.clone()));
                self.call("logs:UntagResource", log_group, request.send()).await.map(drop)
            }
        }
    }
}
