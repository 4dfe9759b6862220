//! The status of a CompliancePolicy: what it asks for, what its objects came to, and what of it is not in force.

use super::{Event, Requeue, Told, events};
use crate::api::condition::{self, READY, STALLED, Truth};
use crate::api::findings::FindingCounts;
use crate::api::{CompliancePolicy, CompliancePolicySpec, CompliancePolicyStatus};
use crate::report::open_reports::ReportKind;
use crate::rules::catalogue::Catalogue;
use crate::rules::policy_problems::{FieldProblem, expired, unknown};
use crate::rules::settings::asks;
use jiff::Timestamp;
use serde::Serialize;
use std::time::Duration;

/// Problems that status holds, and that are told by an event in one pass.
const MOST_PROBLEMS: usize = 32;
const MOST_EVENTS: usize = 5;

/// What the objects that a policy selects came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Judged {
    objects: i32,
    failed: i32,
    exempt: i32,
}

impl Judged {
    /// Adds one object; `counts` are none while it has not been judged.
    pub fn add(&mut self, counts: Option<FindingCounts>) {
        let counts = counts.unwrap_or_default();
        self.objects = self.objects.saturating_add(1);
        self.failed = self.failed.saturating_add(counts.failed);
        self.exempt = self.exempt.saturating_add(counts.exempt);
    }
}

/// Something in the spec that is not in force.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    reason: &'static str,
    text: String,
}

/// `reports` is the kind that reports are written in, where the cluster has it.
pub fn after_pass(
    policy: &CompliancePolicy,
    judged: &Judged,
    catalogue: &Catalogue,
    reports: Option<ReportKind>,
    now: Timestamp,
) -> Told<CompliancePolicyStatus> {
    let spec = &policy.spec;
    let before = policy.status.clone().unwrap_or_default();
    let generation = policy.metadata.generation.unwrap_or_default();
    // A typing error must not pass for a rule that is kept.
    let mut problems: Vec<Problem> = unknown(spec, catalogue).into_iter().map(because("UnknownName")).collect();
    problems.extend(expired(spec, now).into_iter().map(because("ExemptionExpired")));
    problems.extend(no_reports(spec, reports));
    let mut status = before.clone();
    status.rules = i32::try_from(catalogue.entries().filter(|entry| asks(spec, entry, catalogue)).count()).ok();
    status.objects = Some(judged.objects);
    status.failed = Some(judged.failed);
    status.exempt = Some(judged.exempt);
    status.problems = problems.iter().take(MOST_PROBLEMS).map(|problem| problem.text.clone()).collect();
    status.common.observed_generation = Some(generation);
    tell(&mut status, &problems, generation, now);
    let events = problems
        .iter()
        .take(MOST_PROBLEMS)
        .filter(|problem| !before.problems.contains(&problem.text))
        .take(MOST_EVENTS)
        .map(|problem| events::policy_problem(problem.reason, problem.text.clone()))
        .collect::<Vec<Event>>();
    Told { status, events, requeue: next(spec, now) }
}

fn tell(status: &mut CompliancePolicyStatus, problems: &[Problem], generation: i64, now: Timestamp) {
    let conditions = &mut status.common.conditions;
    let Some(first) = problems.first() else {
        condition::set(conditions, READY, Truth::True, "InForce", "all that the policy asks for is in force", generation, now);
        condition::clear(conditions, STALLED);
        return;
    };
    let more = if problems.len() > 1 { format!(" ({} more in status.problems)", problems.len() - 1) } else { String::new() };
    let message = format!("{}{more}. The rest of the policy is in force", first.text);
    condition::set(conditions, READY, Truth::False, first.reason, &message, generation, now);
    condition::set(conditions, STALLED, Truth::True, first.reason, message, generation, now);
}

fn because(reason: &'static str) -> impl Fn(FieldProblem) -> Problem {
    move |problem| Problem { reason, text: format!("{}: {}", problem.path(), problem.message) }
}

fn no_reports(spec: &CompliancePolicySpec, reports: Option<ReportKind>) -> Option<Problem> {
    let text =
        "spec.report: the cluster has no kind to write reports in; install the CRD of openreports.io/v1alpha1, or run with --report-kind"
            .to_owned();
    (spec.report && reports.is_none()).then_some(Problem { reason: "NoReportKind", text })
}

/// Nothing but time changes a policy unasked: the end of an exemption.
fn next(spec: &CompliancePolicySpec, now: Timestamp) -> Requeue {
    let ends = spec.exemptions.iter().map(|exemption| exemption.expires).filter(|expires| *expires > now).min();
    match ends.and_then(|ends| Duration::try_from(ends.duration_since(now)).ok()) {
        Some(left) => Requeue::After(left),
        None => Requeue::OnChange,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(spec: serde_json::Value) -> CompliancePolicy {
        CompliancePolicy::new("strict", serde_json::from_value(spec).unwrap())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn told(policy: &CompliancePolicy, reports: Option<ReportKind>, now: i64) -> Told<CompliancePolicyStatus> {
        after_pass(policy, &Judged::default(), &Catalogue::builtin().unwrap(), reports, at(now))
    }

    fn reasons(told: &Told<CompliancePolicyStatus>) -> Vec<&str> {
        told.events.iter().map(|event| event.reason.as_str()).collect()
    }

    #[test]
    fn a_policy_that_is_whole_is_in_force_and_counts() {
        let mut judged = Judged::default();
        judged.add(Some(FindingCounts { failed: 2, unknown: 1, exempt: 3, passed: 4 }));
        judged.add(None);
        let catalogue = Catalogue::builtin().unwrap();
        let told = after_pass(&policy(serde_json::json!({})), &judged, &catalogue, None, at(0));
        let status = told.status;
        assert!(condition::is_true(&status.common.conditions, READY));
        assert_eq!((status.objects, status.failed, status.exempt), (Some(2), Some(2), Some(3)));
        assert_eq!(status.rules, Some(i32::try_from(catalogue.entries().count()).unwrap()));
        assert_eq!((told.events.len(), told.requeue), (0, Requeue::OnChange));
    }

    #[test]
    fn what_is_not_known_is_named_once() {
        let mut policy = policy(serde_json::json!({
            "frameworks": ["CIS-AWS-99"],
            "rules": {"include": ["TK-TRAIL-001", "TK-TRIAL-001"]},
            "severities": {"TK-NONE-001": "High"},
        }));
        let first = told(&policy, None, 0);
        let problems = &first.status.problems;
        assert_eq!(problems.len(), 3, "{problems:?}");
        for (problem, word) in problems.iter().zip(["CIS-AWS-99", "TK-TRIAL-001", "TK-NONE-001"]) {
            assert!(problem.contains(word), "{problem}");
        }
        assert_eq!(reasons(&first), ["UnknownName"; 3]);
        let ready = condition::get(&first.status.common.conditions, READY).unwrap();
        assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "UnknownName"));
        policy.status = Some(first.status);
        assert_eq!(reasons(&told(&policy, None, 0)), [""; 0]);
    }

    #[test]
    fn an_exemption_ends_on_time_and_says_so() {
        let mut policy = policy(serde_json::json!({
            "exemptions": [{"rule": "TK-TRAIL-001", "object": "a/b", "reason": "r", "approver": "ann", "expires": "1970-01-01T00:01:00Z"}],
        }));
        let first = told(&policy, None, 0);
        assert_eq!(first.requeue, Requeue::After(Duration::from_secs(60)));
        assert!(condition::is_true(&first.status.common.conditions, READY));
        policy.status = Some(first.status);
        let second = told(&policy, None, 60);
        assert_eq!((reasons(&second), second.requeue), (vec!["ExemptionExpired"], Requeue::OnChange));
        assert!(condition::is_true(&second.status.common.conditions, STALLED));
        assert!(
            second.status.problems[0].contains("spec.exemptions[0].expires: the exemption from TK-TRAIL-001 ended"),
            "{:?}",
            second.status.problems
        );
        policy.status = Some(second.status);
        policy.spec.exemptions.clear();
        let third = told(&policy, None, 61);
        assert!(
            condition::is_true(&third.status.common.conditions, READY) && !condition::is_true(&third.status.common.conditions, STALLED)
        );
    }

    #[test]
    fn reports_need_their_kind() {
        let policy = policy(serde_json::json!({"report": true}));
        assert_eq!(reasons(&told(&policy, None, 0)), ["NoReportKind"]);
        assert_eq!(reasons(&told(&policy, Some(ReportKind::OpenReports), 0)), [""; 0]);
    }
}
