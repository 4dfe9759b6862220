//! Account Management: the Regions of an account, which moto lacks. Those that need an opt-in are off until EnableRegion,
//! and refuse every call until then.

use crate::aws_error::AwsError;
use crate::wire::{Answer, Call};
use crate::world::{World, guard};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// On in every account; they cannot be turned off.
pub const DEFAULT: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

pub const OPT_IN: [&str; 13] = [
    "af-south-1",
    "ap-east-1",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

/// The Regions that accounts have opted in to.
#[derive(Debug, Default)]
pub struct Regions(Mutex<BTreeMap<String, BTreeSet<String>>>);

impl Regions {
    /// Whether a Region answers this account. One that nobody knows does: the simulation has no list of all.
    pub fn is_on(&self, account: &str, region: &str) -> bool {
        !OPT_IN.contains(&region) || guard(&self.0).get(account).is_some_and(|enabled| enabled.contains(region))
    }

    fn set(&self, account: &str, region: &str, on: bool) {
        let mut all = guard(&self.0);
        let enabled = all.entry(account.to_owned()).or_default();
        if on {
            enabled.insert(region.to_owned())
        } else {
            enabled.remove(region)
        };
    }

    pub fn clear(&self) {
        guard(&self.0).clear();
    }
}

pub async fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let body = call.json()?;
    let account = call.caller.account.as_str();
    if let Some(other) = body["AccountId"].as_str() {
        let message = format!("trailkeeper-sim answers Account Management for the caller's own account only, not for {other}.");
        return Err(AwsError::new(403, "AccessDeniedException", message));
    }
    let value = match call.operation.as_str() {
        "ListRegions" => list(world, account, &body)?,
        "GetRegionOptStatus" => {
            let region = known(&body)?;
            json!({ "RegionName": region, "RegionOptStatus": status(world, account, region) })
        }
        "EnableRegion" | "DisableRegion" => {
            let region = known(&body)?;
            if !OPT_IN.contains(&region) {
                return Err(invalid(format!("{region} is enabled by default and cannot be changed.")));
            }
            world.regions.set(account, region, call.operation == "EnableRegion");
            json!({})
        }
        _ => return world.backend.forward(call).await,
    };
    Ok(Answer::json(&value, &call.request_id))
}

fn invalid(message: String) -> AwsError {
    AwsError::bad("ValidationException", message)
}

fn known(body: &Value) -> Result<&'static str, AwsError> {
    let name = body["RegionName"].as_str().unwrap_or_default();
    let found = DEFAULT.iter().chain(&OPT_IN).find(|region| **region == name);
    found.copied().ok_or_else(|| invalid(format!("'{name}' is not a Region.")))
}

fn status(world: &World, account: &str, region: &str) -> &'static str {
    match (DEFAULT.contains(&region), world.regions.is_on(account, region)) {
        (true, _) => "ENABLED_BY_DEFAULT",
        (false, true) => "ENABLED",
        (false, false) => "DISABLED",
    }
}

/// Pages are numbered by where they begin.
fn list(world: &World, account: &str, body: &Value) -> Result<Value, AwsError> {
    let most = body["MaxResults"].as_u64().unwrap_or(50);
    if !(1..=50).contains(&most) {
        return Err(invalid(format!("MaxResults must be 1 to 50, not {most}.")));
    }
    let wanted: Vec<&str> = body["RegionOptStatusContains"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut regions: Vec<_> = DEFAULT.iter().chain(&OPT_IN).map(|region| (*region, status(world, account, region))).collect();
    regions.retain(|(_, status)| wanted.is_empty() || wanted.contains(status));
    regions.sort_unstable();
    let from = body["NextToken"].as_str().map_or(Ok(0), str::parse).map_err(|_| invalid("NextToken is not valid.".to_owned()))?;
    let most = usize::try_from(most).unwrap_or(50);
    let page = regions.iter().skip(from).take(most).map(|(region, status)| json!({ "RegionName": region, "RegionOptStatus": status }));
    let mut answer = json!({ "Regions": page.collect::<Value>() });
    if from + most < regions.len() {
        answer["NextToken"] = json!((from + most).to_string());
    }
    Ok(answer)
}
