//! The one thing that moto's KMS gets wrong for us: a key has a single policy, so its name may be left out.

use crate::aws_error::AwsError;
use crate::wire::{Answer, Call};
use crate::world::World;
use serde_json::{Value, json};

pub async fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    if !matches!(call.operation.as_str(), "PutKeyPolicy" | "GetKeyPolicy") {
        return world.backend.forward(call).await;
    }
    let mut body = call.json()?;
    if let Value::Object(members) = &mut body {
        members.entry("PolicyName").or_insert(json!("default"));
    }
    world.backend.forward(&Call { body: body.to_string().into(), ..call.clone() }).await
}
