//! StartImport, StopImport, GetImport, ListImports. An import copies nothing here: it takes its time, and is done.

use super::super::input;
use super::lifecycle::{later, writable};
use super::model::{Import, Status};
use super::switches::trusted;
use super::{errors, find};
use crate::aws_error::AwsError;
use crate::wire::Call;
use crate::world::World;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Start {
    import_id: Option<String>,
    #[serde(default)]
    destinations: Vec<String>,
    import_source: Option<Source>,
    start_event_time: Option<f64>,
    end_event_time: Option<f64>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(rename = "S3")]
    s3: S3,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct S3 {
    #[serde(rename = "S3LocationUri")]
    uri: String,
    #[serde(rename = "S3BucketRegion")]
    region: String,
    #[serde(rename = "S3BucketAccessRoleArn")]
    role: String,
}

pub async fn start(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Start = input(call)?;
    let now = world.clock.now();
    if let Some(id) = &request.import_id {
        return retry(world, call, id);
    }
    let ([destination], Some(Source { s3 })) = (request.destinations.as_slice(), request.import_source) else {
        return Err(errors::invalid("A new import needs Destinations, with one ARN, and ImportSource."));
    };
    let store = find(world, call, destination)?;
    match store.status {
        Status::Enabled | Status::Stopped => {}
        _ => writable(&store)?,
    }
    if !["Management", "Data", "NetworkActivity"].contains(&store.category()) {
        return Err(errors::category(store.category()));
    }
    if request.start_event_time.zip(request.end_event_time).is_some_and(|(from, to)| from > to) {
        return Err(errors::invalid("StartEventTime must not be after EndEventTime."));
    }
    let bucket = s3.uri.strip_prefix("s3://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let found = world.buckets.get(bucket).filter(|found| found.region == s3.region);
    if found.is_none() {
        return Err(errors::import_source(format!("The source S3 bucket '{bucket}' is not valid for import.")));
    }
    trusted(world, call, &s3.role, "cloudtrail.amazonaws.com").await?;
    let copies = later(world, now);
    let import = Import {
        id: uuid::Uuid::new_v4().to_string(),
        account: call.caller.account.clone(),
        region: call.region.clone(),
        destination: store.arn,
        source: json!({ "S3": { "S3LocationUri": s3.uri, "S3BucketRegion": s3.region, "S3BucketAccessRoleArn": s3.role } }),
        from: request.start_event_time,
        to: request.end_event_time,
        created: now,
        copies,
        completes: later(world, copies),
        stopped: false,
    };
    let answer = import.described(now);
    world.lake.with(now, |state| {
        if state.imports.iter().any(|other| other.account == import.account && other.is_ongoing(now)) {
            return Err(errors::account_imports());
        }
        state.imports.push(import);
        Ok(())
    })?;
    Ok(answer)
}

/// A stopped import goes on.
fn retry(world: &World, call: &Call, id: &str) -> Result<Value, AwsError> {
    let now = world.clock.now();
    let completes = later(world, now);
    with(world, call, id, |import| {
        import.stopped = false;
        import.completes = completes;
        import.described(now)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    #[serde(default)]
    import_id: String,
}

pub fn stop(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Named = input(call)?;
    let now = world.clock.now();
    with(world, call, &request.import_id, |import| {
        import.stopped |= import.is_ongoing(now);
        import.described(now)
    })
}

pub fn get(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Named = input(call)?;
    with(world, call, &request.import_id, |import| {
        let mut value = import.described(world.clock.now());
        value["ImportStatistics"] =
            json!({ "PrefixesFound": 1, "PrefixesCompleted": 1, "FilesCompleted": 0, "EventsCompleted": 0, "FailedEntries": 0 });
        value
    })
}

fn with<T>(world: &World, call: &Call, id: &str, work: impl FnOnce(&mut Import) -> T) -> Result<T, AwsError> {
    world.lake.with(world.clock.now(), |state| {
        let mine = |import: &&mut Import| import.id == id && import.account == call.caller.account && import.region == call.region;
        state.imports.iter_mut().find(mine).map(work).ok_or_else(|| errors::import_missing(id))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    destination: Option<String>,
    import_status: Option<String>,
}

/// Newest first.
pub fn list(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: List = input(call)?;
    let now = world.clock.now();
    let fits = |import: &&Import| {
        import.account == call.caller.account
            && import.region == call.region
            && request.destination.as_ref().is_none_or(|wanted| *wanted == import.destination)
            && request.import_status.as_ref().is_none_or(|wanted| wanted == import.status(now))
    };
    let found: Vec<Value> =
        world.lake.with(now, |state| state.imports.iter().rev().filter(fits).map(|import| import.listed(now)).collect());
    Ok(json!({ "Imports": found }))
}
