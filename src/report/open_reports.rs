//! The findings of one object as a `Report` of openreports.io, or as the `PolicyReport` of wgpolicyk8s.io that it grew out of.
//!
//! A report holds no time that moves by itself: a result keeps its timestamp while it stays what it was, so a pass that finds
//! nothing new makes the same report.

use crate::facets::policy_document::short_hash;
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::{Finding, Result, Severity, Verdict};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Who makes the results, for tools that show the reports of several.
pub const SOURCE: &str = "trailkeeper";
/// The label that says whose a report is.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Longest name that Kubernetes takes.
const NAME_BYTES: usize = 253;

/// The kinds that cluster tools read findings from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ReportKind {
    /// `Report` of `openreports.io/v1alpha1`.
    OpenReports,
    /// `PolicyReport` of `wgpolicyk8s.io/v1alpha2`.
    PolicyReport,
}

impl ReportKind {
    pub fn group(self) -> &'static str {
        match self {
            Self::OpenReports => "openreports.io",
            Self::PolicyReport => "wgpolicyk8s.io",
        }
    }

    pub fn version(self) -> &'static str {
        match self {
            Self::OpenReports => "v1alpha1",
            Self::PolicyReport => "v1alpha2",
        }
    }

    pub fn kind(self) -> &'static str {
        match self {
            Self::OpenReports => "Report",
            Self::PolicyReport => "PolicyReport",
        }
    }

    pub fn plural(self) -> &'static str {
        match self {
            Self::OpenReports => "reports",
            Self::PolicyReport => "policyreports",
        }
    }
}

/// The object that a report is about.
pub struct Subject<'a> {
    pub kind: &'a str,
    pub api_version: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
    pub uid: &'a str,
}

impl Subject<'_> {
    /// Name of its report: `trail-audit`.
    pub fn report(&self) -> String {
        let kind = self.kind.to_lowercase();
        let plain = format!("{kind}-{}", self.name);
        if plain.len() <= NAME_BYTES { plain } else { format!("{kind}-{}", short_hash(self.name)) }
    }
}

/// The report as it is to be. `before` is the report as the cluster has it.
pub fn report(
    kind: ReportKind,
    subject: &Subject<'_>,
    findings: &[Finding],
    catalogue: &Catalogue,
    before: Option<&Value>,
    now: Timestamp,
) -> Value {
    let mut results: Vec<Value> = findings.iter().map(|finding| result(finding, catalogue)).collect();
    for result in &mut results {
        let since = before.and_then(|before| time_of(before, result)).unwrap_or_else(|| json!({"seconds": now.as_second(), "nanos": 0}));
        if let Some(fields) = result.as_object_mut() {
            fields.insert("timestamp".to_owned(), since);
        }
    }
    results.sort_by(|one, other| one["policy"].as_str().cmp(&other["policy"].as_str()));
    let mut report = json!({
        "apiVersion": format!("{}/{}", kind.group(), kind.version()),
        "kind": kind.kind(),
        "metadata": {
            "name": subject.report(),
            "namespace": subject.namespace,
            "labels": {MANAGED_BY: SOURCE},
            // With its object it goes.
            "ownerReferences": [{"apiVersion": subject.api_version, "kind": subject.kind, "name": subject.name, "uid": subject.uid}],
        },
        "scope": {
            "apiVersion": subject.api_version, "kind": subject.kind, "namespace": subject.namespace, "name": subject.name, "uid": subject.uid,
        },
        "summary": summary(&results),
        "results": results,
    });
    if let (ReportKind::OpenReports, Some(fields)) = (kind, report.as_object_mut()) {
        fields.insert("source".to_owned(), json!(SOURCE));
    }
    report
}

/// Whether the cluster has everything of `wanted`. What its API server adds does not count.
pub fn is_current(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.iter().all(|(key, value)| found.get(key).is_some_and(|found| is_current(value, found)))
        }
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(wanted, found)| is_current(wanted, found))
        }
        _ => wanted == found,
    }
}

/// When this result was found, if the report of before has the same.
fn time_of(before: &Value, result: &Value) -> Option<Value> {
    let same = |known: &&Value| known["policy"] == result["policy"] && known["result"] == result["result"];
    before["results"].as_array()?.iter().find(same)?.get("timestamp").cloned()
}

fn result(finding: &Finding, catalogue: &Catalogue) -> Value {
    let message = match (&finding.verdict, finding.verdict.message()) {
        (_, "") => finding.title.clone(),
        (_, message) => format!("{}: {message}", finding.title),
    };
    json!({
        "source": SOURCE,
        "policy": finding.rule,
        "rule": finding.title,
        "category": category(&finding.rule),
        "severity": severity(finding.severity),
        "result": word(finding),
        "scored": finding.severity != Severity::Info,
        "message": message,
        "properties": properties(finding, catalogue),
    })
}

/// The subject in the id of a rule: `TK-TRAIL-003` is about `trail`.
fn category(rule: &str) -> String {
    rule.split('-').nth(1).unwrap_or_default().to_lowercase()
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// In the words of the format: `warn` is a failure that does not count, `error` could not be judged, `skip` was not to be.
fn word(finding: &Finding) -> &'static str {
    match finding.verdict.result() {
        Result::Pass => "pass",
        Result::Fail if finding.severity == Severity::Info => "warn",
        Result::Fail => "fail",
        Result::Unknown => "error",
        Result::NotApplicable | Result::Exempt => "skip",
    }
}

fn properties(finding: &Finding, catalogue: &Catalogue) -> Value {
    let mut properties = Map::new();
    let mut add = |name: &str, value: String| {
        if !value.is_empty() {
            properties.insert(name.to_owned(), Value::String(value));
        }
    };
    add("id", finding.id());
    add("account", finding.judged.account.clone());
    add("region", finding.judged.region.clone());
    add("arn", finding.judged.arn.clone());
    if let Some(entry) = catalogue.entry(&finding.rule) {
        let frameworks: BTreeSet<&str> = catalogue.requirements(entry).map(|requirement| requirement.framework.as_str()).collect();
        add("frameworks", frameworks.into_iter().collect::<Vec<_>>().join(", "));
        add("fix", entry.fix.clone());
    }
    if let Verdict::Exempt(exempted) = &finding.verdict {
        add("exemptionReason", exempted.reason.clone());
        add("exemptionApprover", exempted.approver.clone());
        add("exemptionExpires", exempted.expires.to_string());
        add("exemptionPolicy", exempted.policy.clone());
    }
    Value::Object(properties)
}

fn summary(results: &[Value]) -> Value {
    let count = |word: &str| results.iter().filter(|result| result["result"] == word).count();
    json!({"pass": count("pass"), "fail": count("fail"), "warn": count("warn"), "error": count("error"), "skip": count("skip")})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::finding::{Exempted, Judged};

    const SUBJECT: Subject<'static> =
        Subject { kind: "Trail", api_version: "trailkeeper.dev/v1alpha1", namespace: "a", name: "audit", uid: "u" };

    fn finding(rule: &str, severity: Severity, verdict: Verdict) -> Finding {
        let judged = Judged { kind: "Trail", object: Some("a/audit".into()), arn: "arn".into(), account: "1".into(), region: "r".into() };
        Finding { rule: rule.into(), title: "T".into(), severity, judged, verdict }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn made(kind: ReportKind, findings: &[Finding], before: Option<&Value>, now: i64) -> Value {
        report(kind, &SUBJECT, findings, &Catalogue::builtin().unwrap(), before, at(now))
    }

    fn all() -> Vec<Finding> {
        let text = || "x".to_owned();
        let exempted = Exempted { message: text(), reason: "moving".into(), approver: "ann".into(), expires: at(9), policy: "p".into() };
        vec![
            finding("TK-TRAIL-005", Severity::Low, Verdict::Exempt(exempted)),
            finding("TK-TRAIL-001", Severity::Critical, Verdict::Fail("off".into())),
            finding("TK-TRAIL-002", Severity::Info, Verdict::Fail("one".into())),
            finding("TK-TRAIL-003", Severity::High, Verdict::Unknown("denied".into())),
            finding("TK-TRAIL-004", Severity::Medium, Verdict::Pass),
            finding("TK-TRAIL-007", Severity::Medium, Verdict::NotApplicable("no".into())),
        ]
    }

    #[test]
    fn every_verdict_has_its_word_and_is_counted() {
        let report = made(ReportKind::OpenReports, &all(), None, 5);
        let words: Vec<_> = report["results"].as_array().unwrap().iter().map(|result| result["result"].as_str().unwrap()).collect();
        assert_eq!(words, ["fail", "warn", "error", "pass", "skip", "skip"]);
        assert_eq!(report["summary"], json!({"pass": 1, "fail": 1, "warn": 1, "error": 1, "skip": 2}));
        let first = &report["results"][0];
        assert_eq!(
            (&first["policy"], &first["severity"], &first["message"]),
            (&json!("TK-TRAIL-001"), &json!("critical"), &json!("T: off"))
        );
        assert!(first["properties"]["frameworks"].as_str().unwrap().contains("CIS"), "{first}");
        assert_eq!(first["properties"]["id"], "TK-TRAIL-001/1/Trail/a/audit");
        assert_eq!(report["results"][4]["properties"]["exemptionApprover"], "ann");
    }

    #[test]
    fn the_same_findings_make_the_same_report() {
        let first = made(ReportKind::OpenReports, &all(), None, 5);
        let again = made(ReportKind::OpenReports, &all(), Some(&first), 99);
        assert_eq!(first, again);
        let mut mended = all();
        mended[1].verdict = Verdict::Pass;
        let after = made(ReportKind::OpenReports, &mended, Some(&first), 99);
        assert!(!is_current(&after, &first));
        assert_eq!((&after["results"][0]["timestamp"]["seconds"], &after["results"][1]["timestamp"]["seconds"]), (&json!(99), &json!(5)));
    }

    #[test]
    fn what_the_api_server_adds_does_not_count() {
        let wanted = made(ReportKind::OpenReports, &all(), None, 5);
        let mut found = wanted.clone();
        found["metadata"]["resourceVersion"] = json!("7");
        assert!(is_current(&wanted, &found));
        found["results"].as_array_mut().unwrap().push(json!({}));
        assert!(!is_current(&wanted, &found));
    }

    #[test]
    fn a_policy_report_has_its_source_at_each_result_only() {
        let report = made(ReportKind::PolicyReport, &all(), None, 5);
        assert_eq!((&report["apiVersion"], &report["kind"]), (&json!("wgpolicyk8s.io/v1alpha2"), &json!("PolicyReport")));
        assert!(report.get("source").is_none() && report["results"][0]["source"] == SOURCE);
    }

    #[test]
    fn long_names_are_cut_to_what_kubernetes_takes() {
        assert_eq!(SUBJECT.report(), "trail-audit");
        let long = "n".repeat(253);
        assert!(Subject { name: &long, ..SUBJECT }.report().len() < NAME_BYTES);
    }
}
