//! PutEventSelectors and GetEventSelectors: two exclusive forms, each with its rules.

mod rules;

pub use rules::check_store;

use super::find::{Access, find};
use super::model::{AdvancedEventSelector, EventSelector, Selectors, Trail};
use super::{errors, input};
use crate::aws_error::AwsError;
use crate::wire::Call;
use crate::world::{DefaultSelectors, World};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    trail_name: Option<String>,
    event_selectors: Option<Vec<EventSelector>>,
    advanced_event_selectors: Option<Vec<AdvancedEventSelector>>,
}

/// Replaces all selectors, those of the other form too.
pub fn put(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Put = input(call)?;
    let trail = find(world, call, request.trail_name.as_deref(), Access::Write)?;
    let selectors = match (request.event_selectors, request.advanced_event_selectors) {
        (Some(basic), None) if !basic.is_empty() => {
            rules::check_basic(&basic)?;
            Selectors::Basic(basic)
        }
        (None, Some(advanced)) if !advanced.is_empty() => {
            rules::check_advanced(&advanced)?;
            Selectors::Advanced(advanced)
        }
        (Some(_), Some(_)) => {
            return Err(errors::invalid_selectors("You can use either EventSelectors or AdvancedEventSelectors, but not both."));
        }
        _ => return Err(errors::invalid_selectors("Specify at least one event selector.")),
    };
    let answer = with_arn(&trail, &selectors);
    world.trails.update(&trail.arn, |trail| trail.selectors = Some(selectors));
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    trail_name: Option<String>,
}

pub fn get(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Get = input(call)?;
    let trail = find(world, call, request.trail_name.as_deref(), Access::Read)?;
    let selectors = trail.selectors.clone().unwrap_or_else(|| match world.settings().default_selectors {
        DefaultSelectors::Basic => Selectors::default_basic(),
        DefaultSelectors::Advanced => Selectors::default_advanced(),
    });
    Ok(with_arn(&trail, &selectors))
}

fn with_arn(trail: &Trail, selectors: &Selectors) -> Value {
    match selectors {
        Selectors::Basic(list) => json!({ "TrailARN": trail.arn, "EventSelectors": list }),
        Selectors::Advanced(list) => json!({ "TrailARN": trail.arn, "AdvancedEventSelectors": list }),
    }
}
