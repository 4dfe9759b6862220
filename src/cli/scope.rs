//! What `check` and `report` look at, and by which rules: accounts, Regions, manifests, policies.

use super::accounts::{self, AMBIENT, NeedOfOrganization};
use super::documents::Strangers;
use super::files::{self, File};
use super::manifests::{Contents, Manifests, Problems, path};
use super::members::look_at_members;
use super::policies::{self, Policies};
use super::progress::Told;
use super::resolve::{AccountSource, labels_of, resolve};
use super::survey::{Keepers, Place, Reach, Survey, SurveyedBucket, survey};
use crate::api::inventory::{Coverage, Known};
use crate::aws::{Cloud, Shared, identity};
use crate::engine::{Subject, observe, trail_name};
use crate::facets::Facet;
use crate::facets::trail_logging::{DeliveryFacts, Logging};
use crate::facets::trail_settings::{Settings as SettingsFacet, TrailSettings};
use crate::report::audit::{AccountEvidence, Delivery};
use crate::rules::case::{Case, Stage};
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::{Finding, Result as Verdict};
use crate::rules::of_found;
use crate::rules::of_object::Frame;
use crate::rules::settings::Settings;
use crate::status::inventory;
use anyhow::{Result, bail};
use clap::Args;
use jiff::Timestamp;
use kube::ResourceExt;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// The rule about whom a bucket belongs to.
const WHOSE_BUCKET: &str = "TK-BUCKET-002";

#[derive(Args)]
pub struct Scope {
    /// File or folder with manifests, or - for standard input: the accounts to look at, and what is managed. May be given several times.
    #[arg(short, long = "filename", value_name = "FILE|DIR|-")]
    filenames: Vec<PathBuf>,
    /// Also look into folders below.
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Name of an AwsAccount in the files, or `ambient` for the account of the ambient credentials. Default: every account of the
    /// files; without files, the ambient one.
    #[arg(long = "account", value_name = "NAME|ambient")]
    accounts: Vec<String>,
    /// Only these Regions. Default: those of the AwsAccount, else those that are on in the account.
    #[arg(long = "region", value_name = "REGION", conflicts_with = "all_regions")]
    regions: Vec<String>,
    /// Every Region that is on in the account, whatever spec.regions says.
    #[arg(long)]
    all_regions: bool,
    /// Only rules that serve a requirement of this framework. May be given several times.
    #[arg(long = "framework", value_name = "NAME")]
    pub frameworks: Vec<String>,
    /// File or folder with CompliancePolicies, beside those among the manifests. May be given several times.
    #[arg(long = "policy", value_name = "FILE|DIR")]
    policies: Vec<PathBuf>,
}

/// Everything that was found and judged.
pub struct Looked {
    pub survey: Survey,
    pub places: Vec<Place>,
    pub shared: Arc<Shared>,
    pub findings: Vec<Finding>,
    /// What is worth knowing and is nobody's fault.
    pub notes: Vec<String>,
}

impl Scope {
    /// Whether everything is looked at, by all rules.
    pub fn is_whole(&self) -> bool {
        self.regions.is_empty() && self.frameworks.is_empty()
    }

    /// Opens the accounts, looks, and judges.
    pub async fn look(&self, catalogue: &Catalogue, now: Timestamp, told: &Told) -> Result<Looked> {
        let manifests = self.manifests()?;
        let mut policies = self.policies(&manifests, catalogue)?;
        let places = self.places(&manifests).await?;
        let keepers = keepers(&manifests, &places);
        let shared: Arc<Shared> = Arc::default();
        let baseline = policies.settings(None, &BTreeMap::new(), catalogue);
        let mut survey = survey(&places, &keepers, &baseline.parameters.archive_accounts, &shared, told).await?;
        look_at_members(&mut survey, &places, &shared, now).await;
        let mut judging =
            Judging { manifests: &manifests, policies: &mut policies, catalogue, now, findings: Vec::new(), notes: Vec::new() };
        judging.survey(&survey);
        judging.stores(&places, &shared).await;
        judging.missing(&survey, &keepers);
        let Judging { findings, notes, .. } = judging;
        Ok(Looked { survey, places, shared, findings, notes })
    }

    fn manifests(&self) -> Result<Manifests> {
        if self.filenames.is_empty() {
            return Ok(Manifests::default());
        }
        let files = files::read(&self.filenames, self.recursive)?;
        let contents = Contents::read(files.iter().map(File::named), Strangers::PassedOver);
        if contents.problems.is_empty() { Ok(contents.manifests) } else { Err(Problems(contents.problems).into()) }
    }

    fn policies(&self, manifests: &Manifests, catalogue: &Catalogue) -> Result<Policies> {
        let (mut chosen, problems) = policies::of_files(&files::read(&self.policies, self.recursive)?);
        if !problems.is_empty() {
            return Err(Problems(problems).into());
        }
        let twice = |place| chosen.iter().any(|known: &super::manifests::Located<crate::api::CompliancePolicy>| known.place == place);
        let beside: Vec<_> = manifests.policies.iter().filter(|policy| !twice(policy.place.clone())).cloned().collect();
        chosen.extend(beside);
        Policies::new(chosen, &self.frameworks, catalogue)
    }

    /// The accounts, verified to be the declared ones.
    async fn places(&self, manifests: &Manifests) -> Result<Vec<Place>> {
        let sources = resolve(manifests)?.accounts;
        let ambient = self.accounts.iter().any(|name| name == AMBIENT) || (self.accounts.is_empty() && sources.is_empty());
        if let Some(unknown) = self.accounts.iter().find(|name| *name != AMBIENT && !sources.contains_key(*name)) {
            bail!(
                "--account {unknown}: the files hold no such AwsAccount; they have {}",
                sources.keys().cloned().collect::<Vec<_>>().join(", ")
            );
        }
        let mut places = Vec::new();
        for (name, source) in &sources {
            if self.accounts.is_empty() || self.accounts.contains(name) {
                places.extend(self.place(Some(name), source).await?);
            }
        }
        if ambient {
            let source = AccountSource::Ambient { region: self.ambient_region() };
            places.extend(self.place(None, &source).await?);
        }
        let mut ids = BTreeSet::new();
        places.retain(|place| ids.insert(place.account.facts.id.clone()));
        Ok(places)
    }

    fn ambient_region(&self) -> String {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let given = self.regions.first().cloned();
        given.or_else(|| set("AWS_REGION")).or_else(|| set("AWS_DEFAULT_REGION")).unwrap_or_else(|| "us-east-1".to_owned())
    }

    async fn place(&self, name: Option<&String>, source: &AccountSource) -> Result<Option<Place>> {
        let account = accounts::open(name.map_or(AMBIENT, String::as_str), source, NeedOfOrganization::IfAny).await?;
        if account.suspended {
            return Ok(None);
        }
        let mut regions = match (self.regions.is_empty(), self.all_regions) {
            (false, _) => self.regions.clone(),
            (true, true) => identity::regions(&account.session).await?,
            (true, false) => account.facts.regions.clone(),
        };
        regions.sort();
        regions.dedup();
        Ok(Some(Place { name: name.cloned(), account, regions }))
    }
}

/// What the manifests keep in these accounts.
fn keepers(manifests: &Manifests, places: &[Place]) -> Keepers {
    let of_account = |name: &str| places.iter().find(|place| place.name.as_deref() == Some(name));
    let mut keepers = Keepers::default();
    for trail in manifests.trails.iter().map(|located| &located.value) {
        if let Some(place) = of_account(&trail.spec.account_ref.name) {
            keepers.trails.insert(place.account.facts.trail_arn(&trail.spec, &trail_name(trail)), path(trail));
        }
    }
    for archive in manifests.archives.iter().map(|located| &located.value) {
        let account = &archive.spec.account_ref.name;
        if of_account(account).is_some() {
            keepers.buckets.insert(archive.spec.bucket_name.clone(), (path(archive), account.clone()));
        }
    }
    keepers
}

/// Judges one thing after the other, each by the policies that select its object.
struct Judging<'a> {
    manifests: &'a Manifests,
    policies: &'a mut Policies,
    catalogue: &'a Catalogue,
    now: Timestamp,
    findings: Vec<Finding>,
    notes: Vec<String>,
}

impl Judging<'_> {
    /// What is asked of an object, by kind and `namespace/name`. What nobody manages is selected by policies that select by nothing.
    fn asked(&mut self, kind: &str, object: Option<&String>) -> (Rc<Settings>, Frame) {
        let labels = object.map(|object| self.labels(kind, object)).unwrap_or_default();
        let namespace = object.and_then(|object| object.split_once('/')).map(|(namespace, _)| namespace);
        let of_namespace = namespace.map(|namespace| labels_of(self.manifests, namespace)).unwrap_or_default();
        let settings = self.policies.settings(namespace.map(|namespace| (namespace, &of_namespace)), &labels, self.catalogue);
        let frame = Frame { stage: Stage::Live, parameters: settings.parameters.clone(), now: self.now };
        (settings, frame)
    }

    fn labels(&self, kind: &str, object: &str) -> BTreeMap<String, String> {
        let Manifests { trails, archives, accounts, stores, .. } = self.manifests;
        let found = match kind {
            "Trail" => trails.iter().find(|one| path(&one.value) == object).map(|one| one.value.labels().clone()),
            "LogArchive" => archives.iter().find(|one| path(&one.value) == object).map(|one| one.value.labels().clone()),
            "EventDataStore" => stores.iter().find(|one| path(&one.value) == object).map(|one| one.value.labels().clone()),
            _ => accounts.iter().find(|one| one.value.name_any() == object).map(|one| one.value.labels().clone()),
        };
        found.unwrap_or_default()
    }

    fn judge(&mut self, case: &Case<'_>, settings: &Settings) {
        self.findings.extend(crate::rules::judge(case, self.catalogue, settings));
    }

    fn survey(&mut self, survey: &Survey) {
        for account in &survey.accounts {
            for (trail, seen) in &account.trails {
                let (settings, frame) = self.asked("Trail", trail.object.as_ref());
                let bucket = survey.buckets.iter().find(|found| found.bucket.name == trail.settings.bucket);
                let region = bucket.map(|found| found.bucket.region.clone());
                self.judge(&Case::Trail(&trail.case(&account.facts, region, seen.clone(), &frame)), &settings);
            }
            let object =
                account.name.clone().filter(|_| self.manifests.accounts.iter().any(|one| Some(one.value.name_any()) == account.name));
            let (settings, frame) = self.asked("AwsAccount", object.as_ref());
            let (inventory, organization) = (account.inventory.clone(), account.organization.clone());
            let case = of_found::account(&account.facts, object, &account.region, inventory, organization, account.seen.clone(), &frame);
            self.judge(&Case::Account(&case), &settings);
        }
        for found in &survey.buckets {
            self.bucket(found, survey);
        }
    }

    /// Of a bucket that belongs to none of the given accounts only what could be read is judged.
    fn bucket(&mut self, found: &SurveyedBucket, survey: &Survey) {
        let (settings, frame) = self.asked("LogArchive", found.bucket.object.as_ref());
        let partition = survey.accounts.first().map(|account| account.facts.partition).unwrap_or_default();
        let case = found.bucket.case(partition, found.seen.clone(), &frame);
        let before = self.findings.len();
        self.judge(&Case::Archive(&case), &settings);
        let why = match found.reach {
            Reach::Own => return,
            Reach::Foreign => format!("belongs to account {}, which was not looked at", found.bucket.account),
            Reach::Closed => format!("may not be looked at from account {}, and may be another's", found.bucket.account),
        };
        // That it is not known whose the bucket is, is a finding; what follows from it is told once.
        let follows = |finding: &Finding| finding.verdict.result() == Verdict::Unknown && finding.rule != WHOSE_BUCKET;
        let (unknown, known): (Vec<_>, Vec<_>) = self.findings.split_off(before).into_iter().partition(follows);
        self.findings.extend(known);
        if !unknown.is_empty() {
            let (name, count) = (&found.bucket.name, unknown.len());
            self.notes.push(format!("bucket {name} {why}: {count} rules about it could not be judged from here. Give its account too"));
        }
    }

    /// Event data stores of the manifests.
    async fn stores(&mut self, places: &[Place], shared: &Arc<Shared>) {
        for store in self.manifests.stores.iter().map(|located| &located.value) {
            let Some(place) = places.iter().find(|place| place.name.as_ref() == Some(&store.spec.account_ref.name)) else { continue };
            let facts = &place.account.facts;
            let cloud = Cloud::new(&place.account.session, &store.spec.region, shared.clone());
            let seen = observe(&cloud, &Subject::event_data_store(store, facts, "default").registered.facets).await;
            let (settings, frame) = self.asked("EventDataStore", Some(&path(store)));
            self.judge(&Case::Store(&frame.store(store, facts, seen)), &settings);
        }
    }

    /// Trails that the manifests ask for and that are not there.
    fn missing(&mut self, survey: &Survey, keepers: &Keepers) {
        for (arn, object) in &keepers.trails {
            let region = arn.split(':').nth(3).unwrap_or_default();
            let known = |account: &super::survey::Surveyed| account.inventory.trails.iter().any(|trail| trail.arn == *arn);
            let looked = survey.accounts.iter().any(|account| {
                let unlisted = account.inventory.unlisted.iter().any(|(unlisted, _)| unlisted == region);
                !unlisted && account.inventory.regions.iter().any(|listed| listed == region)
            });
            if looked && !survey.accounts.iter().any(known) {
                self.notes.push(format!("Trail {object} is not in AWS ({arn}): trailkeeper plan shows what would create it"));
            }
        }
    }
}

impl Looked {
    /// Accounts with their trails and what these record.
    pub fn accounts(&self) -> Vec<AccountEvidence> {
        let of = |account: &super::survey::Surveyed| {
            let keepers: BTreeMap<String, String> =
                account.trails.iter().filter_map(|(trail, _)| Some((trail.arn.clone(), trail.object.clone()?))).collect();
            let found = |trail| inventory::found(trail, &account.facts.id, &keepers);
            let coverage: Vec<Coverage> = account.inventory.coverage();
            AccountEvidence {
                id: account.facts.id.clone(),
                name: account.name.clone(),
                trails: account.inventory.trails.iter().map(found).collect(),
                coverage,
            }
        };
        self.survey.accounts.iter().map(of).collect()
    }

    /// What of each trail arrives.
    pub fn deliveries(&self) -> Vec<Delivery> {
        let trails = self.survey.accounts.iter().flat_map(|account| &account.trails);
        trails
            .map(|(trail, seen)| {
                let facts: DeliveryFacts = seen.facts(Logging::NAME).unwrap_or_default();
                let known = |value: Option<bool>| match value {
                    Some(true) => Known::Yes,
                    Some(false) => Known::No,
                    None => Known::Unknown,
                };
                let errors = [
                    ("log files", &facts.latest_delivery_error),
                    ("digests", &facts.latest_digest_delivery_error),
                    ("SNS notices", &facts.latest_notification_error),
                    ("CloudWatch Logs", &facts.latest_cloud_watch_logs_error),
                ];
                let state = seen.state::<crate::facets::trail_logging::LoggingState>(Logging::NAME);
                let settings = seen.state::<TrailSettings>(SettingsFacet::NAME);
                Delivery {
                    trail: trail.arn.clone(),
                    logging: known(state.map(|state| state.enabled)),
                    validation: known(settings.map(|settings| settings.log_file_validation)),
                    latest_delivery_time: facts.latest_delivery_time,
                    latest_digest_delivery_time: facts.latest_digest_delivery_time,
                    errors: errors.iter().filter_map(|(what, error)| Some(format!("{what}: {}", error.as_ref()?))).collect(),
                    gaps: Vec::new(),
                }
            })
            .collect()
    }
}
