//! From the text of one file to the objects in it. Pure: it reads no file and checks no references.
//!
//! Every complaint has a place, counted in the file and not in the document, so that an editor can jump to it.

use super::manifests::{Object, Place, Problem};
use crate::api::{AwsAccountSpec, CompliancePolicySpec, EventDataStoreSpec, GROUP, LogArchiveSpec, TrailSpec};
use k8s_openapi::ByteString;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Error, Location, MessageFormatter, Options, Spanned, UserMessageFormatter};
use std::collections::BTreeMap;
use std::fmt;

const OUR_VERSION: &str = "trailkeeper.dev/v1alpha1";

/// A document, as far as it says what it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    api_version: Option<Spanned<String>>,
    #[serde(default)]
    kind: Option<Spanned<String>>,
    #[serde(default)]
    items: Option<Vec<Spanned<Head>>>,
}

/// The kinds that a file may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    AwsAccount,
    LogArchive,
    Trail,
    EventDataStore,
    CompliancePolicy,
    Secret,
    Namespace,
}

/// What becomes of objects that are none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strangers {
    /// They are an error: most likely a mistyped kind.
    Refused,
    /// They are counted. A kind of our group that does not exist is an error all the same.
    PassedOver,
}

/// What a file holds.
#[derive(Default)]
pub struct Parsed {
    pub objects: Vec<Object>,
    pub problems: Vec<Problem>,
    pub strangers: usize,
}

/// A document of a file: its text, and how many lines of the file stand before it.
#[derive(Clone, Copy)]
pub struct Chunk<'a> {
    pub before: u64,
    pub text: &'a str,
}

/// Where a document stands, so that positions in it become places in the file.
#[derive(Clone, Copy)]
struct Origin<'a> {
    file: &'a str,
    before: u64,
    strangers: Strangers,
}

/// An object of ours. Every field must be known; a status is passed over, as `kubectl apply` does.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document<S> {
    #[serde(rename = "apiVersion")]
    _api_version: IgnoredAny,
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    metadata: Metadata,
    spec: S,
    #[serde(default, rename = "status")]
    _status: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SecretDocument {
    #[serde(rename = "apiVersion")]
    _api_version: IgnoredAny,
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    metadata: Metadata,
    #[serde(default, rename = "type")]
    _type: IgnoredAny,
    #[serde(default, rename = "immutable")]
    _immutable: IgnoredAny,
    #[serde(default)]
    data: BTreeMap<String, ByteString>,
    #[serde(default)]
    string_data: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NamespaceDocument {
    metadata: Metadata,
}

/// What is used of metadata, and what the API server adds to objects that were read back from it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Metadata {
    name: String,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default, rename = "creationTimestamp")]
    _creation_timestamp: IgnoredAny,
    #[serde(default, rename = "finalizers")]
    _finalizers: IgnoredAny,
    #[serde(default, rename = "generation")]
    _generation: IgnoredAny,
    #[serde(default, rename = "managedFields")]
    _managed_fields: IgnoredAny,
    #[serde(default, rename = "ownerReferences")]
    _owner_references: IgnoredAny,
    #[serde(default, rename = "resourceVersion")]
    _resource_version: IgnoredAny,
    #[serde(default, rename = "uid")]
    _uid: IgnoredAny,
}

/// Reads the objects of one file.
pub fn parse(file: &str, text: &str, strangers: Strangers) -> Parsed {
    let mut parsed = Parsed::default();
    for Chunk { before, text } in split(text) {
        match parse_document(Origin { file, before, strangers }, text) {
            Ok((objects, strangers)) => {
                parsed.objects.extend(objects);
                parsed.strangers += strangers;
            }
            Err(found) => parsed.problems.extend(found),
        }
    }
    parsed
}

/// The documents of a stream. YAML allows `---` at the beginning of a line nowhere but between documents.
pub fn split(text: &str) -> Vec<Chunk<'_>> {
    let mut documents = Vec::new();
    let (mut from, mut at, mut before, mut lines) = (0, 0, 0, 0);
    for line in text.split_inclusive('\n') {
        let begins = line.strip_prefix("---").is_some_and(|rest| rest.trim_start().len() < rest.len() || rest.is_empty());
        if begins {
            documents.push(Chunk { before, text: &text[from..at] });
            (from, before) = (at, lines);
        }
        at += line.len();
        lines += 1;
    }
    documents.push(Chunk { before, text: &text[from..] });
    documents
}

pub fn options() -> Options {
    // As the API server sees it: an unquoted number is no string, and `yes` is no boolean.
    serde_saphyr::options! { with_snippet: false, strict_booleans: true, no_schema: true }
}

fn parse_document(origin: Origin, text: &str) -> Result<(Vec<Object>, usize), Vec<Problem>> {
    let failed = |error: &Error| vec![problem(origin, error)];
    let head = serde_saphyr::from_str_with_options::<Option<Spanned<Head>>>(text, options()).map_err(|error| failed(&error))?;
    let Some(head) = head else { return Ok((Vec::new(), 0)) };
    let is_list = head.value.kind.as_ref().is_some_and(|kind| kind.value == "List");
    let heads: Vec<&Spanned<Head>> = if is_list { head.value.items.iter().flatten().collect() } else { vec![&head] };
    let kinds = kinds(origin, &heads)?;
    let strangers = kinds.iter().filter(|kind| kind.is_none()).count();
    if strangers == kinds.len() {
        return Ok((Vec::new(), strangers));
    }
    let places = heads.iter().map(|head| place(origin, head.defined));
    let mut seeds: Vec<ObjectSeed> = kinds.into_iter().zip(places).map(|(kind, place)| ObjectSeed(kind, place)).collect();
    let objects = serde_saphyr::with_deserializer_from_str_with_options(text, options(), |source| match seeds.pop() {
        Some(seed) if !is_list => Ok(vec![seed.deserialize(source)?]),
        last => ListSeed(seeds.into_iter().chain(last).collect()).deserialize(source),
    })
    .map_err(|error| failed(&error))?;
    Ok((objects.into_iter().flatten().collect(), strangers))
}

/// The kind of each object; none for a stranger that is passed over.
fn kinds(origin: Origin, heads: &[&Spanned<Head>]) -> Result<Vec<Option<Kind>>, Vec<Problem>> {
    let mut kinds = Vec::new();
    let mut problems = Vec::new();
    for head in heads {
        match kind_of(origin, head) {
            Ok(kind) => kinds.push(kind),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(kinds) } else { Err(problems) }
}

fn kind_of(origin: Origin, head: &Spanned<Head>) -> Result<Option<Kind>, Problem> {
    let missing = |field: &str| Problem { place: place(origin, head.defined), message: format!("`{field}` is missing") };
    let api_version = head.value.api_version.as_ref().ok_or_else(|| missing("apiVersion"))?;
    let kind = head.value.kind.as_ref().ok_or_else(|| missing("kind"))?;
    let ours = |kind| Ok(Some(kind));
    match (api_version.value.as_str(), kind.value.as_str()) {
        (OUR_VERSION, "AwsAccount") => ours(Kind::AwsAccount),
        (OUR_VERSION, "LogArchive") => ours(Kind::LogArchive),
        (OUR_VERSION, "Trail") => ours(Kind::Trail),
        (OUR_VERSION, "EventDataStore") => ours(Kind::EventDataStore),
        (OUR_VERSION, "CompliancePolicy") => ours(Kind::CompliancePolicy),
        ("v1", "Secret") => ours(Kind::Secret),
        ("v1", "Namespace") => ours(Kind::Namespace),
        (version, _) if version.starts_with(GROUP) && version != OUR_VERSION => Err(Problem {
            place: place(origin, api_version.defined),
            message: format!("unknown version `{version}`: this release knows {OUR_VERSION}"),
        }),
        (version, _) if origin.strangers == Strangers::PassedOver && version != OUR_VERSION => Ok(None),
        (version, kind_name) => Err(Problem {
            place: place(origin, kind.defined),
            message: format!(
                "unknown kind `{kind_name}` of `{version}`: files may hold AwsAccount, LogArchive, Trail, EventDataStore and CompliancePolicy of {OUR_VERSION}, and Secret and Namespace of v1"
            ),
        }),
    }
}

/// The items of a `kind: List`.
struct ListSeed(Vec<ObjectSeed>);

impl<'de> DeserializeSeed<'de> for ListSeed {
    type Value = Vec<Option<Object>>;
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ListSeed {
    type Value = Vec<Option<Object>>;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a List")
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut objects = Vec::new();
        while let Some(field) = fields.next_key::<String>()? {
            if field == "items" {
                objects = fields.next_value_seed(ItemsSeed(std::mem::take(&mut self.0)))?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(objects)
    }
}

struct ItemsSeed(Vec<ObjectSeed>);

impl<'de> DeserializeSeed<'de> for ItemsSeed {
    type Value = Vec<Option<Object>>;
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ItemsSeed {
    type Value = Vec<Option<Object>>;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of objects")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut objects = Vec::new();
        for seed in self.0 {
            objects.extend(items.next_element_seed(seed)?);
        }
        // A sequence must be read to its end.
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(objects)
    }
}

/// One object, whose kind is known; a stranger is read and dropped.
struct ObjectSeed(Option<Kind>, Place);

impl<'de> DeserializeSeed<'de> for ObjectSeed {
    type Value = Option<Object>;
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        let Self(Some(kind), place) = self else {
            IgnoredAny::deserialize(source)?;
            return Ok(None);
        };
        Ok(Some(match kind {
            Kind::AwsAccount => {
                let Document { metadata, spec, .. } = Document::<AwsAccountSpec>::deserialize(source)?;
                Object::account(place, metadata.into(), spec)
            }
            Kind::LogArchive => {
                let Document { metadata, spec, .. } = Document::<LogArchiveSpec>::deserialize(source)?;
                Object::archive(place, metadata.into(), spec)
            }
            Kind::Trail => {
                let Document { metadata, spec, .. } = Document::<TrailSpec>::deserialize(source)?;
                Object::trail(place, metadata.into(), spec)
            }
            Kind::EventDataStore => {
                let Document { metadata, spec, .. } = Document::<EventDataStoreSpec>::deserialize(source)?;
                Object::store(place, metadata.into(), spec)
            }
            Kind::CompliancePolicy => {
                let Document { metadata, spec, .. } = Document::<CompliancePolicySpec>::deserialize(source)?;
                Object::policy(place, metadata.into(), spec)
            }
            Kind::Secret => {
                let SecretDocument { metadata, data, string_data, .. } = SecretDocument::deserialize(source)?;
                let mut values: BTreeMap<String, Vec<u8>> = data.into_iter().map(|(key, value)| (key, value.0)).collect();
                values.extend(string_data.into_iter().map(|(key, value)| (key, value.into_bytes())));
                Object::secret(place, metadata.into(), values)
            }
            Kind::Namespace => Object::namespace(place, NamespaceDocument::deserialize(source)?.metadata.into()),
        }))
    }
}

impl From<Metadata> for k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
    fn from(metadata: Metadata) -> Self {
        Self {
            name: Some(metadata.name),
            namespace: metadata.namespace,
            labels: Some(metadata.labels).filter(|labels| !labels.is_empty()),
            annotations: Some(metadata.annotations).filter(|annotations| !annotations.is_empty()),
            ..Self::default()
        }
    }
}

fn place(origin: Origin, at: Location) -> Place {
    Place { file: origin.file.to_owned(), line: origin.before + at.line().max(1), column: at.column().max(1) }
}

fn problem(origin: Origin, error: &Error) -> Problem {
    let at = error.location().unwrap_or(Location::UNKNOWN);
    Problem { place: place(origin, at), message: UserMessageFormatter.format_message(error.without_snippet()).into_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TRAIL: &str = "apiVersion: trailkeeper.dev/v1alpha1\nkind: Trail\nmetadata: {name: main}\nspec:\n  accountRef: {name: x}\n  region: eu-west-1\n  archiveRef: {name: logs}\n";

    fn complaint(text: &str) -> String {
        parse("f.yaml", text, Strangers::Refused).problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn documents_are_told_apart_and_empty_ones_pass() {
        let text = format!("# nothing\n---\n{TRAIL}---\n---\n{TRAIL}...\n");
        let found = parse("f.yaml", &text, Strangers::Refused);
        assert_eq!(found.objects.iter().map(|object| object.place.line).collect::<Vec<_>>(), [3, 12]);
    }

    #[test]
    fn places_count_from_the_top_of_the_file() {
        let text = format!("{TRAIL}---\n{TRAIL}  colour: blue\n");
        assert_eq!(&complaint(&text)[..13], "f.yaml:16:3: ");
        assert!(complaint(&text).contains("colour"), "{}", complaint(&text));
    }

    #[test]
    fn wrong_types_and_syntax_have_a_place() {
        assert!(complaint(&format!("{TRAIL}  logging: maybe\n")).starts_with("f.yaml:8:12: "));
        assert!(complaint(&format!("{TRAIL}  logging: yes\n")).starts_with("f.yaml:8:12: "));
        assert!(complaint(&format!("{TRAIL}  keyPrefix: 12\n")).starts_with("f.yaml:8:14: "));
        assert!(complaint(&format!("{TRAIL}  events: [\n")).starts_with("f.yaml:"));
    }

    #[test]
    fn unknown_kinds_and_fields_of_metadata_are_errors() {
        assert!(complaint("apiVersion: apps/v1\nkind: Deployment\n").starts_with("f.yaml:2:7: unknown kind `Deployment` of `apps/v1`"));
        assert!(complaint(&TRAIL.replace("v1alpha1", "v9")).starts_with("f.yaml:1:13: unknown version"));
        assert!(complaint(&TRAIL.replace("{name: main}", "{name: main, nmae: x}")).starts_with("f.yaml:3:24: "));
        assert_eq!(complaint("kind: Trail\n"), "f.yaml:1:1: `apiVersion` is missing");
    }

    #[test]
    fn lists_and_json_hold_objects_with_places() {
        let item = TRAIL.replace('\n', "\n  ");
        let list = format!("apiVersion: v1\nkind: List\nitems:\n- {item}\n- {}", item.replace("region:", "regin:"));
        assert!(complaint(&list).starts_with("f.yaml:17:"), "{}", complaint(&list));
        let json =
            r#"{"apiVersion":"trailkeeper.dev/v1alpha1","kind":"AwsAccount","metadata":{"name":"x"},"spec":{"accountId":"111111111111"}}"#;
        assert_eq!(parse("f.json", json, Strangers::Refused).objects.len(), 1);
        assert!(complaint(&json.replace("\"111111111111\"", "111111111111")).starts_with("f.yaml:1:"));
    }

    #[test]
    fn strangers_are_passed_over_where_asked_and_mistyped_kinds_are_not() {
        let text = format!("apiVersion: apps/v1\nkind: Deployment\nspec: {{a: [1]}}\n---\n{TRAIL}---\n{}", TRAIL.replace("Trail", "Trial"));
        let found = parse("f.yaml", &text, Strangers::PassedOver);
        assert_eq!((found.objects.len(), found.strangers, found.problems.len()), (1, 1, 1));
        let item = TRAIL.replace('\n', "\n  ");
        let list = format!("apiVersion: v1\nkind: List\nitems:\n- {{apiVersion: apps/v1, kind: Deployment}}\n- {item}");
        let found = parse("f.yaml", &list, Strangers::PassedOver);
        assert_eq!((found.objects[0].place.line, found.strangers), (5, 1));
    }

    #[test]
    fn one_bad_document_does_not_hide_the_others() {
        let text = format!("{TRAIL}---\n{}---\n{TRAIL}", TRAIL.replace("region", "regoin"));
        let found = parse("f.yaml", &text, Strangers::Refused);
        assert_eq!((found.objects.len(), found.problems.len()), (2, 1));
    }
}
