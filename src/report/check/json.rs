//! What `check` found, for programs. Fields are only ever added.

use super::{Checked, Outcome};
use crate::report::audit::json::finding;
use serde_json::{Value, json};

pub fn render(checked: &Checked) -> Value {
    let outcome = match checked.outcome() {
        Outcome::Clean => "clean",
        Outcome::Findings => "findings",
        Outcome::Unknown => "unknown",
    };
    json!({
        "outcome": outcome,
        "findings": checked.findings.iter().map(finding).collect::<Vec<_>>(),
        "accounts": checked.accounts,
        "summary": checked.counts(),
        "notes": checked.notes,
        "unread": checked.unread,
        "awsCalls": checked.calls,
    })
}
