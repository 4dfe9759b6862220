//! Steps: the AWS writes as data, so that the same value is printed, counted, tested and carried out.

pub mod athena;
pub mod cloudtrail;
pub mod cloudwatch;
pub mod eventbridge;
pub mod glue;
pub mod iam;
pub mod kms;
pub mod lake;
pub mod logs;
pub mod organizations;
pub mod s3;
pub mod sns;
pub mod sqs;
pub mod target;

pub use athena::AthenaStep;
pub use cloudtrail::CloudTrailStep;
pub use cloudwatch::CloudWatchStep;
pub use eventbridge::EventBridgeStep;
pub use glue::GlueStep;
pub use iam::IamStep;
pub use kms::KmsStep;
pub use lake::LakeStep;
pub use logs::LogsStep;
pub use organizations::OrganizationsStep;
pub use s3::S3Step;
pub use sns::SnsStep;
pub use sqs::SqsStep;
pub use target::TargetStep;

use serde::Serialize;

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
#[serde(untagged)]
pub enum Step {
    S3(S3Step),
    Kms(KmsStep),
    CloudTrail(CloudTrailStep),
    CloudWatch(CloudWatchStep),
    Iam(IamStep),
    Sns(SnsStep),
    Sqs(SqsStep),
    Logs(LogsStep),
    Lake(LakeStep),
    EventBridge(EventBridgeStep),
    Target(TargetStep),
    Athena(AthenaStep),
    Glue(GlueStep),
    Organizations(OrganizationsStep),
}

impl Step {
    /// The operation's name, as AWS writes it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::S3(step) => step.into(),
            Self::Kms(step) => step.into(),
            Self::CloudTrail(step) => step.into(),
            Self::CloudWatch(step) => step.into(),
            Self::Iam(step) => step.into(),
            Self::Sns(step) => step.into(),
            Self::Sqs(step) => step.into(),
            Self::Logs(step) => step.into(),
            Self::Lake(step) => step.into(),
            Self::EventBridge(step) => step.into(),
            Self::Target(step) => step.action(),
            Self::Athena(step) => step.into(),
            Self::Glue(step) => step.into(),
            Self::Organizations(step) => step.into(),
        }
    }

    /// Whether the step brings the object's main resource into being.
    pub fn creates(&self) -> bool {
        matches!(
            self,
            Self::S3(S3Step::CreateBucket { .. })
                | Self::Kms(KmsStep::CreateKey { .. })
                | Self::CloudTrail(CloudTrailStep::CreateTrail { .. })
                | Self::Lake(LakeStep::CreateEventDataStore { .. })
        )
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
