//! The outcome as JSON: the conclusion and the counts first, then all of it. `verify --merge` reads it again.

use crate::integrity::outcome::{Conclusion, Counts, Outcome};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a> {
    conclusion: Conclusion,
    counts: Counts,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

/// The JSON, with a newline at its end.
pub fn form(outcome: &Outcome) -> Result<String, serde_json::Error> {
    let whole = Whole { conclusion: outcome.conclusion(), counts: outcome.counts(), outcome };
    serde_json::to_string_pretty(&whole).map(|text| text + "\n")
}
