//! What CreateTrail and UpdateTrail look at: bucket, key, topic, log group, role.

use crate::lab::{HOME, Lab, OTHER, bucket_policy, code, error};
use aws_sdk_kms::types::KeyState;
use aws_sdk_s3::types::{Payer, RequestPaymentConfiguration};
use serde_json::{Value, json};

#[tokio::test]
async fn the_bucket_must_be_there_and_let_this_trail_write() {
    let lab = Lab::new().await;
    let bucket = lab.create_bucket("logs", HOME).await;
    let client = lab.cloudtrail(HOME);
    let create = || client.create_trail().name("main").s3_bucket_name(&bucket);
    let missing = lab.bucket_name("missing");
    let (code_of, message) = error(create().s3_bucket_name(&missing).send().await);
    assert_eq!((code_of.as_str(), message), ("S3BucketDoesNotExistException", format!("S3 bucket {missing} does not exist!")));
    let (code_of, message) = error(create().send().await);
    assert_eq!(code_of, "InsufficientS3BucketPolicyException");
    assert_eq!(message, format!("Incorrect S3 bucket policy is detected for bucket: {bucket}"));

    let good = bucket_policy(&bucket, &lab.trail_arn("main"), &lab.account);
    let edit = |change: &dyn Fn(&mut Value)| {
        let mut policy = good.clone();
        change(&mut policy["Statement"]);
        policy
    };
    let objects = |path: &str| json!(format!("arn:aws:s3:::{bucket}/{path}"));
    let broken = [
        ("another trail", bucket_policy(&bucket, &lab.trail_arn("other"), &lab.account)),
        ("another account's folder", bucket_policy(&bucket, &lab.trail_arn("main"), "999999999999")),
        ("no ACL check", edit(&|statements| statements[0]["Action"] = json!("s3:GetBucketLocation"))),
        ("no write", edit(&|statements| statements[1]["Action"] = json!("s3:GetObject"))),
        ("another ACL", edit(&|statements| statements[1]["Condition"]["StringEquals"]["s3:x-amz-acl"] = json!("private"))),
        ("another prefix", edit(&|statements| statements[1]["Resource"] = objects(&format!("audit/AWSLogs/{}/*", lab.account)))),
        ("another service", edit(&|statements| statements[1]["Principal"]["Service"] = json!("config.amazonaws.com"))),
        (
            "a deny",
            edit(&|statements| {
                let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": objects("*"),
                    "Condition": { "StringNotEquals": { "s3:x-amz-server-side-encryption": "aws:kms" } } });
                statements.as_array_mut().unwrap().push(deny);
            }),
        ),
    ];
    for (what, policy) in broken {
        lab.put_policy(&bucket, HOME, &policy).await;
        assert_eq!(code(create().send().await), "InsufficientS3BucketPolicyException", "{what}");
    }
    lab.put_policy(&bucket, HOME, &good).await;
    let s3 = lab.s3(&lab.account, HOME);
    let pay = async |payer: Payer| {
        let configuration = RequestPaymentConfiguration::builder().payer(payer).build().unwrap();
        s3.put_bucket_request_payment().bucket(&bucket).request_payment_configuration(configuration).send().await.unwrap();
    };
    pay(Payer::Requester).await;
    assert_eq!(code(create().send().await), "InsufficientS3BucketPolicyException", "the requester pays");
    pay(Payer::BucketOwner).await;
    create().send().await.unwrap();

    let exact = edit(&|statements| statements[1]["Resource"] = objects(&format!("AWSLogs/{}/*", lab.account)));
    lab.put_policy(&bucket, HOME, &exact).await;
    let moved = client.update_trail().name("main").s3_key_prefix("audit").send().await;
    assert_eq!(code(moved), "InsufficientS3BucketPolicyException", "the policy must know the prefix first");
}

fn key_policy(lab: &Lab, trail: &str, action: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", lab.account) }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": action, "Resource": "*", "Condition": {
            "StringEquals": { "aws:SourceArn": lab.trail_arn(trail) },
            "StringLike": { "kms:EncryptionContext:aws:cloudtrail:arn": format!("arn:aws:cloudtrail:*:{}:trail/*", lab.account) } } },
    ] })
    .to_string()
}

#[tokio::test]
async fn a_key_in_any_form_reads_back_as_its_arn() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let kms = lab.kms(HOME);
    let key = kms.create_key().policy(key_policy(&lab, "main", "kms:GenerateDataKey*")).send().await.unwrap().key_metadata.unwrap();
    kms.create_alias().alias_name("alias/trail").target_key_id(key.key_id()).send().await.unwrap();
    let arn = key.arn().unwrap().to_owned();
    let alias_arn = format!("arn:aws:kms:{HOME}:{}:alias/trail", lab.account);
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).send().await.unwrap();
    for typed in [key.key_id(), arn.as_str(), "alias/trail", alias_arn.as_str()] {
        let updated = client.update_trail().name("main").kms_key_id(typed).send().await.unwrap();
        assert_eq!(updated.kms_key_id(), Some(arn.as_str()), "{typed}");
        let cleared = client.update_trail().name("main").kms_key_id("").send().await.unwrap();
        assert_eq!(cleared.kms_key_id(), None);
    }
}

#[tokio::test]
async fn a_key_must_be_there_usable_near_and_open_to_the_trail() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let kms = lab.kms(HOME);
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).send().await.unwrap();
    let use_key = |key: &str| client.update_trail().name("main").kms_key_id(key).send();
    let create = |policy: String| kms.create_key().policy(policy).send();

    assert_eq!(code(use_key("alias/missing").await), "KmsKeyNotFoundException");
    assert_eq!(code(use_key("11111111-2222-3333-4444-555555555555").await), "KmsKeyNotFoundException");
    let far = lab.kms(OTHER).create_key().policy(key_policy(&lab, "main", "kms:*")).send().await.unwrap().key_metadata.unwrap();
    assert_eq!(code(use_key(far.arn().unwrap()).await), "KmsKeyNotFoundException", "not in the bucket's Region");
    let closed = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    assert_eq!(code(use_key(closed.key_id()).await), "InsufficientEncryptionPolicyException");
    for (trail, action) in [("other", "kms:GenerateDataKey*"), ("main", "kms:Decrypt")] {
        let key = create(key_policy(&lab, trail, action)).await.unwrap().key_metadata.unwrap();
        assert_eq!(code(use_key(key.key_id()).await), "InsufficientEncryptionPolicyException", "{trail} {action}");
    }
    let key = create(key_policy(&lab, "main", "kms:GenerateDataKey*")).await.unwrap().key_metadata.unwrap();
    kms.disable_key().key_id(key.key_id()).send().await.unwrap();
    assert_eq!(code(use_key(key.key_id()).await), "KmsException");
    kms.enable_key().key_id(key.key_id()).send().await.unwrap();
    use_key(key.key_id()).await.unwrap();
    kms.schedule_key_deletion().key_id(key.key_id()).send().await.unwrap();
    let state = kms.describe_key().key_id(key.key_id()).send().await.unwrap().key_metadata.unwrap().key_state;
    assert_eq!(state, Some(KeyState::PendingDeletion));
    assert_eq!(code(use_key(key.key_id()).await), "KmsException");
}

#[tokio::test]
async fn a_bucket_key_asks_more_of_the_key() {
    use aws_sdk_s3::types::{
        ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    };
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let key =
        lab.kms(HOME).create_key().policy(key_policy(&lab, "main", "kms:GenerateDataKey*")).send().await.unwrap().key_metadata.unwrap();
    let by_default =
        ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::AwsKms).kms_master_key_id(key.arn().unwrap());
    let rule =
        ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default.build().unwrap()).bucket_key_enabled(true);
    let configuration = ServerSideEncryptionConfiguration::builder().rules(rule.build()).build().unwrap();
    let s3 = lab.s3(&lab.account, HOME);
    s3.put_bucket_encryption().bucket(&bucket).server_side_encryption_configuration(configuration).send().await.unwrap();

    let client = lab.cloudtrail(HOME);
    let with_key = || client.create_trail().name("main").s3_bucket_name(&bucket).kms_key_id(key.key_id()).send();
    let without_key = || client.create_trail().name("main").s3_bucket_name(&bucket).send();
    assert_eq!(code(with_key().await), "InsufficientEncryptionPolicyException", "no Decrypt");
    assert_eq!(code(without_key().await), "InsufficientEncryptionPolicyException", "no DescribeKey on the bucket's key");
    let mut policy: Value = serde_json::from_str(&key_policy(&lab, "main", "kms:GenerateDataKey*")).unwrap();
    let more = json!({ "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": "*" });
    policy["Statement"].as_array_mut().unwrap().push(more);
    lab.kms(HOME).put_key_policy().key_id(key.key_id()).policy(policy.to_string()).send().await.unwrap();
    without_key().await.unwrap();
    client.update_trail().name("main").kms_key_id(key.key_id()).send().await.unwrap();
}

#[tokio::test]
async fn a_topic_must_let_this_trail_publish() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).send().await.unwrap();
    let notify = |topic: &str| client.update_trail().name("main").sns_topic_name(topic).send();
    let (code_of, message) = error(notify("missing").await);
    assert_eq!(code_of, "InsufficientSnsTopicPolicyException");
    assert_eq!(message, "SNS Topic does not exist or the topic policy is incorrect!");

    let topic = lab.aws_ok(HOME, &["sns", "create-topic", "--name", "news"]).await;
    let arn = topic["TopicArn"].as_str().unwrap();
    assert_eq!(code(notify("news").await), "InsufficientSnsTopicPolicyException", "the default policy does not know CloudTrail");
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "SNS:Publish", "Resource": arn, "Condition": { "StringEquals": { "aws:SourceArn": lab.trail_arn("main") } } }] });
    let policy = policy.to_string();
    lab.aws_ok(HOME, &["sns", "set-topic-attributes", "--topic-arn", arn, "--attribute-name", "Policy", "--attribute-value", &policy])
        .await;
    for typed in ["news", arn] {
        let updated = notify(typed).await.unwrap();
        assert_eq!(updated.sns_topic_arn(), Some(arn));
    }
    let cleared = notify("").await.unwrap();
    assert_eq!(cleared.sns_topic_arn(), None);
}

#[tokio::test]
async fn a_log_group_needs_its_star_and_a_role_that_trusts_cloudtrail() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).send().await.unwrap();
    lab.aws_ok(HOME, &["logs", "create-log-group", "--log-group-name", "audit"]).await;
    let trust = |service: &str| {
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }] }).to_string()
    };
    let permission = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Resource": "*",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"] }] })
    .to_string();
    for (name, service) in
        [("writer", "cloudtrail.amazonaws.com"), ("stranger", "ec2.amazonaws.com"), ("powerless", "cloudtrail.amazonaws.com")]
    {
        lab.aws_ok(HOME, &["iam", "create-role", "--role-name", name, "--assume-role-policy-document", &trust(service)]).await;
    }
    for name in ["writer", "stranger"] {
        lab.aws_ok(HOME, &["iam", "put-role-policy", "--role-name", name, "--policy-name", "logs", "--policy-document", &permission]).await;
    }
    let group = format!("arn:aws:logs:{HOME}:{}:log-group:audit", lab.account);
    let star = format!("{group}:*");
    let role = |name: &str| format!("arn:aws:iam::{}:role/{name}", lab.account);
    let write_to = |group: &str, role: &str| {
        client.update_trail().name("main").cloud_watch_logs_log_group_arn(group).cloud_watch_logs_role_arn(role).send()
    };
    for wrong in [group.clone(), star.replace("audit", "missing"), star.replace(HOME, OTHER)] {
        let (code_of, message) = error(write_to(&wrong, &role("writer")).await);
        assert_eq!(code_of, "InvalidCloudWatchLogsLogGroupArnException", "{wrong}");
        assert_eq!(message, "CloudTrail cannot validate the specified log group ARN.");
    }
    for name in ["missing", "stranger", "powerless"] {
        let (code_of, message) = error(write_to(&star, &role(name)).await);
        assert_eq!(code_of, "InvalidCloudWatchLogsRoleArnException", "{name}");
        assert_eq!(message, "Access denied. Check the permissions for your role.");
    }
    let updated = write_to(&star, &role("writer")).await.unwrap();
    assert_eq!(updated.cloud_watch_logs_log_group_arn(), Some(star.as_str()));
    let half = client.update_trail().name("main").cloud_watch_logs_log_group_arn("").send().await;
    assert_eq!(code(half), "InvalidCloudWatchLogsRoleArnException", "cleared together or not at all");
    let cleared = write_to("", "").await.unwrap();
    assert_eq!(cleared.cloud_watch_logs_role_arn(), None);
}
