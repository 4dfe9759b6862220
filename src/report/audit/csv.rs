//! The findings as CSV, one row each, for spreadsheets.

use super::{Evidence, word};
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::{Finding, Verdict};
use anyhow::Result;

const HEADER: [&str; 16] = [
    "id",
    "rule",
    "title",
    "severity",
    "result",
    "message",
    "kind",
    "object",
    "arn",
    "account",
    "region",
    "fix",
    "requirements",
    "exempt reason",
    "exempt approver",
    "exempt until",
];

/// Requirements of the report's frameworks that a rule serves, as `FRAMEWORK REQUIREMENT`.
fn requirements(evidence: &Evidence, catalogue: &Catalogue, rule: &str) -> String {
    let Some(entry) = catalogue.entry(rule) else { return String::new() };
    let served = catalogue.requirements(entry).filter(|found| evidence.frameworks.contains(&found.framework));
    let named: std::collections::BTreeSet<String> = served.map(|found| format!("{} {}", found.framework, found.requirement)).collect();
    named.into_iter().collect::<Vec<_>>().join("; ")
}

fn row(evidence: &Evidence, catalogue: &Catalogue, finding: &Finding) -> Vec<String> {
    let judged = &finding.judged;
    let fix = catalogue.entry(&finding.rule).map(|entry| entry.fix.clone()).unwrap_or_default();
    let (reason, approver, until) = match &finding.verdict {
        Verdict::Exempt(exempted) => (exempted.reason.clone(), exempted.approver.clone(), exempted.expires.to_string()),
        _ => Default::default(),
    };
    [
        finding.id(),
        finding.rule.clone(),
        finding.title.clone(),
        <&str>::from(finding.severity).to_owned(),
        word(finding.verdict.result()).to_owned(),
        finding.verdict.message().to_owned(),
        judged.kind.to_owned(),
        judged.object.clone().unwrap_or_default(),
        judged.arn.clone(),
        judged.account.clone(),
        judged.region.clone(),
        fix,
        requirements(evidence, catalogue, &finding.rule),
        reason,
        approver,
        until,
    ]
    .into_iter()
    .map(|text| harmless(&text))
    .collect()
}

/// A cell that begins like a formula is one to a spreadsheet, and names in AWS are for anybody to choose (OWASP, "CSV Injection").
pub fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// All findings.
pub fn form(evidence: &Evidence, catalogue: &Catalogue) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER)?;
    for finding in &evidence.findings {
        writer.write_record(row(evidence, catalogue, finding))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

#[cfg(test)]
mod tests {
    use super::super::samples::evidence;
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let (evidence, catalogue) = (evidence(), Catalogue::builtin().unwrap());
        let text = form(&evidence, &catalogue).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), HEADER);
        let rows: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
        assert_eq!(rows.len(), evidence.findings.len());
        assert_eq!(&rows[5][13], "tags are kept in the CMDB, \"by design\"");
        assert!(rows[1][12].contains("CIS-AWS-7.0 4.1"), "{:?}", rows[1]);
    }

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(harmless("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(harmless("arn:aws"), "arn:aws");
    }
}
