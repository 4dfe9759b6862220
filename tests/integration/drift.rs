//! Somebody changes AWS behind the operator's back: every facet is told with both values, and put back.

use crate::support::{Seen, World, is_true};
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, Tag as TrailTag};
use aws_sdk_s3::types as s3;
use serde_json::{Value, json};

/// One kind of tampering, and what must be told of it.
struct Case {
    kind: &'static str,
    path: &'static str,
    declared: &'static str,
    found: &'static str,
}

const OWNER: &str = "trailkeeper.dev/owner";

fn trail(path: &'static str, declared: &'static str, found: &'static str) -> Case {
    Case { kind: "Trail", path, declared, found }
}

fn archive(path: &'static str, declared: &'static str, found: &'static str) -> Case {
    Case { kind: "LogArchive", path, declared, found }
}

impl Case {
    fn object(&self) -> &'static str {
        if self.kind == "Trail" { "audit" } else { "logs" }
    }

    fn tells(&self, event: &Seen) -> bool {
        [self.path, self.declared, self.found].iter().all(|word| event.note.contains(word))
    }

    /// Tampers, and holds that it is told, put back and then left alone. `look` shows what was tampered with.
    async fn is_corrected(&self, world: &World, tamper: impl AsyncFn(&World), look: impl AsyncFn(&World) -> String) {
        let (kind, name) = (self.kind, self.object());
        let before = look(world).await;
        tamper(world).await;
        assert_ne!(look(world).await, before, "the tampering changed nothing");
        world.pass_until_event(kind, name, "DriftDetected", |event| self.tells(event)).await;
        world.pass_until_event(kind, name, "DriftCorrected", |event| self.tells(event)).await;
        assert_eq!(look(world).await, before, "it was not put back");

        world.wait_ready(kind, name).await;
        let told = world.events(kind, name).await;
        let since = world.now().await;
        let object = world.request_pass(kind, name).await;
        assert_eq!(world.writes(since).await, Vec::<String>::new(), "a second pass writes");
        assert!(is_true(&object, "Ready") && !is_true(&object, "Drifted"), "{}", object.data["status"]);
        assert_eq!(object.data["status"].get("drift"), None);
        assert_eq!(world.events(kind, name).await, told, "a second pass tells something");
    }
}

// ---- what was tampered with

async fn the_trail(world: &World) -> String {
    let found = world.cloudtrail.describe_trails().trail_name_list(world.trail_arn("audit")).send().await.unwrap();
    format!("{:?} {}", found.trail_list(), logging(world).await)
}

async fn logging(world: &World) -> String {
    let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await;
    format!("{:?}", status.ok().and_then(|status| status.is_logging))
}

async fn selectors(world: &World) -> String {
    let found = world.cloudtrail.get_event_selectors().trail_name(world.trail_arn("audit")).send().await.unwrap();
    let advanced = found.advanced_event_selectors().iter().flat_map(|selector| selector.field_selectors().to_vec());
    format!("{:?}", advanced.map(|field| format!("{} {:?}", field.field, field.equals())).collect::<Vec<_>>())
}

async fn trail_tags(world: &World) -> String {
    let found = world.cloudtrail.list_tags().resource_id_list(world.trail_arn("audit")).send().await.unwrap();
    let mut tags: Vec<_> = found.resource_tag_list()[0].tags_list().iter().map(|tag| format!("{}={:?}", tag.key, tag.value)).collect();
    tags.sort();
    tags.join(",")
}

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

async fn bucket_policy(world: &World) -> Value {
    match world.s3.get_bucket_policy().bucket(world.bucket("logs")).send().await {
        Ok(found) => serde_json::from_str(found.policy().unwrap()).unwrap(),
        Err(_) => Value::Null,
    }
}

async fn put_bucket_policy(world: &World, policy: &Value) {
    world.s3.put_bucket_policy().bucket(world.bucket("logs")).policy(policy.to_string()).send().await.unwrap();
}

async fn bucket_tags(world: &World) -> Vec<s3::Tag> {
    let found = world.s3.get_bucket_tagging().bucket(world.bucket("logs")).send().await;
    let mut tags = found.map(|found| found.tag_set).unwrap_or_default();
    tags.sort_by(|one, other| one.key.cmp(&other.key));
    tags
}

fn without(mut policy: Value, sid: &str) -> Value {
    let statements = policy["Statement"].as_array_mut().unwrap();
    let count = statements.len();
    statements.retain(|statement| !statement["Sid"].as_str().unwrap().starts_with(sid));
    assert_eq!(statements.len(), count - 1, "there is no one statement {sid}");
    policy
}

fn and(mut policy: Value, statement: Value) -> Value {
    policy["Statement"].as_array_mut().unwrap().push(statement);
    policy
}

// ---- the trail

#[tokio::test]
async fn trail_settings() {
    let world = World::ready("settings").await;
    let case = trail("settings.logFileValidation", "true", "false");
    let tamper = async |world: &World| {
        let request = world.cloudtrail.update_trail().name(world.trail_arn("audit")).enable_log_file_validation(false);
        request.send().await.unwrap();
    };
    case.is_corrected(&world, tamper, the_trail).await;
    let gaps = &world.get("Trail", "audit").await.data["status"]["gaps"];
    assert_eq!(gaps[0]["kind"], "ValidationOff");
    assert!(gaps[0]["until"].is_string(), "{gaps}");
}

#[tokio::test]
async fn trail_prefix_and_regions() {
    let world = World::ready("regions").await;
    let case = trail("settings.multiRegion", "true", "false");
    let tamper = async |world: &World| {
        world.cloudtrail.update_trail().name(world.trail_arn("audit")).is_multi_region_trail(false).send().await.unwrap();
    };
    case.is_corrected(&world, tamper, the_trail).await;
}

#[tokio::test]
async fn a_foreign_trail_tag() {
    let world = World::ready("trail-tag").await;
    let tamper = async |world: &World| {
        let tag = TrailTag::builder().key("who").value("mallory").build().unwrap();
        world.cloudtrail.add_tags().resource_id(world.trail_arn("audit")).tags_list(tag).send().await.unwrap();
    };
    trail("tags.who", "(none)", "mallory").is_corrected(&world, tamper, trail_tags).await;
}

#[tokio::test]
async fn the_owner_tag_of_a_trail() {
    let world = World::ready("trail-owner").await;
    let tamper = async |world: &World| {
        let tag = TrailTag::builder().key(OWNER).build().unwrap();
        world.cloudtrail.remove_tags().resource_id(world.trail_arn("audit")).tags_list(tag).send().await.unwrap();
    };
    trail("tags.trailkeeper.dev/owner", "/audit", "(none)").is_corrected(&world, tamper, trail_tags).await;
}

#[tokio::test]
async fn event_selectors() {
    let world = World::ready("selectors").await;
    let field = |name: &str, value: &str| AdvancedFieldSelector::builder().field(name).equals(value).build().unwrap();
    let tamper = async |world: &World| {
        let selector = AdvancedEventSelector::builder()
            .field_selectors(field("eventCategory", "Management"))
            .field_selectors(field("readOnly", "false"))
            .build()
            .unwrap();
        let request = world.cloudtrail.put_event_selectors().trail_name(world.trail_arn("audit")).advanced_event_selectors(selector);
        request.send().await.unwrap();
    };
    trail("events.selectors", "eventCategory equals Management\"", "readOnly equals false").is_corrected(&world, tamper, selectors).await;
}

#[tokio::test]
async fn stopped_logging_is_told_apart_and_leaves_a_gap() {
    let world = World::ready("logging").await;
    let tamper = async |world: &World| {
        world.cloudtrail.stop_logging().name(world.trail_arn("audit")).send().await.unwrap();
    };
    trail("logging.enabled", "true", "false").is_corrected(&world, tamper, logging).await;
    world.wait_event("Trail", "audit", "LoggingStopped", &["audit"]).await;
    let gaps = &world.get("Trail", "audit").await.data["status"]["gaps"];
    assert_eq!(gaps.as_array().map(Vec::len), Some(1), "{gaps}");
    assert_eq!(gaps[0]["kind"], "LoggingStopped");
    assert!(gaps[0]["from"].is_string() && gaps[0]["until"].is_string(), "{gaps}");
}

#[tokio::test]
async fn a_deleted_trail() {
    let world = World::ready("trail-gone").await;
    let tamper = async |world: &World| {
        world.cloudtrail.delete_trail().name(world.trail_arn("audit")).send().await.unwrap();
    };
    trail("settings", "bucket", "is (none)").told_as_gone(&world, tamper, the_trail).await;
}

#[tokio::test]
async fn a_deleted_bucket() {
    let world = World::with_account("bucket-gone").await;
    world.apply(&world.archive_manifest("logs")).await;
    world.wait_ready("LogArchive", "logs").await;
    let tamper = async |world: &World| {
        world.s3.delete_bucket().bucket(world.bucket("logs")).send().await.unwrap();
    };
    let look = async |world: &World| format!("{} {:?}", bucket_policy(world).await, bucket_tags(world).await);
    archive("bucket", "region", "is (none)").told_as_gone(&world, tamper, look).await;
}

impl Case {
    /// Like `is_corrected`, where the whole resource is gone: that alone is told, not every field below it.
    async fn told_as_gone(&self, world: &World, tamper: impl AsyncFn(&World), look: impl AsyncFn(&World) -> String) {
        let before = look(world).await;
        tamper(world).await;
        assert_ne!(look(world).await, before, "the tampering changed nothing");
        let (kind, name) = (self.kind, self.object());
        world
            .pass_until_event(kind, name, "DriftDetected", |event| {
                [self.path, self.declared, self.found].iter().all(|word| event.note.contains(word))
            })
            .await;
        world.wait_event(kind, name, "DriftCorrected", &[self.path]).await;
        world.wait_ready(kind, name).await;
        assert_eq!(look(world).await, before, "it was not put back");
        let told = world.events(kind, name).await;
        assert_eq!(told.iter().filter(|event| event.reason == "DriftDetected").count(), 1, "{told:#?}");
        let since = world.now().await;
        world.request_pass(kind, name).await;
        assert_eq!(world.writes(since).await, Vec::<String>::new(), "a second pass writes");
    }
}

// ---- the key

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

// ---- the bucket

#[tokio::test]
async fn object_ownership() {
    let world = World::ready("ownership").await;
    let tamper = async |world: &World| {
        let rule = s3::OwnershipControlsRule::builder().object_ownership(s3::ObjectOwnership::ObjectWriter).build().unwrap();
        let controls = s3::OwnershipControls::builder().rules(rule).build().unwrap();
        world.s3.put_bucket_ownership_controls().bucket(world.bucket("logs")).ownership_controls(controls).send().await.unwrap();
    };
    let look = async |world: &World| {
        let found = world.s3.get_bucket_ownership_controls().bucket(world.bucket("logs")).send().await.unwrap();
        format!("{:?}", found.ownership_controls)
    };
    archive("ownership.objectOwnership", "BucketOwnerEnforced", "ObjectWriter").is_corrected(&world, tamper, look).await;
}

#[tokio::test]
async fn the_public_access_block() {
    let world = World::ready("public").await;
    let tamper = async |world: &World| {
        world.s3.delete_public_access_block().bucket(world.bucket("logs")).send().await.unwrap();
    };
    let look = async |world: &World| {
        let found = world.s3.get_public_access_block().bucket(world.bucket("logs")).send().await;
        format!("{:?}", found.ok().and_then(|found| found.public_access_block_configuration))
    };
    archive("publicAccessBlock.blockPublicPolicy", "true", "false").is_corrected(&world, tamper, look).await;
}

#[tokio::test]
async fn a_statement_missing_from_the_bucket_policy() {
    let world = World::ready("no-write").await;
    let tamper = async |world: &World| put_bucket_policy(world, &without(bucket_policy(world).await, "TrailkeeperWrite")).await;
    let look = async |world: &World| bucket_policy(world).await.to_string();
    archive("bucketPolicy.TrailkeeperWrite", "s3:PutObject", "(none)").is_corrected(&world, tamper, look).await;
}

#[tokio::test]
async fn a_deleted_bucket_policy() {
    let world = World::ready("no-policy").await;
    let tamper = async |world: &World| {
        world.s3.delete_bucket_policy().bucket(world.bucket("logs")).send().await.unwrap();
    };
    let look = async |world: &World| bucket_policy(world).await.to_string();
    archive("bucketPolicy.TrailkeeperTlsOnly", "aws:SecureTransport", "(none)").is_corrected(&world, tamper, look).await;
}

#[tokio::test]
async fn a_foreign_statement_in_the_bucket_policy() {
    let world = World::ready("bucket-open").await;
    let resource = format!("arn:aws:s3:::{}/*", world.bucket("logs"));
    let who = format!("arn:aws:iam::{}:user/mallory", world.account);
    let open = json!({"Sid": "Backdoor", "Effect": "Allow", "Principal": {"AWS": who}, "Action": "s3:DeleteObject", "Resource": resource});
    let tamper = async |world: &World| put_bucket_policy(world, &and(bucket_policy(world).await, open.clone())).await;
    let look = async |world: &World| bucket_policy(world).await.to_string();
    archive("bucketPolicy.Backdoor", "(none)", "s3:DeleteObject").is_corrected(&world, tamper, look).await;
}

#[tokio::test]
async fn suspended_versioning() {
    let world = World::ready("versioning").await;
    let tamper = async |world: &World| {
        let suspended = s3::VersioningConfiguration::builder().status(s3::BucketVersioningStatus::Suspended).build();
        world.s3.put_bucket_versioning().bucket(world.bucket("logs")).versioning_configuration(suspended).send().await.unwrap();
    };
    let look =
        async |world: &World| format!("{:?}", world.s3.get_bucket_versioning().bucket(world.bucket("logs")).send().await.unwrap().status);
    archive("versioning.status", "Enabled", "Suspended").is_corrected(&world, tamper, look).await;
}

#[tokio::test]
async fn other_encryption() {
    let world = World::ready("encryption").await;
    let tamper = async |world: &World| {
        let default = s3::ServerSideEncryptionByDefault::builder().sse_algorithm(s3::ServerSideEncryption::Aes256).build().unwrap();
        let rule = s3::ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(default).build();
        let configuration = s3::ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
        let request = world.s3.put_bucket_encryption().bucket(world.bucket("logs"));
        request.server_side_encryption_configuration(configuration).send().await.unwrap();
    };
    let look = async |world: &World| {
        let found = world.s3.get_bucket_encryption().bucket(world.bucket("logs")).send().await.unwrap();
        format!("{:?}", found.server_side_encryption_configuration)
    };
    archive("encryption.algorithm", "aws:kms", "AES256").is_corrected(&world, tamper, look).await;
}

async fn put_bucket_tags(world: &World, tags: Vec<s3::Tag>) {
    let tagging = s3::Tagging::builder().set_tag_set(Some(tags)).build().unwrap();
    world.s3.put_bucket_tagging().bucket(world.bucket("logs")).tagging(tagging).send().await.unwrap();
}

#[tokio::test]
async fn a_foreign_bucket_tag() {
    let world = World::ready("bucket-tag").await;
    let tamper = async |world: &World| {
        let mut tags = bucket_tags(world).await;
        tags.push(s3::Tag::builder().key("who").value("mallory").build().unwrap());
        put_bucket_tags(world, tags).await;
    };
    let look = async |world: &World| format!("{:?}", bucket_tags(world).await);
    archive("bucketTags.who", "(none)", "mallory").is_corrected(&world, tamper, look).await;
}

#[tokio::test]
async fn the_owner_tag_of_the_bucket() {
    let world = World::ready("bucket-owner").await;
    let tamper = async |world: &World| {
        world.s3.delete_bucket_tagging().bucket(world.bucket("logs")).send().await.unwrap();
    };
    let look = async |world: &World| format!("{:?}", bucket_tags(world).await);
    archive("bucketTags.trailkeeper.dev/owner", "/logs", "(none)").is_corrected(&world, tamper, look).await;
}
