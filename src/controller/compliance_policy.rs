//! The CompliancePolicy controller: what of a policy is in force, and what its objects came to. It reads no AWS; the
//! objects are judged in their own passes.

use super::context::Context;
use super::index::readable;
use super::kind::{Ending, Kind, Pass, Passed};
use crate::api::findings::FindingCounts;
use crate::api::{AwsAccount, CompliancePolicy, CompliancePolicyStatus, EventDataStore, LogArchive, Trail};
use crate::engine::Deletion;
use crate::status::Waiting;
use crate::status::compliance_policy::{Judged, after_pass};
use kube::{Api, Client};
use serde_json::{Value, json};

/// The findings of everything that a policy selects.
fn judged(policy: &CompliancePolicy, context: &Context) -> Judged {
    let index = &context.index;
    let mut judged = Judged::default();
    let mut add = |counts: Option<FindingCounts>| judged.add(counts);
    let archives = readable(&index.archives, |archive: &LogArchive| index.selects(policy, archive));
    archives.iter().for_each(|archive| add(archive.status.as_ref().and_then(|status| status.compliance.finding_counts)));
    let trails = readable(&index.trails, |trail: &Trail| index.selects(policy, trail));
    trails.iter().for_each(|trail| add(trail.status.as_ref().and_then(|status| status.compliance.finding_counts)));
    let stores = readable(&index.stores, |store: &EventDataStore| index.selects(policy, store));
    stores.iter().for_each(|store| add(store.status.as_ref().and_then(|status| status.compliance.finding_counts)));
    let accounts = readable(&index.accounts, |account: &AwsAccount| index.selects(policy, account));
    accounts.iter().for_each(|account| add(account.status.as_ref().and_then(|status| status.compliance.finding_counts)));
    judged
}

impl Kind for CompliancePolicy {
    type Status = CompliancePolicyStatus;

    /// A policy may go at any time: its objects are judged anew without it.
    const SETTLES: bool = false;

    fn api(&self, client: Client) -> Api<Self> {
        Api::all(client)
    }

    fn status(&self) -> Option<&CompliancePolicyStatus> {
        self.status.as_ref()
    }

    fn suspended(&self) -> bool {
        false
    }

    fn what(&self) -> String {
        "policy".to_owned()
    }

    fn account_id(&self, _context: &Context) -> String {
        String::new()
    }

    fn references(&self, context: &Context) -> Value {
        json!([judged(self, context), context.report_kind()])
    }

    async fn pass(&self, pass: &Pass<'_>) -> Result<Passed<CompliancePolicyStatus>, Waiting> {
        let context = pass.context;
        let told = after_pass(self, &judged(self, context), &context.catalogue, context.report_kind(), pass.now);
        Ok(Passed { told, failed: false })
    }

    async fn end(&self, _context: &Context) -> Ending {
        Ending::Settled(Deletion::Deleted(Vec::new()))
    }
}
