//! ListPublicKeys: the key whose private half signs the digests of this Region.

use super::{errors, input, lookup, reads};
use crate::aws_error::AwsError;
use crate::delivery::keys;
use crate::wire::Call;
use crate::world::World;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// The one key of a Region is never rotated; it is valid for this long before and after the present.
const VALID: SignedDuration = SignedDuration::from_hours(366 * 24);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    start_time: Option<f64>,
    end_time: Option<f64>,
    next_token: Option<String>,
}

pub async fn list(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Request = input(call)?;
    if request.next_token.is_some() {
        return Err(errors::invalid_token());
    }
    let now = world.clock.now();
    let (start, end) = (lookup::time(request.start_time)?.unwrap_or(now), lookup::time(request.end_time)?.unwrap_or(now));
    if start > end {
        return Err(errors::invalid_time_range());
    }
    let (from, to) = (saturating(now, -VALID), saturating(now, VALID));
    if end < from || start > to {
        return Ok(json!({ "PublicKeyList": [] }));
    }
    let pair = keys::of(&call.region).await.map_err(|error| AwsError::internal(error.to_string()))?;
    let key = json!({
        "Value": STANDARD.encode(&pair.der),
        "ValidityStartTime": reads::epoch(from),
        "ValidityEndTime": reads::epoch(to),
        "Fingerprint": pair.fingerprint,
    });
    Ok(json!({ "PublicKeyList": [key] }))
}

fn saturating(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(time)
}
