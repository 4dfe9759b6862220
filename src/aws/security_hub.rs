//! Security Hub: the import of findings. The one write that `report` makes, when it is asked for.

use super::{Cloud, Session, Shared};
use crate::facets::observed::Failure;
use crate::report::audit::asff::BATCH;
use aws_sdk_securityhub::types as sdk;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

const IMPORT: &str = "securityhub:BatchImportFindings";

/// How the ids of our rules begin.
const RULES: &str = "TK-";

/// What became of an import.
#[derive(Debug, Default)]
pub struct Imported {
    pub taken: usize,
    /// Findings that Security Hub did not take: id and reason.
    pub refused: Vec<(String, String)>,
}

/// Imports findings in the AWS Security Finding Format. An import with a known id replaces what was imported before.
pub async fn import(session: &Session, region: &str, findings: &[Value], shared: Arc<Shared>) -> Result<Imported, Failure> {
    let cloud = Cloud::new(session, region, shared);
    let client = session.securityhub(region);
    let mut imported = Imported::default();
    for batch in findings.chunks(BATCH) {
        let converted: Vec<_> = batch.iter().map(finding).collect();
        send(&cloud, &client, converted, &mut imported).await?;
    }
    Ok(imported)
}

/// Archives findings of ours about the account that are active and not among `current`: what they were about is gone. Of what
/// was not looked at this time nothing must be archived, so it is for whole looks only.
pub async fn archive_gone(
    session: &Session,
    region: &str,
    current: &[Value],
    now: Timestamp,
    shared: Arc<Shared>,
) -> Result<Imported, Failure> {
    let cloud = Cloud::new(session, region, shared);
    let client = session.securityhub(region);
    let equals = |value: &str| sdk::StringFilter::builder().value(value).comparison(sdk::StringFilterComparison::Equals).build();
    let ours = sdk::StringFilter::builder().value(RULES).comparison(sdk::StringFilterComparison::Prefix).build();
    let filters = sdk::AwsSecurityFindingFilters::builder()
        .generator_id(ours)
        .aws_account_id(equals(session.account()))
        .record_state(equals(sdk::RecordState::Active.as_str()))
        .build();
    let pages = client.get_findings().filters(filters).max_results(100).into_paginator().send();
    let pages: Result<Vec<_>, _> = pages.collect().await;
    let pages = cloud.call("securityhub:GetFindings", "our findings", std::future::ready(pages)).await?;
    let known: BTreeSet<&str> = current.iter().filter_map(|finding| finding["Id"].as_str()).collect();
    let active = pages.into_iter().flat_map(|page| page.findings.unwrap_or_default());
    let gone: Vec<_> = active
        .filter(|finding| {
            finding.generator_id().is_some_and(|rule| rule.starts_with(RULES))
                && finding.record_state() == Some(&sdk::RecordState::Active)
                && !finding.id().is_some_and(|id| known.contains(id))
        })
        .map(|finding| archived(&finding, now))
        .collect();
    let mut imported = Imported::default();
    for batch in gone.chunks(BATCH) {
        send(&cloud, &client, batch.to_vec(), &mut imported).await?;
    }
    Ok(imported)
}

/// The finding as it was, archived. Security Hub takes back its own fields only where it has no say in them.
fn archived(finding: &sdk::AwsSecurityFinding, now: Timestamp) -> sdk::AwsSecurityFinding {
    let label = finding.severity().and_then(|severity| severity.label().cloned());
    sdk::AwsSecurityFinding::builder()
        .set_schema_version(finding.schema_version.clone())
        .set_id(finding.id.clone())
        .set_product_arn(finding.product_arn.clone())
        .set_generator_id(finding.generator_id.clone())
        .set_aws_account_id(finding.aws_account_id.clone())
        .set_types(finding.types.clone())
        .set_created_at(finding.created_at.clone())
        .updated_at(now.to_string())
        .severity(sdk::Severity::builder().set_label(label).build())
        .set_title(finding.title.clone())
        .set_description(finding.description.clone())
        .set_product_fields(finding.product_fields.clone())
        .set_resources(finding.resources.clone())
        .set_compliance(finding.compliance.clone())
        .record_state(sdk::RecordState::Archived)
        .build()
}

async fn send(
    cloud: &Cloud,
    client: &aws_sdk_securityhub::Client,
    findings: Vec<sdk::AwsSecurityFinding>,
    imported: &mut Imported,
) -> Result<(), Failure> {
    let about = format!("{} findings", findings.len());
    let request = client.batch_import_findings().set_findings(Some(findings));
    let answer = cloud.call(IMPORT, &about, request.send()).await?;
    imported.taken += usize::try_from(answer.success_count.unwrap_or_default()).unwrap_or_default();
    let refused = answer.failed_findings.unwrap_or_default().into_iter();
    imported.refused.extend(refused.map(|failed| {
        let why = [failed.error_code, failed.error_message].into_iter().flatten().collect::<Vec<_>>().join(": ");
        (failed.id.unwrap_or_default(), why)
    }));
    Ok(())
}

/// Our form in the SDK's types: the names are AWS's, so this only moves values.
fn finding(value: &Value) -> sdk::AwsSecurityFinding {
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let texts = |value: &Value, field: &str| -> Option<Vec<String>> {
        let list = value.get(field)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    let resources = value["Resources"].as_array().into_iter().flatten().map(|resource| {
        sdk::Resource::builder()
            .set_type(text(resource, "Type"))
            .set_id(text(resource, "Id"))
            .set_partition(text(resource, "Partition").map(|partition| sdk::Partition::from(partition.as_str())))
            .set_region(text(resource, "Region"))
            .build()
    });
    let advice = &value["Remediation"]["Recommendation"];
    let recommendation = sdk::Recommendation::builder().set_text(text(advice, "Text")).set_url(text(advice, "Url")).build();
    let compliance = sdk::Compliance::builder()
        .set_status(text(&value["Compliance"], "Status").map(|status| sdk::ComplianceStatus::from(status.as_str())))
        .set_related_requirements(texts(&value["Compliance"], "RelatedRequirements"))
        .build();
    let severity = text(&value["Severity"], "Label").map(|label| sdk::SeverityLabel::from(label.as_str()));
    let fields = value["ProductFields"].as_object().into_iter().flatten();
    let workflow = text(&value["Workflow"], "Status").map(|status| sdk::WorkflowStatus::from(status.as_str()));
    let record_state = text(value, "RecordState").map(|state| sdk::RecordState::from(state.as_str()));
    sdk::AwsSecurityFinding::builder()
        .set_schema_version(text(value, "SchemaVersion"))
        .set_id(text(value, "Id"))
        .set_product_arn(text(value, "ProductArn"))
        .set_generator_id(text(value, "GeneratorId"))
        .set_aws_account_id(text(value, "AwsAccountId"))
        .set_types(texts(value, "Types"))
        .set_created_at(text(value, "CreatedAt"))
        .set_updated_at(text(value, "UpdatedAt"))
        .severity(sdk::Severity::builder().set_label(severity).build())
        .set_title(text(value, "Title"))
        .set_description(text(value, "Description"))
        .remediation(sdk::Remediation::builder().recommendation(recommendation).build())
        .set_product_fields(Some(fields.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()))
        .set_resources(Some(resources.collect()))
        .compliance(compliance)
        .set_workflow(workflow.map(|status| sdk::Workflow::builder().status(status).build()))
        .set_record_state(record_state)
        .build()
}
