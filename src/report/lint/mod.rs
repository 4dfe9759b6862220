//! What `lint` found: pure. The value, and its forms for people and for other programs.

pub mod baseline;
pub mod github;
pub mod json;
pub mod junit;
#[cfg(test)]
mod samples;
pub mod sarif;
pub mod text;

use super::place::{Place, Problem};
use crate::rules::catalogue::Entry;
use crate::rules::finding::{Exempted, Finding, Judged, Severity, Verdict};
use serde_json::{Value, json};
use std::cmp::Reverse;

/// Everything that was found in the given files.
#[derive(Clone, Debug, Default)]
pub struct Lint {
    /// What is wrong with the manifests themselves: syntax, types, the rules of the CRDs, forbidden references.
    pub problems: Vec<Problem>,
    /// Exemptions that have run out.
    pub expired: Vec<Problem>,
    /// What could not be judged, and what else is worth knowing.
    pub notes: Vec<Problem>,
    /// What was judged.
    pub objects: Vec<Linted>,
    /// Failures, also the accepted ones.
    pub findings: Vec<Placed>,
    /// Verdicts that were a pass.
    pub passed: usize,
}

/// An object that was judged.
#[derive(Clone, Debug)]
pub struct Linted {
    /// Kind and `namespace/name`.
    pub name: String,
    pub place: Place,
}

/// A failure with the place of the field that would satisfy the rule.
#[derive(Clone, Debug)]
pub struct Placed {
    pub finding: Finding,
    pub place: Place,
    pub fix: Fix,
    pub in_baseline: bool,
}

/// How to satisfy a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub text: String,
    pub patch: Option<Patch>,
}

/// A piece of a manifest, ready to paste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The object that it belongs to.
    pub object: String,
    pub yaml: String,
    /// The same as changes of the file, where each of its fields stands there with another value; else none.
    pub edits: Vec<Edit>,
}

/// Some characters of a line, and what is to stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub place: Place,
    pub length: usize,
    pub text: String,
}

/// Whether somebody accepts a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    Open,
    Exempt(&'a Exempted),
    InBaseline,
}

/// Counts over everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub objects: usize,
    pub problems: usize,
    /// Open findings, the most severe first.
    pub open: Vec<(Severity, usize)>,
    pub expired: usize,
    pub exempt: usize,
    pub in_baseline: usize,
    pub passed: usize,
}

/// What it comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Clean,
    Findings,
    /// The manifests themselves are wrong.
    Broken,
}

impl Placed {
    pub fn standing(&self) -> Standing<'_> {
        match &self.finding.verdict {
            Verdict::Exempt(exempted) => Standing::Exempt(exempted),
            _ if self.in_baseline => Standing::InBaseline,
            _ => Standing::Open,
        }
    }

    pub fn is_open(&self) -> bool {
        self.standing() == Standing::Open
    }
}

impl Fix {
    /// From the catalogue. `object` is what a patch without a kind of its own belongs to, `other` what one with it does.
    pub fn of(entry: &Entry, object: &str, other: Option<&str>) -> Self {
        let patch = entry.patch.as_ref().map(|patch| {
            let foreign = patch.get("kind").and_then(Value::as_str).filter(|kind| object.split(' ').next() != Some(*kind));
            let object = foreign.map_or(object, |kind| other.unwrap_or(kind)).to_owned();
            Patch { object, yaml: patch_yaml(patch), edits: Vec::new() }
        });
        Self { text: entry.fix.clone(), patch }
    }
}

/// A catalogue's patch as it is pasted.
pub fn patch_yaml(patch: &Value) -> String {
    let spec = json!({"spec": patch.get("spec").cloned().unwrap_or_default()});
    serde_saphyr::to_string(&spec).unwrap_or_else(|_| spec.to_string())
}

/// The field that a patch sets first: names from the top of the object.
pub fn patched_field(patch: &Value) -> Vec<String> {
    let mut field = Vec::new();
    let mut node = patch.get("spec").map(|spec| ("spec".to_owned(), spec));
    while let Some((name, value)) = node {
        field.push(name);
        node = value.as_object().and_then(|fields| fields.iter().next()).map(|(name, value)| (name.clone(), value));
    }
    field
}

/// What a patch chooses, field by field; none where it holds more than switches and choices. Names, numbers and lists in a
/// catalogue are examples, which the reader replaces.
pub fn choices(patch: &Value) -> Option<Vec<(Vec<String>, String)>> {
    fn below(value: &Value, field: &[String]) -> Option<Vec<(Vec<String>, String)>> {
        let is_choice = |text: &str| {
            text.starts_with(|letter: char| letter.is_ascii_uppercase()) && text.contains(|letter: char| letter.is_ascii_lowercase())
        };
        match value {
            Value::Bool(on) => Some(vec![(field.to_vec(), on.to_string())]),
            Value::String(text) if is_choice(text) && text.chars().all(|letter| letter.is_ascii_alphanumeric()) => {
                Some(vec![(field.to_vec(), text.clone())])
            }
            Value::Object(fields) if !fields.is_empty() => {
                let each = fields.iter().map(|(name, value)| below(value, &[field, std::slice::from_ref(name)].concat()));
                Some(each.collect::<Option<Vec<_>>>()?.concat())
            }
            _ => None,
        }
    }
    below(patch.get("spec")?, &["spec".to_owned()])
}

/// Kind and name of what was judged.
pub fn name_of(judged: &Judged) -> String {
    format!("{} {}", judged.kind, judged.object.as_deref().unwrap_or(&judged.arn))
}

impl Lint {
    /// The most severe first, then by place.
    pub fn sort(&mut self) {
        self.problems.sort();
        self.expired.sort();
        self.notes.sort();
        self.findings.sort_by(|one, other| {
            let key = |placed: &Placed| (Reverse(placed.finding.severity), placed.place.clone(), placed.finding.rule.clone());
            key(one).cmp(&key(other)).then_with(|| one.finding.judged.cmp(&other.finding.judged))
        });
    }

    pub fn open(&self) -> impl Iterator<Item = &Placed> {
        self.findings.iter().filter(|placed| placed.is_open())
    }

    pub fn outcome(&self) -> Outcome {
        if !self.problems.is_empty() {
            Outcome::Broken
        } else if self.open().next().is_some() || !self.expired.is_empty() {
            Outcome::Findings
        } else {
            Outcome::Clean
        }
    }

    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            objects: self.objects.len(),
            problems: self.problems.len(),
            expired: self.expired.len(),
            passed: self.passed,
            ..Summary::default()
        };
        for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info] {
            let count = self.open().filter(|placed| placed.finding.severity == severity).count();
            summary.open.extend((count > 0).then_some((severity, count)));
        }
        for placed in &self.findings {
            match placed.standing() {
                Standing::Open => {}
                Standing::Exempt(_) => summary.exempt += 1,
                Standing::InBaseline => summary.in_baseline += 1,
            }
        }
        summary
    }
}

impl Summary {
    /// In one line, without a full stop.
    pub fn line(&self) -> String {
        let some = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        };
        let total = self.open.iter().map(|(_, count)| count).sum();
        let severities: Vec<String> =
            self.open.iter().map(|(severity, count)| format!("{count} {}", <&str>::from(*severity).to_lowercase())).collect();
        let open = some(total, "finding", "findings").map(|open| format!("{open} ({})", severities.join(", ")));
        let parts: Vec<String> = [
            some(self.problems, "error", "errors"),
            Some(open.unwrap_or_else(|| "no findings".to_owned())),
            some(self.expired, "exemption has run out", "exemptions have run out"),
            some(self.exempt, "exempt", "exempt"),
            some(self.in_baseline, "in the baseline", "in the baseline"),
        ]
        .into_iter()
        .flatten()
        .collect();
        format!("{} in {}", parts.join(", "), some(self.objects, "object", "objects").unwrap_or_else(|| "no objects".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_severe_come_first() {
        let mut lint = samples::mixed();
        lint.findings.reverse();
        lint.sort();
        let rules: Vec<&str> = lint.findings.iter().map(|placed| placed.finding.rule.as_str()).collect();
        assert_eq!(rules, ["TK-TRAIL-001", "TK-TRAIL-004", "TK-TRAIL-005", "TK-TRAIL-006"]);
    }

    #[test]
    fn accepted_failures_do_not_count() {
        let mut lint = samples::mixed();
        assert_eq!(lint.outcome(), Outcome::Findings);
        assert_eq!(lint.summary().open, [(Severity::Critical, 1), (Severity::Low, 1)]);
        lint.findings.retain(|placed| !placed.is_open());
        assert_eq!((lint.outcome(), lint.findings.len()), (Outcome::Clean, 2));
        lint.expired.push(samples::problem("an exemption has run out"));
        assert_eq!(lint.outcome(), Outcome::Findings);
        lint.problems.push(samples::problem("unknown field"));
        assert_eq!(lint.outcome(), Outcome::Broken);
    }

    #[test]
    fn a_patch_leads_to_its_first_field() {
        assert_eq!(patched_field(&json!({"spec": {"encryption": {"type": "OwnKey"}, "x": 1}})), ["spec", "encryption", "type"]);
        assert_eq!(patched_field(&json!({"spec": {"list": [1]}})), ["spec", "list"]);
        let of = |patch: Value| {
            choices(&patch).map(|all| all.into_iter().map(|(field, text)| format!("{}={text}", field.join("."))).collect::<Vec<_>>())
        };
        assert_eq!(of(json!({"spec": {"a": true, "b": {"c": "OwnKey"}}})).unwrap(), ["spec.a=true", "spec.b.c=OwnKey"]);
        for other in [json!({"a": true, "b": 3}), json!({"a": "OTHER-BUCKET"}), json!({"a": "NAME"}), json!({"a": []}), json!({"a": {}})] {
            assert_eq!(of(json!({ "spec": other })), None);
        }
        assert_eq!(patch_yaml(&json!({"kind": "LogArchive", "spec": {"a": {"b": true}}})), "spec:\n  a:\n    b: true\n");
    }
}
