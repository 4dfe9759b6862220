//! Chains of digests: when one starts, which log files a digest names, when it is due and when the chain ends. Every
//! stream of a validated trail has its own.

use super::digest::{ALGORITHM, Digest, LogFile, Previous, sha256};
use super::{Round, Stream, gzip, keys, layout, organization_of, target};
use crate::cloudtrail::model::Trail;
use crate::world::{World, guard};
use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Chains {
    open: BTreeMap<Stream, Chain>,
    /// When the last digest of a stream ended: no later one may have the same key.
    ends: BTreeMap<Stream, Timestamp>,
}

#[derive(Debug, Clone)]
struct Chain {
    /// As last seen, in case it is deleted.
    trail: Trail,
    /// Start of the next digest.
    start: Timestamp,
    files: Vec<LogFile>,
    previous: Option<Previous>,
}

/// Opens the chain of the home Region of every trail that has none. Other streams' chains open with their first file.
pub fn open_due(world: &World) {
    for trail in world.trails.all() {
        if trail.logging.on && trail.validation {
            let stream = Stream { trail_arn: trail.arn.clone(), account: trail.account.clone(), region: trail.home_region.clone() };
            open(world, &trail, &stream);
        }
    }
}

/// Names a delivered file in the stream's next digest.
pub fn add(world: &World, trail: &Trail, stream: &Stream, file: LogFile) {
    if trail.logging.on && trail.validation {
        open(world, trail, stream);
    }
    if let Some(chain) = guard(&world.delivery.chains).open.get_mut(stream) {
        chain.files.push(file);
    }
}

fn open(world: &World, trail: &Trail, stream: &Stream) {
    let mut chains = guard(&world.delivery.chains);
    if chains.open.contains_key(stream) {
        return;
    }
    // A Region that is heard of late gets the digests of the hours before too, which say that nothing was delivered.
    let start = whole_seconds(trail.logging.chain_started.unwrap_or_else(|| world.clock.now()));
    let start = chains.ends.get(stream).map_or(start, |end| start.max(*end));
    chains.open.insert(stream.clone(), Chain { trail: trail.clone(), start, files: Vec::new(), previous: None });
}

/// Delivers the digests that are due and ends the chains of trails that stopped, changed or went.
pub async fn deliver_due(world: &World, round: &mut Round) {
    let open = guard(&world.delivery.chains).open.clone();
    for (stream, mut chain) in open {
        let current = world.trails.get(&stream.trail_arn);
        let deleted = current.is_none();
        let ending = Ending::of(&chain, current.as_ref());
        let until = until(world, &chain, current.as_ref(), ending);
        if let Some(current) = current {
            // Today's bucket and key; what the chain began with stays, to tell whether it is still the trail's.
            chain.trail = Trail { logging: chain.trail.logging.clone(), ..current };
        }
        let done = ending == Ending::Silent || extend(world, &stream, &mut chain, until, ending, round).await;
        let mut chains = guard(&world.delivery.chains);
        chains.ends.insert(stream.clone(), chain.start);
        // A deleted trail gets one last attempt.
        if ending == Ending::None || (!done && !deleted) {
            chains.open.insert(stream, chain);
        } else {
            chains.open.remove(&stream);
        }
    }
}

/// The time that the chain may cover by now: no more than until logging stopped.
fn until(world: &World, chain: &Chain, current: Option<&Trail>, ending: Ending) -> Timestamp {
    let stopped = current.and_then(|trail| trail.logging.stopped).map(whole_seconds);
    let stopped = stopped.filter(|stopped| ending == Ending::Final && *stopped >= chain.start);
    stopped.unwrap_or_else(|| whole_seconds(world.clock.now()))
}

/// Adds the digests that are due until then; false when one could not be written.
async fn extend(world: &World, stream: &Stream, chain: &mut Chain, until: Timestamp, ending: Ending, round: &mut Round) -> bool {
    let interval = interval(world);
    while chain.start + interval <= until {
        let end = chain.start + interval;
        if !deliver(world, stream, chain, end, round).await {
            return false;
        }
    }
    if ending != Ending::Final {
        return true;
    }
    // A digest covers at least a second, so that no two have one key.
    let end = until.max(chain.start + SignedDuration::from_secs(1));
    // What was under way when logging stopped is in the last digest.
    chain.files.iter_mut().for_each(|file| file.delivered = file.delivered.min(end));
    deliver(world, stream, chain, end, round).await
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The chain goes on.
    None,
    /// Logging stopped, or the trail is gone: one last digest.
    Final,
    /// Validation was switched off: no more digests.
    Silent,
}

impl Ending {
    fn of(chain: &Chain, current: Option<&Trail>) -> Self {
        let Some(current) = current else { return Self::Final };
        if !current.validation {
            return Self::Silent;
        }
        if !current.logging.on {
            return Self::Final;
        }
        // Since the last round: stopped and started, or deleted and created again; or validation off and on.
        let known = &chain.trail.logging;
        if current.logging.started != known.started {
            return Self::Final;
        }
        if current.logging.chains == known.chains { Self::None } else { Self::Silent }
    }
}

/// Writes the digest up to `end` and moves the chain on; false when it could not be written.
async fn deliver(world: &World, stream: &Stream, chain: &mut Chain, end: Timestamp, round: &mut Round) -> bool {
    let (files, later): (Vec<LogFile>, Vec<LogFile>) = chain.files.iter().cloned().partition(|file| whole_seconds(file.delivered) <= end);
    let written = write(world, stream, chain, end, &files).await;
    let error = written.as_ref().err().cloned();
    let now = world.clock.now();
    world.trails.update(&stream.trail_arn, |trail| {
        trail.delivery.digest_time = if error.is_none() { Some(now) } else { trail.delivery.digest_time };
        trail.delivery.digest_error = error;
    });
    match written {
        Ok(previous) => {
            round.digests += 1;
            (chain.start, chain.files, chain.previous) = (end, later, Some(previous));
            true
        }
        Err(_) => {
            round.failures += 1;
            false
        }
    }
}

async fn write(world: &World, stream: &Stream, chain: &Chain, end: Timestamp, files: &[LogFile]) -> Result<Previous, String> {
    let internal = |error: anyhow::Error| {
        tracing::error!(%error, trail = stream.trail_arn, "a digest could not be signed");
        "InternalError".to_owned()
    };
    let trail = &chain.trail;
    let pair = keys::of(&stream.region, world.delivery.rotations.of(&stream.region).len()).await.map_err(internal)?;
    let key = layout::digest_key(trail, organization_of(world, trail).as_deref(), stream, end);
    let digest = Digest {
        account: &stream.account,
        bucket: &trail.bucket,
        key: &key,
        fingerprint: &pair.fingerprint,
        start: chain.start,
        end,
        files,
        previous: chain.previous.as_ref(),
    };
    let content = digest.document().to_string();
    let signature = pair.sign(&digest.string_to_sign(content.as_bytes())).map_err(internal)?;
    let metadata = [("x-amz-meta-signature", signature.as_str()), ("x-amz-meta-signature-algorithm", ALGORITHM)];
    let body = gzip(content.as_bytes()).map_err(|error| internal(error.into()))?;
    target::put_object(world, trail, &key, &metadata, body).await?;
    Ok(Previous { bucket: trail.bucket.clone(), key, hash: sha256(content.as_bytes()), signature })
}

fn interval(world: &World) -> SignedDuration {
    let seconds = world.settings().digest_interval_seconds.max(1);
    SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    let round = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Trunc);
    time.round(round).unwrap_or(time)
}
