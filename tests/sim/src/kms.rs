//! What moto's KMS gets wrong for us: a key has a single policy, so its name may be left out; the calls that change a
//! key's state take its ARN as well as its id; and a key keeps the rotation period that it was given.

use crate::aws_error::AwsError;
use crate::wire::{Answer, Call};
use crate::world::{World, guard};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

const DEFAULT_PERIOD: u64 = 365;

/// Days between rotations, by account, Region and key id.
#[derive(Debug, Default)]
pub struct RotationPeriods(Mutex<BTreeMap<String, u64>>);

impl RotationPeriods {
    pub fn clear(&self) {
        guard(&self.0).clear();
    }
}

/// Bytes of a key policy, at most.
const POLICY_LIMIT: usize = 32 * 1024;

pub async fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    if matches!(call.operation.as_str(), "CreateKey" | "PutKeyPolicy")
        && call.json()?["Policy"].as_str().is_some_and(|policy| policy.len() > POLICY_LIMIT)
    {
        return Err(AwsError::bad("LimitExceededException", "The key policy exceeds the maximum size of 32768 bytes"));
    }
    let correct: fn(&mut Map<String, Value>) = match call.operation.as_str() {
        "PutKeyPolicy" | "GetKeyPolicy" => name_the_policy,
        "EnableKey" | "DisableKey" | "ScheduleKeyDeletion" | "CancelKeyDeletion" => arn_to_id,
        "EnableKeyRotation" => return enable_rotation(world, call).await,
        "GetKeyRotationStatus" => return rotation_status(world, call).await,
        _ => return world.backend.forward(call).await,
    };
    let mut body = call.json()?;
    if let Value::Object(members) = &mut body {
        correct(members);
    }
    world.backend.forward(&Call { body: body.to_string().into(), ..call.clone() }).await
}

/// The key that a call is about.
fn key_of(call: &Call, body: &Value) -> String {
    let key = body["KeyId"].as_str().unwrap_or_default();
    let id = key.rsplit_once(":key/").map_or(key, |(_, id)| id);
    format!("{}/{}/{id}", call.caller.account, call.region)
}

async fn enable_rotation(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let body = call.json()?;
    let period = body["RotationPeriodInDays"].as_u64().unwrap_or(DEFAULT_PERIOD);
    if !(90..=2560).contains(&period) {
        let message = format!("1 validation error detected: Value '{period}' at 'rotationPeriodInDays' failed to satisfy constraint");
        return Err(AwsError::bad("ValidationException", message));
    }
    let answer = world.backend.forward(call).await?;
    if answer.is_ok() {
        guard(&world.rotation_periods.0).insert(key_of(call, &body), period);
    }
    Ok(answer)
}

async fn rotation_status(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let answer = world.backend.forward(call).await?;
    let Ok(mut status) = serde_json::from_str::<Value>(&answer.text()) else { return Ok(answer) };
    if !answer.is_ok() || status["KeyRotationEnabled"] != true {
        return Ok(answer);
    }
    let period = guard(&world.rotation_periods.0).get(&key_of(call, &call.json()?)).copied();
    status["RotationPeriodInDays"] = json!(period.unwrap_or(DEFAULT_PERIOD));
    Ok(Answer::json(&status, &call.request_id))
}

fn name_the_policy(members: &mut Map<String, Value>) {
    members.entry("PolicyName").or_insert(json!("default"));
}

fn arn_to_id(members: &mut Map<String, Value>) {
    if let Some(Value::String(key)) = members.get_mut("KeyId")
        && let Some((_, id)) = key.rsplit_once(":key/")
    {
        *key = id.to_owned();
    }
}
