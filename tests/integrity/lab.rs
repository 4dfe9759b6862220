//! A simulated AWS for one test: its clock stands still in the past, and files are delivered when asked for.

use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use aws_smithy_types::retry::RetryConfig;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::process::Output;
use tokio::process::Command;
use trailkeeper_sim::Server;
use trailkeeper_sim::clock::ClockChange;
use trailkeeper_sim::control::Client as Control;
use trailkeeper_sim::moto::{self, tools_dir};
use trailkeeper_sim::world::Settings;

pub const HOME: &str = "eu-west-1";
pub const OTHER: &str = "us-east-1";
pub const HOUR: i64 = 3600;

/// When every archive begins: early enough that all of it is in the past.
pub const BEGIN: &str = "2026-09-14T00:00:00Z";

pub struct Lab {
    server: Server,
    pub control: Control,
    /// An account that no other test uses.
    pub account: String,
}

impl Lab {
    pub async fn new() -> Self {
        let server = Server::start(([127, 0, 0, 1], 0).into(), moto::url_of_process().unwrap()).await.unwrap();
        let control = Control::new(&server.endpoint()).unwrap();
        control.set_settings(&Settings { delivery_interval_ms: 0, ..Settings::default() }).await.unwrap();
        control.change_clock(&ClockChange::Freeze { at: Some(BEGIN.parse().unwrap()) }).await.unwrap();
        Self { server, control, account: new_account() }
    }

    /// With the archive of two Regions and three hours: six digests and six log files of the home Region's trail.
    pub async fn with_two_regions() -> (Self, String) {
        let lab = Self::new().await;
        let bucket = lab.bucket("logs").await;
        lab.trail("main", &bucket).await;
        lab.cloudtrail(OTHER).list_trails().send().await.unwrap();
        for _ in 0..3 {
            lab.hour().await;
        }
        (lab, bucket)
    }

    pub fn cloudtrail(&self, region: &str) -> aws_sdk_cloudtrail::Client {
        self.cloudtrail_as(&self.account, region)
    }

    pub fn cloudtrail_as(&self, account: &str, region: &str) -> aws_sdk_cloudtrail::Client {
        let config = aws_sdk_cloudtrail::Config::builder()
            .behavior_version(aws_sdk_cloudtrail::config::BehaviorVersion::latest())
            .http_client(Builder::new().build_http())
            .region(aws_sdk_cloudtrail::config::Region::new(region.to_owned()))
            .endpoint_url(self.server.endpoint())
            .retry_config(RetryConfig::disabled())
            .credentials_provider(credentials(account))
            .build();
        aws_sdk_cloudtrail::Client::from_conf(config)
    }

    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .http_client(Builder::new().build_http())
            .region(aws_sdk_s3::config::Region::new(HOME))
            .endpoint_url(self.server.endpoint())
            .retry_config(RetryConfig::disabled())
            .force_path_style(true)
            .credentials_provider(credentials(&self.account))
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// A bucket that any trail may write to, under any prefix.
    pub async fn bucket(&self, suffix: &str) -> String {
        use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
        let name = format!("b-{}-{suffix}", self.account);
        let configuration = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(HOME)).build();
        self.s3().create_bucket().bucket(&name).create_bucket_configuration(configuration).send().await.unwrap();
        self.put_policy(&name, &[]).await;
        name
    }

    /// Replaces the bucket policy: the trails' statements, and these.
    pub async fn put_policy(&self, bucket: &str, more: &[Value]) {
        let service = json!({ "Service": "cloudtrail.amazonaws.com" });
        let arn = format!("arn:aws:s3:::{bucket}");
        let mut statements = vec![
            json!({ "Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl", "Resource": arn }),
            json!({ "Effect": "Allow", "Principal": service, "Action": "s3:PutObject", "Resource": format!("{arn}/*"),
                "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } } }),
        ];
        statements.extend(more.iter().cloned());
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        self.s3().put_bucket_policy().bucket(bucket).policy(policy).send().await.unwrap();
    }

    /// A logging, validated trail of all Regions.
    pub async fn trail(&self, name: &str, bucket: &str) {
        let client = self.cloudtrail(HOME);
        let create = client.create_trail().name(name).s3_bucket_name(bucket).is_multi_region_trail(true);
        create.enable_log_file_validation(true).send().await.unwrap();
        client.start_logging().name(name).send().await.unwrap();
    }

    pub async fn keep_versions(&self, bucket: &str) {
        use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
        let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        self.s3().put_bucket_versioning().bucket(bucket).versioning_configuration(on).send().await.unwrap();
    }

    /// Whether CloudTrail may write digests to the bucket.
    pub async fn refuse_digests(&self, bucket: &str, refuse: bool) {
        let deny = json!({ "Effect": "Deny", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:PutObject",
            "Resource": format!("arn:aws:s3:::{bucket}/*CloudTrail-Digest*") });
        self.put_policy(bucket, if refuse { std::slice::from_ref(&deny) } else { &[] }).await;
    }

    pub async fn now(&self) -> Timestamp {
        self.control.now().await.unwrap()
    }

    pub async fn advance(&self, seconds: i64) {
        self.control.change_clock(&ClockChange::Advance { seconds }).await.unwrap();
    }

    /// Delivers what waits, without a failure.
    pub async fn deliver(&self) {
        assert_eq!(self.control.deliver().await.unwrap().failures, 0);
    }

    /// An hour with two log files in the home Region.
    pub async fn hour(&self) {
        for minutes in [20, 25, 15] {
            self.advance(minutes * 60).await;
            if minutes != 15 {
                self.cloudtrail(HOME).list_trails().send().await.unwrap();
            }
            self.deliver().await;
        }
    }

    /// The official command line.
    pub async fn aws(&self, region: &str, arguments: &[&str]) -> Output {
        let program = tools_dir().unwrap().join("venv/bin/aws");
        assert!(program.exists(), "{} is missing; run `make tools`", program.display());
        self.run(Command::new(program).args(arguments).args(["--region", region, "--output", "json"])).await
    }

    /// Ours, with `verify` before the arguments.
    pub async fn verify(&self, arguments: &[&str]) -> Output {
        self.trailkeeper(&[&["verify"], arguments].concat()).await
    }

    /// Ours, any command.
    pub async fn trailkeeper(&self, arguments: &[&str]) -> Output {
        self.run(Command::new(env!("CARGO_BIN_EXE_trailkeeper")).args(arguments)).await
    }

    async fn run(&self, command: &mut Command) -> Output {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", std::env::temp_dir())
            .env("AWS_ENDPOINT_URL", self.server.endpoint())
            .env("AWS_REGION", HOME)
            .env("AWS_ACCESS_KEY_ID", &self.account)
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .output()
            .await
            .unwrap()
    }
}

fn credentials(account: &str) -> Credentials {
    Credentials::new(account, "any", None, None, "test")
}

pub fn new_account() -> String {
    let number = uuid::Uuid::new_v4().as_u128() % 900_000_000_000 + 100_000_000_000;
    number.to_string()
}
