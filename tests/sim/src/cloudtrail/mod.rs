//! CloudTrail (JSON 1.1) as facts/api.md and facts/constraints.md describe it: never laxer than AWS.

mod aggregation;
pub mod destinations;
mod errors;
mod find;
mod insights;
pub mod lake;
mod logging;
mod lookup;
pub mod model;
mod names;
mod organization;
mod public_keys;
mod reads;
mod selectors;
mod settings;
pub mod store;
mod tags;

use crate::aws_error::AwsError;
use crate::wire::{Answer, Call};
use crate::world::World;
use serde::de::DeserializeOwned;

pub use find::visible;

pub async fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    if let Some(answer) = lake::handle(world, call).await {
        return answer.map(|value| Answer::json(&value, &call.request_id));
    }
    let value = match call.operation.as_str() {
        "CreateTrail" => settings::create(world, call).await?,
        "UpdateTrail" => settings::update(world, call).await?,
        "DeleteTrail" => settings::delete(world, call)?,
        "GetTrail" => reads::get_trail(world, call)?,
        "DescribeTrails" => reads::describe_trails(world, call)?,
        "ListTrails" => reads::list_trails(world, call),
        "GetTrailStatus" => reads::get_trail_status(world, call)?,
        "StartLogging" => logging::start(world, call)?,
        "StopLogging" => logging::stop(world, call)?,
        "PutEventSelectors" => selectors::put(world, call)?,
        "GetEventSelectors" => selectors::get(world, call)?,
        "PutInsightSelectors" => insights::put(world, call)?,
        "GetInsightSelectors" => insights::get(world, call)?,
        "PutEventConfiguration" => aggregation::put(world, call)?,
        "GetEventConfiguration" => aggregation::get(world, call)?,
        "LookupEvents" => lookup::lookup(world, call)?,
        "ListPublicKeys" => public_keys::list(world, call).await?,
        "AddTags" => tags::add(world, call)?,
        "RemoveTags" => tags::remove(world, call)?,
        "ListTags" => tags::list(world, call)?,
        "RegisterOrganizationDelegatedAdmin" => organization::register(world, call)?,
        "DeregisterOrganizationDelegatedAdmin" => organization::deregister(world, call)?,
        other => {
            let message = format!("trailkeeper-sim does not simulate cloudtrail:{other}");
            return Err(AwsError::bad("UnsupportedOperationException", message));
        }
    };
    Ok(Answer::json(&value, &call.request_id))
}

/// The request's members, typed. Unknown members are ignored, as AWS does.
fn input<T: DeserializeOwned>(call: &Call) -> Result<T, AwsError> {
    serde_json::from_value(call.json()?).map_err(|error| AwsError::bad("SerializationException", error.to_string()))
}
