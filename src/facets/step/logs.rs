//! Writes to CloudWatch Logs. None deletes a log group or a log event.

use crate::facets::metric_filters::MetricFilter;
use serde::Serialize;
use std::collections::BTreeMap;
use strum::IntoStaticStr;

#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum LogsStep {
    CreateLogGroup {
        log_group: String,
        /// Key ARN; empty for none.
        kms_key: String,
        /// `STANDARD` or `INFREQUENT_ACCESS`.
        class: String,
        tags: BTreeMap<String, String>,
    },
    PutRetentionPolicy {
        log_group: String,
        retention_days: i32,
    },
    /// Keeps events for ever.
    DeleteRetentionPolicy {
        log_group: String,
    },
    AssociateKmsKey {
        log_group: String,
        kms_key: String,
    },
    DisassociateKmsKey {
        log_group: String,
    },
    PutMetricFilter {
        log_group: String,
        filter: String,
        settings: MetricFilter,
    },
    DeleteMetricFilter {
        log_group: String,
        filter: String,
    },
    #[serde(rename = "TagResource")]
    #[strum(serialize = "TagResource")]
    TagLogGroup {
        log_group: String,
        tags: BTreeMap<String, String>,
    },
    #[serde(rename = "UntagResource")]
    #[strum(serialize = "UntagResource")]
    UntagLogGroup {
        log_group: String,
        tag_keys: Vec<String>,
    },
}
