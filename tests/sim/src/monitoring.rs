//! CloudWatch alarms: kept and answered, and raised by what metric filters count in one delivery. They stay raised until
//! SetAlarmState. moto does not understand the protocol that CloudWatch's SDKs speak (RPC v2 with CBOR).

use crate::aws_error::AwsError;
use crate::backend::At;
use crate::cbor;
use crate::policy::{Context, Decision, Principal, Request, evaluate};
use crate::wire::{Answer, Call};
use crate::world::{World, guard};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Alarms by account and Region, then name.
#[derive(Debug, Default)]
pub struct Alarms(Mutex<BTreeMap<(String, String), BTreeMap<String, Value>>>);

impl Alarms {
    pub fn clear(&self) {
        guard(&self.0).clear();
    }
}

/// Most alarms that DeleteAlarms and a page of DescribeAlarms take.
const MOST: usize = 100;
const PAGE: u64 = 50;

pub async fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let target = call.header("x-amz-target");
    let input = if target.is_some() { call.json().ok() } else { cbor::decode(&call.body) };
    let answer = match (call.operation.as_str(), input) {
        ("PutMetricAlarm", Some(input)) => put(world, call, &input)?,
        ("DescribeAlarms", Some(input)) => describe(world, call, &input),
        ("DeleteAlarms", Some(input)) => delete(world, call, &input)?,
        ("SetAlarmState", Some(input)) => set_state(world, call, &input)?,
        (operation @ ("EnableAlarmActions" | "DisableAlarmActions"), Some(input)) => {
            set_actions(world, call, &input, operation == "EnableAlarmActions")
        }
        // What is put in one protocol must be seen in the others, so the query protocol is not left to moto.
        (operation, None) if operation.contains("Alarm") => {
            return Err(AwsError::not_implemented("monitoring in this protocol", operation));
        }
        _ => return world.backend.forward(call).await,
    };
    Ok(if target.is_some() { Answer::json(&answer, &call.request_id) } else { Answer::cbor(&answer, &call.request_id) })
}

/// Raises every alarm whose metric counted enough, and tells its topics.
pub async fn raise(world: &World, at: At<'_>, counts: &BTreeMap<[String; 2], usize>) {
    let mut raised = Vec::new();
    if let Some(alarms) = guard(&world.alarms.0).get_mut(&(at.account.to_owned(), at.region.to_owned())) {
        for alarm in alarms.values_mut() {
            let metric = ["Namespace", "MetricName"].map(|field| alarm[field].as_str().unwrap_or_default().to_owned());
            let count = counts.get(&metric).copied().unwrap_or_default();
            let enough = count > 0 && count as f64 >= alarm["Threshold"].as_f64().unwrap_or(f64::INFINITY);
            let sums_up = alarm["Statistic"] == "Sum" && alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold";
            if enough && sums_up && alarm["StateValue"] != "ALARM" {
                alarm["StateValue"] = json!("ALARM");
                alarm["StateUpdatedTimestamp"] = json!(world.clock.now().as_second());
                raised.push(alarm.clone());
            }
        }
    }
    for alarm in raised.iter().filter(|alarm| alarm["ActionsEnabled"] == true) {
        for topic in strings(&alarm["AlarmActions"]) {
            tell(world, alarm, topic).await;
        }
    }
}

/// Publishes, if the topic is there and its policy lets CloudWatch.
async fn tell(world: &World, alarm: &Value, topic: &str) {
    let fields: Vec<&str> = topic.split(':').collect();
    let [_, _, "sns", region, account, _] = fields[..] else { return };
    let at = At { account, region };
    let Ok(Some(policy)) = world.backend.topic_policy(at, topic).await else { return };
    let arn = alarm["AlarmArn"].as_str().unwrap_or_default();
    let context = Context::default()
        .with("aws:SourceArn", arn)
        .with("aws:SourceAccount", arn.split(':').nth(4).unwrap_or_default())
        .with("aws:SecureTransport", "true");
    let request =
        Request { principal: Principal::Service("cloudwatch.amazonaws.com"), action: "SNS:Publish", resource: Some(topic), context };
    if evaluate(&policy, &request) != Decision::Allowed {
        tracing::warn!(topic, "its policy does not let CloudWatch publish");
        return;
    }
    let message = json!({ "AlarmName": alarm["AlarmName"], "NewStateValue": "ALARM" }).to_string();
    let parameters = [("Action", "Publish"), ("Version", "2010-03-31"), ("TopicArn", topic), ("Message", message.as_str())];
    if let Err(error) = world.backend.query(at, "sns", &parameters).await {
        tracing::warn!(topic, %error, "could not publish");
    }
}

fn here(call: &Call) -> (String, String) {
    (call.caller.account.clone(), call.region.clone())
}

fn invalid(message: String) -> AwsError {
    AwsError::bad("ValidationError", message)
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn put(world: &World, call: &Call, input: &Value) -> Result<Value, AwsError> {
    let name = input["AlarmName"].as_str().filter(|name| (1..=255).contains(&name.chars().count()));
    let name = name.ok_or_else(|| invalid("The parameter AlarmName is required, 1 to 255 characters.".to_owned()))?;
    for needed in ["ComparisonOperator", "EvaluationPeriods", "MetricName", "Namespace", "Period", "Statistic", "Threshold"] {
        if input[needed].is_null() {
            return Err(invalid(format!("The parameter {needed} is required.")));
        }
    }
    let (period, periods) = (input["Period"].as_u64().unwrap_or_default(), input["EvaluationPeriods"].as_u64().unwrap_or_default());
    if !(matches!(period, 10 | 20 | 30) || (period > 0 && period.is_multiple_of(60))) {
        return Err(invalid("Valid periods are 10, 20, 30 or a multiple of 60.".to_owned()));
    }
    if periods == 0 || period * periods > if period < 3600 { 86_400 } else { 604_800 } {
        return Err(invalid("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).".to_owned()));
    }
    if !matches!(input["TreatMissingData"].as_str(), None | Some("breaching" | "notBreaching" | "ignore" | "missing")) {
        return Err(invalid("The value for parameter TreatMissingData is not supported.".to_owned()));
    }
    for actions in ["AlarmActions", "OKActions", "InsufficientDataActions"] {
        if strings(&input[actions]).len() > 5 || strings(&input[actions]).iter().any(|action| !action.starts_with("arn:")) {
            return Err(invalid(format!("{actions} must be up to 5 ARNs.")));
        }
    }
    let partition = crate::identity::partition(&call.region);
    let mut alarm = json!({
        "AlarmArn": format!("arn:{partition}:cloudwatch:{}:{}:alarm:{name}", call.region, call.caller.account),
        "ActionsEnabled": true, "AlarmActions": [], "OKActions": [], "InsufficientDataActions": [], "Dimensions": [],
        "StateValue": "INSUFFICIENT_DATA", "StateReason": "Unchecked: Initial alarm creation",
    });
    let mut alarms = guard(&world.alarms.0);
    let alarms = alarms.entry(here(call)).or_default();
    let before = alarms.get(name).cloned().unwrap_or_default();
    let Value::Object(fields) = &mut alarm else { return Ok(json!({})) };
    // What is put is the whole alarm; its state lives on.
    for kept in ["StateValue", "StateReason", "StateUpdatedTimestamp"] {
        if !before[kept].is_null() {
            fields.insert(kept.to_owned(), before[kept].clone());
        }
    }
    let given: Map<String, Value> = input.as_object().cloned().unwrap_or_default();
    fields.extend(given.into_iter().filter(|(field, _)| field != "Tags"));
    // A whole number is a double all the same.
    fields.insert("Threshold".to_owned(), json!(input["Threshold"].as_f64().unwrap_or_default()));
    fields.insert("AlarmConfigurationUpdatedTimestamp".to_owned(), json!(world.clock.now().as_second()));
    alarms.insert(name.to_owned(), alarm);
    Ok(json!({}))
}

fn describe(world: &World, call: &Call, input: &Value) -> Value {
    let names = strings(&input["AlarmNames"]);
    let page = usize::try_from(input["MaxRecords"].as_u64().unwrap_or(PAGE)).unwrap_or(MOST).clamp(1, MOST);
    let after = input["NextToken"].as_str().unwrap_or_default();
    let alarms = guard(&world.alarms.0);
    let mut found = alarms.get(&here(call)).into_iter().flatten().filter(|(name, alarm)| {
        input["AlarmNamePrefix"].as_str().is_none_or(|prefix| name.starts_with(prefix))
            && input["StateValue"].as_str().is_none_or(|state| alarm["StateValue"] == state)
            && (names.is_empty() || names.contains(&name.as_str()))
            && name.as_str() > after
    });
    let shown: Vec<_> = found.by_ref().take(page).collect();
    let next = found.next().and(shown.last()).map(|(name, _)| (*name).clone());
    let mut answer = json!({ "MetricAlarms": shown.iter().map(|(_, alarm)| (*alarm).clone()).collect::<Vec<_>>(), "CompositeAlarms": [] });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    answer
}

fn delete(world: &World, call: &Call, input: &Value) -> Result<Value, AwsError> {
    let names = strings(&input["AlarmNames"]);
    if names.is_empty() || names.len() > MOST {
        return Err(invalid("AlarmNames must have 1 to 100 members.".to_owned()));
    }
    let mut alarms = guard(&world.alarms.0);
    let alarms = alarms.entry(here(call)).or_default();
    if let Some(missing) = names.iter().find(|name| !alarms.contains_key(**name)) {
        return Err(AwsError::new(404, "ResourceNotFound", format!("There is no alarm {missing}.")));
    }
    for name in names {
        alarms.remove(name);
    }
    Ok(json!({}))
}

fn set_state(world: &World, call: &Call, input: &Value) -> Result<Value, AwsError> {
    let mut alarms = guard(&world.alarms.0);
    let alarm = alarms.entry(here(call)).or_default().get_mut(input["AlarmName"].as_str().unwrap_or_default());
    let alarm = alarm.ok_or_else(|| AwsError::new(404, "ResourceNotFound", "There is no such alarm."))?;
    for field in ["StateValue", "StateReason"] {
        alarm[field] = input[field].clone();
    }
    alarm["StateUpdatedTimestamp"] = json!(world.clock.now().as_second());
    Ok(json!({}))
}

fn set_actions(world: &World, call: &Call, input: &Value, enabled: bool) -> Value {
    let mut alarms = guard(&world.alarms.0);
    let alarms = alarms.entry(here(call)).or_default();
    for name in strings(&input["AlarmNames"]) {
        if let Some(alarm) = alarms.get_mut(name) {
            alarm["ActionsEnabled"] = json!(enabled);
        }
    }
    json!({})
}
