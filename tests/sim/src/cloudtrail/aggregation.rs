//! PutEventConfiguration and GetEventConfiguration: event aggregation on trails.

use super::find::{Access, find};
use super::insights::Logged;
use super::model::{AggregationConfiguration, Trail};
use super::{errors, input};
use crate::aws_error::AwsError;
use crate::wire::Call;
use crate::world::World;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const TEMPLATES: [&str; 3] = ["API_ACTIVITY", "RESOURCE_ACCESS", "USER_ACTIONS"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    trail_name: Option<String>,
    event_data_store: Option<String>,
    max_event_size: Option<String>,
    context_key_selectors: Option<Vec<Value>>,
    aggregation_configurations: Option<Vec<AggregationConfiguration>>,
}

pub fn put(world: &World, call: &Call) -> Result<Value, AwsError> {
    let (request, trail) = of_trail(world, call, Access::Write)?;
    if request.max_event_size.is_some() || request.context_key_selectors.is_some_and(|selectors| !selectors.is_empty()) {
        return Err(errors::invalid_combination("MaxEventSize and ContextKeySelectors are valid for event data stores only."));
    }
    let configurations = request.aggregation_configurations.unwrap_or_default();
    check(&trail, &configurations)?;
    let answer = with_arn(&trail, &configurations);
    world.trails.update(&trail.arn, |trail| trail.aggregation = configurations);
    Ok(answer)
}

pub fn get(world: &World, call: &Call) -> Result<Value, AwsError> {
    let (_, trail) = of_trail(world, call, Access::Read)?;
    Ok(with_arn(&trail, &trail.aggregation))
}

fn of_trail(world: &World, call: &Call, access: Access) -> Result<(Request, Trail), AwsError> {
    let request: Request = input(call)?;
    match (&request.trail_name, &request.event_data_store) {
        (Some(_), Some(_)) => Err(errors::invalid_combination("Specify either TrailName or EventDataStore, but not both.")),
        (None, Some(store)) => Err(AwsError::bad("EventDataStoreNotFoundException", format!("Event data store {store} does not exist."))),
        (None, None) => Err(errors::invalid_parameter("Specify TrailName or EventDataStore.")),
        (Some(name), None) => {
            let trail = find(world, call, Some(name), access)?;
            Ok((request, trail))
        }
    }
}

fn with_arn(trail: &Trail, configurations: &[AggregationConfiguration]) -> Value {
    json!({ "TrailARN": trail.arn, "AggregationConfigurations": configurations })
}

fn check(trail: &Trail, configurations: &[AggregationConfiguration]) -> Result<(), AwsError> {
    if configurations.len() > 1 {
        return Err(errors::invalid_parameter("At most one aggregation configuration is allowed."));
    }
    for configuration in configurations {
        if configuration.event_category != "Data" {
            return Err(errors::invalid_parameter(format!(
                "EventCategory '{}' is not valid for aggregation. The valid value is Data.",
                configuration.event_category
            )));
        }
        if configuration.templates.is_empty() {
            return Err(errors::invalid_parameter("An aggregation configuration needs at least one template."));
        }
        let mut seen = BTreeSet::new();
        for template in &configuration.templates {
            if !TEMPLATES.contains(&template.as_str()) || !seen.insert(template) {
                return Err(errors::invalid_parameter(format!(
                    "Template '{template}' is not valid, or is given twice. Valid values are {}.",
                    TEMPLATES.join(", ")
                )));
            }
        }
        if !Logged::by(trail).data {
            return Err(errors::invalid_parameter("To aggregate data events, the trail must log data events."));
        }
    }
    Ok(())
}
