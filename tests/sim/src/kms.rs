//! What moto's KMS gets wrong for us: a key has a single policy, so its name may be left out; and the calls that change
//! a key's state take its ARN as well as its id.

use crate::aws_error::AwsError;
use crate::wire::{Answer, Call};
use crate::world::World;
use serde_json::{Map, Value, json};

pub async fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let correct: fn(&mut Map<String, Value>) = match call.operation.as_str() {
        "PutKeyPolicy" | "GetKeyPolicy" => name_the_policy,
        "EnableKey" | "DisableKey" | "ScheduleKeyDeletion" | "CancelKeyDeletion" => arn_to_id,
        _ => return world.backend.forward(call).await,
    };
    let mut body = call.json()?;
    if let Value::Object(members) = &mut body {
        correct(members);
    }
    world.backend.forward(&Call { body: body.to_string().into(), ..call.clone() }).await
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
