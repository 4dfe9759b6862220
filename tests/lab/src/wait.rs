//! Waiting on a condition with an upper bound: the only way a test may wait.

use std::time::Duration;

use anyhow::{Result, anyhow};
use tokio::time::{Instant, sleep, timeout_at};

const PAUSE: Duration = Duration::from_millis(50);

/// Repeats `attempt` until it is `Ok`; its error says what was seen instead, and the last one is told on timeout.
pub async fn wait_for<T>(what: &str, timeout: Duration, mut attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + timeout;
    let mut last = anyhow!("the first attempt did not end in time");
    while let Ok(outcome) = timeout_at(deadline, attempt()).await {
        match outcome {
            Ok(value) => return Ok(value),
            Err(seen) => last = seen,
        }
        if Instant::now() + PAUSE >= deadline {
            break;
        }
        sleep(PAUSE).await;
    }
    Err(anyhow!("waited {timeout:?} for {what}; last seen: {last:#}"))
}
