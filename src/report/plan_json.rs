//! A plan, or what was applied, as JSON. The shape is documented in docs/cli.md and only ever grows.

use super::{ObjectReport, Report, Summary};
use serde::Serialize;

#[derive(Serialize)]
struct Shape<'a> {
    objects: &'a [ObjectReport],
    summary: Summary,
}

/// The report as a JSON document.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&Shape { objects: &report.objects, summary: report.summary() })
}
