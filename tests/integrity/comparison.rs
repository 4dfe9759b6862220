//! The table in docs/integrity-comparison.md is the corpus: what its cases say is what was measured, or they fail.

use crate::cases;
use crate::corpus::{Answer, Case};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use trailkeeper_sim::moto::tools_dir;

const HEAD: &str = "\
# `trailkeeper verify` beside `aws cloudtrail validate-logs`

Written by `make compare-integrity`; a test fails when it is not what was measured.

Each row is an attack or accident. A simulated CloudTrail writes an archive of some hours, with digests chained and signed as AWS documents
them; the case tampers with it, and both tools judge the same bucket: `verify --bucket`, and `validate-logs` once, for the trail `main` in its
home Region and the account that owns it, as an auditor would call it. Both are given the hours as `--since` or `--start-time` and `--until` or
`--end-time`. Names, counts of equal findings and times are shortened.

`verify` ends with 0 for intact, 2 for not intact and 1 for \"could not tell\"; `validate-logs` with 0 unless it found something invalid (1) or
broke off (255).

What this does not show: the bucket is a simulation, not S3, and the keys are not AWS's. What AWS documents of its digests is tested
with the samples that AWS publishes (`tests/integrity/vectors.rs`). Where AWS documents nothing (when exactly a digest comes, how a backfill
digest continues another), the simulation shows one way. \"With the Region's key\" stands for what only AWS could sign: no case that anybody else
can do. `validate-logs` is asked of one Region and one account, and can't be asked of more.

";

/// The summary: in how many cases the tools agree, and in how many only one found something.
fn summary(cases: &[&Case]) -> String {
    let count = |ours: fn(i32) -> bool, official: fn(i32) -> bool| {
        cases.iter().filter(|case| ours(case.ours.exit) && official(case.official.exit)).count()
    };
    let (fine, not_fine) = (|exit| exit == 0, |exit| exit != 0);
    format!(
        "Of {} cases, both find {} in order and neither of them does {}. `validate-logs` ends with 0 in {} where `verify` does not; \
         the other way round it is {}. \
         Not every one of those is an attack: what a trail without validation delivers is told (`second-unvalidated`), a digest that is overdue \
         (`late-now-2-plus-1`), and log files from before validation or while it was off.\n",
        cases.len(),
        count(fine, fine),
        count(not_fine, not_fine),
        count(not_fine, fine),
        count(fine, not_fine)
    )
}

fn cell(answer: &Answer) -> String {
    let found = answer.found.join("; ").replace('|', "\\|");
    if found.is_empty() { format!("{}", answer.exit) } else { format!("{}: {found}", answer.exit) }
}

fn versions() -> String {
    let packages = std::fs::read_dir(tools_dir().unwrap().join("venv/lib")).unwrap();
    let python = packages.filter_map(Result::ok).map(|entry| entry.path().join("site-packages")).find(|path| path.is_dir()).unwrap();
    let names = std::fs::read_dir(python).unwrap().filter_map(Result::ok).map(|entry| entry.file_name().into_string().unwrap());
    let version = |name: String| Some(name.strip_prefix("awscli-")?.strip_suffix(".dist-info")?.to_owned());
    let awscli = names.filter_map(version).next().expect("awscli is among the tools");
    format!("Measured with awscli {awscli}.\n")
}

fn document() -> String {
    let all: Vec<&Case> = cases::ALL.iter().flat_map(|(_, cases)| cases.iter()).collect();
    let mut text = format!("{HEAD}{}{}", versions(), summary(&all));
    for (heading, cases) in cases::ALL {
        write!(text, "\n## {heading}\n\n| case | what is done | `verify` | `validate-logs` |\n|---|---|---|---|\n").unwrap();
        for case in cases {
            let more = if case.more.is_empty() { String::new() } else { format!(" (`{}`)", case.more.join(" ")) };
            let (ours, official) = (cell(&case.ours), cell(&case.official));
            writeln!(text, "| {} | {}{more} | {ours} | {official} |", case.id, case.words).unwrap();
        }
    }
    text
}

#[test]
fn the_table_in_the_docs_is_the_corpus() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/integrity-comparison.md");
    let document = document();
    if std::env::var_os("TRAILKEEPER_UPDATE").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == document, "{} is not what the cases say; run `make compare-integrity`", path.display());
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let names: Vec<&str> = cases::ALL.iter().flat_map(|(_, cases)| cases.iter().map(|case| case.id)).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}
