//! Findings as a JUnit report: one suite per object, one case per failed rule, or one that passed where none failed.

use super::{Lint, Linted, Outcome, Placed, Standing, name_of};
use crate::report::junit_case::{exempt, failed, skipped};
use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::HashMap;

/// The whole answer.
pub fn render(lint: &Lint) -> Result<String> {
    let mut report = Report::new("trailkeeper lint");
    if lint.outcome() == Outcome::Broken || !lint.expired.is_empty() {
        let mut manifests = TestSuite::new("manifests");
        let errors = lint.problems.iter().map(|problem| (NonSuccessKind::Error, problem));
        let expired = lint.expired.iter().map(|problem| (NonSuccessKind::Failure, problem));
        manifests.add_test_cases(errors.chain(expired).map(|(kind, problem)| {
            let mut status = TestCaseStatus::non_success(kind);
            status.set_message(problem.message.clone());
            TestCase::new(problem.place.to_string(), status)
        }));
        report.add_test_suite(manifests);
    }
    let mut by_object: HashMap<String, Vec<&Placed>> = HashMap::new();
    for placed in &lint.findings {
        by_object.entry(name_of(&placed.finding.judged)).or_default().push(placed);
    }
    for object in &lint.objects {
        report.add_test_suite(suite(object, by_object.get(&object.name).map(Vec::as_slice).unwrap_or_default()));
    }
    report.to_string().context("the JUnit report could not be written")
}

fn suite(object: &Linted, findings: &[&Placed]) -> TestSuite {
    let mut suite = TestSuite::new(object.name.clone());
    if findings.is_empty() {
        let mut case = TestCase::new("no findings", TestCaseStatus::success());
        case.set_classname(object.place.file.clone());
        suite.add_test_case(case);
    }
    suite.add_test_cases(findings.iter().map(|placed| case(placed)));
    suite
}

fn case(placed: &Placed) -> TestCase {
    let found = &placed.finding;
    let status = match placed.standing() {
        Standing::Open => {
            let message = found.verdict.message();
            failed(found.severity, message, format!("{}: {message}\nFix: {}", placed.place, placed.fix.text))
        }
        Standing::Exempt(exempted) => exempt(exempted),
        Standing::InBaseline => skipped("in the baseline"),
    };
    let mut case = TestCase::new(format!("{} {}", found.rule, found.title), status);
    case.set_classname(placed.place.file.clone());
    case
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::lint::samples;

    #[test]
    fn failures_are_counted_and_accepted_ones_skipped() {
        let mut lint = samples::mixed();
        lint.problems.push(samples::problem("unknown field"));
        let text = render(&lint).unwrap();
        assert!(text.contains(r#"name="trailkeeper lint" tests="6" failures="2" errors="1""#), "{text}");
        assert_eq!(text.matches("<skipped").count(), 2);
        assert!(text.contains("&lt;100% of events &amp; "), "{text}");
        assert!(text.contains(r#"<testcase name="no findings""#));
    }
}
