//! The corpus: states of trails, buckets, keys, alarms, stores and accounts with the verdict that each rule must give.
//!
//! `base/KIND.yaml` is an object without fault. A case of `cases/*.yaml` changes it by a JSON merge patch and names the verdicts
//! that change, each with its ground; every other rule must judge as it does the base.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod build;
mod examples;

use build::{Built, State};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use trailkeeper::rules;
use trailkeeper::rules::catalogue::Catalogue;
use trailkeeper::rules::finding;
use trailkeeper::rules::settings::Settings;

/// Fewer cases than this are no corpus.
const FEWEST: usize = 320;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Trail, LogArchive, EventDataStore or AwsAccount.
    kind: String,
    /// Where one meets it: for example `console`, `terraform`, `organization`.
    #[serde(default)]
    #[allow(dead_code)]
    made_by: Option<String>,
    /// Files of `evidence/` that are laid over the base first: what not every object of the kind has.
    #[serde(default)]
    evidence: Vec<String>,
    /// Laid over the base.
    state: Value,
    /// Verdicts that differ from the base's.
    expect: BTreeMap<String, finding::Result>,
    /// What decides it: an AWS page, or a section of the facts.
    ground: String,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules").join(name)
}

fn cases() -> Vec<Case> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: &PathBuf| -> Vec<Case> {
        serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    };
    files.iter().flat_map(read).collect()
}

fn yaml(file: &Path) -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The object without fault, with this evidence beside it.
fn base(kind: &str, evidence: &[String]) -> Value {
    let mut base = yaml(&folder("base").join(format!("{}.yaml", kind.to_lowercase())));
    for name in evidence {
        json_patch::merge(&mut base, &yaml(&folder("evidence").join(format!("{name}.yaml"))));
    }
    base
}

/// The verdict of every rule, with what it says.
fn judged(kind: &str, state: Value, catalogue: &Catalogue) -> BTreeMap<String, (finding::Result, String)> {
    let state: State = serde_json::from_value(state).unwrap_or_else(|error| panic!("a state of {kind}: {error}"));
    let built = Built::new(kind, state);
    let settings = Settings { parameters: built.parameters(), ..Settings::default() };
    rules::judge(&built.case(), catalogue, &settings)
        .into_iter()
        .map(|finding| (finding.rule.clone(), (finding.verdict.result(), finding.verdict.message().to_owned())))
        .collect()
}

#[test]
fn an_object_without_fault_has_no_finding() {
    let catalogue = Catalogue::builtin().unwrap();
    let trail_evidence = ["monitoring", "delivery-key"].map(str::to_owned);
    let bases = build::KINDS.into_iter().map(|kind| (kind, base(kind, &[]))).chain([("Trail", base("Trail", &trail_evidence))]);
    for (kind, base) in bases {
        let open: Vec<_> = judged(kind, base, &catalogue)
            .into_iter()
            .filter(|(_, (result, _))| !matches!(result, finding::Result::Pass | finding::Result::NotApplicable))
            .collect();
        assert!(open.is_empty(), "{kind}: {open:#?}");
    }
}

#[test]
fn every_case_is_judged_as_expected() {
    let catalogue = Catalogue::builtin().unwrap();
    let mut bases = BTreeMap::new();
    let mut wrong = Vec::new();
    for Case { name, kind, evidence, state, expect, ground, .. } in cases() {
        assert!(!ground.is_empty(), "{name}: a case needs a ground");
        let mut patched = base(&kind, &evidence);
        let faultless = bases.entry((kind.clone(), evidence)).or_insert_with(|| judged(&kind, patched.clone(), &catalogue));
        json_patch::merge(&mut patched, &state);
        let found = judged(&kind, patched, &catalogue);
        for rule in expect.keys().filter(|rule| !found.contains_key(*rule)) {
            wrong.push(format!("{name}: {rule} did not judge"));
        }
        for (rule, (result, message)) in &found {
            let expected = expect.get(rule).copied().or_else(|| faultless.get(rule).map(|(result, _)| *result));
            if expected != Some(*result) {
                wrong.push(format!("{name}: {rule} is {result:?} ({message}), expected {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_rule_is_left_out_while_nobody_looked_at_what_it_asks_for() {
    let catalogue = Catalogue::builtin().unwrap();
    for entry in catalogue.entries().filter(|entry| !entry.asks.is_empty()) {
        let unseen: serde_json::Map<String, Value> = entry.asks.iter().map(|evidence| (evidence.clone(), Value::Null)).collect();
        for kind in build::KINDS {
            let mut state = base(kind, &[]);
            json_patch::merge(&mut state, &serde_json::json!({ "facets": unseen }));
            assert!(!judged(kind, state, &catalogue).contains_key(&entry.id), "{} of {kind}", entry.id);
        }
    }
}

#[test]
fn the_corpus_makes_every_rule_fail_and_names_no_case_twice() {
    let all = cases();
    let names: BTreeSet<&str> = all.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), all.len(), "a name is given twice");
    let fails = |result: &finding::Result| *result == finding::Result::Fail;
    let failed: BTreeSet<&str> =
        all.iter().flat_map(|case| case.expect.iter()).filter(|(_, result)| fails(result)).map(|(rule, _)| rule.as_str()).collect();
    let lacking: Vec<&str> = rules::rules().map(|rule| rule.id).filter(|id| !failed.contains(id)).collect();
    assert!(lacking.is_empty(), "no case makes these rules fail: {lacking:?}");
    assert!(all.len() >= FEWEST, "{} cases", all.len());
}
