//! A stranger with the means of the operator: brings AWS to what some other manifest declares, behind the operator's back.
//!
//! It is the engine itself, as mallory: to the operator these are somebody else's writes.

use super::world::{REGION, World};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};
use tokio::runtime::Runtime;
use trailkeeper::api::aws_account::Partition;
use trailkeeper::api::log_archive::EncryptionType;
use trailkeeper::api::{AwsAccountSpec, AwsAccountStatus, EventDataStore, LogArchive, Trail};
use trailkeeper::aws::{BaseCredentials, Cloud, Session};
use trailkeeper::engine::{Produced, Subject, World as _, Writers, assess};
use trailkeeper::facets::context::{AccountFacts, Destination};

/// What the operator of the stage is called in ownership tags.
const INSTANCE: &str = "default";

/// Where strangers live: connections of the engine outlive the test that opened them, and its runtime.
fn away() -> &'static Runtime {
    static AWAY: OnceLock<Runtime> = OnceLock::new();
    AWAY.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap())
}

impl World {
    /// Makes AWS as `manifest` declares, once, whatever the cluster says of the object of that name.
    pub async fn tamper(&self, manifest: &Value) {
        let session = self.session();
        let session = away().spawn(session).await.unwrap();
        // Whoever hurries waits for no limit of ours.
        let cloud = move || Cloud::new(&session, REGION, Arc::default());
        let subject = self.subject(manifest).await;
        let here = cloud();
        let found = away().spawn(async move { assess(&here, &subject).await }).await.unwrap();
        assert!(found.unknown().is_none() && found.refusal.is_none(), "{:?} {:?}", found.unknown(), found.refusal);
        assert!(!found.plan.is_empty(), "AWS is as {} declares", manifest["spec"]);
        if found.differences.iter().any(|difference| ["settings.bucket", "settings.keyPrefix"].contains(&difference.path.as_str())) {
            self.open_the_way(manifest).await;
        }
        let writes = async move {
            let mut produced = Produced::default();
            for planned in found.plan {
                cloud().execute(&planned.step, &mut produced).await.map_err(|failure| format!("{}: {failure}", planned.step.action()))?;
            }
            Ok::<_, String>(())
        };
        away().spawn(writes).await.unwrap().unwrap_or_else(|failure| panic!("{failure}"));
    }

    fn session(&self) -> impl Future<Output = Session> + use<> {
        let spec: AwsAccountSpec = serde_json::from_value(self.account_manifest()["spec"].clone()).unwrap();
        let mallory = BaseCredentials::Static {
            access_key_id: format!("{}-mallory", self.account),
            secret_access_key: "any".to_owned(),
            session_token: None,
        };
        async move { Session::open(&spec, mallory).await.unwrap() }
    }

    /// The object with what its status knows, and the spec of `manifest`.
    async fn as_declared<K: serde::de::DeserializeOwned>(&self, manifest: &Value) -> K {
        let (kind, name) = (manifest["kind"].as_str().unwrap(), manifest["metadata"]["name"].as_str().unwrap());
        let mut object = serde_json::to_value(self.get(kind, name).await).unwrap();
        object["spec"] = manifest["spec"].clone();
        serde_json::from_value(object).unwrap()
    }

    async fn subject(&self, manifest: &Value) -> Subject {
        let account = self.get("AwsAccount", &self.account_name()).await;
        let status: AwsAccountStatus = serde_json::from_value(account.data["status"].clone()).unwrap();
        let account = AccountFacts {
            id: self.account.clone(),
            partition: Partition::Aws,
            organization: status.organization.map(|found| found.organization),
            regions: status.regions,
        };
        match manifest["kind"].as_str().unwrap() {
            "Trail" => {
                let trail: Trail = self.as_declared(manifest).await;
                let destination = self.destination(&trail).await;
                Subject::trail(&trail, &account, destination, INSTANCE)
            }
            "LogArchive" => {
                let archive: LogArchive = self.as_declared(manifest).await;
                let current = archive.status.clone().unwrap_or_default().writers;
                Subject::log_archive(&archive, &account, &Writers { current, gone: Vec::new() }, INSTANCE)
            }
            _ => Subject::event_data_store(&self.as_declared::<EventDataStore>(manifest).await, &account, INSTANCE),
        }
    }

    async fn destination(&self, trail: &Trail) -> Destination {
        if let Some(bucket) = &trail.spec.bucket {
            return Destination { bucket: bucket.name.clone(), kms_key: bucket.kms_key.clone().unwrap_or_default() };
        }
        let archive = self.get("LogArchive", &trail.spec.archive_ref.as_ref().unwrap().name).await;
        let archive: LogArchive = serde_json::from_value(serde_json::to_value(archive).unwrap()).unwrap();
        let kms_key = match archive.spec.encryption.kind {
            EncryptionType::S3Managed => String::new(),
            EncryptionType::ExistingKey | EncryptionType::OwnKey => archive.status.unwrap_or_default().kms_key_arn.unwrap(),
        };
        Destination { bucket: archive.spec.bucket_name, kms_key }
    }

    /// CloudTrail asks the policies of bucket and key before it takes a trail there: who moves one opens them first.
    async fn open_the_way(&self, manifest: &Value) {
        let to = self.destination(&self.as_declared(manifest).await).await;
        self.open_bucket(&to.bucket).await;
        if to.kms_key.contains(":key/") {
            self.kms.put_key_policy().key_id(&to.kms_key).policy(self.open_key_policy()).send().await.unwrap();
        }
    }

    /// A policy that lets CloudTrail use a key for every trail of the account, and CloudWatch Logs for every group, limited as its
    /// user guide says ("Encrypt log data using AWS KMS").
    pub fn open_key_policy(&self) -> String {
        let account = &self.account;
        let groups = json!({ "ArnLike": { "kms:EncryptionContext:aws:logs:arn": format!("arn:aws:logs:{REGION}:{account}:log-group:*") } });
        let logs = format!("logs.{REGION}.amazonaws.com");
        let statements = json!([
            { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{account}:root") }, "Action": "kms:*", "Resource": "*" },
            { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "kms:*", "Resource": "*" },
            { "Effect": "Allow", "Principal": { "Service": logs }, "Action": "kms:*", "Resource": "*", "Condition": groups },
        ]);
        json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
    }
}
