//! What exists already: left alone, taken over if nobody's, or taken over whoever's.

use crate::support::{World, manifests::with};
use aws_sdk_cloudtrail::types::Tag as TrailTag;
use aws_sdk_s3::types as s3;
use serde_json::{Value, json};

const OWNER: &str = "trailkeeper.dev/owner";
const OTHER: &str = "default/elsewhere/other";

/// A bucket that somebody made, with a statement of theirs, open to a trail of theirs.
async fn existing_bucket(world: &World, name: &str) -> String {
    let bucket = world.bucket(name);
    let place = s3::CreateBucketConfiguration::builder().location_constraint(s3::BucketLocationConstraint::EuCentral1).build();
    world.s3.create_bucket().bucket(&bucket).create_bucket_configuration(place).send().await.unwrap();
    let arn = format!("arn:aws:s3:::{bucket}");
    let cloudtrail = json!({ "Service": "cloudtrail.amazonaws.com" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "TheirReaders", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", world.account) },
          "Action": "s3:GetObject", "Resource": format!("{arn}/*") },
        { "Sid": "TheirAcl", "Effect": "Allow", "Principal": cloudtrail, "Action": "s3:GetBucketAcl", "Resource": arn },
        { "Sid": "TheirWrites", "Effect": "Allow", "Principal": cloudtrail, "Action": "s3:PutObject", "Resource": format!("{arn}/*"),
          "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } } },
    ] });
    world.s3.put_bucket_policy().bucket(&bucket).policy(policy.to_string()).send().await.unwrap();
    bucket
}

async fn own_bucket(world: &World, bucket: &str, owner: &str) {
    let tag = s3::Tag::builder().key(OWNER).value(owner).build().unwrap();
    let tagging = s3::Tagging::builder().tag_set(tag).build().unwrap();
    world.s3.put_bucket_tagging().bucket(bucket).tagging(tagging).send().await.unwrap();
}

async fn sids(world: &World, bucket: &str) -> Vec<String> {
    let policy = world.s3.get_bucket_policy().bucket(bucket).send().await.unwrap().policy.unwrap();
    let policy: Value = serde_json::from_str(&policy).unwrap();
    policy["Statement"].as_array().unwrap().iter().map(|statement| statement["Sid"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn bucket_owner(world: &World, bucket: &str) -> Option<String> {
    let tags = world.s3.get_bucket_tagging().bucket(bucket).send().await.ok()?.tag_set;
    tags.into_iter().find(|tag| tag.key == OWNER).map(|tag| tag.value)
}

fn adopting(manifest: Value, adoption: &str) -> Value {
    with(manifest, json!({ "adoption": adoption }))
}

/// A trail that somebody made, into a bucket of theirs, and the manifest that means the same trail.
async fn existing_trail(world: &World, owner: Option<&str>) -> Value {
    let bucket = existing_bucket(world, "theirs").await;
    let tags = owner.map(|owner| vec![TrailTag::builder().key(OWNER).value(owner).build().unwrap()]);
    world.cloudtrail.create_trail().name("audit").s3_bucket_name(&bucket).set_tags_list(tags).send().await.unwrap();
    with(world.trail_manifest("audit", "none"), json!({ "archiveRef": null, "bucket": { "name": bucket } }))
}

async fn trail_owner(world: &World) -> Option<String> {
    let found = world.cloudtrail.list_tags().resource_id_list(world.trail_arn("audit")).send().await.unwrap();
    found.resource_tag_list()[0].tags_list().iter().find(|tag| tag.key == OWNER).and_then(|tag| tag.value.clone())
}

fn ours(world: &World, name: &str) -> Option<String> {
    Some(format!("default/{}/{name}", world.namespace))
}

/// Waits for the refusal, and holds that it is told once and nothing is written.
async fn is_refused(world: &World, kind: &str, name: &str, words: &[&str]) {
    world.wait_stalled(kind, name, "NotOurs").await;
    world.wait_event(kind, name, "Refused", words).await;
    world.request_pass(kind, name).await;
    let refusals = world.events(kind, name).await.into_iter().filter(|event| event.reason == "Refused").count();
    assert_eq!(refusals, 1, "a refusal that lasts is told once");
    assert_eq!(world.writes(0).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_existing_bucket_is_refused_by_default() {
    let world = World::with_account("adopt-never").await;
    let bucket = existing_bucket(&world, "logs").await;
    world.apply(&world.archive_manifest("logs")).await;
    is_refused(&world, "LogArchive", "logs", &[&bucket, "spec.adoption: IfUnowned"]).await;
    assert_eq!(bucket_owner(&world, &bucket).await, None);
}

#[tokio::test]
async fn an_existing_trail_is_refused_by_default() {
    let world = World::with_account("adopt-trail-never").await;
    let manifest = existing_trail(&world, None).await;
    world.apply(&manifest).await;
    is_refused(&world, "Trail", "audit", &[&world.trail_arn("audit"), "spec.adoption: IfUnowned"]).await;
    assert_eq!(trail_owner(&world).await, None);
}

#[tokio::test]
async fn an_unowned_bucket_is_adopted_with_what_it_holds() {
    let world = World::with_account("adopt").await;
    let bucket = existing_bucket(&world, "logs").await;
    world.apply(&adopting(world.archive_manifest("logs"), "IfUnowned")).await;
    world.apply(&world.trail_manifest("audit", "logs")).await;
    world.wait_ready("Trail", "audit").await;
    world.wait_ready("LogArchive", "logs").await;
    world.wait_event("LogArchive", "logs", "Adopted", &[&bucket, &world.account]).await;
    assert_eq!(bucket_owner(&world, &bucket).await, ours(&world, "logs"));
    let kept = sids(&world, &bucket).await;
    for sid in ["TheirReaders", "TheirAcl", "TheirWrites", "TrailkeeperTlsOnly"] {
        assert!(kept.iter().any(|kept| kept == sid), "{sid} is not among {kept:?}");
    }
    let since = world.now().await;
    world.request_pass("LogArchive", "logs").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
}

#[tokio::test]
async fn foreign_statements_of_an_adopted_bucket_go_when_the_spec_says_so() {
    let world = World::with_account("adopt-remove").await;
    let bucket = existing_bucket(&world, "logs").await;
    let manifest = adopting(world.archive_manifest("logs"), "IfUnowned");
    world.apply(&with(manifest, json!({ "policy": { "foreignStatements": "Remove" } }))).await;
    world.wait_ready("LogArchive", "logs").await;
    assert_eq!(sids(&world, &bucket).await, ["TrailkeeperTlsOnly"]);
}

#[tokio::test]
async fn an_unowned_trail_is_adopted_and_switched_on() {
    let world = World::with_account("adopt-trail").await;
    let manifest = existing_trail(&world, None).await;
    world.apply(&adopting(manifest, "IfUnowned")).await;
    world.wait_ready("Trail", "audit").await;
    world.wait_event("Trail", "audit", "Adopted", &[&world.trail_arn("audit")]).await;
    assert_eq!(trail_owner(&world).await, ours(&world, "audit"));
    let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await.unwrap();
    assert_eq!(status.is_logging(), Some(true));
    assert!(!world.writes(0).await.contains(&"cloudtrail:CreateTrail".to_owned()));
}

#[tokio::test]
async fn what_another_object_owns_is_not_unowned() {
    let world = World::with_account("adopt-owned").await;
    let bucket = existing_bucket(&world, "logs").await;
    own_bucket(&world, &bucket, OTHER).await;
    let trail = existing_trail(&world, Some(OTHER)).await;
    world.apply(&adopting(world.archive_manifest("logs"), "IfUnowned")).await;
    world.apply(&adopting(trail, "IfUnowned")).await;
    is_refused(&world, "LogArchive", "logs", &[OTHER, "spec.adoption: Always"]).await;
    is_refused(&world, "Trail", "audit", &[OTHER, "spec.adoption: Always"]).await;
    assert_eq!(bucket_owner(&world, &bucket).await.as_deref(), Some(OTHER));
    assert_eq!(trail_owner(&world).await.as_deref(), Some(OTHER));
}

#[tokio::test]
async fn always_takes_over_from_another_object() {
    let world = World::with_account("adopt-always").await;
    let bucket = existing_bucket(&world, "logs").await;
    own_bucket(&world, &bucket, OTHER).await;
    let trail = existing_trail(&world, Some(OTHER)).await;
    world.apply(&adopting(world.archive_manifest("logs"), "Always")).await;
    world.apply(&adopting(trail, "Always")).await;
    for (kind, name) in [("LogArchive", "logs"), ("Trail", "audit")] {
        world.wait_ready(kind, name).await;
        world.wait_event(kind, name, "Adopted", &[]).await;
    }
    assert_eq!(bucket_owner(&world, &bucket).await, ours(&world, "logs"));
    assert_eq!(trail_owner(&world).await, ours(&world, "audit"));
    assert!(sids(&world, &bucket).await.contains(&"TheirReaders".to_owned()));
}

/// A key that somebody made under the alias that the archive's would have.
async fn existing_key(world: &World) -> String {
    let root = json!({ "AWS": format!("arn:aws:iam::{}:root", world.account) });
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "TheirAdministration", "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*" },
    ] });
    let key = world.kms.create_key().policy(policy.to_string()).send().await.unwrap().key_metadata.unwrap();
    let alias = format!("alias/trailkeeper/{}", world.bucket("logs"));
    world.kms.create_alias().alias_name(alias).target_key_id(&key.key_id).send().await.unwrap();
    key.arn.unwrap()
}

#[tokio::test]
async fn an_existing_key_is_refused_by_default() {
    let world = World::with_account("adopt-key-never").await;
    existing_key(&world).await;
    world.apply(&world.archive_manifest("logs")).await;
    is_refused(&world, "LogArchive", "logs", &["alias/trailkeeper/", "spec.adoption: IfUnowned"]).await;
}

#[tokio::test]
async fn an_unowned_key_is_adopted_with_what_it_holds() {
    let world = World::with_account("adopt-key").await;
    let key = existing_key(&world).await;
    world.apply(&adopting(world.archive_manifest("logs"), "IfUnowned")).await;
    world.apply(&world.trail_manifest("audit", "logs")).await;
    world.wait_ready("Trail", "audit").await;
    let archive = world.wait_ready("LogArchive", "logs").await;
    assert_eq!(archive.data["status"]["kmsKeyArn"], key);
    world.wait_event("LogArchive", "logs", "Adopted", &["alias/trailkeeper/"]).await;
    let policy = world.kms.get_key_policy().key_id(&key).policy_name("default").send().await.unwrap().policy.unwrap();
    assert!(policy.contains("TheirAdministration") && policy.contains(&world.trail_arn("audit")), "{policy}");
    assert!(world.kms.get_key_rotation_status().key_id(&key).send().await.unwrap().key_rotation_enabled);
    assert!(!world.writes(0).await.contains(&"kms:CreateKey".to_owned()));
}
