//! Residency: whether a Trail's logs would rest outside the Regions that its spec allows. Pure: the cluster and the command
//! line both ask here, before anything is written.

use crate::api::log_archive::EncryptionType;
use crate::api::{LogArchive, TrailSpec};
use kube::ResourceExt;

/// What rests outside, and where. `archive` is the one that the trail refers to.
pub fn outside(trail: &TrailSpec, archive: Option<&LogArchive>) -> Option<String> {
    let allowed = &trail.residency.as_ref()?.allowed_regions;
    let (what, region) = places(archive?).into_iter().find(|(_, region)| !allowed.contains(region))?;
    Some(format!("spec.residency.allowedRegions is {}, and the {what} is in {region}: nothing is written", allowed.join(", ")))
}

/// Where an archive's bucket and key rest. A key of its own is where the bucket is.
fn places(archive: &LogArchive) -> Vec<(String, String)> {
    let name = format!("LogArchive {}/{}", archive.namespace().unwrap_or_else(|| "default".to_owned()), archive.name_any());
    let encryption = &archive.spec.encryption;
    let given = encryption.existing_key_arn.as_deref().filter(|_| encryption.kind == EncryptionType::ExistingKey);
    let key = given.and_then(|arn| arn.split(':').nth(3)).map(|region| (format!("key of {name}"), region.to_owned()));
    std::iter::once((format!("bucket of {name}"), archive.spec.region.clone())).chain(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(encryption: &str) -> LogArchive {
        serde_saphyr::from_str(&format!(
            "{{apiVersion: trailkeeper.dev/v1alpha1, kind: LogArchive, metadata: {{name: logs, namespace: a}}, spec: {{accountRef: {{name: x}}, region: eu-west-1, bucketName: some-logs{encryption}}}}}"
        ))
        .unwrap()
    }

    fn trail(more: &str) -> TrailSpec {
        serde_saphyr::from_str(&format!("{{accountRef: {{name: x}}, region: eu-west-1{more}}}")).unwrap()
    }

    #[test]
    fn what_rests_outside_is_named_with_both_regions() {
        let key = ", encryption: {type: ExistingKey, existingKeyArn: 'arn:aws:kms:us-east-1:111111111111:key/k'}";
        let only = |region: &str| format!(", residency: {{allowedRegions: [{region}]}}");
        // (trail, archive, words)
        let table = [
            (trail(""), Some(archive(key)), None),
            (trail(&only("eu-west-1")), Some(archive("")), None),
            (trail(&only("eu-west-1, us-east-1")), Some(archive(key)), None),
            (trail(&only("eu-central-1")), Some(archive("")), Some("is eu-central-1, and the bucket of LogArchive a/logs is in eu-west-1")),
            (trail(&only("eu-west-1")), Some(archive(key)), Some("is eu-west-1, and the key of LogArchive a/logs is in us-east-1")),
            (trail(&format!("{}, bucket: {{name: theirs}}", only("eu-west-1"))), None, None),
        ];
        for (trail, archive, words) in table {
            let told = outside(&trail, archive.as_ref());
            assert!(told.as_deref().unwrap_or_default().contains(words.unwrap_or_default()), "{told:?} lacks {words:?}");
            assert_eq!(told.is_some(), words.is_some(), "{told:?}");
        }
    }
}
