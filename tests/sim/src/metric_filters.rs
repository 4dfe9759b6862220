//! Metric filters of CloudWatch Logs: kept, answered, and evaluated on what trails deliver. moto's own accept a group that does not exist, and
//! make a twin of a filter that is put again.

use crate::aws_error::AwsError;
use crate::backend::At;
use crate::filter_pattern::matches;
use crate::wire::{Answer, Call};
use crate::world::{World, guard};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Filters by account, Region and group, then name.
#[derive(Debug, Default)]
pub struct MetricFilters(Mutex<BTreeMap<[String; 3], BTreeMap<String, Value>>>);

impl MetricFilters {
    pub fn clear(&self) {
        guard(&self.0).clear();
    }
}

/// How many of `events`, which arrive in a log group, each metric counts: by namespace and name.
pub fn count<'a>(world: &World, at: At<'_>, group: &str, events: impl Iterator<Item = &'a Value> + Clone) -> BTreeMap<[String; 2], usize> {
    let place = [at.account.to_owned(), at.region.to_owned(), group.to_owned()];
    let mut counts = BTreeMap::new();
    for filter in guard(&world.metric_filters.0).get(&place).into_iter().flat_map(BTreeMap::values) {
        let pattern = filter["filterPattern"].as_str().unwrap_or_default();
        let found = events.clone().filter(|event| matches(pattern, event) == Some(true)).count();
        let metric = &filter["metricTransformations"][0];
        let name = ["metricNamespace", "metricName"].map(|field| metric[field].as_str().unwrap_or_default().to_owned());
        *counts.entry(name).or_default() += found;
    }
    counts
}

/// Most filters of a log group.
const MOST: usize = 100;
const PAGE: u64 = 50;

pub async fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let input = call.json()?;
    let answer = match call.operation.as_str() {
        "PutMetricFilter" => put(world, call, &input).await?,
        "DescribeMetricFilters" => describe(world, call, &input).await?,
        "DeleteMetricFilter" => delete(world, call, &input).await?,
        "DeleteLogGroup" => {
            let answer = world.backend.forward(call).await?;
            if answer.is_ok() {
                guard(&world.metric_filters.0).remove(&place(call, &input));
            }
            return Ok(answer);
        }
        _ => return world.backend.forward(call).await,
    };
    Ok(Answer::json(&answer, &call.request_id))
}

fn place(call: &Call, input: &Value) -> [String; 3] {
    [call.caller.account.clone(), call.region.clone(), input["logGroupName"].as_str().unwrap_or_default().to_owned()]
}

fn invalid(message: &str) -> AwsError {
    AwsError::bad("InvalidParameterException", message)
}

/// The group of a call, which must exist.
async fn group(world: &World, call: &Call, input: &Value) -> Result<[String; 3], AwsError> {
    let place = place(call, input);
    let at = At { account: &call.caller.account, region: &call.region };
    if world.backend.log_group_exists(at, &place[2]).await? {
        return Ok(place);
    }
    Err(AwsError::bad("ResourceNotFoundException", "The specified log group does not exist."))
}

async fn put(world: &World, call: &Call, input: &Value) -> Result<Value, AwsError> {
    let name = input["filterName"].as_str().filter(|name| (1..=512).contains(&name.len()) && !name.contains([':', '*']));
    let name = name.ok_or_else(|| invalid("filterName: 1 to 512 characters without : and *"))?;
    let pattern = input["filterPattern"].as_str().filter(|pattern| pattern.chars().count() <= 1024);
    let pattern = pattern.ok_or_else(|| invalid("filterPattern: up to 1024 characters"))?;
    // The least that AWS says of a JSON pattern: what is opened must be closed.
    let (opened, closed) = (pattern.matches(['{', '(']).count(), pattern.matches(['}', ')']).count());
    if pattern.trim_start().starts_with('{') && opened != closed {
        return Err(invalid("Invalid metric filter pattern"));
    }
    let transformations = input["metricTransformations"].as_array().filter(|list| list.len() == 1);
    let transformation = transformations.and_then(|list| list.first()).ok_or_else(|| invalid("metricTransformations: exactly one"))?;
    if ["metricName", "metricNamespace", "metricValue"].iter().any(|field| transformation[*field].as_str().is_none_or(str::is_empty)) {
        return Err(invalid("metricTransformations: metricName, metricNamespace and metricValue are required"));
    }
    let place = group(world, call, input).await?;
    if world.log_groups.class(&place.join("/")) == "INFREQUENT_ACCESS" {
        return Err(AwsError::bad("InvalidOperationException", "The log group class does not support metric filters."));
    }
    let mut kept: Map<String, Value> = input.as_object().cloned().unwrap_or_default();
    kept.insert("creationTime".to_owned(), json!(world.clock.now().as_millisecond()));
    let mut filters = guard(&world.metric_filters.0);
    let filters = filters.entry(place).or_default();
    if filters.len() >= MOST && !filters.contains_key(name) {
        return Err(AwsError::bad("LimitExceededException", "Resource limit exceeded."));
    }
    filters.insert(name.to_owned(), Value::Object(kept));
    Ok(json!({}))
}

async fn describe(world: &World, call: &Call, input: &Value) -> Result<Value, AwsError> {
    if input["logGroupName"].is_null() {
        return Err(AwsError::not_implemented("logs", "DescribeMetricFilters without logGroupName"));
    }
    let place = group(world, call, input).await?;
    let page = usize::try_from(input["limit"].as_u64().unwrap_or(PAGE)).unwrap_or(MOST).clamp(1, MOST);
    let (prefix, after) = (input["filterNamePrefix"].as_str().unwrap_or_default(), input["nextToken"].as_str().unwrap_or_default());
    let filters = guard(&world.metric_filters.0);
    let mut found = filters.get(&place).into_iter().flatten().filter(|(name, _)| name.starts_with(prefix) && name.as_str() > after);
    let shown: Vec<_> = found.by_ref().take(page).collect();
    let next = found.next().and(shown.last()).map(|(name, _)| (*name).clone());
    Ok(json!({ "metricFilters": shown.iter().map(|(_, filter)| *filter).collect::<Vec<_>>(), "nextToken": next }))
}

async fn delete(world: &World, call: &Call, input: &Value) -> Result<Value, AwsError> {
    let place = group(world, call, input).await?;
    let removed = guard(&world.metric_filters.0).entry(place).or_default().remove(input["filterName"].as_str().unwrap_or_default());
    match removed {
        Some(_) => Ok(json!({})),
        None => Err(AwsError::bad("ResourceNotFoundException", "The specified metric filter does not exist.")),
    }
}
