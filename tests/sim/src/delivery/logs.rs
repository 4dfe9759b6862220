//! Log files: what waits for a stream becomes one gzip file in the bucket, then a notification, then log events. What
//! fails to reach the bucket waits for the next round.

use super::digest::{LogFile, sha256};
use super::{Round, Stream, Waiting, chain, gzip, layout, organization_of, target};
use crate::cloudtrail::model::{Delivery as Status, Trail};
use crate::events::Event;
use crate::world::{World, guard};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::sync::Arc;

/// How long AWS goes on trying to deliver.
const RETRIED: SignedDuration = SignedDuration::from_hours(30 * 24);

pub async fn deliver(world: &World, round: &mut Round) {
    let waiting = std::mem::take(&mut *guard(&world.delivery.waiting));
    for (stream, mut queue) in waiting {
        let now = world.clock.now();
        queue.events.retain(|event| now.duration_since(event.time) <= RETRIED);
        let (Some(oldest), Some(newest)) = (queue.events.iter().map(|e| e.time).min(), queue.events.iter().map(|e| e.time).max()) else {
            continue;
        };
        // The trail as it is now: a repaired bucket or key counts, also for what failed before.
        let trail = world.trails.get(&stream.trail_arn).unwrap_or_else(|| queue.trail.clone());
        match write(world, &trail, &stream, &queue.events, now).await {
            Ok((key, hash)) => {
                round.log_files += 1;
                update(world, &trail, |status| (status.time, status.error) = (Some(now), None));
                let file = LogFile { bucket: trail.bucket.clone(), key: key.clone(), hash, oldest, newest, delivered: now };
                chain::add(world, &trail, &stream, file);
                notify(world, &trail, &key).await;
                write_log_events(world, &trail, &stream, &queue.events).await;
            }
            Err(code) => {
                round.failures += 1;
                // A deleted trail gets one last attempt.
                if update(world, &trail, |status| status.error = Some(code)) {
                    put_back(world, stream, queue);
                }
            }
        }
    }
}

/// Before what came in meanwhile.
fn put_back(world: &World, stream: Stream, failed: Waiting) {
    let mut waiting = guard(&world.delivery.waiting);
    match waiting.get_mut(&stream) {
        Some(newer) => {
            newer.events.splice(0..0, failed.events);
        }
        None => {
            waiting.insert(stream, failed);
        }
    }
}

/// The key of the file and the hash of its content.
async fn write(world: &World, trail: &Trail, stream: &Stream, events: &[Arc<Event>], now: Timestamp) -> Result<(String, String), String> {
    let records: Vec<_> = events.iter().map(|event| &event.record).collect();
    let content = json!({ "Records": records }).to_string();
    let unique: String = uuid::Uuid::new_v4().simple().to_string().chars().take(16).collect();
    let key = layout::log_key(trail, organization_of(world, trail).as_deref(), stream, now, &unique);
    let body = gzip(content.as_bytes()).map_err(|error| error.to_string())?;
    target::put_object(world, trail, &key, &[], body).await?;
    Ok((key, sha256(content.as_bytes())))
}

async fn notify(world: &World, trail: &Trail, key: &str) {
    let Some(topic) = &trail.topic_arn else { return };
    let error = target::notify(world, trail, topic, key).await.err();
    let now = world.clock.now();
    update(world, trail, |status| {
        status.notification_time = if error.is_none() { Some(now) } else { status.notification_time };
        status.notification_error = error;
    });
}

async fn write_log_events(world: &World, trail: &Trail, stream: &Stream, events: &[Arc<Event>]) {
    let (Some(group), Some(role)) = (&trail.log_group_arn, &trail.log_role_arn) else { return };
    let error = target::put_log_events(world, trail, stream, (group, role), events).await.err();
    let now = world.clock.now();
    update(world, trail, |status| {
        status.logs_time = if error.is_none() { Some(now) } else { status.logs_time };
        status.logs_error = error;
    });
}

/// False when the trail is gone.
fn update(world: &World, trail: &Trail, change: impl FnOnce(&mut Status)) -> bool {
    world.trails.update(&trail.arn, |stored| change(&mut stored.delivery)).is_some()
}
