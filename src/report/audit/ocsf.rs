//! Findings as OCSF compliance findings (class 2003, schema 1.4.0, cloud profile), one JSON object a line.
//! <https://schema.ocsf.io/1.4.0/classes/compliance_finding?profiles=cloud>

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
    // The class wants standards: where none was asked for, all that the rule serves.
    let asked = |framework: &String| evidence.frameworks.is_empty() || evidence.frameworks.contains(framework);
    let served = || catalogue.requirements(entry).filter(|found| asked(&found.framework));
    let requirements: std::collections::BTreeSet<String> =
        served().map(|found| format!("{} {}", found.framework, found.requirement)).collect();
    let standards: std::collections::BTreeSet<&str> = served().map(|found| found.framework.as_str()).collect();
    // Grounds that are not pages are named by their titles.
    let addresses: Vec<&String> = entry.grounds.iter().filter(|ground| ground.starts_with("https://")).collect();
    json!({
        "class_uid": 2003, "class_name": "Compliance Finding", "category_uid": 2, "category_name": "Findings",
        "activity_id": 1, "activity_name": "Create", "type_uid": 200_301, "type_name": "Compliance Finding: Create",
        "time": evidence.made_at.as_millisecond(), "severity_id": severity(finding.severity), "severity": severity_name(finding.severity),
        "status_id": if result == Result::Exempt { 3 } else { 1 }, "status": if result == Result::Exempt { "Suppressed" } else { "New" },
        "message": Some(finding.verdict.message()).filter(|message| !message.is_empty()).unwrap_or(&finding.title),
        "metadata": {"version": SCHEMA, "profiles": ["cloud"], "product": {"name": "Trailkeeper", "vendor_name": "Trailkeeper", "version": env!("CARGO_PKG_VERSION")}},
        "cloud": {"provider": "AWS", "region": judged.region, "account": {"uid": judged.account, "type": "AWS Account", "type_id": 10}},
        "finding_info": {"uid": finding.id(), "title": finding.title, "desc": entry.why},
        "compliance": {
            "control": finding.rule, "standards": standards, "requirements": requirements,
            "status_id": status(result), "status": status_name(result)
        },
        "resources": [{"uid": if judged.arn.is_empty() { super::name(finding) } else { &judged.arn }, "type": judged.kind, "region": judged.region}],
        "remediation": {"desc": entry.fix, "references": addresses}
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

    fn events(evidence: &Evidence) -> Vec<Value> {
        form(evidence, &Catalogue::builtin().unwrap()).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What the schema of the class refuses in these events.
    fn wrong(events: &[Value]) -> Vec<String> {
        let schema: Value = serde_json::from_str(include_str!("../../../tests/schemas/ocsf-1.4.0-compliance_finding.json")).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        events.iter().flat_map(|event| validator.iter_errors(event).map(|error| format!("{}: {error}", error.instance_path))).collect()
    }

    #[test]
    fn every_judged_finding_is_an_event_as_the_class_wants_it() {
        let found = events(&evidence());
        assert_eq!(found.len(), 6);
        assert_eq!(wrong(&found), Vec::<String>::new());
        assert_eq!(found[0]["compliance"]["standards"], json!(["CIS-AWS-7.0"]));
        let of_all = events(&Evidence { frameworks: Vec::new(), ..evidence() });
        assert_eq!(wrong(&of_all), Vec::<String>::new());
        assert!(of_all[0]["compliance"]["standards"].as_array().unwrap().contains(&json!("CIS-AWS-7.0")));
        assert_eq!((&found[1]["compliance"]["status"], &found[1]["severity_id"]), (&json!("Fail"), &json!(5)));
        assert_eq!((&found[5]["status"], &found[5]["compliance"]["status"]), (&json!("Suppressed"), &json!("Fail")));
    }

    #[test]
    fn the_schema_refuses_what_the_class_does_not_know() {
        let sound = events(&evidence()).remove(0);
        let changes: [(&str, Value); 8] = [
            ("/class_uid", json!(2001)),
            ("/type_uid", json!(200_302)),
            ("/severity", json!("Info")),
            ("/time", json!("2026-11-02T08:00:00Z")),
            ("/metadata/profiles", json!([])),
            ("/cloud/account/type_id", json!(20)),
            ("/compliance/status_id", json!(3)),
            ("/resources/0", json!({"kind": "Trail", "uid": "x"})),
        ];
        for (at, value) in changes {
            let mut event = sound.clone();
            *event.pointer_mut(at).unwrap() = value;
            assert!(!wrong(&[event]).is_empty(), "{at}");
        }
    }

    #[test]
    fn no_text_is_empty_and_references_are_addresses() {
        fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
            match value {
                Value::String(text) => found.push(text),
                Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
                Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        let mut all = evidence();
        all.findings = Catalogue::builtin()
            .unwrap()
            .entries()
            .map(|entry| Finding { rule: entry.id.clone(), title: entry.title.clone(), ..all.findings[0].clone() })
            .collect();
        let found = events(&all);
        assert_eq!(wrong(&found), Vec::<String>::new());
        let mut told = Vec::new();
        found.iter().for_each(|event| texts(event, &mut told));
        assert!(told.iter().all(|text| !text.is_empty()), "{:#}", found[0]);
    }
}
