//! Readers read, and nobody else does.

use crate::support::World;
use crate::support::manifests::with;
use serde_json::{Value, json};

fn roles_of(archive: &kube::api::DynamicObject) -> Value {
    archive.data["status"]["handOver"]["readers"].clone()
}

#[tokio::test]
async fn another_account_reads_what_it_was_given_and_no_more() {
    let (home, auditor) = tokio::join!(World::ready("read-home"), World::with_account("read-auditor"));
    home.control.deliver().await.unwrap();
    let bucket = home.bucket("logs");
    let ours = home.s3.list_objects_v2().bucket(&bucket).send().await.unwrap().contents.unwrap_or_default();
    let log = ours.iter().filter_map(|object| object.key()).find(|key| key.contains("/CloudTrail/")).expect("a log file").to_owned();
    assert!(auditor.s3.get_object().bucket(&bucket).key(&log).send().await.is_err(), "nobody let it in");
    let given = |prefix: &str| json!({ "readers": [{ "name": "auditors", "principal": auditor.account, "prefix": prefix }] });
    home.patch_spec("LogArchive", "logs", given("")).await;
    home.wait_ready("LogArchive", "logs").await;
    auditor.s3.get_object().bucket(&bucket).key(&log).send().await.unwrap();
    auditor.s3.list_objects_v2().bucket(&bucket).send().await.unwrap();
    home.patch_spec("LogArchive", "logs", given("elsewhere/")).await;
    home.wait_ready("LogArchive", "logs").await;
    assert!(auditor.s3.get_object().bucket(&bucket).key(&log).send().await.is_err(), "it is not below the prefix");
}

#[tokio::test]
async fn the_role_of_a_reader_is_put_back_as_it_was() {
    let world = World::with_account("reader-drift").await;
    let reader = json!({ "readers": [{ "name": "siem", "role": { "trustedPrincipal": "222233334444" } }] });
    world.apply(&with(world.archive_manifest("logs"), reader.clone())).await;
    let roles = roles_of(&world.wait_ready("LogArchive", "logs").await);
    let name = roles[0]["roleArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert!(roles[0]["externalId"].as_str().unwrap().starts_with("trailkeeper-"), "{roles}");

    let open = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "TrailkeeperReader", "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::666666666666:root" }, "Action": "sts:AssumeRole" }] });
    world.aws(&["iam", "update-assume-role-policy", "--role-name", &name, "--policy-document", &open.to_string()]);
    world.request_pass("LogArchive", "logs").await;
    world.wait_event("LogArchive", "logs", "DriftDetected", &["readerRoles.siem.trust", "222233334444", "666666666666"]).await;
    world.wait_event("LogArchive", "logs", "DriftCorrected", &["readerRoles.siem.trust"]).await;
    assert_eq!(roles_of(&world.wait_ready("LogArchive", "logs").await), roles);

    world.aws(&["iam", "delete-role-policy", "--role-name", &name, "--policy-name", "trailkeeper"]);
    world.request_pass("LogArchive", "logs").await;
    world.wait_event("LogArchive", "logs", "DriftCorrected", &["readerRoles.siem.policy"]).await;

    world.aws(&["iam", "untag-role", "--role-name", &name, "--tag-keys", "trailkeeper.dev/owner"]);
    world.request_pass("LogArchive", "logs").await;
    world.wait_event("LogArchive", "logs", "DriftCorrected", &["readerRoles.trailkeeper.dev/owner"]).await;
    world.wait_ready("LogArchive", "logs").await;
    let start = world.now().await;
    world.request_pass("LogArchive", "logs").await;
    assert_eq!(world.writes(start).await, [] as [&str; 0], "a second pass writes");

    // Who may not look does not know, and writes nothing.
    world.deny("iam", "GetRole").await;
    world.pass_until_unready("LogArchive", "logs", "AccessDenied", "iam:GetRole").await;
    assert_eq!(roles_of(&world.get("LogArchive", "logs").await), roles);
    world.clear_faults().await;
    world.pass_until_ready("LogArchive", "logs").await;

    // Observe tells, and leaves it.
    world.patch_spec("LogArchive", "logs", json!({ "mode": "Observe" })).await;
    world.aws(&["iam", "update-assume-role-policy", "--role-name", &name, "--policy-document", &open.to_string()]);
    let start = world.now().await;
    world.request_pass("LogArchive", "logs").await;
    world.wait_condition("LogArchive", "logs", "Drifted", "True").await;
    assert_eq!(world.writes(start).await, [] as [&str; 0]);
}

#[tokio::test]
async fn roles_go_with_an_archive_that_is_deleted_with_its_resources() {
    let world = World::with_account("reader-end").await;
    let spec = json!({ "deletionPolicy": "Delete", "readers": [{ "name": "siem", "role": { "trustedPrincipal": "222233334444" } }] });
    world.apply(&with(world.archive_manifest("logs"), spec)).await;
    let roles = roles_of(&world.wait_ready("LogArchive", "logs").await);
    world.delete("LogArchive", "logs").await;
    world.wait_gone("LogArchive", "logs").await;
    let left = world.aws(&["iam", "list-roles"]);
    assert!(!left["Roles"].as_array().unwrap().iter().any(|role| role["Arn"] == roles[0]["roleArn"]), "{left}");
}
