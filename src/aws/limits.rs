//! Request limits that all objects of an account share: CloudTrail allows 10 reads and 1 write a second per account and
//! Region (AWS General Reference, "AWS CloudTrail endpoints and quotas"), whatever the number of trails.

use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock>;

const READS_PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
const WRITES_PER_SECOND: NonZeroU32 = NonZeroU32::MIN;

/// One limiter per account, Region and direction.
#[derive(Default)]
pub(super) struct Limits(Mutex<HashMap<(String, String, Direction), Arc<Limiter>>>);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Direction {
    Read,
    Write,
}

impl Limits {
    /// Waits until `operation` may be sent. Only CloudTrail's limits are narrow enough to matter here.
    pub(super) async fn turn(&self, account: &str, region: &str, operation: &str) {
        let Some(name) = operation.strip_prefix("cloudtrail:") else { return };
        let reads = ["Get", "Describe", "List"].iter().any(|verb| name.starts_with(verb));
        let (direction, rate) = if reads { (Direction::Read, READS_PER_SECOND) } else { (Direction::Write, WRITES_PER_SECOND) };
        let limiter = {
            let mut limiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (account.to_owned(), region.to_owned(), direction);
            limiters.entry(key).or_insert_with(|| Arc::new(RateLimiter::direct(Quota::per_second(rate)))).clone()
        };
        limiter.until_ready().await;
    }
}
