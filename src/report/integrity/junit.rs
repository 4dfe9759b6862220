//! The outcome as a JUnit report, for CI: a suite per account, Region and trail, in which what is intact is one case that passed.

use super::words::{self, Meaning, count};
use crate::integrity::fault::{Gap, Object, Reason, Verdict};
use crate::integrity::outcome::{Counts, Outcome};
use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

/// Account, Region and, where it is known, trail.
type Of = (String, String, Option<String>);

#[derive(Default)]
struct Suite<'a> {
    counts: Counts,
    objects: Vec<&'a Object>,
    gaps: Vec<&'a Gap>,
    undigested: Option<String>,
}

/// The report.
pub fn form(outcome: &Outcome) -> Result<String> {
    let mut report = Report::new("trailkeeper verify");
    report.add_test_suite(whole(outcome));
    for (of, suite) in suites(outcome) {
        report.add_test_suite(suite.made(of));
    }
    report.to_string().context("the JUnit report could not be written")
}

/// What is of no account and Region.
fn whole(outcome: &Outcome) -> TestSuite {
    let mut suite = TestSuite::new("archive");
    let all = outcome.counts().all();
    suite.add_test_case(TestCase::new(format!("{} intact", count(all.intact, "file")), TestCaseStatus::success()));
    suite.add_test_cases(
        outcome.unlisted.iter().map(|why| case("part that could not be read", not(NonSuccessKind::Error, "Unread", why, &words::UNREAD))),
    );
    if outcome.omitted > 0 {
        let message = format!("{} not intact or not read; --output csv lists all", count(outcome.omitted, "more file"));
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(message);
        suite.add_test_case(TestCase::new("files that are not listed", status));
    }
    suite
}

fn suites(outcome: &Outcome) -> BTreeMap<Of, Suite<'_>> {
    let mut suites: BTreeMap<Of, Suite<'_>> = BTreeMap::new();
    for of in &outcome.streams {
        let stream = &of.stream;
        let key = (stream.area.account.clone(), stream.area.region.clone(), Some(stream.trail.clone()));
        suites.entry(key).or_default().counts.add(&of.counts);
    }
    for object in &outcome.objects {
        let key = (object.account.clone(), object.region.clone(), object.trail.clone());
        suites.entry(key).or_default().objects.push(object);
    }
    for gap in &outcome.gaps {
        let area = &gap.stream.area;
        suites.entry((area.account.clone(), area.region.clone(), Some(gap.stream.trail.clone()))).or_default().gaps.push(gap);
    }
    for undigested in &outcome.undigested {
        let key = (undigested.area.account.clone(), undigested.area.region.clone(), None);
        suites.entry(key).or_default().undigested = Some(words::undigested(undigested));
    }
    suites
}

impl Suite<'_> {
    fn made(self, (account, region, trail): Of) -> TestSuite {
        let trail = trail.map(|trail| format!(" trail {trail}")).unwrap_or_default();
        let mut suite = TestSuite::new(format!("{account} {region}{trail}"));
        let (digests, logs) = (self.counts.digests.intact, self.counts.logs.intact);
        if digests + logs > 0 {
            let name = format!("{} and {} intact", count(digests, "digest"), count(logs, "log file"));
            suite.add_test_case(TestCase::new(name, TestCaseStatus::success()));
        }
        suite.add_test_cases(self.objects.into_iter().map(of_object));
        suite.add_test_cases(self.gaps.into_iter().map(of_gap));
        suite.add_test_cases(
            self.undigested.map(|told| case("digests", not(NonSuccessKind::Failure, "Undigested", &told, &words::UNDIGESTED))),
        );
        suite
    }
}

fn of_object(object: &Object) -> TestCase {
    let status = match &object.verdict {
        Verdict::Intact => TestCaseStatus::success(),
        Verdict::Unread { why } => not(NonSuccessKind::Error, "Unread", why, &words::UNREAD),
        Verdict::NotIntact { faults } => {
            let names: Vec<&str> = faults.iter().map(|fault| fault.name()).collect();
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            let meaning = faults.first().map_or(words::UNREAD, words::of_fault);
            let mut status = not(NonSuccessKind::Failure, &names.join(" "), &told.join("; "), &meaning);
            if let Some(command) = words::restore(object) {
                status.set_description(format!("{}\n{}\n{command}", meaning.means, meaning.todo));
            }
            status
        }
    };
    case(&format!("{} {}", object.sort, object.place), status)
}

fn of_gap(gap: &Gap) -> TestCase {
    let (name, told, meaning) = (format!("gap {}", words::span(gap)), words::reason(gap), words::of_reason(gap.reason));
    let kind = format!("{:?}", gap.reason);
    let status = match gap.reason {
        Reason::DigestUnread => not(NonSuccessKind::Error, &kind, &told, &meaning),
        reason if reason.is_explained() => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(kind);
            status.set_message(told);
            status
        }
        _ => not(NonSuccessKind::Failure, &kind, &told, &meaning),
    };
    case(&name, status)
}

fn case(name: &str, status: TestCaseStatus) -> TestCase {
    TestCase::new(name, status)
}

fn not(kind: NonSuccessKind, name: &str, message: &str, meaning: &Meaning) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(name);
    status.set_message(message);
    status.set_description(format!("{}\n{}", meaning.means, meaning.todo));
    status
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_fault_is_a_case() {
        insta::assert_snapshot!(form(&samples::tampered()).unwrap());
    }

    #[test]
    fn what_is_intact_passes() {
        let text = form(&samples::intact()).unwrap();
        assert!(text.contains(r#"name="trailkeeper verify" tests="3" failures="0" errors="0""#), "{text}");
        assert!(text.contains("216 digests and 216 log files intact"), "{text}");
    }

    proptest! {
        #[test]
        fn no_text_of_an_object_breaks_the_markup(text in "[\\x00-\\x7f]{0,20}|.{0,20}|<!--|-->|]]>|\"/><x") {
            let tags = |text: &str| form(&samples::with_text(text)).unwrap().matches('<').count();
            prop_assert_eq!(tags(&text), tags("x"));
        }
    }
}
