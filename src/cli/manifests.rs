//! Manifests: every object of the given files, valid in itself. Whether references between them hold is `resolve`'s to say.

use super::documents::{self, Strangers};
use super::files::{self, File};
use super::limits;
use super::locate::{Locator, complained_of};
use crate::api::{
    AwsAccount, AwsAccountSpec, CompliancePolicy, CompliancePolicySpec, EventDataStore, EventDataStoreSpec, LogArchive, LogArchiveSpec,
    Trail, TrailSpec,
};
pub use crate::report::place::{Place, Problem};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::cel::{CompiledSchema, Validator, compile_schema};
use kube::{CustomResourceExt, ResourceExt};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;

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
    Policy(CompliancePolicy),
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

    pub(super) fn policy(place: Place, metadata: ObjectMeta, spec: CompliancePolicySpec) -> Self {
        Self { place, thing: Thing::Policy(CompliancePolicy { metadata, spec, status: None }) }
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
            Thing::Policy(policy) => format!("CompliancePolicy {}", policy.name_any()),
            Thing::Secret(secret) => format!("Secret {}/{}", secret.namespace, secret.name),
            Thing::Namespace { name, .. } => format!("Namespace {name}"),
        }
    }

    /// The rules of the CRD, as the API server would apply them, each with the field that it is about.
    fn broken_rules(&self, schemas: &mut Schemas) -> Vec<(Vec<String>, String)> {
        match &self.thing {
            Thing::Account(account) => schemas.broken_by(account),
            Thing::Archive(archive) => schemas.broken_by(archive),
            Thing::Trail(trail) => schemas.broken_by(trail),
            Thing::Store(store) => schemas.broken_by(store),
            Thing::Policy(policy) => schemas.broken_by(policy),
            Thing::Secret(_) | Thing::Namespace { .. } => Vec::new(),
        }
    }
}

/// The schemas of the CRDs that were needed so far: compiling one takes longer than checking hundreds of objects.
#[derive(Default)]
struct Schemas(HashMap<&'static str, Schema>);

struct Schema {
    spec: Value,
    cel: CompiledSchema,
}

impl Schema {
    fn of<K: CustomResourceExt>() -> Self {
        let crd = serde_json::to_value(K::crd()).unwrap_or_default();
        let whole = crd.pointer("/spec/versions/0/schema/openAPIV3Schema").unwrap_or(&Value::Null);
        Self { spec: whole.pointer("/properties/spec").cloned().unwrap_or_default(), cel: compile_schema(whole) }
    }
}

impl Schemas {
    fn broken_by<K: CustomResourceExt + Serialize>(&mut self, object: &K) -> Vec<(Vec<String>, String)> {
        let schema = self.0.entry(K::crd_name()).or_insert_with(Schema::of::<K>);
        let object = serde_json::to_value(object).unwrap_or_default();
        let cel = Validator::new().validate_compiled(&schema.cel, &object, None).err();
        let cel = cel.iter().flat_map(|errors| errors.as_slice()).map(|error| (error.field_path.clone(), error.message.clone()));
        let limits = object.get("spec").map(|spec| limits::broken(&schema.spec, spec, "spec")).unwrap_or_default();
        let all = cel.chain(limits.into_iter().map(|message| ("spec".to_owned(), message)));
        all.map(|(at, message)| (complained_of(&at, &message), message)).collect()
    }
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
    pub policies: Vec<Located<CompliancePolicy>>,
    pub secrets: Vec<Secret>,
    /// Labels of the namespaces that the files hold.
    pub namespaces: HashMap<String, BTreeMap<String, String>>,
}

/// Everything that files hold, the good and the bad.
#[derive(Default)]
pub struct Contents {
    pub manifests: Manifests,
    pub problems: Vec<Problem>,
    /// Objects of kinds that are not ours, where those are passed over.
    pub strangers: usize,
}

impl Contents {
    /// Reads objects from texts with their names. What is wrong with one does not hide the others.
    pub fn read<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>, strangers: Strangers) -> Self {
        let mut contents = Self::default();
        let mut schemas = Schemas::default();
        let mut known: HashMap<String, Place> = HashMap::new();
        for (name, text) in texts {
            let mut locator = Locator::of_texts([(name, text)]);
            let found = documents::parse(name, text, strangers);
            contents.problems.extend(found.problems);
            contents.strangers += found.strangers;
            for object in found.objects {
                let identity = object.identity();
                let broken = object.broken_rules(&mut schemas).into_iter();
                let problem = |(field, rule): (Vec<String>, String)| Problem {
                    place: locator.place(&object.place, &field),
                    message: format!("{identity}: {rule}"),
                };
                contents.problems.extend(broken.map(problem));
                match known.get(&identity) {
                    Some(first) => contents
                        .problems
                        .push(Problem { place: object.place.clone(), message: format!("{identity} was given before, at {first}") }),
                    None => {
                        known.insert(identity, object.place.clone());
                        contents.manifests.keep(object);
                    }
                }
            }
        }
        contents
    }
}

impl Manifests {
    /// Reads files, folders, and standard input for `-`.
    pub fn load(paths: &[PathBuf], recursive: bool) -> anyhow::Result<Self> {
        let texts = files::read(paths, recursive)?;
        let manifests = Self::from_texts(texts.iter().map(File::named))?;
        Ok(manifests)
    }

    /// Reads objects from texts with their names, and tells everything that is wrong with them at once.
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Problems> {
        let contents = Contents::read(texts, Strangers::Refused);
        if contents.problems.is_empty() { Ok(contents.manifests) } else { Err(Problems(contents.problems)) }
    }

    fn keep(&mut self, object: Object) {
        let place = object.place;
        match object.thing {
            Thing::Account(value) => self.accounts.push(Located { place, value }),
            Thing::Archive(value) => self.archives.push(Located { place, value }),
            Thing::Trail(value) => self.trails.push(Located { place, value }),
            Thing::Store(value) => self.stores.push(Located { place, value }),
            Thing::Policy(value) => self.policies.push(Located { place, value }),
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
        // At the field; what is not there, at the nearest field above it.
        let column = |word: &str| text.lines().nth(3).unwrap().find(word).unwrap() + 1;
        let told = |at: usize, field: &str| {
            let begin = format!("f.yaml:4:{at}: Trail default/main: ");
            assert!(found.iter().any(|problem| problem.starts_with(&begin) && problem.contains(field)), "{field}: {found:#?}");
        };
        told(column("multiRegion"), "spec.globalServiceEvents");
        told(column("spec"), "spec.archiveRef");
        told(column("keyPrefix"), "spec.keyPrefix");
    }

    #[test]
    fn limits_of_size_are_told_by_path() {
        let text = "apiVersion: trailkeeper.dev/v1alpha1\nkind: LogArchive\nmetadata: {name: logs}\nspec: {accountRef: {name: x}, region: eu-west-1, bucketName: some-logs, encryption: {key: {rotationPeriodDays: 10}}}\n";
        assert_eq!(
            problems(text),
            ["f.yaml:4:92: LogArchive default/logs: spec.encryption.key.rotationPeriodDays must be at least 90, and is 10"]
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
