//! Writes to a KMS key.

use super::KeyRef;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use strum::IntoStaticStr;

#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum KmsStep {
    CreateKey {
        alias: String,
        description: String,
        policy: Value,
        tags: BTreeMap<String, String>,
    },
    CancelKeyDeletion {
        key: KeyRef,
    },
    EnableKey {
        key: KeyRef,
    },
    UpdateKeyDescription {
        key: KeyRef,
        description: String,
    },
    PutKeyPolicy {
        key: KeyRef,
        policy: Value,
    },
    EnableKeyRotation {
        key: KeyRef,
        period_days: i32,
    },
    DisableKeyRotation {
        key: KeyRef,
    },
    CreateAlias {
        alias: String,
        key: KeyRef,
    },
    UpdateAlias {
        alias: String,
        key: KeyRef,
    },
    DeleteAlias {
        alias: String,
    },
    #[serde(rename = "TagResource")]
    #[strum(serialize = "TagResource")]
    TagKey {
        key: KeyRef,
        tags: BTreeMap<String, String>,
    },
    #[serde(rename = "UntagResource")]
    #[strum(serialize = "UntagResource")]
    UntagKey {
        key: KeyRef,
        tag_keys: Vec<String>,
    },
    ScheduleKeyDeletion {
        key: KeyRef,
        window_days: i32,
    },
}
