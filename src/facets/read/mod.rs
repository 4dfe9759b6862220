//! Reads: the AWS questions as data. `aws` asks them, shares and batches them.

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

pub use athena::AthenaRead;
pub use cloudtrail::CloudTrailRead;
pub use cloudwatch::CloudWatchRead;
pub use eventbridge::EventBridgeRead;
pub use glue::GlueRead;
pub use iam::IamRead;
pub use kms::KmsRead;
pub use lake::LakeRead;
pub use logs::LogsRead;
pub use organizations::OrganizationsRead;
pub use s3::S3Read;
pub use sns::SnsRead;
pub use sqs::SqsRead;
pub use target::TargetRead;

/// One question about one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    S3(S3Read),
    Kms(KmsRead),
    CloudTrail(CloudTrailRead),
    CloudWatch(CloudWatchRead),
    Iam(IamRead),
    Sns(SnsRead),
    Sqs(SqsRead),
    Logs(LogsRead),
    Lake(LakeRead),
    EventBridge(EventBridgeRead),
    Target(TargetRead),
    Athena(AthenaRead),
    Glue(GlueRead),
    Organizations(OrganizationsRead),
}
