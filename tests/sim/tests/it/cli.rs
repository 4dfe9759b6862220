//! The official command line gets along with the simulation, and so do requests no client would send.

use crate::lab::{HOME, Lab, OTHER};
use serde_json::json;

#[tokio::test]
async fn the_command_line_makes_reads_and_removes_a_trail() {
    let lab = Lab::new().await;
    let bucket = lab.bucket_name("cli");
    let constraint = format!("LocationConstraint={HOME}");
    lab.aws_ok(HOME, &["s3api", "create-bucket", "--bucket", &bucket, "--create-bucket-configuration", &constraint]).await;
    let policy = crate::lab::bucket_policy(&bucket, &lab.trail_arn("main"), &lab.account).to_string();
    lab.aws_ok(HOME, &["s3api", "put-bucket-policy", "--bucket", &bucket, "--policy", &policy]).await;
    let create = ["cloudtrail", "create-trail", "--name", "main", "--s3-bucket-name", &bucket, "--is-multi-region-trail"];
    let created = lab.aws_ok(HOME, &create).await;
    assert_eq!(created["TrailARN"], lab.trail_arn("main"));
    lab.aws_ok(HOME, &["cloudtrail", "start-logging", "--name", "main"]).await;
    let status = lab.aws_ok(HOME, &["cloudtrail", "get-trail-status", "--name", "main"]).await;
    assert_eq!(status["IsLogging"], true);
    let shadows = lab.aws_ok(OTHER, &["cloudtrail", "describe-trails"]).await;
    assert_eq!(shadows["trailList"][0]["HomeRegion"], HOME);
    let selectors = json!([{ "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Management"] }] }]).to_string();
    lab.aws_ok(HOME, &["cloudtrail", "put-event-selectors", "--trail-name", "main", "--advanced-event-selectors", &selectors]).await;
    lab.aws_ok(HOME, &["cloudtrail", "delete-trail", "--name", "main"]).await;
    let gone = lab.aws(HOME, &["cloudtrail", "get-trail", "--name", "main"]).await;
    let message = String::from_utf8_lossy(&gone.stderr).into_owned();
    assert!(message.contains("(TrailNotFoundException) when calling the GetTrail operation: Unknown trail: main"), "{message}");
}

#[tokio::test]
async fn what_moto_lacks_is_a_clear_error() {
    let lab = Lab::new().await;
    let user = format!("arn:aws:iam::{}:user/u", lab.account);
    let lacking: [&[&str]; 2] = [
        &["iam", "simulate-principal-policy", "--policy-source-arn", &user, "--action-names", "s3:GetObject"],
        &["organizations", "list-roots"],
    ];
    for arguments in lacking {
        let output = lab.aws(HOME, arguments).await;
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.contains("(NotImplemented)") && message.contains("trailkeeper-sim does not simulate"), "{arguments:?}: {message}");
    }
}

#[tokio::test]
async fn a_key_from_iam_is_its_user() {
    let lab = Lab::new().await;
    lab.aws_ok(HOME, &["iam", "create-user", "--user-name", "bob"]).await;
    let created = lab.aws_ok(HOME, &["iam", "create-access-key", "--user-name", "bob"]).await;
    let id = created["AccessKey"]["AccessKeyId"].as_str().unwrap();
    let identity = lab.sts(&crate::lab::key(id)).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.arn(), Some(format!("arn:aws:iam::{}:user/bob", lab.account).as_str()));
    lab.aws_ok(HOME, &["iam", "delete-access-key", "--user-name", "bob", "--access-key-id", id]).await;
    assert!(lab.sts(&crate::lab::key(id)).get_caller_identity().send().await.is_err());
}

#[tokio::test]
async fn an_unsigned_request_is_refused_in_each_protocol() {
    let lab = Lab::new().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = async |request: reqwest::RequestBuilder| {
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let json = send(http.post(lab.endpoint()).header("x-amz-target", "CloudTrail_20131101.ListTrails").body("{}")).await;
    assert!(json.0 == 400 && json.1.contains("MissingAuthenticationTokenException"), "{json:?}");
    let query = send(http.post(lab.endpoint()).body("Action=GetCallerIdentity&Version=2011-06-15")).await;
    assert!(query.0 == 403 && query.1.contains("<Code>MissingAuthenticationToken</Code>"), "{query:?}");
    let rest = send(http.get(format!("{}/bucket/key", lab.endpoint()))).await;
    assert!(rest.0 == 403 && rest.1.contains("<Code>AccessDenied</Code>"), "{rest:?}");
}

#[tokio::test]
async fn queue_urls_lead_back_to_the_simulation() {
    let lab = Lab::new().await;
    let made = lab.aws_ok(HOME, &["sqs", "create-queue", "--queue-name", "news"]).await;
    let url = made["QueueUrl"].as_str().unwrap();
    assert_eq!(url, format!("{}/{}/news", lab.endpoint(), lab.account));
    lab.aws_ok(HOME, &["sqs", "send-message", "--queue-url", url, "--message-body", "hello"]).await;
    let received = lab.aws_ok(HOME, &["sqs", "receive-message", "--queue-url", url]).await;
    assert_eq!(received["Messages"][0]["Body"], "hello");
}
