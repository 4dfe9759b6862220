//! CloudTrail Lake: event data stores, their state machine, federation, Insights, imports. AWS closed it to new customers on
//! 2026-05-31: only accounts that have a store, or that a test opened it to, may create one.

mod errors;
mod imports;
mod insights;
mod lifecycle;
mod model;
mod store;
mod switches;
mod tags;

use crate::aws_error::AwsError;
use crate::wire::Call;
use crate::world::World;
use model::Store;
use serde_json::Value;

pub use insights::{get as get_insights, put as put_insights};
pub use store::Lake;
pub use tags::{add as add_tags, list as list_tags, remove as remove_tags};

/// Answers an operation of Lake; none if it is not one.
pub async fn handle(world: &World, call: &Call) -> Option<Result<Value, AwsError>> {
    let answer = match call.operation.as_str() {
        "CreateEventDataStore" => lifecycle::create(world, call).await,
        "UpdateEventDataStore" => lifecycle::update(world, call).await,
        "GetEventDataStore" => lifecycle::get(world, call),
        "ListEventDataStores" => lifecycle::list(world, call),
        "DeleteEventDataStore" => lifecycle::delete(world, call),
        "RestoreEventDataStore" => lifecycle::restore(world, call),
        "StartEventDataStoreIngestion" => switches::start_ingestion(world, call),
        "StopEventDataStoreIngestion" => switches::stop_ingestion(world, call),
        "EnableFederation" => switches::enable_federation(world, call).await,
        "DisableFederation" => switches::disable_federation(world, call),
        "StartImport" => imports::start(world, call).await,
        "StopImport" => imports::stop(world, call),
        "GetImport" => imports::get(world, call),
        "ListImports" => imports::list(world, call),
        _ => return None,
    };
    Some(answer)
}

/// Whether an ARN names an event data store.
pub fn is_store(arn: &str) -> bool {
    arn.starts_with("arn:") && arn.contains(":cloudtrail:") && arn.contains(":eventdatastore/")
}

/// The store that an ARN, or the id at its end, names for this caller, in the Region of the call.
fn find(world: &World, call: &Call, wanted: &str) -> Result<Store, AwsError> {
    let id = if wanted.starts_with("arn:") {
        let fields: Vec<&str> = wanted.splitn(6, ':').collect();
        let ["arn", _, "cloudtrail", region, _, resource] = fields[..] else { return Err(errors::invalid_arn(wanted)) };
        let Some(id) = resource.strip_prefix("eventdatastore/").filter(|_| region == call.region) else {
            return Err(errors::invalid_arn(wanted));
        };
        id
    } else if wanted.is_empty() {
        return Err(errors::invalid_arn(wanted));
    } else {
        wanted
    };
    let account = &call.caller.account;
    let is_it = |store: &&Store| store.id == id && store.region == call.region && may_see(world, store, account);
    world.lake.with(world.clock.now(), |state| state.stores.iter().find(is_it).cloned()).ok_or_else(|| errors::not_found(wanted))
}

/// Own stores; those of the organization if the account administers CloudTrail there.
fn may_see(world: &World, store: &Store, account: &str) -> bool {
    let administers = || world.organizations.of(&store.account).is_some_and(|organization| organization.administers_cloudtrail(account));
    store.account == account || (store.organization && administers())
}
