//! What moto's CloudWatch Logs lacks for us: a log group's class, fixed at its creation, and its key, which can be changed
//! and which must let CloudWatch Logs in.

use crate::aws_error::AwsError;
use crate::backend::At;
use crate::policy::{Context, Decision, Principal, Request, evaluate};
use crate::wire::{Answer, Call};
use crate::world::{World, guard};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// What moto does not keep of a group.
#[derive(Debug, Clone, Default)]
struct Group {
    class: String,
    key: Option<String>,
}

/// By account, Region and name.
#[derive(Debug, Default)]
pub struct LogGroups(Mutex<BTreeMap<String, Group>>);

impl LogGroups {
    pub fn clear(&self) {
        guard(&self.0).clear();
    }

    /// The class of a group in the place `ACCOUNT/REGION/NAME`.
    pub fn class(&self, place: &str) -> String {
        guard(&self.0).get(place).map_or_else(|| STANDARD.to_owned(), |group| group.class.clone())
    }
}

const STANDARD: &str = "STANDARD";
const CLASSES: [&str; 3] = [STANDARD, "INFREQUENT_ACCESS", "DELIVERY"];

pub async fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    match call.operation.as_str() {
        "CreateLogGroup" => create(world, call).await,
        "DeleteLogGroup" => {
            let answer = crate::metric_filters::handle(world, call).await?;
            if answer.is_ok() {
                guard(&world.log_groups.0).remove(&place(call, &name(&call.json()?)));
            }
            Ok(answer)
        }
        "DescribeLogGroups" => describe(world, call).await,
        "AssociateKmsKey" => associate(world, call).await,
        "DisassociateKmsKey" => {
            let name = existing(world, call).await?;
            change(world, call, &name, |group| group.key = None);
            Ok(Answer::json(&json!({}), &call.request_id))
        }
        _ => crate::metric_filters::handle(world, call).await,
    }
}

fn name(body: &Value) -> String {
    body["logGroupName"].as_str().unwrap_or_default().to_owned()
}

fn place(call: &Call, name: &str) -> String {
    format!("{}/{}/{name}", call.caller.account, call.region)
}

fn change(world: &World, call: &Call, name: &str, change: impl FnOnce(&mut Group)) {
    let place = place(call, name);
    let class = world.log_groups.class(&place);
    change(guard(&world.log_groups.0).entry(place).or_insert(Group { class, key: None }));
}

async fn create(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let body = call.json()?;
    let class = body["logGroupClass"].as_str().unwrap_or(STANDARD).to_owned();
    if !CLASSES.contains(&class.as_str()) {
        return Err(AwsError::bad("InvalidParameterException", format!("Value '{class}' at 'logGroupClass' failed to satisfy constraint")));
    }
    let key = body["kmsKeyId"].as_str().map(str::to_owned);
    if let Some(key) = &key {
        check_key(world, call, &name(&body), key).await?;
    }
    let answer = world.backend.forward(call).await?;
    if answer.is_ok() {
        guard(&world.log_groups.0).insert(place(call, &name(&body)), Group { class, key });
    }
    Ok(answer)
}

async fn describe(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let answer = world.backend.forward(call).await?;
    let Ok(mut described) = serde_json::from_slice::<Value>(&answer.body) else { return Ok(answer) };
    let Some(groups) = described["logGroups"].as_array_mut().filter(|_| answer.is_ok()) else { return Ok(answer) };
    for group in groups {
        let kept = guard(&world.log_groups.0).get(&place(call, &name(group))).cloned();
        let Some(fields) = group.as_object_mut() else { continue };
        // A group that was made otherwise than by a call is as moto says.
        let Group { class, key } = kept.unwrap_or_else(|| Group { class: STANDARD.to_owned(), key: None });
        fields.insert("logGroupClass".to_owned(), json!(class));
        fields.remove("kmsKeyId");
        if let Some(key) = key {
            fields.insert("kmsKeyId".to_owned(), json!(key));
        }
    }
    Ok(Answer::json(&described, &call.request_id))
}

async fn associate(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let name = existing(world, call).await?;
    let key = call.json()?["kmsKeyId"].as_str().unwrap_or_default().to_owned();
    check_key(world, call, &name, &key).await?;
    change(world, call, &name, |group| group.key = Some(key));
    Ok(Answer::json(&json!({}), &call.request_id))
}

/// The name of the group that the call is about, which must exist.
async fn existing(world: &World, call: &Call) -> Result<String, AwsError> {
    let name = name(&call.json()?);
    let at = At { account: &call.caller.account, region: &call.region };
    if world.backend.log_group_exists(at, &name).await? {
        return Ok(name);
    }
    Err(AwsError::bad("ResourceNotFoundException", "The specified log group does not exist."))
}

/// The key is given by its ARN, is enabled, in this Region, and its policy lets CloudWatch Logs encrypt.
async fn check_key(world: &World, call: &Call, group: &str, key: &str) -> Result<(), AwsError> {
    let refused = || {
        AwsError::bad(
            "InvalidParameterException",
            format!("The specified KMS Key Id could not be found or is not allowed to be used with this Log Group: {key}"),
        )
    };
    let fields: Vec<&str> = key.split(':').collect();
    let ["arn", _, "kms", region, account, _] = fields[..] else { return Err(refused()) };
    if region != call.region {
        return Err(refused());
    }
    let at = At { account, region };
    let metadata = world.backend.key(at, key).await?.ok_or_else(refused)?;
    let policy = world.backend.key_policy(at, metadata["KeyId"].as_str().unwrap_or_default()).await?;
    let service = format!("logs.{region}.amazonaws.com");
    // The context that the CloudWatch Logs User Guide limits a key to ("Encrypt log data using AWS KMS").
    let group = format!("arn:aws:logs:{region}:{}:log-group:{group}", call.caller.account);
    let may = |action| {
        let context = Context::default().with("kms:EncryptionContext:aws:logs:arn", &group);
        let request = Request { principal: Principal::Service(&service), action, resource: Some(key), context };
        evaluate(&policy, &request) == Decision::Allowed
    };
    if metadata["KeyState"].as_str().unwrap_or("Enabled") == "Enabled" && may("kms:GenerateDataKey") && may("kms:Decrypt") {
        Ok(())
    } else {
        Err(refused())
    }
}
