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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples;
    use super::*;

    #[test]
    fn the_shape_is_stable() {
        insta::assert_snapshot!(render(&samples::report([samples::observed()])).unwrap());
        insta::assert_snapshot!(render(&samples::report(samples::troubled())).unwrap());
        insta::assert_snapshot!(render(&samples::report([samples::half_done()])).unwrap());
    }
}
