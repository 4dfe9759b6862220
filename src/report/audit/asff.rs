//! Findings in the AWS Security Finding Format, as Security Hub's BatchImportFindings takes them.
//!
//! Limits of the fields: Security Hub User Guide, "AWS Security Finding Format (ASFF) syntax".

use super::Evidence;
use crate::api::aws_account::Partition;
use crate::rules::catalogue::{Catalogue, Entry};
use crate::rules::finding::{Finding, Result, Severity};
use serde_json::{Value, json};

/// BatchImportFindings takes so many at once.
pub const BATCH: usize = 100;

/// Requirements that a finding may name.
const REQUIREMENTS: usize = 32;

/// Security Hub of one account and Region, where findings are imported.
#[derive(Clone, Debug)]
pub struct Hub {
    pub partition: Partition,
    pub account: String,
    pub region: String,
}

impl Hub {
    fn product_arn(&self) -> String {
        let Self { partition, account, region } = self;
        format!("arn:{}:securityhub:{region}:{account}:product/{account}/default", partition.as_str())
    }
}

/// The findings of the account that the hub takes: a hub's default product speaks of its own account only. What passes, or does
/// not apply any more, is archived.
pub fn form(evidence: &Evidence, catalogue: &Catalogue, hub: &Hub) -> Vec<Value> {
    let own = evidence.findings.iter().filter(|finding| finding.judged.account == hub.account);
    own.filter_map(|finding| Some(one(evidence, finding, catalogue.entry(&finding.rule)?, catalogue, hub))).collect()
}

fn one(evidence: &Evidence, finding: &Finding, entry: &Entry, catalogue: &Catalogue, hub: &Hub) -> Value {
    let judged = &finding.judged;
    let message = finding.verdict.message();
    let result = finding.verdict.result();
    let served = catalogue.requirements(entry).filter(|found| evidence.frameworks.contains(&found.framework));
    let requirements: std::collections::BTreeSet<String> =
        served.map(|found| format!("{} {}", found.framework, found.requirement)).collect();
    let resource = if judged.arn.is_empty() { super::name(finding) } else { &judged.arn };
    let mut recommendation = json!({"Text": shortened(&entry.fix, 512)});
    if let Some(url) = entry.grounds.iter().find(|ground| ground.starts_with("https://")) {
        recommendation["Url"] = json!(url);
    }
    let mut value = json!({
        "SchemaVersion": "2018-10-08", "Id": finding.id(), "ProductArn": hub.product_arn(), "GeneratorId": finding.rule,
        "AwsAccountId": judged.account, "Types": ["Software and Configuration Checks/AWS Security Best Practices"],
        "CreatedAt": evidence.made_at, "UpdatedAt": evidence.made_at,
        "Severity": {"Label": severity(finding.severity)},
        "Title": shortened(&format!("{} {}", finding.rule, finding.title), 256),
        "Description": shortened(if message.is_empty() { &entry.why } else { message }, 1024),
        "Remediation": {"Recommendation": recommendation},
        "ProductFields": {"ProviderName": "Trailkeeper", "ProviderVersion": env!("CARGO_PKG_VERSION")},
        "Resources": [{"Type": resource_type(judged.kind), "Id": shortened(resource, 512), "Partition": hub.partition.as_str(), "Region": judged.region}],
        "Compliance": {"Status": status(result), "RelatedRequirements": requirements.into_iter().take(REQUIREMENTS).collect::<Vec<_>>()},
        "RecordState": if matches!(result, Result::Pass | Result::NotApplicable) { "ARCHIVED" } else { "ACTIVE" }
    });
    if result == Result::Exempt {
        value["Workflow"] = json!({"Status": "SUPPRESSED"});
    }
    value
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "INFORMATIONAL",
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

fn status(result: Result) -> &'static str {
    match result {
        Result::Pass => "PASSED",
        Result::Fail | Result::Exempt => "FAILED",
        Result::Unknown => "WARNING",
        Result::NotApplicable => "NOT_AVAILABLE",
    }
}

fn resource_type(kind: &str) -> &'static str {
    match kind {
        "Trail" => "AwsCloudTrailTrail",
        "LogArchive" => "AwsS3Bucket",
        "AwsAccount" => "AwsAccount",
        _ => "Other",
    }
}

fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::evidence;
    use super::*;

    #[test]
    fn what_passes_is_archived_and_what_is_accepted_suppressed() {
        let hub = Hub { partition: Partition::Aws, account: "111111111111".into(), region: "eu-west-1".into() };
        let found = form(&evidence(), &Catalogue::builtin().unwrap(), &hub);
        let states: Vec<_> =
            found.iter().map(|found| (found["Compliance"]["Status"].as_str().unwrap(), found["RecordState"].as_str().unwrap())).collect();
        assert_eq!(
            states,
            [
                ("PASSED", "ARCHIVED"),
                ("FAILED", "ACTIVE"),
                ("PASSED", "ARCHIVED"),
                ("PASSED", "ARCHIVED"),
                ("WARNING", "ACTIVE"),
                ("FAILED", "ACTIVE"),
                ("NOT_AVAILABLE", "ARCHIVED")
            ]
        );
        assert_eq!(found[5]["Workflow"]["Status"], "SUPPRESSED");
        assert_eq!(found[0]["ProductArn"], "arn:aws:securityhub:eu-west-1:111111111111:product/111111111111/default");
        assert_eq!(form(&evidence(), &Catalogue::builtin().unwrap(), &Hub { account: "222222222222".into(), ..hub }), Vec::<Value>::new());
    }

    #[test]
    fn an_id_is_the_same_at_every_import() {
        let catalogue = Catalogue::builtin().unwrap();
        let hub = Hub { partition: Partition::Aws, account: "111111111111".into(), region: "eu-west-1".into() };
        let ids = |evidence: Evidence| form(&evidence, &catalogue, &hub).iter().map(|found| found["Id"].clone()).collect::<Vec<_>>();
        let later = Evidence { made_at: "2026-12-01T00:00:00Z".parse().unwrap(), ..evidence() };
        assert_eq!(ids(evidence()), ids(later));
    }
}
