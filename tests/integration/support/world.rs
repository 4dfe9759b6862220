//! A test's own namespace and AWS account, the clients to reach them, and what the operator called there.

use super::stage::Stage;
use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use trailkeeper_sim::control::Client as Control;
use trailkeeper_sim::record::{CallFilter, CallRecord};

macro_rules! client {
    ($sdk:ident, $http:expr, $endpoint:expr, $credentials:expr, $region:expr) => {{
        let config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .http_client($http.clone())
            .region($sdk::config::Region::new($region.to_owned()))
            .endpoint_url($endpoint)
            .credentials_provider($credentials.clone());
        config
    }};
}

/// Where everything of a world lives.
pub const REGION: &str = "eu-central-1";

/// Who tampers: another user of the account, so that the call log tells its calls from the operator's.
const MALLORY: &str = "mallory";

pub struct World {
    pub stage: Arc<Stage>,
    pub namespace: String,
    /// Its number; also the operator's access key there.
    pub account: String,
    pub kube: kube::Client,
    pub control: Control,
    /// These act as mallory, not as the operator.
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    pub s3: aws_sdk_s3::Client,
    pub kms: aws_sdk_kms::Client,
    http: SharedHttpClient,
    stamps: AtomicU64,
}

impl World {
    /// On the shared stage, with its namespace and Secret, and nothing else yet.
    pub async fn new(topic: &str) -> Self {
        Self::on(Stage::shared().await, topic).await
    }

    /// The same with the AwsAccount applied.
    pub async fn with_account(topic: &str) -> Self {
        let world = Self::new(topic).await;
        world.apply(&world.account_manifest()).await;
        world
    }

    /// With account, archive `logs` and trail `audit`, Ready.
    pub async fn ready(topic: &str) -> Self {
        let world = Self::with_account(topic).await;
        world.apply(&world.archive_manifest("logs")).await;
        world.apply(&world.trail_manifest("audit", "logs")).await;
        world.wait_ready("Trail", "audit").await;
        world.wait_ready("LogArchive", "logs").await;
        world
    }

    pub async fn on(stage: Arc<Stage>, topic: &str) -> Self {
        let account = new_account();
        let namespace = format!("{topic}-{account}");
        let kubeconfig = Kubeconfig::read_from(stage.lab.kubeconfig().unwrap()).unwrap();
        let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        config.proxy_url = None; // whatever this machine is set up to use
        let http = Builder::new().build_http();
        let endpoint = stage.lab.sim_endpoint().unwrap().to_owned();
        let mallory = credentials(&format!("{account}-{MALLORY}"));
        let world = Self {
            kube: kube::Client::try_from(config).unwrap(),
            control: Control::new(&endpoint).unwrap(),
            cloudtrail: cloudtrail(&http, &endpoint, &mallory, REGION),
            s3: s3(&http, &endpoint, &mallory),
            kms: kms(&http, &endpoint, &mallory),
            stage,
            namespace,
            account,
            http,
            stamps: AtomicU64::new(1),
        };
        world.apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": world.namespace } })).await;
        world.apply(&world.secret()).await;
        world
    }

    pub fn endpoint(&self) -> String {
        self.stage.lab.sim_endpoint().unwrap().to_owned()
    }

    /// CloudTrail in another Region, as mallory.
    pub fn cloudtrail_in(&self, region: &str) -> aws_sdk_cloudtrail::Client {
        cloudtrail(&self.http, &self.endpoint(), &credentials(&format!("{}-{MALLORY}", self.account)), region)
    }

    /// EventBridge in a Region, as mallory.
    pub fn eventbridge_in(&self, region: &str) -> aws_sdk_eventbridge::Client {
        let mallory = credentials(&format!("{}-{MALLORY}", self.account));
        aws_sdk_eventbridge::Client::from_conf(client!(aws_sdk_eventbridge, self.http, self.endpoint(), mallory, region).build())
    }

    /// SNS, as mallory.
    pub fn sns(&self) -> aws_sdk_sns::Client {
        let mallory = credentials(&format!("{}-{MALLORY}", self.account));
        aws_sdk_sns::Client::from_conf(client!(aws_sdk_sns, self.http, self.endpoint(), mallory, REGION).build())
    }

    /// SQS, as mallory.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let mallory = credentials(&format!("{}-{MALLORY}", self.account));
        aws_sdk_sqs::Client::from_conf(client!(aws_sdk_sqs, self.http, self.endpoint(), mallory, REGION).build())
    }

    /// CloudWatch Logs, as mallory.
    pub fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        let mallory = credentials(&format!("{}-{MALLORY}", self.account));
        aws_sdk_cloudwatchlogs::Client::from_conf(client!(aws_sdk_cloudwatchlogs, self.http, self.endpoint(), mallory, REGION).build())
    }

    /// IAM, as mallory, who may do everything there.
    pub fn iam(&self) -> aws_sdk_iam::Client {
        let mallory = credentials(&format!("{}-{MALLORY}", self.account));
        aws_sdk_iam::Client::from_conf(client!(aws_sdk_iam, self.http, self.endpoint(), mallory, REGION).build())
    }

    /// A value that no request of this world had before.
    pub fn stamp(&self) -> String {
        format!("request-{}", self.stamps.fetch_add(1, Ordering::Relaxed))
    }

    /// The place in the call log from which later calls count.
    pub async fn now(&self) -> u64 {
        self.control.calls(&CallFilter { since: Some(u64::MAX), ..CallFilter::default() }).await.unwrap().next
    }

    /// Every call that the operator made in this account since that place, refused ones included, in order.
    pub async fn calls(&self, since: u64) -> Vec<CallRecord> {
        let filter = CallFilter { account: Some(self.account.clone()), since: Some(since), ..CallFilter::default() };
        let mut calls = self.control.calls(&filter).await.unwrap().calls;
        calls.retain(|call| call.caller.as_ref().is_some_and(|caller| caller.access_key == self.account));
        calls
    }

    /// `service:Operation` of each write among them.
    pub async fn writes(&self, since: u64) -> Vec<String> {
        names(self.calls(since).await.into_iter().filter(|call| !call.read_only))
    }

    /// `service:Operation` of each read among them.
    pub async fn reads(&self, since: u64) -> Vec<String> {
        names(self.calls(since).await.into_iter().filter(|call| call.read_only))
    }
}

/// A failing test tells what the operator said of its namespace.
impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the operator about {}:\n{}", self.namespace, self.stage.log_of(&[&self.namespace, &self.account]));
        }
    }
}

fn names(calls: impl Iterator<Item = CallRecord>) -> Vec<String> {
    calls.map(|call| format!("{}:{}", call.service, call.operation)).collect()
}

/// Twelve digits that no other world has; ten of them count nanoseconds, so runs differ too.
fn new_account() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed) % 900 + 100;
    let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos() % 1_000_000_000;
    format!("{number}{nanos:09}")
}

fn credentials(access_key: &str) -> Credentials {
    Credentials::new(access_key, "any", None, None, "test")
}

fn cloudtrail(http: &SharedHttpClient, endpoint: &str, credentials: &Credentials, region: &str) -> aws_sdk_cloudtrail::Client {
    aws_sdk_cloudtrail::Client::from_conf(client!(aws_sdk_cloudtrail, http, endpoint, credentials, region).build())
}

fn s3(http: &SharedHttpClient, endpoint: &str, credentials: &Credentials) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(client!(aws_sdk_s3, http, endpoint, credentials, REGION).force_path_style(true).build())
}

fn kms(http: &SharedHttpClient, endpoint: &str, credentials: &Credentials) -> aws_sdk_kms::Client {
    aws_sdk_kms::Client::from_conf(client!(aws_sdk_kms, http, endpoint, credentials, REGION).build())
}
