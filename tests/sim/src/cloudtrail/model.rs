//! A trail as the simulation keeps it, and the selector shapes as AWS writes them. Data only.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    pub name: String,
    /// The owner; for an organization trail the management account.
    pub account: String,
    pub home_region: String,
    pub arn: String,
    pub bucket: String,
    pub prefix: Option<String>,
    pub topic_arn: Option<String>,
    pub global_events: bool,
    pub multi_region: bool,
    pub validation: bool,
    pub log_group_arn: Option<String>,
    pub log_role_arn: Option<String>,
    /// Always a key ARN.
    pub kms_key: Option<String>,
    pub organization: bool,
    pub recursive_logging: bool,
    /// None: never put, so the default applies.
    pub selectors: Option<Selectors>,
    pub insights: Vec<InsightSelector>,
    pub aggregation: Vec<AggregationConfiguration>,
    pub tags: BTreeMap<String, String>,
    pub logging: Logging,
    pub delivery: Delivery,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Logging {
    pub on: bool,
    pub started: Option<Timestamp>,
    pub stopped: Option<Timestamp>,
    /// How often a chain of digests was begun: by StartLogging, or by switching validation on.
    pub chains: u64,
    /// When the latest was.
    pub chain_started: Option<Timestamp>,
}

impl Logging {
    pub fn begin_chain(&mut self, now: Timestamp) {
        self.chains += 1;
        self.chain_started = Some(now);
    }
}

/// What GetTrailStatus tells of deliveries; whoever delivers writes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub time: Option<Timestamp>,
    pub error: Option<String>,
    pub notification_time: Option<Timestamp>,
    pub notification_error: Option<String>,
    pub logs_time: Option<Timestamp>,
    pub logs_error: Option<String>,
    pub digest_time: Option<Timestamp>,
    pub digest_error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Selectors {
    Basic(Vec<EventSelector>),
    Advanced(Vec<AdvancedEventSelector>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EventSelector {
    #[serde(default = "all")]
    pub read_write_type: String,
    #[serde(default = "yes")]
    pub include_management_events: bool,
    #[serde(default)]
    pub data_resources: Vec<DataResource>,
    #[serde(default)]
    pub exclude_management_event_sources: Vec<String>,
}

fn all() -> String {
    "All".to_owned()
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DataResource {
    #[serde(rename = "Type", default)]
    pub kind: String,
    #[serde(default)]
    pub values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AdvancedEventSelector {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default)]
    pub field_selectors: Vec<FieldSelector>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FieldSelector {
    #[serde(default)]
    pub field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_with: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_with: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_equals: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_starts_with: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_ends_with: Option<Vec<String>>,
}

impl FieldSelector {
    /// The operators that are set, by AWS's name.
    pub fn operators(&self) -> Vec<(&'static str, &[String])> {
        let all = [
            ("Equals", &self.equals),
            ("StartsWith", &self.starts_with),
            ("EndsWith", &self.ends_with),
            ("NotEquals", &self.not_equals),
            ("NotStartsWith", &self.not_starts_with),
            ("NotEndsWith", &self.not_ends_with),
        ];
        all.into_iter().filter_map(|(name, values)| values.as_deref().map(|values| (name, values))).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InsightSelector {
    pub insight_type: String,
    #[serde(default)]
    pub event_categories: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AggregationConfiguration {
    #[serde(default)]
    pub templates: Vec<String>,
    #[serde(default)]
    pub event_category: String,
}

impl Selectors {
    pub fn default_basic() -> Self {
        Self::Basic(vec![EventSelector {
            read_write_type: all(),
            include_management_events: true,
            data_resources: Vec::new(),
            exclude_management_event_sources: Vec::new(),
        }])
    }

    pub fn default_advanced() -> Self {
        let category =
            FieldSelector { field: "eventCategory".to_owned(), equals: Some(vec!["Management".to_owned()]), ..FieldSelector::default() };
        let name = Some("Management events selector".to_owned());
        Self::Advanced(vec![AdvancedEventSelector { name, field_selectors: vec![category] }])
    }

    /// Whether they ask for just what an untouched trail logs.
    fn is_default(&self) -> bool {
        match self {
            Self::Basic(_) => *self == Self::default_basic(),
            Self::Advanced(selectors) => match (selectors.as_slice(), &Self::default_advanced()) {
                ([only], Self::Advanced(default)) => default.iter().any(|default| default.field_selectors == only.field_selectors),
                _ => false,
            },
        }
    }
}

impl Trail {
    pub fn has_custom_selectors(&self) -> bool {
        self.selectors.as_ref().is_some_and(|selectors| !selectors.is_default())
    }

    /// Whether the trail is there in a Region: at home, or as a shadow.
    pub fn is_in(&self, region: &str) -> bool {
        self.multi_region || self.home_region == region
    }

    /// As CreateTrail and UpdateTrail answer it.
    pub fn created(&self) -> Value {
        let mut value = json!({
            "Name": self.name,
            "S3BucketName": self.bucket,
            "IncludeGlobalServiceEvents": self.global_events,
            "IsMultiRegionTrail": self.multi_region,
            "TrailARN": self.arn,
            "LogFileValidationEnabled": self.validation,
            "IsOrganizationTrail": self.organization,
            "RecursiveLogging": self.recursive_logging,
        });
        let topic_name = self.topic_arn.as_deref().and_then(|arn| arn.rsplit(':').next()).map(str::to_owned);
        let optional = [
            ("S3KeyPrefix", &self.prefix),
            ("SnsTopicName", &topic_name),
            ("SnsTopicARN", &self.topic_arn),
            ("CloudWatchLogsLogGroupArn", &self.log_group_arn),
            ("CloudWatchLogsRoleArn", &self.log_role_arn),
            ("KmsKeyId", &self.kms_key),
        ];
        for (name, member) in optional {
            if let Some(member) = member {
                value[name] = json!(member);
            }
        }
        value
    }

    /// As GetTrail and DescribeTrails answer it.
    pub fn described(&self) -> Value {
        let mut value = self.created();
        value["HomeRegion"] = json!(self.home_region);
        value["HasCustomEventSelectors"] = json!(self.has_custom_selectors());
        value["HasInsightSelectors"] = json!(!self.insights.is_empty());
        value
    }
}
