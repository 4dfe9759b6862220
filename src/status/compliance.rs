//! What the rules found, in status: the `Compliant` condition, the open findings, their count, and events when one turns.
//!
//! `Ready` does not depend on it: a trail may work and yet not be as good practice has it.

use super::events::{self, Event, shortened};
use super::{Judgeable, Told};
use crate::api::condition::{self, COMPLIANT, Truth};
use crate::api::findings::{Compliance, FindingCounts, OpenFinding};
use crate::rules::finding::{Finding, Result, Severity};
use jiff::Timestamp;
use std::cmp::Reverse;

/// Findings that status holds.
const MOST_FINDINGS: usize = 64;
/// Longest message of one of them, in bytes.
const MESSAGE_BYTES: usize = 512;
/// Rules that have an event of their own in one pass.
const MOST_EVENTS: usize = 5;

/// Writes down what was found of an object, and says what turned since the last time. The first judgement turns nothing.
pub fn tell<S: Judgeable>(told: &mut Told<S>, findings: &[Finding], account: &str, generation: i64, now: Timestamp) {
    let compliance = told.status.compliance_mut();
    told.events.extend(news(compliance, findings, account));
    keep(compliance, findings, now);
    let (truth, reason, message) = verdict(findings, compliance.finding_counts.unwrap_or_default());
    condition::set(&mut told.status.common_mut().conditions, COMPLIANT, truth, reason, message, generation, now);
}

fn keep(compliance: &mut Compliance, findings: &[Finding], now: Timestamp) {
    let mut open: Vec<OpenFinding> = findings.iter().filter(|finding| finding.is_open()).map(|finding| entry(finding, now)).collect();
    for entry in &mut open {
        let known = compliance.findings.iter().find(|known| known.rule == entry.rule && known.result == entry.result);
        entry.since = known.map_or(now, |known| known.since);
    }
    open.sort_by(|one, other| (one.result, Reverse(one.severity), &one.rule).cmp(&(other.result, Reverse(other.severity), &other.rule)));
    let more = open.len().saturating_sub(MOST_FINDINGS);
    compliance.more_findings = (more > 0).then_some(i32::try_from(more).unwrap_or(i32::MAX));
    open.truncate(MOST_FINDINGS);
    compliance.findings = open;
    compliance.finding_counts = Some(counts(findings));
}

fn entry(finding: &Finding, now: Timestamp) -> OpenFinding {
    OpenFinding {
        rule: finding.rule.clone(),
        severity: finding.severity,
        result: finding.verdict.result(),
        message: shortened(finding.verdict.message().to_owned(), MESSAGE_BYTES),
        since: now,
    }
}

fn counts(findings: &[Finding]) -> FindingCounts {
    let count = |result| i32::try_from(with(findings, result).count()).unwrap_or(i32::MAX);
    FindingCounts {
        failed: count(Result::Fail),
        unknown: count(Result::Unknown),
        exempt: count(Result::Exempt),
        passed: count(Result::Pass),
    }
}

fn with(findings: &[Finding], result: Result) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(move |finding| finding.verdict.result() == result)
}

fn verdict(findings: &[Finding], counts: FindingCounts) -> (Truth, &'static str, String) {
    let judged = counts.failed + counts.unknown + counts.exempt + counts.passed;
    let and = |count: i32, what: &str| if count > 0 { format!("; {count} {what}") } else { String::new() };
    let rest = format!("{}{}", and(counts.unknown, "could not be judged"), and(counts.exempt, "exempt"));
    if let Some(worst) = worst(findings, Result::Fail) {
        let message = format!("{} of {judged} rules fail, worst {}{rest}", counts.failed, named(worst));
        return (Truth::False, "RulesFail", message);
    }
    if let Some(worst) = worst(findings, Result::Unknown) {
        let exempt = and(counts.exempt, "exempt");
        let message = format!("{} of {judged} rules could not be judged, first {}{exempt}", counts.unknown, named(worst));
        return (Truth::Unknown, "CouldNotBeJudged", message);
    }
    (Truth::True, "RulesPass", format!("{} rules pass{rest}", counts.passed))
}

fn worst(findings: &[Finding], result: Result) -> Option<&Finding> {
    with(findings, result).min_by_key(|finding| (Reverse(finding.severity), finding.rule.as_str()))
}

fn named(finding: &Finding) -> String {
    let severity: &'static str = Severity::into(finding.severity);
    format!("{} ({severity}): {}", finding.rule, finding.title)
}

/// Rules that fail now and did not, and rules that failed and pass now. What the last status had no room for is not news.
fn news(before: &Compliance, findings: &[Finding], account: &str) -> Vec<Event> {
    if before.finding_counts.is_none() {
        return Vec::new();
    }
    let failed_before = |finding: &&Finding| before.findings.iter().any(|known| known.rule == finding.rule && known.result == Result::Fail);
    let all_known = before.more_findings.is_none();
    let mut failed: Vec<&Finding> = with(findings, Result::Fail).filter(|finding| all_known && !failed_before(finding)).collect();
    let passed: Vec<&Finding> = with(findings, Result::Pass).filter(failed_before).collect();
    failed.sort_by_key(|finding| (Reverse(finding.severity), finding.rule.as_str()));
    let (each, rest) = failed.split_at(failed.len().min(MOST_EVENTS));
    let mut told: Vec<Event> =
        each.iter().map(|finding| events::rule_failed(account, &named(finding), finding.verdict.message())).collect();
    if !rest.is_empty() {
        told.push(events::rules_failed(account, &ids(rest)));
    }
    match passed.as_slice() {
        [] => {}
        few if few.len() <= MOST_EVENTS => told.extend(few.iter().map(|finding| events::rule_passed(account, &named(finding)))),
        many => told.push(events::rules_passed(account, &ids(many))),
    }
    told
}

fn ids<'a>(findings: &[&'a Finding]) -> Vec<&'a str> {
    findings.iter().map(|finding| finding.rule.as_str()).collect()
}

/// `compliance` with the messages of `before` where nothing but numbers in them changed: hours that pass are no news.
pub(super) fn with_numbers_of(mut compliance: Compliance, before: &Compliance) -> Compliance {
    for entry in &mut compliance.findings {
        let same = |known: &&OpenFinding| {
            (&known.rule, known.severity, known.result) == (&entry.rule, entry.severity, entry.result)
                && without_digits(&known.message).eq(without_digits(&entry.message))
        };
        if let Some(known) = before.findings.iter().find(same) {
            entry.message.clone_from(&known.message);
        }
    }
    compliance
}

fn without_digits(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|char| !char.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::TrailStatus;
    use crate::rules::finding::{Exempted, Judged, Verdict};
    use crate::status::{Requeue, Timed};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn finding(rule: &str, severity: Severity, verdict: Verdict) -> Finding {
        let judged = Judged { kind: "Trail", object: None, arn: "a".into(), account: "1".into(), region: "r".into() };
        Finding { rule: rule.into(), title: format!("title of {rule}"), severity, judged, verdict }
    }

    fn fail(rule: &str, severity: Severity) -> Finding {
        finding(rule, severity, Verdict::Fail(format!("{rule} is bad")))
    }

    fn pass(rule: &str) -> Finding {
        finding(rule, Severity::High, Verdict::Pass)
    }

    fn unknown(rule: &str) -> Finding {
        finding(rule, Severity::Critical, Verdict::Unknown("denied".into()))
    }

    fn exempt(rule: &str) -> Finding {
        let text = || "x".to_owned();
        let exempted = Exempted { message: text(), reason: text(), approver: text(), expires: at(9), policy: text() };
        finding(rule, Severity::High, Verdict::Exempt(exempted))
    }

    fn judged(before: &TrailStatus, findings: &[Finding], now: i64) -> Told<TrailStatus> {
        let mut told = Told { status: before.clone(), events: Vec::new(), requeue: Requeue::OnChange };
        tell(&mut told, findings, "111111111111", 1, at(now));
        told
    }

    fn compliant(status: &TrailStatus) -> (&str, &str, &str) {
        let condition = condition::get(&status.common.conditions, COMPLIANT).unwrap();
        (&condition.status, &condition.reason, &condition.message)
    }

    fn reasons(told: &Told<TrailStatus>) -> Vec<&str> {
        told.events.iter().map(|event| event.reason.as_str()).collect()
    }

    #[test]
    fn the_condition_counts_and_names_the_worst() {
        let of = |findings: &[Finding]| judged(&TrailStatus::default(), findings, 0).status;
        let all =
            [fail("TK-A-002", Severity::Low), fail("TK-A-003", Severity::High), unknown("TK-A-001"), exempt("TK-A-004"), pass("TK-A-005")];
        let status = of(&all);
        assert_eq!(
            compliant(&status),
            ("False", "RulesFail", "2 of 5 rules fail, worst TK-A-003 (High): title of TK-A-003; 1 could not be judged; 1 exempt")
        );
        let rules: Vec<_> = status.compliance.findings.iter().map(|entry| entry.rule.as_str()).collect();
        assert_eq!(rules, ["TK-A-003", "TK-A-002", "TK-A-001"], "failures first, then by severity");
        assert_eq!(status.compliance.finding_counts, Some(FindingCounts { failed: 2, unknown: 1, exempt: 1, passed: 1 }));
        let status = of(&[unknown("TK-A-001"), exempt("TK-A-004"), pass("TK-A-005")]);
        let message = "1 of 3 rules could not be judged, first TK-A-001 (Critical): title of TK-A-001; 1 exempt";
        assert_eq!(compliant(&status), ("Unknown", "CouldNotBeJudged", message));
        assert_eq!(compliant(&of(&[exempt("TK-A-004"), pass("TK-A-005")])), ("True", "RulesPass", "1 rules pass; 1 exempt"));
    }

    #[test]
    fn what_turns_is_told_once_and_its_time_stays() {
        let first = judged(&TrailStatus::default(), &[fail("TK-A-001", Severity::High), pass("TK-A-002")], 10);
        assert_eq!(reasons(&first), [""; 0], "the first judgement turns nothing");
        let second = judged(&first.status, &[fail("TK-A-001", Severity::High), fail("TK-A-002", Severity::Low)], 20);
        assert_eq!(reasons(&second), ["RuleFailed"]);
        assert!(second.events[0].note.contains("TK-A-002") && second.events[0].note.contains("is bad"));
        let since: Vec<_> = second.status.compliance.findings.iter().map(|entry| entry.since).collect();
        assert_eq!(since, [at(10), at(20)]);
        let third = judged(&second.status, &[fail("TK-A-001", Severity::High), pass("TK-A-002")], 30);
        assert_eq!(reasons(&third), ["RulePassed"]);
        assert_eq!(reasons(&judged(&third.status, &[exempt("TK-A-001"), pass("TK-A-002")], 40)), [""; 0], "an exemption mends nothing");
    }

    #[test]
    fn many_at_once_are_told_in_one_event() {
        let rules: Vec<String> = (0..80).map(|number| format!("TK-A-{number:03}")).collect();
        let passing: Vec<Finding> = rules.iter().map(|rule| pass(rule)).collect();
        let failing: Vec<Finding> = rules.iter().map(|rule| fail(rule, Severity::Low)).collect();
        let first = judged(&TrailStatus::default(), &passing, 0);
        let second = judged(&first.status, &failing, 1);
        assert_eq!(reasons(&second), ["RuleFailed", "RuleFailed", "RuleFailed", "RuleFailed", "RuleFailed", "RulesFailed"]);
        assert_eq!((second.status.compliance.findings.len(), second.status.compliance.more_findings), (64, Some(16)));
        assert_eq!(reasons(&judged(&second.status, &failing, 2)), [""; 0], "those that found no room are not news");
        assert_eq!(reasons(&judged(&second.status, &passing, 2)), ["RulesPassed"]);
    }

    #[test]
    fn hours_that_pass_are_no_news() {
        let late = |hours: u32| [finding("TK-A-001", Severity::High, Verdict::Fail(format!("nothing for {hours} hours")))];
        let mut before = judged(&TrailStatus::default(), &late(25), 0).status;
        before.common.last_verified_time = Some(at(0));
        let mut after = judged(&before, &late(126), 60).status;
        after.common.last_verified_time = Some(at(60));
        assert!(!after.worth_writing(Some(&before), at(60)));
        after.common.last_verified_time = Some(at(3600));
        assert!(after.worth_writing(Some(&before), at(3600)), "once an hour they are written");
        let other = judged(&before, &[finding("TK-A-001", Severity::High, Verdict::Fail("nothing ever".into()))], 60).status;
        assert!(other.worth_writing(Some(&before), at(60)));
    }
}
