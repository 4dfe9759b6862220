//! What a person at a terminal sees and does while `apply` works: the steps as they are made, and Ctrl-C.

use crate::aws::Cloud;
use crate::engine::{Permit, Produced, World};
use crate::facets::observed::{Answer, Failure};
use crate::facets::read::Read;
use crate::facets::step::Step;
use crate::report::target;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

/// A pass that takes longer shows its steps.
const PATIENCE: Duration = Duration::from_secs(2);

/// A world that tells a person at a terminal of the steps of a long pass.
pub struct Shown {
    cloud: Cloud,
    since: Instant,
    terminal: bool,
}

impl Shown {
    pub fn new(cloud: Cloud) -> Self {
        Self { cloud, since: Instant::now(), terminal: std::io::stderr().is_terminal() }
    }
}

impl World for Shown {
    async fn read(&self, read: &Read) -> Answer {
        self.cloud.read(read).await
    }

    async fn execute(&self, step: &Step, produced: &mut Produced) -> Result<(), Failure> {
        let result = self.cloud.execute(step, produced).await;
        let elapsed = self.since.elapsed();
        if self.terminal && elapsed > PATIENCE {
            let word = if result.is_ok() { "done" } else { "failed" };
            anstream::eprintln!("  {word} {} {} ({:.0} s)", step.action(), target(step), elapsed.as_secs_f32());
        }
        result
    }
}

/// Tells a person at a terminal what a long look is at.
pub struct Told {
    since: Instant,
    terminal: bool,
}

impl Told {
    pub fn new() -> Self {
        Self { since: Instant::now(), terminal: std::io::stderr().is_terminal() }
    }

    pub fn say(&self, what: &str) {
        let elapsed = self.since.elapsed();
        if self.terminal && elapsed > PATIENCE {
            anstream::eprintln!("  {what} ({:.0} s)", elapsed.as_secs_f32());
        }
    }
}

/// Lets writes through until Ctrl-C or SIGTERM. The step in hand is finished: a write that was cut off leaves nobody knowing
/// whether it was made.
#[derive(Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens. The second signal ends the process at once.
    pub fn listen() -> std::io::Result<Self> {
        let interrupt = Self::default();
        let flag = interrupt.0.clone();
        let (mut by_person, mut by_machine) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = by_person.recv() => {}
                    _ = by_machine.recv() => {}
                }
                if flag.swap(true, Ordering::SeqCst) {
                    std::process::exit(130);
                }
                anstream::eprintln!("Interrupted: finishing the step in hand. Press Ctrl-C again to stop at once.");
            }
        });
        Ok(interrupt)
    }
}

impl Permit for Interrupt {
    fn check(&self) -> Result<(), String> {
        if self.0.load(Ordering::SeqCst) { Err("interrupted".to_owned()) } else { Ok(()) }
    }
}
