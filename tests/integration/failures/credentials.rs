//! The wrong account, and roles that are assumed one after the other.

use crate::support::World;
use crate::support::manifests::with;
use serde_json::{Value, json};

/// The documents of everything, with credentials of another account.
async fn apply_all(world: &World) {
    for manifest in [world.account_manifest(), world.archive_manifest("logs"), world.trail_manifest("audit", "logs")] {
        world.apply(&manifest).await;
    }
}

#[tokio::test]
async fn credentials_of_another_account_write_nothing_anywhere() {
    let (declared, actual) = tokio::join!(World::new("wrong"), World::new("actual"));
    let secret = |key: &str| {
        let mut secret = declared.secret();
        secret["stringData"]["accessKeyId"] = json!(key);
        secret
    };
    declared.apply(&secret(&actual.account)).await;
    apply_all(&declared).await;
    let name = declared.account_name();
    declared.wait_stalled("AwsAccount", &name, "WrongAccount").await;
    declared.wait_event("AwsAccount", &name, "Refused", &[&declared.account, &actual.account]).await;
    declared.wait_unready("LogArchive", "logs", "WrongAccount", "nothing is written").await;
    declared.wait_unready("Trail", "audit", "WaitingForArchive", "does not let this trail in yet").await;
    declared.request_pass("Trail", "audit").await;
    assert_eq!(declared.calls(0).await.len(), 0, "no call is made in the declared account");
    assert_eq!(actual.writes(0).await, [] as [&str; 0], "no write is made in the account of the credentials");

    declared.apply(&secret(&declared.account)).await;
    declared.request_pass("AwsAccount", &name).await;
    declared.wait_ready("Trail", "audit").await;
    assert_eq!(actual.writes(0).await, [] as [&str; 0]);
}

/// A role that `principal` may assume with this external id.
fn create_role(world: &World, name: &str, principal: &str, external_id: &str) -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole",
        "Condition": { "StringEquals": { "sts:ExternalId": external_id } } } });
    let created = world.aws(&["iam", "create-role", "--role-name", name, "--assume-role-policy-document", &trust.to_string()]);
    created["Role"]["Arn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_chain_of_roles_with_external_ids_reaches_the_account() {
    let (hub, target) = tokio::join!(World::new("hub"), World::new("target"));
    let first = create_role(&hub, "hub", &format!("arn:aws:iam::{}:user/admin", hub.account), "first-id");
    let second = create_role(&target, "trailkeeper", &first, "second-id");
    let account = |roles: Value| {
        let credentials = json!({ "secretRef": { "name": hub.account_name() }, "assumeRoles": roles });
        with(target.account_manifest(), json!({ "credentials": credentials }))
    };
    let role = |arn: &str, id: Option<&str>| json!({ "roleArn": arn, "externalId": id });
    let name = target.account_name();
    let without = |arn: &str| json!({ "roleArn": arn });
    target.apply(&account(json!([role(&first, Some("first-id")), without(&second)]))).await;
    target.apply(&target.archive_manifest("logs")).await;
    target.apply(&target.trail_manifest("audit", "logs")).await;
    target.wait_unready("AwsAccount", &name, "CredentialsInvalid", "sts:AssumeRole").await;
    target.wait_unready("AwsAccount", &name, "CredentialsInvalid", &second).await;
    target.wait_unready("LogArchive", "logs", "AccountNotReady", "their external ids").await;
    for roles in [
        json!([role(&first, Some("first-id")), role(&second, Some("wrong"))]),
        json!([role(&first, Some("wrong")), role(&second, Some("second-id"))]),
        json!([role(&second, Some("second-id"))]),
    ] {
        target.apply(&account(roles)).await;
        target.wait_condition("AwsAccount", &name, "Ready", "False").await;
        target.wait_unready("AwsAccount", &name, "CredentialsInvalid", "sts:AssumeRole").await;
    }
    assert!(target.control.trails(&target.account).await.unwrap().is_empty());

    target.apply(&account(json!([role(&first, Some("first-id")), role(&second, Some("second-id"))]))).await;
    let verified = target.wait_ready("AwsAccount", &name).await;
    let caller = verified.data["status"]["callerArn"].as_str().unwrap().to_owned();
    assert!(caller.starts_with(&format!("arn:aws:sts::{}:assumed-role/trailkeeper/", target.account)), "{caller}");
    target.wait_ready("Trail", "audit").await;
    assert_eq!(hub.writes(0).await, [] as [&str; 0], "the hub is only passed through");
}
