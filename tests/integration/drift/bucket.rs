//! Tampering with the archive's bucket.

use super::{and, archive, is_told_once, without};
use crate::support::World;
use aws_sdk_s3::types as s3;
use serde_json::{Value, json};

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

async fn lifecycle(world: &World) -> String {
    let found = world.s3.get_bucket_lifecycle_configuration().bucket(world.bucket("logs")).send().await;
    format!("{:?}", found.ok().and_then(|found| found.rules))
}

/// Logs that are gone tomorrow.
#[tokio::test]
async fn a_foreign_lifecycle_rule() {
    let world = World::ready("lifecycle").await;
    let tamper = async |world: &World| crate::convergence::add_expiry(world, &world.bucket("logs"), "cleanup", "AWSLogs/", 1).await;
    archive("lifecycle.cleanup", "(none)", "\"expireAfterDays\":1").is_corrected(&world, tamper, lifecycle).await;
}

#[tokio::test]
async fn a_deleted_lifecycle() {
    let world = World::ready("no-lifecycle").await;
    let tamper = async |world: &World| {
        world.s3.delete_bucket_lifecycle().bucket(world.bucket("logs")).send().await.unwrap();
    };
    archive("lifecycle.trailkeeper-multipart", "\"abortMultipartAfterDays\":7", "(none)").is_corrected(&world, tamper, lifecycle).await;
}

#[tokio::test]
async fn foreign_access_logging() {
    let world = World::ready("access-logging").await;
    let other = format!("others-{}", world.account);
    world.create_bucket(&other).await;
    let tamper = async |world: &World| {
        let logging = s3::LoggingEnabled::builder().target_bucket(&other).target_prefix("spy/").build().unwrap();
        let status = s3::BucketLoggingStatus::builder().logging_enabled(logging).build();
        world.s3.put_bucket_logging().bucket(world.bucket("logs")).bucket_logging_status(status).send().await.unwrap();
    };
    let look = async |world: &World| {
        format!("{:?}", world.s3.get_bucket_logging().bucket(world.bucket("logs")).send().await.unwrap().logging_enabled)
    };
    archive("accessLogging.bucket", "(none)", &other).is_corrected(&world, tamper, look).await;
}

/// Whoever has the copies has the logs.
#[tokio::test]
async fn a_foreign_copy() {
    let world = World::ready("copy").await;
    let other = format!("others-{}", world.account);
    world.create_bucket(&other).await;
    crate::convergence::version(&world, &other).await;
    let to = format!("arn:aws:s3:::{other}");
    let tamper = async |world: &World| {
        let rule = s3::ReplicationRule::builder()
            .id("leak")
            .priority(1)
            .status(s3::ReplicationRuleStatus::Enabled)
            .filter(s3::ReplicationRuleFilter::builder().prefix("").build())
            .delete_marker_replication(s3::DeleteMarkerReplication::builder().status(s3::DeleteMarkerReplicationStatus::Disabled).build())
            .destination(s3::Destination::builder().bucket(&to).build().unwrap())
            .build()
            .unwrap();
        let role = format!("arn:aws:iam::{}:role/mallory", world.account);
        let configuration = s3::ReplicationConfiguration::builder().role(role).rules(rule).build().unwrap();
        world.s3.put_bucket_replication().bucket(world.bucket("logs")).replication_configuration(configuration).send().await.unwrap();
    };
    let look = async |world: &World| {
        let found = world.s3.get_bucket_replication().bucket(world.bucket("logs")).send().await;
        format!("{:?}", found.ok().and_then(|found| found.replication_configuration))
    };
    archive("replication.rules.leak", "(none)", &to).is_corrected(&world, tamper, look).await;
}

/// CloudTrail can't deliver to such a bucket.
#[tokio::test]
async fn requests_paid_by_others() {
    let world = World::ready("payer").await;
    let tamper = async |world: &World| {
        let configuration = s3::RequestPaymentConfiguration::builder().payer(s3::Payer::Requester).build().unwrap();
        world
            .s3
            .put_bucket_request_payment()
            .bucket(world.bucket("logs"))
            .request_payment_configuration(configuration)
            .send()
            .await
            .unwrap();
    };
    let look = async |world: &World| {
        format!("{:?}", world.s3.get_bucket_request_payment().bucket(world.bucket("logs")).send().await.unwrap().payer)
    };
    archive("requestPayment.payer", "BucketOwner", "Requester").is_corrected(&world, tamper, look).await;
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

#[tokio::test]
async fn a_deleted_bucket() {
    let world = World::with_account("bucket-gone").await;
    world.apply(&world.archive_manifest("logs")).await;
    world.wait_ready("LogArchive", "logs").await;
    let tamper = async |world: &World| {
        world.s3.delete_bucket().bucket(world.bucket("logs")).send().await.unwrap();
    };
    let look = async |world: &World| format!("{} {:?}", bucket_policy(world).await, bucket_tags(world).await);
    archive("bucket", "region", "(none)").is_corrected(&world, tamper, look).await;
    is_told_once(&world, "LogArchive", "logs").await;
}
