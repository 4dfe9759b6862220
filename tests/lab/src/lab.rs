//! What a test holds: a running lab, and the programs to use against it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::commands::{self, Output};
use crate::info::LabInfo;
use crate::kubeconfig;
use crate::process::{Process, clean_command};
use crate::tools::{target_binary, tools};

/// Longer than any wait inside `lab up`, which explains itself better.
const START: Duration = Duration::from_secs(400);
const STOP: Duration = Duration::from_secs(30);
const COMMAND: Duration = Duration::from_secs(120);

static SHARED: OnceLock<Result<Lab, String>> = OnceLock::new();

/// A running lab. Dropping it, or the end of this process in whatever way, ends all its processes.
#[derive(Debug)]
pub struct Lab {
    info: LabInfo,
    tools: PathBuf,
    child: Child,
    stdin: Mutex<Option<ChildStdin>>,
    spawned: AtomicUsize,
}

impl Lab {
    /// The one lab that the tests of this process share: give each test a namespace and an AWS account of its own.
    pub fn shared() -> Result<&'static Self> {
        Self::shared_with(&[])
    }

    /// The same, of a certain kind: every test of the process must ask for the same one.
    pub fn shared_with(arguments: &[&str]) -> Result<&'static Self> {
        let lab = SHARED.get_or_init(|| Self::start_with(arguments).map_err(|error| format!("{error:#}")));
        lab.as_ref().map_err(|error| anyhow!("the shared lab did not start: {error}"))
    }

    /// A control plane and the simulated AWS.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Passes `arguments` on to `lab up`.
    pub fn start_with(arguments: &[&str]) -> Result<Self> {
        let tools = tools()?;
        let mut child = Command::new(target_binary("lab")?)
            .arg("up")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the lab")?;
        let stdin = child.stdin.take();
        match read_info(&mut child) {
            Ok(info) => Ok(Self { info, tools, child, stdin: Mutex::new(stdin), spawned: AtomicUsize::new(0) }),
            Err(error) => {
                drop(stdin);
                end(&mut child);
                Err(error)
            }
        }
    }

    pub fn info(&self) -> &LabInfo {
        &self.info
    }

    pub fn tools(&self) -> &Path {
        &self.tools
    }

    /// Kubeconfig of a cluster administrator.
    pub fn kubeconfig(&self) -> Result<&Path> {
        self.info.kubeconfig.as_deref().context("this lab was started without a control plane")
    }

    /// The simulated AWS.
    pub fn sim_endpoint(&self) -> Result<&str> {
        self.info.sim_endpoint.as_deref().context("this lab was started without the simulated AWS")
    }

    /// Runs kubectl as administrator; `Output::success` turns a refusal into an error.
    pub fn kubectl(&self, arguments: &[&str], stdin: Option<&str>) -> Result<Output> {
        self.run("kubectl", arguments, stdin)
    }

    /// Runs helm as administrator.
    pub fn helm(&self, arguments: &[&str]) -> Result<Output> {
        self.run("helm", arguments, None)
    }

    fn run(&self, program: &str, arguments: &[&str], stdin: Option<&str>) -> Result<Output> {
        let mut command = self.command(&self.tools.join("bin").join(program));
        command.env("KUBECONFIG", self.kubeconfig()?).args(arguments);
        commands::run(command, stdin, COMMAND)
    }

    /// A command with the clean environment of the lab's own children.
    pub fn command(&self, program: &Path) -> Command {
        clean_command(program, &self.info.state_dir.join("home"))
    }

    /// A kubeconfig that acts as a service account, with nothing but that account's rights.
    pub fn service_account_kubeconfig(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let create = ["create", "token", name, "--namespace", namespace, "--duration", "1h"];
        let token = self.kubectl(&create, None)?.success()?;
        let path = self.info.state_dir.join(format!("{namespace}.{name}.kubeconfig"));
        let (Some(url), Some(ca)) = (&self.info.apiserver_url, &self.info.ca_file) else {
            bail!("this lab was started without a control plane");
        };
        kubeconfig::write(&path, url, ca, token.trim(), namespace)
    }

    /// Starts the `trailkeeper` binary of this workspace.
    pub fn trailkeeper(&self, arguments: &[&str], env: &[(&str, &str)]) -> Result<Process> {
        self.spawn("trailkeeper", &target_binary("trailkeeper")?, arguments, env)
    }

    /// Starts a program that ends with its `Process`, and at the latest with the lab.
    pub fn spawn(&self, name: &str, program: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Result<Process> {
        let mut command = self.command(program);
        command.args(arguments).envs(env.iter().copied());
        let number = self.spawned.fetch_add(1, Ordering::Relaxed);
        let log = self.info.state_dir.join("log").join(format!("{name}-{number}.log"));
        let process = Process::start(name, command, &log)?;
        if let Some(stdin) = self.stdin.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            writeln!(stdin, "{}", process.pid()).with_context(|| format!("telling the lab of {name}"))?;
        }
        Ok(process)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take());
        end(&mut self.child);
    }
}

fn read_info(child: &mut Child) -> Result<LabInfo> {
    let stdout = child.stdout.take().context("the lab has no stdout")?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        let _ = sender.send(read.map(|_| line)); // nobody listens after the timeout
    });
    let line = receiver
        .recv_timeout(START)
        .with_context(|| format!("the lab was not up within {START:?}"))?
        .context("reading what the lab says")?;
    if line.is_empty() {
        bail!("the lab did not start; it says why on stderr, above");
    }
    serde_json::from_str(&line).with_context(|| format!("the lab said {line:?}"))
}

/// Its stdin is closed already, so it stops its children and ends; killing it is the last resort.
fn end(child: &mut Child) {
    let deadline = std::time::Instant::now() + STOP;
    while std::time::Instant::now() < deadline {
        match child.try_wait() {
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            _ => return,
        }
    }
    let _ = child.kill().and_then(|()| child.wait());
}
