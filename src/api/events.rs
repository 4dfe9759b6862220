//! Which events a Trail records: a friendly form, or CloudTrail's own basic or advanced selectors.
//!
//! Rules and limits: AWS CloudTrail API Reference, `AdvancedFieldSelector`, `EventSelector`, and "Quotas in AWS CloudTrail".

use super::common::yes;
use super::insights::{Aggregation, Insight};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which events are recorded. One form only: `management`, `data` and `networkActivity`, or `basic`, or `advanced`.
/// Default: all management events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("[has(self.management) || has(self.data) || has(self.networkActivity), has(self.basic), has(self.advanced)].filter(form, form).size() <= 1")
        .message("spec.events takes one form: management, data and networkActivity, or basic, or advanced; CloudTrail keeps only one kind of selector per trail"),
    validation = Rule::new("!has(self.management) || self.management.enabled || has(self.data) || has(self.networkActivity)")
        .message("spec.events must record something: enable management events or list data or network activity events"),
    validation = Rule::new("!has(self.insights) || !self.insights.exists(i, i.type == 'ApiCallRate' && 'Management' in i.categories) || (!has(self.basic) && !has(self.advanced) && (!has(self.management) || (self.management.enabled && self.management.readWrite != 'ReadOnly'))) || (has(self.basic) && self.basic.exists(s, s.includeManagementEvents && s.readWriteType != 'ReadOnly')) || (has(self.advanced) && self.advanced.exists(s, s.fieldSelectors.exists(f, f.field == 'eventCategory' && f.equals.size() == 1 && f.equals[0] == 'Management') && !s.fieldSelectors.exists(f, f.field == 'readOnly' && f.equals.size() == 1 && f.equals[0] == 'true')))")
        .message("spec.events.insights: ApiCallRate of management events needs a trail that records write management events"),
    validation = Rule::new("!has(self.insights) || !self.insights.exists(i, i.type == 'ApiErrorRate' && 'Management' in i.categories) || (!has(self.basic) && !has(self.advanced) && (!has(self.management) || self.management.enabled)) || (has(self.basic) && self.basic.exists(s, s.includeManagementEvents)) || (has(self.advanced) && self.advanced.exists(s, s.fieldSelectors.exists(f, f.field == 'eventCategory' && f.equals.size() == 1 && f.equals[0] == 'Management')))")
        .message("spec.events.insights: ApiErrorRate of management events needs a trail that records management events"),
    validation = Rule::new("!has(self.insights) || !self.insights.exists(i, 'Data' in i.categories) || has(self.data) || (has(self.basic) && self.basic.exists(s, s.dataResources.size() > 0)) || (has(self.advanced) && self.advanced.exists(s, s.fieldSelectors.exists(f, f.field == 'eventCategory' && f.equals.size() == 1 && f.equals[0] == 'Data')))")
        .message("spec.events.insights: the category Data needs a trail that records data events"),
    validation = Rule::new("!has(self.aggregation) || has(self.data) || (has(self.basic) && self.basic.exists(s, s.dataResources.size() > 0)) || (has(self.advanced) && self.advanced.exists(s, s.fieldSelectors.exists(f, f.field == 'eventCategory' && f.equals.size() == 1 && f.equals[0] == 'Data')))")
        .message("spec.events.aggregation needs a trail that records data events: those are what it sums up")
)]
pub struct Events {
    /// Management events (control plane calls). Unset in the friendly form: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management: Option<ManagementEvents>,
    /// Data events (calls on objects, functions, items): none unless listed. They cost per event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50))]
    pub data: Option<Vec<DataEvents>>,
    /// Network activity events (calls through VPC endpoints, made or refused): none unless listed. They cost per event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50))]
    pub network_activity: Option<Vec<NetworkActivityEvents>>,
    /// CloudTrail's basic event selectors, as PutEventSelectors takes them. At most 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 5))]
    #[x_kube(validation = Rule::new("self.map(s, s.dataResources.map(r, r.values.size()).sum()).sum() <= 250")
        .message("spec.events.basic may name at most 250 data resources in all; advanced selectors take more"))]
    pub basic: Option<Vec<BasicSelector>>,
    /// CloudTrail's advanced event selectors, as PutEventSelectors takes them. At most 500 condition values in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    #[x_kube(validation = Rule::new(
        "self.map(s, s.fieldSelectors.map(f, f.equals.size() + f.notEquals.size() + f.startsWith.size() + f.notStartsWith.size() + f.endsWith.size() + f.notEndsWith.size()).sum()).sum() <= 500")
        .message("spec.events.advanced may hold at most 500 condition values in all"))]
    pub advanced: Option<Vec<AdvancedSelector>>,
    /// Insights: what CloudTrail watches for unusual activity. Default: nothing. With any form of selectors; they cost per event that
    /// is looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2))]
    #[x_kube(validation = Rule::new("self.size() < 2 || self[0].type != self[1].type").message("spec.events.insights must not name a type twice: list both categories"))]
    pub insights: Vec<Insight>,
    /// Sums of data events, beside the events themselves. Default: none. With any form of selectors that records data events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregation: Option<Aggregation>,
}

/// Reads, writes, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReadWrite {
    #[default]
    All,
    ReadOnly,
    WriteOnly,
}

/// Control plane calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ManagementEvents {
    /// Whether management events are recorded at all.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Reads, writes, or both. Anything but All leaves blind spots that auditors ask about.
    #[serde(default)]
    pub read_write: ReadWrite,
    /// Leave out AWS KMS events (Encrypt, Decrypt, GenerateDataKey and the rest): many and cheap to miss, but part of the evidence.
    #[serde(default)]
    pub exclude_kms: bool,
    /// Leave out Amazon RDS Data API events.
    #[serde(default)]
    pub exclude_rds_data: bool,
}

impl Default for ManagementEvents {
    fn default() -> Self {
        Self { enabled: true, read_write: ReadWrite::All, exclude_kms: false, exclude_rds_data: false }
    }
}

/// Calls on the resources of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataEvents {
    /// A name for people; shown in the CloudTrail console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub name: Option<String>,
    /// The resource type, for example AWS::S3::Object. AWS adds types monthly, so any is taken.
    #[schemars(length(max = 128))]
    #[x_kube(validation = Rule::new("self.matches('^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$')").message("events.data[].resourceType must have the shape AWS::Service::Type, for example AWS::S3::Object"))]
    pub resource_type: String,
    /// Reads, writes, or both.
    #[serde(default)]
    pub read_write: ReadWrite,
    /// Only these event names, for example DeleteObject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub event_names: Vec<String>,
    /// Only resources whose ARN is or starts with one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 250))]
    pub arn_prefixes: Vec<String>,
    /// Never resources whose ARN starts with one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 250))]
    pub exclude_arn_prefixes: Vec<String>,
    /// Only calls of these services, for example s3.amazonaws.com: some types are reached through several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(max = 128)))]
    pub event_sources: Vec<String>,
    /// Only events of these types, for example AwsApiCall or AwsServiceEvent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), inner(length(max = 64)))]
    pub event_types: Vec<String>,
    /// Only calls of principals whose ARN is or starts with one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 2048)))]
    pub user_arn_prefixes: Vec<String>,
    /// Never calls of principals whose ARN starts with one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 2048)))]
    pub exclude_user_arn_prefixes: Vec<String>,
    /// Only calls made with credentials of a console session (true), or only others (false). Unset: both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_console: Option<bool>,
}

/// Calls to one service through VPC endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkActivityEvents {
    /// A name for people; shown in the CloudTrail console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub name: Option<String>,
    /// The service, for example kms.amazonaws.com. AWS adds services, so any is taken.
    #[schemars(length(max = 128))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9.-]+[.]amazonaws[.]com$')").message("events.networkActivity[].eventSource must be a service such as kms.amazonaws.com"))]
    pub event_source: String,
    /// Only these event names, for example Decrypt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 128)))]
    pub event_names: Vec<String>,
    /// Only calls through these VPC endpoints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 64)))]
    pub vpc_endpoint_ids: Vec<String>,
    /// Only calls that an endpoint's policy refused.
    #[serde(default)]
    pub access_denied_only: bool,
    /// Only calls of principals whose ARN is or starts with one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 2048)))]
    pub user_arn_prefixes: Vec<String>,
    /// Never calls of principals whose ARN starts with one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 2048)))]
    pub exclude_user_arn_prefixes: Vec<String>,
}

/// A basic event selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BasicSelector {
    /// Reads, writes, or both.
    #[serde(default)]
    pub read_write_type: ReadWrite,
    /// Whether management events are recorded.
    #[serde(default = "yes")]
    pub include_management_events: bool,
    /// Resources whose data events are recorded.
    #[serde(default)]
    #[schemars(length(max = 250))]
    pub data_resources: Vec<DataResource>,
    /// Management event sources to leave out.
    #[serde(default)]
    #[schemars(length(max = 2))]
    #[x_kube(validation = Rule::new("self.all(s, s in ['kms.amazonaws.com', 'rdsdata.amazonaws.com'])")
        .message("events.basic[].excludeManagementEventSources takes kms.amazonaws.com and rdsdata.amazonaws.com only"))]
    pub exclude_management_event_sources: Vec<String>,
}

/// Data resources of a basic selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataResource {
    /// AWS::S3::Object, AWS::Lambda::Function or AWS::DynamoDB::Table.
    #[serde(rename = "type")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new("self in ['AWS::S3::Object', 'AWS::Lambda::Function', 'AWS::DynamoDB::Table']")
        .message("events.basic[].dataResources[].type must be AWS::S3::Object, AWS::Lambda::Function or AWS::DynamoDB::Table; use events.data or advanced for other types"))]
    pub kind: String,
    /// ARNs, or ARN prefixes; `arn:aws:s3`, `arn:aws:lambda` and `arn:aws:dynamodb` mean all.
    #[schemars(length(min = 1, max = 250))]
    pub values: Vec<String>,
}

/// An advanced event selector: all of its fields must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("self.fieldSelectors.exists_one(f, f.field == 'eventCategory' && f.equals.size() == 1 && f.equals[0] in ['Management', 'Data', 'NetworkActivity'])")
        .message("events.advanced[] needs exactly one fieldSelector eventCategory that equals Management, Data or NetworkActivity"),
    validation = Rule::new("!self.fieldSelectors.exists(f, f.field == 'eventCategory' && 'Data' in f.equals) || self.fieldSelectors.exists_one(f, f.field == 'resources.type' && f.equals.size() == 1)")
        .message("events.advanced[] of category Data needs exactly one fieldSelector resources.type that equals one type"),
    validation = Rule::new("!self.fieldSelectors.exists(f, f.field == 'eventCategory' && 'NetworkActivity' in f.equals) || self.fieldSelectors.exists_one(f, f.field == 'eventSource' && f.equals.size() == 1)")
        .message("events.advanced[] of category NetworkActivity needs exactly one fieldSelector eventSource that equals one source")
)]
pub struct AdvancedSelector {
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub name: Option<String>,
    /// Conditions; all must hold.
    #[schemars(length(min = 1, max = 12))]
    pub field_selectors: Vec<FieldSelector>,
}

/// One condition: the positive operators are or'd, the negative ones and'd.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self.equals.size() + self.notEquals.size() + self.startsWith.size() + self.notStartsWith.size() + self.endsWith.size() + self.notEndsWith.size() > 0")
    .message("events.advanced[].fieldSelectors[] needs at least one operator with a value"))]
pub struct FieldSelector {
    /// The field of the event.
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new("self in ['eventCategory', 'eventSource', 'readOnly', 'resources.type', 'eventName', 'resources.ARN', 'eventType', 'sessionCredentialFromConsole', 'userIdentity.arn', 'errorCode', 'vpcEndpointId']")
        .message("fieldSelectors[].field must be a field that CloudTrail selects on: eventCategory, eventSource, readOnly, resources.type, eventName, resources.ARN, eventType, sessionCredentialFromConsole, userIdentity.arn, errorCode or vpcEndpointId"))]
    pub field: String,
    /// Is one of.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub equals: Vec<String>,
    /// Is none of.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub not_equals: Vec<String>,
    /// Starts with one of.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub starts_with: Vec<String>,
    /// Starts with none of.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub not_starts_with: Vec<String>,
    /// Ends with one of.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub ends_with: Vec<String>,
    /// Ends with none of.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub not_ends_with: Vec<String>,
}
