//! Manifests: every object of the given files, valid in itself. Whether references between them hold is `resolve`'s to say.

use super::{documents, files, limits};
use crate::api::{AwsAccount, AwsAccountSpec, EventDataStore, EventDataStoreSpec, LogArchive, LogArchiveSpec, Trail, TrailSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::cel::ValidationErrors;
use kube::{CustomResourceExt, ResourceExt};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;

/// A position in a file, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    pub line: u64,
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub place: Place,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.message)
    }
}

/// Everything that is wrong with the given files.
#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        out.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// A value with the place that it was read from.
#[derive(Clone, Debug)]
pub struct Located<T> {
    pub place: Place,
    pub value: T,
}

impl<T> Located<T> {
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        Problem { place: self.place.clone(), message: message.into() }
    }
}

/// The values of a Secret.
#[derive(Clone)]
pub struct Secret {
    pub name: String,
    pub namespace: String,
    pub values: BTreeMap<String, Vec<u8>>,
}

/// One object of a file.
pub struct Object {
    pub place: Place,
    thing: Thing,
}

enum Thing {
    Account(AwsAccount),
    Archive(LogArchive),
    Trail(Trail),
    Store(EventDataStore),
    Secret(Secret),
    Namespace { name: String, labels: BTreeMap<String, String> },
}

fn namespaced(mut metadata: ObjectMeta) -> ObjectMeta {
    metadata.namespace.get_or_insert_with(|| "default".to_owned());
    metadata
}

impl Object {
    pub(super) fn account(place: Place, metadata: ObjectMeta, spec: AwsAccountSpec) -> Self {
        Self { place, thing: Thing::Account(AwsAccount { metadata, spec, status: None }) }
    }

    pub(super) fn archive(place: Place, metadata: ObjectMeta, spec: LogArchiveSpec) -> Self {
        Self { place, thing: Thing::Archive(LogArchive { metadata: namespaced(metadata), spec, status: None }) }
    }

    pub(super) fn trail(place: Place, metadata: ObjectMeta, spec: TrailSpec) -> Self {
        Self { place, thing: Thing::Trail(Trail { metadata: namespaced(metadata), spec, status: None }) }
    }

    pub(super) fn store(place: Place, metadata: ObjectMeta, spec: EventDataStoreSpec) -> Self {
        Self { place, thing: Thing::Store(EventDataStore { metadata: namespaced(metadata), spec, status: None }) }
    }

    pub(super) fn secret(place: Place, metadata: ObjectMeta, values: BTreeMap<String, Vec<u8>>) -> Self {
        let metadata = namespaced(metadata);
        let secret = Secret { name: metadata.name.unwrap_or_default(), namespace: metadata.namespace.unwrap_or_default(), values };
        Self { place, thing: Thing::Secret(secret) }
    }

    pub(super) fn namespace(place: Place, metadata: ObjectMeta) -> Self {
        let thing = Thing::Namespace { name: metadata.name.unwrap_or_default(), labels: metadata.labels.unwrap_or_default() };
        Self { place, thing }
    }

    /// Kind, namespace and name: unique in a cluster, so unique in the files.
    fn identity(&self) -> String {
        match &self.thing {
            Thing::Account(account) => format!("AwsAccount {}", account.name_any()),
            Thing::Archive(archive) => format!("LogArchive {}", path(archive)),
            Thing::Trail(trail) => format!("Trail {}", path(trail)),
            Thing::Store(store) => format!("EventDataStore {}", path(store)),
            Thing::Secret(secret) => format!("Secret {}/{}", secret.namespace, secret.name),
            Thing::Namespace { name, .. } => format!("Namespace {name}"),
        }
    }

    /// The rules of the CRD, as the API server would apply them.
    fn broken_rules(&self) -> Vec<String> {
        match &self.thing {
            Thing::Account(account) => broken_rules(account, account.validate_cel()),
            Thing::Archive(archive) => broken_rules(archive, archive.validate_cel()),
            Thing::Trail(trail) => broken_rules(trail, trail.validate_cel()),
            Thing::Store(store) => broken_rules(store, store.validate_cel()),
            Thing::Secret(_) | Thing::Namespace { .. } => Vec::new(),
        }
    }
}

fn broken_rules<K: CustomResourceExt + Serialize>(object: &K, cel: Result<(), ValidationErrors>) -> Vec<String> {
    let mut found: Vec<String> = cel.err().iter().flat_map(ValidationErrors::as_slice).map(|error| error.message.clone()).collect();
    let schema = serde_json::to_value(K::crd()).unwrap_or_default();
    let spec = serde_json::to_value(object).unwrap_or_default();
    if let (Some(schema), Some(spec)) = (schema.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec"), spec.get("spec")) {
        found.extend(limits::broken(schema, spec, "spec"));
    }
    found
}

/// `NAMESPACE/NAME`.
pub fn path(object: &impl ResourceExt) -> String {
    format!("{}/{}", object.namespace().unwrap_or_else(|| "default".to_owned()), object.name_any())
}

/// All objects of the given files.
#[derive(Default)]
pub struct Manifests {
    pub accounts: Vec<Located<AwsAccount>>,
    pub archives: Vec<Located<LogArchive>>,
    pub trails: Vec<Located<Trail>>,
    pub stores: Vec<Located<EventDataStore>>,
    pub secrets: Vec<Secret>,
    /// Labels of the namespaces that the files hold.
    pub namespaces: HashMap<String, BTreeMap<String, String>>,
}

impl Manifests {
    /// Reads files, folders, and standard input for `-`.
    pub fn load(paths: &[PathBuf], recursive: bool) -> anyhow::Result<Self> {
        let texts = files::read(paths, recursive)?;
        let manifests = Self::from_texts(texts.iter().map(|file| (file.name.as_str(), file.text.as_str())))?;
        Ok(manifests)
    }

    /// Reads objects from texts with their names, and tells everything that is wrong with them at once.
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Problems> {
        let mut manifests = Self::default();
        let mut problems = Vec::new();
        let mut known: HashMap<String, Place> = HashMap::new();
        for (name, text) in texts {
            let objects = documents::parse(name, text).unwrap_or_else(|found| {
                problems.extend(found);
                Vec::new()
            });
            for object in objects {
                let broken = object.broken_rules().into_iter().map(|rule| format!("{}: {rule}", object.identity()));
                problems.extend(broken.map(|message| Problem { place: object.place.clone(), message }));
                if let Some(first) = known.get(&object.identity()) {
                    let message = format!("{} was given before, at {first}", object.identity());
                    problems.push(Problem { place: object.place.clone(), message });
                }
                known.insert(object.identity(), object.place.clone());
                manifests.keep(object);
            }
        }
        if problems.is_empty() { Ok(manifests) } else { Err(Problems(problems)) }
    }

    fn keep(&mut self, object: Object) {
        let place = object.place;
        match object.thing {
            Thing::Account(value) => self.accounts.push(Located { place, value }),
            Thing::Archive(value) => self.archives.push(Located { place, value }),
            Thing::Trail(value) => self.trails.push(Located { place, value }),
            Thing::Store(value) => self.stores.push(Located { place, value }),
            Thing::Secret(secret) => self.secrets.push(secret),
            Thing::Namespace { name, labels } => {
                self.namespaces.insert(name, labels);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn trail(name: &str, more: &str) -> String {
        format!(
            "apiVersion: trailkeeper.dev/v1alpha1\nkind: Trail\nmetadata: {{name: {name}}}\nspec: {{accountRef: {{name: x}}, region: eu-west-1{more}}}\n---\n"
        )
    }

    fn problems(text: &str) -> Vec<String> {
        Manifests::from_texts([("f.yaml", text)]).err().map(|found| found.0.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    #[test]
    fn every_broken_rule_is_told_with_its_object() {
        let text = trail("main", ", multiRegion: true, globalServiceEvents: false, keyPrefix: /x");
        let found = problems(&text);
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found.iter().all(|problem| problem.starts_with("f.yaml:1:1: Trail default/main: ")), "{found:#?}");
        assert!(found.iter().any(|problem| problem.contains("spec.globalServiceEvents")));
        assert!(found.iter().any(|problem| problem.contains("spec.archiveRef")));
        assert!(found.iter().any(|problem| problem.contains("spec.keyPrefix")));
    }

    #[test]
    fn limits_of_size_are_told_by_path() {
        let text = "apiVersion: trailkeeper.dev/v1alpha1\nkind: LogArchive\nmetadata: {name: logs}\nspec: {accountRef: {name: x}, region: eu-west-1, bucketName: some-logs, encryption: {key: {rotationPeriodDays: 10}}}\n";
        assert_eq!(
            problems(text),
            ["f.yaml:1:1: LogArchive default/logs: spec.encryption.key.rotationPeriodDays must be at least 90, and is 10"]
        );
    }

    #[test]
    fn an_object_may_be_given_once() {
        let one = trail("main", ", archiveRef: {name: logs}");
        assert_eq!(problems(&format!("{one}{one}")), ["f.yaml:6:1: Trail default/main was given before, at f.yaml:1:1"]);
    }

    #[test]
    fn secrets_take_both_forms_of_data() {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: n}\ndata: {a: aGk=}\nstringData: {b: there}\n";
        let secret = Manifests::from_texts([("f.yaml", text)]).unwrap().secrets.remove(0);
        assert_eq!(secret.values["a"], b"hi");
        assert_eq!(secret.values["b"], b"there");
    }
}
