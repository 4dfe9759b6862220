//! What all controllers share.

use super::gate::Gate;
use super::index::{self, Index};
use super::metrics::Passes;
use super::reports::Found;
use super::sessions::Sessions;
use super::verification::Verifications;
use crate::api::AwsAccount;
use crate::api::condition::{self, READY};
use crate::aws::{Calls, Cloud, Session, Shared};
use crate::engine::Permit;
use crate::facets::context::AccountFacts;
use crate::report::open_reports::ReportKind;
use crate::rules::catalogue::Catalogue;
use crate::status::Waiting;
use kube::Client;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;

pub struct Context {
    pub client: Client,
    pub index: Index,
    pub sessions: Sessions,
    pub gate: Gate,
    pub instance: String,
    pub catalogue: Catalogue,
    pub passes: Passes,
    pub verifications: Arc<Verifications>,
    reports: Found,
    shared: Arc<Shared>,
    stopping: watch::Receiver<bool>,
}

/// Nothing is written once the process has been told to stop.
pub struct WhileRunning(watch::Receiver<bool>);

impl Permit for WhileRunning {
    fn check(&self) -> Result<(), String> {
        if *self.0.borrow() { Err("the operator is stopping; the next one goes on".to_owned()) } else { Ok(()) }
    }
}

/// What a pass in an account depends on: another spec, or that the account was found wanting and no longer is.
pub fn account_inputs(account: &AwsAccount) -> Value {
    let ready = account.status.as_ref().and_then(|status| condition::get(&status.common.conditions, READY));
    json!([account.metadata.generation, ready.is_some_and(|ready| ready.status == "False")])
}

impl Context {
    /// `around`: what tells the operators of several clusters apart, and whether this one is stopping.
    pub fn new(
        client: Client,
        index: Index,
        judging: (Catalogue, Found),
        verifications: Arc<Verifications>,
        around: (String, watch::Receiver<bool>),
    ) -> Self {
        let (catalogue, reports) = judging;
        let (instance, stopping) = around;
        let (sessions, gate, passes) = (Sessions::default(), Gate::default(), Passes::default());
        Self { client, index, sessions, gate, instance, catalogue, passes, verifications, reports, shared: Arc::default(), stopping }
    }

    /// The calls to AWS that were made, counted.
    pub fn calls(&self) -> Calls {
        self.shared.calls.clone()
    }

    /// The kind that reports are written in, where the cluster has it.
    pub fn report_kind(&self) -> Option<ReportKind> {
        self.reports.kind()
    }

    pub fn permit(&self) -> WhileRunning {
        WhileRunning(self.stopping.clone())
    }

    /// The account that an object of `namespace` refers to, if it exists and may be used.
    pub fn account(&self, name: &str, namespace: &str) -> Result<(AwsAccount, AccountFacts), Waiting> {
        let account = self
            .index
            .account(name)
            .ok_or_else(|| Waiting::reference("AccountNotFound", format!("spec.accountRef: there is no AwsAccount {name} (yet)")))?;
        if !self.index.may_use_account(namespace, &account) {
            return Err(Waiting::refused(
                "NotAllowed",
                format!("AwsAccount {name} does not allow namespace {namespace}: see its spec.allowedNamespaces"),
            ));
        }
        if account.spec.suspend {
            return Err(Waiting::reference("AccountSuspended", format!("AwsAccount {name} is suspended")));
        }
        let facts = index::facts(&account);
        Ok((account, facts))
    }

    /// The verified account in one Region.
    pub async fn cloud(&self, account: &AwsAccount, region: &str) -> Result<Cloud, Waiting> {
        let session: Session = self.sessions.open(&self.client, account).await?;
        Ok(Cloud::new(&session, region, self.shared.clone()))
    }

    /// The account of an object and Region, verified: for what needs no other reference.
    pub async fn reach(&self, account: &str, namespace: &str, region: &str) -> Result<(Cloud, AccountFacts), Waiting> {
        let (account, facts) = self.account(account, namespace)?;
        Ok((self.cloud(&account, region).await?, facts))
    }
}
