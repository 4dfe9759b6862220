//! Starts a moto server as a child process on a free port, waits until it answers, and ends it when dropped.

use anyhow::{Context, anyhow, bail};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

const START_LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Moto {
    url: String,
    _child: Child,
}

impl Moto {
    /// Runs moto in the virtual environment of the tools directory.
    pub async fn start(tools: &Path) -> anyhow::Result<Self> {
        let python = tools.join("venv/bin/python");
        if !tools.join("venv/bin/moto_server").exists() {
            bail!("moto is missing from {}; run `make tools`", tools.display());
        }
        let deadline = Instant::now() + START_LIMIT;
        loop {
            let port = free_port()?;
            let mut child = spawn(&python, port)?;
            let url = format!("http://127.0.0.1:{port}");
            // A child that ended lost its port to somebody else: try another.
            if wait_ready(&mut child, &url, deadline).await? {
                return Ok(Self { url, _child: child });
            }
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

/// One moto for the process, and as long as it: on a thread of its own, since a test's runtime ends with the test.
pub fn url_of_process() -> anyhow::Result<&'static str> {
    static URL: OnceLock<Result<String, String>> = OnceLock::new();
    let url = URL.get_or_init(|| {
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || serve_for_ever(&send));
        receive.recv().unwrap_or_else(|_| Err("the thread of moto ended".to_owned()))
    });
    url.as_deref().map_err(|why| anyhow!("{why}"))
}

fn serve_for_ever(started: &Sender<Result<String, String>>) {
    let serve = || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let moto = Moto::start(&tools_dir()?).await?;
            started.send(Ok(moto.url().to_owned()))?;
            std::future::pending().await
        })
    };
    if let Err(error) = serve() {
        // Who asked waits for it.
        let _ = started.send(Err(format!("{error:#}")));
    }
}

/// Ends moto when this process does, however it ends: only then does moto's standard input close.
const RUN: &str = "\
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
from moto.server import main
main(sys.argv[1:])
";

fn spawn(python: &Path, port: u16) -> anyhow::Result<Child> {
    // A clean environment: this machine's AWS and CA variables are not the test's.
    Command::new(python)
        .args(["-c", RUN, "-H", "127.0.0.1", "-p", &port.to_string()])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting moto with {}", python.display()))
}

/// True when it answers, false when it ended; an error when the time is over.
async fn wait_ready(child: &mut Child, url: &str, deadline: Instant) -> anyhow::Result<bool> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
    while Instant::now() < deadline {
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        if client.get(format!("{url}/moto-api/data.json")).send().await.is_ok_and(|response| response.status().is_success()) {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("moto at {url} did not answer within {START_LIMIT:?}")
}

/// A port nobody listens on, below the range that the kernel hands out by itself.
pub fn free_port() -> anyhow::Result<u16> {
    let start = u16::from_be_bytes([uuid::Uuid::new_v4().as_bytes()[0], uuid::Uuid::new_v4().as_bytes()[1]]) % 16_000;
    (0..16_000)
        .map(|step| 16_000 + (start + step) % 16_000)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .context("no free port between 16000 and 32000")
}

/// Where `make tools` put things: TRAILKEEPER_TOOLS, else `tools` in the cache directory.
pub fn tools_dir() -> anyhow::Result<PathBuf> {
    if let Some(dir) = std::env::var_os("TRAILKEEPER_TOOLS") {
        return Ok(PathBuf::from(dir));
    }
    let cache = std::env::var_os("TRAILKEEPER_CACHE").map(PathBuf::from).or_else(|| {
        let xdg = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let base = xdg.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
        Some(base.join("trailkeeper"))
    });
    let dir = cache.context("set TRAILKEEPER_TOOLS or HOME, so that the tools can be found")?.join("tools");
    if !dir.exists() {
        bail!("the tools are missing: {} does not exist; run `make tools`", dir.display());
    }
    Ok(dir)
}
