//! `CompliancePolicy`: which best-practice rules apply to which objects, how severe they are, and what is exempt.

// Each printcolumn is an attribute of its own; clippy takes their equal parts for repetition.
#![allow(clippy::duplicated_attributes)]

use super::common::{AllowedNamespaces, CommonStatus};
use crate::rules::finding::Severity;
use jiff::Timestamp;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which best-practice rules apply to which objects.
///
/// An object that no policy selects is judged by the built-in baseline: every rule, with its own severity. Where several policies
/// select one, the stricter holds in everything but exemptions.
#[derive(Clone, Debug, Default, PartialEq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "trailkeeper.dev",
    version = "v1alpha1",
    kind = "CompliancePolicy",
    plural = "compliancepolicies",
    shortname = "tkpol",
    category = "trailkeeper",
    status = "CompliancePolicyStatus",
    doc = "Which best-practice rules apply to which objects, how severe they are, and what is exempt.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Rules", type_ = "integer", json_path = ".status.rules"),
    printcolumn(name = "Objects", type_ = "integer", json_path = ".status.objects"),
    printcolumn(name = "Failed", type_ = "integer", json_path = ".status.failed"),
    printcolumn(name = "Exempt", type_ = "integer", json_path = ".status.exempt", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    cel
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CompliancePolicySpec {
    /// Namespaces whose objects are judged by this policy. Unset: every namespace, and AwsAccounts, which have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<AllowedNamespaces>,

    /// Labels that an object must have, all of them, to be judged by this policy. Empty: any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    pub match_labels: BTreeMap<String, String>,

    /// Apply every rule that serves a requirement of these frameworks: for example `CIS-AWS-7.0`, `PCI-DSS-4.0`. `trailkeeper explain
    /// --frameworks` lists them. With neither frameworks nor rules.include every rule applies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 64)))]
    pub frameworks: Vec<String>,

    /// Rules in and out, beside the frameworks.
    #[serde(default, skip_serializing_if = "RuleChoice::is_empty")]
    pub rules: RuleChoice,

    /// Severities other than the rules' own, by rule id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 256))]
    #[x_kube(validation = Rule::new("self.all(id, id.matches('^TK-[A-Z]+-[0-9]{3}$'))").message("spec.severities: a key must be the id of a rule, such as TK-TRAIL-003"))]
    pub severities: BTreeMap<String, Severity>,

    /// What rules compare with.
    #[serde(default, skip_serializing_if = "ParameterValues::is_empty")]
    pub parameters: ParameterValues,

    /// Failures that somebody accepts until a date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256))]
    pub exemptions: Vec<Exemption>,

    /// Write an OpenReports Report beside each Trail and LogArchive, where the cluster has that kind.
    #[serde(default)]
    pub report: bool,
}

/// Rules by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RuleChoice {
    /// Rules that apply beside those of the frameworks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 32)))]
    #[x_kube(validation = Rule::new("self.all(id, id.matches('^TK-[A-Z]+-[0-9]{3}$'))").message("spec.rules.include must hold ids of rules, such as TK-TRAIL-003"))]
    pub include: Vec<String>,
    /// Rules that do not apply, whatever asks for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 32)))]
    #[x_kube(validation = Rule::new("self.all(id, id.matches('^TK-[A-Z]+-[0-9]{3}$'))").message("spec.rules.exclude must hold ids of rules, such as TK-TRAIL-003"))]
    pub exclude: Vec<String>,
}

impl RuleChoice {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What rules compare with. Unset fields are those of the built-in baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParameterValues {
    /// Days that log files must stay in the bucket at least, 1 to 36500. Baseline: 365.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 36500))]
    pub retention_days: Option<u32>,
    /// Days that a log group must keep events at least, 1 to 3653. Baseline: 365.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3653))]
    pub log_group_retention_days: Option<u32>,
    /// Hours after which a delivery is overdue, 1 to 720. Baseline: 24.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 720))]
    pub delivery_hours: Option<u32>,
    /// Regions where logs may rest. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 32)))]
    pub allowed_regions: Vec<String>,
    /// Accounts whose buckets logs may go to. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 12)))]
    pub archive_accounts: Vec<String>,
    /// Regions where trails may have their home. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 32)))]
    pub home_regions: Vec<String>,
    /// Buckets that trails may deliver to, by name. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 63)))]
    pub trail_buckets: Vec<String>,
    /// Topics that trails may tell of log files, by ARN. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 1024)))]
    pub trail_topics: Vec<String>,
    /// Log groups that trails may deliver to, by ARN, with or without `:*`. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 1024)))]
    pub trail_log_groups: Vec<String>,
    /// Keys that may encrypt log files, by ARN. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 1024)))]
    pub trail_keys: Vec<String>,
    /// Principals that may administer CloudTrail, by ARN. Empty: none but those who administer the account.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 2048)))]
    pub trail_administrators: Vec<String>,
    /// Accounts that may administer CloudTrail for the organization. Empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3), inner(length(max = 12)))]
    pub delegated_administrators: Vec<String>,
    /// Resource types whose data events must be recorded, for example `AWS::DynamoDB::Table`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 128)))]
    pub data_resource_types: Vec<String>,
    /// Services whose network activity must be recorded, for example `kms.amazonaws.com`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 128)))]
    pub network_activity_sources: Vec<String>,
    /// Tag keys that every trail must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 128)))]
    pub required_tags: Vec<String>,
}

impl ParameterValues {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A failure that somebody accepts until a date. What it does not name it does not restrict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exemption {
    /// Id of the rule.
    #[schemars(length(max = 32))]
    #[x_kube(validation = Rule::new("self.matches('^TK-[A-Z]+-[0-9]{3}$')").message("spec.exemptions[].rule must be the id of a rule, such as TK-TRAIL-003"))]
    pub rule: String,
    /// Kind of the object: Trail, LogArchive, EventDataStore or AwsAccount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub kind: Option<String>,
    /// The object, as `namespace/name`; an AwsAccount by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 320))]
    pub object: Option<String>,
    /// ARN of what is judged, for what no object looks after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub arn: Option<String>,
    /// Id of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 12))]
    pub account: Option<String>,
    /// Why it is accepted.
    #[schemars(length(min = 1, max = 1024))]
    pub reason: String,
    /// Who accepted it.
    #[schemars(length(min = 1, max = 256))]
    pub approver: String,
    /// Until when. After that the failure counts again, and that the exemption has run out is told.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub expires: Timestamp,
}

/// What the policy came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompliancePolicyStatus {
    #[serde(flatten)]
    pub common: CommonStatus,
    /// How many rules it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<i32>,
    /// How many objects it selects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<i32>,
    /// Failed findings of these objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<i32>,
    /// Findings that are exempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exempt: Option<i32>,
    /// What of the spec is not known or has run out: frameworks, rule ids, exemptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

impl CompliancePolicySpec {
    /// Whether an object is judged by this policy. `namespace` is none for what has no namespace.
    pub fn selects(&self, namespace: Option<(&str, &BTreeMap<String, String>)>, labels: &BTreeMap<String, String>) -> bool {
        let there = match (&self.namespaces, namespace) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(allowed), Some((name, labels))) => allowed.permits(name, labels),
        };
        there && self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}
