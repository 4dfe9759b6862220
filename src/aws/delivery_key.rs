//! The key of a bucket that somebody else keeps: what it is, where, and whether its policy lets CloudTrail in. Reads only.

use super::Cloud;
use crate::facets::delivery_key::{DeliveryKeyFacts, DeliveryKeyState, lets_cloudtrail_encrypt};
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::policy_document::Statements;
use aws_sdk_kms::types as sdk;

impl Cloud {
    /// An id or an alias is one of this account's, in the trail's home Region: so CloudTrail takes it.
    pub(super) async fn delivery_key(&self, key: &str, bucket: &str, trail: &str) -> Answer {
        let there = self.at(region_of(key).unwrap_or(&self.region));
        let bucket_region = self.region_of_bucket(bucket).await;
        let described = match there.describe_key(key).await {
            Ok(Some(described)) => described,
            Ok(None) => return Observed::Absent,
            // Another account's key may be closed to us and open to CloudTrail all the same.
            Err(failure) if failure.class == ErrorClass::Denied && !self.owns_key(key) => {
                let state = DeliveryKeyState { region: there.region.clone(), ..DeliveryKeyState::default() };
                // Behind an alias is nobody knows which key.
                let arn = if key.contains(":key/") { key.to_owned() } else { String::new() };
                return Observed::Present(Reading::new(&state, &DeliveryKeyFacts { arn, bucket_region }));
            }
            Err(failure) => return Observed::Unknown(failure),
        };
        let arn = described.arn().unwrap_or_default().to_owned();
        let pending = matches!(described.key_state(), Some(sdk::KeyState::PendingDeletion | sdk::KeyState::PendingReplicaDeletion));
        let encrypts_for_trail = match there.key_lets_in(&arn, trail).await {
            Ok(verdict) => verdict,
            Err(failure) => return Observed::Unknown(failure),
        };
        let state = DeliveryKeyState {
            // A key that waits for its deletion is not enabled: that is one complaint, not two.
            enabled: Some(described.enabled || pending),
            pending_deletion: Some(pending),
            region: region_of(&arn).unwrap_or_default().to_owned(),
            encrypts_for_trail,
        };
        Observed::Present(Reading::new(&state, &DeliveryKeyFacts { arn, bucket_region }))
    }

    /// None for another account's key: KMS gives its policy to nobody from outside.
    async fn key_lets_in(&self, arn: &str, trail: &str) -> Result<Option<bool>, Failure> {
        if !self.owns_key(arn) {
            return Ok(None);
        }
        let operation = "kms:GetKeyPolicy";
        let answer = self.call(operation, arn, self.kms.get_key_policy().key_id(arn).policy_name("default").send()).await?;
        let policy =
            Statements::parse(answer.policy.as_deref().unwrap_or("{}")).map_err(|error| self.unbuildable(operation, arn, &error))?;
        Ok(Some(lets_cloudtrail_encrypt(&policy, trail)))
    }

    /// Whether a key is this account's. An id or an alias always is.
    fn owns_key(&self, key: &str) -> bool {
        !key.starts_with("arn:") || key.split(':').nth(4) == Some(self.account.as_str())
    }

    /// Where a bucket is. S3 tells even those whom it refuses; where it does not, nothing is said about the Region.
    pub async fn region_of_bucket(&self, bucket: &str) -> Option<String> {
        self.shared.limits.turn(&self.account, &self.region, "s3:ListBucket").await;
        match self.s3.head_bucket().bucket(bucket).send().await {
            Ok(head) => head.bucket_region,
            Err(refused) => refused.raw_response().and_then(|answer| answer.headers().get("x-amz-bucket-region")).map(str::to_owned),
        }
    }
}

/// The Region in a key's or an alias's ARN.
fn region_of(key: &str) -> Option<&str> {
    key.strip_prefix("arn:")?.split(':').nth(2)
}
