//! The fields of an EventDataStore.

use super::cases::{self, Case};
use super::{aws, converge, in_force, leaves, touched};
use crate::support::World;
use crate::support::manifests::with;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Fields that change no AWS state of a store that exists, so that none can drift, with what holds them instead.
const ELSEWHERE: [&str; 16] = [
    "accountRef.name", // immutable: stores
    "region",
    "eventCategory",
    "organization", // the test of organizations
    "billingMode",  // below: it changes one way only, and what a stranger made of it stays told
    "kmsKeyArn",    // below: it is set once; the same
    "import.s3Uri", // stores: AWS does it once and remembers, so there is nothing to change
    "import.bucketRegion",
    "import.roleArn",
    "import.startTime",
    "import.endTime",
    "mode", // how the world is treated: stores
    "adoption",
    "deletionPolicy",
    "suspend",
    "ignore",
];

/// What refers to things that a test makes.
#[derive(Default)]
struct Made {
    role: String,
    insights: String,
}

fn cases_of(made: &Made) -> Vec<Case> {
    let case = Case::new;
    vec![
        case(json!({ "multiRegion": false }), json!({ "multiRegion": false })),
        case(json!({ "storeName": "renamed-store" }), json!({ "name": "renamed-store" })),
        case(json!({ "retentionDays": 90 }), json!({ "retentionDays": 90 })),
        case(json!({ "terminationProtection": false }), json!({ "terminationProtection": false })),
        case(json!({ "ingestion": "Stopped" }), json!({ "status": "STOPPED_INGESTION" })),
        case(json!({ "federation": { "roleArn": made.role } }), json!({ "federation": "ENABLED", "federationRole": made.role })),
        case(
            json!({ "insights": { "destinationArn": made.insights, "types": ["ApiErrorRate"] } }),
            json!({ "insights": ["ApiErrorRateInsight"], "insightsDestination": made.insights }),
        ),
        case(json!({ "tags": { "team": "security" } }), json!({ "tags": { "team": "security" } })),
    ]
}

pub async fn arn(world: &World, name: &str) -> String {
    world.get("EventDataStore", name).await.data["status"]["storeArn"].as_str().unwrap().to_owned()
}

pub async fn state(world: &World, name: &str) -> Value {
    let (client, arn) = (&world.cloudtrail, arn(world, name).await);
    let store = client.get_event_data_store().event_data_store(&arn).send().await.unwrap();
    let listed = client.list_tags().resource_id_list(&arn).send().await.unwrap().resource_tag_list.unwrap();
    let pairs = listed[0].tags_list().iter().map(|tag| (tag.key(), tag.value().unwrap_or_default()));
    let insights = client.get_insight_selectors().event_data_store(&arn).send().await.ok();
    let types = insights
        .as_ref()
        .map(|answer| answer.insight_selectors().iter().map(|one| one.insight_type().unwrap().as_str()).collect::<Vec<_>>());
    aws::without_nulls(json!({
        "arn": arn, "name": store.name(), "status": store.status().unwrap().as_str(), "multiRegion": store.multi_region_enabled(),
        "organization": store.organization_enabled(), "retentionDays": store.retention_period(), "kmsKey": store.kms_key_id(),
        "billing": store.billing_mode().unwrap().as_str(), "terminationProtection": store.termination_protection_enabled(),
        "advanced": store.advanced_event_selectors().iter().map(aws::advanced).collect::<Vec<_>>(), "tags": aws::tags(pairs),
        "federation": store.federation_status().unwrap().as_str(), "federationRole": store.federation_role_arn(),
        "insights": types, "insightsDestination": insights.as_ref().and_then(|answer| answer.insights_destination()),
    }))
}

#[tokio::test]
async fn every_field_of_a_store_has_a_case() {
    let world = World::new("storefields").await;
    let crd = Api::<CustomResourceDefinition>::all(world.kube.clone()).get("eventdatastores.trailkeeper.dev").await.unwrap();
    let schema = serde_json::to_value(crd.spec.versions[0].schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap()).unwrap();
    let (mut fields, mut held) = (BTreeSet::new(), BTreeSet::from(["interval".to_owned()]));
    leaves("", &schema["properties"]["spec"], &mut fields);
    // The forms of a Trail's events, each of which has a case there.
    fields.retain(|field| !field.starts_with("selectors."));
    cases_of(&Made::default()).iter().for_each(|case| touched("", &case.spec, &mut held));
    held.extend(ELSEWHERE.iter().map(|path| (*path).to_owned()));
    let lacking: Vec<_> = fields.difference(&held).collect();
    let unknown: Vec<_> = held.difference(&fields).collect();
    assert!(lacking.is_empty() && unknown.is_empty(), "no case for {lacking:?}; no such field: {unknown:?}");
}

/// A world that was a customer of Lake before its closure.
pub async fn customer(topic: &str) -> World {
    let world = World::with_account(topic).await;
    world.control.open_lake(&world.account).await.unwrap();
    world
}

async fn federation_role(world: &World) -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "Service": "lakeformation.amazonaws.com" }, "Action": "sts:AssumeRole" } });
    let role = world.aws(&["iam", "create-role", "--role-name", "federates", "--assume-role-policy-document", &trust.to_string()]);
    role["Role"]["Arn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_store_converges() {
    let world = customer("store").await;
    let base = world.store_manifest("events");
    world.apply(&base).await;
    world.apply(&with(world.store_manifest("insights"), json!({ "eventCategory": "Insight" }))).await;
    world.wait_ready("EventDataStore", "events").await;
    world.wait_ready("EventDataStore", "insights").await;
    let made = Made { role: federation_role(&world).await, insights: arn(&world, "insights").await };
    assert_eq!(
        state(&world, "insights").await["advanced"],
        json!([{ "fieldSelectors": [{ "field": "eventCategory", "equals": ["Insight"] }] }])
    );
    converge(&world, &base, cases_of(&made), "True").await;
}

#[tokio::test]
async fn the_selectors_of_a_store_converge() {
    let world = customer("storeselectors").await;
    let base = world.store_manifest("events");
    world.apply(&base).await;
    world.wait_ready("EventDataStore", "events").await;
    let of_trails = cases::friendly_events().into_iter().chain(cases::advanced_events());
    let of_store = of_trails.map(|case| Case::new(json!({ "selectors": case.spec["events"] }), case.aws)).collect();
    converge(&world, &base, of_store, "True").await;
}

pub async fn converges_in_an_organization(world: &World) {
    world.control.open_lake(&world.account).await.unwrap();
    let base = world.store_manifest("events");
    world.apply(&base).await;
    world.wait_ready("EventDataStore", "events").await;
    let case = Case::new(json!({ "organization": true }), json!({ "organization": true }));
    converge(world, &base, vec![case], "True").await;
}

/// Fixed becomes Extendable, a key is set: neither goes back, and the API server says so.
#[tokio::test]
async fn what_changes_one_way_only_converges_once() {
    let world = customer("storeoneway").await;
    let key = super::foreign_key(&world).await;
    let fixed = with(world.store_manifest("events"), json!({ "billingMode": "Fixed" }));
    world.apply(&fixed).await;
    world.wait_ready("EventDataStore", "events").await;
    let mut expected = state(&world, "events").await;
    assert_eq!((&expected["billing"], &expected["retentionDays"]), (&json!("FIXED_RETENTION_PRICING"), &json!(2557)));
    let changed = with(world.store_manifest("events"), json!({ "kmsKeyArn": key }));
    world.tamper(&changed).await;
    world.pass_until_unready("EventDataStore", "events", "CannotChange", "settings.billingMode, settings.kmsKey").await;
    for (path, declared, found) in [("settings.billingMode", "Fixed", "Extendable"), ("settings.kmsKey", "", key.as_str())] {
        world.wait_event("EventDataStore", "events", "DriftDetected", &[path, declared, found]).await;
        let drift = world.get("EventDataStore", "events").await.data["status"]["drift"].clone();
        let entry = drift.as_array().unwrap().iter().find(|entry| entry["path"] == path).unwrap_or_else(|| panic!("{drift}"));
        assert!(entry["desired"].as_str().unwrap().contains(declared) && entry["observed"] == found, "{entry}");
    }
    json_patch::merge(&mut expected, &json!({ "billing": "EXTENDABLE_RETENTION_PRICING", "retentionDays": 366, "kmsKey": key }));
    in_force(&world, &changed, &expected, "True").await;
    for (spec, words) in
        [(json!({ "kmsKeyArn": null }), "spec.kmsKeyArn must stay"), (json!({ "billingMode": "Fixed" }), "spec.billingMode must stay")]
    {
        let refused = world.try_apply(&with(changed.clone(), spec)).await.unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
}
