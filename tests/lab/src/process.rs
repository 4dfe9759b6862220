//! A child process with a clean environment and a log file, that can be ended, killed and waited for with a bound.

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const POLL: Duration = Duration::from_millis(10);
const LINES_SHOWN: usize = 30;

/// Killed when dropped; when that happens in a failing test, the end of its log is printed.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

/// A command that inherits nothing: machines set proxies, `AWS_*` and certificate variables for their own ends.
pub fn clean_command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", home).env("LANG", "C.UTF-8").stdin(Stdio::null());
    command
}

impl Process {
    /// Starts `command` in a process group of its own, so that Ctrl-C reaches it only through its owner.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let output = File::create(log).with_context(|| format!("creating the log {} of {name}", log.display()))?;
        let errors = output.try_clone().with_context(|| format!("sharing the log {}", log.display()))?;
        command.stdout(output).stderr(errors).process_group(0);
        let child = command.spawn().with_context(|| format!("starting {name}: {command:?}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `None` while it runs.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("asking whether {} still runs", self.name))
    }

    /// Sends SIGTERM and returns at once; [`Process::wait`] tells when it is gone.
    pub fn terminate(&mut self) -> Result<()> {
        self.signal(Signal::SIGTERM)
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::SIGKILL)?;
        self.child.wait().with_context(|| format!("waiting for the killed {}", self.name))
    }

    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.exit_status()?.is_some() {
            return Ok(()); // its id may belong to another process by now
        }
        match kill(Pid::from_raw(self.pid().cast_signed()), signal) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("sending {signal} to {}", self.name)),
        }
    }

    /// Blocks until it has ended, at most for `timeout`.
    pub fn wait(&mut self, timeout: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(status) = self.exit_status()? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                bail!("{} still runs after {timeout:?}; it wrote last:\n{}", self.name, self.last_lines());
            }
            sleep(POLL);
        }
    }

    /// SIGTERM, then SIGKILL for a process that takes longer than `grace`.
    pub fn stop(&mut self, grace: Duration) -> Result<ExitStatus> {
        self.terminate()?;
        self.wait(grace).or_else(|_| self.kill())
    }

    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// All that it wrote to stdout and stderr so far.
    pub fn log(&self) -> Result<String> {
        let bytes = std::fs::read(&self.log).with_context(|| format!("reading {}", self.log.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub fn last_lines(&self) -> String {
        let log = self.log().unwrap_or_else(|error| format!("{error:#}"));
        let mut last = VecDeque::new();
        for line in log.lines() {
            if last.len() == LINES_SHOWN {
                last.pop_front();
            }
            last.push_back(line);
        }
        Vec::from(last).join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the last lines of {} ({}):\n{}", self.name, self.log.display(), self.last_lines());
        }
        if let Err(error) = self.kill() {
            eprintln!("{error:#}");
        }
    }
}
