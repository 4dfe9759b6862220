//! Insights of an event data store: analysed here, kept in another store.

use super::super::model::{InsightSelector, Selectors};
use super::super::{errors as trail_errors, input, insights::Logged};
use super::lifecycle::{change, writable};
use super::{errors, find};
use crate::aws_error::AwsError;
use crate::wire::Call;
use crate::world::World;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    #[serde(default)]
    event_data_store: String,
    insights_destination: Option<String>,
    #[serde(default)]
    insight_selectors: Vec<InsightSelector>,
}

/// Replaces all Insights; an empty list turns them off and needs no destination.
pub fn put(world: &World, call: &Call) -> Result<Value, AwsError> {
    let mut request: Put = input(call)?;
    let store = find(world, call, &request.event_data_store)?;
    writable(&store)?;
    let destination = match (&request.insights_destination, request.insight_selectors.is_empty()) {
        (_, true) => None,
        (None, false) => {
            return Err(trail_errors::invalid_combination(
                "To enable Insights on an event data store, provide both EventDataStore and InsightsDestination.",
            ));
        }
        (Some(wanted), false) => {
            let destination = find(world, call, wanted)?;
            if destination.category() != "Insight" || destination.account != store.account {
                return Err(errors::category(destination.category()));
            }
            Some(destination.arn)
        }
    };
    let logged = Logged::of(&Selectors::Advanced(store.selectors.clone()));
    for selector in &mut request.insight_selectors {
        if selector.event_categories.is_empty() {
            selector.event_categories.push("Management".to_owned());
        }
        let enough = match selector.insight_type.as_str() {
            "ApiCallRateInsight" => logged.write,
            "ApiErrorRateInsight" => logged.write || logged.read,
            other => return Err(trail_errors::invalid_insights(format!("InsightType '{other}' is not valid."))),
        };
        if selector.event_categories.iter().any(|category| category != "Management") {
            return Err(trail_errors::invalid_insights("An event data store logs Insights for management events only."));
        }
        if !enough {
            return Err(trail_errors::invalid_insights(format!(
                "{} needs management events that the store does not log.",
                selector.insight_type
            )));
        }
    }
    let answer = described(&store.arn, &request.insight_selectors, destination.as_deref());
    change(world, &store, world.clock.now(), |store| {
        store.insights = request.insight_selectors;
        store.insights_destination = destination;
    });
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    #[serde(default)]
    event_data_store: String,
}

pub fn get(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Get = input(call)?;
    let store = find(world, call, &request.event_data_store)?;
    if store.insights.is_empty() {
        return Err(trail_errors::insight_not_enabled(&store.arn));
    }
    Ok(described(&store.arn, &store.insights, store.insights_destination.as_deref()))
}

fn described(store: &str, selectors: &[InsightSelector], destination: Option<&str>) -> Value {
    let mut value = json!({ "EventDataStoreArn": store, "InsightSelectors": selectors });
    if let Some(destination) = destination {
        value["InsightsDestination"] = json!(destination);
    }
    value
}
