//! CloudTrail Lake: closed to new customers, its state machine, protection, federation, Insights, imports, tags.

use crate::lab::{HOME, Lab, OTHER, code, error};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, BillingMode, ImportSource, S3ImportSource};
use aws_sdk_cloudtrail::types::{InsightSelector, InsightType, Tag};
use jiff::Timestamp;
use serde_json::json;
use trailkeeper_sim::clock::ClockChange;

/// An account from before the closure, with the clock standing still.
async fn customer() -> (Lab, Client) {
    let lab = Lab::new().await;
    lab.control.open_lake(&lab.account).await.unwrap();
    lab.control.change_clock(&ClockChange::Freeze { at: Some(Timestamp::now()) }).await.unwrap();
    let client = lab.cloudtrail(HOME);
    (lab, client)
}

async fn pass_time(lab: &Lab, seconds: i64) {
    lab.control.change_clock(&ClockChange::Advance { seconds }).await.unwrap();
}

async fn create(lab: &Lab, client: &Client, name: &str) -> String {
    let arn = client.create_event_data_store().name(name).send().await.unwrap().event_data_store_arn.unwrap();
    pass_time(lab, 2).await;
    arn
}

async fn status(client: &Client, arn: &str) -> String {
    client.get_event_data_store().event_data_store(arn).send().await.unwrap().status.unwrap().as_str().to_owned()
}

fn category(category: &str) -> AdvancedEventSelector {
    let field = AdvancedFieldSelector::builder().field("eventCategory").equals(category).build().unwrap();
    AdvancedEventSelector::builder().field_selectors(field).build().unwrap()
}

#[tokio::test]
async fn lake_is_closed_to_new_customers() {
    let lab = Lab::new().await;
    let client = lab.cloudtrail(HOME);
    let (refused, message) = error(client.create_event_data_store().name("store").send().await);
    assert_eq!(refused, "UnsupportedOperationException");
    assert!(message.contains("no longer open to new customers"), "{message}");
    assert!(client.list_event_data_stores().send().await.unwrap().event_data_stores().is_empty());
    lab.control.open_lake(&lab.account).await.unwrap();
    client.create_event_data_store().name("store").send().await.unwrap();
}

#[tokio::test]
async fn a_store_is_made_with_aws_defaults_and_lists_by_name_only() {
    let (lab, client) = customer().await;
    let made =
        client.create_event_data_store().name("store").tags_list(Tag::builder().key("a").value("1").build().unwrap()).send().await.unwrap();
    let arn = made.event_data_store_arn().unwrap();
    assert_eq!(made.status().unwrap().as_str(), "CREATED");
    assert_eq!(
        (made.retention_period, made.multi_region_enabled, made.termination_protection_enabled),
        (Some(366), Some(true), Some(true))
    );
    assert_eq!(made.advanced_event_selectors()[0].field_selectors()[0].equals(), ["Management"]);
    pass_time(&lab, 2).await;
    assert_eq!(status(&client, arn).await, "ENABLED");
    let listed = client.list_event_data_stores().send().await.unwrap();
    assert_eq!((listed.event_data_stores()[0].name(), listed.event_data_stores()[0].event_data_store_arn()), (Some("store"), Some(arn)));
    assert_eq!(code(client.create_event_data_store().name("store").send().await), "EventDataStoreAlreadyExistsException");
    for more in 1..10 {
        client.create_event_data_store().name(format!("more-{more}")).send().await.unwrap();
    }
    assert_eq!(code(client.create_event_data_store().name("eleventh").send().await), "EventDataStoreMaxLimitExceededException");
    let elsewhere = lab.cloudtrail(OTHER);
    elsewhere.create_event_data_store().name("store").send().await.unwrap();
    assert_eq!(code(elsewhere.get_event_data_store().event_data_store(arn).send().await), "EventDataStoreARNInvalidException");
    client.get_event_data_store().event_data_store(arn.rsplit('/').next().unwrap()).send().await.unwrap();
}

#[tokio::test]
async fn retention_and_billing_have_their_bounds() {
    let (lab, client) = customer().await;
    let with =
        |days: i32, mode: BillingMode| client.create_event_data_store().name("store").retention_period(days).billing_mode(mode).send();
    assert_eq!(code(with(6, BillingMode::ExtendableRetentionPricing).await), "InvalidParameterException");
    assert_eq!(code(with(3654, BillingMode::ExtendableRetentionPricing).await), "InvalidParameterException");
    assert_eq!(code(with(2558, BillingMode::FixedRetentionPricing).await), "InvalidParameterException");
    let arn = with(2557, BillingMode::FixedRetentionPricing).await.unwrap().event_data_store_arn.unwrap();
    let update = || client.update_event_data_store().event_data_store(&arn);
    assert_eq!(code(update().retention_period(30).send().await), "ConflictException");
    pass_time(&lab, 2).await;
    update().billing_mode(BillingMode::ExtendableRetentionPricing).retention_period(3653).send().await.unwrap();
    assert_eq!(
        code(update().billing_mode(BillingMode::FixedRetentionPricing).retention_period(30).send().await),
        "InvalidParameterException"
    );
    assert_eq!(code(update().advanced_event_selectors(category("Nonsense")).send().await), "InvalidEventSelectorsException");
}

#[tokio::test]
async fn ingestion_takes_its_time() {
    let (lab, client) = customer().await;
    let arn = create(&lab, &client, "store").await;
    let start = || client.start_event_data_store_ingestion().event_data_store(&arn).send();
    let stop = || client.stop_event_data_store_ingestion().event_data_store(&arn).send();
    assert_eq!(code(start().await), "InvalidEventDataStoreStatusException");
    stop().await.unwrap();
    assert_eq!(status(&client, &arn).await, "STOPPING_INGESTION");
    assert_eq!(code(start().await), "InvalidEventDataStoreStatusException");
    pass_time(&lab, 2).await;
    assert_eq!(status(&client, &arn).await, "STOPPED_INGESTION");
    start().await.unwrap();
    assert_eq!(status(&client, &arn).await, "STARTING_INGESTION");
    assert_eq!(code(client.update_event_data_store().event_data_store(&arn).retention_period(30).send().await), "ConflictException");
    pass_time(&lab, 2).await;
    assert_eq!(status(&client, &arn).await, "ENABLED");
}

#[tokio::test]
async fn a_deleted_store_waits_seven_days() {
    let (lab, client) = customer().await;
    let arn = create(&lab, &client, "store").await;
    let delete = || client.delete_event_data_store().event_data_store(&arn).send();
    assert_eq!(code(delete().await), "EventDataStoreTerminationProtectedException");
    client.update_event_data_store().event_data_store(&arn).termination_protection_enabled(false).send().await.unwrap();
    delete().await.unwrap();
    assert_eq!(status(&client, &arn).await, "PENDING_DELETION");
    assert_eq!(code(delete().await), "InactiveEventDataStoreException");
    assert_eq!(code(client.list_tags().resource_id_list(&arn).send().await), "InactiveEventDataStoreException");
    assert_eq!(
        code(client.update_event_data_store().event_data_store(&arn).retention_period(9).send().await),
        "InactiveEventDataStoreException"
    );
    client.restore_event_data_store().event_data_store(&arn).send().await.unwrap();
    assert_eq!(status(&client, &arn).await, "ENABLED");
    assert_eq!(code(client.restore_event_data_store().event_data_store(&arn).send().await), "InvalidEventDataStoreStatusException");
    delete().await.unwrap();
    pass_time(&lab, 7 * 24 * 3600 + 1).await;
    assert_eq!(code(client.get_event_data_store().event_data_store(&arn).send().await), "EventDataStoreNotFoundException");
}

#[tokio::test]
async fn federation_needs_a_role_and_holds_the_store() {
    let (lab, client) = customer().await;
    let arn = create(&lab, &client, "store").await;
    client.update_event_data_store().event_data_store(&arn).termination_protection_enabled(false).send().await.unwrap();
    let enable = |role: &str| client.enable_federation().event_data_store(&arn).federation_role_arn(role).send();
    let role = role(&lab, "federates", "lakeformation.amazonaws.com").await;
    let nobody = format!("arn:aws:iam::{}:role/nobody", lab.account);
    assert_eq!(code(enable(&nobody).await), "InsufficientDependencyServiceAccessPermissionException");
    assert_eq!(enable(&role).await.unwrap().federation_status.unwrap().as_str(), "ENABLING");
    assert_eq!(code(enable(&role).await), "ConcurrentModificationException");
    pass_time(&lab, 2).await;
    let read = client.get_event_data_store().event_data_store(&arn).send().await.unwrap();
    assert_eq!((read.federation_status.unwrap().as_str(), read.federation_role_arn), ("ENABLED", Some(role)));
    assert_eq!(code(client.delete_event_data_store().event_data_store(&arn).send().await), "EventDataStoreFederationEnabledException");
    client.disable_federation().event_data_store(&arn).send().await.unwrap();
    pass_time(&lab, 2).await;
    client.delete_event_data_store().event_data_store(&arn).send().await.unwrap();
}

async fn role(lab: &Lab, name: &str, service: &str) -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" } });
    let made = lab.aws_ok(HOME, &["iam", "create-role", "--role-name", name, "--assume-role-policy-document", &trust.to_string()]).await;
    made["Role"]["Arn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn insights_go_to_a_store_of_their_own() {
    let (lab, client) = customer().await;
    let arn = create(&lab, &client, "store").await;
    let insights = client.create_event_data_store().name("insights").advanced_event_selectors(category("Insight")).send().await.unwrap();
    pass_time(&lab, 2).await;
    let selector = || InsightSelector::builder().insight_type(InsightType::ApiCallRateInsight).build();
    let put = || client.put_insight_selectors().event_data_store(&arn);
    let get = || client.get_insight_selectors().event_data_store(&arn).send();
    assert_eq!(code(get().await), "InsightNotEnabledException");
    assert_eq!(code(put().insight_selectors(selector()).send().await), "InvalidParameterCombinationException");
    assert_eq!(code(put().insight_selectors(selector()).insights_destination(&arn).send().await), "InvalidEventDataStoreCategoryException");
    put().insight_selectors(selector()).insights_destination(insights.event_data_store_arn().unwrap()).send().await.unwrap();
    let read = get().await.unwrap();
    assert_eq!((read.insights_destination, read.insight_selectors.unwrap().len()), (insights.event_data_store_arn, 1));
    put().set_insight_selectors(Some(Vec::new())).send().await.unwrap();
    assert_eq!(code(get().await), "InsightNotEnabledException");
}

#[tokio::test]
async fn an_import_runs_once_at_a_time() {
    let (lab, client) = customer().await;
    let arn = create(&lab, &client, "store").await;
    let bucket = lab.create_bucket("logs", HOME).await;
    let role = role(&lab, "reads", "cloudtrail.amazonaws.com").await;
    let source = |bucket: &str| {
        let s3 = S3ImportSource::builder().s3_location_uri(format!("s3://{bucket}/AWSLogs/")).s3_bucket_region(HOME);
        ImportSource::builder().s3(s3.s3_bucket_access_role_arn(&role).build().unwrap()).build()
    };
    let start = |bucket: &str| client.start_import().destinations(&arn).import_source(source(bucket)).send();
    assert_eq!(code(start("nobodys").await), "InvalidImportSourceException");
    let id = start(&bucket).await.unwrap().import_id.unwrap();
    assert_eq!(code(start(&bucket).await), "AccountHasOngoingImportException");
    assert_eq!(
        code(client.update_event_data_store().event_data_store(&arn).retention_period(30).send().await),
        "EventDataStoreHasOngoingImportException"
    );
    pass_time(&lab, 3).await;
    let read = client.get_import().import_id(&id).send().await.unwrap();
    assert_eq!(read.import_status.unwrap().as_str(), "COMPLETED");
    let listed = client.list_imports().destination(&arn).send().await.unwrap();
    assert_eq!(listed.imports()[0].import_id(), Some(id.as_str()));
    assert_eq!(code(client.get_import().import_id("00000000-0000-0000-0000-000000000000").send().await), "ImportNotFoundException");
}

#[tokio::test]
async fn a_store_has_tags() {
    let (lab, client) = customer().await;
    let arn = create(&lab, &client, "store").await;
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    client.add_tags().resource_id(&arn).tags_list(tag("a", "1")).tags_list(tag("b", "2")).send().await.unwrap();
    client.remove_tags().resource_id(&arn).tags_list(tag("b", "2")).send().await.unwrap();
    let read = client.list_tags().resource_id_list(&arn).send().await.unwrap();
    assert_eq!(
        (read.resource_tag_list()[0].resource_id(), read.resource_tag_list()[0].tags_list()),
        (Some(arn.as_str()), &[tag("a", "1")][..])
    );
}
