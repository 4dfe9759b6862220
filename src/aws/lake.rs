//! CloudTrail Lake: reads and writes of event data stores. A store is found once by name or ownership tag, and addressed by
//! the ARN that AWS answers.

use super::cloudtrail::{advanced_from_sdk, advanced_to_sdk, tag_list};
use super::{Cloud, unanswered};
use crate::api::event_data_store::BillingMode;
use crate::api::events::AdvancedSelector;
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::read::LakeRead;
use crate::facets::step::LakeStep;
use crate::facets::store::StoreFacts;
use crate::facets::store_import::{ImportFacts, ImportState, in_seconds};
use crate::facets::store_insights::InsightsState;
use crate::facets::store_settings::{StoreState, billing_word};
use crate::facets::tags::{OWNER, OwnerFacts, Tags, users};
use crate::facets::trail_events::{Selectors, meaning_of};
use aws_sdk_cloudtrail::operation::get_event_data_store::GetEventDataStoreOutput;
use aws_sdk_cloudtrail::operation::update_event_data_store::builders::UpdateEventDataStoreFluentBuilder;
use aws_sdk_cloudtrail::types as sdk;
use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// Imports that are looked through for the one that is declared, newest first.
const IMPORTS: usize = 20;

impl Cloud {
    pub(super) async fn read_lake(&self, read: &LakeRead) -> Answer {
        let answer = match read {
            LakeRead::Store { name, known, owner } => self.store(name, known.as_deref(), owner).await,
            LakeRead::StoreTags { store } => {
                self.store_tags(store).await.map(|tags| Some(Reading::new(&users(&tags), &OwnerFacts::of(&tags))))
            }
            LakeRead::StoreInsights { store } => self.store_insights(store).await.map(|state| Some(Reading::state(&state))),
            LakeRead::Import { store, import } => self.import(store, import).await,
        };
        match answer {
            Ok(Some(reading)) => Observed::Present(reading),
            Ok(None) => Observed::Absent,
            Err(failure) => unanswered(failure),
        }
    }

    async fn store(&self, name: &str, known: Option<&str>, owner: &str) -> Result<Option<Reading>, Failure> {
        if let Some(arn) = known
            && let Some(found) = self.store_by_arn(arn).await?
        {
            return Ok(Some(found));
        }
        let stores = self.stores().await?;
        let named = stores.iter().find(|(_, other)| other == name).map(|(arn, _)| arn.clone());
        match named.or(self.store_of(owner, &stores).await?) {
            Some(arn) => self.store_by_arn(&arn).await,
            None => Ok(None),
        }
    }

    async fn store_by_arn(&self, arn: &str) -> Result<Option<Reading>, Failure> {
        let request = self.cloudtrail.get_event_data_store().event_data_store(arn);
        match self.call("cloudtrail:GetEventDataStore", arn, request.send()).await {
            Ok(answer) => Ok(Some(reading(answer))),
            Err(failure) if failure.class == ErrorClass::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// ARN and name of every store of the Region.
    async fn stores(&self) -> Result<Vec<(String, String)>, Failure> {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let request = self.cloudtrail.list_event_data_stores().set_next_token(next);
            let answer = self.call("cloudtrail:ListEventDataStores", "all event data stores", request.send()).await?;
            let stores = answer.event_data_stores.unwrap_or_default().into_iter();
            found.extend(stores.map(|store| (store.event_data_store_arn.unwrap_or_default(), store.name.unwrap_or_default())));
            next = answer.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// The store with this ownership tag: somebody may have given it another name.
    async fn store_of(&self, owner: &str, stores: &[(String, String)]) -> Result<Option<String>, Failure> {
        for (arn, _) in stores {
            match self.store_tags(arn).await {
                Ok(tags) if tags.get(OWNER).is_some_and(|value| value == owner) => return Ok(Some(arn.clone())),
                Ok(_) => {}
                // Pending deletion, or gone meanwhile.
                Err(failure) if failure.class == ErrorClass::NotFound || failure.code.starts_with("InactiveEventDataStore") => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(None)
    }

    async fn store_tags(&self, store: &str) -> Result<Tags, Failure> {
        let answer = self.call("cloudtrail:ListTags", store, self.cloudtrail.list_tags().resource_id_list(store).send()).await?;
        let tags = answer.resource_tag_list.unwrap_or_default().into_iter().flat_map(|resource| resource.tags_list.unwrap_or_default());
        Ok(tags.map(|tag| (tag.key, tag.value.unwrap_or_default())).collect())
    }

    async fn store_insights(&self, store: &str) -> Result<InsightsState, Failure> {
        let request = self.cloudtrail.get_insight_selectors().event_data_store(store);
        let answer = match self.call("cloudtrail:GetInsightSelectors", store, request.send()).await {
            Err(failure) if failure.code.starts_with("InsightNotEnabled") => return Ok(InsightsState::default()),
            answer => answer?,
        };
        let selectors = answer.insight_selectors.unwrap_or_default();
        let mut types: Vec<String> =
            selectors.iter().filter_map(|selector| selector.insight_type().map(|kind| kind.as_str().to_owned())).collect();
        types.sort();
        let destination = if types.is_empty() { String::new() } else { answer.insights_destination.unwrap_or_default() };
        Ok(InsightsState { destination, types })
    }

    async fn import(&self, store: &str, wanted: &ImportState) -> Result<Option<Reading>, Failure> {
        let request = self.cloudtrail.list_imports().destination(store);
        let listed = self.call("cloudtrail:ListImports", store, request.send()).await?;
        for id in listed.imports.unwrap_or_default().into_iter().filter_map(|import| import.import_id).take(IMPORTS) {
            let import = self.call("cloudtrail:GetImport", &id, self.cloudtrail.get_import().import_id(&id).send()).await?;
            let s3 = import.import_source.and_then(|source| source.s3);
            let found = ImportState {
                s3_uri: s3.as_ref().map(|s3| s3.s3_location_uri.clone()).unwrap_or_default(),
                bucket_region: s3.as_ref().map(|s3| s3.s3_bucket_region.clone()).unwrap_or_default(),
                role_arn: s3.map(|s3| s3.s3_bucket_access_role_arn).unwrap_or_default(),
                start_time: import.start_event_time.map(|time| in_seconds(time.secs())).unwrap_or_default(),
                end_time: import.end_event_time.map(|time| in_seconds(time.secs())).unwrap_or_default(),
            };
            if found == *wanted {
                let state = import.import_status.map(|status| status.as_str().to_owned()).unwrap_or_default();
                return Ok(Some(Reading::new(&found, &ImportFacts { id, state })));
            }
        }
        Ok(None)
    }

    pub(super) async fn write_lake(&self, step: &LakeStep) -> Result<(), Failure> {
        let client = &self.cloudtrail;
        match step {
            LakeStep::CreateEventDataStore { name, settings, selectors, start_ingestion, tags } => {
                let request = client
                    .create_event_data_store()
                    .name(name)
                    .multi_region_enabled(settings.multi_region)
                    .organization_enabled(settings.organization)
                    .retention_period(settings.retention_days)
                    .billing_mode(billing_mode(&settings.billing_mode))
                    .termination_protection_enabled(settings.termination_protection)
                    .set_kms_key_id((!settings.kms_key.is_empty()).then(|| settings.kms_key.clone()))
                    .set_advanced_event_selectors(Some(self.store_selectors("cloudtrail:CreateEventDataStore", name, selectors)?))
                    .start_ingestion(*start_ingestion)
                    .set_tags_list(Some(tag_list(tags)));
                self.call("cloudtrail:CreateEventDataStore", name, request.send()).await.map(drop).map_err(closed)
            }
            LakeStep::UpdateEventDataStore { store, settings, fields } => {
                let update = client.update_event_data_store().event_data_store(store);
                let update = fields.iter().fold(update, |update, field| with_field(update, field, settings));
                self.call("cloudtrail:UpdateEventDataStore", store, update.send()).await.map(drop)
            }
            LakeStep::PutSelectors { store, selectors } => {
                let selectors = self.store_selectors("cloudtrail:UpdateEventDataStore", store, selectors)?;
                let update = client.update_event_data_store().event_data_store(store).set_advanced_event_selectors(Some(selectors));
                self.call("cloudtrail:UpdateEventDataStore", store, update.send()).await.map(drop)
            }
            LakeStep::RestoreEventDataStore { store } => {
                let request = client.restore_event_data_store().event_data_store(store);
                self.call("cloudtrail:RestoreEventDataStore", store, request.send()).await.map(drop)
            }
            LakeStep::StartEventDataStoreIngestion { store } => {
                let request = client.start_event_data_store_ingestion().event_data_store(store);
                self.call("cloudtrail:StartEventDataStoreIngestion", store, request.send()).await.map(drop)
            }
            LakeStep::StopEventDataStoreIngestion { store } => {
                let request = client.stop_event_data_store_ingestion().event_data_store(store);
                self.call("cloudtrail:StopEventDataStoreIngestion", store, request.send()).await.map(drop)
            }
            LakeStep::EnableFederation { store, role } => {
                let request = client.enable_federation().event_data_store(store).federation_role_arn(role);
                self.call("cloudtrail:EnableFederation", store, request.send()).await.map(drop)
            }
            LakeStep::DisableFederation { store } => {
                let request = client.disable_federation().event_data_store(store);
                self.call("cloudtrail:DisableFederation", store, request.send()).await.map(drop)
            }
            LakeStep::PutInsightSelectors { store, types, destination } => {
                let selector = |kind: &String| sdk::InsightSelector::builder().insight_type(sdk::InsightType::from(kind.as_str())).build();
                let request = client
                    .put_insight_selectors()
                    .event_data_store(store)
                    .set_insight_selectors(Some(types.iter().map(selector).collect()))
                    .set_insights_destination((!destination.is_empty()).then(|| destination.clone()));
                self.call("cloudtrail:PutInsightSelectors", store, request.send()).await.map(drop)
            }
            LakeStep::StartImport { store, import } => self.start_import(store, import).await,
            LakeStep::AddTags { store, tags } => {
                let request = client.add_tags().resource_id(store).set_tags_list(Some(tag_list(tags)));
                self.call("cloudtrail:AddTags", store, request.send()).await.map(drop)
            }
            LakeStep::RemoveTags { store, tag_keys } => {
                let keys = tag_keys.iter().filter_map(|key| sdk::Tag::builder().key(key).build().ok()).collect();
                let request = client.remove_tags().resource_id(store).set_tags_list(Some(keys));
                self.call("cloudtrail:RemoveTags", store, request.send()).await.map(drop)
            }
            LakeStep::DeleteEventDataStore { store } => {
                let request = client.delete_event_data_store().event_data_store(store);
                self.call("cloudtrail:DeleteEventDataStore", store, request.send()).await.map(drop)
            }
        }
    }

    async fn start_import(&self, store: &str, import: &ImportState) -> Result<(), Failure> {
        let s3 = sdk::S3ImportSource::builder()
            .s3_location_uri(&import.s3_uri)
            .s3_bucket_region(&import.bucket_region)
            .s3_bucket_access_role_arn(&import.role_arn)
            .build()
            .map_err(|error| self.unbuildable("cloudtrail:StartImport", store, &error))?;
        let time = |text: &String| text.parse::<Timestamp>().ok().map(|time| DateTime::from_secs(time.as_second()));
        let request = self
            .cloudtrail
            .start_import()
            .destinations(store)
            .import_source(sdk::ImportSource::builder().s3(s3).build())
            .set_start_event_time(time(&import.start_time))
            .set_end_event_time(time(&import.end_time));
        self.call("cloudtrail:StartImport", store, request.send()).await.map(drop)
    }

    fn store_selectors(
        &self,
        operation: &str,
        store: &str,
        selectors: &[AdvancedSelector],
    ) -> Result<Vec<sdk::AdvancedEventSelector>, Failure> {
        let built: Result<Vec<_>, _> = selectors.iter().map(advanced_to_sdk).collect();
        built.map_err(|error| self.unbuildable(operation, store, &error))
    }
}

/// What AWS answers to new customers. It documents no code for that: it is known by its words, or as an operation that is not
/// supported at all.
fn closed(failure: Failure) -> Failure {
    let words = failure.message.to_lowercase();
    let told = ["new customer", "no longer open", "no longer available"].iter().any(|word| words.contains(word));
    if told || failure.code.starts_with("UnsupportedOperation") { Failure { class: ErrorClass::Closed, ..failure } } else { failure }
}

fn reading(store: GetEventDataStoreOutput) -> Reading {
    let state = store.status.map(|status| status.as_str().to_owned()).unwrap_or_default();
    let billing = match store.billing_mode {
        Some(sdk::BillingMode::FixedRetentionPricing) => BillingMode::Fixed,
        _ => BillingMode::Extendable,
    };
    let settings = StoreState {
        name: store.name.unwrap_or_default(),
        multi_region: store.multi_region_enabled.unwrap_or(false),
        organization: store.organization_enabled.unwrap_or(false),
        retention_days: store.retention_period.unwrap_or_default(),
        billing_mode: billing_word(billing).to_owned(),
        termination_protection: store.termination_protection_enabled.unwrap_or(false),
        kms_key: store.kms_key_id.unwrap_or_default(),
        pending_deletion: state == "PENDING_DELETION",
    };
    let selectors = store.advanced_event_selectors.unwrap_or_default().into_iter().map(advanced_from_sdk).collect();
    let facts = StoreFacts {
        arn: store.event_data_store_arn.unwrap_or_default(),
        state,
        selectors: meaning_of(&Selectors::Advanced(selectors)),
        federation: store.federation_status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        federation_role: store.federation_role_arn.unwrap_or_default(),
    };
    Reading::new(&settings, &facts)
}

fn billing_mode(word: &str) -> sdk::BillingMode {
    if word == billing_word(BillingMode::Fixed) {
        sdk::BillingMode::FixedRetentionPricing
    } else {
        sdk::BillingMode::ExtendableRetentionPricing
    }
}

fn with_field(update: UpdateEventDataStoreFluentBuilder, field: &str, settings: &StoreState) -> UpdateEventDataStoreFluentBuilder {
    match field {
        "name" => update.name(&settings.name),
        "multiRegion" => update.multi_region_enabled(settings.multi_region),
        "organization" => update.organization_enabled(settings.organization),
        "retentionDays" => update.retention_period(settings.retention_days),
        "billingMode" => update.billing_mode(billing_mode(&settings.billing_mode)),
        "terminationProtection" => update.termination_protection_enabled(settings.termination_protection),
        "kmsKey" => update.kms_key_id(&settings.kms_key),
        _ => update,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closure_of_lake_is_known_by_its_words() {
        let failure = |code: &str, message: &str| Failure {
            class: ErrorClass::Terminal,
            operation: "cloudtrail:CreateEventDataStore".into(),
            object: "store".into(),
            account: "1".into(),
            region: "r".into(),
            code: code.into(),
            message: message.into(),
        };
        for (code, message, is_closed) in [
            ("UnsupportedOperationException", "", true),
            ("OperationNotPermittedException", "CloudTrail Lake is no longer open to new customers.", true),
            ("AccessDeniedException", "Not available to new customers", true),
            ("OperationNotPermittedException", "The operation is not permitted.", false),
            ("InvalidParameterException", "RetentionPeriod", false),
        ] {
            assert_eq!(closed(failure(code, message)).class == ErrorClass::Closed, is_closed, "{code}: {message}");
        }
    }
}
