//! CreateEventDataStore, UpdateEventDataStore, GetEventDataStore, ListEventDataStores, DeleteEventDataStore, RestoreEventDataStore.

use super::super::model::{AdvancedEventSelector, Selectors};
use super::super::tags::{Tag, merge_tags};
use super::super::{errors as trail_errors, input, organization, selectors};
use super::model::{Federation, Status, Store, WAIT};
use super::{errors, find, may_see};
use crate::aws_error::AwsError;
use crate::backend::At;
use crate::identity::partition;
use crate::organizations::CLOUDTRAIL;
use crate::policy::{Context, Decision, Principal, Request as Asked, evaluate};
use crate::wire::Call;
use crate::world::World;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const STORES_PER_REGION: usize = 10;
const EXTENDABLE: &str = "EXTENDABLE_RETENTION_PRICING";
const FIXED: &str = "FIXED_RETENTION_PRICING";

/// The members that create and update share. In an update an absent member keeps.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    event_data_store: Option<String>,
    name: Option<String>,
    advanced_event_selectors: Option<Vec<AdvancedEventSelector>>,
    multi_region_enabled: Option<bool>,
    organization_enabled: Option<bool>,
    retention_period: Option<i64>,
    termination_protection_enabled: Option<bool>,
    kms_key_id: Option<String>,
    start_ingestion: Option<bool>,
    billing_mode: Option<String>,
    #[serde(default)]
    tags_list: Vec<Tag>,
}

pub async fn create(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Request = input(call)?;
    let now = world.clock.now();
    if !is_customer(world, &call.caller.account, now) {
        return Err(errors::closed());
    }
    let account =
        if request.organization_enabled == Some(true) { organization::management_of(world, call)? } else { call.caller.account.clone() };
    let id = uuid::Uuid::new_v4().to_string();
    let billing = request.billing_mode.clone().unwrap_or_else(|| EXTENDABLE.to_owned());
    let mut store = Store {
        arn: format!("arn:{}:cloudtrail:{}:{account}:eventdatastore/{id}", partition(&call.region), call.region),
        id,
        name: String::new(),
        account,
        region: call.region.clone(),
        status: Status::Created { until: later(world, now), ingests: request.start_ingestion.unwrap_or(true) },
        selectors: default_selectors(),
        multi_region: true,
        organization: false,
        retention: if billing == FIXED { 2557 } else { 366 },
        billing,
        protected: true,
        kms_key: None,
        tags: merge_tags(&BTreeMap::new(), &request.tags_list)?,
        federation: Federation::Disabled,
        insights: Vec::new(),
        insights_destination: None,
        created: now,
        updated: now,
    };
    merge(&mut store, &request)?;
    check_key(world, call, &mut store).await?;
    let mut answer = store.described();
    answer["TagsList"] = store.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    world.lake.with(now, |state| {
        let mut here = state.stores.iter().filter(|other| other.account == store.account && other.region == store.region);
        if here.clone().any(|other| other.name == store.name) {
            return Err(errors::exists(&store.name));
        }
        if here.by_ref().count() >= STORES_PER_REGION {
            return Err(errors::too_many());
        }
        state.stores.push(store);
        Ok(())
    })?;
    Ok(answer)
}

/// When a change that was begun now is done.
pub(super) fn later(world: &World, now: Timestamp) -> Timestamp {
    let wait = SignedDuration::from_millis(i64::try_from(world.settings().lake_transition_ms).unwrap_or(0));
    now.saturating_add(wait).unwrap_or(now)
}

/// Who has a store, or is in an organization with an organization store, was there before the closure.
fn is_customer(world: &World, account: &str, now: Timestamp) -> bool {
    let management = world.organizations.of(account).map(|organization| organization.management_account);
    world.lake.with(now, |state| {
        let organizations = |store: &Store| store.organization && Some(&store.account) == management.as_ref();
        state.open.contains(account) || state.stores.iter().any(|store| store.account == account || organizations(store))
    })
}

fn default_selectors() -> Vec<AdvancedEventSelector> {
    match Selectors::default_advanced() {
        Selectors::Advanced(all) => all,
        Selectors::Basic(_) => Vec::new(),
    }
}

pub async fn update(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Request = input(call)?;
    let now = world.clock.now();
    let mut store = find(world, call, request.event_data_store.as_deref().unwrap_or_default())?;
    writable(&store)?;
    not_importing(world, &store, now)?;
    let before = store.clone();
    merge(&mut store, &request)?;
    if store.billing == FIXED && before.billing == EXTENDABLE {
        return Err(errors::invalid("The billing mode cannot be changed from EXTENDABLE_RETENTION_PRICING to FIXED_RETENTION_PRICING."));
    }
    if store.organization != before.organization {
        organization::may_convert(world, call)?;
    }
    if request.kms_key_id.is_some() {
        check_key(world, call, &mut store).await?;
    }
    if before.kms_key.is_some() && before.kms_key != store.kms_key {
        return Err(errors::invalid("The KMS key of an event data store cannot be removed or changed once it is set."));
    }
    store.updated = now;
    let answer = store.with_federation();
    world.lake.with(now, |state| {
        let taken = |other: &Store| {
            other.arn != store.arn && other.account == store.account && other.region == store.region && other.name == store.name
        };
        if state.stores.iter().any(taken) {
            return Err(errors::exists(&store.name));
        }
        match state.stores.iter_mut().find(|other| other.arn == store.arn) {
            // Only what this operation owns: others may have changed meanwhile.
            Some(stored) => {
                *stored = Store {
                    status: stored.status,
                    tags: stored.tags.clone(),
                    federation: stored.federation.clone(),
                    insights: stored.insights.clone(),
                    insights_destination: stored.insights_destination.clone(),
                    ..store
                }
            }
            None => return Err(errors::not_found(&store.arn)),
        }
        Ok(())
    })?;
    Ok(answer)
}

/// Applies the members that need no look outside, and holds the rules between them.
fn merge(store: &mut Store, request: &Request) -> Result<(), AwsError> {
    if let Some(name) = &request.name {
        store.name.clone_from(name);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !(3..=128).contains(&store.name.len()) || !store.name.chars().all(allowed) {
        return Err(errors::invalid(format!(
            "The name '{}' must have 3 to 128 letters, digits, periods, hyphens and underscores.",
            store.name
        )));
    }
    if let Some(given) = request.advanced_event_selectors.as_ref().filter(|given| !given.is_empty()) {
        selectors::check_store(given)?;
        store.selectors.clone_from(given);
    }
    if let Some(mode) = &request.billing_mode {
        if mode != EXTENDABLE && mode != FIXED {
            return Err(errors::invalid(format!("BillingMode '{mode}' is not valid.")));
        }
        store.billing.clone_from(mode);
    }
    store.multi_region = request.multi_region_enabled.unwrap_or(store.multi_region);
    store.organization = request.organization_enabled.unwrap_or(store.organization);
    store.protected = request.termination_protection_enabled.unwrap_or(store.protected);
    store.retention = request.retention_period.unwrap_or(store.retention);
    let most = if store.billing == FIXED { 2557 } else { 3653 };
    if !(7..=most).contains(&store.retention) {
        return Err(errors::invalid(format!("RetentionPeriod must be from 7 to {most} days with BillingMode {}.", store.billing)));
    }
    if let Some(key) = request.kms_key_id.as_ref().filter(|key| !key.is_empty()) {
        store.kms_key = Some(key.clone());
    }
    Ok(())
}

/// Puts the key's ARN in the place of what was typed, once CloudTrail may use the key.
async fn check_key(world: &World, call: &Call, store: &mut Store) -> Result<(), AwsError> {
    let Some(typed) = store.kms_key.clone() else { return Ok(()) };
    let owner = typed.split(':').nth(4).filter(|account| !account.is_empty()).unwrap_or(&call.caller.account).to_owned();
    let at = At { account: &owner, region: &call.region };
    let metadata = world.backend.key(at, &typed).await?.ok_or_else(|| trail_errors::key_not_found(&typed))?;
    let arn = metadata["Arn"].as_str().unwrap_or_default().to_owned();
    let state = metadata["KeyState"].as_str().unwrap_or("Enabled");
    if state != "Enabled" {
        return Err(trail_errors::key_unusable(&arn, state));
    }
    let policy = world.backend.key_policy(at, metadata["KeyId"].as_str().unwrap_or_default()).await?;
    let may = |action: &str| {
        let context = Context::default()
            .with("aws:SourceArn", &store.arn)
            .with("aws:SourceAccount", &store.account)
            .with("aws:PrincipalIsAWSService", "true");
        evaluate(&policy, &Asked { principal: Principal::Service(CLOUDTRAIL), action, resource: Some(&arn), context }) == Decision::Allowed
    };
    if !["kms:GenerateDataKey", "kms:Decrypt"].iter().all(|action| may(action)) {
        return Err(errors::key_policy(&arn));
    }
    store.kms_key = Some(arn);
    Ok(())
}

/// Writes need a store that is not on its way to its end, nor to another status.
pub(super) fn writable(store: &Store) -> Result<(), AwsError> {
    match store.status {
        Status::PendingDeletion { .. } => Err(errors::inactive()),
        status if !status.is_settled() => Err(errors::not_ready(status.word())),
        _ => Ok(()),
    }
}

fn not_importing(world: &World, store: &Store, now: Timestamp) -> Result<(), AwsError> {
    let ongoing =
        world.lake.with(now, |state| state.imports.iter().any(|import| import.destination == store.arn && import.is_ongoing(now)));
    if ongoing { Err(errors::has_import()) } else { Ok(()) }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    #[serde(default)]
    pub event_data_store: String,
}

pub fn get(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Named = input(call)?;
    Ok(find(world, call, &request.event_data_store)?.with_federation())
}

/// Name and ARN only: AWS answers no more. Those pending deletion are among them.
pub fn list(world: &World, call: &Call) -> Result<Value, AwsError> {
    let seen = |store: &&Store| store.region == call.region && may_see(world, store, &call.caller.account);
    let entry = |store: &Store| json!({ "EventDataStoreArn": store.arn, "Name": store.name });
    let found: Vec<Value> = world.lake.with(world.clock.now(), |state| state.stores.iter().filter(seen).map(entry).collect());
    Ok(json!({ "EventDataStores": found }))
}

pub fn delete(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Named = input(call)?;
    let now = world.clock.now();
    let store = find(world, call, &request.event_data_store)?;
    writable(&store)?;
    not_importing(world, &store, now)?;
    if store.protected {
        return Err(errors::protected());
    }
    if store.federation != Federation::Disabled {
        return Err(errors::federated());
    }
    let until = now.saturating_add(WAIT).unwrap_or(now);
    change(world, &store, now, |store| {
        store.status = Status::PendingDeletion { until, ingested: store.status == Status::Enabled };
    });
    Ok(json!({}))
}

/// A restored store goes on as it was before its deletion.
pub fn restore(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Named = input(call)?;
    let now = world.clock.now();
    let store = find(world, call, &request.event_data_store)?;
    let Status::PendingDeletion { ingested, .. } = store.status else { return Err(errors::invalid_status(store.status.word())) };
    let status = Status::settled(ingested);
    change(world, &store, now, |store| store.status = status);
    Ok(Store { status, ..store }.described())
}

/// Changes one store, if it is still there.
pub(super) fn change(world: &World, store: &Store, now: Timestamp, change: impl FnOnce(&mut Store)) {
    world.lake.with(now, |state| state.stores.iter_mut().find(|other| other.arn == store.arn).map(change));
}
