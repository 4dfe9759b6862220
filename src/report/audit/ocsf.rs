//! Findings as OCSF compliance findings (class 2003, schema 1.4.0), one JSON object a line.

use super::Evidence;
use crate::rules::catalogue::{Catalogue, Entry};
use crate::rules::finding::{Finding, Result, Severity};
use serde_json::{Value, json};

const SCHEMA: &str = "1.4.0";

/// One line for every finding that was judged.
pub fn form(evidence: &Evidence, catalogue: &Catalogue) -> String {
    let judged = evidence.findings.iter().filter(|finding| finding.verdict.result() != Result::NotApplicable);
    judged.filter_map(|finding| Some(format!("{}\n", event(evidence, finding, catalogue.entry(&finding.rule)?, catalogue)))).collect()
}

fn event(evidence: &Evidence, finding: &Finding, entry: &Entry, catalogue: &Catalogue) -> Value {
    let judged = &finding.judged;
    let result = finding.verdict.result();
    let served = || catalogue.requirements(entry).filter(|found| evidence.frameworks.contains(&found.framework));
    let requirements: std::collections::BTreeSet<String> =
        served().map(|found| format!("{} {}", found.framework, found.requirement)).collect();
    let standards: std::collections::BTreeSet<&str> = served().map(|found| found.framework.as_str()).collect();
    json!({
        "class_uid": 2003, "class_name": "Compliance Finding", "category_uid": 2, "category_name": "Findings",
        "activity_id": 1, "activity_name": "Create", "type_uid": 200_301, "type_name": "Compliance Finding: Create",
        "time": evidence.made_at.as_millisecond(), "severity_id": severity(finding.severity), "severity": severity_name(finding.severity),
        "status_id": if result == Result::Exempt { 3 } else { 1 }, "status": if result == Result::Exempt { "Suppressed" } else { "New" },
        "message": finding.verdict.message(),
        "metadata": {"version": SCHEMA, "product": {"name": "Trailkeeper", "vendor_name": "Trailkeeper", "version": env!("CARGO_PKG_VERSION")}},
        "cloud": {"provider": "AWS", "region": judged.region, "account": {"uid": judged.account, "type": "AWS Account", "type_id": 10}},
        "finding_info": {"uid": finding.id(), "title": finding.title, "desc": entry.why},
        "compliance": {
            "control": finding.rule, "standards": standards, "requirements": requirements,
            "status_id": status(result), "status": status_name(result)
        },
        "resources": [{"uid": if judged.arn.is_empty() { super::name(finding) } else { &judged.arn }, "type": judged.kind, "region": judged.region}],
        "remediation": {"desc": entry.fix, "references": entry.grounds}
    })
}

fn severity(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    }
}

fn severity_name(severity: Severity) -> &'static str {
    if severity == Severity::Info { "Informational" } else { severity.into() }
}

fn status(result: Result) -> u8 {
    match result {
        Result::Pass => 1,
        Result::Fail | Result::Exempt => 3,
        Result::Unknown | Result::NotApplicable => 0,
    }
}

fn status_name(result: Result) -> &'static str {
    match result {
        Result::Pass => "Pass",
        Result::Fail | Result::Exempt => "Fail",
        Result::Unknown | Result::NotApplicable => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::evidence;
    use super::*;

    #[test]
    fn every_judged_finding_is_a_line_with_what_the_class_requires() {
        let text = form(&evidence(), &Catalogue::builtin().unwrap());
        let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.len(), 6);
        let required = [
            "activity_id",
            "category_uid",
            "class_uid",
            "cloud",
            "compliance",
            "finding_info",
            "metadata",
            "severity_id",
            "time",
            "type_uid",
        ];
        for event in &events {
            assert!(required.iter().all(|name| !event[name].is_null()), "{event}");
            assert_eq!(event["type_uid"], json!(2003 * 100 + event["activity_id"].as_u64().unwrap()));
        }
        assert_eq!(events[1]["compliance"]["status"], "Fail");
        assert_eq!(events[1]["severity_id"], 5);
    }
}
