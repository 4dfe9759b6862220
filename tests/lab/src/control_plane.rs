//! A Kubernetes control plane without nodes: etcd, kube-apiserver and kube-controller-manager, tuned to start within
//! seconds. Nothing in it survives the lab.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::kubeconfig;
use crate::pki::Pki;
use crate::stage::Stage;

/// A start takes 3 s on an idle machine; this bounds it on one that compiles at the same time.
const START: Duration = Duration::from_secs(120);
const REQUEST: Duration = Duration::from_secs(5);
/// The controllers that make namespaces, service accounts, owner references and Deployments behave.
const CONTROLLERS: &str = "namespace-controller,garbage-collector-controller,serviceaccount-controller,\
serviceaccount-token-controller,root-ca-certificate-publisher-controller,clusterrole-aggregation-controller,\
deployment-controller,replicaset-controller,ttl-after-finished-controller";

pub struct ControlPlane {
    pub kubeconfig: PathBuf,
    pub apiserver_url: String,
    pub ca_file: PathBuf,
    pub admin_token: String,
}

pub async fn start(stage: &mut Stage) -> Result<ControlPlane> {
    let pki = Pki::create(&stage.state_dir.join("pki"))?;
    let tokens = Tokens::create(stage)?;
    let etcd = start_etcd(stage).await?;
    let apiserver_url = start_apiserver(stage, &pki, &tokens, etcd).await?;
    let write = |name: &str, token: &str| kubeconfig::write(&stage.state_dir.join(name), &apiserver_url, &pki.ca, token, "default");
    let kubeconfig = write("admin.kubeconfig", &tokens.admin)?;
    let controller_kubeconfig = write("controller-manager.kubeconfig", &tokens.controller_manager)?;
    start_controller_manager(stage, &pki, &kubeconfig, controller_kubeconfig).await?;
    Ok(ControlPlane { kubeconfig, apiserver_url, ca_file: pki.ca, admin_token: tokens.admin })
}

struct Tokens {
    admin: String,
    controller_manager: String,
    file: PathBuf,
}

impl Tokens {
    fn create(stage: &Stage) -> Result<Self> {
        let (admin, controller_manager) = (random_token()?, random_token()?);
        let file = stage.state_dir.join("pki/tokens.csv");
        // The controller manager's own role may not delete, hence the same group.
        let text = format!(
            "{admin},admin,admin,\"system:masters\"\n\
             {controller_manager},system:kube-controller-manager,controller-manager,\"system:masters\"\n"
        );
        kubeconfig::write_private(&file, &text)?;
        Ok(Self { admin, controller_manager, file })
    }
}

fn random_token() -> Result<String> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes)).context("reading /dev/urandom")?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

async fn start_etcd(stage: &mut Stage) -> Result<u16> {
    let command = |stage: &Stage, port: u16| {
        let mut command = stage.command(&stage.tools.join("bin/etcd"));
        command
            .args(["--name=lab", "--log-level=warn", "--unsafe-no-fsync"])
            // A single member elects itself: short timeouts only save start time.
            .args(["--heartbeat-interval=10", "--election-timeout=50"])
            .arg(format!("--data-dir={}", stage.state_dir.join("etcd").display()))
            .arg(format!("--listen-client-urls=http://127.0.0.1:{port}"))
            .arg(format!("--advertise-client-urls=http://127.0.0.1:{port}"))
            .arg("--listen-peer-urls=http://127.0.0.1:0")
            // Never dialled with one member.
            .args(["--initial-advertise-peer-urls=http://127.0.0.1:1", "--initial-cluster=lab=http://127.0.0.1:1"]);
        command
    };
    let http = reqwest::Client::builder().no_proxy().timeout(REQUEST).build().context("making an HTTP client")?;
    stage
        .start_on_port("etcd", START, command, async |port| {
            http.get(format!("http://127.0.0.1:{port}/health")).send().await?.error_for_status()?;
            Ok(())
        })
        .await
}

async fn start_apiserver(stage: &mut Stage, pki: &Pki, tokens: &Tokens, etcd: u16) -> Result<String> {
    let command = |stage: &Stage, port: u16| {
        let file = |flag: &str, path: &std::path::Path| format!("--{flag}={}", path.display());
        let mut command = stage.command(&stage.tools.join("bin/kube-apiserver"));
        command
            .arg(format!("--etcd-servers=http://127.0.0.1:{etcd}"))
            .args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"])
            .arg(format!("--secure-port={port}"))
            .arg(file("cert-dir", &stage.state_dir.join("pki")))
            .arg(file("tls-cert-file", &pki.server_certificate))
            .arg(file("tls-private-key-file", &pki.server_key))
            .arg(file("client-ca-file", &pki.ca))
            .arg(file("token-auth-file", &tokens.file))
            .arg("--service-account-issuer=https://kubernetes.default.svc.cluster.local")
            .arg(file("service-account-key-file", &pki.service_account_public_key))
            .arg(file("service-account-signing-key-file", &pki.service_account_key))
            .args(["--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC"])
            .args(["--allow-privileged=true", "--endpoint-reconciler-type=none", "--profiling=false"]);
        command
    };
    let probe = stage.state_dir.join("probe.kubeconfig");
    let port = stage
        .start_on_port("kube-apiserver", START, command, async |port| {
            kubeconfig::write(&probe, &url(port), &pki.ca, &tokens.admin, "default")?;
            get(&client(&probe).await?, "/readyz").await
        })
        .await?;
    Ok(url(port))
}

fn url(port: u16) -> String {
    format!("https://127.0.0.1:{port}")
}

/// Ready means that the default service account exists: without it no pod or Deployment is admitted.
async fn start_controller_manager(stage: &mut Stage, pki: &Pki, admin_kubeconfig: &std::path::Path, own_kubeconfig: PathBuf) -> Result<()> {
    let mut command = stage.command(&stage.tools.join("bin/kube-controller-manager"));
    command
        .arg(format!("--kubeconfig={}", own_kubeconfig.display()))
        .arg("--secure-port=0") // serves nothing, so needs no port
        .args(["--leader-elect=false", "--use-service-account-credentials=false", "--profiling=false"])
        .arg(format!("--service-account-private-key-file={}", pki.service_account_key.display()))
        .arg(format!("--root-ca-file={}", pki.ca.display()))
        .args(["--kube-api-qps=500", "--kube-api-burst=1000"])
        .arg(format!("--controllers={CONTROLLERS}"));
    let client = client(admin_kubeconfig).await?;
    stage
        .start("kube-controller-manager", START, command, None, async || {
            get(&client, "/api/v1/namespaces/default/serviceaccounts/default").await
        })
        .await
}

async fn client(kubeconfig: &std::path::Path) -> Result<Client> {
    let file = Kubeconfig::read_from(kubeconfig)?;
    let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    config.proxy_url = None;
    Ok(Client::try_from(config)?)
}

async fn get(client: &Client, path: &str) -> Result<()> {
    let request = http::Request::get(path).body(Vec::new())?;
    tokio::time::timeout(REQUEST, client.request_text(request)).await.with_context(|| format!("GET {path}"))??;
    Ok(())
}
