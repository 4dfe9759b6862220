//! The evidence as OSCAL assessment results (NIST, version 1.2.1): one result per framework.

use super::{Evidence, RequirementVerdict, name, word};
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::{Finding, Judged, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The version of OSCAL that the form follows.
const VERSION: &str = "1.2.1";

/// Names of ours in properties.
const NAMESPACE: &str = "https://trailkeeper.dev/ns/oscal";

/// Stable for what it stands for, so that two reports of the same thing can be compared. OSCAL takes versions 4 and 5 only, and
/// the hash that version 5 prescribes is not at hand: the first half of a SHA-256 serves for the random bits of a version 4.
fn uuid(of: &str) -> String {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(Sha256::digest(of.as_bytes())).for_each(|(byte, hashed)| *byte = hashed);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// A requirement as an OSCAL token: those begin with a letter and hold letters, digits, `.`, `-` and `_`.
fn token(framework: &str, requirement: &str) -> String {
    let fits = |letter: char| letter.is_alphanumeric() || "._-".contains(letter);
    format!("{framework}_{requirement}").chars().map(|letter| if fits(letter) { letter } else { '_' }).collect()
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": name, "ns": NAMESPACE, "value": value})
}

/// The document.
pub fn form(evidence: &Evidence, catalogue: &Catalogue) -> Value {
    let results: Vec<Value> = evidence.frameworks.iter().map(|framework| result(evidence, catalogue, framework)).collect();
    json!({"assessment-results": {
        "uuid": uuid(&format!("report {} {} {}", evidence.from, evidence.to, evidence.made_at)),
        "metadata": {
            "title": format!("Audit logging, {} to {}", evidence.from, evidence.to),
            "last-modified": evidence.made_at, "version": env!("CARGO_PKG_VERSION"), "oscal-version": VERSION
        },
        "import-ap": {"href": "#", "remarks": "The assessment plan is the rule catalogue of Trailkeeper; there is no document of its own."},
        "results": results
    }})
}

fn result(evidence: &Evidence, catalogue: &Catalogue, framework: &str) -> Value {
    let requirements = evidence.requirements(catalogue, framework);
    let serves = |finding: &&Finding| {
        finding.verdict.result() != Result::NotApplicable
            && catalogue.entry(&finding.rule).is_some_and(|entry| catalogue.serves(entry, framework))
    };
    let judged: Vec<&Finding> = evidence.findings.iter().filter(serves).collect();
    let objects: BTreeMap<String, &Judged> = judged.iter().map(|finding| (subject(finding), &finding.judged)).collect();
    let selected: Vec<Value> =
        requirements.iter().map(|requirement| json!({"control-id": token(framework, &requirement.requirement)})).collect();
    let mut result = json!({
        "uuid": uuid(&format!("result {framework} {}", evidence.made_at)),
        "title": framework, "description": format!("What rules about AWS audit logging say towards {framework}."),
        "start": evidence.from, "end": evidence.to,
        "reviewed-controls": {"control-selections": [{"include-controls": selected}]},
    });
    // OSCAL lists are left out rather than empty.
    if !objects.is_empty() {
        let items: Vec<Value> = objects.iter().map(|(id, judged)| inventory_item(id, judged)).collect();
        result["local-definitions"] = json!({"inventory-items": items});
    }
    if !judged.is_empty() {
        result["observations"] = judged.iter().map(|finding| observation(evidence, framework, finding)).collect();
    }
    let found: Vec<Value> = requirements.iter().filter_map(|requirement| target_finding(framework, requirement, &judged)).collect();
    if !found.is_empty() {
        result["findings"] = json!(found);
    }
    if selected.is_empty() {
        result["reviewed-controls"] = json!({"control-selections": [{"include-all": {}}]});
    }
    result
}

fn subject(finding: &Finding) -> String {
    uuid(&format!("object {} {} {}", finding.judged.account, finding.judged.kind, name(finding)))
}

fn inventory_item(id: &str, judged: &Judged) -> Value {
    let description = judged.object.clone().unwrap_or_else(|| judged.arn.clone());
    let mut props = vec![property("kind", judged.kind), property("account", &judged.account)];
    props.extend(
        [("region", &judged.region), ("arn", &judged.arn)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| property(name, value)),
    );
    json!({"uuid": id, "description": description, "props": props})
}

fn observation_id(framework: &str, finding: &Finding) -> String {
    uuid(&format!("observation {framework} {}", finding.id()))
}

fn observation(evidence: &Evidence, framework: &str, finding: &Finding) -> Value {
    let result = word(finding.verdict.result());
    let message = finding.verdict.message();
    json!({
        "uuid": observation_id(framework, finding), "title": finding.title,
        "description": if message.is_empty() { format!("{}: {result}", finding.title) } else { message.to_owned() },
        "props": [property("rule", &finding.rule), property("result", result), property("severity", <&str>::from(finding.severity))],
        "methods": ["TEST"], "types": ["finding"],
        "subjects": [{"subject-uuid": subject(finding), "type": "inventory-item"}],
        "collected": evidence.made_at
    })
}

/// OSCAL knows satisfied and not: what is unknown is not, and the reason says which.
fn target_finding(framework: &str, requirement: &RequirementVerdict, judged: &[&Finding]) -> Option<Value> {
    let (state, reason) = match requirement.result {
        Result::Pass => ("satisfied", "pass"),
        Result::Fail => ("not-satisfied", "fail"),
        Result::Unknown | Result::Exempt => ("not-satisfied", "other"),
        Result::NotApplicable => return None,
    };
    let observations: Vec<Value> = judged
        .iter()
        .filter(|finding| requirement.rules.contains_key(&finding.rule))
        .map(|finding| json!({"observation-uuid": observation_id(framework, finding)}))
        .collect();
    let id = token(framework, &requirement.requirement);
    let mut found = json!({
        "uuid": uuid(&format!("finding {id}")), "title": format!("{framework} {}", requirement.requirement),
        "description": format!("The rules that serve it say: {}", word(requirement.result)),
        "target": {"type": "objective-id", "target-id": id, "status": {"state": state, "reason": reason}},
    });
    if !observations.is_empty() {
        found["related-observations"] = json!(observations);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::super::samples::evidence;
    use super::*;

    #[test]
    fn the_form_follows_the_official_schema() {
        let schema: Value = serde_json::from_str(include_str!("../../../tests/schemas/oscal_assessment-results_schema.json")).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let catalogue = Catalogue::builtin().unwrap();
        for evidence in [evidence(), Evidence { findings: Vec::new(), ..evidence() }] {
            let form = form(&evidence, &catalogue);
            let errors: Vec<String> = validator.iter_errors(&form).map(|error| format!("{}: {error}", error.instance_path)).collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }

    #[test]
    fn a_requirement_without_a_failure_is_satisfied() {
        let form = form(&evidence(), &Catalogue::builtin().unwrap());
        let found = form["assessment-results"]["results"][0]["findings"].as_array().unwrap();
        let of = |id: &str| &found.iter().find(|found| found["target"]["target-id"] == id).unwrap()["target"]["status"];
        assert_eq!(of("CIS-AWS-7.0_4.2"), &json!({"state": "satisfied", "reason": "pass"}));
        assert_eq!(of("CIS-AWS-7.0_4.1"), &json!({"state": "not-satisfied", "reason": "fail"}));
        assert_eq!(of("CIS-AWS-7.0_4.5"), &json!({"state": "not-satisfied", "reason": "other"}));
    }
}
