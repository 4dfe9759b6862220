//! One pass over everything in the files: accounts verified first, archives before the trails that need them.
//!
//! `plan` and `apply` differ only in what they do at each object; the order and the references are the same.

use super::accounts::{self, Account, NeedOfOrganization};
use super::manifests::{Located, Manifests, path};
use super::progress::{Interrupt, Shown};
use super::resolve::{References, resolve};
use crate::api::{EventDataStore, LogArchive, PAUSE_UNTIL, Trail, TrailStatus};
use crate::aws::{Cloud, Shared};
use crate::engine::{Assessment, Subject, World, assess, pass, trail_name, writers};
use crate::facets::Facet;
use crate::facets::bucket_encryption::kms_key;
use crate::facets::context::{AccountFacts, ArchiveContext, Destination};
use crate::facets::key::Key;
use crate::facets::observed::{ErrorClass, Observed};
use crate::facets::read::{CloudTrailRead, Read};
use crate::facets::step::AFTER_APPLY;
use crate::facets::store::StoreFacts;
use crate::facets::trail_settings::TrailSettings;
use crate::report::{Identity, ObjectReport, Report, Verdict};
use anyhow::{Context, Result, anyhow};
use jiff::Timestamp;
use kube::ResourceExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How often, and how long, a trail waits for AWS to see the policies that were just written.
const PROPAGATION_WAITS: [Duration; 4] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// How often, and how long, an event data store is waited for that AWS is changing.
const TRANSITION_WAITS: [Duration; 6] = [
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(40),
    Duration::from_secs(60),
];

/// What is done at each object.
#[derive(Clone, Copy)]
pub enum Intent<'a> {
    /// Look only.
    Plan,
    /// Write, as far as each object's mode allows and nobody interrupts.
    Apply(&'a Interrupt),
}

/// The files' objects, with their accounts open and verified.
pub struct Desk {
    manifests: Manifests,
    references: References,
    accounts: BTreeMap<String, Account>,
    shared: Arc<Shared>,
    instance: String,
    now: Timestamp,
}

/// What became of an archive, for the trails that deliver there.
struct ArchiveState {
    name: String,
    destination: Result<Destination, String>,
    in_place: bool,
    just_written: bool,
}

/// Why an object is left alone.
enum Hold {
    None,
    /// Nothing is written until then.
    Paused(String),
    /// Nothing is read or written.
    Suspended(String),
}

impl Desk {
    /// Resolves references and verifies every account. A failure means that nothing was written.
    pub async fn open(manifests: Manifests, instance: String, now: Timestamp) -> Result<Self> {
        let references = resolve(&manifests)?;
        let mut accounts = BTreeMap::new();
        let mut failed = Vec::new();
        for (name, source) in &references.accounts {
            let organization = need_of_organization(&manifests, name);
            match accounts::open(name, source, organization).await {
                Ok(account) => {
                    accounts.insert(name.clone(), account);
                }
                Err(error) => failed.push(format!("{error:#}")),
            }
        }
        if !failed.is_empty() {
            return Err(anyhow!(failed.join("\n")));
        }
        Ok(Self { manifests, references, accounts, shared: Arc::default(), instance, now })
    }

    /// Goes over every object once, and once more over an archive whose trails have moved to another prefix.
    pub async fn go(&self, intent: Intent<'_>) -> Result<Report> {
        let mut trails = self.trails_with_prefixes().await?;
        let mut report = Report::default();
        let mut archives = Vec::new();
        for (at, archive) in self.manifests.archives.iter().enumerate() {
            let (state, found) = self.archive(&archive.value, &self.delivering_to(at, &trails), intent).await?;
            archives.push(state);
            report.objects.push(found);
        }
        let mut left_behind = BTreeSet::new();
        for (trail, archive) in trails.iter_mut().zip(&self.references.archive_of) {
            let found = self.trail(trail, archive.and_then(|at| archives.get(at)), intent).await?;
            if found.done.is_some() && found.verdict() == Verdict::Clean && trail.status.take().is_some() {
                left_behind.extend(*archive);
            }
            report.objects.push(found);
        }
        for store in &self.manifests.stores {
            report.objects.push(self.store(&store.value, intent).await?);
        }
        for at in left_behind {
            if let (Some(archive), Some(first)) = (self.manifests.archives.get(at), report.objects.get_mut(at)) {
                let (_, again) = self.archive(&archive.value, &self.delivering_to(at, &trails), intent).await?;
                first.follow(again);
            }
        }
        Ok(report)
    }

    /// The Trails; one that moves to another key prefix comes with the prefix that AWS has for it, where it writes until it has moved.
    async fn trails_with_prefixes(&self) -> Result<Vec<Trail>> {
        let mut trails = Vec::new();
        for Located { value, .. } in &self.manifests.trails {
            let mut trail = value.clone();
            let account = self.account(&trail.spec.account_ref.name)?;
            if trail.spec.archive_ref.is_some() && !trail.spec.suspend && !account.suspended {
                let arn = account.facts.trail_arn(&trail.spec, &trail_name(&trail));
                // A read that fails here is told when the trail itself is looked at.
                if let Observed::Present(reading) =
                    self.cloud(account, &trail.spec.region).read(&Read::CloudTrail(CloudTrailRead::Trail { arn })).await
                    && let Ok(settings) = serde_json::from_value::<TrailSettings>(reading.state)
                    && settings.key_prefix != trail.spec.key_prefix
                {
                    trail.status = Some(TrailStatus { key_prefix: Some(settings.key_prefix), ..TrailStatus::default() });
                }
            }
            trails.push(trail);
        }
        Ok(trails)
    }

    fn delivering_to<'t>(&self, archive: usize, trails: &'t [Trail]) -> Vec<&'t Trail> {
        trails.iter().zip(&self.references.archive_of).filter(|(_, at)| **at == Some(archive)).map(|(trail, _)| trail).collect()
    }

    async fn archive(&self, archive: &LogArchive, trails: &[&Trail], intent: Intent<'_>) -> Result<(ArchiveState, ObjectReport)> {
        let spec = &archive.spec;
        let account = self.account(&spec.account_ref.name)?;
        let writing = trails.iter().map(|trail| (*trail, self.accounts.get(&trail.spec.account_ref.name).map(|account| &account.facts)));
        let subject = Subject::log_archive(archive, &account.facts, &writers(writing, &[]), &self.instance);
        let identity = identity("LogArchive", archive, &subject);
        let name = path(archive);
        if account.suspended {
            let destination = Err(format!("LogArchive {name} waits for AwsAccount {}, which is suspended", spec.account_ref.name));
            let state = ArchiveState { name, destination, in_place: false, just_written: false };
            return Ok((state, ObjectReport::held(identity, "suspended with its AwsAccount")));
        }
        let cloud = self.cloud(account, &spec.region);
        let hold = self.hold(archive, spec.suspend, account)?;
        let (found, seen) = match hold {
            // Its key is still needed by its trails.
            Hold::Suspended(why) => (ObjectReport::held(identity, why), assess(&cloud, &subject).await),
            hold => visit(cloud, &subject, identity, hold, intent).await,
        };
        let state = ArchiveState {
            destination: destination(archive, &account.facts, &seen),
            in_place: found.verdict() != Verdict::Failed,
            just_written: found.done.as_ref().is_some_and(|done| !done.applied.is_empty()),
            name,
        };
        Ok((state, found))
    }

    async fn trail(&self, trail: &Trail, archive: Option<&ArchiveState>, intent: Intent<'_>) -> Result<ObjectReport> {
        let account = self.account(&trail.spec.account_ref.name)?;
        let destination = match (archive, &trail.spec.bucket) {
            (Some(archive), _) => archive.destination.clone(),
            (None, Some(bucket)) => Ok(Destination { bucket: bucket.name.clone(), kms_key: bucket.kms_key.clone().unwrap_or_default() }),
            (None, None) => Err("it names neither an archive nor a bucket".to_owned()),
        };
        let to = destination.clone().unwrap_or_else(|_| Destination { bucket: String::new(), kms_key: String::new() });
        let subject = Subject::trail(trail, &account.facts, to, &self.instance);
        let identity = identity("Trail", trail, &subject);
        let hold = self.hold(trail, trail.spec.suspend, account)?;
        if let Hold::Suspended(why) = hold {
            return Ok(ObjectReport::held(identity, why));
        }
        let writes = matches!(intent, Intent::Apply(_)) && identity.mode == crate::api::common::Mode::Enforce && matches!(hold, Hold::None);
        if let Some(why) = obstacle(archive, &destination, writes) {
            return Ok(ObjectReport::blocked(identity, why));
        }
        let cloud = self.cloud(account, &trail.spec.region);
        let (mut found, _) = visit(cloud.clone(), &subject, identity.clone(), hold, intent).await;
        // A policy, or a role, that was just written is not in force everywhere at once.
        let just_written =
            archive.is_some_and(|archive| archive.just_written) || found.done.as_ref().is_some_and(|done| !done.applied.is_empty());
        for wait in PROPAGATION_WAITS {
            if !just_written || !found.failed_with(ErrorClass::Dependency) {
                break;
            }
            tokio::time::sleep(wait).await;
            let (again, _) = visit(cloud.clone(), &subject, identity.clone(), Hold::None, intent).await;
            found.follow(again);
        }
        Ok(found)
    }

    /// One pass over an event data store, and more while AWS changes its state: it takes the rest only then.
    async fn store(&self, store: &EventDataStore, intent: Intent<'_>) -> Result<ObjectReport> {
        let account = self.account(&store.spec.account_ref.name)?;
        let subject = Subject::event_data_store(store, &account.facts, &self.instance);
        let identity = identity("EventDataStore", store, &subject);
        let hold = self.hold(store, store.spec.suspend, account)?;
        if let Hold::Suspended(why) = hold {
            return Ok(ObjectReport::held(identity, why));
        }
        let cloud = self.cloud(account, &store.spec.region);
        let (mut found, mut seen) = visit(cloud.clone(), &subject, identity.clone(), hold, intent).await;
        for wait in TRANSITION_WAITS {
            let waiting = found.is_unfinished() && StoreFacts::of(&seen.seen).is_some_and(|facts| facts.under_way().is_some());
            if !waiting {
                break;
            }
            tokio::time::sleep(wait).await;
            let (again, now) = visit(cloud.clone(), &subject, identity.clone(), Hold::None, intent).await;
            found.follow(again);
            seen = now;
        }
        Ok(found)
    }

    fn hold(&self, object: &impl ResourceExt, suspend: bool, account: &Account) -> Result<Hold> {
        if account.suspended {
            return Ok(Hold::Suspended("suspended with its AwsAccount".to_owned()));
        }
        if suspend {
            return Ok(Hold::Suspended("suspended".to_owned()));
        }
        let Some(until) = object.annotations().get(PAUSE_UNTIL) else { return Ok(Hold::None) };
        let at: Timestamp = until
            .parse()
            .with_context(|| format!("{}: annotation {PAUSE_UNTIL} is no RFC 3339 time: {until}; nothing was written", path(object)))?;
        Ok(if at > self.now { Hold::Paused(format!("paused until {at}: nothing is written")) } else { Hold::None })
    }

    fn account(&self, name: &str) -> Result<&Account> {
        self.accounts.get(name).ok_or_else(|| anyhow!("AwsAccount {name} was not opened"))
    }

    fn cloud(&self, account: &Account, region: &str) -> Cloud {
        Cloud::new(&account.session, region, self.shared.clone())
    }
}

/// As many trails may be too many for one policy statement each, and then their organization is the next best thing.
const MANY_TRAILS: usize = 50;

/// What must be known of an account's organization.
fn need_of_organization(manifests: &Manifests, account: &str) -> NeedOfOrganization {
    let mut own = manifests.trails.iter().filter(|trail| trail.value.spec.account_ref.name == account);
    match (own.any(|trail| trail.value.spec.organization), manifests.trails.len() >= MANY_TRAILS) {
        (true, _) => NeedOfOrganization::Must,
        (false, true) => NeedOfOrganization::IfAny,
        (false, false) => NeedOfOrganization::None,
    }
}

/// Looks at one object, or makes one pass over it.
async fn visit(cloud: Cloud, subject: &Subject, identity: Identity, hold: Hold, intent: Intent<'_>) -> (ObjectReport, Assessment) {
    match (intent, hold) {
        (Intent::Apply(interrupt), Hold::None) => {
            let outcome = pass(&Shown::new(cloud), subject, interrupt).await;
            (ObjectReport::applied(identity, &outcome), outcome.latest().clone())
        }
        (_, hold) => {
            let assessment = assess(&cloud, subject).await;
            let mut found = ObjectReport::found(identity, &assessment);
            if let Hold::Paused(why) | Hold::Suspended(why) = hold {
                found.held = Some(why);
            }
            (found, assessment)
        }
    }
}

/// Why a trail can't be looked at, or written, yet.
fn obstacle(archive: Option<&ArchiveState>, destination: &Result<Destination, String>, writes: bool) -> Option<String> {
    match (archive, destination) {
        (_, Err(why)) => Some(why.clone()),
        (Some(archive), Ok(_)) if writes && !archive.in_place => {
            Some(format!("LogArchive {} is not in place (see above): a trail is written only when its bucket lets it in", archive.name))
        }
        (Some(archive), Ok(to)) if writes && to.kms_key == AFTER_APPLY => Some(format!(
            "the key of LogArchive {} does not exist, and that archive is not written: see its mode, suspend and pause",
            archive.name
        )),
        _ => None,
    }
}

/// Where an archive's trails deliver, by what was last seen of it.
fn destination(archive: &LogArchive, account: &AccountFacts, assessment: &Assessment) -> Result<Destination, String> {
    if let Some(Observed::Unknown(why)) = assessment.seen.get(Key::NAME) {
        return Err(format!("the key of LogArchive {} could not be read: {why}", path(archive)));
    }
    let context = ArchiveContext::new(archive.spec.clone(), account.clone());
    Ok(Destination { bucket: archive.spec.bucket_name.clone(), kms_key: kms_key(&context, &assessment.seen) })
}

fn identity(kind: &'static str, object: &impl ResourceExt, subject: &Subject) -> Identity {
    Identity {
        kind,
        namespace: object.namespace().unwrap_or_else(|| "default".to_owned()),
        name: object.name_any(),
        account: subject.account.clone(),
        region: subject.region.clone(),
        mode: subject.treatment.mode,
    }
}
