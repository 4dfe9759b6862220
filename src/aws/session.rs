//! Sessions: credentials of one account, from a Secret or the default chain through the roles that are to be assumed,
//! and clients made from them. Every client shares one HTTP client, so that accounts are cheap.

use crate::api::aws_account::{AwsAccountSpec, Endpoints};
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3control::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::sync::OnceLock;
use std::time::Duration;

/// The name under which our calls appear in CloudTrail events: role session and user agent.
const OUR_NAME: &str = "trailkeeper";

/// Where the first credentials come from.
#[derive(Clone)]
pub enum BaseCredentials {
    /// Environment, shared files, web identity, pod identity, instance profile.
    Ambient,
    /// From a Secret.
    Static { access_key_id: String, secret_access_key: String, session_token: Option<String> },
}

/// A session that can't be made.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("no AWS credentials: {0}")]
    NoCredentials(String),
}

/// Credentials and endpoints of one account.
#[derive(Clone)]
pub struct Session {
    account: String,
    config: SdkConfig,
    endpoints: Endpoints,
}

fn http_client() -> SharedHttpClient {
    static CLIENT: OnceLock<SharedHttpClient> = OnceLock::new();
    CLIENT
        .get_or_init(|| {
            aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https()
        })
        .clone()
}

/// S3 Control's own rules put the account's id before the host of any endpoint, and few names that somebody gives are wildcards.
#[derive(Debug)]
struct AsGiven(String);

impl ResolveEndpoint for AsGiven {
    fn resolve_endpoint<'a>(&'a self, _: &'a Params) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(Endpoint::builder().url(self.0.clone()).build()))
    }
}

impl Session {
    /// Makes a session for the account of `spec`. No call is made before the first use.
    pub async fn open(spec: &AwsAccountSpec, base: BaseCredentials) -> Result<Self, SessionError> {
        let endpoints = spec.endpoints.clone().unwrap_or_default();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(spec.region.clone()))
            .http_client(http_client())
            // Two tries of 6 s: a call ends within the 10 s that a stopping process has left, give or take.
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(3))
                    .operation_attempt_timeout(Duration::from_secs(6))
                    .operation_timeout(Duration::from_secs(15))
                    .build(),
            )
            .retry_config(RetryConfig::standard().with_max_attempts(3));
        if let Ok(name) = AppName::new(OUR_NAME) {
            loader = loader.app_name(name);
        }
        if let BaseCredentials::Static { access_key_id, secret_access_key, session_token } = base {
            loader = loader.credentials_provider(Credentials::new(access_key_id, secret_access_key, session_token, None, "Secret"));
        }
        let mut config = loader.load().await;
        for role in &spec.credentials.assume_roles {
            let previous =
                config.credentials_provider().ok_or_else(|| SessionError::NoCredentials("the default chain found none".to_owned()))?;
            let mut for_sts = config.to_builder();
            for_sts.set_endpoint_url(
                endpoints.sts.clone().or_else(|| endpoints.all.clone()).or_else(|| config.endpoint_url().map(str::to_owned)),
            );
            let mut assume = AssumeRoleProvider::builder(&role.role_arn).session_name(OUR_NAME).configure(&for_sts.build());
            if let Some(external_id) = &role.external_id {
                assume = assume.external_id(external_id);
            }
            let provider = assume.build_from_provider(previous).await;
            config = config.to_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build();
        }
        Ok(Self { account: spec.account_id.clone(), config, endpoints })
    }

    /// The account that the session is declared to be in.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The Region for questions to the account as a whole.
    pub fn region(&self) -> String {
        self.config.region().map(ToString::to_string).unwrap_or_default()
    }

    fn config(&self, region: Option<&str>, own_endpoint: &Option<String>) -> SdkConfig {
        let mut builder = self.config.to_builder();
        if let Some(region) = region {
            builder.set_region(Region::new(region.to_owned()));
        }
        if let Some(endpoint) = own_endpoint.as_ref().or(self.endpoints.all.as_ref()) {
            builder.set_endpoint_url(Some(endpoint.clone()));
        }
        builder.build()
    }

    pub(super) fn cloudtrail(&self, region: &str) -> aws_sdk_cloudtrail::Client {
        aws_sdk_cloudtrail::Client::new(&self.config(Some(region), &self.endpoints.cloudtrail))
    }

    pub(super) fn kms(&self, region: &str) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.config(Some(region), &self.endpoints.kms))
    }

    pub(super) fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let config = self.config(Some(region), &self.endpoints.s3);
        let by_path = config.endpoint_url().is_some();
        aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(&config).force_path_style(by_path).build())
    }

    pub(super) fn s3_control(&self, region: &str) -> aws_sdk_s3control::Client {
        let config = self.config(Some(region), &self.endpoints.s3_control);
        let mut own = aws_sdk_s3control::config::Builder::from(&config);
        if let Some(url) = config.endpoint_url() {
            own.set_endpoint_resolver(Some(AsGiven(url.to_owned()).into_shared_resolver()));
        }
        aws_sdk_s3control::Client::from_conf(own.build())
    }

    pub(super) fn sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::new(&self.config(None, &self.endpoints.sts))
    }

    pub(super) fn organizations(&self) -> aws_sdk_organizations::Client {
        aws_sdk_organizations::Client::new(&self.config(None, &self.endpoints.organizations))
    }

    pub(super) fn sns(&self, region: &str) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&self.config(Some(region), &self.endpoints.sns))
    }

    pub(super) fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&self.config(None, &self.endpoints.iam))
    }

    pub(super) fn athena(&self, region: &str) -> aws_sdk_athena::Client {
        aws_sdk_athena::Client::new(&self.config(Some(region), &self.endpoints.athena))
    }

    pub(super) fn cloudwatch(&self, region: &str) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&self.config(Some(region), &self.endpoints.cloudwatch))
    }

    pub(super) fn eventbridge(&self, region: &str) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.config(Some(region), &self.endpoints.eventbridge))
    }

    pub(super) fn glue(&self, region: &str) -> aws_sdk_glue::Client {
        aws_sdk_glue::Client::new(&self.config(Some(region), &self.endpoints.glue))
    }

    pub(super) fn lambda(&self, region: &str) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config(Some(region), &self.endpoints.lambda))
    }

    pub(super) fn logs(&self, region: &str) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.config(Some(region), &self.endpoints.logs))
    }

    pub(super) fn securityhub(&self, region: &str) -> aws_sdk_securityhub::Client {
        aws_sdk_securityhub::Client::new(&self.config(Some(region), &None))
    }

    pub(super) fn sqs(&self, region: &str) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config(Some(region), &self.endpoints.sqs))
    }

    pub(super) fn account_management(&self) -> aws_sdk_account::Client {
        aws_sdk_account::Client::new(&self.config(None, &self.endpoints.account))
    }
}
