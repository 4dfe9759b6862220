//! Runs a command to its end, with a bound, and keeps what it wrote.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const POLL: Duration = Duration::from_millis(5);

#[derive(Clone, Debug)]
pub struct Output {
    /// What was run, for error messages.
    pub command: String,
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// Its stdout, or an error that shows what it said instead.
    pub fn success(self) -> Result<String> {
        if self.code != Some(0) {
            bail!("`{}` ended with {:?}:\n{}{}", self.command, self.code, self.stdout, self.stderr);
        }
        Ok(self.stdout)
    }
}

/// Blocks; through files rather than pipes, so that no amount of output can stall the command.
pub fn run(mut command: Command, stdin: Option<&str>, timeout: Duration) -> Result<Output> {
    let shown = format!("{command:?}");
    let (mut stdout, mut stderr) = (scratch()?, scratch()?);
    command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    if let Some(text) = stdin {
        let mut input = scratch()?;
        input.write_all(text.as_bytes()).and_then(|()| input.rewind()).context("writing stdin")?;
        command.stdin(Stdio::from(input));
    }
    let mut child = command.spawn().with_context(|| format!("starting {shown}"))?;
    let deadline = Instant::now() + timeout;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= deadline {
            child.kill().and_then(|()| child.wait()).with_context(|| format!("killing {shown}"))?;
            bail!("{shown} was killed after {timeout:?}; it wrote:\n{}{}", text(&mut stdout)?, text(&mut stderr)?);
        }
        std::thread::sleep(POLL);
    };
    Ok(Output { command: shown, code: status.code(), stdout: text(&mut stdout)?, stderr: text(&mut stderr)? })
}

fn scratch() -> Result<File> {
    tempfile::tempfile().context("making a temporary file")
}

fn text(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).context("reading what a command wrote")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
