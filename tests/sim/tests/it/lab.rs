//! The parts every test starts from.

use aws_credential_types::Credentials;
use aws_sdk_cloudtrail::config::{BehaviorVersion, Region};
use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Value, json};
use std::process::Output;
use trailkeeper_sim::Server;
use trailkeeper_sim::control::Client as Control;
use trailkeeper_sim::moto::{self, tools_dir};

pub const HOME: &str = "eu-west-1";
pub const OTHER: &str = "us-east-1";

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
        Self { server, control, account: new_account() }
    }

    pub fn endpoint(&self) -> String {
        self.server.endpoint()
    }

    pub fn cloudtrail(&self, region: &str) -> aws_sdk_cloudtrail::Client {
        self.cloudtrail_as(&key(&self.account), region)
    }

    pub fn cloudtrail_as(&self, credentials: &Credentials, region: &str) -> aws_sdk_cloudtrail::Client {
        let config = aws_sdk_cloudtrail::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http())
            .region(Region::new(region.to_owned()))
            .endpoint_url(self.endpoint())
            .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
            .credentials_provider(credentials.clone())
            .build();
        aws_sdk_cloudtrail::Client::from_conf(config)
    }

    pub fn s3(&self, account: &str, region: &str) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .http_client(http())
            .region(aws_sdk_s3::config::Region::new(region.to_owned()))
            .endpoint_url(self.endpoint())
            .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
            .credentials_provider(key(account))
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    pub fn kms(&self, region: &str) -> aws_sdk_kms::Client {
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(aws_sdk_kms::config::BehaviorVersion::latest())
            .http_client(http())
            .region(aws_sdk_kms::config::Region::new(region.to_owned()))
            .endpoint_url(self.endpoint())
            .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
            .credentials_provider(key(&self.account))
            .build();
        aws_sdk_kms::Client::from_conf(config)
    }

    pub fn sts(&self, credentials: &Credentials) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .http_client(http())
            .region(aws_sdk_sts::config::Region::new(HOME))
            .endpoint_url(self.endpoint())
            .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
            .credentials_provider(credentials.clone())
            .build();
        aws_sdk_sts::Client::from_conf(config)
    }

    pub fn trail_arn(&self, name: &str) -> String {
        format!("arn:aws:cloudtrail:{HOME}:{}:trail/{name}", self.account)
    }

    /// A name nobody else has: S3 has one namespace for all.
    pub fn bucket_name(&self, suffix: &str) -> String {
        format!("b-{}-{suffix}", self.account)
    }

    pub async fn create_bucket(&self, suffix: &str, region: &str) -> String {
        let name = self.bucket_name(suffix);
        create_bucket(&self.s3(&self.account, region), &name, region).await;
        name
    }

    pub async fn put_policy(&self, bucket: &str, region: &str, policy: &Value) {
        self.s3(&self.account, region).put_bucket_policy().bucket(bucket).policy(policy.to_string()).send().await.unwrap();
    }

    /// A bucket that any trail of the account may write to, under any prefix.
    pub async fn open_bucket(&self) -> String {
        let name = self.create_bucket("logs", HOME).await;
        self.put_policy(&name, HOME, &bucket_policy(&name, "*", &self.account)).await;
        name
    }

    /// The official command line, as this lab's account.
    pub async fn aws(&self, region: &str, arguments: &[&str]) -> Output {
        let program = tools_dir().unwrap().join("venv/bin/aws");
        assert!(program.exists(), "{} is missing; run `make tools`", program.display());
        tokio::process::Command::new(program)
            .args(arguments)
            .args(["--endpoint-url", &self.endpoint(), "--region", region, "--output", "json"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", std::env::temp_dir())
            // Commands that make clients of other services go by this, not by the argument.
            .env("AWS_ENDPOINT_URL", self.endpoint())
            .env("AWS_ACCESS_KEY_ID", &self.account)
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .env("AWS_MAX_ATTEMPTS", "1")
            .output()
            .await
            .unwrap()
    }

    /// The command line where it must succeed; answers its JSON.
    pub async fn aws_ok(&self, region: &str, arguments: &[&str]) -> Value {
        let output = self.aws(region, arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }
}

pub async fn create_bucket(s3: &aws_sdk_s3::Client, name: &str, region: &str) {
    use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
    let constraint = BucketLocationConstraint::from(region);
    let configuration = CreateBucketConfiguration::builder().location_constraint(constraint).build();
    let request = s3.create_bucket().bucket(name);
    let request = if region == "us-east-1" { request } else { request.create_bucket_configuration(configuration) };
    request.send().await.unwrap();
}

pub fn new_account() -> String {
    let number = uuid::Uuid::new_v4().as_u128() % 900_000_000_000 + 100_000_000_000;
    number.to_string()
}

/// Credentials of an account's admin, or of `account-user`.
pub fn key(access_key: &str) -> Credentials {
    Credentials::new(access_key, "any", None, None, "test")
}

fn http() -> SharedHttpClient {
    Builder::new().build_http()
}

/// The documented policy; `arn` may be a pattern and the object path covers every prefix.
pub fn bucket_policy(bucket: &str, arn: &str, account: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:GetBucketAcl",
          "Resource": format!("arn:aws:s3:::{bucket}"), "Condition": { "StringLike": { "aws:SourceArn": arn } } },
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:PutObject",
          "Resource": format!("arn:aws:s3:::{bucket}/*AWSLogs/{account}/*"),
          "Condition": { "StringLike": { "aws:SourceArn": arn }, "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } } },
    ] })
}

/// The error code of a call that must fail.
pub fn code<T, E: ProvideErrorMetadata, R>(result: Result<T, SdkError<E, R>>) -> String {
    error(result).0
}

/// Code and message of a call that must fail.
pub fn error<T, E: ProvideErrorMetadata, R>(result: Result<T, SdkError<E, R>>) -> (String, String) {
    let Err(error) = result else { panic!("the call succeeded and should not") };
    let service = error.as_service_error().unwrap_or_else(|| panic!("no answer from the service"));
    (service.code().unwrap_or_default().to_owned(), service.message().unwrap_or_default().to_owned())
}
