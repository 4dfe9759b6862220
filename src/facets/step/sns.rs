//! Writes to SNS topics.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use strum::IntoStaticStr;

#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum SnsStep {
    CreateTopic {
        topic: String,
        policy: Value,
        /// Key id, ARN or alias; empty for no encryption.
        kms_key: String,
        tags: BTreeMap<String, String>,
    },
    /// Sets the topic's policy.
    #[serde(rename = "SetTopicAttributes")]
    #[strum(serialize = "SetTopicAttributes")]
    SetTopicPolicy {
        topic: String,
        policy: Value,
    },
    /// Sets the topic's key.
    #[serde(rename = "SetTopicAttributes")]
    #[strum(serialize = "SetTopicAttributes")]
    SetTopicKey {
        topic: String,
        kms_key: String,
    },
    #[serde(rename = "TagResource")]
    #[strum(serialize = "TagResource")]
    TagTopic {
        topic: String,
        tags: BTreeMap<String, String>,
    },
    #[serde(rename = "UntagResource")]
    #[strum(serialize = "UntagResource")]
    UntagTopic {
        topic: String,
        tag_keys: Vec<String>,
    },
    #[serde(rename = "Subscribe")]
    #[strum(serialize = "Subscribe")]
    SubscribeQueue {
        topic: String,
        queue: String,
        /// On the body of messages.
        filter_policy: Value,
        raw_message_delivery: bool,
    },
    SetSubscriptionAttributes {
        subscription: String,
        name: String,
        value: String,
    },
    DeleteTopic {
        topic: String,
    },
}
