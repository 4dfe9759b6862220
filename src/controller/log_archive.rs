//! The LogArchive controller: it gathers its writers, then the pipeline.

use super::context::{Context, account_inputs};
use super::index::{facts, refers_to};
use super::judging::{self, Judging};
use super::kind::{Ending, Kind, Pass, Passed};
use super::reports;
use super::verification::Job;
use crate::api::common::{DeletionPolicy, Mode};
use crate::api::{LogArchive, LogArchiveStatus, REQUESTED_AT};
use crate::aws::Cloud;
use crate::engine::{self, Deletion, Subject, Writers};
use crate::facets::context::AccountFacts;
use crate::facets::observed::{Observed, Reading};
use crate::rules::case::Case;
use crate::rules::integrity::INTEGRITY;
use crate::status::integrity::{Due, Known, Stop};
use crate::status::tell::Situation;
use crate::status::{self, Told, Waiting};
use jiff::Timestamp;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

fn writers(archive: &LogArchive, context: &Context) -> Writers {
    let trails = context.index.writers_of(archive);
    let accounts: Vec<Option<AccountFacts>> =
        trails.iter().map(|trail| context.index.account(&trail.spec.account_ref.name).map(|account| facts(&account))).collect();
    let before = archive.status.as_ref().map(|status| status.writers.clone()).unwrap_or_default();
    engine::writers(trails.iter().zip(accounts.iter().map(Option::as_ref)), &before)
}

/// Tells what a verification found, and starts the next one when it is due.
fn verified(archive: &LogArchive, pass: &Pass<'_>, cloud: Cloud, account: &str, writers: &Writers, told: &mut Told<LogArchiveStatus>) {
    let verifications = &pass.context.verifications;
    let spec = archive.spec.integrity.as_ref();
    let trails = pass.context.index.writers_of(archive);
    let stops = status::integrity::stops(&trails);
    if let Some(finished) = verifications.untold(archive) {
        let known = Known { account, writers: &writers.current, stops: &stops, now: pass.now };
        let (status, events) = status::integrity::after_run(told.status.integrity.as_ref(), &finished.run, &known);
        told.status.integrity = Some(status);
        told.events.extend(events);
    } else if let Some(known) = &mut told.status.integrity {
        status::integrity::link(&mut known.gaps, &stops);
    }
    let generation = archive.metadata.generation.unwrap_or_default();
    let LogArchiveStatus { common, integrity, .. } = &mut told.status;
    told.events.extend(status::integrity::judge(common, spec, integrity.as_ref(), (account, generation, pass.now)));
    let Some(spec) = spec else { return };
    let requested = archive.annotations().get(REQUESTED_AT).map(String::as_str);
    match status::integrity::due(spec, told.status.integrity.as_ref(), requested, pass.now) {
        Due::Now { whole } => {
            let prefixes = status::integrity::prefixes(&writers.current);
            let trails = status::integrity::switched(&trails);
            let (archive, spec, account) = (archive.clone(), spec.clone(), account.to_owned());
            if let Some(wait) = verifications.start(Job { archive, spec, cloud, account, prefixes, trails, whole }) {
                told.requeue = told.requeue.at_most(wait);
            }
        }
        Due::In(wait) => told.requeue = told.requeue.at_most(wait),
    }
}

/// What of its Trails' stops an archive's gaps tell: who made one becomes known later.
fn made(archive: &LogArchive, context: &Context) -> Vec<(String, Timestamp, Option<Timestamp>, Option<String>)> {
    if archive.spec.integrity.is_none() {
        return Vec::new();
    }
    let stops = status::integrity::stops(&context.index.writers_of(archive)).into_iter();
    let mut made: Vec<_> = stops.map(|Stop { object, gap, .. }| (object, gap.from, gap.until, gap.by.map(|by| by.event_id))).collect();
    made.sort();
    made
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

    fn seen(&self, context: &Context) {
        context.verifications.confirm(self);
    }

    fn references(&self, context: &Context) -> Value {
        let account = context.account(&self.spec.account_ref.name, &self.namespace().unwrap_or_default());
        let account = match account {
            Ok((account, _)) => account_inputs(&account),
            Err(waiting) => json!(waiting.message),
        };
        let writers = writers(self, context);
        // A verification that has ended is told at once.
        let verified = context.verifications.untold(self).is_some();
        json!([account, writers.current, writers.gone, judging::inputs(self, context), verified, made(self, context)])
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
        verified(self, pass, cloud, &facts.id, &writers, &mut told);
        if judging::is_judgeable(&outcome) {
            let judging = Judging::of(self, pass.context, pass.now);
            let mut seen = outcome.latest().seen.clone();
            if let Some(evidence) = status::integrity::evidence(&told.status.common) {
                seen.insert(INTEGRITY, Observed::Present(Reading::state(&evidence)));
            }
            let case = judging.frame.archive(self, &facts, &writers, seen);
            let findings = judging.tell(&Case::Archive(&case), pass.context, &mut told);
            reports::keep(pass.context, self, &findings, judging.settings.report, &mut told.status.compliance, pass.now).await;
        }
        Ok(Passed { told, failed: !outcome.in_sync() })
    }

    async fn end(&self, context: &Context) -> Ending {
        context.verifications.forget(self).await;
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
