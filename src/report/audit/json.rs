//! The evidence as JSON, for programs of one's own.

use super::verified::unverified_buckets;
use super::{Evidence, patch, word};
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::{Finding, Severity, Verdict};
use serde_json::{Value, json};

/// One finding.
pub fn finding(finding: &Finding) -> Value {
    let severity: &str = <&str>::from(finding.severity);
    let mut value = json!({
        "id": finding.id(), "rule": finding.rule, "title": finding.title, "severity": severity,
        "result": word(finding.verdict.result()), "message": finding.verdict.message(), "judged": finding.judged
    });
    if let Verdict::Exempt(exempted) = &finding.verdict {
        value["exemption"] = json!(exempted);
    }
    value
}

/// All of it.
pub fn form(evidence: &Evidence, catalogue: &Catalogue) -> Value {
    let frameworks: serde_json::Map<String, Value> =
        evidence.frameworks.iter().map(|name| (name.clone(), json!(evidence.requirements(catalogue, name)))).collect();
    let counts = evidence.counts();
    json!({
        "period": {"from": evidence.from, "to": evidence.to}, "madeAt": evidence.made_at,
        "score": counts.score(), "counts": counts, "open": open_by_severity(evidence),
        "accounts": evidence.accounts, "deliveries": evidence.deliveries, "changes": evidence.changes,
        "findings": evidence.findings.iter().map(finding).collect::<Vec<_>>(),
        "frameworks": frameworks,
        "rules": catalogue.entries().map(|entry| json!({
            "id": entry.id, "title": entry.title, "why": entry.why, "fix": entry.fix, "patch": patch(entry), "grounds": entry.grounds
        })).collect::<Vec<_>>(),
        "verified": evidence.verified.iter().map(|verified| verified.told(evidence)).collect::<Vec<_>>(),
        "unverifiedBuckets": unverified_buckets(evidence),
        "unread": evidence.unread
    })
}

fn open_by_severity(evidence: &Evidence) -> Value {
    let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    Value::Object(all.iter().map(|severity| (<&str>::from(severity).to_owned(), json!(evidence.open_of(*severity)))).collect())
}

#[cfg(test)]
mod tests {
    use super::super::samples::{evidence, verified};
    use super::*;

    #[test]
    fn the_form_holds_the_verdict_of_each_finding_and_requirement() {
        let form = form(&evidence(), &Catalogue::builtin().unwrap());
        assert_eq!(form["counts"], json!({"failed": 1, "unknown": 1, "exempt": 1, "passed": 3}));
        assert_eq!((&form["score"], &form["open"]["Critical"]), (&json!(50), &json!(1)));
        assert_eq!(form["findings"][5]["exemption"]["approver"], "Ada <ada@example.org>");
        let requirements = form["frameworks"]["CIS-AWS-7.0"].as_array().unwrap();
        let logging = requirements.iter().find(|found| found["requirement"] == "4.1").unwrap();
        assert_eq!(logging["result"], "Fail");
    }

    #[test]
    fn the_form_holds_what_was_verified_and_what_was_not() {
        let catalogue = Catalogue::builtin().unwrap();
        let none = form(&evidence(), &catalogue);
        assert_eq!((&none["verified"], &none["unverifiedBuckets"]), (&json!([]), &json!(["audit-logs"])));
        let form = form(&Evidence { verified: vec![verified()], ..evidence() }, &catalogue);
        let told = &form["verified"][0];
        assert_eq!(
            (&told["bucket"], &told["conclusion"], &told["coversPeriod"]),
            (&json!("audit-logs"), &json!("notIntact"), &json!(false))
        );
        assert_eq!(told["objects"]["listed"][1]["faults"][0]["fault"], "Changed");
        assert_eq!(told["objects"]["more"], 3);
        assert_eq!(told["gaps"]["listed"][1]["reason"], "DigestsMissing");
        assert_eq!((&told["files"][0]["file"], &form["unverifiedBuckets"]), (&json!("results/outcome.json"), &json!([])));
    }
}
