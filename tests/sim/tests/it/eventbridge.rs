//! Rules of the default bus get what an active trail logs, in the form of AWS, and pass it to SQS.

use crate::delivery::logging_trail;
use crate::lab::{HOME, Lab, OTHER};
use serde_json::{Value, json};

/// A rule on HOME's bus and the queue that it sends to; `policy` opens the queue to it.
async fn rule(lab: &Lab, name: &str, pattern: Value, state: &str, open: bool) -> String {
    let queue = lab.aws_ok(HOME, &["sqs", "create-queue", "--queue-name", name]).await;
    let url = queue["QueueUrl"].as_str().unwrap().to_owned();
    let queue_arn = format!("arn:aws:sqs:{HOME}:{}:{name}", lab.account);
    let pattern = pattern.to_string();
    let rule = lab.aws_ok(HOME, &["events", "put-rule", "--name", name, "--event-pattern", &pattern, "--state", state]).await;
    let rule_arn = rule["RuleArn"].as_str().unwrap();
    let target = format!("Id=1,Arn={queue_arn}");
    lab.aws_ok(HOME, &["events", "put-targets", "--rule", name, "--targets", &target]).await;
    if open {
        let policy = json!({ "Statement": [{ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" }, "Action": "sqs:SendMessage",
            "Resource": queue_arn, "Condition": { "ArnEquals": { "aws:SourceArn": rule_arn } } }] });
        let attributes = json!({ "Policy": policy.to_string() }).to_string();
        lab.aws_ok(HOME, &["sqs", "set-queue-attributes", "--queue-url", &url, "--attributes", &attributes]).await;
    }
    url
}

/// What is in a queue once everything was sent.
async fn received(lab: &Lab, url: &str) -> Vec<Value> {
    lab.control.deliver().await.unwrap();
    let answer = lab.aws_ok(HOME, &["sqs", "receive-message", "--queue-url", url, "--max-number-of-messages", "10"]).await;
    let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|message| serde_json::from_str(message["Body"].as_str().unwrap()).unwrap()).collect()
}

fn names(events: &[Value]) -> Vec<&str> {
    let mut names: Vec<&str> = events.iter().map(|event| event["detail"]["eventName"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

fn of_cloudtrail(names: &[&str]) -> Value {
    json!({ "source": ["aws.cloudtrail"], "detail-type": ["AWS API Call via CloudTrail"],
        "detail": { "eventSource": ["cloudtrail.amazonaws.com"], "eventName": names } })
}

#[tokio::test]
async fn a_rule_gets_the_record_of_a_change() {
    let lab = Lab::new().await;
    logging_trail(&lab).await;
    let url = rule(&lab, "drift", of_cloudtrail(&["StopLogging", "UpdateTrail", "DescribeTrails"]), "ENABLED", true).await;
    let client = lab.cloudtrail(HOME);
    client.describe_trails().send().await.unwrap();
    client.add_tags().resource_id(lab.trail_arn("main")).tags_list(tag()).send().await.unwrap();
    client.stop_logging().name("main").send().await.unwrap();
    let events = received(&lab, &url).await;
    assert_eq!(names(&events), ["StopLogging"], "neither reads nor what the pattern leaves out");
    let event = &events[0];
    assert_eq!((event["source"].as_str(), event["detail-type"].as_str()), (Some("aws.cloudtrail"), Some("AWS API Call via CloudTrail")));
    assert_eq!((event["account"].as_str(), event["region"].as_str()), (Some(lab.account.as_str()), Some(HOME)));
    assert_eq!(event["time"], event["detail"]["eventTime"]);
    assert_eq!(event["detail"]["requestParameters"]["name"], "main");
    assert_eq!(event["detail"]["userIdentity"]["userName"], "admin");

    client.update_trail().name("main").enable_log_file_validation(true).send().await.unwrap();
    assert_eq!(received(&lab, &url).await, Vec::<Value>::new(), "no trail logs any more");
}

fn tag() -> aws_sdk_cloudtrail::types::Tag {
    aws_sdk_cloudtrail::types::Tag::builder().key("a").value("b").build().unwrap()
}

#[tokio::test]
async fn nothing_comes_without_a_trail_that_logs_it() {
    let lab = Lab::new().await;
    let url = rule(&lab, "all", json!({ "source": ["aws.cloudtrail", "aws.s3"] }), "ENABLED", true).await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).send().await.unwrap();
    client.start_logging().name("main").send().await.unwrap();
    assert_eq!(received(&lab, &url).await, Vec::<Value>::new());
    lab.cloudtrail(OTHER).stop_logging().name(lab.trail_arn("main")).send().await.unwrap_err();
    client.add_tags().resource_id(lab.trail_arn("main")).tags_list(tag()).send().await.unwrap();
    assert_eq!(names(&received(&lab, &url).await), ["AddTags"], "nor what happens in another Region");
}

#[tokio::test]
async fn state_and_queue_policy_decide() {
    let lab = Lab::new().await;
    logging_trail(&lab).await;
    let pattern = || of_cloudtrail(&["ListTrails", "AddTags"]);
    let all = rule(&lab, "all", pattern(), "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", true).await;
    let disabled = rule(&lab, "disabled", pattern(), "DISABLED", true).await;
    let closed = rule(&lab, "closed", pattern(), "ENABLED", false).await;
    let client = lab.cloudtrail(HOME);
    client.list_trails().send().await.unwrap();
    client.add_tags().resource_id(lab.trail_arn("main")).tags_list(tag()).send().await.unwrap();
    assert_eq!(names(&received(&lab, &all).await), ["AddTags", "ListTrails"]);
    assert_eq!(received(&lab, &disabled).await, Vec::<Value>::new());
    assert_eq!(received(&lab, &closed).await, Vec::<Value>::new(), "the queue does not let EventBridge send");
}
