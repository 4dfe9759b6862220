//! Runs the cases: each is tampered with in S3, judged by both tools there, and undone. What they say must be what the case says.

use crate::archive::{Archive, at};
use crate::cases;
use crate::lab::{HOME, Lab};
use crate::shapes::Shape;
use serde_json::Value;
use std::collections::BTreeMap;

/// An attack or accident, and what either tool makes of it.
pub struct Case {
    pub id: &'static str,
    /// What is done to the archive.
    pub words: &'static str,
    pub shape: Shape,
    pub attack: fn(&mut Archive),
    /// Begin and end of what is verified, in seconds after the archive's begin. Default: all of it.
    pub since: Option<i64>,
    pub until: Option<i64>,
    /// Further arguments of ours.
    pub more: &'static [&'static str],
    pub ours: Answer,
    pub official: Answer,
}

/// Exit code, and what was found or said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub exit: i32,
    pub found: &'static [&'static str],
}

const UNASKED: Answer = Answer { exit: -1, found: &[] };

pub const fn case(id: &'static str, words: &'static str, shape: Shape, attack: fn(&mut Archive)) -> Case {
    Case { id, words, shape, attack, since: None, until: None, more: &[], ours: UNASKED, official: UNASKED }
}

impl Case {
    pub const fn since(mut self, seconds: i64) -> Self {
        self.since = Some(seconds);
        self
    }

    pub const fn until(mut self, seconds: i64) -> Self {
        self.until = Some(seconds);
        self
    }

    pub const fn with(mut self, more: &'static [&'static str]) -> Self {
        self.more = more;
        self
    }

    pub const fn ours(mut self, exit: i32, found: &'static [&'static str]) -> Self {
        self.ours = Answer { exit, found };
        self
    }

    pub const fn official(mut self, exit: i32, found: &'static [&'static str]) -> Self {
        self.official = Answer { exit, found };
        self
    }
}

/// What a tool answered.
#[derive(Debug, PartialEq, Eq)]
struct Measured {
    exit: i32,
    found: Vec<String>,
}

impl Measured {
    fn is(&self, expected: &Answer) -> bool {
        self.exit == expected.exit && self.found.iter().map(String::as_str).eq(expected.found.iter().copied())
    }
}

/// Runs the cases of one module that `TRAILKEEPER_CASE` names, or all.
async fn run(cases: &[Case]) {
    let wanted = std::env::var("TRAILKEEPER_CASE").ok();
    let mut shapes: BTreeMap<Shape, Vec<&Case>> = BTreeMap::new();
    for case in cases.iter().filter(|case| wanted.as_deref().is_none_or(|wanted| wanted == case.id)) {
        shapes.entry(case.shape).or_default().push(case);
    }
    let mut wrong = Vec::new();
    for (shape, cases) in shapes {
        let lab = Lab::new().await;
        let base = shape.make(&lab).await;
        for case in cases {
            let mut tampered = base.clone();
            (case.attack)(&mut tampered);
            tampered.write(&lab, &base).await;
            let (ours, official) = tokio::join!(ours(&lab, case, &tampered), official(&lab, case, &tampered));
            base.write(&lab, &tampered).await;
            for (tool, measured, expected) in [("ours", ours, &case.ours), ("official", official, &case.official)] {
                if !measured.is(expected) {
                    wrong.push(format!(
                        "{} {tool}({}, &{:?}), not ({}, &{:?})",
                        case.id, measured.exit, measured.found, expected.exit, expected.found
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

async fn ours(lab: &Lab, case: &Case, archive: &Archive) -> Measured {
    let until = case.until.map_or(lab.now().await, at).to_string();
    let since = case.since.map(|since| at(since).to_string());
    let mut arguments = vec!["--bucket", &archive.bucket, "--until", &until, "--output", "json"];
    arguments.extend(since.iter().flat_map(|since| ["--since", since]));
    arguments.extend(case.more);
    let output = lab.verify(&arguments).await;
    let told = String::from_utf8(output.stdout).unwrap();
    let found = serde_json::from_str(&told).map_or_else(|_| vec![String::from_utf8(output.stderr).unwrap()], |outcome| findings(&outcome));
    Measured { exit: output.status.code().unwrap(), found }
}

/// What an outcome says in short: the counts of what is wrong, without names.
fn findings(outcome: &Value) -> Vec<String> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for object in outcome["objects"].as_array().unwrap() {
        let sort = object["sort"].as_str().unwrap();
        let good = if object["goodVersion"].is_null() { "" } else { ", good version named" };
        let faults: Vec<&str> = object["faults"].as_array().into_iter().flatten().map(|fault| fault["fault"].as_str().unwrap()).collect();
        let faults = if faults.is_empty() { "unread".to_owned() } else { faults.join("+") };
        *counts.entry(format!("{sort} {faults}{good}")).or_default() += 1;
    }
    let mut found: Vec<String> =
        counts.into_iter().map(|(what, count)| if count == 1 { what } else { format!("{count} x {what}") }).collect();
    for undigested in outcome["undigested"].as_array().unwrap() {
        found.push(format!("{} logs and no digest", undigested["logs"]));
    }
    for gap in outcome["gaps"].as_array().unwrap() {
        let logs = gap["unprovenLogs"].as_u64().unwrap();
        let logs = if logs == 0 { String::new() } else { format!(", {logs} logs") };
        found.push(format!("gap {}{}{logs}", gap["reason"].as_str().unwrap(), length(gap)));
    }
    found.extend(outcome["unlisted"].as_array().unwrap().iter().map(|_| "unlisted".to_owned()));
    found
}

fn length(gap: &Value) -> String {
    let time = |field: &str| gap[field].as_str().map(|time| time.parse::<jiff::Timestamp>().unwrap());
    let hours = |from: jiff::Timestamp| time("until").unwrap().duration_since(from).as_secs_f64() / 3600.0;
    time("from").map_or_else(|| " from the beginning".to_owned(), |from| format!(" {} h", (hours(from) * 100.0).round() / 100.0))
}

async fn official(lab: &Lab, case: &Case, archive: &Archive) -> Measured {
    let until = case.until.map_or(lab.now().await, at).to_string();
    let since = at(case.since.unwrap_or(0)).to_string();
    let trail = format!("arn:aws:cloudtrail:{HOME}:{}:trail/main", lab.account);
    let mut arguments = vec!["cloudtrail", "validate-logs", "--trail-arn", &trail, "--start-time", &since, "--end-time", &until];
    match case.shape {
        Shape::Organization => arguments.extend(["--account-id", &archive.account]),
        // It asks a trail for its bucket, but one that is gone can't tell.
        Shape::Renamed => arguments.extend(["--s3-bucket", &archive.bucket]),
        _ => {}
    }
    let output = lab.aws(HOME, &arguments).await;
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    Measured { exit: output.status.code().unwrap(), found: last_words(&text, lab) }
}

/// What it said without names: kinds of faults, then the summary.
fn last_words(text: &str, lab: &Lab) -> Vec<String> {
    let mut faults: BTreeMap<String, u64> = BTreeMap::new();
    let mut summary = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some((object, why)) = line.split_once("\tINVALID: ") {
            let what = object.split('\t').next().unwrap_or_default().to_lowercase();
            let why = why.split(" for fingerprint ").next().unwrap_or_default();
            *faults.entry(format!("{what}: {why}").replace(&lab.account, "ACCOUNT")).or_default() += 1;
        } else if line.contains("files valid") || line.starts_with("No ") || line.contains("rror") {
            // Of an error, what failed; the rest names the caller and the bucket.
            let line = line.split(" operation: ").next().unwrap_or_default();
            summary.push(line.replace(&lab.account, "ACCOUNT"));
        }
    }
    let count = |(what, count): (String, u64)| if count == 1 { what } else { format!("{count} x {what}") };
    faults.into_iter().map(count).chain(summary).collect()
}

#[tokio::test]
async fn what_was_removed() {
    run(cases::removed::CASES).await;
}

#[tokio::test]
async fn what_was_changed() {
    run(cases::changed::CASES).await;
}

#[tokio::test]
async fn what_was_forged() {
    run(cases::forged::CASES).await;
}

#[tokio::test]
async fn what_happened_to_trails() {
    run(cases::history::CASES).await;
}

#[tokio::test]
async fn what_cannot_be_seen() {
    run(cases::limits::CASES).await;
}
