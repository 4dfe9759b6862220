//! S3: the smaller settings of a bucket.

use super::Cloud;
use super::s3::configured;
use crate::facets::access_logging::AccessLoggingState;
use crate::facets::object_lock::ObjectLockState;
use crate::facets::observed::{Answer, Failure, Reading};
use crate::facets::request_payment::RequestPaymentState;
use aws_sdk_s3::types as sdk;

impl Cloud {
    pub(super) async fn bucket_request_payment(&self, bucket: &str) -> Answer {
        let request = self.s3.get_bucket_request_payment().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        let result = self.call("s3:GetBucketRequestPayment", bucket, request.send()).await;
        configured(result, Reading::default(), |answer| {
            Reading::state(&RequestPaymentState { payer: answer.payer.map(|payer| payer.as_str().to_owned()).unwrap_or_default() })
        })
    }

    pub(super) async fn put_bucket_request_payment(&self, bucket: &str, payer: &str) -> Result<(), Failure> {
        let operation = "s3:PutBucketRequestPayment";
        let configuration = sdk::RequestPaymentConfiguration::builder().payer(payer.into()).build();
        let configuration = configuration.map_err(|error| self.unbuildable(operation, bucket, &error))?;
        let request = self
            .s3
            .put_bucket_request_payment()
            .bucket(bucket)
            .expected_bucket_owner(&self.bucket_owner)
            .request_payment_configuration(configuration);
        self.call(operation, bucket, request.send()).await.map(drop)
    }

    pub(super) async fn bucket_object_lock(&self, bucket: &str) -> Answer {
        let request = self.s3.get_object_lock_configuration().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        let result = self.call("s3:GetBucketObjectLockConfiguration", bucket, request.send()).await;
        configured(result, Reading::state(&ObjectLockState::default()), |answer| {
            let configuration = answer.object_lock_configuration;
            let retention = configuration.as_ref().and_then(|lock| lock.rule.as_ref()).and_then(|rule| rule.default_retention.as_ref());
            Reading::state(&ObjectLockState {
                enabled: configuration.as_ref().is_some_and(|lock| lock.object_lock_enabled == Some(sdk::ObjectLockEnabled::Enabled)),
                mode: retention.and_then(|retention| retention.mode.as_ref()).map(|mode| mode.as_str().to_owned()).unwrap_or_default(),
                days: retention.and_then(|retention| retention.days),
                years: retention.and_then(|retention| retention.years),
            })
        })
    }

    pub(super) async fn put_object_lock(&self, bucket: &str, mode: &str, days: Option<i32>, years: Option<i32>) -> Result<(), Failure> {
        let retention = sdk::DefaultRetention::builder().mode(mode.into()).set_days(days).set_years(years).build();
        let configuration = sdk::ObjectLockConfiguration::builder()
            .object_lock_enabled(sdk::ObjectLockEnabled::Enabled)
            .rule(sdk::ObjectLockRule::builder().default_retention(retention).build())
            .build();
        let request = self
            .s3
            .put_object_lock_configuration()
            .bucket(bucket)
            .expected_bucket_owner(&self.bucket_owner)
            .object_lock_configuration(configuration);
        self.call("s3:PutBucketObjectLockConfiguration", bucket, request.send()).await.map(drop)
    }

    pub(super) async fn bucket_logging(&self, bucket: &str) -> Answer {
        let request = self.s3.get_bucket_logging().bucket(bucket).expected_bucket_owner(&self.bucket_owner);
        let result = self.call("s3:GetBucketLogging", bucket, request.send()).await;
        configured(result, Reading::state(&AccessLoggingState::default()), |answer| {
            let logging = answer.logging_enabled;
            let state = logging.map(|logging| AccessLoggingState { bucket: logging.target_bucket, prefix: logging.target_prefix });
            Reading::state(&state.unwrap_or_default())
        })
    }

    /// Without a target: off.
    pub(super) async fn put_bucket_logging(&self, bucket: &str, target: &str, prefix: &str) -> Result<(), Failure> {
        let operation = "s3:PutBucketLogging";
        let logging = sdk::LoggingEnabled::builder().target_bucket(target).target_prefix(prefix).build();
        let logging = logging.map_err(|error| self.unbuildable(operation, bucket, &error))?;
        let status = sdk::BucketLoggingStatus::builder().set_logging_enabled((!target.is_empty()).then_some(logging)).build();
        let request = self.s3.put_bucket_logging().bucket(bucket).expected_bucket_owner(&self.bucket_owner).bucket_logging_status(status);
        self.call(operation, bucket, request.send()).await.map(drop)
    }
}
