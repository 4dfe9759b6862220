//! What files say of their objects without AWS: cases for the rules, on the declared state.
//!
//! Nothing is asked of anybody. What the files do not hold is noted and left out; what stands there is judged.

use super::locate::{Locator, field};
use super::manifests::{Located, Manifests, Place, Problem, path};
use super::policies::Policies;
use super::resolve::{Gap, Index, labels_of, rests_outside};
use crate::api::aws_account::Organization;
use crate::api::{EventDataStore, LogArchive, Trail};
use crate::engine::{Subject, writers};
use crate::facets::bucket_encryption::kms_key;
use crate::facets::context::{AccountFacts, ArchiveContext, Destination};
use crate::facets::observed::Seen;
use crate::facets::step::AFTER_APPLY;
use crate::rules::case::{Case, Stage, declared};
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::Finding;
use crate::rules::of_object::Frame;
use crate::rules::settings::Settings;
use jiff::Timestamp;
use kube::ResourceExt;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// Stands for the account of an AwsAccount that the files do not hold.
const UNKNOWN_ACCOUNT: &str = "000000000000";

/// Ownership tags have an instance in them; no rule asks whose.
const INSTANCE: &str = "default";

/// The objects of files with their references, as far as they can be followed.
pub struct Offline<'m> {
    manifests: &'m Manifests,
    accounts: HashMap<String, AccountFacts>,
    archive_of: Vec<Option<usize>>,
    /// The trails of each archive.
    delivering: Vec<Vec<usize>>,
    /// Forbidden references.
    pub problems: Vec<Problem>,
    /// What is not in the files.
    pub notes: Vec<Problem>,
}

/// One object with the verdicts of all rules that are asked of it.
pub struct Verdicts<'m> {
    pub kind: &'static str,
    /// Kind and `namespace/name`.
    pub name: String,
    pub place: &'m Place,
    /// The archive that a trail delivers to.
    pub archive: Option<&'m Located<LogArchive>>,
    pub findings: Vec<Finding>,
}

impl<'m> Offline<'m> {
    /// Follows the references.
    pub fn new(manifests: &'m Manifests, locator: &mut Locator) -> Self {
        let index = Index::new(manifests);
        let mut offline = Self {
            manifests,
            accounts: HashMap::new(),
            archive_of: Vec::new(),
            delivering: vec![Vec::new(); manifests.archives.len()],
            problems: Vec::new(),
            notes: Vec::new(),
        };
        for archive in &manifests.archives {
            offline.account(&index, archive, &archive.value.spec.account_ref.name, locator);
        }
        for (number, trail) in manifests.trails.iter().enumerate() {
            offline.account(&index, trail, &trail.value.spec.account_ref.name, locator);
            let archive = offline.archive(&index, trail, locator);
            offline.archive_of.push(archive);
            if let Some(trails) = archive.and_then(|at| offline.delivering.get_mut(at)) {
                trails.push(number);
            }
        }
        for store in &manifests.stores {
            offline.account(&index, store, &store.value.spec.account_ref.name, locator);
        }
        offline.assume_organizations();
        offline
    }

    fn account<K: ResourceExt>(&mut self, index: &Index, user: &Located<K>, name: &str, locator: &mut Locator) {
        let account = index.account(user, name).unwrap_or_else(|problem| {
            let place = locator.place(&user.place, &field("spec.accountRef.name"));
            self.problems.push(Problem { place, ..problem });
            None
        });
        if self.accounts.contains_key(name) {
            return;
        }
        if account.is_none() {
            let place = locator.place(&user.place, &field("spec.accountRef.name"));
            let message = format!("AwsAccount {name} is not in the given files: rules that need its id judge {UNKNOWN_ACCOUNT}");
            self.notes.push(Problem { place, message });
        }
        let id = account.map_or_else(|| UNKNOWN_ACCOUNT.to_owned(), |account| account.spec.account_id.clone());
        let partition = account.map(|account| account.spec.partition).unwrap_or_default();
        self.accounts.insert(name.to_owned(), AccountFacts { id, partition, organization: None, regions: Vec::new() });
    }

    fn archive(&mut self, index: &Index, trail: &Located<Trail>, locator: &mut Locator) -> Option<usize> {
        match index.archive(trail) {
            Ok(found) => {
                let archive = found.and_then(|at| self.manifests.archives.get(at)).map(|archive| &archive.value);
                let outside = rests_outside(trail, archive);
                let place = |locator: &mut Locator| locator.place(&trail.place, &field("spec.residency.allowedRegions"));
                self.problems.extend(outside.map(|problem| Problem { place: place(locator), ..problem }));
                found
            }
            Err(Gap::Forbidden(problem)) => {
                let place = locator.place(&trail.place, &field("spec.archiveRef.name"));
                self.problems.push(Problem { place, ..problem });
                None
            }
            Err(Gap::Missing(problem)) => {
                let place = locator.place(&trail.place, &field("spec.archiveRef.name"));
                let message = format!("{} Its bucket and key are not judged.", problem.message);
                self.notes.push(Problem { place, message });
                None
            }
        }
    }

    /// Only AWS knows which organization it is; that there is one, an organization's trail says.
    fn assume_organizations(&mut self) {
        for trail in self.manifests.trails.iter().filter(|trail| trail.value.spec.organization) {
            if let Some(account) = self.accounts.get_mut(&trail.value.spec.account_ref.name) {
                let management_account_id = account.id.clone();
                account.organization.get_or_insert_with(|| Organization { id: "o-*".to_owned(), management_account_id });
            }
        }
    }

    /// Judges every object, in the order of the kinds and the files. Each is handed on at once: the verdicts of ten thousand objects
    /// are hundreds of megabytes.
    pub fn judge(&self, policies: &mut Policies, catalogue: &Catalogue, now: Timestamp, mut each: impl FnMut(Verdicts<'m>)) {
        let mut judging = Judging { manifests: self.manifests, policies, catalogue, now, namespaces: BTreeMap::new() };
        for (archive, trails) in self.manifests.archives.iter().zip(&self.delivering) {
            self.of_archive(archive, trails, &mut judging).into_iter().for_each(&mut each);
        }
        for (trail, archive) in self.manifests.trails.iter().zip(&self.archive_of) {
            let archive = archive.and_then(|at| self.manifests.archives.get(at));
            self.of_trail(trail, archive, &mut judging).into_iter().for_each(&mut each);
        }
        for store in &self.manifests.stores {
            self.of_store(store, &mut judging).into_iter().for_each(&mut each);
        }
    }

    fn of_archive(&self, archive: &'m Located<LogArchive>, trails: &[usize], judging: &mut Judging) -> Option<Verdicts<'m>> {
        let account = self.accounts.get(&archive.value.spec.account_ref.name)?;
        let trails = trails.iter().filter_map(|at| self.manifests.trails.get(*at)).map(|trail| &trail.value);
        let writers = writers(trails.map(|trail| (trail, self.accounts.get(&trail.spec.account_ref.name))), &[]);
        let subject = Subject::log_archive(&archive.value, account, &writers, INSTANCE);
        let (frame, settings) = judging.frame(&archive.value);
        let mut case = frame.archive(&archive.value, account, &writers, declared(&subject.registered));
        // Files may hold some of the trails only.
        case.knows_all_writers = false;
        Some(verdicts("LogArchive", archive, None, judging.findings(&Case::Archive(&case), &settings)))
    }

    fn of_trail(&self, trail: &'m Located<Trail>, archive: Option<&'m Located<LogArchive>>, judging: &mut Judging) -> Option<Verdicts<'m>> {
        let account = self.accounts.get(&trail.value.spec.account_ref.name)?;
        let destination = self.destination(&trail.value, archive.map(|archive| &archive.value));
        let subject = Subject::trail(&trail.value, account, destination, INSTANCE);
        let (frame, settings) = judging.frame(&trail.value);
        let case = frame.trail(&trail.value, account, archive.map(|archive| &archive.value), declared(&subject.registered));
        Some(verdicts("Trail", trail, archive, judging.findings(&Case::Trail(&case), &settings)))
    }

    fn of_store(&self, store: &'m Located<EventDataStore>, judging: &mut Judging) -> Option<Verdicts<'m>> {
        let account = self.accounts.get(&store.value.spec.account_ref.name)?;
        let subject = Subject::event_data_store(&store.value, account, INSTANCE);
        let (frame, settings) = judging.frame(&store.value);
        let case = frame.store(&store.value, account, declared(&subject.registered));
        Some(verdicts("EventDataStore", store, None, judging.findings(&Case::Store(&case), &settings)))
    }

    /// Of an archive that the files do not hold nothing bad is assumed.
    fn destination(&self, trail: &Trail, archive: Option<&LogArchive>) -> Destination {
        let spec = &trail.spec;
        if let Some(bucket) = &spec.bucket {
            return Destination { bucket: bucket.name.clone(), kms_key: bucket.kms_key.clone().unwrap_or_default() };
        }
        match archive.and_then(|archive| Some((archive, self.accounts.get(&archive.spec.account_ref.name)?))) {
            Some((archive, account)) => {
                let context = ArchiveContext::new(archive.spec.clone(), account.clone());
                Destination { bucket: archive.spec.bucket_name.clone(), kms_key: kms_key(&context, &Seen::default()) }
            }
            None => Destination {
                bucket: spec.archive_ref.as_ref().map(|archive| archive.name.clone()).unwrap_or_default(),
                kms_key: AFTER_APPLY.to_owned(),
            },
        }
    }
}

/// What is the same for every object.
struct Judging<'j> {
    manifests: &'j Manifests,
    policies: &'j mut Policies,
    catalogue: &'j Catalogue,
    now: Timestamp,
    /// Labels of the namespaces that objects are in.
    namespaces: BTreeMap<String, BTreeMap<String, String>>,
}

impl Judging<'_> {
    fn frame(&mut self, object: &impl ResourceExt) -> (Frame, Rc<Settings>) {
        let namespace = object.namespace().unwrap_or_else(|| "default".to_owned());
        let labels = self.namespaces.entry(namespace.clone()).or_insert_with(|| labels_of(self.manifests, &namespace));
        let settings = self.policies.settings(Some((&namespace, labels)), object.labels(), self.catalogue);
        (Frame { stage: Stage::Declared, parameters: settings.parameters.clone(), now: self.now }, settings)
    }

    fn findings(&self, case: &Case<'_>, settings: &Settings) -> Vec<Finding> {
        crate::rules::judge(case, self.catalogue, settings)
    }
}

fn verdicts<'m, K: ResourceExt>(
    kind: &'static str,
    object: &'m Located<K>,
    archive: Option<&'m Located<LogArchive>>,
    findings: Vec<Finding>,
) -> Verdicts<'m> {
    Verdicts { kind, name: format!("{kind} {}", path(&object.value)), place: &object.place, archive, findings }
}
