//! Steps: the AWS writes as data, so that the same value is printed, counted, tested and carried out.

use super::trail_events::Selectors;
use super::trail_settings::TrailSettings;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Stands for an ARN that AWS will only give when a step before has been carried out.
pub const AFTER_APPLY: &str = "(known after apply)";

/// A key by its ARN, or the one that a step before creates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum KeyRef {
    Arn(String),
    #[serde(serialize_with = "serialize_after_apply")]
    ToBeCreated,
}

impl KeyRef {
    pub fn from_arn(arn: &str) -> Self {
        if arn == AFTER_APPLY { Self::ToBeCreated } else { Self::Arn(arn.to_owned()) }
    }
}

fn serialize_after_apply<S: serde::Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(AFTER_APPLY)
}

/// One AWS write. Every step may be repeated: carried out twice it leaves the same state.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum Step {
    CreateBucket {
        bucket: String,
        tags: BTreeMap<String, String>,
    },
    PutBucketOwnershipControls {
        bucket: String,
        object_ownership: String,
    },
    PutPublicAccessBlock {
        bucket: String,
        block_public_acls: bool,
        ignore_public_acls: bool,
        block_public_policy: bool,
        restrict_public_buckets: bool,
    },
    PutBucketPolicy {
        bucket: String,
        policy: Value,
    },
    DeleteBucketPolicy {
        bucket: String,
    },
    PutBucketVersioning {
        bucket: String,
        status: String,
    },
    PutBucketEncryption {
        bucket: String,
        kms_key: Option<KeyRef>,
        bucket_key: bool,
    },
    PutBucketTagging {
        bucket: String,
        tags: BTreeMap<String, String>,
    },
    DeleteBucket {
        bucket: String,
    },

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
    TagKey {
        key: KeyRef,
        tags: BTreeMap<String, String>,
    },
    UntagKey {
        key: KeyRef,
        tag_keys: Vec<String>,
    },
    ScheduleKeyDeletion {
        key: KeyRef,
        window_days: i32,
    },

    CreateTrail {
        name: String,
        settings: TrailSettings,
        tags: BTreeMap<String, String>,
    },
    UpdateTrail {
        trail: String,
        settings: TrailSettings,
        fields: Vec<String>,
    },
    StartLogging {
        trail: String,
    },
    StopLogging {
        trail: String,
    },
    PutEventSelectors {
        trail: String,
        selectors: Selectors,
    },
    AddTags {
        trail: String,
        tags: BTreeMap<String, String>,
    },
    RemoveTags {
        trail: String,
        tag_keys: Vec<String>,
    },
    DeleteTrail {
        trail: String,
    },
}

impl Step {
    /// The operation's name, as AWS writes it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::CreateBucket { .. } => "CreateBucket",
            Self::PutBucketOwnershipControls { .. } => "PutBucketOwnershipControls",
            Self::PutPublicAccessBlock { .. } => "PutPublicAccessBlock",
            Self::PutBucketPolicy { .. } => "PutBucketPolicy",
            Self::DeleteBucketPolicy { .. } => "DeleteBucketPolicy",
            Self::PutBucketVersioning { .. } => "PutBucketVersioning",
            Self::PutBucketEncryption { .. } => "PutBucketEncryption",
            Self::PutBucketTagging { .. } => "PutBucketTagging",
            Self::DeleteBucket { .. } => "DeleteBucket",
            Self::CreateKey { .. } => "CreateKey",
            Self::CancelKeyDeletion { .. } => "CancelKeyDeletion",
            Self::EnableKey { .. } => "EnableKey",
            Self::UpdateKeyDescription { .. } => "UpdateKeyDescription",
            Self::PutKeyPolicy { .. } => "PutKeyPolicy",
            Self::EnableKeyRotation { .. } => "EnableKeyRotation",
            Self::DisableKeyRotation { .. } => "DisableKeyRotation",
            Self::CreateAlias { .. } => "CreateAlias",
            Self::UpdateAlias { .. } => "UpdateAlias",
            Self::DeleteAlias { .. } => "DeleteAlias",
            Self::TagKey { .. } => "TagResource",
            Self::UntagKey { .. } => "UntagResource",
            Self::ScheduleKeyDeletion { .. } => "ScheduleKeyDeletion",
            Self::CreateTrail { .. } => "CreateTrail",
            Self::UpdateTrail { .. } => "UpdateTrail",
            Self::StartLogging { .. } => "StartLogging",
            Self::StopLogging { .. } => "StopLogging",
            Self::PutEventSelectors { .. } => "PutEventSelectors",
            Self::AddTags { .. } => "AddTags",
            Self::RemoveTags { .. } => "RemoveTags",
            Self::DeleteTrail { .. } => "DeleteTrail",
        }
    }

    /// Whether the step brings the object's main resource into being.
    pub fn creates(&self) -> bool {
        matches!(self, Self::CreateBucket { .. } | Self::CreateKey { .. } | Self::CreateTrail { .. })
    }
}

/// A step with the facet that asks for it and the reason.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedStep {
    pub facet: &'static str,
    #[serde(flatten)]
    pub step: Step,
    pub reason: String,
}
