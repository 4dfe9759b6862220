//! The operator under exactly the policy that `trailkeeper iam-policy` prints, judged by somebody else's IAM; and without
//! each of its permissions in turn.

mod climb;
mod everything;
mod tamper;

use crate::support::World;
use crate::support::manifests::with;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;
use trailkeeper_lab::wait_for;

const ROLE: &str = "trailkeeper";

const SOON: Duration = Duration::from_secs(240);

/// What the policy is for, in one account.
struct Declared {
    world: World,
    account: Value,
    objects: Vec<Value>,
}

impl Declared {
    /// Nothing is applied yet: first comes the role, whose name the account names.
    async fn new(topic: &str, archive: Value, trail: Value) -> Self {
        let world = World::new(topic).await;
        let role = format!("arn:aws:iam::{}:role/{ROLE}", world.account);
        let credentials =
            json!({ "secretRef": world.account_manifest()["spec"]["credentials"]["secretRef"], "assumeRoles": [{ "roleArn": role }] });
        let account = with(world.account_manifest(), json!({ "credentials": credentials }));
        let objects = vec![with(world.archive_manifest("logs"), archive), with(world.trail_manifest("audit", "logs"), trail)];
        Self { world, account, objects }
    }

    /// What `iam-policy` prints for it.
    fn policy(&self, identity: &str) -> Value {
        let text: Vec<String> =
            std::iter::once(&self.account).chain([&self.world.secret()]).chain(&self.objects).map(Value::to_string).collect();
        let mut child = Command::new(env!("CARGO_BIN_EXE_trailkeeper"))
            .args(["iam-policy", "--identity", identity, "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.join("\n---\n").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Gives the role this policy, and holds it to it from now on.
    async fn grant(&self, policy: &Value) {
        let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "AWS": self.world.account }, "Action": "sts:AssumeRole" } });
        self.world.iam().create_role().role_name(ROLE).assume_role_policy_document(trust.to_string()).send().await.unwrap();
        self.put(policy).await;
        self.world.control.enforce(&format!("arn:aws:iam::{}:role/{ROLE}", self.world.account)).await.unwrap();
    }

    async fn put(&self, policy: &Value) {
        self.world.iam().put_role_policy().role_name(ROLE).policy_name("all").policy_document(policy.to_string()).send().await.unwrap();
    }

    async fn apply(&self) {
        for manifest in std::iter::once(&self.account).chain(&self.objects) {
            self.world.apply(manifest).await;
        }
    }

    async fn wait_ready(&self) {
        self.world.wait_ready("LogArchive", "logs").await;
        self.world.wait_ready("Trail", "audit").await;
    }

    /// What the action creates is gone, or was never made.
    async fn tamper_for(&self, action: &str) {
        let alias = format!("alias/trailkeeper/{}", self.world.bucket("logs"));
        match action {
            "kms:CreateAlias" | "kms:ListKeys" => drop(self.world.kms.delete_alias().alias_name(alias).send().await.unwrap()),
            "kms:UpdateAlias" => {
                let other = self.world.kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
                self.world.kms.update_alias().alias_name(alias).target_key_id(other).send().await.unwrap();
            }
            "cloudtrail:CreateTrail" => {
                drop(self.world.cloudtrail.delete_trail().name(self.world.trail_arn("audit")).send().await.unwrap())
            }
            "cloudtrail:LookupEvents" => {
                drop(self.world.cloudtrail.stop_logging().name(self.world.trail_arn("audit")).send().await.unwrap())
            }
            "s3:PutReplicationConfiguration" => self.world.replicate().await,
            _ if action.starts_with("cloudtrail:") => self.world.tamper_with_trail().await,
            _ if action.starts_with("s3:") => self.world.tamper_with_bucket().await,
            _ => self.world.tamper_with_key().await,
        }
    }

    /// Passes until somebody's condition, or a gap in the evidence, names the action.
    async fn names(&self, action: &str) -> Result<()> {
        let attempt = async || {
            let mut told = Vec::new();
            for (kind, name) in [("LogArchive", "logs"), ("Trail", "audit")] {
                self.world.request_pass(kind, name).await;
                let object = self.world.get(kind, name).await;
                let conditions = object.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
                told.extend(conditions.iter().map(|condition| condition["message"].as_str().unwrap().to_owned()));
                let gaps = object.data["status"]["gaps"].as_array().cloned().unwrap_or_default();
                told.extend(gaps.iter().filter_map(|gap| gap["byUnknown"]["message"].as_str()).map(str::to_owned));
            }
            ensure!(told.iter().any(|message| message.contains(action)), "nobody names {action}: {told:#?}");
            Ok(())
        };
        wait_for(&format!("{action} to be named"), SOON, attempt).await
    }

    /// Passes until everything is in force again.
    async fn recovers(&self) {
        for (kind, name) in [("LogArchive", "logs"), ("Trail", "audit")] {
            self.world.pass_until_ready(kind, name).await;
        }
    }
}

fn tagged() -> Value {
    json!({ "tags": { "team": "security" } })
}

/// With data events, so that aggregation is looked at too.
fn tagged_with_data() -> Value {
    json!({ "tags": { "team": "security" }, "events": { "data": [{ "resourceType": "AWS::S3::Object" }] } })
}

fn actions(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap();
    statements
        .iter()
        .flat_map(|statement| statement["Action"].as_array().unwrap())
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

fn without(policy: &Value, action: &str) -> Value {
    let mut less = policy.clone();
    for statement in less["Statement"].as_array_mut().unwrap() {
        statement["Action"].as_array_mut().unwrap().retain(|other| other != action);
    }
    less["Statement"].as_array_mut().unwrap().retain(|statement| statement["Action"].as_array().is_some_and(|actions| !actions.is_empty()));
    less
}

#[tokio::test]
async fn the_printed_policy_is_enough_to_create_and_to_repair() {
    let declared = Declared::new("enough", tagged(), tagged_with_data()).await;
    declared.grant(&declared.policy("reconcile")).await;
    declared.apply().await;
    declared.wait_ready().await;
    // CloudTrail looks at bucket and key when the trail is updated: they go last.
    declared.world.tamper_with_trail().await;
    declared.world.tamper_with_bucket().await;
    declared.world.tamper_with_key().await;
    declared.recovers().await;
}

#[tokio::test]
async fn the_observer_sees_everything_and_can_write_nothing() {
    let declared = Declared::new("observer", tagged(), tagged_with_data()).await;
    declared.grant(&declared.policy("reconcile")).await;
    declared.apply().await;
    declared.wait_ready().await;
    declared.put(&declared.policy("observe")).await;
    declared.world.cloudtrail.stop_logging().name(declared.world.trail_arn("audit")).send().await.unwrap();
    for (kind, name) in [("LogArchive", "logs"), ("Trail", "audit")] {
        declared.world.patch_spec(kind, name, json!({ "mode": "Observe" })).await;
    }
    declared.world.wait_condition("Trail", "audit", "Drifted", "True").await;
    declared.world.wait_ready("LogArchive", "logs").await;
}

/// Each of the permissions of one service is taken away in turn, while there is something to repair: whoever lacks it is
/// told its name, and with it back everything recovers.
async fn missing_ones_are_named(service: &str) {
    let declared = Declared::new(service, tagged(), tagged_with_data()).await;
    let policy = declared.policy("reconcile");
    declared.grant(&policy).await;
    declared.apply().await;
    declared.wait_ready().await;
    let of_service: Vec<_> = actions(&policy).into_iter().filter(|action| action.starts_with(&format!("{service}:"))).collect();
    assert!(of_service.len() > 5, "{of_service:?}");
    // The bucket is there and full of evidence: what lacks CreateBucket is shown below. What the account asks for, its climb shows.
    for action in of_service.iter().filter(|action| !CREATING.contains(&action.as_str()) && *action != OF_THE_ACCOUNT) {
        declared.put(&without(&policy, action)).await;
        declared.tamper_for(action).await;
        declared.names(action).await.unwrap();
        declared.put(&policy).await;
        declared.recovers().await;
    }
}

#[tokio::test]
async fn a_missing_permission_on_the_trail_is_named() {
    missing_ones_are_named("cloudtrail").await;
}

#[tokio::test]
async fn a_missing_permission_on_the_bucket_is_named() {
    missing_ones_are_named("s3").await;
}

#[tokio::test]
async fn a_missing_permission_on_the_key_is_named() {
    missing_ones_are_named("kms").await;
}

/// Neither archive nor trail needs it.
const OF_THE_ACCOUNT: &str = "s3:GetAccountPublicAccessBlock";

/// What is needed once, to begin with.
const CREATING: [&str; 3] = ["s3:CreateBucket", "s3:TagResource", "kms:CreateKey"];

#[tokio::test]
async fn a_missing_permission_to_create_is_named() {
    for action in CREATING {
        let declared = Declared::new("beginning", tagged(), tagged_with_data()).await;
        let policy = declared.policy("reconcile");
        declared.grant(&without(&policy, action)).await;
        declared.apply().await;
        declared.names(action).await.unwrap();
        declared.put(&policy).await;
        declared.recovers().await;
    }
}
