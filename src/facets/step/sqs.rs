//! Writes to SQS queues.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use strum::IntoStaticStr;

/// Queues go by ARN here; their URL is asked for when it is needed.
#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum SqsStep {
    CreateQueue {
        queue: String,
        attributes: BTreeMap<String, String>,
        policy: Option<Value>,
        tags: BTreeMap<String, String>,
    },
    /// An empty value takes an attribute away.
    SetQueueAttributes {
        queue: String,
        attributes: BTreeMap<String, String>,
        policy: Option<Value>,
    },
    TagQueue {
        queue: String,
        tags: BTreeMap<String, String>,
    },
    UntagQueue {
        queue: String,
        tag_keys: Vec<String>,
    },
    DeleteQueue {
        queue: String,
    },
}
