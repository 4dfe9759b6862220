//! The simulated AWS: a moto server, and in front of it `trailkeeper-sim`, which is what AWS clients talk to.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::stage::Stage;
use crate::tools::target_binary;

const START: Duration = Duration::from_secs(60);
const REQUEST: Duration = Duration::from_secs(5);

pub struct SimulatedAws {
    pub endpoint: String,
    pub moto_url: String,
}

pub async fn start(stage: &mut Stage) -> Result<SimulatedAws> {
    let moto_url = start_moto(stage).await?;
    let endpoint = start_sim(stage, &moto_url).await?;
    Ok(SimulatedAws { endpoint, moto_url })
}

async fn start_moto(stage: &mut Stage) -> Result<String> {
    let command = |stage: &Stage, port: u16| {
        let mut command = stage.command(&stage.tools.join("venv/bin/moto_server"));
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        command
    };
    let http = reqwest::Client::builder().no_proxy().timeout(REQUEST).build().context("making an HTTP client")?;
    let port = stage
        .start_on_port("moto", START, command, async |port| {
            http.get(format!("{}/moto-api/data.json", url(port))).send().await?.error_for_status()?;
            Ok(())
        })
        .await?;
    Ok(url(port))
}

/// The simulator says that it listens with one line of JSON.
async fn start_sim(stage: &mut Stage, moto_url: &str) -> Result<String> {
    let program = target_binary("trailkeeper-sim")?;
    let command = |stage: &Stage, port: u16| {
        let mut command = stage.command(&program);
        command.args(["--listen", &format!("127.0.0.1:{port}"), "--moto-url", moto_url]).env("TRAILKEEPER_TOOLS", &stage.tools);
        command
    };
    let log = stage.log_path("sim");
    let port = stage
        .start_on_port("sim", START, command, async |_| {
            let written = std::fs::read_to_string(&log).with_context(|| format!("reading {}", log.display()))?;
            if !written.lines().any(announces_endpoint) {
                bail!("it has not announced its endpoint yet");
            }
            Ok(())
        })
        .await?;
    Ok(url(port))
}

fn announces_endpoint(line: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(line).is_ok_and(|value| value.get("endpoint").is_some())
}

/// 127.0.0.1 rather than localhost: S3 clients take the latter for a bucket's host name.
fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Turns S3 Block Public Access of an account on or off. AWS's command line puts the account before the host, which 127.0.0.1 has not.
pub async fn block_public_access(endpoint: &str, account: &str, on: bool) -> Result<()> {
    let switches = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    let body: String = switches.iter().map(|name| format!("<{name}>{on}</{name}>")).collect();
    let scope = format!("AWS4-HMAC-SHA256 Credential={account}-admin/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0");
    let http = reqwest::Client::builder().no_proxy().timeout(REQUEST).build().context("making an HTTP client")?;
    http.put(format!("{endpoint}/v20180820/configuration/publicAccessBlock"))
        .header("authorization", scope)
        .header("x-amz-account-id", account)
        .body(format!("<PublicAccessBlockConfiguration>{body}</PublicAccessBlockConfiguration>"))
        .send()
        .await?
        .error_for_status()?;
    Ok(())
}
