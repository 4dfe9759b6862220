//! The Trail controller: references to account and archive, then the pipeline.

use super::attribution;
use super::context::{Context, account_inputs};
use super::coverage;
use super::judging::{self, Judging};
use super::kind::{Ending, Kind, Pass, Passed};
use super::reports;
use crate::api::common::{DeletionPolicy, Mode};
use crate::api::log_archive::EncryptionType;
use crate::api::{AwsAccount, LogArchive, Trail, TrailStatus};
use crate::engine::{self, Deletion, Subject, trail_name};
use crate::facets::context::{AccountFacts, Destination};
use crate::facets::step::AFTER_APPLY;
use crate::rules::case::Case;
use crate::status::organization::active_accounts;
use crate::status::tell::Situation;
use crate::status::{self, Waiting};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

struct Resolved {
    account: AwsAccount,
    facts: AccountFacts,
    destination: Destination,
}

fn resolve(trail: &Trail, context: &Context) -> Result<Resolved, Waiting> {
    if let Some(outside) = engine::outside(&trail.spec, context.index.archive_of(trail).as_ref()) {
        return Err(Waiting::refused("ResidencyViolated", outside));
    }
    let (account, facts) = context.account(&trail.spec.account_ref.name, &trail.namespace().unwrap_or_default())?;
    if trail.spec.organization && facts.organization.is_none() {
        return Err(Waiting::reference(
            "OrganizationUnknown",
            format!(
                "spec.organization: AwsAccount {} has found no organization: it needs one, and organizations:DescribeOrganization",
                account.name_any()
            ),
        ));
    }
    let destination = match (&trail.spec.bucket, context.index.archive_of(trail)) {
        (Some(bucket), _) => Destination { bucket: bucket.name.clone(), kms_key: bucket.kms_key.clone().unwrap_or_default() },
        (None, Some(archive)) => archive_destination(trail, &archive, &facts, context)?,
        (None, None) => return Err(Waiting::reference("ArchiveNotFound", "spec.archiveRef: there is no such LogArchive (yet)".to_owned())),
    };
    Ok(Resolved { account, facts, destination })
}

/// The archive's bucket and key, once its policies let this trail in: CloudTrail checks them when it creates a trail.
fn archive_destination(trail: &Trail, archive: &LogArchive, facts: &AccountFacts, context: &Context) -> Result<Destination, Waiting> {
    let name = format!("LogArchive {}/{}", archive.namespace().unwrap_or_default(), archive.name_any());
    if !context.index.may_use_archive(trail, archive) {
        let namespace = trail.namespace().unwrap_or_default();
        return Err(Waiting::refused("NotAllowed", format!("{name} does not allow namespace {namespace}: see its spec.allowedNamespaces")));
    }
    let status = archive.status.clone().unwrap_or_default();
    let arn = facts.trail_arn(&trail.spec, &trail_name(trail));
    let let_in = status.writers.iter().any(|writer| {
        let members_too = !trail.spec.organization || writer.organization_id.is_some();
        writer.trail_arn == arn && writer.key_prefix == trail.spec.key_prefix && members_too
    });
    let kms_key = match archive.spec.encryption.kind {
        EncryptionType::S3Managed => Some(String::new()),
        EncryptionType::ExistingKey | EncryptionType::OwnKey => status.kms_key_arn,
    };
    match kms_key {
        Some(kms_key) if let_in => Ok(Destination { bucket: archive.spec.bucket_name.clone(), kms_key }),
        // Who only looks need not be let in first.
        kms_key if trail.spec.mode == Mode::Observe => {
            Ok(Destination { bucket: archive.spec.bucket_name.clone(), kms_key: kms_key.unwrap_or_else(|| AFTER_APPLY.to_owned()) })
        }
        _ => Err(Waiting::reference(
            "WaitingForArchive",
            format!("{name} does not let this trail in yet: its bucket policy must before the trail can be created"),
        )),
    }
}

impl Kind for Trail {
    type Status = TrailStatus;

    fn api(&self, client: Client) -> Api<Self> {
        Api::namespaced(client, &self.namespace().unwrap_or_default())
    }

    fn status(&self) -> Option<&TrailStatus> {
        self.status.as_ref()
    }

    fn suspended(&self) -> bool {
        self.spec.suspend
    }

    fn what(&self) -> String {
        format!("trail {}", trail_name(self))
    }

    fn account_id(&self, context: &Context) -> String {
        context.index.account(&self.spec.account_ref.name).map(|account| account.spec.account_id).unwrap_or_default()
    }

    fn references(&self, context: &Context) -> Value {
        let references = match resolve(self, context) {
            Ok(Resolved { account, facts, destination }) => {
                let of = account.status.as_ref().and_then(|status| status.organization.as_ref());
                let members = if self.spec.organization { active_accounts(of) } else { Vec::new() };
                json!([account_inputs(&account), facts.organization, facts.regions, members, destination.bucket, destination.kms_key])
            }
            Err(waiting) => json!(waiting.message),
        };
        json!([references, judging::inputs(self, context)])
    }

    async fn pass(&self, pass: &Pass<'_>) -> Result<Passed<TrailStatus>, Waiting> {
        let Resolved { account, facts, destination } = resolve(self, pass.context)?;
        let cloud = pass.context.cloud(&account, &self.spec.region).await?;
        let mut subject = Subject::trail(self, &facts, destination, &pass.context.instance);
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
        let mut told = status::trail::after_pass(self, &outcome, &situation);
        attribution::of_stop(&cloud, &mut told, &situation).await;
        told.status.organization = coverage::of_trail(self, &told.status, &account, &facts, pass.context, pass.now).await;
        if judging::is_judgeable(&outcome) {
            let judging = Judging::of(self, pass.context, pass.now);
            let archive = pass.context.index.archive_of(self);
            let known = Trail { status: Some(told.status.clone()), ..self.clone() };
            let case = judging.frame.trail(&known, &facts, archive.as_ref(), outcome.latest().seen.clone());
            let findings = judging.tell(&Case::Trail(&case), pass.context, &mut told);
            reports::keep(pass.context, self, &findings, judging.settings.report, &mut told.status.compliance, pass.now).await;
        }
        Ok(Passed { told, failed: !outcome.in_sync() })
    }

    async fn end(&self, context: &Context) -> Ending {
        // What stays needs no account to stay.
        if self.spec.deletion_policy == DeletionPolicy::Retain || self.spec.mode == Mode::Observe {
            return Ending::Settled(Deletion::Retained);
        }
        let namespace = self.namespace().unwrap_or_default();
        let (cloud, facts) = match context.reach(&self.spec.account_ref.name, &namespace, &self.spec.region).await {
            Ok(reached) => reached,
            Err(waiting) => return Ending::Wait(waiting),
        };
        // Where it delivers does not matter any more.
        let destination = Destination { bucket: String::new(), kms_key: String::new() };
        let subject = Subject::trail(self, &facts, destination, &context.instance);
        Ending::Settled(engine::delete(&cloud, &subject, &context.permit()).await)
    }
}
