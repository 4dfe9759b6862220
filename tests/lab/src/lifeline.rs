//! Why a lab ends: its stdin closed (the test that started it is gone), or it got SIGTERM, SIGINT.
//! While it lives, each line on stdin is the id of a process that must not outlive it either.

use std::io::BufRead;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

pub struct Lifeline {
    lines: mpsc::UnboundedReceiver<String>,
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    adopted: Vec<Adopted>,
}

struct Adopted {
    pid: i32,
    started: String,
}

impl Lifeline {
    pub fn hold() -> Result<Self> {
        Ok(Self {
            lines: stdin_lines(),
            terminate: signal(SignalKind::terminate()).context("listening for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("listening for SIGINT")?,
            adopted: Vec::new(),
        })
    }

    /// Returns when the lab must end. Cancelling it loses nothing.
    pub async fn cut(&mut self) {
        loop {
            tokio::select! {
                line = self.lines.recv() => match line {
                    Some(line) => self.adopt(&line),
                    None => return,
                },
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
            }
        }
    }

    fn adopt(&mut self, line: &str) {
        let adopted = line.trim().parse().ok().and_then(|pid| Some(Adopted { pid, started: start_time(pid)? }));
        self.adopted.extend(adopted); // one that is gone already needs no care
    }

    /// Kills the adopted processes that still are who they were.
    pub fn end_adopted(&mut self) {
        for Adopted { pid, started } in self.adopted.drain(..) {
            if start_time(pid).is_some_and(|now| now == started) {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL); // gone in between: as wanted
            }
        }
    }
}

/// Reads on a thread of its own: tokio's stdin would keep the runtime from shutting down.
fn stdin_lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Field 22 of `/proc/PID/stat`; the name before it may hold spaces and parentheses.
fn start_time(pid: i32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19).map(str::to_owned)
}
