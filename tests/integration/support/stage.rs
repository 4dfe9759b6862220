//! A control plane, a simulated AWS, the chart installed by the real helm, and the operator as a process that has the
//! token of the chart's service account and nothing else.

use anyhow::{Context, Result, ensure};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use trailkeeper_lab::{Lab, Port, Process, wait_for};

/// Where the chart is installed, and the only namespace whose Secrets it may read.
pub const HOME: &str = "trailkeeper-system";
const RELEASE: &str = "trailkeeper";
const SOON: Duration = Duration::from_secs(240);

pub struct Stage {
    pub lab: Lab,
    /// Absent in a stage whose operators are the test's own affair.
    operator: Option<Operator>,
}

/// A running operator, and its admin port, which stays reserved as long.
pub struct Operator {
    pub process: Process,
    port: Port,
}

impl Stage {
    /// The stage that all tests share. It ends with the test process.
    pub async fn shared() -> Arc<Self> {
        static SHARED: OnceCell<Arc<Stage>> = OnceCell::const_new();
        let started = SHARED.get_or_try_init(async || {
            let mut stage = Self::without_operator().await?;
            stage.operator = Some(stage.start_operator().await?);
            anyhow::Ok(Arc::new(stage))
        });
        Arc::clone(started.await.unwrap_or_else(|error| panic!("the shared stage did not start: {error:#}")))
    }

    /// A stage of one's own, for tests that kill operators. The chart is installed; no operator runs.
    pub async fn without_operator() -> Result<Self> {
        // Several crates bring TLS along; which of them speaks is decided once.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let lab = tokio::task::spawn_blocking(Lab::start).await??;
        let chart = format!("{}/charts/trailkeeper", env!("CARGO_MANIFEST_DIR"));
        lab.helm(&["install", RELEASE, &chart, "--namespace", HOME, "--create-namespace"])?.success()?;
        Ok(Self { lab, operator: None })
    }

    /// Starts the operator with the arguments of the chart's Deployment, and waits until it is ready.
    pub async fn start_operator(&self) -> Result<Operator> {
        let container = "--output=jsonpath={.spec.template.spec.containers[0].args}";
        let arguments = self.lab.kubectl(&["get", "deployment", RELEASE, "--namespace", HOME, container], None)?.success()?;
        let port = Port::reserve()?;
        let address = format!("127.0.0.1:{}", port.number());
        let arguments: Vec<String> = serde_json::from_str(&arguments).context("the arguments of the Deployment")?;
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.replace("0.0.0.0:8080", &address)).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let kubeconfig = self.lab.service_account_kubeconfig(HOME, RELEASE)?;
        let environment = [("KUBECONFIG", kubeconfig.to_str().context("a path that is no text")?), ("RUST_LOG", "info,trailkeeper=debug")];
        let mut process = self.lab.trailkeeper(&arguments, &environment)?;
        let http = reqwest::Client::builder().no_proxy().timeout(SOON).build()?;
        wait_for("the operator to be ready", SOON, async || {
            ensure!(process.exit_status()?.is_none(), "it ended: {}", process.last_lines());
            http.get(format!("http://{address}/readyz")).send().await?.error_for_status()?;
            Ok(())
        })
        .await?;
        Ok(Operator { process, port })
    }

    /// What the shared operator's `/metrics` says.
    pub async fn metrics(&self) -> Result<String> {
        let operator = self.operator.as_ref().context("a stage without operator")?;
        let http = reqwest::Client::builder().no_proxy().timeout(SOON).build()?;
        let url = format!("http://127.0.0.1:{}/metrics", operator.port.number());
        Ok(http.get(url).send().await?.error_for_status()?.text().await?)
    }

    /// What the shared operator logged about any of `words`.
    pub fn log_of(&self, words: &[&str]) -> String {
        let log = self.operator.as_ref().map(|operator| operator.process.log().unwrap_or_default()).unwrap_or_default();
        log.lines().filter(|line| words.iter().any(|word| line.contains(word))).map(|line| format!("{line}\n")).collect()
    }
}
