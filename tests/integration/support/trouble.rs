//! What makes trouble for the operator, and what it says then: faults of the simulation, the `aws` command line as
//! another hand in the account, objects that are not Ready.

use super::objects::condition;
use super::world::{REGION, World};
use anyhow::{anyhow, ensure};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use kube::api::DynamicObject;
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;
use trailkeeper_lab::wait_for;
use trailkeeper_sim::faults::{FaultKind, FaultRule};

const SOON: Duration = Duration::from_secs(240);

impl World {
    /// A fault for the operator's calls in this account; absent `count`: until cleared.
    pub async fn fault(&self, service: &str, operation: &str, kind: FaultKind, count: Option<u64>) {
        let rule = FaultRule {
            service: service.to_owned(),
            operation: operation.to_owned(),
            account: Some(self.account.clone()),
            region: None,
            principal: Some("*:user/admin".to_owned()),
            kind,
            count,
        };
        self.control.add_fault(&rule).await.unwrap();
    }

    /// Denies `service:operation` to the operator, in this account, until cleared.
    pub async fn deny(&self, service: &str, operation: &str) {
        self.fault(service, operation, FaultKind::Deny, None).await;
    }

    /// Ends the faults of this account.
    pub async fn clear_faults(&self) {
        self.control.clear_faults_of(&self.account).await.unwrap();
    }

    /// Calls that the faults of this account may still hit; none once they are used up.
    pub async fn faults_left(&self) -> Option<u64> {
        let rules = self.control.faults().await.unwrap();
        rules.into_iter().find(|rule| rule.account.as_deref() == Some(self.account.as_str())).and_then(|rule| rule.count)
    }

    /// Waits until the object is not Ready for `reason`, and its message has `words`.
    pub async fn wait_unready(&self, kind: &str, name: &str, reason: &str, words: &str) -> DynamicObject {
        self.wait(kind, name, &format!("to be unready for {reason}"), |object| unready(object, reason, words)).await
    }

    /// Asks for passes until the object is not Ready for `reason`. One alone may not see a change of seconds ago: the
    /// operator shares what it reads between the trails of an account.
    pub async fn pass_until_unready(&self, kind: &str, name: &str, reason: &str, words: &str) {
        let attempt = async || unready(&self.request_pass(kind, name).await, reason, words);
        let what = format!("{kind} {name} to be unready for {reason}");
        wait_for(&what, SOON, attempt).await.unwrap_or_else(|error| panic!("{error:#}"));
    }

    /// Asks for passes until the object is Ready.
    pub async fn pass_until_ready(&self, kind: &str, name: &str) {
        let attempt = async || {
            let object = self.request_pass(kind, name).await;
            let (status, reason, message) = condition(&object, "Ready").ok_or_else(|| anyhow!("no condition Ready"))?;
            ensure!(status == "True", "Ready is {status}: {reason}: {message}");
            Ok(())
        };
        wait_for(&format!("{kind} {name} to be Ready"), SOON, attempt).await.unwrap_or_else(|error| panic!("{error:#}"));
    }

    /// The official command line as mallory of this account. Blocks; answers its JSON.
    pub fn aws(&self, arguments: &[&str]) -> Value {
        self.aws_in(REGION, arguments)
    }

    /// The same in another Region.
    pub fn aws_in(&self, region: &str, arguments: &[&str]) -> Value {
        let lab = &self.stage.lab;
        let mut command: Command = lab.command(&lab.tools().join("venv/bin/aws"));
        // Named as an argument: of SQS the command line takes it in no other way.
        command.args(arguments).args(["--region", region, "--output", "json", "--endpoint-url", &self.endpoint()]);
        command.env("AWS_ACCESS_KEY_ID", format!("{}-mallory", self.account)).env("AWS_SECRET_ACCESS_KEY", "any");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// Makes a bucket that is not the operator's.
    pub async fn create_bucket(&self, bucket: &str) {
        let here = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(REGION)).build();
        self.s3.create_bucket().bucket(bucket).create_bucket_configuration(here).send().await.unwrap();
    }

    /// Lets every trail of this account write to a bucket, under any prefix.
    pub async fn open_bucket(&self, bucket: &str) {
        let statement = |action: &str, resource: String| {
            json!({ "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": action, "Resource": resource,
                    "Condition": { "StringEquals": { "aws:SourceAccount": self.account } } })
        };
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            statement("s3:GetBucketAcl", format!("arn:aws:s3:::{bucket}")),
            statement("s3:PutObject", format!("arn:aws:s3:::{bucket}/*")),
        ] });
        self.s3.put_bucket_policy().bucket(bucket).policy(policy.to_string()).send().await.unwrap();
    }

    /// A trail that delivers to a bucket that somebody else keeps.
    pub fn external_trail(&self, name: &str, bucket: Value) -> Value {
        let mut manifest = self.trail_manifest(name, "");
        json_patch::merge(&mut manifest, &json!({ "spec": { "archiveRef": null, "bucket": bucket } }));
        manifest
    }
}

fn unready(object: &DynamicObject, reason: &str, words: &str) -> anyhow::Result<()> {
    let (status, is, message) = condition(object, "Ready").ok_or_else(|| anyhow!("no condition Ready"))?;
    ensure!(status == "False" && is == reason, "Ready is {status}: {is}: {message}");
    ensure!(message.contains(words), "the message lacks {words:?}: {message}");
    Ok(())
}
