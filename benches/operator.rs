//! What the operator costs, measured in one run on the real API server and the simulated AWS: AWS calls per pass, time to
//! Ready against the same calls made bare, memory, and start-up. Prints figures and ratios; asserts nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::time::{Duration, Instant};
use trailkeeper::api::aws_account::Partition;
use trailkeeper::api::condition::{READY, is_true};
use trailkeeper::api::{AwsAccount, LogArchive, REQUESTED_AT, Trail};
use trailkeeper::aws::{BaseCredentials, Cloud, Session};
use trailkeeper::engine::{self, Permit, Produced, Subject, World, writers};
use trailkeeper::facets::context::{AccountFacts, Destination};
use trailkeeper::facets::key::KeyFacts;
use trailkeeper::facets::observed::{Answer, Failure};
use trailkeeper::facets::read::Read;
use trailkeeper::facets::step::Step;
use trailkeeper_lab::{Lab, Process, wait_for};
use trailkeeper_sim::control;
use trailkeeper_sim::record::CallFilter;
use trailkeeper_sim::world::Settings;

const REGION: &str = "eu-central-1";
const NAMESPACE: &str = "default";
/// The fleet: as many trails as AWS allows in one Region, in each account.
const ACCOUNTS: usize = 100;
const TRAILS_PER_ACCOUNT: usize = 5;

#[tokio::main]
async fn main() {
    // `cargo bench` passes --bench; `cargo test --benches` must not run minutes of measurements.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let bench = Bench::start().await;
    println!("{:<64} {:>14}", "figure", "measured");
    let operator = bench.start_up().await;
    bench.one_trail().await;
    bench.five_trails().await;
    bench.full_trail().await;
    bench.central_archive().await;
    bench.fleet(&operator).await;
}

fn figure(name: &str, value: impl std::fmt::Display) {
    println!("{name:<64} {value:>14}");
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

struct Bench {
    lab: Lab,
    client: Client,
    sim: control::Client,
    endpoint: String,
}

impl Bench {
    async fn start() -> Self {
        let lab = Lab::start().unwrap();
        lab.kubectl(&["apply", "--server-side", "-f", concat!(env!("CARGO_MANIFEST_DIR"), "/crds")], None).unwrap().success().unwrap();
        lab.kubectl(&["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"], None).unwrap().success().unwrap();
        let kubeconfig = kube::config::Kubeconfig::read_from(lab.kubeconfig().unwrap()).unwrap();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default()).await.unwrap();
        let endpoint = lab.sim_endpoint().unwrap().to_owned();
        let sim = control::Client::new(&endpoint).unwrap();
        // Log files that nobody reads would be measured along.
        let settings = sim.settings().await.unwrap();
        sim.set_settings(&Settings { delivery_interval_ms: 0, ..settings }).await.unwrap();
        Self { client: Client::try_from(config).unwrap(), sim, endpoint, lab }
    }

    /// Start of the process to the first object that was reconciled, and memory with nothing to do.
    async fn start_up(&self) -> Process {
        self.account("999999999999").await;
        let started = Instant::now();
        let kubeconfig = self.lab.kubeconfig().unwrap().to_str().unwrap().to_owned();
        let operator = self.lab.trailkeeper(&["run", "--admin-address", "127.0.0.1:0"], &[("KUBECONFIG", &kubeconfig)]).unwrap();
        wait_for("the first reconcile", Duration::from_secs(30), async || {
            let found = Api::<AwsAccount>::all(self.client.clone()).get("a999999999999").await?;
            anyhow::ensure!(found.status.is_some(), "no status yet");
            Ok(())
        })
        .await
        .unwrap();
        figure("operator start to first reconcile", seconds(started.elapsed()));
        figure("memory (RSS), idle", memory(&operator));
        operator
    }

    /// Apply to Ready, against the same AWS calls made bare; then the calls of a steady pass.
    async fn one_trail(&self) {
        let account = "100000000001";
        self.account(account).await;
        let started = Instant::now();
        self.archive(account).await;
        self.trail(account, 0).await;
        self.ready::<Trail>(&trail_name(account, 0)).await;
        let through = started.elapsed();
        let bare = self.bare("100000000002").await;
        figure("apply to Ready, archive and trail", seconds(through));
        figure("the same AWS calls made bare", seconds(bare));
        figure("ratio", format!("{:.1} x", through.as_secs_f64() / bare.as_secs_f64()));

        let (reads, writes) = self.steady_pass(account, 1).await;
        figure("AWS calls per steady pass, one trail", format!("{reads} + {writes} writes"));
        let before = self.next_call().await;
        self.request::<LogArchive>(&format!("logs-{account}")).await;
        let (reads, writes) = self.calls(account, before).await;
        figure("AWS calls per steady pass, one archive", format!("{reads} + {writes} writes"));
    }

    async fn five_trails(&self) {
        let account = "100000000003";
        self.account(account).await;
        self.archive(account).await;
        for number in 0..5 {
            self.trail(account, number).await;
        }
        for number in 0..5 {
            self.ready::<Trail>(&trail_name(account, number)).await;
        }
        let (reads, writes) = self.steady_pass(account, 5).await;
        figure("AWS calls per steady pass, five trails of one account", format!("{reads} + {writes} writes"));
    }

    /// A trail with everything that it can have made for it.
    async fn full_trail(&self) {
        let account = "100000000004";
        self.account(account).await;
        self.archive(account).await;
        let spec = json!({
            "accountRef": {"name": format!("a{account}")}, "region": REGION, "archiveRef": {"name": format!("logs-{account}")},
            "events": {"data": [{"resourceType": "AWS::S3::Object"}], "insights": [{"type": "ApiErrorRate"}]},
            "cloudWatchLogs": {"logGroup": {}, "role": {}}, "notices": {}, "alarms": {},
            "responses": [{"name": "tampered", "when": "LoggingTampered", "targets": [{"arn": format!("arn:aws:sns:{REGION}:{account}:told")}]}],
        });
        let mut aws = self.lab.command(&self.lab.tools().join("venv/bin/aws"));
        aws.args(["sns", "create-topic", "--name", "told", "--region", REGION, "--endpoint-url", &self.endpoint]);
        assert!(aws.env("AWS_ACCESS_KEY_ID", account).env("AWS_SECRET_ACCESS_KEY", "any").output().unwrap().status.success());
        self.create::<Trail>(&trail_name(account, 0), spec).await;
        self.ready::<Trail>(&trail_name(account, 0)).await;
        let (reads, writes) = self.steady_pass(account, 1).await;
        figure("AWS calls per steady pass, a trail with everything, 17 Regions", format!("{reads} + {writes} writes"));
    }

    /// One archive that the trails of many accounts deliver to.
    async fn central_archive(&self) {
        let home = "300000000000";
        self.account(home).await;
        self.archive(home).await;
        let accounts: Vec<String> = (1..=ACCOUNTS).map(|number| format!("3000000{number:05}")).collect();
        let started = Instant::now();
        for account in &accounts {
            self.account(account).await;
            let spec =
                json!({"accountRef": {"name": format!("a{account}")}, "region": REGION, "archiveRef": {"name": format!("logs-{home}")}});
            self.create::<Trail>(&trail_name(account, 0), spec).await;
        }
        for account in &accounts {
            self.ready::<Trail>(&trail_name(account, 0)).await;
        }
        figure(&format!("apply to all Ready, {ACCOUNTS} accounts into one archive"), seconds(started.elapsed()));
        let (reads, writes) = self.calls(home, 0).await;
        figure("AWS calls of that archive until then", format!("{reads} + {writes} writes"));
        let before = self.next_call().await;
        self.request::<LogArchive>(&format!("logs-{home}")).await;
        let (reads, writes) = self.calls(home, before).await;
        figure("AWS calls per steady pass, that archive", format!("{reads} + {writes} writes"));
    }

    /// Memory with the fleet, and how long it takes to be Ready.
    async fn fleet(&self, operator: &Process) {
        let started = Instant::now();
        let accounts: Vec<String> = (0..ACCOUNTS).map(|number| format!("2000000{number:05}")).collect();
        for account in &accounts {
            self.account(account).await;
            self.archive(account).await;
            for number in 0..TRAILS_PER_ACCOUNT {
                self.trail(account, number).await;
            }
        }
        for account in &accounts {
            for number in 0..TRAILS_PER_ACCOUNT {
                self.ready::<Trail>(&trail_name(account, number)).await;
            }
        }
        let trails = ACCOUNTS * TRAILS_PER_ACCOUNT;
        figure(&format!("apply to all Ready, {trails} trails in {ACCOUNTS} accounts"), seconds(started.elapsed()));
        figure(&format!("memory (RSS), {trails} trails in {ACCOUNTS} accounts"), memory(operator));
    }

    /// The calls that passes of some trails of an account make, requested together.
    async fn steady_pass(&self, account: &str, trails: usize) -> (usize, usize) {
        // A snapshot serves the passes of 2 s; this one is to start without.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let before = self.next_call().await;
        let names: Vec<String> = (0..trails).map(|number| trail_name(account, number)).collect();
        futures::future::join_all(names.iter().map(|name| self.request::<Trail>(name))).await;
        self.calls(account, before).await
    }

    async fn next_call(&self) -> u64 {
        self.sim.calls(&CallFilter::default()).await.unwrap().next
    }

    async fn calls(&self, account: &str, since: u64) -> (usize, usize) {
        let filter = CallFilter { account: Some(account.to_owned()), since: Some(since), ..CallFilter::default() };
        let calls = self.sim.calls(&filter).await.unwrap().calls;
        let reads = calls.iter().filter(|call| call.read_only).count();
        (reads, calls.len() - reads)
    }

    /// Asks for a pass and waits until it has taken place.
    async fn request<K: Object>(&self, name: &str) {
        let api = K::api(self.client.clone());
        let value = format!("{:?}", Instant::now());
        let patch = json!({"metadata": {"annotations": {REQUESTED_AT: value}}});
        api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
        wait_for("the requested pass", Duration::from_secs(60), async || {
            let status = K::status(&api.get(name).await?);
            anyhow::ensure!(status["lastHandledReconcileAt"] == value.as_str(), "not yet");
            Ok(())
        })
        .await
        .unwrap();
    }

    async fn ready<K: Object>(&self, name: &str) {
        let api = K::api(self.client.clone());
        wait_for(&format!("{name} to be Ready"), Duration::from_secs(600), async || {
            let status = K::status(&api.get(name).await?);
            let conditions = serde_json::from_value::<Vec<_>>(status["conditions"].clone()).unwrap_or_default();
            anyhow::ensure!(is_true(&conditions, READY), "{status}");
            Ok(())
        })
        .await
        .unwrap();
    }

    async fn account(&self, id: &str) {
        let secret: k8s_openapi::api::core::v1::Secret =
            from(json!({"metadata": {"name": format!("a{id}")}, "stringData": {"accessKeyId": id, "secretAccessKey": "any"}}));
        Api::namespaced(self.client.clone(), NAMESPACE).create(&PostParams::default(), &secret).await.unwrap();
        let spec = json!({"accountId": id, "region": REGION, "endpoints": {"all": self.endpoint}, "credentials": {"secretRef": {"name": format!("a{id}"), "namespace": NAMESPACE}}});
        self.create::<AwsAccount>(&format!("a{id}"), spec).await;
    }

    async fn archive(&self, account: &str) {
        let name = format!("logs-{account}");
        self.create::<LogArchive>(&name, json!({"accountRef": {"name": format!("a{account}")}, "region": REGION, "bucketName": name}))
            .await;
    }

    async fn trail(&self, account: &str, number: usize) {
        let archive = format!("logs-{account}");
        let spec = json!({"accountRef": {"name": format!("a{account}")}, "region": REGION, "archiveRef": {"name": archive}});
        self.create::<Trail>(&trail_name(account, number), spec).await;
    }

    async fn create<K: Object>(&self, name: &str, spec: Value) {
        let object: K = from(json!({"apiVersion": K::api_version(&()), "kind": K::kind(&()), "metadata": {"name": name}, "spec": spec}));
        K::api(self.client.clone()).create(&PostParams::default(), &object).await.unwrap();
    }

    /// The pipeline of an archive and a trail in a fresh account, without cluster and without waiting for rate limits.
    async fn bare(&self, account: &str) -> Duration {
        let spec = from(json!({"accountId": account, "region": REGION, "endpoints": {"all": self.endpoint}}));
        let base = BaseCredentials::Static { access_key_id: account.to_owned(), secret_access_key: "any".to_owned(), session_token: None };
        let world = Bare(Session::open(&spec, base).await.unwrap());
        let facts = AccountFacts { id: account.to_owned(), partition: Partition::Aws, organization: None, regions: Vec::new() };
        let meta = |name: &str| json!({"name": name, "namespace": NAMESPACE});
        let bucket = format!("logs-{account}");
        let reference = json!({"name": "x"});
        let archive: LogArchive = from(
            json!({"apiVersion": "trailkeeper.dev/v1alpha1", "kind": "LogArchive", "metadata": meta("logs"), "spec": {"accountRef": reference, "region": REGION, "bucketName": bucket}}),
        );
        let trail: Trail = from(
            json!({"apiVersion": "trailkeeper.dev/v1alpha1", "kind": "Trail", "metadata": meta("trail"), "spec": {"accountRef": reference, "region": REGION, "archiveRef": {"name": "logs"}}}),
        );
        let started = Instant::now();
        let archived =
            engine::pass(&world, &Subject::log_archive(&archive, &facts, &writers([(&trail, Some(&facts))], &[]), "bench"), &Always).await;
        let kms_key = archived.latest().seen.facts::<KeyFacts>("key").unwrap().arn;
        let trailed = engine::pass(&world, &Subject::trail(&trail, &facts, Destination { bucket, kms_key }, "bench"), &Always).await;
        assert!(archived.in_sync() && trailed.in_sync());
        started.elapsed()
    }
}

fn trail_name(account: &str, number: usize) -> String {
    format!("trail-{account}-{number}")
}

fn from<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn memory(process: &Process) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    format!("{:.1} MiB", kilobytes / 1024.0)
}

/// AWS with the limiter and the shared snapshot of a new process at every call.
struct Bare(Session);

impl Bare {
    fn cloud(&self) -> Cloud {
        Cloud::new(&self.0, REGION, std::sync::Arc::default())
    }
}

impl World for Bare {
    async fn read(&self, read: &Read) -> Answer {
        self.cloud().read(read).await
    }
    async fn execute(&self, step: &Step, produced: &mut Produced) -> Result<(), Failure> {
        self.cloud().execute(step, produced).await
    }
}

struct Always;

impl Permit for Always {
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

trait Object: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + 'static {
    fn api(client: Client) -> Api<Self>;
    fn status(&self) -> Value {
        serde_json::to_value(self).unwrap()["status"].clone()
    }
}

impl Object for AwsAccount {
    fn api(client: Client) -> Api<Self> {
        Api::all(client)
    }
}
impl Object for LogArchive {
    fn api(client: Client) -> Api<Self> {
        Api::namespaced(client, NAMESPACE)
    }
}
impl Object for Trail {
    fn api(client: Client) -> Api<Self> {
        Api::namespaced(client, NAMESPACE)
    }
}
