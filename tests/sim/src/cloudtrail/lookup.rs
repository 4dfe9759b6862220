//! LookupEvents: the management events of one account and Region of the last 90 days, newest first.

use super::{errors, input, reads};
use crate::aws_error::AwsError;
use crate::delivery::sha256;
use crate::events::{Event, resources};
use crate::wire::Call;
use crate::world::World;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::sync::Arc;

const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
const MAX_RESULTS: i64 = 50;
const KEYS: [&str; 8] = ["EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    #[serde(default)]
    lookup_attributes: Option<Vec<Attribute>>,
    start_time: Option<f64>,
    end_time: Option<f64>,
    event_category: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    #[serde(default)]
    attribute_key: String,
    #[serde(default)]
    attribute_value: String,
}

/// Where the next page goes on, and of which query; a token of another query is refused.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    after: String,
    query: String,
}

pub fn lookup(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Request = input(call)?;
    let attribute = attribute(&request)?;
    let limit = limit(request.max_results)?;
    let (start, end) = (time(request.start_time)?, time(request.end_time)?);
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        return Err(errors::invalid_time_range());
    }
    let insights = match request.event_category.as_deref() {
        None => false,
        Some("insight") => true,
        Some(other) => return Err(errors::invalid_event_category(other)),
    };
    let query = fingerprint(&request);
    let token = request.next_token.as_deref().map(|text| token(text, &query)).transpose()?;

    // No Insights event ever comes about here.
    let found = if insights { Vec::new() } else { find(world, call, attribute.as_ref(), start, end) };
    let begin = match token {
        None => 0,
        Some(token) => 1 + found.iter().position(|event| event.text("eventID") == token.after).ok_or_else(errors::invalid_next_token)?,
    };
    let page: Vec<_> = found.iter().skip(begin).take(limit).collect();
    let mut answer = json!({ "Events": page.iter().map(|event| shown(event)).collect::<Vec<_>>() });
    if let Some(last) = page.last().filter(|_| begin + page.len() < found.len()) {
        let token = json!(Token { after: last.text("eventID").to_owned(), query });
        answer["NextToken"] = json!(STANDARD.encode(token.to_string()));
    }
    Ok(answer)
}

fn attribute(request: &Request) -> Result<Option<Attribute>, AwsError> {
    let attributes = request.lookup_attributes.as_deref().unwrap_or_default();
    let [attribute] = attributes else {
        return if attributes.is_empty() { Ok(None) } else { Err(errors::invalid_lookup("You can use only one lookup attribute.")) };
    };
    if !KEYS.contains(&attribute.attribute_key.as_str()) {
        return Err(errors::invalid_lookup(format!("The attribute key '{}' is not valid.", attribute.attribute_key)));
    }
    // These characters count twice.
    let length: usize = attribute.attribute_value.chars().map(|c| if matches!(c, '_' | ' ' | ',' | '\n') { 2 } else { 1 }).sum();
    if !(1..=2000).contains(&length) {
        return Err(errors::invalid_lookup("An attribute value has 1 to 2000 characters."));
    }
    Ok(Some(attribute.clone()))
}

fn limit(wanted: Option<i64>) -> Result<usize, AwsError> {
    let wanted = wanted.unwrap_or(MAX_RESULTS);
    if !(1..=MAX_RESULTS).contains(&wanted) {
        return Err(errors::invalid_max_results());
    }
    usize::try_from(wanted).map_err(|_| errors::invalid_max_results())
}

pub fn time(seconds: Option<f64>) -> Result<Option<Timestamp>, AwsError> {
    let milliseconds = seconds.map(|seconds| (seconds * 1000.0) as i64);
    milliseconds.map(Timestamp::from_millisecond).transpose().map_err(|_| errors::invalid_time_range())
}

fn fingerprint(request: &Request) -> String {
    let parts = json!([request.lookup_attributes, request.start_time, request.end_time, request.event_category]);
    sha256(parts.to_string().as_bytes())
}

fn token(text: &str, query: &str) -> Result<Token, AwsError> {
    let bytes = STANDARD.decode(text).map_err(|_| errors::invalid_next_token())?;
    let token: Token = serde_json::from_slice(&bytes).map_err(|_| errors::invalid_next_token())?;
    if token.query == query { Ok(token) } else { Err(errors::invalid_next_token()) }
}

fn find(world: &World, call: &Call, attribute: Option<&Attribute>, start: Option<Timestamp>, end: Option<Timestamp>) -> Vec<Arc<Event>> {
    let now = world.clock.now();
    let lag = SignedDuration::from_secs(i64::try_from(world.settings().lookup_lag_seconds).unwrap_or(i64::MAX));
    let is_wanted = |event: &Event| {
        let age = now.duration_since(event.time);
        event.management
            && event.account == call.caller.account
            && event.region == call.region
            && age >= lag
            && age <= KEPT
            && start.is_none_or(|start| event.time >= start)
            && end.is_none_or(|end| event.time <= end)
            && attribute.is_none_or(|attribute| has(event, attribute))
    };
    let mut found = world.events.find(is_wanted);
    // Of one instant, the one recorded last comes first.
    found.reverse();
    found.sort_by_key(|event| Reverse(event.time));
    found
}

fn has(event: &Event, attribute: &Attribute) -> bool {
    let wanted = attribute.attribute_value.as_str();
    match attribute.attribute_key.as_str() {
        "EventId" => event.text("eventID") == wanted,
        "EventName" => event.text("eventName") == wanted,
        "ReadOnly" => event.read_only.to_string() == wanted,
        "Username" => event.username == wanted,
        "EventSource" => event.text("eventSource") == wanted,
        "AccessKeyId" => access_key(event) == wanted,
        "ResourceType" => resources::of(event).iter().any(|(kind, _)| *kind == wanted),
        "ResourceName" => resources::of(event).iter().any(|(_, name)| name == wanted),
        _ => false,
    }
}

fn access_key(event: &Event) -> &str {
    event.record["userIdentity"]["accessKeyId"].as_str().unwrap_or_default()
}

fn shown(event: &Event) -> Value {
    let resources = resources::of(event).into_iter().map(|(kind, name)| json!({ "ResourceType": kind, "ResourceName": name }));
    json!({
        "EventId": event.text("eventID"),
        "EventName": event.text("eventName"),
        "ReadOnly": event.read_only.to_string(),
        "AccessKeyId": access_key(event),
        "EventTime": reads::epoch(event.time),
        "EventSource": event.text("eventSource"),
        "Username": event.username,
        "Resources": resources.collect::<Vec<_>>(),
        "CloudTrailEvent": event.record.to_string(),
    })
}
