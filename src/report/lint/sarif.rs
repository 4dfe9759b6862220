//! Findings as SARIF 2.1.0, which code scanning services read.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os.html>

use super::{Lint, Outcome, Placed, Standing, name_of};
use crate::report::place::{Place, Problem};
use crate::rules::catalogue::{Catalogue, Entry};
use crate::rules::finding::Severity;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What a path may not hold in a URI.
const PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}').add(b':');

/// Not rules of the catalogue, and yet results: a service that shows results only must not hide them.
const MANIFEST: &str = "manifest-is-valid";
const EXEMPTION: &str = "exemption-has-not-expired";

/// The whole answer.
pub fn render(lint: &Lint, catalogue: &Catalogue) -> Value {
    let found: BTreeSet<&str> = lint.findings.iter().map(|placed| placed.finding.rule.as_str()).collect();
    let mut rules: BTreeMap<&str, Value> =
        found.iter().filter_map(|id| catalogue.entry(id)).map(|entry| (entry.id.as_str(), rule(entry, catalogue))).collect();
    if !lint.problems.is_empty() {
        rules.insert(MANIFEST, own_rule(MANIFEST, "Manifests are as the CRDs want them, and references hold"));
    }
    if !lint.expired.is_empty() {
        rules.insert(EXEMPTION, own_rule(EXEMPTION, "No exemption has run out"));
    }
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, id)| (*id, at)).collect();
    let problems = lint.problems.iter().map(|problem| own_result(MANIFEST, "error", problem, &index));
    let findings = lint.findings.iter().map(|placed| result(placed, &index));
    let expired = lint.expired.iter().map(|problem| own_result(EXEMPTION, "warning", problem, &index));
    let notes =
        lint.notes.iter().map(|note| json!({"level": "note", "message": {"text": note.message}, "locations": [location(&note.place)]}));
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "Trailkeeper",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.values().collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": lint.outcome() != Outcome::Broken,
                "toolExecutionNotifications": notes.collect::<Vec<_>>(),
            }],
            "results": problems.chain(findings).chain(expired).collect::<Vec<_>>(),
        }],
    })
}

fn rule(entry: &Entry, catalogue: &Catalogue) -> Value {
    let frameworks: BTreeSet<&str> = catalogue.requirements(entry).map(|requirement| requirement.framework.as_str()).collect();
    let tags: Vec<&str> = ["security", "audit-logging"].into_iter().chain(frameworks).collect();
    let patch = entry.patch.as_ref().map(|patch| format!("\n\n```yaml\n{}```", super::patch_yaml(patch))).unwrap_or_default();
    let help = format!("{}\n\nFix: {}", entry.why, entry.fix);
    json!({
        "id": entry.id,
        "name": entry.id,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.why},
        "help": {"text": help, "markdown": format!("{help}{patch}")},
        "helpUri": entry.grounds.iter().find(|ground| ground.starts_with("https://")),
        "defaultConfiguration": {"level": level(entry.severity)},
        "properties": {"tags": tags, "problem.severity": problem_severity(entry.severity), "security-severity": security_severity(entry.severity)},
    })
    .without_nulls()
}

fn own_rule(id: &str, text: &str) -> Value {
    json!({"id": id, "shortDescription": {"text": text}})
}

fn result(placed: &Placed, index: &BTreeMap<&str, usize>) -> Value {
    let found = &placed.finding;
    let suppressions: Vec<Value> = match placed.standing() {
        Standing::Open => Vec::new(),
        Standing::Exempt(exempted) => vec![json!({
            "kind": "external",
            "status": "accepted",
            "justification": format!("{} (policy {}, approved by {}, until {})", exempted.reason, exempted.policy, exempted.approver, exempted.expires),
        })],
        Standing::InBaseline => vec![json!({"kind": "external", "status": "accepted", "justification": "in the baseline file"})],
    };
    let object = name_of(&found.judged);
    let patch = placed.fix.patch.as_ref().map(|patch| format!("\n{}:\n{}", patch.object, patch.yaml.trim_end()));
    let text = format!("{object}: {}\nFix: {}{}", found.verdict.message(), placed.fix.text, patch.unwrap_or_default());
    json!({
        "ruleId": found.rule,
        "ruleIndex": index.get(found.rule.as_str()),
        "level": level(found.severity),
        "message": {"text": text},
        "locations": [{
            "physicalLocation": location(&placed.place)["physicalLocation"],
            "logicalLocations": [{"fullyQualifiedName": object, "kind": "object"}],
        }],
        "partialFingerprints": fingerprints(&found.id()),
        "suppressions": suppressions,
        "fixes": fix(placed),
        "properties": {"severity": found.severity, "fix": placed.fix.text, "patch": placed.fix.patch.as_ref().map(|patch| &patch.yaml)},
    })
    .without_nulls()
}

/// The fix as changes of the file, where these are known to the character.
fn fix(placed: &Placed) -> Option<Value> {
    let edits = placed.fix.patch.as_ref().map(|patch| patch.edits.as_slice()).filter(|edits| !edits.is_empty())?;
    let replacements: Vec<Value> = edits
        .iter()
        .map(|edit| {
            let Place { line, column, .. } = edit.place;
            let end = column + u64::try_from(edit.length).unwrap_or_default();
            let region = json!({"startLine": line, "startColumn": column, "endLine": line, "endColumn": end});
            json!({"deletedRegion": region, "insertedContent": {"text": edit.text}})
        })
        .collect();
    let artifact = location(&edits.first()?.place)["physicalLocation"]["artifactLocation"].clone();
    let changes = json!([{"artifactLocation": artifact, "replacements": replacements}]);
    Some(json!([{"description": {"text": placed.fix.text}, "artifactChanges": changes}]))
}

fn own_result(rule: &str, level: &str, problem: &Problem, index: &BTreeMap<&str, usize>) -> Value {
    json!({
        "ruleId": rule,
        "ruleIndex": index.get(rule),
        "level": level,
        "message": {"text": problem.message},
        "locations": [location(&problem.place)],
        "partialFingerprints": fingerprints(&format!("{rule}/{}/{}", problem.place.file, problem.message)),
    })
}

/// The same finding keeps its fingerprint when it moves in its file. The second name is the one that GitHub looks at.
fn fingerprints(id: &str) -> Value {
    let hash: String = Sha256::digest(id).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    json!({"trailkeeperFinding/v1": id, "primaryLocationLineHash": format!("{hash}:1")})
}

fn location(place: &Place) -> Value {
    let file = place.file.strip_prefix("./").unwrap_or(&place.file);
    let encoded = utf8_percent_encode(file, PATH).to_string();
    let artifact =
        if file.starts_with('/') { json!({"uri": format!("file://{encoded}")}) } else { json!({"uri": encoded, "uriBaseId": "%SRCROOT%"}) };
    json!({"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": place.line, "startColumn": place.column}}})
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "recommendation",
    }
}

/// GitHub's bands: over 9.0 critical, 7.0 high, 4.0 medium, below that low.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "1.0",
    }
}

trait WithoutNulls {
    fn without_nulls(self) -> Self;
}

impl WithoutNulls for Value {
    /// SARIF leaves out what there is not.
    fn without_nulls(mut self) -> Self {
        if let Self::Object(fields) = &mut self {
            fields.retain(|_, value| !value.is_null());
            for value in fields.values_mut() {
                *value = value.take().without_nulls();
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::lint::samples;

    #[test]
    fn fingerprints_stay_when_lines_move() {
        let catalogue = Catalogue::builtin().unwrap();
        let one = render(&samples::mixed(), &catalogue);
        let mut moved = samples::mixed();
        moved.findings.iter_mut().for_each(|placed| placed.place.line += 10);
        let other = render(&moved, &catalogue);
        let prints = |value: &Value| -> Vec<Value> {
            value["runs"][0]["results"].as_array().unwrap().iter().map(|result| result["partialFingerprints"].clone()).collect()
        };
        assert_eq!(prints(&one), prints(&other));
        assert_eq!(prints(&one).len(), 4);
    }

    #[test]
    fn places_are_uris() {
        let of = |file: &str| location(&Place { file: file.into(), line: 1, column: 2 })["physicalLocation"]["artifactLocation"].clone();
        assert_eq!(of("./a b/c.yaml"), json!({"uri": "a%20b/c.yaml", "uriBaseId": "%SRCROOT%"}));
        assert_eq!(of("/tmp/x.yaml"), json!({"uri": "file:///tmp/x.yaml"}));
        assert_eq!(of("<stdin>"), json!({"uri": "%3Cstdin%3E", "uriBaseId": "%SRCROOT%"}));
    }
}
