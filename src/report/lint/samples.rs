//! Findings for the tests of the forms.

use super::{Fix, Lint, Linted, Patch, Placed};
use crate::report::place::{Place, Problem};
use crate::rules::finding::{Exempted, Finding, Judged, Severity, Verdict};

pub fn place(line: u64, column: u64) -> Place {
    Place { file: "trails/main, eu.yaml".into(), line, column }
}

pub fn problem(message: &str) -> Problem {
    Problem { place: place(2, 1), message: message.into() }
}

fn failed(rule: &str, severity: Severity, title: &str, message: &str, line: u64) -> Placed {
    Placed {
        finding: Finding {
            rule: rule.into(),
            title: title.into(),
            severity,
            judged: Judged {
                kind: "Trail",
                object: Some("audit/main".into()),
                arn: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main".into(),
                account: "111111111111".into(),
                region: "eu-west-1".into(),
            },
            verdict: Verdict::Fail(message.into()),
        },
        place: place(line, 3),
        fix: Fix { text: "Put it right.".into(), patch: None },
        in_baseline: false,
    }
}

/// One of each standing, and a message with characters that mean something in some form.
pub fn mixed() -> Lint {
    let mut first = failed("TK-TRAIL-001", Severity::Critical, "Logging is on", "logging is off: <100% of events & \"more\"", 7);
    first.fix = Fix {
        text: "Turn logging on.".into(),
        patch: Some(Patch { object: "Trail audit/main".into(), yaml: "spec:\n  logging: true\n".into(), edits: Vec::new() }),
    };
    let mut second = failed("TK-TRAIL-004", Severity::High, "Log file validation is on", "log file validation is off", 8);
    second.finding.verdict = Verdict::Exempt(Exempted {
        message: "log file validation is off".into(),
        reason: "the archive does it".into(),
        approver: "security@example.com".into(),
        expires: "2027-01-01T00:00:00Z".parse().unwrap_or_default(),
        policy: "strict".into(),
    });
    let mut third = failed("TK-TRAIL-005", Severity::Medium, "Log files are encrypted with a KMS key", "they are not", 6);
    third.in_baseline = true;
    let fourth = failed("TK-TRAIL-006", Severity::Low, "The trail is tagged", "it has no tag", 6);
    Lint {
        notes: vec![problem("LogArchive audit/logs is not in the given files")],
        objects: vec![
            Linted { name: "Trail audit/main".into(), place: place(1, 1) },
            Linted { name: "Trail audit/other".into(), place: place(20, 1) },
        ],
        findings: vec![first, second, third, fourth],
        passed: 5,
        ..Lint::default()
    }
}
