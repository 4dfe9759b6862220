//! S3: the smaller settings of a bucket.

use super::Cloud;
use super::s3::configured;
use crate::facets::observed::{Answer, Failure, Reading};
use crate::facets::request_payment::RequestPaymentState;
use aws_sdk_s3::types as sdk;

impl Cloud {
    pub(super) async fn bucket_request_payment(&self, bucket: &str) -> Answer {
        let request = self.s3.get_bucket_request_payment().bucket(bucket).expected_bucket_owner(&self.account);
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
            .expected_bucket_owner(&self.account)
            .request_payment_configuration(configuration);
        self.call(operation, bucket, request.send()).await.map(drop)
    }
}
