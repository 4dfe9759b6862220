//! What `check` found as a JUnit report: one suite per trail, bucket or account, one case per rule that was judged.

use super::{Checked, heading};
use crate::report::junit_case::{exempt, failed};
use crate::report::lint::name_of;
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::{Finding, Judged, Verdict};
use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

/// The whole answer.
pub fn render(checked: &Checked, catalogue: &Catalogue) -> Result<String> {
    let mut report = Report::new("trailkeeper check");
    if !checked.unread.is_empty() {
        let mut suite = TestSuite::new("AWS could be read");
        suite.add_test_cases(checked.unread.iter().map(|unread| TestCase::new(unread.clone(), unclear(unread))));
        report.add_test_suite(suite);
    }
    let mut by_judged: BTreeMap<&Judged, Vec<TestCase>> = BTreeMap::new();
    for finding in &checked.findings {
        by_judged.entry(&finding.judged).or_default().extend(case(finding, catalogue));
    }
    for (judged, cases) in by_judged {
        let mut suite = TestSuite::new(heading(judged));
        suite.add_test_cases(cases);
        report.add_test_suite(suite);
    }
    report.to_string().context("the JUnit report could not be written")
}

/// None for a rule that does not apply.
fn case(finding: &Finding, catalogue: &Catalogue) -> Option<TestCase> {
    let status = match &finding.verdict {
        Verdict::NotApplicable(_) => return None,
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail(message) => {
            let fix = catalogue.entry(&finding.rule).map(|entry| format!("\nFix: {}", entry.fix)).unwrap_or_default();
            failed(finding.severity, message, format!("{message}{fix}"))
        }
        Verdict::Unknown(message) => unclear(message),
        Verdict::Exempt(exempted) => exempt(exempted),
    };
    let mut case = TestCase::new(format!("{} {}", finding.rule, finding.title), status);
    case.set_classname(name_of(&finding.judged));
    Some(case)
}

/// Nobody can say.
fn unclear(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(why);
    status
}

#[cfg(test)]
mod tests {
    use super::super::samples::checked;
    use super::*;

    #[test]
    fn failures_unknowns_and_exemptions_are_told_apart() {
        let mut checked = checked();
        checked.unread.push("us-west-2: Allow cloudtrail:DescribeTrails".into());
        let text = render(&checked, &Catalogue::builtin().unwrap()).unwrap();
        assert!(text.contains(r#"name="trailkeeper check" tests="7" failures="1" errors="2""#), "{text}");
        assert_eq!((text.matches("<testsuite ").count(), text.matches("<skipped").count()), (3, 1), "{text}");
        assert!(text.contains("Allow kms:DescribeKey &amp; try again") && text.contains("Fix: Turn logging on."), "{text}");
    }
}
