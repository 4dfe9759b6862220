//! The LogArchive controller: it gathers its writers, then the pipeline.

use super::context::{Context, account_inputs};
use super::index::{facts, refers_to};
use super::judging::{self, Judging};
use super::kind::{Ending, Kind, Pass, Passed};
use super::reports;
use crate::api::common::{DeletionPolicy, Mode};
use crate::api::{LogArchive, LogArchiveStatus};
use crate::engine::{self, Deletion, Subject, Writers};
use crate::facets::context::AccountFacts;
use crate::rules::case::Case;
use crate::status::tell::Situation;
use crate::status::{self, Waiting};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

fn writers(archive: &LogArchive, context: &Context) -> Writers {
    let trails = context.index.writers_of(archive);
    let accounts: Vec<Option<AccountFacts>> =
        trails.iter().map(|trail| context.index.account(&trail.spec.account_ref.name).map(|account| facts(&account))).collect();
    let before = archive.status.as_ref().map(|status| status.writers.clone()).unwrap_or_default();
    engine::writers(trails.iter().zip(accounts.iter().map(Option::as_ref)), &before)
}

impl Kind for LogArchive {
    type Status = LogArchiveStatus;

    fn api(&self, client: Client) -> Api<Self> {
        Api::namespaced(client, &self.namespace().unwrap_or_default())
    }

    fn status(&self) -> Option<&LogArchiveStatus> {
        self.status.as_ref()
    }

    fn suspended(&self) -> bool {
        self.spec.suspend
    }

    fn what(&self) -> String {
        format!("bucket {}", self.spec.bucket_name)
    }

    fn account_id(&self, context: &Context) -> String {
        context.index.account(&self.spec.account_ref.name).map(|account| account.spec.account_id).unwrap_or_default()
    }

    fn references(&self, context: &Context) -> Value {
        let account = context.account(&self.spec.account_ref.name, &self.namespace().unwrap_or_default());
        let account = match account {
            Ok((account, _)) => account_inputs(&account),
            Err(waiting) => json!(waiting.message),
        };
        let writers = writers(self, context);
        json!([account, writers.current, writers.gone, judging::inputs(self, context)])
    }

    async fn pass(&self, pass: &Pass<'_>) -> Result<Passed<LogArchiveStatus>, Waiting> {
        let namespace = self.namespace().unwrap_or_default();
        let (cloud, facts) = pass.context.reach(&self.spec.account_ref.name, &namespace, &self.spec.region).await?;
        let writers = writers(self, pass.context);
        let mut subject = Subject::log_archive(self, &facts, &writers, &pass.context.instance);
        if pass.paused {
            subject.treatment.mode = Mode::Observe;
        }
        let outcome = engine::pass(&cloud, &subject, &pass.context.permit()).await;
        let situation = Situation {
            generation: self.metadata.generation.unwrap_or_default(),
            account: &facts.id,
            region: &self.spec.region,
            what: &self.what(),
            interval: self.spec.interval.into(),
            attempts: pass.failures,
            now: pass.now,
        };
        let mut told = status::log_archive::after_pass(self, facts.partition.as_str(), &writers, &outcome, &situation);
        if judging::is_judgeable(&outcome) {
            let judging = Judging::of(self, pass.context, pass.now);
            let case = judging.frame.archive(self, &facts, &writers, outcome.latest().seen.clone());
            let findings = judging.tell(&Case::Archive(&case), pass.context, &mut told);
            reports::keep(pass.context, self, &findings, judging.settings.report, &mut told.status.compliance, pass.now).await;
        }
        Ok(Passed { told, failed: !outcome.in_sync() })
    }

    async fn end(&self, context: &Context) -> Ending {
        if self.spec.deletion_policy == DeletionPolicy::Retain || self.spec.mode == Mode::Observe {
            return Ending::Settled(Deletion::Retained);
        }
        let users: Vec<String> = super::index::readable(&context.index.trails, |trail| refers_to(trail, self))
            .iter()
            .map(|trail| format!("{}/{}", trail.namespace().unwrap_or_default(), trail.name_any()))
            .collect();
        if !users.is_empty() {
            return Ending::Wait(Waiting::reference("InUse", format!("Trails still deliver here: {}", users.join(", "))));
        }
        let namespace = self.namespace().unwrap_or_default();
        let (cloud, facts) = match context.reach(&self.spec.account_ref.name, &namespace, &self.spec.region).await {
            Ok(reached) => reached,
            Err(waiting) => return Ending::Wait(waiting),
        };
        let subject = Subject::log_archive(self, &facts, &writers(self, context), &context.instance);
        Ending::Settled(engine::delete(&cloud, &subject, &context.permit()).await)
    }
}
