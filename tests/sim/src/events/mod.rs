//! What CloudTrail has recorded: each call as an event of every account that it concerns. Stores events and says which
//! trails log them; who delivers them is elsewhere.

pub mod parameters;
mod record;

pub mod resources;
pub mod selection;

pub use record::seconds;

use crate::cloudtrail::model::Trail;
use crate::identity::is_account_id;
use crate::record::CallRecord;
use crate::world::{World, guard};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

#[derive(Debug)]
pub struct Event {
    /// The account whose history and trails get it; a call across accounts makes one for each.
    pub account: String,
    pub region: String,
    pub time: Timestamp,
    pub management: bool,
    /// Of a service without Regions.
    pub global: bool,
    pub read_only: bool,
    /// The caller as LookupEvents names it.
    pub username: String,
    /// The full CloudTrail record.
    pub record: Value,
}

impl Event {
    /// A text at the top of the record; empty when it is not there.
    pub fn text(&self, field: &str) -> &str {
        self.record[field].as_str().unwrap_or_default()
    }
}

#[derive(Debug, Default)]
pub struct Events {
    all: Mutex<Vec<Arc<Event>>>,
}

impl Events {
    /// In the order of recording.
    pub fn find(&self, filter: impl Fn(&Event) -> bool) -> Vec<Arc<Event>> {
        guard(&self.all).iter().filter(|event| filter(event)).cloned().collect()
    }

    pub fn clear(&self) {
        guard(&self.all).clear();
    }
}

/// Takes in an answered call: keeps its events and hands them to the trails that log them. `logging` has the trails
/// that were logging when the call arrived, so that StopLogging is still logged and StartLogging is not.
pub fn observe(world: &World, call: &CallRecord, logging: &HashSet<String>) {
    let Some(caller) = &call.caller else { return };
    // S3 turned the request away to another Region, where it counts.
    if call.http_status == 301 {
        return;
    }
    if call.service == "events" && call.operation == "PutRule" && call.error_code.is_none() {
        world.bus.learn_rule(&caller.account, &call.region);
    }
    let owner = owner(world, call).unwrap_or_else(|| caller.account.clone());
    let accounts = if owner == caller.account || call.error_code.is_some() { vec![&caller.account] } else { vec![&caller.account, &owner] };
    let shared = (accounts.len() > 1).then(|| uuid::Uuid::new_v4().to_string());
    for account in accounts {
        let event = Arc::new(event(world, call, account, &owner, shared.as_deref()));
        guard(&world.events.all).push(Arc::clone(&event));
        let is_logged = |trail: &Trail| logging.contains(&trail.arn) && selection::logs(trail, &event, world);
        let logged_by: Vec<Trail> = world.trails.with(|all| all.iter().filter(|trail| is_logged(trail)).cloned().collect());
        crate::delivery::take(world, &event, logged_by);
    }
}

fn event(world: &World, call: &CallRecord, account: &str, owner: &str, shared: Option<&str>) -> Event {
    let region = region(world, call);
    let mut record = record::build(call, account, owner, &region);
    if let Some(id) = shared {
        record["sharedEventID"] = json!(id);
    }
    let leader = leader_region(&region);
    Event {
        global: record::is_global(&call.service) && region == leader,
        account: account.to_owned(),
        region,
        time: call.time,
        management: call.management,
        read_only: call.read_only,
        username: call.caller.as_ref().map(record::username).unwrap_or_default(),
        record,
    }
}

/// The account that owns what the call is about, where that can be another than the caller's.
fn owner(world: &World, call: &CallRecord) -> Option<String> {
    let parameter = |name: &str| call.request_parameters[name].as_str();
    match call.service.as_str() {
        "s3" => world.buckets.get(parameter("bucketName")?).map(|bucket| bucket.owner),
        "sts" => parameter("roleArn").and_then(account_of),
        "kms" => parameter("keyId").and_then(account_of),
        _ => None,
    }
}

fn account_of(arn: &str) -> Option<String> {
    arn.split(':').nth(4).filter(|account| is_account_id(account)).map(str::to_owned)
}

/// Where CloudTrail says a call happened: services without Regions in the partition's first, a bucket's where it is.
fn region(world: &World, call: &CallRecord) -> String {
    let leader = leader_region(&call.region);
    match call.service.as_str() {
        "iam" | "organizations" => leader.to_owned(),
        "s3" => {
            let bucket = call.request_parameters["bucketName"].as_str().and_then(|name| world.buckets.get(name));
            bucket.map_or_else(|| call.region.clone(), |bucket| bucket.region)
        }
        _ => call.region.clone(),
    }
}

fn leader_region(region: &str) -> &'static str {
    match crate::identity::partition(region) {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    }
}
