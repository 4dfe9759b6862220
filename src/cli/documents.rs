//! From the text of one file to the objects in it. Pure: it reads no file and checks no references.
//!
//! Every complaint has a place, counted in the file and not in the document, so that an editor can jump to it.

use super::manifests::{Object, Place, Problem};
use crate::api::{AwsAccountSpec, EventDataStoreSpec, GROUP, LogArchiveSpec, TrailSpec};
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
    Secret,
    Namespace,
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
pub fn parse(file: &str, text: &str) -> Result<Vec<Object>, Vec<Problem>> {
    let mut objects = Vec::new();
    let mut problems = Vec::new();
    for document in split(text) {
        match parse_document(file, &document) {
            Ok(found) => objects.extend(found),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(objects) } else { Err(problems) }
}

/// The documents of a stream, each with blank lines in the place of those before it: positions then count from the top
/// of the file. YAML allows `---` at the beginning of a line nowhere but between documents.
fn split(text: &str) -> Vec<String> {
    let mut documents = Vec::new();
    let mut current = String::new();
    for (before, line) in text.split_inclusive('\n').enumerate() {
        let begins = line.strip_prefix("---").is_some_and(|rest| rest.trim_start().len() < rest.len() || rest.is_empty());
        if begins {
            documents.push(std::mem::replace(&mut current, "\n".repeat(before)));
        }
        current.push_str(line);
    }
    documents.push(current);
    documents
}

fn options() -> Options {
    // As the API server sees it: an unquoted number is no string, and `yes` is no boolean.
    serde_saphyr::options! { with_snippet: false, strict_booleans: true, no_schema: true }
}

fn parse_document(file: &str, text: &str) -> Result<Vec<Object>, Vec<Problem>> {
    let failed = |error: &Error| vec![problem(file, error)];
    let head = serde_saphyr::from_str_with_options::<Option<Spanned<Head>>>(text, options()).map_err(|error| failed(&error))?;
    let Some(head) = head else { return Ok(Vec::new()) };
    let is_list = head.value.kind.as_ref().is_some_and(|kind| kind.value == "List");
    let heads: Vec<&Spanned<Head>> = if is_list { head.value.items.iter().flatten().collect() } else { vec![&head] };
    let kinds = kinds(file, &heads)?;
    let places = heads.iter().map(|head| place(file, head.defined));
    let mut seeds: Vec<ObjectSeed> = kinds.into_iter().zip(places).map(|(kind, place)| ObjectSeed(kind, place)).collect();
    serde_saphyr::with_deserializer_from_str_with_options(text, options(), |source| match seeds.pop() {
        Some(seed) if !is_list => Ok(vec![seed.deserialize(source)?]),
        last => ListSeed(seeds.into_iter().chain(last).collect()).deserialize(source),
    })
    .map_err(|error| failed(&error))
}

fn kinds(file: &str, heads: &[&Spanned<Head>]) -> Result<Vec<Kind>, Vec<Problem>> {
    let mut kinds = Vec::new();
    let mut problems = Vec::new();
    for head in heads {
        match kind_of(file, head) {
            Ok(kind) => kinds.push(kind),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(kinds) } else { Err(problems) }
}

fn kind_of(file: &str, head: &Spanned<Head>) -> Result<Kind, Problem> {
    let missing = |field: &str| Problem { place: place(file, head.defined), message: format!("`{field}` is missing") };
    let api_version = head.value.api_version.as_ref().ok_or_else(|| missing("apiVersion"))?;
    let kind = head.value.kind.as_ref().ok_or_else(|| missing("kind"))?;
    match (api_version.value.as_str(), kind.value.as_str()) {
        (OUR_VERSION, "AwsAccount") => Ok(Kind::AwsAccount),
        (OUR_VERSION, "LogArchive") => Ok(Kind::LogArchive),
        (OUR_VERSION, "Trail") => Ok(Kind::Trail),
        (OUR_VERSION, "EventDataStore") => Ok(Kind::EventDataStore),
        ("v1", "Secret") => Ok(Kind::Secret),
        ("v1", "Namespace") => Ok(Kind::Namespace),
        (version, _) if version.starts_with(GROUP) && version != OUR_VERSION => Err(Problem {
            place: place(file, api_version.defined),
            message: format!("unknown version `{version}`: this release knows {OUR_VERSION}"),
        }),
        (version, kind_name) => Err(Problem {
            place: place(file, kind.defined),
            message: format!(
                "unknown kind `{kind_name}` of `{version}`: files may hold AwsAccount, LogArchive, Trail and EventDataStore of {OUR_VERSION}, and Secret and Namespace of v1"
            ),
        }),
    }
}

/// The items of a `kind: List`.
struct ListSeed(Vec<ObjectSeed>);

impl<'de> DeserializeSeed<'de> for ListSeed {
    type Value = Vec<Object>;
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ListSeed {
    type Value = Vec<Object>;
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
    type Value = Vec<Object>;
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ItemsSeed {
    type Value = Vec<Object>;
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

/// One object, whose kind is known.
struct ObjectSeed(Kind, Place);

impl<'de> DeserializeSeed<'de> for ObjectSeed {
    type Value = Object;
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        let Self(kind, place) = self;
        Ok(match kind {
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
            Kind::Secret => {
                let SecretDocument { metadata, data, string_data, .. } = SecretDocument::deserialize(source)?;
                let mut values: BTreeMap<String, Vec<u8>> = data.into_iter().map(|(key, value)| (key, value.0)).collect();
                values.extend(string_data.into_iter().map(|(key, value)| (key, value.into_bytes())));
                Object::secret(place, metadata.into(), values)
            }
            Kind::Namespace => Object::namespace(place, NamespaceDocument::deserialize(source)?.metadata.into()),
        })
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

fn place(file: &str, at: Location) -> Place {
    Place { file: file.to_owned(), line: at.line(), column: at.column() }
}

fn problem(file: &str, error: &Error) -> Problem {
    let at = error.location().unwrap_or(Location::UNKNOWN);
    Problem { place: place(file, at), message: UserMessageFormatter.format_message(error.without_snippet()).into_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TRAIL: &str = "apiVersion: trailkeeper.dev/v1alpha1\nkind: Trail\nmetadata: {name: main}\nspec:\n  accountRef: {name: x}\n  region: eu-west-1\n  archiveRef: {name: logs}\n";

    fn complaint(text: &str) -> String {
        parse("f.yaml", text).err().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn documents_are_told_apart_and_empty_ones_pass() {
        let text = format!("# nothing\n---\n{TRAIL}---\n---\n{TRAIL}...\n");
        let found = parse("f.yaml", &text).unwrap();
        assert_eq!(found.iter().map(|object| object.place.line).collect::<Vec<_>>(), [3, 12]);
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
        assert_eq!(parse("f.json", json).unwrap().len(), 1);
        assert!(complaint(&json.replace("\"111111111111\"", "111111111111")).starts_with("f.yaml:1:"));
    }
}
