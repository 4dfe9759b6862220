//! An active trail's events reach its bucket, topic and log group; what hinders that shows in its status and is tried again.

use crate::lab::{HOME, Lab, OTHER, bucket_policy, key};
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, DataResource, EventSelector, ReadWriteType};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::Read;
use trailkeeper_sim::delivery::Round;
use trailkeeper_sim::organizations::Organization;
use trailkeeper_sim::world::Settings;

/// Delivers only when asked, so that a test sees what one round does.
pub async fn quiet_lab() -> Lab {
    let lab = Lab::new().await;
    lab.control.set_settings(&Settings { delivery_interval_ms: 0, ..Settings::default() }).await.unwrap();
    lab
}

/// A logging trail of its own bucket.
pub async fn logging_trail(lab: &Lab) -> String {
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).is_multi_region_trail(true).send().await.unwrap();
    client.start_logging().name("main").send().await.unwrap();
    bucket
}

pub async fn keys(lab: &Lab, bucket: &str) -> Vec<String> {
    let listed = lab.s3(&lab.account, HOME).list_objects_v2().bucket(bucket).send().await.unwrap();
    listed.contents().iter().filter_map(|object| object.key()).map(str::to_owned).collect()
}

pub fn unzip(bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut content).unwrap();
    content
}

async fn log_file(lab: &Lab, bucket: &str, key: &str) -> Vec<Value> {
    let object = lab.s3(&lab.account, HOME).get_object().bucket(bucket).key(key).send().await.unwrap();
    let bytes = object.body.collect().await.unwrap().into_bytes();
    let content: Value = serde_json::from_slice(&unzip(&bytes)).unwrap();
    content["Records"].as_array().unwrap().clone()
}

/// `source:name` of every delivered event under a part of a key.
async fn delivered(lab: &Lab, bucket: &str, part: &str) -> Vec<String> {
    let mut names = Vec::new();
    for key in keys(lab, bucket).await.iter().filter(|key| key.contains(part)) {
        for record in log_file(lab, bucket, key).await {
            names.push(record["eventName"].as_str().unwrap().to_owned());
        }
    }
    names.sort();
    names
}

async fn status(lab: &Lab) -> GetTrailStatusOutput {
    lab.cloudtrail(HOME).get_trail_status().name("main").send().await.unwrap()
}

#[tokio::test]
async fn an_active_trail_delivers_by_account_and_region() {
    let lab = quiet_lab().await;
    let bucket = logging_trail(&lab).await;
    lab.cloudtrail(HOME).list_trails().send().await.unwrap();
    lab.aws_ok(OTHER, &["iam", "create-user", "--user-name", "bob"]).await;
    assert_eq!(lab.control.deliver().await.unwrap(), Round { log_files: 2, digests: 0, failures: 0 });

    let found = keys(&lab, &bucket).await;
    let today = lab.control.now().await.unwrap().strftime("%Y/%m/%d").to_string();
    for (region, name) in [(HOME, "ListTrails"), (OTHER, "CreateUser")] {
        let folder = format!("AWSLogs/{}/CloudTrail/{region}/{today}/{}_CloudTrail_{region}_", lab.account, lab.account);
        let key = found.iter().find(|key| key.starts_with(&folder)).unwrap_or_else(|| panic!("{folder} in {found:?}"));
        let rest = key.strip_prefix(&folder).unwrap().strip_suffix(".json.gz").unwrap();
        let (time, unique) = rest.split_once('_').unwrap();
        assert!(time.len() == 14 && time.ends_with('Z') && unique.len() == 16, "{rest}");
        let records = log_file(&lab, &bucket, key).await;
        assert_eq!(records.len(), 1);
        assert_eq!(records[0]["eventName"], name);
    }
    let status = status(&lab).await;
    assert!(status.latest_delivery_time().is_some() && status.latest_delivery_error().is_none(), "{status:?}");
    assert_eq!(lab.control.deliver().await.unwrap().log_files, 1, "the reads of this test itself");
    let object = lab.s3(&lab.account, HOME).head_object().bucket(&bucket).key(&found[0]).send().await.unwrap();
    assert_eq!((object.content_type(), object.content_encoding()), (Some("application/json"), Some("gzip")));
}

#[tokio::test]
async fn only_what_happened_while_logging_is_delivered() {
    let lab = quiet_lab().await;
    let bucket = logging_trail(&lab).await;
    let client = lab.cloudtrail(HOME);
    client.stop_logging().name("main").send().await.unwrap();
    client.list_trails().send().await.unwrap();
    lab.control.deliver().await.unwrap();
    assert_eq!(delivered(&lab, &bucket, "/CloudTrail/").await, ["StopLogging"]);
}

#[tokio::test]
async fn without_being_asked_delivery_goes_on() {
    let lab = Lab::new().await;
    lab.control.set_settings(&Settings { delivery_interval_ms: 20, ..Settings::default() }).await.unwrap();
    let bucket = logging_trail(&lab).await;
    lab.cloudtrail(HOME).list_trails().send().await.unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while keys(&lab, &bucket).await.is_empty() {
        assert!(std::time::Instant::now() < until, "nothing was delivered");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_single_region_trail_keeps_to_its_region() {
    let lab = quiet_lab().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).s3_key_prefix("audit").send().await.unwrap();
    client.start_logging().name("main").send().await.unwrap();
    lab.cloudtrail(OTHER).list_trails().send().await.unwrap();
    lab.aws_ok(HOME, &["iam", "create-user", "--user-name", "bob"]).await;
    client.describe_trails().send().await.unwrap();
    lab.control.deliver().await.unwrap();
    assert_eq!(delivered(&lab, &bucket, &format!("audit/AWSLogs/{}/CloudTrail/", lab.account)).await, ["DescribeTrails"]);
}

#[tokio::test]
async fn selectors_choose_what_is_delivered() {
    let lab = quiet_lab().await;
    let bucket = logging_trail(&lab).await;
    let data = lab.create_bucket("data", HOME).await;
    let client = lab.cloudtrail(HOME);
    let s3 = lab.s3(&lab.account, HOME);
    lab.control.deliver().await.unwrap();
    let before = delivered(&lab, &bucket, "/CloudTrail/").await;

    let objects = DataResource::builder().r#type("AWS::S3::Object").values(format!("arn:aws:s3:::{data}/")).build();
    let basic = EventSelector::builder().read_write_type(ReadWriteType::WriteOnly).include_management_events(true).data_resources(objects);
    client.put_event_selectors().trail_name("main").event_selectors(basic.build()).send().await.unwrap();
    s3.put_object().bucket(&data).key("k").body(b"x".to_vec().into()).send().await.unwrap();
    s3.get_object().bucket(&data).key("k").send().await.unwrap();
    client.list_trails().send().await.unwrap();
    lab.control.deliver().await.unwrap();
    let mut after = delivered(&lab, &bucket, "/CloudTrail/").await;
    after.retain(|name| !before.contains(name));
    assert_eq!(after, ["PutEventSelectors", "PutObject"]);

    let field = |name: &str, value: &str| AdvancedFieldSelector::builder().field(name).equals(value).build().unwrap();
    let fields = vec![field("eventCategory", "Data"), field("resources.type", "AWS::S3::Object"), field("eventName", "DeleteObject")];
    let advanced = AdvancedEventSelector::builder().set_field_selectors(Some(fields)).build().unwrap();
    client.put_event_selectors().trail_name("main").advanced_event_selectors(advanced).send().await.unwrap();
    let before = delivered(&lab, &bucket, "/CloudTrail/").await;
    s3.put_object().bucket(&data).key("k").body(b"y".to_vec().into()).send().await.unwrap();
    s3.delete_object().bucket(&data).key("k").send().await.unwrap();
    lab.control.deliver().await.unwrap();
    let after = delivered(&lab, &bucket, "/CloudTrail/").await;
    assert_eq!(after.len(), before.len() + 1, "{after:?}");
    assert!(after.contains(&"DeleteObject".to_owned()), "{after:?}");
}

#[tokio::test]
async fn a_broken_policy_or_bucket_shows_and_nothing_is_lost() {
    let lab = quiet_lab().await;
    let bucket = logging_trail(&lab).await;
    let s3 = lab.s3(&lab.account, HOME);
    s3.delete_bucket_policy().bucket(&bucket).send().await.unwrap();
    assert_eq!(lab.control.deliver().await.unwrap(), Round { log_files: 0, digests: 0, failures: 1 });
    assert_eq!(status(&lab).await.latest_delivery_error(), Some("AccessDenied"));
    let stranger = bucket_policy(&bucket, &lab.trail_arn("other"), &lab.account);
    lab.put_policy(&bucket, HOME, &stranger).await;
    lab.control.deliver().await.unwrap();
    assert_eq!(status(&lab).await.latest_delivery_error(), Some("AccessDenied"), "the policy names another trail");

    s3.delete_bucket().bucket(&bucket).send().await.unwrap();
    lab.control.deliver().await.unwrap();
    let broken = status(&lab).await;
    assert_eq!((broken.latest_delivery_error(), broken.latest_delivery_time()), (Some("NoSuchBucket"), None));

    lab.open_bucket().await;
    assert_eq!(lab.control.deliver().await.unwrap().failures, 0);
    let repaired = status(&lab).await;
    assert!(repaired.latest_delivery_error().is_none() && repaired.latest_delivery_time().is_some(), "{repaired:?}");
    let names = delivered(&lab, &bucket, "/CloudTrail/").await;
    assert!(names.contains(&"DeleteBucketPolicy".to_owned()), "what could not be delivered then is delivered now: {names:?}");
}

#[tokio::test]
async fn an_unusable_key_stops_delivery() {
    let lab = quiet_lab().await;
    let bucket = lab.open_bucket().await;
    let kms = lab.kms(HOME);
    let allow = |principal: Value, action: &str| json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*" });
    let owner = allow(json!({ "AWS": format!("arn:aws:iam::{}:root", lab.account) }), "kms:*");
    let open = json!({ "Statement": [owner, allow(json!({ "Service": "cloudtrail.amazonaws.com" }), "kms:*")] }).to_string();
    let closed = json!({ "Statement": [owner] }).to_string();
    let key = kms.create_key().policy(&open).send().await.unwrap().key_metadata.unwrap();
    let id = key.key_id();
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).kms_key_id(id).send().await.unwrap();
    client.start_logging().name("main").send().await.unwrap();
    let error = async || {
        lab.control.deliver().await.unwrap();
        status(&lab).await.latest_delivery_error().map(str::to_owned)
    };
    client.list_trails().send().await.unwrap();
    assert_eq!(error().await, None);
    let first = keys(&lab, &bucket).await.remove(0);
    let object = lab.s3(&lab.account, HOME).head_object().bucket(&bucket).key(first).send().await.unwrap();
    assert_eq!(object.ssekms_key_id(), key.arn());

    kms.disable_key().key_id(id).send().await.unwrap();
    assert_eq!(error().await.as_deref(), Some("KMS.DisabledException"));
    kms.enable_key().key_id(id).send().await.unwrap();
    kms.put_key_policy().key_id(id).policy_name("default").policy(&closed).send().await.unwrap();
    assert_eq!(error().await.as_deref(), Some("AccessDenied"));
    kms.put_key_policy().key_id(id).policy_name("default").policy(&open).send().await.unwrap();
    assert_eq!(error().await, None);
    kms.schedule_key_deletion().key_id(id).send().await.unwrap();
    assert_eq!(error().await.as_deref(), Some("KMS.KMSInvalidStateException"));
}

#[tokio::test]
async fn a_topic_is_told_of_each_file() {
    let lab = quiet_lab().await;
    let bucket = logging_trail(&lab).await;
    let topic = lab.aws_ok(HOME, &["sns", "create-topic", "--name", "news"]).await;
    let topic = topic["TopicArn"].as_str().unwrap().to_owned();
    let queue = lab.aws_ok(HOME, &["sqs", "create-queue", "--queue-name", "news"]).await;
    let url = queue["QueueUrl"].as_str().unwrap().to_owned();
    let set_policy = async |service: &str| {
        let policy = json!({ "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "SNS:Publish", "Resource": topic }] });
        let policy = policy.to_string();
        lab.aws_ok(
            HOME,
            &["sns", "set-topic-attributes", "--topic-arn", &topic, "--attribute-name", "Policy", "--attribute-value", &policy],
        )
        .await;
    };
    set_policy("cloudtrail.amazonaws.com").await;
    let queue_arn = format!("arn:aws:sqs:{HOME}:{}:news", lab.account);
    lab.aws_ok(HOME, &["sns", "subscribe", "--topic-arn", &topic, "--protocol", "sqs", "--notification-endpoint", &queue_arn]).await;
    lab.cloudtrail(HOME).update_trail().name("main").sns_topic_name(&topic).send().await.unwrap();
    lab.control.deliver().await.unwrap();
    assert!(status(&lab).await.latest_notification_time().is_some());
    let received = lab.aws_ok(HOME, &["sqs", "receive-message", "--queue-url", &url]).await;
    let envelope: Value = serde_json::from_str(received["Messages"][0]["Body"].as_str().unwrap()).unwrap();
    let message: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
    assert_eq!(message["s3Bucket"], bucket.as_str());
    assert!(keys(&lab, &bucket).await.contains(&message["s3ObjectKey"][0].as_str().unwrap().to_owned()), "{message}");

    set_policy("config.amazonaws.com").await;
    lab.control.deliver().await.unwrap();
    let broken = status(&lab).await;
    assert_eq!((broken.latest_notification_error(), broken.latest_delivery_error()), (Some("AuthorizationError"), None));
}

#[tokio::test]
async fn a_log_group_gets_the_events() {
    let lab = quiet_lab().await;
    logging_trail(&lab).await;
    lab.aws_ok(HOME, &["logs", "create-log-group", "--log-group-name", "audit"]).await;
    let trust =
        json!({ "Statement": [{ "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    lab.aws_ok(HOME, &["iam", "create-role", "--role-name", "writer", "--assume-role-policy-document", &trust.to_string()]).await;
    let permission = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Resource": "*",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"] }] })
    .to_string();
    lab.aws_ok(HOME, &["iam", "put-role-policy", "--role-name", "writer", "--policy-name", "logs", "--policy-document", &permission]).await;
    let group = format!("arn:aws:logs:{HOME}:{}:log-group:audit:*", lab.account);
    let role = format!("arn:aws:iam::{}:role/writer", lab.account);
    let client = lab.cloudtrail(HOME);
    client.update_trail().name("main").cloud_watch_logs_log_group_arn(&group).cloud_watch_logs_role_arn(&role).send().await.unwrap();
    lab.control.deliver().await.unwrap();
    assert!(status(&lab).await.latest_cloud_watch_logs_delivery_time().is_some());
    let stream = format!("{}_CloudTrail_{HOME}", lab.account);
    let read = ["logs", "get-log-events", "--log-group-name", "audit", "--log-stream-name", stream.as_str()];
    let events = lab.aws_ok(HOME, &read).await;
    let messages: Vec<Value> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| serde_json::from_str(event["message"].as_str().unwrap()).unwrap())
        .collect();
    assert!(messages.iter().any(|record| record["eventName"] == "UpdateTrail"), "{messages:?}");

    lab.cloudtrail(OTHER).list_trails().send().await.unwrap();
    lab.control.deliver().await.unwrap();
    let events = lab.aws_ok(HOME, &read).await;
    let is_there = |event: &Value| event["message"].as_str().unwrap().contains("ListTrails");
    assert!(events["events"].as_array().unwrap().iter().any(is_there), "events of all Regions are in one stream: {events}");

    lab.aws_ok(HOME, &["iam", "delete-role-policy", "--role-name", "writer", "--policy-name", "logs"]).await;
    lab.control.deliver().await.unwrap();
    assert_eq!(status(&lab).await.latest_cloud_watch_logs_delivery_error(), Some("AccessDenied"));
    lab.aws_ok(HOME, &["iam", "put-role-policy", "--role-name", "writer", "--policy-name", "logs", "--policy-document", &permission]).await;
    lab.aws_ok(HOME, &["logs", "delete-log-group", "--log-group-name", "audit"]).await;
    lab.control.deliver().await.unwrap();
    let broken = status(&lab).await;
    assert_eq!(broken.latest_cloud_watch_logs_delivery_error(), Some("ResourceNotFoundException"));
    assert_eq!(broken.latest_delivery_error(), None);
}

/// A logging organization trail with validation, and a member account.
pub async fn organization_trail(lab: &Lab) -> (String, String) {
    let member = crate::lab::new_account();
    let organization = Organization {
        id: "o-abcdefghij".into(),
        management_account: lab.account.clone(),
        members: [member.clone()].into(),
        all_features: true,
        trusted_services: ["cloudtrail.amazonaws.com".to_owned()].into(),
        cloudtrail_admins: Default::default(),
        suspended: Default::default(),
    };
    lab.control.set_organizations(&[organization]).await.unwrap();
    let bucket = lab.create_bucket("org", HOME).await;
    let mut policy = bucket_policy(&bucket, &lab.trail_arn("main"), &lab.account);
    let mut write = policy["Statement"][1].clone();
    write["Resource"] = json!(format!("arn:aws:s3:::{bucket}/AWSLogs/o-abcdefghij/*"));
    policy["Statement"].as_array_mut().unwrap().push(write);
    lab.put_policy(&bucket, HOME, &policy).await;
    let client = lab.cloudtrail(HOME);
    client
        .create_trail()
        .name("main")
        .s3_bucket_name(&bucket)
        .is_organization_trail(true)
        .enable_log_file_validation(true)
        .send()
        .await
        .unwrap();
    client.start_logging().name("main").send().await.unwrap();
    (bucket, member)
}

#[tokio::test]
async fn an_organization_trail_delivers_its_members() {
    let lab = quiet_lab().await;
    let (bucket, member) = organization_trail(&lab).await;
    lab.cloudtrail_as(&key(&member), HOME).list_trails().send().await.unwrap();
    lab.control.deliver().await.unwrap();
    assert_eq!(delivered(&lab, &bucket, &format!("AWSLogs/o-abcdefghij/{member}/CloudTrail/{HOME}/")).await, ["ListTrails"]);
}

#[tokio::test]
async fn global_events_come_to_us_east_1_when_asked_for() {
    let lab = quiet_lab().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(OTHER);
    client.create_trail().name("main").s3_bucket_name(&bucket).include_global_service_events(false).send().await.unwrap();
    client.start_logging().name("main").send().await.unwrap();
    let add_user = async |name: &str| lab.aws_ok(HOME, &["iam", "create-user", "--user-name", name]).await;
    add_user("ann").await;
    client.update_trail().name("main").include_global_service_events(true).send().await.unwrap();
    add_user("bob").await;
    assert_eq!(lab.control.deliver().await.unwrap().log_files, 1);
    assert_eq!(delivered(&lab, &bucket, "/CloudTrail/us-east-1/").await, ["CreateUser", "UpdateTrail"]);
}
