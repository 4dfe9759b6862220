//! Findings for programs. Fields are only ever added.

use super::{Lint, Placed, Standing};
use crate::report::place::Place;
use serde_json::{Value, json};

/// The whole answer.
pub fn render(lint: &Lint) -> Value {
    let summary = lint.summary();
    let open: serde_json::Map<String, Value> =
        summary.open.iter().map(|(severity, count)| (<&str>::from(*severity).to_owned(), json!(count))).collect();
    json!({
        "problems": lint.problems,
        "findings": lint.findings.iter().map(finding).collect::<Vec<_>>(),
        "expired": lint.expired,
        "notes": lint.notes,
        "summary": {
            "objects": summary.objects,
            "problems": summary.problems,
            "open": open,
            "expired": summary.expired,
            "exempt": summary.exempt,
            "inBaseline": summary.in_baseline,
            "passed": summary.passed,
        },
    })
}

fn finding(placed: &Placed) -> Value {
    let found = &placed.finding;
    let Place { file, line, column } = &placed.place;
    let (standing, exemption) = match placed.standing() {
        Standing::Open => ("Open", None),
        Standing::Exempt(exempted) => ("Exempt", Some(exempted)),
        Standing::InBaseline => ("InBaseline", None),
    };
    json!({
        "id": found.id(),
        "rule": found.rule,
        "title": found.title,
        "severity": found.severity,
        "kind": found.judged.kind,
        "object": found.judged.object,
        "account": found.judged.account,
        "region": found.judged.region,
        "file": file,
        "line": line,
        "column": column,
        "message": found.verdict.message(),
        "standing": standing,
        "exemption": exemption,
        "fix": placed.fix.text,
        "patch": placed.fix.patch.as_ref().map(|patch| json!({"object": patch.object, "yaml": patch.yaml})),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::lint::samples;

    #[test]
    fn every_finding_is_told_with_its_standing() {
        insta::assert_json_snapshot!(render(&samples::mixed()));
    }
}
