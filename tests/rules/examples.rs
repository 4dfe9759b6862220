//! What our own manifests ask for: the examples have no finding but those that cost something and are therefore no default.

use std::collections::BTreeSet;
use std::path::Path;
use trailkeeper::api::aws_account::Partition;
use trailkeeper::api::{EventDataStore, LogArchive, Trail};
use trailkeeper::engine::{Subject, writers};
use trailkeeper::facets::context::{AccountFacts, Destination};
use trailkeeper::facets::step::AFTER_APPLY;
use trailkeeper::rules;
use trailkeeper::rules::case::{Case, Stage, declared};
use trailkeeper::rules::catalogue::Catalogue;
use trailkeeper::rules::finding::{Finding, Severity};
use trailkeeper::rules::of_object::Frame;
use trailkeeper::rules::settings::{Parameters, Settings};

/// What an archive lacks that is not given to it unasked: it costs money, or cannot be undone.
const ARCHIVE: [&str; 3] = ["TK-BUCKET-009", "TK-BUCKET-012", "TK-BUCKET-020"];

/// What a trail lacks that is not given to it unasked, since it costs: data events, Insights, notices.
const TRAIL: [&str; 6] = ["TK-DELIVERY-012", "TK-EVENTS-004", "TK-EVENTS-005", "TK-EVENTS-006", "TK-EVENTS-007", "TK-EVENTS-009"];

fn account() -> AccountFacts {
    AccountFacts { id: "111111111111".into(), partition: Partition::Aws, organization: None, regions: Vec::new() }
}

fn documents(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(file)).unwrap();
    text.split("\n---\n").map(str::to_owned).collect()
}

/// The objects of a kind in these files.
fn objects<T: serde::de::DeserializeOwned>(files: &[&str], kind: &str) -> Vec<T> {
    let texts = files.iter().flat_map(|file| documents(file)).filter(|text| text.contains(&format!("\nkind: {kind}\n")));
    texts.map(|text| serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))).collect()
}

fn findings(case: &Case<'_>) -> BTreeSet<String> {
    let catalogue = Catalogue::builtin().unwrap();
    let open: Vec<_> = rules::judge(case, &catalogue, &Settings::default()).into_iter().filter(Finding::is_open).collect();
    for finding in &open {
        assert!(finding.severity <= Severity::Low, "{}: {finding:?}", case.common().judged.object.clone().unwrap_or_default());
    }
    open.into_iter().map(|finding| finding.rule).collect()
}

fn frame() -> Frame {
    Frame { stage: Stage::Declared, parameters: Parameters::default(), now: "2026-11-21T12:00:00Z".parse().unwrap() }
}

/// What is found of the archives and trails of these files.
fn judged(files: &[&str]) -> Vec<(String, BTreeSet<String>)> {
    let (archives, trails): (Vec<LogArchive>, Vec<Trail>) = (objects(files, "LogArchive"), objects(files, "Trail"));
    let account = account();
    let mut found = Vec::new();
    for archive in &archives {
        let writers = writers(trails.iter().map(|trail| (trail, Some(&account))), &[]);
        let subject = Subject::log_archive(archive, &account, &writers, "test");
        let case = frame().archive(archive, &account, &writers, declared(&subject.registered));
        found.push((format!("LogArchive {}", case.bucket), findings(&Case::Archive(&case))));
    }
    for trail in &trails {
        let destination = Destination { bucket: "acme-audit-logs".into(), kms_key: AFTER_APPLY.to_owned() };
        let subject = Subject::trail(trail, &account, destination, "test");
        let case = frame().trail(trail, &account, archives.first(), declared(&subject.registered));
        found.push((format!("Trail {}", case.name), findings(&Case::Trail(&case))));
    }
    found
}

fn expected(name: &str, rules: &[&[&str]]) -> (String, BTreeSet<String>) {
    (name.to_owned(), rules.iter().copied().flatten().map(|rule| (*rule).to_owned()).collect())
}

#[test]
fn what_the_examples_ask_for_has_only_the_findings_that_are_known() {
    let smallest = judged(&["archive.yaml", "trail.yaml"]);
    assert_eq!(
        smallest,
        [
            expected("LogArchive acme-audit-logs", &[&ARCHIVE]),
            expected("Trail audit", &[&TRAIL, &["TK-DELIVERY-005", "TK-MONITORING-001"]])
        ]
    );
    let alarms = judged(&["archive.yaml", "recipes/cis-alarms.yaml"]);
    assert_eq!(
        alarms,
        [
            expected("LogArchive acme-audit-logs", &[&ARCHIVE]),
            expected("Trail audit-with-alarms", &[&TRAIL, &["TK-DELIVERY-009", "TK-TRAIL-006"]])
        ]
    );
    let handed_over = judged(&["recipes/siem-hand-over.yaml", "trail.yaml"]);
    assert_eq!(handed_over[0], expected("LogArchive acme-siem-logs", &[&ARCHIVE]));
}

#[test]
fn the_event_data_store_of_the_examples_lacks_nothing_but_a_key_of_its_own() {
    let account = account();
    for store in objects::<EventDataStore>(&["recipes/event-data-store.yaml"], "EventDataStore") {
        let subject = Subject::event_data_store(&store, &account, "test");
        let case = frame().store(&store, &account, declared(&subject.registered));
        assert_eq!(findings(&Case::Store(&case)), BTreeSet::from(["TK-LAKE-008".to_owned()]));
    }
}
