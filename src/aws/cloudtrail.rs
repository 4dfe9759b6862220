//! CloudTrail: reads and writes of trails. A trail is always addressed by its ARN, in its home Region.

use super::Cloud;
use crate::api::events::{AdvancedSelector, BasicSelector, DataResource, FieldSelector, ReadWrite};
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::read::CloudTrailRead;
use crate::facets::step::CloudTrailStep;
use crate::facets::tags::{OwnerFacts, Tags, users};
use crate::facets::trail_events::{Selectors, meaning_of};
use crate::facets::trail_logging::{DeliveryFacts, LoggingState};
use crate::facets::trail_settings::{TrailFacts, TrailSettings};
use aws_sdk_cloudtrail::operation::update_trail::builders::UpdateTrailFluentBuilder;
use aws_sdk_cloudtrail::types as sdk;
use aws_smithy_types::DateTime;
use jiff::Timestamp;

impl Cloud {
    pub(super) async fn trail(&self, arn: &str) -> Answer {
        let snapshot = self.shared.snapshots.get(self, arn).await;
        let trails = match &snapshot.trails {
            Ok(trails) => trails,
            Err(failure) => return Observed::Unknown(failure.clone()),
        };
        if let Some(trail) = trails.iter().find(|trail| trail.trail_arn() == Some(arn)) {
            let facts = TrailFacts {
                arn: arn.to_owned(),
                has_custom_event_selectors: trail.has_custom_event_selectors.unwrap_or(true),
                has_insight_selectors: trail.has_insight_selectors.unwrap_or(true),
            };
            return Observed::Present(Reading::new(&settings(trail), &facts));
        }
        match trails.iter().find(|trail| same_but_region(trail.trail_arn().unwrap_or_default(), arn)) {
            Some(elsewhere) => Observed::Unknown(self.home_is_elsewhere(arn, elsewhere)),
            None => Observed::Absent,
        }
    }

    /// A multi-Region trail of the same name casts its shadow here: creating one would fail, and it may be what is meant.
    fn home_is_elsewhere(&self, arn: &str, elsewhere: &sdk::Trail) -> Failure {
        Failure {
            class: ErrorClass::Terminal,
            operation: "cloudtrail:DescribeTrails".to_owned(),
            object: arn.to_owned(),
            account: self.account.clone(),
            region: self.region.clone(),
            code: "HomeRegionDiffers".to_owned(),
            message: format!("a trail of this name has its home in {}", elsewhere.home_region().unwrap_or("another Region")),
        }
    }

    pub(super) async fn trail_tags(&self, arn: &str) -> Answer {
        let snapshot = self.shared.snapshots.get(self, arn).await;
        match &snapshot.tags {
            Ok(tags) => {
                let tags = tags.get(arn).cloned().unwrap_or_default();
                Observed::Present(Reading::new(&users(&tags), &OwnerFacts::of(&tags)))
            }
            Err(failure) => Observed::Unknown(failure.clone()),
        }
    }

    pub(super) async fn trail_logging(&self, trail: &str) -> Answer {
        match self.call("cloudtrail:GetTrailStatus", trail, self.cloudtrail.get_trail_status().name(trail).send()).await {
            Ok(status) => Observed::Present(Reading::new(
                &LoggingState { enabled: status.is_logging.unwrap_or(false) },
                &DeliveryFacts {
                    latest_delivery_time: status.latest_delivery_time.and_then(timestamp),
                    latest_delivery_error: error_code(status.latest_delivery_error),
                    latest_digest_delivery_time: status.latest_digest_delivery_time.and_then(timestamp),
                    latest_digest_delivery_error: error_code(status.latest_digest_delivery_error),
                    latest_notification_error: error_code(status.latest_notification_error),
                    latest_cloud_watch_logs_time: status.latest_cloud_watch_logs_delivery_time.and_then(timestamp),
                    start_logging_time: status.start_logging_time.and_then(timestamp),
                    latest_cloud_watch_logs_error: error_code(status.latest_cloud_watch_logs_delivery_error),
                    stop_logging_time: status.stop_logging_time.and_then(timestamp),
                },
            )),
            Err(failure) => Observed::Unknown(failure),
        }
    }

    pub(super) async fn selectors(&self, trail: &str) -> Result<Selectors, Failure> {
        let asked = self.cloudtrail.get_event_selectors().trail_name(trail).send();
        let answer = self.call("cloudtrail:GetEventSelectors", trail, asked).await?;
        let advanced = answer.advanced_event_selectors.unwrap_or_default();
        Ok(if advanced.is_empty() {
            Selectors::Basic(answer.event_selectors.unwrap_or_default().into_iter().map(basic_from_sdk).collect())
        } else {
            Selectors::Advanced(advanced.into_iter().map(advanced_from_sdk).collect())
        })
    }

    pub(super) async fn trail_selectors(&self, trail: &str) -> Answer {
        match self.selectors(trail).await {
            Ok(selectors) => Observed::Present(Reading::state(&meaning_of(&selectors))),
            Err(failure) => Observed::Unknown(failure),
        }
    }

    pub(super) async fn read_cloudtrail(&self, read: &CloudTrailRead) -> Answer {
        match read {
            CloudTrailRead::Trail { arn } => self.trail(arn).await,
            CloudTrailRead::TrailTags { arn } => self.trail_tags(arn).await,
            CloudTrailRead::TrailLogging { trail } => self.trail_logging(trail).await,
            CloudTrailRead::TrailSelectors { trail } => self.trail_selectors(trail).await,
            CloudTrailRead::TrailInsights { trail } => self.trail_insights(trail).await,
            CloudTrailRead::TrailAggregation { trail } => self.trail_aggregation(trail).await,
        }
    }

    /// Carries out one write; what was read before it is not to be believed any more.
    pub(super) async fn write_cloudtrail(&self, step: &CloudTrailStep) -> Result<(), Failure> {
        let result = self.write_trail(step).await;
        self.shared.snapshots.forget(&self.account, &self.region).await;
        result
    }

    async fn write_trail(&self, step: &CloudTrailStep) -> Result<(), Failure> {
        let client = &self.cloudtrail;
        match step {
            CloudTrailStep::CreateTrail { name, settings, tags } => {
                self.call("cloudtrail:CreateTrail", name, self.creation(name, settings, tags).send()).await.map(drop)
            }
            CloudTrailStep::UpdateTrail { trail, settings, fields } => {
                let update = fields.iter().fold(client.update_trail().name(trail), |update, field| with_field(update, field, settings));
                self.call("cloudtrail:UpdateTrail", trail, update.send()).await.map(drop)
            }
            CloudTrailStep::StartLogging { trail } => {
                self.call("cloudtrail:StartLogging", trail, client.start_logging().name(trail).send()).await.map(drop)
            }
            CloudTrailStep::StopLogging { trail } => {
                self.call("cloudtrail:StopLogging", trail, client.stop_logging().name(trail).send()).await.map(drop)
            }
            CloudTrailStep::PutEventSelectors { trail, selectors } => {
                let put = client.put_event_selectors().trail_name(trail);
                let put = match selectors {
                    Selectors::Basic(basic) => put.set_event_selectors(Some(basic.iter().map(basic_to_sdk).collect())),
                    Selectors::Advanced(advanced) => {
                        let advanced: Result<Vec<_>, _> = advanced.iter().map(advanced_to_sdk).collect();
                        put.set_advanced_event_selectors(Some(
                            advanced.map_err(|error| self.unbuildable("cloudtrail:PutEventSelectors", trail, &error))?,
                        ))
                    }
                };
                self.call("cloudtrail:PutEventSelectors", trail, put.send()).await.map(drop)
            }
            CloudTrailStep::PutInsightSelectors { trail, insights } => self.put_insights(trail, insights).await,
            CloudTrailStep::PutEventConfiguration { trail, templates } => self.put_aggregation(trail, templates).await,
            CloudTrailStep::AddTags { trail, tags } => self
                .call("cloudtrail:AddTags", trail, client.add_tags().resource_id(trail).set_tags_list(Some(tag_list(tags))).send())
                .await
                .map(drop),
            CloudTrailStep::RemoveTags { trail, tag_keys } => {
                let keys = tag_keys.iter().filter_map(|key| sdk::Tag::builder().key(key).build().ok()).collect();
                self.call("cloudtrail:RemoveTags", trail, client.remove_tags().resource_id(trail).set_tags_list(Some(keys)).send())
                    .await
                    .map(drop)
            }
            CloudTrailStep::RegisterOrganizationDelegatedAdmin { account } => {
                let request = client.register_organization_delegated_admin().member_account_id(account);
                match self.call("cloudtrail:RegisterOrganizationDelegatedAdmin", account, request.send()).await {
                    Err(failure) if failure.code.starts_with("AccountRegistered") => Ok(()),
                    result => result.map(drop),
                }
            }
            CloudTrailStep::DeleteTrail { trail } => {
                self.call("cloudtrail:DeleteTrail", trail, client.delete_trail().name(trail).send()).await.map(drop)
            }
        }
    }

    fn creation(
        &self,
        name: &str,
        settings: &TrailSettings,
        tags: &Tags,
    ) -> aws_sdk_cloudtrail::operation::create_trail::builders::CreateTrailFluentBuilder {
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        self.cloudtrail
            .create_trail()
            .name(name)
            .s3_bucket_name(&settings.bucket)
            .set_s3_key_prefix(some(&settings.key_prefix))
            .set_kms_key_id(some(&settings.kms_key))
            .set_sns_topic_name(some(&settings.sns_topic))
            .set_cloud_watch_logs_log_group_arn(some(&settings.log_group))
            .set_cloud_watch_logs_role_arn(some(&settings.log_role))
            .is_multi_region_trail(settings.multi_region)
            .include_global_service_events(settings.global_service_events)
            .is_organization_trail(settings.organization)
            .enable_log_file_validation(settings.log_file_validation)
            .recursive_logging(settings.recursive_logging)
            .set_tags_list(Some(tag_list(tags)))
    }

    pub(super) fn unbuildable(&self, operation: &str, object: &str, why: &dyn std::fmt::Display) -> Failure {
        Failure {
            class: ErrorClass::Terminal,
            operation: operation.to_owned(),
            object: object.to_owned(),
            account: self.account.clone(),
            region: self.region.clone(),
            code: "InvalidRequest".to_owned(),
            message: why.to_string(),
        }
    }
}

fn same_but_region(one: &str, other: &str) -> bool {
    let without_region =
        |arn: &str| arn.split(':').enumerate().filter(|(at, _)| *at != 3).map(|(_, part)| part.to_owned()).collect::<Vec<_>>();
    one != other && without_region(one) == without_region(other)
}

fn settings(trail: &sdk::Trail) -> TrailSettings {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    TrailSettings {
        bucket: text(trail.s3_bucket_name()),
        key_prefix: text(trail.s3_key_prefix()),
        kms_key: text(trail.kms_key_id()),
        sns_topic: text(trail.sns_topic_arn()),
        log_group: text(trail.cloud_watch_logs_log_group_arn()),
        log_role: text(trail.cloud_watch_logs_role_arn()),
        multi_region: trail.is_multi_region_trail.unwrap_or(false),
        global_service_events: trail.include_global_service_events.unwrap_or(false),
        organization: trail.is_organization_trail.unwrap_or(false),
        log_file_validation: trail.log_file_validation_enabled.unwrap_or(false),
        // Regions that do not know the setting yet behave as if it were on.
        recursive_logging: trail.recursive_logging.unwrap_or(true),
    }
}

/// An empty string clears; group and role are taken together or not at all.
fn with_field(update: UpdateTrailFluentBuilder, field: &str, settings: &TrailSettings) -> UpdateTrailFluentBuilder {
    match field {
        "bucket" => update.s3_bucket_name(&settings.bucket),
        "keyPrefix" => update.s3_key_prefix(&settings.key_prefix),
        "kmsKey" => update.kms_key_id(&settings.kms_key),
        "snsTopic" => update.sns_topic_name(&settings.sns_topic),
        "logGroup" | "logRole" => update.cloud_watch_logs_log_group_arn(&settings.log_group).cloud_watch_logs_role_arn(&settings.log_role),
        // Multi-Region needs global events, so the two travel together when it is on.
        "multiRegion" if settings.multi_region => {
            update.is_multi_region_trail(true).include_global_service_events(settings.global_service_events)
        }
        "multiRegion" => update.is_multi_region_trail(false),
        "globalServiceEvents" => update.include_global_service_events(settings.global_service_events),
        "organization" => update.is_organization_trail(settings.organization),
        "logFileValidation" => update.enable_log_file_validation(settings.log_file_validation),
        "recursiveLogging" => update.recursive_logging(settings.recursive_logging),
        _ => update,
    }
}

fn timestamp(time: DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}

pub(super) fn error_code(code: Option<String>) -> Option<String> {
    code.filter(|code| !code.is_empty())
}

pub(super) fn tag_list(tags: &Tags) -> Vec<sdk::Tag> {
    tags.iter().filter_map(|(key, value)| sdk::Tag::builder().key(key).value(value).build().ok()).collect()
}

fn basic_to_sdk(basic: &BasicSelector) -> sdk::EventSelector {
    let resources = basic
        .data_resources
        .iter()
        .map(|resource| sdk::DataResource::builder().r#type(&resource.kind).set_values(Some(resource.values.clone())).build());
    sdk::EventSelector::builder()
        .read_write_type(match basic.read_write_type {
            ReadWrite::All => sdk::ReadWriteType::All,
            ReadWrite::ReadOnly => sdk::ReadWriteType::ReadOnly,
            ReadWrite::WriteOnly => sdk::ReadWriteType::WriteOnly,
        })
        .include_management_events(basic.include_management_events)
        .set_data_resources(Some(resources.collect()))
        .set_exclude_management_event_sources(Some(basic.exclude_management_event_sources.clone()))
        .build()
}

fn basic_from_sdk(basic: sdk::EventSelector) -> BasicSelector {
    let resources = basic.data_resources.unwrap_or_default().into_iter();
    BasicSelector {
        read_write_type: match basic.read_write_type {
            Some(sdk::ReadWriteType::ReadOnly) => ReadWrite::ReadOnly,
            Some(sdk::ReadWriteType::WriteOnly) => ReadWrite::WriteOnly,
            _ => ReadWrite::All,
        },
        include_management_events: basic.include_management_events.unwrap_or(true),
        data_resources: resources
            .map(|resource| DataResource { kind: resource.r#type.unwrap_or_default(), values: resource.values.unwrap_or_default() })
            .collect(),
        exclude_management_event_sources: basic.exclude_management_event_sources.unwrap_or_default(),
    }
}

pub(super) fn advanced_to_sdk(
    selector: &AdvancedSelector,
) -> Result<sdk::AdvancedEventSelector, aws_smithy_types::error::operation::BuildError> {
    let some = |values: &Vec<String>| (!values.is_empty()).then(|| values.clone());
    let fields: Result<Vec<_>, _> = selector
        .field_selectors
        .iter()
        .map(|field| {
            sdk::AdvancedFieldSelector::builder()
                .field(&field.field)
                .set_equals(some(&field.equals))
                .set_not_equals(some(&field.not_equals))
                .set_starts_with(some(&field.starts_with))
                .set_not_starts_with(some(&field.not_starts_with))
                .set_ends_with(some(&field.ends_with))
                .set_not_ends_with(some(&field.not_ends_with))
                .build()
        })
        .collect();
    sdk::AdvancedEventSelector::builder().set_name(selector.name.clone()).set_field_selectors(Some(fields?)).build()
}

pub(super) fn advanced_from_sdk(selector: sdk::AdvancedEventSelector) -> AdvancedSelector {
    let field = |field: sdk::AdvancedFieldSelector| FieldSelector {
        field: field.field,
        equals: field.equals.unwrap_or_default(),
        not_equals: field.not_equals.unwrap_or_default(),
        starts_with: field.starts_with.unwrap_or_default(),
        not_starts_with: field.not_starts_with.unwrap_or_default(),
        ends_with: field.ends_with.unwrap_or_default(),
        not_ends_with: field.not_ends_with.unwrap_or_default(),
    };
    AdvancedSelector { name: selector.name, field_selectors: selector.field_selectors.into_iter().map(field).collect() }
}
