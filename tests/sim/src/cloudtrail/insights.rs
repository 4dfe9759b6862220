//! PutInsightSelectors and GetInsightSelectors.

use super::find::{Access, find};
use super::model::{AdvancedEventSelector, InsightSelector, Selectors, Trail};
use super::{errors, input};
use crate::aws_error::AwsError;
use crate::wire::Call;
use crate::world::World;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    trail_name: Option<String>,
    insight_selectors: Option<Vec<InsightSelector>>,
    event_data_store: Option<String>,
}

/// Replaces all Insights; an empty list turns them off.
pub fn put(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Put = input(call)?;
    if request.event_data_store.is_some() {
        only_one(request.trail_name.as_deref())?;
        return super::lake::put_insights(world, call);
    }
    let trail = find(world, call, request.trail_name.as_deref(), Access::Write)?;
    let mut selectors = request.insight_selectors.ok_or_else(|| errors::invalid_parameter("InsightSelectors must not be null."))?;
    for selector in &mut selectors {
        if selector.event_categories.is_empty() {
            selector.event_categories.push("Management".to_owned());
        }
    }
    check(&trail, &selectors)?;
    let answer = with_arn(&trail, &selectors);
    world.trails.update(&trail.arn, |trail| trail.insights = selectors);
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    trail_name: Option<String>,
    event_data_store: Option<String>,
}

fn only_one(trail_name: Option<&str>) -> Result<(), AwsError> {
    match trail_name {
        Some(_) => Err(errors::invalid_combination("Specify either TrailName or EventDataStore, but not both.")),
        None => Ok(()),
    }
}

pub fn get(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Get = input(call)?;
    if request.event_data_store.is_some() {
        only_one(request.trail_name.as_deref())?;
        return super::lake::get_insights(world, call);
    }
    let trail = find(world, call, request.trail_name.as_deref(), Access::Read)?;
    if trail.insights.is_empty() {
        return Err(errors::insight_not_enabled(&trail.arn));
    }
    Ok(with_arn(&trail, &trail.insights))
}

fn with_arn(trail: &Trail, selectors: &[InsightSelector]) -> Value {
    json!({ "TrailARN": trail.arn, "InsightSelectors": selectors })
}

/// An Insight needs the events it analyses to be logged by the trail.
fn check(trail: &Trail, selectors: &[InsightSelector]) -> Result<(), AwsError> {
    let mut seen = BTreeSet::new();
    let logged = Logged::by(trail);
    for selector in selectors {
        let kind = selector.insight_type.as_str();
        if !["ApiCallRateInsight", "ApiErrorRateInsight"].contains(&kind) {
            return Err(errors::invalid_insights(format!(
                "InsightType '{kind}' is not valid. Valid values are ApiCallRateInsight and ApiErrorRateInsight."
            )));
        }
        if !seen.insert(kind) {
            return Err(errors::invalid_insights(format!("InsightType {kind} is given twice.")));
        }
        for category in &selector.event_categories {
            let (satisfied, needed) = match (category.as_str(), kind) {
                ("Management", "ApiCallRateInsight") => (logged.write, "write management events"),
                ("Management", _) => (logged.write || logged.read, "read or write management events"),
                ("Data", _) => (logged.data, "data events"),
                _ => {
                    return Err(errors::invalid_insights(format!(
                        "EventCategory '{category}' is not valid. Valid values are Management and Data."
                    )));
                }
            };
            if !satisfied {
                return Err(errors::invalid_insights(format!("To log {kind} events, the trail must log {needed}.")));
            }
        }
    }
    Ok(())
}

/// What a trail's selectors ask for, roughly.
#[derive(Debug, Default)]
pub struct Logged {
    pub read: bool,
    pub write: bool,
    pub data: bool,
}

impl Logged {
    pub fn by(trail: &Trail) -> Self {
        Self::of(trail.selectors.as_ref().unwrap_or(&Selectors::default_advanced()))
    }

    pub fn of(selectors: &Selectors) -> Self {
        let mut logged = Self::default();
        match selectors {
            Selectors::Basic(list) => {
                for selector in list {
                    logged.read |= selector.include_management_events && selector.read_write_type != "WriteOnly";
                    logged.write |= selector.include_management_events && selector.read_write_type != "ReadOnly";
                    logged.data |= !selector.data_resources.is_empty();
                }
            }
            Selectors::Advanced(list) => list.iter().for_each(|selector| logged.add(selector)),
        }
        logged
    }

    fn add(&mut self, selector: &AdvancedEventSelector) {
        let first = |name: &str| {
            let field = selector.field_selectors.iter().find(|field| field.field == name);
            field.and_then(|field| field.equals.as_ref()).and_then(|values| values.first()).map(String::as_str)
        };
        match first("eventCategory") {
            Some("Data") => self.data = true,
            Some("Management") => {
                self.read |= first("readOnly") != Some("false");
                self.write |= first("readOnly") != Some("true");
            }
            _ => {}
        }
    }
}
