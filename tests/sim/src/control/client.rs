//! The typed client of the control endpoint, for tests and the lab.

use super::{Calls, Now};
use crate::clock::ClockChange;
use crate::cloudtrail::model::Trail;
use crate::delivery::Round;
use crate::faults::FaultRule;
use crate::organizations::Organization;
use crate::record::CallFilter;
use crate::world::Settings;
use jiff::Timestamp;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("the simulation did not answer {method} {path}: {source}")]
    Unreachable { method: Method, path: String, source: reqwest::Error },
    #[error("the simulation refused {method} {path} with {status}: {body}")]
    Refused { method: Method, path: String, status: u16, body: String },
}

type Result<T> = std::result::Result<T, ControlError>;

#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoint: String,
}

impl Client {
    pub fn new(endpoint: &str) -> std::result::Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, endpoint: endpoint.trim_end_matches('/').to_owned() })
    }

    pub async fn calls(&self, filter: &CallFilter) -> Result<Calls> {
        self.read("calls", filter).await
    }

    /// Forgets everything, moto's state included.
    pub async fn reset(&self) -> Result<()> {
        self.write(Method::POST, "reset", &()).await.map(drop)
    }

    pub async fn add_fault(&self, rule: &FaultRule) -> Result<()> {
        self.write(Method::POST, "faults", rule).await.map(drop)
    }

    pub async fn faults(&self) -> Result<Vec<FaultRule>> {
        self.read("faults", &()).await
    }

    pub async fn clear_faults(&self) -> Result<()> {
        self.write(Method::DELETE, "faults", &()).await.map(drop)
    }

    /// Clears the faults that name this account.
    pub async fn clear_faults_of(&self, account: &str) -> Result<()> {
        self.write(Method::DELETE, &format!("faults?account={account}"), &()).await.map(drop)
    }

    pub async fn settings(&self) -> Result<Settings> {
        self.read("settings", &()).await
    }

    pub async fn set_settings(&self, settings: &Settings) -> Result<()> {
        self.write(Method::PUT, "settings", settings).await.map(drop)
    }

    pub async fn now(&self) -> Result<Timestamp> {
        self.read::<Now>("clock", &()).await.map(|answer| answer.now)
    }

    pub async fn change_clock(&self, change: &ClockChange) -> Result<Timestamp> {
        let response = self.write(Method::POST, "clock", change).await?;
        decode::<Now>(Method::POST, "clock", response).await.map(|answer| answer.now)
    }

    pub async fn organizations(&self) -> Result<Vec<Organization>> {
        self.read("organizations", &()).await
    }

    pub async fn set_organizations(&self, all: &[Organization]) -> Result<()> {
        self.write(Method::PUT, "organizations", &all).await.map(drop)
    }

    /// Adds an organization, or puts it in the place of the one with its id.
    pub async fn put_organization(&self, organization: &Organization) -> Result<()> {
        self.write(Method::POST, "organizations", organization).await.map(drop)
    }

    /// Lets the sessions of a role do only what its policies in IAM allow.
    pub async fn enforce(&self, role_arn: &str) -> Result<()> {
        self.write(Method::POST, "enforced", &json!({ "role_arn": role_arn })).await.map(drop)
    }

    /// Every trail that an account owns, in all Regions.
    pub async fn trails(&self, account: &str) -> Result<Vec<Trail>> {
        self.read("trails", &[("account", account)]).await
    }

    /// Makes the account a customer of CloudTrail Lake from before its closure.
    pub async fn open_lake(&self, account: &str) -> Result<()> {
        self.write(Method::POST, "lake", &serde_json::json!({ "account": account })).await.map(drop)
    }

    /// Delivers now whatever waits: log files, due digests, events for rules.
    pub async fn deliver(&self) -> Result<Round> {
        let response = self.write(Method::POST, "deliver", &()).await?;
        decode(Method::POST, "deliver", response).await
    }

    /// Gives a Region a new key to sign digests with, from now on.
    pub async fn rotate(&self, region: &str) -> Result<()> {
        self.write(Method::POST, "rotate", &json!({ "region": region })).await.map(drop)
    }

    async fn read<T: DeserializeOwned>(&self, path: &str, query: &(impl Serialize + ?Sized)) -> Result<T> {
        let request = || self.http.get(format!("{}/_sim/{path}", self.endpoint)).query(query);
        // A connection that was kept may be closed just as it is used again; a read can be asked twice.
        let response = match send(Method::GET, path, request()).await {
            Err(ControlError::Unreachable { .. }) => send(Method::GET, path, request()).await?,
            answered => answered?,
        };
        decode(Method::GET, path, response).await
    }

    async fn write(&self, method: Method, path: &str, body: &(impl Serialize + ?Sized)) -> Result<reqwest::Response> {
        let request = self.http.request(method.clone(), format!("{}/_sim/{path}", self.endpoint)).json(body);
        send(method, path, request).await
    }
}

async fn send(method: Method, path: &str, request: reqwest::RequestBuilder) -> Result<reqwest::Response> {
    let path = path.to_owned();
    let response = match request.send().await {
        Ok(response) => response,
        Err(source) => return Err(ControlError::Unreachable { method, path, source }),
    };
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    Err(ControlError::Refused { method, path, status, body: response.text().await.unwrap_or_default() })
}

async fn decode<T: DeserializeOwned>(method: Method, path: &str, response: reqwest::Response) -> Result<T> {
    response.json().await.map_err(|source| ControlError::Unreachable { method, path: path.to_owned(), source })
}
