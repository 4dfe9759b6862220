//! Ingestion and federation: switches that take their time.

use super::super::input;
use super::lifecycle::{Named, change, later, writable};
use super::model::{Federation, Status};
use super::{errors, find};
use crate::aws_error::AwsError;
use crate::backend::At;
use crate::organizations::CLOUDTRAIL;
use crate::policy::{Context, Decision, Principal, Request, evaluate};
use crate::sts::split_role_arn;
use crate::wire::Call;
use crate::world::World;
use serde::Deserialize;
use serde_json::{Value, json};

/// Categories whose ingestion can be switched.
const SWITCHABLE: [&str; 4] = ["Management", "Data", "NetworkActivity", "ConfigurationItem"];

pub fn start_ingestion(world: &World, call: &Call) -> Result<Value, AwsError> {
    let until = later(world, world.clock.now());
    switch(world, call, Status::Stopped, Status::Starting { until })
}

pub fn stop_ingestion(world: &World, call: &Call) -> Result<Value, AwsError> {
    let until = later(world, world.clock.now());
    switch(world, call, Status::Enabled, Status::Stopping { until })
}

fn switch(world: &World, call: &Call, from: Status, to: Status) -> Result<Value, AwsError> {
    let request: Named = input(call)?;
    let store = find(world, call, &request.event_data_store)?;
    if !SWITCHABLE.contains(&store.category()) {
        return Err(errors::category(store.category()));
    }
    if store.status != from {
        return Err(errors::invalid_status(store.status.word()));
    }
    change(world, &store, world.clock.now(), |store| store.status = to);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Enable {
    #[serde(default)]
    event_data_store: String,
    #[serde(default)]
    federation_role_arn: String,
}

pub async fn enable_federation(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Enable = input(call)?;
    let store = find(world, call, &request.event_data_store)?;
    writable(&store)?;
    let role = request.federation_role_arn;
    trusted(world, call, &role, "lakeformation.amazonaws.com").await?;
    match store.federation {
        Federation::Disabled => {}
        Federation::Enabled { .. } => return Err(errors::federated()),
        _ => return Err(errors::federation_under_way()),
    }
    let now = world.clock.now();
    let federation = Federation::Enabling { until: later(world, now), role: role.clone() };
    change(world, &store, now, |store| store.federation = federation);
    Ok(json!({ "EventDataStoreArn": store.arn, "FederationStatus": "ENABLING", "FederationRoleArn": role }))
}

pub fn disable_federation(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Named = input(call)?;
    let store = find(world, call, &request.event_data_store)?;
    writable(&store)?;
    let now = world.clock.now();
    match store.federation {
        Federation::Enabled { .. } => {
            change(world, &store, now, |store| store.federation = Federation::Disabling { until: later(world, now) })
        }
        Federation::Disabled => {}
        _ => return Err(errors::federation_under_way()),
    }
    Ok(json!({ "EventDataStoreArn": store.arn, "FederationStatus": "DISABLING" }))
}

/// The role exists in the caller's account and trusts the service (Lake Formation, or CloudTrail for imports).
pub(super) async fn trusted(world: &World, call: &Call, role: &str, service: &'static str) -> Result<(), AwsError> {
    let Some((account, name)) = split_role_arn(role).filter(|(account, _)| *account == call.caller.account) else {
        return Err(errors::role(role));
    };
    let found = world.backend.role(At { account, region: &call.region }, name).await?.filter(|found| found.arn == role);
    let trusts = |service: &'static str| {
        let context = Context::default().with("aws:SourceAccount", account);
        let asked = Request { principal: Principal::Service(service), action: "sts:AssumeRole", resource: None, context };
        found.as_ref().is_some_and(|found| evaluate(&found.trust, &asked) == Decision::Allowed)
    };
    if trusts(service) || trusts(CLOUDTRAIL) { Ok(()) } else { Err(errors::role(role)) }
}
