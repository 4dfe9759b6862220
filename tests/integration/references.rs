//! References: in any order of creation, across namespaces and accounts, refused and then allowed, gone and back.

use crate::support::World;
use crate::support::manifests::with;
use crate::support::world::REGION;
use anyhow::ensure;
use serde_json::{Value, json};
use std::time::Duration;
use trailkeeper_lab::wait_for;

const SOON: Duration = Duration::from_secs(240);

impl World {
    async fn is_logging(&self, trail: &str) -> bool {
        self.cloudtrail.get_trail_status().name(self.trail_arn(trail)).send().await.unwrap().is_logging() == Some(true)
    }

    async fn wait_delivered(&self, trail: &str) {
        let attempt = async || {
            let status = self.cloudtrail.get_trail_status().name(self.trail_arn(trail)).send().await?;
            ensure!(status.latest_delivery_error().unwrap_or_default().is_empty(), "{status:?}");
            ensure!(status.latest_delivery_time().is_some(), "nothing is delivered yet");
            Ok(())
        };
        wait_for("the first delivery", SOON, attempt).await.unwrap();
    }

    async fn bucket_of(&self, trail: &str) -> String {
        let found = self.cloudtrail.get_trail().name(self.trail_arn(trail)).send().await.unwrap();
        found.trail.unwrap().s3_bucket_name.unwrap()
    }

    /// The `aws:SourceArn`s that the bucket's policy lets write.
    async fn let_in(&self, archive: &str) -> Vec<String> {
        let policy = self.s3.get_bucket_policy().bucket(self.bucket(archive)).send().await.unwrap().policy.unwrap();
        let policy: Value = serde_json::from_str(&policy).unwrap();
        let statements = policy["Statement"].as_array().unwrap().iter();
        let mut arns: Vec<_> = statements
            .filter(|statement| statement["Action"] == json!(["s3:PutObject"]))
            .map(|statement| statement["Condition"]["StringEquals"]["aws:SourceArn"][0].as_str().unwrap().to_owned())
            .collect();
        arns.sort();
        arns
    }

    async fn allow(&self, archive: &str, namespaces: Value) {
        self.patch_spec("LogArchive", archive, json!({ "allowedNamespaces": namespaces })).await;
    }
}

/// `trail` delivers to `archive` of another world.
fn delivers_to(trail: Value, archive: &str, home: &World) -> Value {
    with(trail, json!({ "archiveRef": { "name": archive, "namespace": home.namespace } }))
}

#[tokio::test]
async fn everything_a_trail_needs_may_come_after_it() {
    let world = World::new("order").await;
    world.delete("Secret", &world.account_name()).await;
    world.apply(&world.trail_manifest("audit", "logs")).await;
    world.wait_unready("Trail", "audit", "AccountNotFound", &world.account_name()).await;
    world.apply(&world.archive_manifest("logs")).await;
    world.wait_unready("LogArchive", "logs", "AccountNotFound", &world.account_name()).await;
    world.apply(&world.account_manifest()).await;
    // No watch tells of Secrets: the least rights that the operator may have do not include listing them.
    world.wait_unready("AwsAccount", &world.account_name(), "CredentialsInvalid", "not found").await;
    world.wait_unready("LogArchive", "logs", "AccountNotReady", "not found").await;
    world.apply(&world.secret()).await;
    world.wait_ready("AwsAccount", &world.account_name()).await;
    world.wait_ready("Trail", "audit").await;
    assert!(world.is_logging("audit").await);
}

#[tokio::test]
async fn a_trail_waits_for_its_archive_by_name() {
    let world = World::with_account("archive-last").await;
    world.apply(&world.trail_manifest("audit", "logs")).await;
    world.wait_unready("Trail", "audit", "ArchiveNotFound", "there is no such LogArchive").await;
    world.apply(&world.archive_manifest("logs")).await;
    world.wait_ready("Trail", "audit").await;
}

#[tokio::test]
async fn a_trail_moves_between_two_archives() {
    let world = World::ready("two-archives").await;
    world.apply(&world.archive_manifest("more")).await;
    world.wait_ready("LogArchive", "more").await;
    world.patch_spec("Trail", "audit", json!({ "archiveRef": { "name": "more" } })).await;
    world.wait_ready("Trail", "audit").await;
    assert_eq!(world.bucket_of("audit").await, world.bucket("more"));
    assert_eq!(world.let_in("more").await, [world.trail_arn("audit")]);
    let key = world.cloudtrail.get_trail().name(world.trail_arn("audit")).send().await.unwrap().trail.unwrap().kms_key_id.unwrap();
    assert_eq!(world.get("LogArchive", "more").await.data["status"]["kmsKeyArn"], key.as_str());
}

#[tokio::test]
async fn two_accounts_keep_apart() {
    let (one, two) = tokio::join!(World::ready("apart"), World::ready("apart"));
    for world in [&one, &two] {
        assert!(world.is_logging("audit").await);
        assert_eq!(world.bucket_of("audit").await, world.bucket("logs"));
        assert_eq!(world.let_in("logs").await, [world.trail_arn("audit")]);
    }
}

#[tokio::test]
async fn trails_of_two_accounts_write_to_one_archive() {
    let (home, guest) = tokio::join!(World::ready("home"), World::with_account("guest"));
    let trail = delivers_to(guest.trail_manifest("audit", "logs"), "logs", &home);
    guest.apply(&trail).await;
    let place = format!("LogArchive {}/logs does not allow namespace {}", home.namespace, guest.namespace);
    guest.wait_unready("Trail", "audit", "NotAllowed", &place).await;
    guest.wait_event("Trail", "audit", "Refused", &[&place]).await;
    assert_eq!(home.let_in("logs").await, [home.trail_arn("audit")], "who may not refer is not let in");

    home.allow("logs", json!({ "names": [guest.namespace] })).await;
    guest.wait_ready("Trail", "audit").await;
    assert!(guest.is_logging("audit").await);
    assert_eq!(guest.bucket_of("audit").await, home.bucket("logs"));
    let mut both = [home.trail_arn("audit"), guest.trail_arn("audit")];
    both.sort();
    assert_eq!(home.let_in("logs").await, both);
    // Both deliver: CloudTrail itself finds bucket and key open to both.
    for world in [&home, &guest] {
        world.wait_delivered("audit").await;
    }
}

#[tokio::test]
async fn a_namespace_is_let_in_by_its_labels() {
    let (home, guest) = tokio::join!(World::ready("labels"), World::with_account("labelled"));
    home.allow("logs", json!({ "matchLabels": { "audited": "yes", "stage": "prod" } })).await;
    guest.apply(&delivers_to(guest.trail_manifest("audit", "logs"), "logs", &home)).await;
    guest.wait_unready("Trail", "audit", "NotAllowed", "spec.allowedNamespaces").await;
    let label = async |labels: Value| guest.patch("Namespace", &guest.namespace, json!({ "metadata": { "labels": labels } })).await;
    label(json!({ "audited": "yes" })).await;
    guest.request_pass("Trail", "audit").await;
    guest.wait_unready("Trail", "audit", "NotAllowed", "spec.allowedNamespaces").await;
    label(json!({ "stage": "prod" })).await;
    guest.wait_ready("Trail", "audit").await;
}

#[tokio::test]
async fn an_account_says_which_namespaces_may_use_it() {
    let world = World::new("tenants").await;
    let account = with(world.account_manifest(), json!({ "allowedNamespaces": { "names": ["elsewhere"] } }));
    world.apply(&account).await;
    world.apply(&world.archive_manifest("logs")).await;
    world.apply(&world.trail_manifest("audit", "logs")).await;
    let start = world.now().await;
    for (kind, name) in [("LogArchive", "logs"), ("Trail", "audit")] {
        world.wait_unready(kind, name, "NotAllowed", "does not allow namespace").await;
    }
    assert_eq!(world.writes(start).await, [] as [&str; 0]);
    world.patch_spec("AwsAccount", &world.account_name(), json!({ "allowedNamespaces": { "names": [world.namespace] } })).await;
    world.wait_ready("Trail", "audit").await;
}

#[tokio::test]
async fn an_archive_that_is_deleted_and_made_again_goes_on_with_its_bucket() {
    let world = World::ready("again").await;
    let key = world.get("LogArchive", "logs").await.data["status"]["kmsKeyArn"].clone();
    world.delete("LogArchive", "logs").await;
    world.wait_gone("LogArchive", "logs").await;
    world.wait_unready("Trail", "audit", "ArchiveNotFound", "there is no such LogArchive").await;
    assert!(world.is_logging("audit").await, "a reference that is gone does not stop the trail");
    assert_eq!(world.let_in("logs").await, [world.trail_arn("audit")], "Retain left the policy as it was");

    let start = world.now().await;
    world.apply(&world.archive_manifest("logs")).await;
    world.wait_ready("LogArchive", "logs").await;
    world.wait_ready("Trail", "audit").await;
    assert_eq!(world.get("LogArchive", "logs").await.data["status"]["kmsKeyArn"], key, "the same key, found by its alias and owner");
    assert_eq!(world.writes(start).await, [] as [&str; 0], "nothing differed, so nothing was written");
}

#[tokio::test]
async fn an_archive_that_trails_use_is_not_deleted_under_them() {
    let world = World::ready("in-use").await;
    world.patch_spec("LogArchive", "logs", json!({ "deletionPolicy": "Delete" })).await;
    world.delete("LogArchive", "logs").await;
    world.wait_unready("LogArchive", "logs", "InUse", &format!("{}/audit", world.namespace)).await;
    world.s3.head_bucket().bucket(world.bucket("logs")).send().await.unwrap();
}

#[tokio::test]
async fn an_archive_may_lie_in_another_region_than_its_trail() {
    let world = World::with_account("far").await;
    world.apply(&world.archive_manifest("logs")).await;
    let far = with(world.trail_manifest("audit", "logs"), json!({ "region": "us-east-1" }));
    world.apply(&far).await;
    world.wait_ready("Trail", "audit").await;
    let arn = world.trail_arn("audit").replace(REGION, "us-east-1");
    assert_eq!(world.let_in("logs").await, std::slice::from_ref(&arn));
    let status = world.cloudtrail_in("us-east-1").get_trail_status().name(arn).send().await.unwrap();
    assert_eq!(status.is_logging(), Some(true));
}

/// With both Regions, and before anything is written.
#[tokio::test]
async fn a_trail_whose_archive_is_outside_is_refused() {
    let world = World::with_account("residency").await;
    let region = crate::support::world::REGION;
    world.apply(&world.archive_manifest("logs")).await;
    let only = |region: &str| {
        crate::support::manifests::with(world.trail_manifest("audit", "logs"), json!({ "residency": { "allowedRegions": [region] } }))
    };
    world.apply(&only("eu-west-3")).await;
    let message =
        format!("spec.residency.allowedRegions is eu-west-3, and the bucket of LogArchive {}/logs is in {region}", world.namespace);
    world.wait_unready("Trail", "audit", "ResidencyViolated", &message).await;
    world.wait_stalled("Trail", "audit", "ResidencyViolated").await;
    world.wait_event("Trail", "audit", "ResidencyViolated", &[region, "eu-west-3"]).await;
    let writes = world.writes(0).await;
    assert!(!writes.iter().any(|write| write.starts_with("cloudtrail:")), "{writes:?}");
    world.apply(&only(region)).await;
    world.wait_ready("Trail", "audit").await;
}
