//! IAM enforcement for the roles that a test names: their sessions may do what the role's policies in IAM allow, and
//! nothing else. MiniStack's code judges (`authorizer.py`), so that our reading of IAM does not judge itself.
//!
//! Everybody else may do everything, as without it.

use crate::aws_error::{AwsError, Protocol};
use crate::backend::At;
use crate::moto::tools_dir;
use crate::wire::Call;
use crate::world::{World, guard};
use anyhow::Context;
use base64::Engine;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::process::Stdio;
use std::sync::Mutex;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

#[derive(Debug, Default)]
pub struct Enforcement {
    roles: Mutex<HashSet<String>>,
    authorizer: OnceCell<Authorizer>,
}

#[derive(Debug)]
struct Authorizer {
    http: reqwest::Client,
    endpoint: String,
    _child: Child,
}

#[derive(Debug, Deserialize)]
struct Verdict {
    allowed: bool,
    action: String,
    resource: String,
}

impl Enforcement {
    /// Puts a role under enforcement. The first one starts the authorizer.
    pub async fn enforce(&self, role_arn: String) -> anyhow::Result<()> {
        self.authorizer.get_or_try_init(Authorizer::start).await?;
        guard(&self.roles).insert(role_arn);
        Ok(())
    }

    pub fn clear(&self) {
        guard(&self.roles).clear();
    }

    /// AWS's refusal, if the caller is under enforcement and its policies do not allow the call.
    pub async fn refusal(&self, world: &World, call: &Call, protocol: Protocol) -> Option<AwsError> {
        let session = call.caller.session.as_ref()?;
        // No policy is needed to ask who one is (STS API Reference, GetCallerIdentity).
        if !guard(&self.roles).contains(&session.role_arn) || call.operation == "GetCallerIdentity" {
            return None;
        }
        let at = At { account: &call.caller.account, region: &call.region };
        let judged = async {
            let policies = world.backend.role_policies(at, &session.role_name).await.map_err(|error| anyhow::anyhow!("{error}"))?;
            self.authorizer.get().context("no authorizer")?.judge(call, &policies).await
        };
        match judged.await {
            Ok(Verdict { allowed: true, .. }) => None,
            Ok(Verdict { action, resource, .. }) => {
                let who = &call.caller.arn;
                let message = format!(
                    "User: {who} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
                );
                Some(AwsError::denied(protocol, message))
            }
            Err(error) => Some(AwsError::new(500, "InternalFailure", format!("the authorizer failed: {error:#}"))),
        }
    }
}

impl Authorizer {
    async fn start() -> anyhow::Result<Self> {
        let python = tools_dir()?.join("venv/bin/python");
        let mut child = Command::new(&python)
            .args(["-c", include_str!("authorizer.py")])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting the authorizer with {}", python.display()))?;
        let mut lines = BufReader::new(child.stdout.take().context("the authorizer has no output")?).lines();
        let line = lines.next_line().await?.context("the authorizer ended at once: run `make tools`")?;
        let endpoint = serde_json::from_str::<Value>(&line)?["endpoint"].as_str().context("no endpoint")?.to_owned();
        Ok(Self { http: reqwest::Client::builder().no_proxy().build()?, endpoint, _child: child })
    }

    async fn judge(&self, call: &Call, policies: &[Value]) -> anyhow::Result<Verdict> {
        let headers: BTreeMap<&str, &str> =
            call.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        let body = match call.header("content-type") {
            Some("application/cbor") => crate::cbor::decode(&call.body).unwrap_or_default().to_string().into_bytes(),
            _ => call.body.to_vec(),
        };
        let request = json!({
            "service": call.service, "operation": call.operation, "method": call.method.as_str(), "path": call.uri.path(), "query": call.uri.query().unwrap_or_default(),
            "headers": headers, "body": base64::engine::general_purpose::STANDARD.encode(body), "region": call.region,
            "account": call.caller.account, "principal": call.caller.arn, "policies": policies,
        });
        Ok(self.http.post(&self.endpoint).json(&request).send().await?.error_for_status()?.json().await?)
    }
}
