//! Tampering with the trail.

use super::{OWNER, is_told_once, trail};
use crate::support::World;
use anyhow::ensure;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, AggregationConfiguration, EventCategoryAggregation, InsightSelector, InsightType,
    Tag as TrailTag, Template,
};
use kube::api::DynamicObject;
use serde_json::json;

async fn the_trail(world: &World) -> String {
    let found = world.cloudtrail.describe_trails().trail_name_list(world.trail_arn("audit")).send().await.unwrap();
    format!("{:?} {}", found.trail_list(), logging(world).await)
}

async fn logging(world: &World) -> String {
    let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await;
    format!("{:?}", status.ok().and_then(|status| status.is_logging))
}

async fn selectors(world: &World) -> String {
    let found = world.cloudtrail.get_event_selectors().trail_name(world.trail_arn("audit")).send().await.unwrap();
    let advanced = found.advanced_event_selectors().iter().flat_map(|selector| selector.field_selectors().to_vec());
    format!("{:?}", advanced.map(|field| format!("{} {:?}", field.field, field.equals())).collect::<Vec<_>>())
}

async fn trail_tags(world: &World) -> String {
    let found = world.cloudtrail.list_tags().resource_id_list(world.trail_arn("audit")).send().await.unwrap();
    let mut tags: Vec<_> = found.resource_tag_list()[0].tags_list().iter().map(|tag| format!("{}={:?}", tag.key, tag.value)).collect();
    tags.sort();
    tags.join(",")
}

#[tokio::test]
async fn log_file_validation_switched_off() {
    let world = World::ready("settings").await;
    let case = trail("settings.logFileValidation", "true", "false");
    let tamper = async |world: &World| {
        let request = world.cloudtrail.update_trail().name(world.trail_arn("audit")).enable_log_file_validation(false);
        request.send().await.unwrap();
    };
    case.is_corrected(&world, tamper, the_trail).await;
    let gaps = &world.get("Trail", "audit").await.data["status"]["gaps"];
    assert_eq!(gaps[0]["kind"], "ValidationOff");
    assert!(gaps[0]["until"].is_string(), "{gaps}");
    the_gap_is_by_mallory(&world, "UpdateTrail").await;
}

#[tokio::test]
async fn a_trail_cut_down_to_one_region() {
    let world = World::ready("regions").await;
    let case = trail("settings.multiRegion", "true", "false");
    let tamper = async |world: &World| {
        world.cloudtrail.update_trail().name(world.trail_arn("audit")).is_multi_region_trail(false).send().await.unwrap();
    };
    case.is_corrected(&world, tamper, the_trail).await;
}

#[tokio::test]
async fn a_foreign_trail_tag() {
    let world = World::ready("trail-tag").await;
    let tamper = async |world: &World| {
        let tag = TrailTag::builder().key("who").value("mallory").build().unwrap();
        world.cloudtrail.add_tags().resource_id(world.trail_arn("audit")).tags_list(tag).send().await.unwrap();
    };
    trail("tags.who", "(none)", "mallory").is_corrected(&world, tamper, trail_tags).await;
}

#[tokio::test]
async fn the_owner_tag_of_a_trail() {
    let world = World::ready("trail-owner").await;
    let tamper = async |world: &World| {
        let tag = TrailTag::builder().key(OWNER).build().unwrap();
        world.cloudtrail.remove_tags().resource_id(world.trail_arn("audit")).tags_list(tag).send().await.unwrap();
    };
    trail("tags.trailkeeper.dev/owner", "/audit", "(none)").is_corrected(&world, tamper, trail_tags).await;
}

#[tokio::test]
async fn event_selectors() {
    let world = World::ready("selectors").await;
    let field = |name: &str, value: &str| AdvancedFieldSelector::builder().field(name).equals(value).build().unwrap();
    let tamper = async |world: &World| {
        let selector = AdvancedEventSelector::builder()
            .field_selectors(field("eventCategory", "Management"))
            .field_selectors(field("readOnly", "false"))
            .build()
            .unwrap();
        let request = world.cloudtrail.put_event_selectors().trail_name(world.trail_arn("audit")).advanced_event_selectors(selector);
        request.send().await.unwrap();
    };
    trail("events.selectors", "eventCategory equals Management\"", "readOnly equals false").is_corrected(&world, tamper, selectors).await;
}

async fn insights(world: &World) -> String {
    let found = world.cloudtrail.get_insight_selectors().trail_name(world.trail_arn("audit")).send().await;
    format!("{:?}", found.ok().map(|found| found.insight_selectors().to_vec()))
}

async fn aggregation(world: &World) -> String {
    let found = world.cloudtrail.get_event_configuration().trail_name(world.trail_arn("audit")).send().await.unwrap();
    format!("{:?}", found.aggregation_configurations())
}

#[tokio::test]
async fn insights_that_nobody_declared() {
    let world = World::ready("insights-on").await;
    let tamper = async |world: &World| {
        let selector = InsightSelector::builder().insight_type(InsightType::ApiErrorRateInsight).build();
        let request = world.cloudtrail.put_insight_selectors().trail_name(world.trail_arn("audit")).insight_selectors(selector);
        request.send().await.unwrap();
    };
    trail("insights.ApiErrorRate", "(none)", "Management").is_corrected(&world, tamper, insights).await;
}

#[tokio::test]
async fn insights_switched_off() {
    let world = World::ready("insights-off").await;
    world.patch_spec("Trail", "audit", json!({ "events": { "insights": [{ "type": "ApiCallRate" }] } })).await;
    world.wait_ready("Trail", "audit").await;
    let tamper = async |world: &World| {
        let request = world.cloudtrail.put_insight_selectors().trail_name(world.trail_arn("audit")).set_insight_selectors(Some(Vec::new()));
        request.send().await.unwrap();
    };
    trail("insights.ApiCallRate", "Management", "(none)").is_corrected(&world, tamper, insights).await;
}

#[tokio::test]
async fn aggregation_that_nobody_declared() {
    let world = World::ready("aggregation").await;
    world.patch_spec("Trail", "audit", json!({ "events": { "data": [{ "resourceType": "AWS::Lambda::Function" }] } })).await;
    world.wait_ready("Trail", "audit").await;
    let tamper = async |world: &World| {
        let all = AggregationConfiguration::builder().templates(Template::UserActions).event_category(EventCategoryAggregation::Data);
        let request = world.cloudtrail.put_event_configuration().trail_name(world.trail_arn("audit"));
        request.aggregation_configurations(all.build().unwrap()).send().await.unwrap();
    };
    trail("aggregation.templates", "[]", "UserActions").is_corrected(&world, tamper, aggregation).await;
}

#[tokio::test]
async fn stopped_logging_is_told_apart_and_leaves_a_gap() {
    let world = World::ready("logging").await;
    let tamper = async |world: &World| {
        world.cloudtrail.stop_logging().name(world.trail_arn("audit")).send().await.unwrap();
    };
    trail("logging.enabled", "true", "false").is_corrected(&world, tamper, logging).await;
    world.wait_event("Trail", "audit", "LoggingStopped", &["audit"]).await;
    let gaps = &world.get("Trail", "audit").await.data["status"]["gaps"];
    assert_eq!(gaps.as_array().map(Vec::len), Some(1), "{gaps}");
    assert_eq!(gaps[0]["kind"], "LoggingStopped");
    assert!(gaps[0]["from"].is_string() && gaps[0]["until"].is_string(), "{gaps}");
    the_gap_is_by_mallory(&world, "StopLogging").await;
}

#[tokio::test]
async fn a_deleted_trail() {
    let world = World::ready("trail-gone").await;
    let tamper = async |world: &World| {
        world.cloudtrail.delete_trail().name(world.trail_arn("audit")).send().await.unwrap();
    };
    trail("settings", "bucket", "(none)").is_corrected(&world, tamper, the_trail).await;
    is_told_once(&world, "Trail", "audit").await;
    the_gap_is_by_mallory(&world, "DeleteTrail").await;
}

/// Status and event say who made the gap in the evidence, and by what.
async fn the_gap_is_by_mallory(world: &World, operation: &str) {
    let told = |trail: &DynamicObject| {
        let by = &trail.data["status"]["gaps"][0]["by"];
        let mallory = by["principal"].as_str().is_some_and(|principal| principal.ends_with("mallory"));
        ensure!(mallory && by["operation"] == operation && by["eventId"].is_string(), "{by}");
        Ok(())
    };
    world.wait("Trail", "audit", "to say who made its gap", told).await;
    world.wait_event("Trail", "audit", "GapAttributed", &["mallory", operation]).await;
}
