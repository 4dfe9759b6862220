//! The children of `lab up`: starts each on a free port, waits until it answers, stops them in reverse order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::{Instant, sleep};

use crate::ports::Port;
use crate::process::{Process, clean_command};

const PORT_RETRIES: usize = 4;
const PAUSE: Duration = Duration::from_millis(20);
const STOP_GRACE: Duration = Duration::from_secs(5);

pub struct Stage {
    pub tools: PathBuf,
    pub state_dir: PathBuf,
    children: Vec<(Process, Option<Port>)>,
}

impl Stage {
    pub fn new(tools: &Path, state_dir: &Path) -> Self {
        Self { tools: tools.to_owned(), state_dir: state_dir.to_owned(), children: Vec::new() }
    }

    /// A command with the clean environment that every child gets.
    pub fn command(&self, program: &Path) -> Command {
        clean_command(program, &self.state_dir.join("home"))
    }

    pub fn log_path(&self, name: &str) -> PathBuf {
        self.state_dir.join("log").join(format!("{name}.log"))
    }

    /// Starts a child that listens, with another port when some other program took the one that was chosen.
    pub async fn start_on_port(
        &mut self,
        name: &str,
        timeout: Duration,
        command: impl Fn(&Self, u16) -> Command,
        ready: impl AsyncFn(u16) -> Result<()>,
    ) -> Result<u16> {
        let mut retries = PORT_RETRIES;
        loop {
            let port = Port::reserve()?;
            let number = port.number();
            let command = command(self, number);
            match self.start(name, timeout, command, Some(port), async || ready(number).await).await {
                Ok(()) => return Ok(number),
                Err(_) if retries > 0 && self.last_lost_its_port()? => drop(self.children.pop()),
                Err(error) => return Err(error),
            }
            retries -= 1;
        }
    }

    /// Starts a child and waits until `ready` succeeds.
    pub async fn start(
        &mut self,
        name: &str,
        timeout: Duration,
        command: Command,
        port: Option<Port>,
        ready: impl AsyncFn() -> Result<()>,
    ) -> Result<()> {
        let process = Process::start(name, command, &self.log_path(name))?;
        self.children.push((process, port));
        let deadline = Instant::now() + timeout;
        loop {
            let answer = ready().await;
            self.require_alive()?;
            let Err(seen) = answer else { return Ok(()) };
            if Instant::now() >= deadline {
                let lines = self.children.last().map(|(process, _)| process.last_lines()).unwrap_or_default();
                bail!("{name} was not ready within {timeout:?}: {seen:#}; it wrote last:\n{lines}");
            }
            sleep(PAUSE).await;
        }
    }

    /// An error that shows the last lines of the first child that has ended by itself.
    pub fn require_alive(&mut self) -> Result<()> {
        for (process, _) in &mut self.children {
            if let Some(status) = process.exit_status()? {
                bail!("{} ended by itself ({status}); it wrote last:\n{}", process.name(), process.last_lines());
            }
        }
        Ok(())
    }

    fn last_lost_its_port(&mut self) -> Result<bool> {
        let Some((process, _)) = self.children.last_mut() else { return Ok(false) };
        let ended = process.exit_status()?.is_some();
        Ok(ended && process.log()?.to_lowercase().contains("address already in use"))
    }

    pub fn pids(&self) -> BTreeMap<String, u32> {
        self.children.iter().map(|(process, _)| (process.name().to_owned(), process.pid())).collect()
    }

    /// Stops the children, newest first; goes on after a failure and tells the first.
    pub fn stop(&mut self) -> Result<()> {
        let mut outcome = Ok(());
        while let Some((mut process, _port)) = self.children.pop() {
            let stopped = process.stop(STOP_GRACE).with_context(|| format!("stopping {}", process.name()));
            outcome = outcome.and(stopped.map(drop));
        }
        outcome
    }
}
