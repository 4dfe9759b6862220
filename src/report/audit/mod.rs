//! The evidence for an audit period: what was found, in forms for people (HTML), spreadsheets (CSV) and programs (JSON, OSCAL,
//! OCSF, ASFF). Pure: the evidence is a value, a form is a string.

pub mod asff;
pub mod changes;
pub mod csv;
pub mod html;
pub mod json;
pub mod ocsf;
pub mod oscal;
#[cfg(test)]
pub mod samples;
pub mod verified;

use crate::api::common::EvidenceGap;
use crate::api::inventory::{Coverage, Known, TrailFound};
use crate::attribution::Change;
use crate::rules::catalogue::{Catalogue, Entry};
use crate::rules::finding::{Finding, Result, Severity};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use verified::Verified;

/// Everything that a report tells.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub from: Timestamp,
    pub to: Timestamp,
    pub made_at: Timestamp,
    /// Frameworks with a table of their own.
    pub frameworks: Vec<String>,
    pub accounts: Vec<AccountEvidence>,
    pub deliveries: Vec<Delivery>,
    /// Changes of audit logging within the period, oldest first.
    pub changes: Vec<Change>,
    pub findings: Vec<Finding>,
    /// What could not be read, for people. A report with any does not tell the whole truth, and says so.
    pub unread: Vec<String>,
    /// What was found of the archives' files, by bucket. Of a bucket that is not here nothing was verified.
    pub verified: Vec<Verified>,
}

/// One account and what is recorded there.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountEvidence {
    pub id: String,
    /// Name of its AwsAccount.
    pub name: Option<String>,
    pub trails: Vec<TrailFound>,
    pub coverage: Vec<Coverage>,
}

/// What of a trail arrives.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    pub trail: String,
    pub logging: Known,
    pub validation: Known,
    pub latest_delivery_time: Option<Timestamp>,
    pub latest_digest_delivery_time: Option<Timestamp>,
    /// What AWS reports that it could not deliver, for people.
    pub errors: Vec<String>,
    /// Times without evidence.
    pub gaps: Vec<EvidenceGap>,
}

/// A requirement of a framework and how the rules that serve it judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequirementVerdict {
    pub requirement: String,
    /// The worst of its rules, unless none of them applied.
    pub result: Result,
    /// Rule ids with their own worst result.
    pub rules: BTreeMap<String, Result>,
    /// Who says that the rules' topics serve this requirement.
    pub published_by: BTreeSet<String>,
}

/// How many findings came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub failed: usize,
    pub unknown: usize,
    pub exempt: usize,
    pub passed: usize,
}

impl Counts {
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            match finding.verdict.result() {
                Result::Fail => counts.failed += 1,
                Result::Unknown => counts.unknown += 1,
                Result::Exempt => counts.exempt += 1,
                Result::Pass => counts.passed += 1,
                Result::NotApplicable => {}
            }
        }
        counts
    }

    /// Per cent of what was judged that passed. What could not be read did not. None where nothing was judged.
    pub fn score(self) -> Option<usize> {
        let judged = self.failed + self.unknown + self.exempt + self.passed;
        (self.passed * 100).checked_div(judged)
    }
}

impl Evidence {
    pub fn counts(&self) -> Counts {
        Counts::of(&self.findings)
    }

    /// Failures and unknowns, the most severe first.
    pub fn open(&self) -> Vec<&Finding> {
        let mut open: Vec<&Finding> = self.findings.iter().filter(|finding| finding.is_open()).collect();
        open.sort_by(|one, other| {
            (other.severity, one.verdict.result(), &one.rule, &one.judged).cmp(&(
                one.severity,
                other.verdict.result(),
                &other.rule,
                &other.judged,
            ))
        });
        open
    }

    pub fn open_of(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.is_open() && finding.severity == severity).count()
    }

    /// Every requirement of a framework that some rule serves, in natural order.
    pub fn requirements(&self, catalogue: &Catalogue, framework: &str) -> Vec<RequirementVerdict> {
        let mut worst: BTreeMap<&str, Result> = BTreeMap::new();
        for finding in &self.findings {
            let result = finding.verdict.result();
            let held = worst.entry(&finding.rule).or_insert(result);
            *held = (*held).min(result);
        }
        let mut requirements: BTreeMap<String, RequirementVerdict> = BTreeMap::new();
        for entry in catalogue.entries() {
            let own = worst.get(entry.id.as_str()).copied().unwrap_or(Result::NotApplicable);
            for found in catalogue.requirements(entry).filter(|found| found.framework == framework) {
                let held = requirements.entry(found.requirement.clone()).or_insert_with(|| RequirementVerdict {
                    requirement: found.requirement.clone(),
                    result: own,
                    rules: BTreeMap::new(),
                    published_by: BTreeSet::new(),
                });
                held.rules.insert(entry.id.clone(), own);
                held.result = overall(held.rules.values().copied());
                held.published_by.extend(found.published_by.split("; ").map(str::to_owned));
            }
        }
        let mut list: Vec<_> = requirements.into_values().collect();
        list.sort_by_key(|requirement| natural(&requirement.requirement));
        list
    }

    /// The findings of one rule.
    pub fn of_rule<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |finding| finding.rule == rule)
    }
}

/// The worst result; a rule that does not apply says nothing where another does.
fn overall(results: impl Iterator<Item = Result>) -> Result {
    results.filter(|result| *result != Result::NotApplicable).min().unwrap_or(Result::NotApplicable)
}

/// Numbers within the text count as numbers: 3.2 comes before 3.10.
fn natural(text: &str) -> Vec<(u64, String)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let words = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
        let (word, next) = after.split_at(words);
        parts.push((number.parse().unwrap_or(0), word.to_owned()));
        rest = next;
    }
    parts
}

/// A result in a word, for people.
pub fn word(result: Result) -> &'static str {
    match result {
        Result::Pass => "pass",
        Result::Fail => "fail",
        Result::Unknown => "unknown",
        Result::NotApplicable => "not applicable",
        Result::Exempt => "exempt",
    }
}

/// What was judged, as short as it is unmistakable.
pub fn name(finding: &Finding) -> &str {
    finding.judged.object.as_deref().unwrap_or(&finding.judged.arn)
}

/// The fix of a rule as a manifest fragment, ready to paste; none where the spec can't say it.
pub fn patch(entry: &Entry) -> Option<String> {
    serde_saphyr::to_string(entry.patch.as_ref()?).ok()
}

/// A file of a report with its SHA-256, for the manifest of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListedFile {
    pub file: String,
    pub bytes: usize,
    pub sha256: String,
}

impl ListedFile {
    pub fn of(file: &str, content: &str) -> Self {
        let sha256 = Sha256::digest(content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { file: file.to_owned(), bytes: content.len(), sha256 }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::evidence;
    use super::*;

    #[test]
    fn a_requirement_is_as_good_as_the_worst_of_its_rules() {
        let catalogue = Catalogue::builtin().unwrap();
        let found = evidence().requirements(&catalogue, "CIS-AWS-7.0");
        let of = |requirement: &str| found.iter().find(|found| found.requirement == requirement).unwrap();
        // 4.1 asks for multi-Region and logging alike; one of them fails in the sample.
        assert_eq!(of("4.1").result, Result::Fail);
        assert_eq!(of("4.2").result, Result::Pass);
        assert!(of("4.1").rules.len() >= 2, "{:?}", of("4.1"));
        let order: Vec<_> = found.iter().map(|found| natural(&found.requirement)).collect();
        assert!(order.is_sorted());
    }

    #[test]
    fn numbers_sort_as_numbers() {
        assert!(natural("3.2") < natural("3.10"));
        assert!(natural("A.12.4") < natural("A.12.10"));
    }

    #[test]
    fn what_was_not_judged_has_no_score() {
        assert_eq!(Counts::default().score(), None);
        assert_eq!(Counts { failed: 1, passed: 3, ..Counts::default() }.score(), Some(75));
    }
}
