//! Events that trails log reach the rules of the default bus, as `AWS API Call via CloudTrail`, and their targets: SQS queues, and
//! buses of any Region, whose rules send on to queues. moto keeps rules and queues; it looks neither at a rule's state nor at a
//! policy, so matching and sending is done here.

mod pattern;

use crate::backend::At;
use crate::cloudtrail::destinations::holder_may;
use crate::events::Event;
use crate::policy::{Context, Decision, Principal, Request, evaluate};
use crate::sts::split_role_arn;
use crate::world::{Shared, World, guard};
use serde_json::{Value, json};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

const EVENTBRIDGE: &str = "events.amazonaws.com";
const MAX_EVENT: usize = 256 * 1024;

#[derive(Debug, Default)]
pub struct Bus {
    queue: Mutex<VecDeque<Arc<Event>>>,
    /// Where a rule was ever put, by account and Region: moto is not asked elsewhere.
    ruled: Mutex<HashSet<(String, String)>>,
    wake: Notify,
    /// Held while events are sent.
    sending: tokio::sync::Mutex<()>,
}

impl Bus {
    /// Somebody put a rule there.
    pub fn learn_rule(&self, account: &str, region: &str) {
        guard(&self.ruled).insert((account.to_owned(), region.to_owned()));
    }

    /// An event that a trail logs.
    pub fn put(&self, event: Arc<Event>) {
        if guard(&self.ruled).contains(&(event.account.clone(), event.region.clone())) {
            guard(&self.queue).push_back(event);
            self.wake.notify_one();
        }
    }

    pub fn clear(&self) {
        guard(&self.queue).clear();
        guard(&self.ruled).clear();
    }
}

/// Sends until it is dropped.
pub async fn run(world: Shared) {
    loop {
        world.bus.wake.notified().await;
        drain(&world).await;
    }
}

/// Sends all that waits.
pub async fn drain(world: &World) {
    let _one_at_a_time = world.bus.sending.lock().await;
    loop {
        let Some(event) = guard(&world.bus.queue).pop_front() else { return };
        if let Err(error) = send(world, &event).await {
            tracing::warn!(%error, event = event.text("eventName"), "an event did not reach its rules");
        }
    }
}

async fn send(world: &World, event: &Event) -> anyhow::Result<()> {
    let at = At { account: &event.account, region: &event.region };
    let envelope = envelope(event);
    if envelope.to_string().len() > MAX_EVENT {
        return Ok(());
    }
    for onward in pass_on(world, at, "default", event.read_only, &envelope).await? {
        let at = At { account: &onward.account, region: &onward.region };
        // What came from another bus is not forwarded to a third.
        pass_on(world, at, &onward.bus, event.read_only, &envelope).await?;
    }
    Ok(())
}

/// A bus that a rule forwards to.
struct Onward {
    account: String,
    region: String,
    bus: String,
}

/// Sends to the targets of every rule on the bus that takes the event, and answers to which buses it is forwarded.
async fn pass_on(world: &World, at: At<'_>, bus: &str, read_only: bool, envelope: &Value) -> anyhow::Result<Vec<Onward>> {
    let mut onward = Vec::new();
    let rules = match world.backend.json(at, "events", "AWSEvents.ListRules", json!({ "EventBusName": bus })).await {
        Ok(rules) => rules,
        Err(error) if error.code.starts_with("ResourceNotFound") => return Ok(onward),
        Err(error) => return Err(error.into()),
    };
    for rule in rules["Rules"].as_array().into_iter().flatten() {
        if takes(rule, read_only, envelope) {
            onward.extend(send_to_targets(world, at, bus, rule, envelope).await?);
        }
    }
    Ok(onward)
}

fn takes(rule: &Value, read_only: bool, envelope: &Value) -> bool {
    let enabled = match rule["State"].as_str() {
        Some("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS") => true,
        Some("ENABLED") => !read_only,
        _ => false,
    };
    let pattern = rule["EventPattern"].as_str().and_then(|text| serde_json::from_str(text).ok());
    enabled && pattern.is_some_and(|pattern| pattern::matches(&pattern, envelope))
}

fn envelope(event: &Event) -> Value {
    let source = event.text("eventSource").trim_end_matches(".amazonaws.com");
    json!({
        "version": "0",
        "id": uuid::Uuid::new_v4().to_string(),
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{source}"),
        "account": event.account,
        "time": event.text("eventTime"),
        "region": event.region,
        "resources": [],
        "detail": event.record,
    })
}

async fn send_to_targets(world: &World, at: At<'_>, bus: &str, rule: &Value, envelope: &Value) -> anyhow::Result<Vec<Onward>> {
    let mut onward = Vec::new();
    let request = json!({ "Rule": rule["Name"], "EventBusName": bus });
    let answer = world.backend.json(at, "events", "AWSEvents.ListTargetsByRule", request).await?;
    let rule_arn = rule["Arn"].as_str().unwrap_or_default();
    for target in answer["Targets"].as_array().into_iter().flatten() {
        let arn = target["Arn"].as_str().unwrap_or_default();
        let body = match (&target["Input"], &target["InputPath"], &target["InputTransformer"]) {
            (Value::String(input), _, _) => input.clone(),
            (Value::Null, Value::Null, Value::Null) => envelope.to_string(),
            _ => {
                tracing::warn!(target = arn, "trailkeeper-sim knows no InputPath and no InputTransformer: the event is not sent");
                continue;
            }
        };
        let fields: Vec<&str> = arn.split(':').collect();
        match fields[..] {
            ["arn", _, "sqs", region, owner, name] if region == at.region => {
                send_to_queue(world, rule_arn, at.account, (owner, region, name, arn), &body).await?;
            }
            ["arn", _, "events", region, account, resource] => {
                let role = target["RoleArn"].as_str().unwrap_or_default();
                match resource.strip_prefix("event-bus/") {
                    Some(bus) if may_put(world, at, rule_arn, role, arn).await? => {
                        onward.push(Onward { account: account.to_owned(), region: region.to_owned(), bus: bus.to_owned() });
                    }
                    _ => tracing::info!(rule = rule_arn, bus = arn, role, "the role does not let EventBridge put events there"),
                }
            }
            _ => tracing::warn!(target = arn, "trailkeeper-sim sends events to SQS queues of the rule's Region and to event buses only"),
        }
    }
    Ok(onward)
}

/// Whether EventBridge may assume the target's role for this rule, and put events on the bus with it.
async fn may_put(world: &World, at: At<'_>, rule_arn: &str, role: &str, bus: &str) -> anyhow::Result<bool> {
    let Some((account, name)) = split_role_arn(role).filter(|(account, _)| *account == at.account) else { return Ok(false) };
    let at = At { account, region: at.region };
    let Some(found) = world.backend.role(at, name).await?.filter(|found| found.arn == role) else { return Ok(false) };
    let context = Context::default().with("aws:SourceArn", rule_arn).with("aws:SourceAccount", account);
    let trust = Request { principal: Principal::Service(EVENTBRIDGE), action: "sts:AssumeRole", resource: None, context };
    if evaluate(&found.trust, &trust) != Decision::Allowed {
        return Ok(false);
    }
    Ok(holder_may(&world.backend.role_policies(at, name).await?, "events:PutEvents", bus))
}

/// EventBridge may send only where the queue's policy lets it.
async fn send_to_queue(
    world: &World,
    rule_arn: &str,
    account: &str,
    (owner, region, name, arn): (&str, &str, &str, &str),
    body: &str,
) -> anyhow::Result<()> {
    let at = At { account: owner, region };
    let queue = world.backend.json(at, "sqs", "AmazonSQS.GetQueueUrl", json!({ "QueueName": name })).await?;
    let request = json!({ "QueueUrl": queue["QueueUrl"], "AttributeNames": ["Policy"] });
    let attributes = world.backend.json(at, "sqs", "AmazonSQS.GetQueueAttributes", request).await?;
    let policy: Value = attributes["Attributes"]["Policy"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let context = Context::default().with("aws:SourceArn", rule_arn).with("aws:SourceAccount", account).with("aws:SecureTransport", "true");
    let request = Request { principal: Principal::Service(EVENTBRIDGE), action: "sqs:SendMessage", resource: Some(arn), context };
    if evaluate(&policy, &request) != Decision::Allowed {
        tracing::info!(rule = rule_arn, queue = arn, "the queue's policy does not let EventBridge send");
        return Ok(());
    }
    let message = json!({ "QueueUrl": queue["QueueUrl"], "MessageBody": body });
    world.backend.json(at, "sqs", "AmazonSQS.SendMessage", message).await?;
    Ok(())
}
