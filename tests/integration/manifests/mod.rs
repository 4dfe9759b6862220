//! What the API server takes and what it refuses, with the words that tell people how to go on. No AWS is called here.

mod rows;

use crate::support::World;
use crate::support::manifests::{with, yaml};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use rows::*;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The answer of the API server to a manifest, as `kubectl apply --server-side --dry-run=server` gets it.
async fn answer(world: &World, manifest: &Value) -> Result<(), String> {
    let (kind, name) = (manifest["kind"].as_str().unwrap(), manifest["metadata"]["name"].as_str().unwrap());
    let params = PatchParams { dry_run: true, ..PatchParams::apply("test").force() }.validation_strict();
    let answered = world.api(kind).patch(name, &params, &Patch::Apply(manifest)).await;
    match answered {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(refusal)) => Err(refusal.message),
        Err(error) => panic!("{manifest}: {error}"),
    }
}

/// Every case must be refused with its words: `(manifest, words)`.
async fn assert_refused(world: &World, cases: impl IntoIterator<Item = (Value, &str)>) {
    let mut wrong = String::new();
    let mut count = 0;
    for (manifest, words) in cases {
        count += 1;
        match answer(world, &manifest).await {
            Ok(()) => writeln!(wrong, "taken, though {words:?}: {manifest}").unwrap(),
            Err(told) if told.contains(words) => {}
            Err(told) => writeln!(wrong, "not refused with {words:?} but with {told:?}").unwrap(),
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 0);
}

fn spec(text: &str) -> Value {
    yaml(text).remove(0)
}

/// A store selects events as a trail does.
fn bad_selectors() -> impl Iterator<Item = (Value, &'static str)> {
    let events = |(wrong, words): &(&str, &'static str)| Some((spec(wrong).get("events")?.clone(), *words));
    BAD_TRAILS.iter().filter_map(events)
}

#[tokio::test]
async fn bad_manifests_are_refused_with_the_fix() {
    let world = World::new("manifests").await;
    let trail = world.trail_manifest("audit", "logs");
    let over = |base: &Value, cases: &'static [(&str, &'static str)]| -> Vec<(Value, &'static str)> {
        cases.iter().map(|(wrong, words)| (with(base.clone(), spec(wrong)), *words)).collect()
    };
    assert_refused(&world, over(&trail, BAD_TRAILS)).await;
    assert_refused(&world, over(&world.archive_manifest("logs"), BAD_ARCHIVES)).await;
    assert_refused(&world, over(&world.account_manifest(), BAD_ACCOUNTS)).await;
    let policy =
        json!({ "apiVersion": "trailkeeper.dev/v1alpha1", "kind": "CompliancePolicy", "metadata": { "name": "strict" }, "spec": {} });
    assert_refused(&world, over(&policy, BAD_POLICIES)).await;
    let store = world.store_manifest("events");
    assert_refused(&world, over(&store, BAD_STORES)).await;
    let selectors = bad_selectors().map(|(selectors, words)| (with(store.clone(), json!({ "selectors": selectors })), words));
    assert_refused(&world, selectors).await;
    answer(&world, &trail).await.unwrap();
}

#[tokio::test]
async fn limits_of_number_and_length_are_told() {
    let world = World::new("manifests").await;
    let trail = |spec: Value| with(world.trail_manifest("audit", "logs"), spec);
    let many = |count: usize| (0..count).map(|number| format!("arn:aws:s3:::b{number}/")).collect::<Vec<_>>();
    let resources = |count: usize| json!([{ "type": "AWS::S3::Object", "values": many(count) }]);
    let basic = |first: usize, second: usize| {
        trail(json!({ "events": { "basic": [{ "dataResources": resources(first) }, { "dataResources": resources(second) }] } }))
    };
    let advanced = |values: usize| {
        trail(json!({ "events": { "advanced": [{ "fieldSelectors": [
            { "field": "eventCategory", "equals": ["Data"] }, { "field": "resources.type", "equals": ["AWS::S3::Object"] },
            { "field": "resources.ARN", "startsWith": many(values) },
        ] }] } }))
    };
    let tags: serde_json::Map<_, _> = (0..49).map(|number| (format!("t{number}"), json!("x"))).collect();
    assert_refused(
        &world,
        [
            (trail(json!({ "keyPrefix": "a".repeat(201) })), "spec.keyPrefix may have at most 200 characters"),
            (trail(json!({ "trailName": "a".repeat(129) })), "may not be more than 128"),
            (trail(json!({ "snsTopic": "a".repeat(257) })), "1 to 256 characters"),
            (trail(json!({ "tags": { "a".repeat(129): "x" } })), "keys up to 128 and values up to 256 characters"),
            (trail(json!({ "tags": tags })), "must have at most 48 items"),
            (basic(200, 51), "may name at most 250 data resources in all"),
            (advanced(499), "may hold at most 500 condition values in all"),
        ],
    )
    .await;
    for good in [trail(json!({ "keyPrefix": "a".repeat(200) })), basic(200, 50), advanced(498)] {
        answer(&world, &good).await.unwrap();
    }
}

#[tokio::test]
async fn a_metadata_name_that_is_no_name_in_aws_needs_one() {
    let world = World::new("manifests").await;
    let words = "metadata.name is no valid trail name";
    let names = ["ab".to_owned(), "a--b".to_owned(), "192.168.5.4".to_owned(), ["a"; 65].join("."), "a".repeat(129)];
    assert_refused(&world, names.iter().map(|name| (world.trail_manifest(name, "logs"), words))).await;
    assert_refused(&world, [(world.store_manifest("ab"), "metadata.name is no valid name of an event data store")]).await;
    for name in &names {
        answer(&world, &with(world.trail_manifest(name, "logs"), json!({ "trailName": "audit" }))).await.unwrap();
    }
}

#[tokio::test]
async fn what_names_the_aws_resource_cannot_change() {
    let world = World::new("manifests").await;
    let mut changes = Vec::new();
    let bases = [
        (world.account_manifest(), CHANGED_ACCOUNTS),
        (world.archive_manifest("logs"), CHANGED_ARCHIVES),
        (world.trail_manifest("audit", "logs"), CHANGED_TRAILS),
        (world.store_manifest("events"), CHANGED_STORES),
    ];
    for (base, rows) in bases {
        for (number, (before, change, words)) in rows.iter().enumerate() {
            // Suspended, so that nothing of this reaches AWS.
            let mut manifest = with(with(base.clone(), json!({ "suspend": true })), spec(before));
            let name = format!("{}-{number}", manifest["metadata"]["name"].as_str().unwrap());
            manifest["metadata"]["name"] = json!(name);
            world.apply(&manifest).await;
            changes.push((with(manifest, spec(change)), *words));
        }
    }
    assert_refused(&world, changes).await;
}

/// The message of every validation rule of a schema.
fn messages(schema: &Value, found: &mut Vec<String>) {
    let rules = schema["x-kubernetes-validations"].as_array().into_iter().flatten();
    found.extend(rules.map(|rule| rule["message"].as_str().unwrap_or_else(|| panic!("a rule without a message: {rule}")).to_owned()));
    let properties = schema["properties"].as_object().into_iter().flatten().map(|(_, property)| property);
    properties
        .chain([&schema["items"], &schema["additionalProperties"]])
        .filter(|below| below.is_object())
        .for_each(|below| messages(below, found));
}

/// A rule that no test breaks may be wrong, or be missing tomorrow, unnoticed.
#[test]
fn every_rule_is_broken_by_some_test() {
    let selectors: Vec<(&str, &str)> = bad_selectors().map(|(_, words)| ("", words)).collect();
    let kinds = [
        ("awsaccounts", BAD_ACCOUNTS, CHANGED_ACCOUNTS),
        ("compliancepolicies", BAD_POLICIES, &[]),
        ("eventdatastores", &[BAD_STORES, &selectors].concat(), CHANGED_STORES),
        ("logarchives", BAD_ARCHIVES, CHANGED_ARCHIVES),
        ("trails", BAD_TRAILS, CHANGED_TRAILS),
    ];
    let files = std::fs::read_dir(format!("{}/crds", env!("CARGO_MANIFEST_DIR"))).unwrap().count();
    assert_eq!(files, kinds.len(), "a kind without rows");
    let (mut unbroken, mut count) = (String::new(), 0);
    let mut elsewhere: Vec<&str> = BROKEN_ELSEWHERE.iter().map(|(words, _)| *words).collect();
    for (kind, bad, changed) in kinds {
        let path = format!("{}/crds/trailkeeper.dev_{kind}.yaml", env!("CARGO_MANIFEST_DIR"));
        let crd = spec(&std::fs::read_to_string(path).unwrap());
        let mut found = Vec::new();
        messages(&crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"], &mut found);
        count += found.len();
        for message in found {
            let mut words = bad.iter().map(|row| row.1).chain(changed.iter().map(|row| row.2));
            let listed = BROKEN_ELSEWHERE.iter().any(|(words, _)| message.contains(words));
            elsewhere.retain(|words| !message.contains(words));
            if !listed && !words.any(|words| message.contains(words)) {
                writeln!(unbroken, "{kind}: {message}").unwrap();
            }
        }
    }
    assert!(count > 100 && unbroken.is_empty(), "of {count} rules no row breaks:\n{unbroken}");
    assert!(elsewhere.is_empty(), "no such rule any more: {elsewhere:?}");
}

#[tokio::test]
async fn kubectl_tells_of_fields_that_do_not_exist() {
    let world = World::new("manifests").await;
    let manifest = with(world.trail_manifest("audit", "logs"), json!({ "multiregion": true })).to_string();
    let told = world.stage.lab.kubectl(&["apply", "--dry-run=server", "--validate=strict", "-f", "-"], Some(&manifest)).unwrap();
    assert_eq!(told.code, Some(1));
    assert!(told.stderr.contains("unknown field \"spec.multiregion\""), "{}", told.stderr);
}

/// They are applied for real in `recipes` and `whole_organization`.
#[tokio::test]
async fn every_example_is_taken() {
    let world = World::new("manifests").await;
    for folder in ["examples", "examples/recipes"] {
        let folder = format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"));
        let told = world.stage.lab.kubectl(&["apply", "--dry-run=server", "--validate=strict", "-f", &folder], None).unwrap();
        let told = told.success().unwrap();
        let taken = told.lines().filter(|line| line.ends_with("created (server dry run)")).count();
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let documents: usize = files.map(|path| yaml(&std::fs::read_to_string(path).unwrap()).len()).sum();
        assert!(taken == documents && taken >= 3, "{documents} documents in {folder}, but kubectl said:\n{told}");
    }
}

/// `(path, description)` of every property below, in order.
fn properties(path: &str, schema: &Value, found: &mut Vec<(String, String)>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        found.push((path.clone(), property["description"].as_str().unwrap_or_default().trim().to_owned()));
        properties(&path, property, found);
        properties(&format!("{path}[]"), &property["items"], found);
    }
}

#[tokio::test]
async fn kubectl_explains_every_field() {
    let world = World::new("manifests").await;
    let interval = (".spec.interval", "as a Go duration. At least 30s");
    let exemptions = (".spec.exemptions", "Failures that somebody accepts until a date");
    for (kind, (field, words)) in [
        ("awsaccounts", interval),
        ("compliancepolicies", exemptions),
        ("eventdatastores", interval),
        ("logarchives", interval),
        ("trails", interval),
    ] {
        let crd = Api::<CustomResourceDefinition>::all(world.kube.clone()).get(&format!("{kind}.trailkeeper.dev")).await.unwrap();
        let schema = crd.spec.versions[0].schema.as_ref().unwrap().open_api_v3_schema.clone().unwrap();
        let mut found = Vec::new();
        properties("", &serde_json::to_value(schema).unwrap(), &mut found);
        // The API server keeps the description of these two to itself.
        found.retain(|(path, _)| ![".apiVersion", ".kind", ".metadata"].contains(&path.as_str()));
        let bare: Vec<_> = found.iter().filter(|(_, description)| description.is_empty()).map(|(path, _)| path).collect();
        assert!(found.iter().any(|(path, _)| path == field), "{found:?}");
        assert!(bare.is_empty(), "{} has no description for {bare:?}", crd.name_any());

        let explained = world.stage.lab.kubectl(&["explain", kind, "--recursive"], None).unwrap().success().unwrap();
        for (path, _) in &found {
            let name = path.rsplit('.').next().unwrap();
            assert!(
                explained.lines().any(|line| line.trim_start().starts_with(&format!("{name}\t"))),
                "{kind}{path} is not in:\n{explained}"
            );
        }
        let told = world.stage.lab.kubectl(&["explain", &format!("{kind}{field}")], None).unwrap().success().unwrap();
        assert!(told.contains(words), "{told}");
    }
}
