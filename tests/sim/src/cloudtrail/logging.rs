//! StartLogging and StopLogging.

use super::find::{Access, find};
use super::input;
use crate::aws_error::AwsError;
use crate::wire::Call;
use crate::world::World;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: Option<String>,
}

pub fn start(world: &World, call: &Call) -> Result<Value, AwsError> {
    switch(world, call, true)
}

pub fn stop(world: &World, call: &Call) -> Result<Value, AwsError> {
    switch(world, call, false)
}

/// Idempotent: a switch that is already there keeps its time.
fn switch(world: &World, call: &Call, on: bool) -> Result<Value, AwsError> {
    let wanted: Named = input(call)?;
    let trail = find(world, call, wanted.name.as_deref(), Access::Write)?;
    let now = world.clock.now();
    world.trails.update(&trail.arn, |trail| {
        if trail.logging.on != on {
            trail.logging.on = on;
            let time = if on { &mut trail.logging.started } else { &mut trail.logging.stopped };
            *time = Some(now);
            if on {
                trail.logging.begin_chain(now);
            }
        }
    });
    Ok(json!({}))
}
