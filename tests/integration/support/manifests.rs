//! The smallest manifests, and changes to them.

use super::stage::HOME;
use super::world::{REGION, World};
use serde_json::{Value, json};

/// The documents of a YAML text.
pub fn yaml(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

/// `manifest` with `spec` merged into its spec (JSON merge patch: null removes).
pub fn with(mut manifest: Value, spec: Value) -> Value {
    json_patch::merge(&mut manifest, &json!({ "spec": spec }));
    manifest
}

impl World {
    /// The Secret with the credentials of this world's account.
    pub fn secret(&self) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": self.account_name(), "namespace": HOME },
            "stringData": { "accessKeyId": self.account, "secretAccessKey": "any" },
        })
    }

    /// Name of the AwsAccount object: it is cluster-wide, so it is named after the account number.
    pub fn account_name(&self) -> String {
        format!("a{}", self.account)
    }

    pub fn account_manifest(&self) -> Value {
        json!({
            "apiVersion": "trailkeeper.dev/v1alpha1", "kind": "AwsAccount", "metadata": { "name": self.account_name() },
            "spec": {
                "accountId": self.account,
                "region": REGION,
                "credentials": { "secretRef": { "name": self.account_name(), "namespace": HOME } },
                "endpoints": { "all": self.endpoint() },
            },
        })
    }

    /// Bucket of the archive `name`.
    pub fn bucket(&self, name: &str) -> String {
        format!("{name}-{}", self.account)
    }

    /// ARN of the trail `name`.
    pub fn trail_arn(&self, name: &str) -> String {
        format!("arn:aws:cloudtrail:{REGION}:{}:trail/{name}", self.account)
    }

    pub fn archive_manifest(&self, name: &str) -> Value {
        json!({
            "apiVersion": "trailkeeper.dev/v1alpha1", "kind": "LogArchive",
            "metadata": { "name": name, "namespace": self.namespace },
            "spec": { "accountRef": { "name": self.account_name() }, "region": REGION, "bucketName": self.bucket(name) },
        })
    }

    /// An event data store of CloudTrail Lake, in an account that must be a customer of Lake.
    pub fn store_manifest(&self, name: &str) -> Value {
        json!({
            "apiVersion": "trailkeeper.dev/v1alpha1", "kind": "EventDataStore",
            "metadata": { "name": name, "namespace": self.namespace },
            "spec": { "accountRef": { "name": self.account_name() }, "region": REGION },
        })
    }

    pub fn trail_manifest(&self, name: &str, archive: &str) -> Value {
        json!({
            "apiVersion": "trailkeeper.dev/v1alpha1", "kind": "Trail",
            "metadata": { "name": name, "namespace": self.namespace },
            "spec": { "accountRef": { "name": self.account_name() }, "region": REGION, "archiveRef": { "name": archive } },
        })
    }
}
