//! Notices of new files: the chain from bucket to queue is kept, and taken apart only as far as it is ours.

use crate::support::World;
use crate::support::manifests::with;
use serde_json::{Value, json};

async fn with_notices(topic: &str) -> (World, Value) {
    let world = World::with_account(topic).await;
    world
        .apply(&with(
            world.archive_manifest("logs"),
            json!({ "newFiles": {}, "readers": [{ "name": "siem", "role": { "trustedPrincipal": "222233334444" } }] }),
        ))
        .await;
    let status = world.wait_ready("LogArchive", "logs").await.data["status"].clone();
    (world, status)
}

fn given(status: &Value, field: &str) -> String {
    status["handOver"][field].as_str().unwrap_or_else(|| panic!("no {field} in {status}")).to_owned()
}

/// Asks for a pass, and waits until it tells that `path` was changed and put back.
async fn is_put_back(world: &World, path: &str) {
    world.request_pass("LogArchive", "logs").await;
    world.wait_event("LogArchive", "logs", "DriftDetected", &[path]).await;
    world.wait_event("LogArchive", "logs", "DriftCorrected", &[path]).await;
    world.wait_ready("LogArchive", "logs").await;
    let start = world.now().await;
    world.request_pass("LogArchive", "logs").await;
    assert_eq!(world.writes(start).await, [] as [&str; 0], "a second pass writes after {path}");
}

#[tokio::test]
async fn every_link_of_the_chain_is_put_back() {
    let (world, status) = with_notices("chain").await;
    let (queue, topic) = (given(&status, "queueUrl"), given(&status, "topicArn"));
    world.aws(&["sqs", "set-queue-attributes", "--queue-url", &queue, "--attributes", "VisibilityTimeout=1"]);
    is_put_back(&world, "newFileQueue.visibilityTimeoutSeconds").await;
    world.aws(&[
        "sqs",
        "set-queue-attributes",
        "--queue-url",
        &given(&status, "deadLetterUrl"),
        "--attributes",
        "MessageRetentionPeriod=60",
    ]);
    is_put_back(&world, "newFileDeadLetters.retentionSeconds").await;
    world.aws(&["sns", "set-topic-attributes", "--topic-arn", &topic, "--attribute-name", "KmsMasterKeyId", "--attribute-value", ""]);
    is_put_back(&world, "newFileTopic.kmsKey").await;
    let listed = world.aws(&["sns", "list-subscriptions-by-topic", "--topic-arn", &topic]);
    let subscription = listed["Subscriptions"][0]["SubscriptionArn"].as_str().unwrap().to_owned();
    let set = |name: &str, value: &str| {
        world.aws(&[
            "sns",
            "set-subscription-attributes",
            "--subscription-arn",
            &subscription,
            "--attribute-name",
            name,
            "--attribute-value",
            value,
        ])
    };
    set("RawMessageDelivery", "false");
    is_put_back(&world, "newFileSubscription.rawMessageDelivery").await;
    world.aws(&["sns", "unsubscribe", "--subscription-arn", &subscription]);
    is_put_back(&world, "newFileSubscription").await;
    world.aws(&["s3api", "put-bucket-notification-configuration", "--bucket", &world.bucket("logs"), "--notification-configuration", "{}"]);
    is_put_back(&world, "newFileNotification.notifications.trailkeeper-new-files").await;

    // The reader's role may receive, and open what it receives.
    let role = status["handOver"]["readers"][0]["roleArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let policy = world.aws(&["iam", "get-role-policy", "--role-name", &role, "--policy-name", "trailkeeper"])["PolicyDocument"].to_string();
    assert!(policy.contains("sqs:ReceiveMessage") && policy.contains(&given(&status, "queueArn")), "{policy}");
    // The key lets S3 and SNS in on behalf of this bucket and this topic.
    let key = world.kms.get_key_policy().key_id(status["kmsKeyArn"].as_str().unwrap()).policy_name("default").send().await.unwrap();
    let key = key.policy.unwrap();
    assert!(key.contains("TrailkeeperNewFilesPublish") && key.contains("TrailkeeperNewFilesSend") && key.contains(&topic), "{key}");

    world.deny("sqs", "GetQueueAttributes").await;
    world.pass_until_unready("LogArchive", "logs", "AccessDenied", "sqs:GetQueueAttributes").await;
    assert_eq!(world.get("LogArchive", "logs").await.data["status"]["handOver"], status["handOver"], "what can't be read is not forgotten");
    world.clear_faults().await;
    world.pass_until_ready("LogArchive", "logs").await;

    world.patch_spec("LogArchive", "logs", json!({ "mode": "Observe" })).await;
    world.aws(&["sqs", "set-queue-attributes", "--queue-url", &queue, "--attributes", "VisibilityTimeout=2"]);
    let start = world.now().await;
    world.request_pass("LogArchive", "logs").await;
    world.wait_condition("LogArchive", "logs", "Drifted", "True").await;
    assert_eq!(world.writes(start).await, [] as [&str; 0]);
}

#[tokio::test]
async fn what_the_spec_drops_is_told_no_more_and_the_queue_stays() {
    let (world, status) = with_notices("dropped").await;
    world.patch_spec("LogArchive", "logs", json!({ "newFiles": null })).await;
    let ready = world.wait_ready("LogArchive", "logs").await;
    let bucket = world.bucket("logs");
    assert_eq!(world.aws(&["s3api", "get-bucket-notification-configuration", "--bucket", &bucket])["TopicConfigurations"], Value::Null);
    assert!(ready.data["status"]["handOver"]["queueUrl"].is_null(), "{}", ready.data["status"]);
    world.aws(&["sqs", "get-queue-attributes", "--queue-url", &given(&status, "queueUrl")]);
    world.request_pass("LogArchive", "logs").await;
    let start = world.now().await;
    world.request_pass("LogArchive", "logs").await;
    assert_eq!(world.writes(start).await, [] as [&str; 0]);
    assert!(!world.reads(start).await.contains(&"s3:GetBucketNotificationConfiguration".to_owned()), "what is gone is read no more");
}

#[tokio::test]
async fn an_adopted_bucket_keeps_the_notifications_of_others() {
    let world = World::with_account("adopted-notices").await;
    let bucket = world.bucket("logs");
    world.create_bucket(&bucket).await;
    let topic = world.aws(&["sns", "create-topic", "--name", "theirs"])["TopicArn"].as_str().unwrap().to_owned();
    let theirs = json!({ "TopicConfigurations": [{ "Id": "theirs", "TopicArn": topic, "Events": ["s3:ObjectRemoved:*"] }] }).to_string();
    world.aws(&["s3api", "put-bucket-notification-configuration", "--bucket", &bucket, "--notification-configuration", &theirs]);
    world.apply(&with(world.archive_manifest("logs"), json!({ "adoption": "IfUnowned", "newFiles": {} }))).await;
    world.wait_ready("LogArchive", "logs").await;
    let ids = || {
        let found = world.aws(&["s3api", "get-bucket-notification-configuration", "--bucket", &bucket]);
        let mut ids: Vec<String> =
            found["TopicConfigurations"].as_array().unwrap().iter().map(|one| one["Id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(), ["theirs", "trailkeeper-new-files"]);
    world.patch_spec("LogArchive", "logs", json!({ "newFiles": null })).await;
    world.wait_ready("LogArchive", "logs").await;
    assert_eq!(ids(), ["theirs"]);
}
