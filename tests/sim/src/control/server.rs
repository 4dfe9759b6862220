//! The server side of the control endpoint: turns HTTP into calls on the world's parts.

use super::Now;
use crate::aws_error::AwsError;
use crate::clock::ClockChange;
use crate::cloudtrail::model::Trail;
use crate::delivery::Round;
use crate::faults::FaultRule;
use crate::organizations::Organization;
use crate::record::CallFilter;
use crate::world::{Settings, Shared};
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

pub fn router(world: Shared) -> Router {
    Router::new()
        .route("/_sim/health", get(async || Json(json!({ "ok": true }))))
        .route("/_sim/calls", get(calls))
        .route("/_sim/reset", post(reset))
        .route("/_sim/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/_sim/settings", get(settings).put(set_settings))
        .route("/_sim/clock", get(clock).post(change_clock))
        .route("/_sim/organizations", get(organizations).put(set_organizations).post(put_organization))
        .route("/_sim/enforced", post(enforce))
        .route("/_sim/trails", get(trails))
        .route("/_sim/lake", post(open_lake))
        .route("/_sim/deliver", post(deliver))
        .route("/_sim/rotate", post(rotate))
        .with_state(world)
}

async fn calls(State(world): State<Shared>, Query(filter): Query<CallFilter>) -> Json<Value> {
    // Read before the calls, so that none falls between this answer and the next.
    let next = world.recorder.next_index();
    let calls = world.recorder.find(&filter);
    let calls: Vec<_> = calls.iter().filter(|call| call.index < next).map(AsRef::as_ref).collect();
    Json(json!({ "next": next, "calls": calls }))
}

async fn reset(State(world): State<Shared>) -> Result<StatusCode, Failure> {
    world.reset().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_faults(State(world): State<Shared>) -> Json<Vec<FaultRule>> {
    Json(world.faults.list())
}

async fn add_fault(State(world): State<Shared>, Json(rule): Json<FaultRule>) -> StatusCode {
    world.faults.add(rule);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(world): State<Shared>, Query(of): Query<OfAccount>) -> StatusCode {
    match of.account {
        Some(account) => world.faults.clear_of(&account),
        None => world.faults.clear(),
    }
    StatusCode::NO_CONTENT
}

async fn settings(State(world): State<Shared>) -> Json<Settings> {
    Json(world.settings())
}

async fn set_settings(State(world): State<Shared>, Json(settings): Json<Settings>) -> StatusCode {
    world.set_settings(settings);
    StatusCode::NO_CONTENT
}

async fn clock(State(world): State<Shared>) -> Json<Now> {
    Json(Now { now: world.clock.now() })
}

async fn change_clock(State(world): State<Shared>, Json(change): Json<ClockChange>) -> Json<Now> {
    Json(Now { now: world.clock.change(&change) })
}

async fn organizations(State(world): State<Shared>) -> Json<Vec<Organization>> {
    Json(world.organizations.list())
}

async fn set_organizations(State(world): State<Shared>, Json(all): Json<Vec<Organization>>) -> StatusCode {
    world.organizations.set(all);
    StatusCode::NO_CONTENT
}

async fn put_organization(State(world): State<Shared>, Json(organization): Json<Organization>) -> StatusCode {
    world.organizations.put(organization);
    StatusCode::NO_CONTENT
}

/// From now on the role may do only what its own policies allow.
async fn enforce(State(world): State<Shared>, Json(of): Json<OfRole>) -> Result<StatusCode, (StatusCode, String)> {
    let failed = |error: anyhow::Error| (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"));
    world.enforcement.enforce(of.role_arn).await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers when all that waited was delivered, or failed once more.
async fn deliver(State(world): State<Shared>) -> Json<Round> {
    let round = crate::delivery::round(&world).await;
    crate::eventbridge::drain(&world).await;
    Json(round)
}

/// From now on digests of the Region are signed with a new key.
async fn rotate(State(world): State<Shared>, Json(of): Json<OfRegion>) -> StatusCode {
    world.delivery.rotations.rotate(&of.region, world.clock.now());
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct OfRegion {
    region: String,
}

#[derive(Debug, Deserialize)]
struct OfRole {
    role_arn: String,
}

#[derive(Debug, Deserialize)]
struct OfAccount {
    account: Option<String>,
}

async fn trails(State(world): State<Shared>, Query(filter): Query<OfAccount>) -> Json<Vec<Trail>> {
    let is_asked = |trail: &Trail| filter.account.as_deref().is_none_or(|account| account == trail.account);
    Json(world.trails.matching(is_asked))
}

#[derive(Debug, Deserialize)]
struct Customer {
    account: String,
}

/// The account counts as a customer of CloudTrail Lake from before its closure.
async fn open_lake(State(world): State<Shared>, Json(customer): Json<Customer>) -> StatusCode {
    world.lake.open_to(customer.account);
    StatusCode::NO_CONTENT
}

struct Failure(AwsError);

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> axum::response::Response {
        (StatusCode::BAD_GATEWAY, self.0.to_string()).into_response()
    }
}
