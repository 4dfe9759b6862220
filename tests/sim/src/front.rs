//! The pipeline of one AWS request: who sent it, which operation, faults, rates, the service, the record.
//! Knows the order of these steps and none of their rules.

use crate::aws_error::{AwsError, Protocol};
use crate::events::parameters;
use crate::faults::{FaultKind, Target};
use crate::identity::{Caller, Rejected};
use crate::operation::{self, Operation};
use crate::record::CallRecord;
use crate::sigv4::Scope;
use crate::wire::{Answer, Call};
use crate::world::{Shared, World};
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::Value;
use std::net::IpAddr;
use std::time::Duration;

/// Marks an answer that the server must not send: it closes the connection instead.
#[derive(Debug, Clone, Copy)]
pub struct CutConnection;

pub async fn answer(world: &Shared, mut parts: Parts, body: Bytes, source: IpAddr) -> Response {
    host_style_to_path(&mut parts);
    let request_id = uuid::Uuid::new_v4().to_string();
    let head = parts.method == Method::HEAD;
    let Some(scope) = Scope::of(&parts) else {
        return unsigned(&parts, &body).response(protocol_of(&parts, &body), &request_id, head);
    };
    let operation = Operation::of(&scope.service, &parts.method, &parts.uri, &parts.headers, &body);
    let caller = world.identities.caller(&scope.access_key, scope.security_token.as_deref(), &scope.region);
    let mut exchange = Exchange { time: world.clock.now(), source, fault: None };

    let faults = world.faults.take(Target {
        service: &scope.service,
        operation: &operation.name,
        account: caller.as_ref().ok().map(|caller| caller.account.as_str()),
        region: &scope.region,
        principal: caller.as_ref().ok().map(|caller| caller.arn.as_str()),
    });
    let decided = carry_out(&faults, &operation, caller.as_ref().ok(), &scope).await;
    exchange.fault = faults.last().map(|fault| fault.name().to_owned());

    let caller = match caller {
        Ok(caller) => caller,
        Err(rejected) => return rejection(&rejected, operation.protocol).response(operation.protocol, &request_id, head),
    };
    if !world.regions.is_on(&caller.account, &scope.region) {
        // As AWS has it: a Region that is off does not know the caller's token.
        return rejection(&Rejected::WrongToken, operation.protocol).response(operation.protocol, &request_id, head);
    }
    let call = Call {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body,
        caller,
        region: scope.region,
        service: scope.service,
        operation: operation.name,
        request_id: request_id.clone(),
    };
    let cut_after = matches!(decided, Some(Ending::CutAfter));
    let decided = match decided {
        Some(Ending::Cut) => return cut(),
        Some(Ending::Error(error)) => Some(error),
        Some(Ending::CutAfter) | None => None,
    };
    // A task of its own: the caller may go away, but what it asked for is done and recorded all the same.
    let done = tokio::spawn(carry_through(world.clone(), call, operation.protocol, decided, exchange)).await;
    match done {
        Ok(_) if cut_after => cut(),
        Ok(Ok(answer)) => answer.into_response(),
        Ok(Err(error)) => error.response(operation.protocol, &request_id, head),
        Err(error) => AwsError::new(500, "InternalFailure", error.to_string()).response(operation.protocol, &request_id, head),
    }
}

async fn carry_through(
    world: Shared,
    call: Call,
    protocol: Protocol,
    decided: Option<AwsError>,
    exchange: Exchange,
) -> Result<Answer, AwsError> {
    let logging = world.trails.logging();
    let result = match decided {
        Some(error) => Err(error),
        None => match world.enforcement.refusal(&world, &call, protocol).await {
            Some(refusal) => Err(refusal),
            None => dispatch(&world, &call, protocol).await,
        },
    };
    let recorded = world.recorder.add(record(&call, &result, exchange));
    crate::events::observe(&world, &recorded, &logging);
    result
}

async fn dispatch(world: &World, call: &Call, protocol: Protocol) -> Result<Answer, AwsError> {
    match call.service.as_str() {
        "cloudtrail" => {
            if world.settings().enforce_rates && !world.rates.admit(&call.caller.account, &call.region, &call.operation) {
                return Err(AwsError::throttled(protocol));
            }
            crate::cloudtrail::handle(world, call).await
        }
        "account" => crate::account::handle(world, call).await,
        "organizations" => crate::organizations::handle(world, call),
        "sts" => crate::sts::handle(world, call).await,
        "s3" => crate::s3::handle(world, call).await,
        "kms" => crate::kms::handle(world, call).await,
        "logs" => crate::logs::handle(world, call).await,
        "athena" => crate::athena::handle(world, call).await,
        "monitoring" => crate::monitoring::handle(world, call).await,
        "sns" => crate::sns::handle(world, call).await,
        _ => {
            let answer = world.backend.forward(call).await?;
            learn_access_keys(world, call, &answer);
            Ok(answer)
        }
    }
}

/// Keys of IAM users exist only in IAM's answers, so they are learned as they pass.
fn learn_access_keys(world: &World, call: &Call, answer: &Answer) {
    if call.service != "iam" || !answer.is_ok() {
        return;
    }
    match call.operation.as_str() {
        "CreateAccessKey" => {
            if let (Some(user), Some(key)) = (answer.xml_text("UserName"), answer.xml_text("AccessKeyId")) {
                world.identities.learn_user(&call.caller.account, &user, &key, &call.region);
            }
        }
        "DeleteAccessKey" => {
            if let Some(key) = call.form("AccessKeyId") {
                world.identities.forget(&key);
            }
        }
        _ => {}
    }
}

/// What a fault makes of a call.
enum Ending {
    Error(AwsError),
    Cut,
    CutAfter,
}

async fn carry_out(faults: &[FaultKind], operation: &Operation, caller: Option<&Caller>, scope: &Scope) -> Option<Ending> {
    let mut ending = None;
    for fault in faults {
        ending = Some(match fault {
            FaultKind::Latency { ms } => {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
                continue;
            }
            FaultKind::Throttle => Ending::Error(AwsError::throttled(operation.protocol)),
            FaultKind::ServerError { status } => {
                Ending::Error(AwsError::new(*status, server_error_code(*status), "We encountered an internal error. Please try again."))
            }
            FaultKind::Cut => Ending::Cut,
            FaultKind::CutAfter => Ending::CutAfter,
            FaultKind::Deny => Ending::Error(denial(operation, caller, scope)),
            FaultKind::Error { status, code, message } => Ending::Error(AwsError::new(*status, code, message)),
        });
    }
    ending
}

fn server_error_code(status: u16) -> &'static str {
    if status == 503 { "ServiceUnavailable" } else { "InternalFailure" }
}

fn denial(operation: &Operation, caller: Option<&Caller>, scope: &Scope) -> AwsError {
    let who = caller.map_or("anonymous", |caller| caller.arn.as_str());
    let message = format!(
        "User: {who} is not authorized to perform: {}:{} because no identity-based policy allows the {}:{} action",
        scope.service, operation.name, scope.service, operation.name
    );
    AwsError::denied(operation.protocol, message)
}

fn cut() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(CutConnection);
    response
}

/// Nobody signed: S3 treats it as anonymous, the others name what is missing.
fn unsigned(parts: &Parts, body: &[u8]) -> AwsError {
    match protocol_of(parts, body) {
        Protocol::RestXml => AwsError::new(403, "AccessDenied", "Access Denied"),
        Protocol::Json => AwsError::bad("MissingAuthenticationTokenException", "Missing Authentication Token"),
        Protocol::RestJson | Protocol::Cbor => AwsError::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        Protocol::Query => AwsError::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
    }
}

/// Without a signature the service is a guess: a form or a target, else S3.
fn protocol_of(parts: &Parts, body: &[u8]) -> Protocol {
    let service = Scope::of(parts).map_or_else(|| "s3".to_owned(), |scope| scope.service);
    let form = form_urlencoded::parse(body).any(|(key, _)| key == "Action");
    if form { Protocol::Query } else { Operation::of(&service, &parts.method, &parts.uri, &parts.headers, body).protocol }
}

fn rejection(rejected: &Rejected, protocol: Protocol) -> AwsError {
    let invalid = "The security token included in the request is invalid.";
    match (rejected, protocol) {
        (Rejected::Expired, Protocol::Json | Protocol::RestJson | Protocol::Cbor) => {
            AwsError::bad("ExpiredTokenException", "The security token included in the request is expired")
        }
        (Rejected::Expired, Protocol::Query) => AwsError::new(403, "ExpiredToken", "The security token included in the request is expired"),
        (Rejected::Expired, Protocol::RestXml) => AwsError::bad("ExpiredToken", "The provided token has expired."),
        (_, Protocol::Json | Protocol::RestJson | Protocol::Cbor) => AwsError::bad("UnrecognizedClientException", invalid),
        (_, Protocol::Query) => AwsError::new(403, "InvalidClientTokenId", invalid),
        (Rejected::WrongToken, Protocol::RestXml) => AwsError::bad("InvalidToken", "The provided token is malformed or otherwise invalid."),
        (Rejected::UnknownKey, Protocol::RestXml) => {
            AwsError::new(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        }
    }
}

/// `bucket.s3.eu-west-1.amazonaws.com` and `bucket.localhost` become a path, so that one form is left to handle.
fn host_style_to_path(parts: &mut Parts) {
    let host = parts.headers.get("host").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default();
    let bucket = name.strip_suffix(".localhost").or_else(|| name.contains(".amazonaws.com").then(|| name.split(".s3").next()).flatten());
    let Some(bucket) = bucket.filter(|bucket| !bucket.is_empty() && *bucket != name && !name.starts_with("s3.")) else { return };
    let rest = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    if let Ok(uri) = format!("/{bucket}{rest}").parse() {
        parts.uri = uri;
    }
}

/// What is known of the exchange beside the call and its answer.
struct Exchange {
    time: jiff::Timestamp,
    source: IpAddr,
    fault: Option<String>,
}

fn record(call: &Call, result: &Result<Answer, AwsError>, exchange: Exchange) -> CallRecord {
    let (status, error) = match result {
        Ok(answer) => (answer.status, answer.error()),
        Err(error) => (
            StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            Some((error.code.clone(), error.message.clone())),
        ),
    };
    let read_only = operation::is_read(&call.operation);
    let (error_code, error_message) = error.unzip();
    CallRecord {
        index: 0,
        time: exchange.time,
        caller: Some(call.caller.clone()),
        source_ip: exchange.source.to_string(),
        user_agent: call.header("user-agent").unwrap_or_default().to_owned(),
        region: call.region.clone(),
        service: call.service.clone(),
        event_source: operation::event_source(&call.service),
        operation: call.operation.clone(),
        read_only,
        management: operation::is_management(&call.service, &call.operation),
        request_parameters: parameters::of_request(call),
        response_elements: match result {
            Ok(answer) if answer.is_ok() && writes_answer(call, read_only) => parameters::of_answer(answer),
            _ => Value::Null,
        },
        http_status: status.as_u16(),
        error_code,
        error_message,
        request_id: call.request_id.clone(),
        fault: exchange.fault,
    }
}

/// Reads have no response elements, but for the sessions that STS hands out.
fn writes_answer(call: &Call, read_only: bool) -> bool {
    !read_only || (call.service == "sts" && call.operation.starts_with("Assume"))
}
