//! ListPublicKeys: the keys whose private halves sign, or signed, the digests of this Region.

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

/// The first key of a Region is valid from this long before the present, and the last one for as long after it.
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
    let rotated = world.delivery.rotations.of(&call.region);
    let begins = std::iter::once(saturating(now, -VALID)).chain(rotated.iter().copied());
    let ends = rotated.iter().copied().chain(std::iter::once(saturating(now, VALID)));
    let mut list = Vec::new();
    for (rotations, (from, to)) in begins.zip(ends).enumerate().filter(|(_, (from, to))| *from <= end && start <= *to) {
        let pair = keys::of(&call.region, rotations).await.map_err(|error| AwsError::internal(error.to_string()))?;
        list.push(json!({
            "Value": STANDARD.encode(&pair.der),
            "ValidityStartTime": reads::epoch(from),
            "ValidityEndTime": reads::epoch(to),
            "Fingerprint": pair.fingerprint,
        }));
    }
    Ok(json!({ "PublicKeyList": list }))
}

fn saturating(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(time)
}
