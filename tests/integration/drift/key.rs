//! Tampering with the archive's key.

use super::{OWNER, and, archive, without};
use crate::support::World;
use serde_json::{Value, json};

async fn key(world: &World) -> String {
    world.get("LogArchive", "logs").await.data["status"]["kmsKeyArn"].as_str().unwrap().to_owned()
}

async fn key_state(world: &World) -> String {
    let found = world.kms.describe_key().key_id(key(world).await).send().await.unwrap().key_metadata.unwrap();
    format!("{:?} {:?} {:?}", found.enabled, found.key_state, found.description)
}

async fn key_policy(world: &World) -> Value {
    let found = world.kms.get_key_policy().key_id(key(world).await).policy_name("default").send().await.unwrap();
    serde_json::from_str(found.policy().unwrap()).unwrap()
}

async fn put_key_policy(world: &World, policy: &Value) {
    let request = world.kms.put_key_policy().key_id(key(world).await).policy_name("default").policy(policy.to_string());
    request.send().await.unwrap();
}

async fn key_rotation(world: &World) -> String {
    let found = world.kms.get_key_rotation_status().key_id(key(world).await).send().await.unwrap();
    format!("{} {:?}", found.key_rotation_enabled, found.rotation_period_in_days)
}

async fn key_tags(world: &World) -> String {
    let found = world.kms.list_resource_tags().key_id(key(world).await).send().await.unwrap();
    let mut tags: Vec<_> = found.tags().iter().map(|tag| format!("{}={}", tag.tag_key, tag.tag_value)).collect();
    tags.sort();
    tags.join(",")
}

fn alias(world: &World) -> String {
    format!("alias/trailkeeper/{}", world.bucket("logs"))
}

async fn alias_target(world: &World) -> String {
    let found = world.kms.describe_key().key_id(alias(world)).send().await;
    found.ok().and_then(|found| found.key_metadata).and_then(|key| key.arn).unwrap_or_default()
}

#[tokio::test]
async fn a_disabled_key() {
    let world = World::ready("key-off").await;
    let tamper = async |world: &World| {
        world.kms.disable_key().key_id(key(world).await).send().await.unwrap();
    };
    archive("key.enabled", "true", "false").is_corrected(&world, tamper, key_state).await;
}

#[tokio::test]
async fn a_key_on_its_way_out() {
    let world = World::ready("key-doomed").await;
    let tamper = async |world: &World| {
        world.kms.schedule_key_deletion().key_id(key(world).await).pending_window_in_days(7).send().await.unwrap();
    };
    archive("key.pendingDeletion", "false", "true").is_corrected(&world, tamper, key_state).await;
}

#[tokio::test]
async fn the_description_of_the_key() {
    let world = World::ready("key-text").await;
    let tamper = async |world: &World| {
        world.kms.update_key_description().key_id(key(world).await).description("nothing to see here").send().await.unwrap();
    };
    archive("key.description", "Encrypts the audit logs", "nothing to see here").is_corrected(&world, tamper, key_state).await;
}

#[tokio::test]
async fn a_deleted_alias() {
    let world = World::ready("alias-gone").await;
    let tamper = async |world: &World| {
        world.kms.delete_alias().alias_name(alias(world)).send().await.unwrap();
    };
    archive("keyAlias", "arn:aws:kms:", "(none)").is_corrected(&world, tamper, alias_target).await;
}

#[tokio::test]
async fn an_alias_that_points_elsewhere() {
    let world = World::ready("alias-moved").await;
    let tamper = async |world: &World| {
        let other = world.kms.create_key().description("mallory's").send().await.unwrap().key_metadata.unwrap();
        world.kms.update_alias().alias_name(alias(world)).target_key_id(other.key_id).send().await.unwrap();
    };
    archive("keyAlias.target", "arn:aws:kms:", "arn:aws:kms:").is_corrected(&world, tamper, alias_target).await;
}

#[tokio::test]
async fn a_statement_missing_from_the_key_policy() {
    let world = World::ready("key-policy").await;
    let tamper = async |world: &World| put_key_policy(world, &without(key_policy(world).await, "TrailkeeperEncrypt")).await;
    let look = async |world: &World| key_policy(world).await.to_string();
    archive("keyPolicy.TrailkeeperEncrypt", "kms:GenerateDataKey*", "(none)").is_corrected(&world, tamper, look).await;
}

#[tokio::test]
async fn a_foreign_statement_in_the_key_policy() {
    let world = World::ready("key-open").await;
    let open = json!({"Sid": "Backdoor", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*"});
    let tamper = async |world: &World| put_key_policy(world, &and(key_policy(world).await, open.clone())).await;
    let look = async |world: &World| key_policy(world).await.to_string();
    archive("keyPolicy.Backdoor", "(none)", "kms:Decrypt").is_corrected(&world, tamper, look).await;
}

#[tokio::test]
async fn rotation_switched_off() {
    let world = World::ready("rotation").await;
    let tamper = async |world: &World| {
        world.kms.disable_key_rotation().key_id(key(world).await).send().await.unwrap();
    };
    archive("keyRotation.enabled", "true", "false").is_corrected(&world, tamper, key_rotation).await;
}

#[tokio::test]
async fn a_foreign_key_tag() {
    let world = World::ready("key-tag").await;
    let tamper = async |world: &World| {
        let tag = aws_sdk_kms::types::Tag::builder().tag_key("who").tag_value("mallory").build().unwrap();
        world.kms.tag_resource().key_id(key(world).await).tags(tag).send().await.unwrap();
    };
    archive("keyTags.who", "(none)", "mallory").is_corrected(&world, tamper, key_tags).await;
}

#[tokio::test]
async fn the_owner_tag_of_the_key() {
    let world = World::ready("key-owner").await;
    let tamper = async |world: &World| {
        world.kms.untag_resource().key_id(key(world).await).tag_keys(OWNER).send().await.unwrap();
    };
    archive("keyTags.trailkeeper.dev/owner", "/logs", "(none)").is_corrected(&world, tamper, key_tags).await;
}
