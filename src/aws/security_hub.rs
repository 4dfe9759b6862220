//! Security Hub: the import of findings. The one write that `report` makes, when it is asked for.

use super::{Cloud, Session, Shared};
use crate::facets::observed::Failure;
use crate::report::audit::asff::BATCH;
use aws_sdk_securityhub::types as sdk;
use serde_json::Value;
use std::sync::Arc;

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
        let operation = "securityhub:BatchImportFindings";
        let converted: Result<Vec<_>, String> = batch.iter().map(finding).collect();
        let converted = converted.map_err(|why| cloud.unbuildable(operation, "findings", &why))?;
        let request = client.batch_import_findings().set_findings(Some(converted));
        let answer = cloud.call(operation, &format!("{} findings", batch.len()), request.send()).await?;
        imported.taken += usize::try_from(answer.success_count.unwrap_or_default()).unwrap_or_default();
        let refused = answer.failed_findings.unwrap_or_default().into_iter();
        imported.refused.extend(refused.map(|failed| {
            let why = [failed.error_code, failed.error_message].into_iter().flatten().collect::<Vec<_>>().join(": ");
            (failed.id.unwrap_or_default(), why)
        }));
    }
    Ok(imported)
}

/// Our form in the SDK's types: the names are AWS's, so this only moves values.
fn finding(value: &Value) -> Result<sdk::AwsSecurityFinding, String> {
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
    Ok(sdk::AwsSecurityFinding::builder()
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
        .build())
}
