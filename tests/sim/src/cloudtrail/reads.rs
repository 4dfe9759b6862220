//! GetTrail, DescribeTrails, ListTrails and GetTrailStatus.

use super::find::{Access, find, is_visible, visible};
use super::input;
use super::model::Trail;
use super::names::{check_name, parse_arn};
use crate::aws_error::AwsError;
use crate::wire::Call;
use crate::world::World;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: Option<String>,
}

pub fn get_trail(world: &World, call: &Call) -> Result<Value, AwsError> {
    let wanted: Named = input(call)?;
    let trail = find(world, call, wanted.name.as_deref(), Access::Read)?;
    Ok(json!({ "Trail": trail.described() }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    #[serde(default)]
    trail_name_list: Option<Vec<String>>,
    #[serde(default)]
    include_shadow_trails: Option<bool>,
}

/// A name means a trail at home here; another Region's trail needs its ARN; what is missing is left out without an error.
pub fn describe_trails(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Describe = input(call)?;
    let account = call.caller.account.as_str();
    let shadows = request.include_shadow_trails.unwrap_or(true);
    let names = request.trail_name_list.unwrap_or_default();
    let is_home = |trail: &Trail| trail.account == account && trail.home_region == call.region;
    let mut trails = if names.is_empty() {
        visible(world, account, &call.region)
    } else {
        let mut found = Vec::new();
        for wanted in &names {
            found.extend(described_by(world, call, wanted)?);
        }
        found
    };
    trails.retain(|trail| shadows || is_home(trail));
    Ok(json!({ "trailList": trails.iter().map(Trail::described).collect::<Vec<_>>() }))
}

fn described_by(world: &World, call: &Call, wanted: &str) -> Result<Option<Trail>, AwsError> {
    if wanted.starts_with("arn:") {
        parse_arn(wanted)?;
        return Ok(world.trails.get(wanted).filter(|trail| is_visible(world, &call.caller.account, trail)));
    }
    check_name(wanted)?;
    let is_it = |trail: &Trail| trail.account == call.caller.account && trail.name == wanted && trail.home_region == call.region;
    Ok(world.trails.matching(is_it).pop())
}

/// Trails of the account in all Regions.
pub fn list_trails(world: &World, call: &Call) -> Value {
    let trails = world.trails.matching(|trail| is_visible(world, &call.caller.account, trail));
    let info = |trail: &Trail| json!({ "TrailARN": trail.arn, "Name": trail.name, "HomeRegion": trail.home_region });
    json!({ "Trails": trails.iter().map(info).collect::<Vec<_>>() })
}

pub fn get_trail_status(world: &World, call: &Call) -> Result<Value, AwsError> {
    let wanted: Named = input(call)?;
    let trail = find(world, call, wanted.name.as_deref(), Access::Read)?;
    Ok(status(&trail))
}

fn status(trail: &Trail) -> Value {
    let (logging, delivery) = (&trail.logging, &trail.delivery);
    let mut value = json!({ "IsLogging": logging.on });
    let times = [
        ("LatestDeliveryTime", delivery.time),
        ("LatestNotificationTime", delivery.notification_time),
        ("StartLoggingTime", logging.started),
        ("StopLoggingTime", logging.stopped),
        ("LatestCloudWatchLogsDeliveryTime", delivery.logs_time),
        ("LatestDigestDeliveryTime", delivery.digest_time),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            value[name] = epoch(time);
        }
    }
    let errors = [
        ("LatestDeliveryError", &delivery.error),
        ("LatestNotificationError", &delivery.notification_error),
        ("LatestCloudWatchLogsDeliveryError", &delivery.logs_error),
        ("LatestDigestDeliveryError", &delivery.digest_error),
    ];
    for (name, error) in errors {
        if let Some(error) = error {
            value[name] = json!(error);
        }
    }
    // No longer in use, but AWS still sends them.
    let text = |time: Option<Timestamp>| time.map_or_else(String::new, |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    value["TimeLoggingStarted"] = json!(text(logging.started));
    value["TimeLoggingStopped"] = json!(text(logging.stopped));
    value["LatestDeliveryAttemptTime"] = json!(text(delivery.time));
    value
}

/// Times are seconds with a fraction in JSON 1.1.
pub fn epoch(time: Timestamp) -> Value {
    json!(time.as_millisecond() as f64 / 1000.0)
}
