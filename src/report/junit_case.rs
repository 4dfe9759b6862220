//! What the JUnit forms of `lint` and `check` say alike of a verdict.

use crate::rules::finding::{Exempted, Severity};
use quick_junit::{NonSuccessKind, TestCaseStatus};

/// A failure, in short and in full.
pub fn failed(severity: Severity, message: &str, description: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(<&str>::from(severity));
    status.set_message(message);
    status.set_description(description);
    status
}

/// A failure that somebody accepts.
pub fn exempt(exempted: &Exempted) -> TestCaseStatus {
    skipped(&format!("exempt until {} by {}: {}", exempted.expires, exempted.approver, exempted.reason))
}

pub fn skipped(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(why);
    status
}
