//! Delivers what trails log: log files, notifications, CloudWatch Logs and digests, in rounds. Keeps what waits to be
//! delivered and tries again what failed. A round runs every `delivery_interval_ms`, and when a test asks for one.

mod chain;
pub mod digest;
pub mod keys;
mod layout;
mod logs;
mod target;

use crate::cloudtrail::model::Trail;
use crate::events::Event;
use crate::world::{Shared, World, guard};
pub use digest::sha256;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What one trail delivers of one account and Region: files and digests are separate for each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stream {
    pub trail_arn: String,
    pub account: String,
    pub region: String,
}

/// Events that wait for their log file.
#[derive(Debug)]
struct Waiting {
    /// As it was when it last logged, in case it is deleted before the delivery.
    trail: Trail,
    events: Vec<Arc<Event>>,
}

#[derive(Debug, Default)]
pub struct Delivery {
    waiting: Mutex<BTreeMap<Stream, Waiting>>,
    chains: Mutex<chain::Chains>,
    pub rotations: keys::Rotations,
    /// Held by the round that runs.
    round: tokio::sync::Mutex<()>,
}

impl Delivery {
    /// Waits for a round under way, which would put back what failed.
    pub async fn clear(&self) {
        let _no_round = self.round.lock().await;
        guard(&self.waiting).clear();
        *guard(&self.chains) = chain::Chains::default();
        self.rotations.clear();
    }
}

/// What a round did; `POST /_sim/deliver` answers it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    pub log_files: u64,
    pub digests: u64,
    /// Files that could not be written; the error is in the trail's status.
    pub failures: u64,
}

/// Queues an event for the trails that log it.
pub fn take(world: &World, event: &Arc<Event>, logged_by: Vec<Trail>) {
    if !logged_by.is_empty() {
        world.bus.put(Arc::clone(event));
    }
    for trail in logged_by {
        let stream = Stream { trail_arn: trail.arn.clone(), account: event.account.clone(), region: event.region.clone() };
        let mut waiting = guard(&world.delivery.waiting);
        let queue = waiting.entry(stream).or_insert_with(|| Waiting { trail: trail.clone(), events: Vec::new() });
        queue.trail = trail;
        queue.events.push(Arc::clone(event));
    }
}

/// Delivers until it is dropped.
pub async fn run(world: Shared) {
    loop {
        let interval = world.settings().delivery_interval_ms;
        // Zero delivers on demand only.
        tokio::time::sleep(Duration::from_millis(if interval == 0 { 1000 } else { interval })).await;
        // The setting may have changed meanwhile.
        if interval != 0 && world.settings().delivery_interval_ms == interval {
            round(&world).await;
        }
    }
}

/// Delivers all that waits, and every digest that is due.
pub async fn round(world: &World) -> Round {
    let _one_at_a_time = world.delivery.round.lock().await;
    let mut round = Round::default();
    chain::open_due(world);
    logs::deliver(world, &mut round).await;
    chain::deliver_due(world, &mut round).await;
    // What ended because it was begun anew goes on from here.
    chain::open_due(world);
    round
}

fn gzip(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content)?;
    encoder.finish()
}

/// The organization whose folder a trail writes to.
fn organization_of(world: &World, trail: &Trail) -> Option<String> {
    world.organizations.id_of(&trail.account).filter(|_| trail.organization)
}
