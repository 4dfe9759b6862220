//! A key that encrypts log files, whoever keeps it: by ARN, in the form of the facets of a key of ours.

use super::super::Cloud;
use super::super::kms::found;
use super::region_of;
use crate::engine::World;
use crate::facets::key::Key;
use crate::facets::key_policy::KeyPolicy;
use crate::facets::key_rotation::KeyRotation;
use crate::facets::observed::{Observed, Reading, Seen};
use crate::facets::tags::Tags;
use crate::facets::{Facet, read};

impl Cloud {
    /// Reads the key and puts it beside what was seen of the bucket.
    pub async fn look_at_key(&self, arn: &str, seen: &mut Seen) {
        let there = self.at(region_of(arn));
        let described = there.describe_key(arn).await;
        let (policy, rotation) = match &described {
            Ok(Some(_)) => (
                there.read(&read::Read::Kms(read::KmsRead::KeyPolicy { key: arn.to_owned() })).await,
                there.read(&read::Read::Kms(read::KmsRead::KeyRotation { key: arn.to_owned() })).await,
            ),
            Ok(None) => (Observed::Absent, Observed::Absent),
            Err(failure) => (Observed::Unknown(failure.clone()), Observed::Unknown(failure.clone())),
        };
        let key = match described {
            Ok(Some(described)) => {
                let (state, facts) = found(&described, String::new(), Tags::new());
                Observed::Present(Reading::new(&state, &facts))
            }
            Ok(None) => Observed::Absent,
            Err(failure) => Observed::Unknown(failure),
        };
        seen.insert(Key::NAME, key);
        seen.insert(KeyPolicy::NAME, policy);
        seen.insert(KeyRotation::NAME, rotation);
    }
}
