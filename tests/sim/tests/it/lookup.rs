//! LookupEvents answers from the calls that went through the simulation.

use crate::lab::{HOME, Lab, OTHER, bucket_policy, code, key};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{Event, EventCategory, LookupAttribute, LookupAttributeKey};
use serde_json::Value;
use trailkeeper_sim::clock::ClockChange;
use trailkeeper_sim::faults::{FaultKind, FaultRule};
use trailkeeper_sim::world::Settings;

pub fn attribute(key: LookupAttributeKey, value: &str) -> LookupAttribute {
    LookupAttribute::builder().attribute_key(key).attribute_value(value).build().unwrap()
}

async fn find(client: &Client, key: LookupAttributeKey, value: &str) -> Vec<Event> {
    client.lookup_events().lookup_attributes(attribute(key, value)).send().await.unwrap().events.unwrap_or_default()
}

fn record(event: &Event) -> Value {
    serde_json::from_str(event.cloud_trail_event().unwrap()).unwrap()
}

/// A trail that mallory stopped, by its ARN.
async fn stopped_trail(lab: &Lab) {
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).send().await.unwrap();
    client.start_logging().name("main").send().await.unwrap();
    let mallory = lab.cloudtrail_as(&key(&format!("{}-mallory", lab.account)), HOME);
    mallory.stop_logging().name(lab.trail_arn("main")).send().await.unwrap();
}

#[tokio::test]
async fn a_record_tells_who_did_what_from_where() {
    let lab = Lab::new().await;
    stopped_trail(&lab).await;
    let found = find(&lab.cloudtrail(HOME), LookupAttributeKey::EventName, "StopLogging").await;
    let [event] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (event.username(), event.event_source(), event.read_only()),
        (Some("mallory"), Some("cloudtrail.amazonaws.com"), Some("false"))
    );
    let resource = &event.resources()[0];
    let arn = lab.trail_arn("main");
    assert_eq!((resource.resource_type(), resource.resource_name()), (Some("AWS::CloudTrail::Trail"), Some(arn.as_str())));

    let record = record(event);
    assert_eq!(record["eventVersion"], "1.11");
    assert_eq!(record["userIdentity"]["type"], "IAMUser");
    assert_eq!(record["userIdentity"]["arn"], format!("arn:aws:iam::{}:user/mallory", lab.account));
    assert_eq!(record["userIdentity"]["userName"], "mallory");
    assert_eq!(record["sourceIPAddress"], "127.0.0.1");
    assert!(record["userAgent"].as_str().unwrap().contains("aws-sdk-rust"), "{record}");
    assert_eq!(record["requestParameters"], serde_json::json!({ "name": arn }));
    assert_eq!((&record["responseElements"], record.get("errorCode")), (&Value::Null, None));
    assert_eq!(record["awsRegion"], HOME);
    assert_eq!((&record["readOnly"], &record["managementEvent"]), (&Value::Bool(false), &Value::Bool(true)));
    assert_eq!((record["eventType"].as_str(), record["eventCategory"].as_str()), (Some("AwsApiCall"), Some("Management")));
    assert_eq!(record["recipientAccountId"], lab.account.as_str());
    assert_eq!(record["eventID"], event.event_id().unwrap());
    let time: jiff::Timestamp = record["eventTime"].as_str().unwrap().parse().unwrap();
    assert_eq!(time.as_second(), event.event_time().unwrap().secs());
}

#[tokio::test]
async fn every_attribute_finds_its_events() {
    let lab = Lab::new().await;
    stopped_trail(&lab).await;
    let client = lab.cloudtrail(HOME);
    let stop = find(&client, LookupAttributeKey::EventName, "StopLogging").await.remove(0);
    let arn = lab.trail_arn("main");
    let mallory = format!("{}-mallory", lab.account);
    let cases = [
        (LookupAttributeKey::EventId, stop.event_id().unwrap(), 1),
        (LookupAttributeKey::Username, "mallory", 1),
        (LookupAttributeKey::AccessKeyId, mallory.as_str(), 1),
        (LookupAttributeKey::ResourceName, arn.as_str(), 1),
        (LookupAttributeKey::ResourceName, "main", 2),
        (LookupAttributeKey::ResourceType, "AWS::CloudTrail::Trail", 3),
        (LookupAttributeKey::EventSource, "s3.amazonaws.com", 2),
        (LookupAttributeKey::EventName, "NoSuchThing", 0),
    ];
    for (key, value, expected) in cases {
        assert_eq!(find(&client, key.clone(), value).await.len(), expected, "{key} {value}");
    }
    let reads = find(&client, LookupAttributeKey::ReadOnly, "true").await;
    assert!(!reads.is_empty() && reads.iter().all(|event| event.event_name() == Some("LookupEvents")), "{reads:?}");
    let writes: Vec<_> = find(&client, LookupAttributeKey::ReadOnly, "false").await;
    let names: Vec<_> = writes.iter().filter_map(Event::event_name).collect();
    assert_eq!(names, ["StopLogging", "StartLogging", "CreateTrail", "PutBucketPolicy", "CreateBucket"], "newest first");
}

#[tokio::test]
async fn pages_go_on_where_they_stopped() {
    let lab = Lab::new().await;
    let client = lab.cloudtrail(HOME);
    for _ in 0..7 {
        client.describe_trails().send().await.unwrap();
    }
    let lookup = |token: Option<String>| {
        client
            .lookup_events()
            .lookup_attributes(attribute(LookupAttributeKey::EventName, "DescribeTrails"))
            .max_results(3)
            .set_next_token(token)
    };
    let mut seen = Vec::new();
    let mut token = None;
    for size in [3, 3, 1] {
        let page = lookup(token).send().await.unwrap();
        assert_eq!(page.events().len(), size);
        seen.extend(page.events().iter().filter_map(Event::event_id).map(str::to_owned));
        token = page.next_token;
        // What happens meanwhile moves no page.
        client.describe_trails().send().await.unwrap();
    }
    assert_eq!(token, None);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 7);

    let token = lookup(None).send().await.unwrap().next_token.unwrap();
    let other =
        client.lookup_events().lookup_attributes(attribute(LookupAttributeKey::EventName, "GetTrail")).next_token(&token).send().await;
    assert_eq!(code(other), "InvalidNextTokenException", "a token of another query");
    assert_eq!(code(lookup(Some("nonsense".into())).send().await), "InvalidNextTokenException");
}

#[tokio::test]
async fn what_aws_refuses_is_refused() {
    let lab = Lab::new().await;
    let client = lab.cloudtrail(HOME);
    let lookup = || client.lookup_events();
    let name = |value: &str| attribute(LookupAttributeKey::EventName, value);
    let (early, late) = (DateTime::from_secs(1_700_000_000), DateTime::from_secs(1_700_000_001));
    let two = lookup().lookup_attributes(name("A")).lookup_attributes(name("B"));
    assert_eq!(code(two.send().await), "InvalidLookupAttributesException");
    assert_eq!(code(lookup().lookup_attributes(name("")).send().await), "InvalidLookupAttributesException");
    let underscores = "_".repeat(1001);
    assert_eq!(code(lookup().lookup_attributes(name(&underscores)).send().await), "InvalidLookupAttributesException", "they count twice");
    let unknown = attribute(LookupAttributeKey::from("Colour"), "red");
    assert_eq!(code(lookup().lookup_attributes(unknown).send().await), "InvalidLookupAttributesException");
    assert_eq!(code(lookup().start_time(late).end_time(early).send().await), "InvalidTimeRangeException");
    for size in [0, 51] {
        assert_eq!(code(lookup().max_results(size).send().await), "InvalidMaxResultsException", "{size}");
    }
    assert_eq!(code(lookup().event_category(EventCategory::from("data")).send().await), "InvalidEventCategoryException");
    let insights = lookup().event_category(EventCategory::Insight).send().await.unwrap();
    assert!(insights.events().is_empty());
}

#[tokio::test]
async fn regions_and_accounts_are_apart_and_services_without_regions_are_in_us_east_1() {
    let lab = Lab::new().await;
    let stranger = crate::lab::new_account();
    lab.cloudtrail(HOME).list_trails().send().await.unwrap();
    lab.cloudtrail_as(&key(&stranger), HOME).list_trails().send().await.unwrap();
    lab.aws_ok(HOME, &["iam", "create-user", "--user-name", "bob"]).await;
    let bucket = lab.create_bucket("logs", HOME).await;
    let (home, other) = (lab.cloudtrail(HOME), lab.cloudtrail(OTHER));
    assert_eq!(find(&home, LookupAttributeKey::EventName, "ListTrails").await.len(), 1);
    assert_eq!(find(&other, LookupAttributeKey::EventName, "ListTrails").await.len(), 0);
    assert_eq!(find(&home, LookupAttributeKey::EventName, "CreateUser").await.len(), 0);
    let created = find(&other, LookupAttributeKey::ResourceName, "bob").await;
    let user = record(&created[0]);
    assert_eq!((user["awsRegion"].as_str(), user["requestParameters"]["userName"].as_str()), (Some("us-east-1"), Some("bob")));
    assert_eq!(user["responseElements"]["user"]["userName"], "bob");

    let creation = record(&find(&home, LookupAttributeKey::ResourceName, &bucket).await[0]);
    assert_eq!(creation["eventName"], "CreateBucket");
    assert_eq!(creation["requestParameters"]["CreateBucketConfiguration"]["LocationConstraint"], HOME);
}

#[tokio::test]
async fn a_call_on_another_accounts_bucket_is_in_both_histories() {
    let lab = Lab::new().await;
    let owner = crate::lab::new_account();
    let name = lab.bucket_name("shared");
    let s3 = lab.s3(&owner, HOME);
    crate::lab::create_bucket(&s3, &name, HOME).await;
    let mut policy = bucket_policy(&name, "*", &owner);
    let guest = serde_json::json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", lab.account) },
        "Action": "s3:GetBucketVersioning", "Resource": format!("arn:aws:s3:::{name}") });
    policy["Statement"].as_array_mut().unwrap().push(guest);
    s3.put_bucket_policy().bucket(&name).policy(policy.to_string()).send().await.unwrap();
    lab.s3(&lab.account, HOME).get_bucket_versioning().bucket(&name).send().await.unwrap();

    let mut shared = Vec::new();
    for account in [&lab.account, &owner] {
        let found = find(&lab.cloudtrail_as(&key(account), HOME), LookupAttributeKey::EventName, "GetBucketVersioning").await;
        let record = record(&found[0]);
        assert_eq!(record["recipientAccountId"], account.as_str());
        assert_eq!(record["userIdentity"]["accountId"], lab.account.as_str());
        let bucket = serde_json::json!({ "accountId": owner, "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{name}") });
        assert_eq!(record["resources"], serde_json::json!([bucket]));
        shared.push(record["sharedEventID"].clone());
    }
    assert!(shared[0].is_string() && shared[0] == shared[1], "{shared:?}");
}

#[tokio::test]
async fn a_denied_call_is_recorded_with_its_error_and_object_calls_are_not() {
    let lab = Lab::new().await;
    let fault = FaultRule {
        service: "cloudtrail".into(),
        operation: "StopLogging".into(),
        account: None,
        region: None,
        principal: None,
        kind: FaultKind::Deny,
        count: None,
    };
    lab.control.add_fault(&fault).await.unwrap();
    let client = lab.cloudtrail(HOME);
    assert_eq!(code(client.stop_logging().name("main").send().await), "AccessDeniedException");
    let denied = record(&find(&client, LookupAttributeKey::EventName, "StopLogging").await[0]);
    assert_eq!(denied["errorCode"], "AccessDenied");
    assert!(denied["errorMessage"].as_str().unwrap().contains("is not authorized to perform: cloudtrail:StopLogging"), "{denied}");

    let bucket = lab.create_bucket("data", HOME).await;
    lab.s3(&lab.account, HOME).put_object().bucket(&bucket).key("k").body(b"x".to_vec().into()).send().await.unwrap();
    assert_eq!(find(&client, LookupAttributeKey::EventName, "PutObject").await.len(), 0, "data events are not in the history");
}

#[tokio::test]
async fn a_role_session_is_named_by_its_session() {
    let lab = Lab::new().await;
    let trust = serde_json::json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{}:root", lab.account) }, "Action": "sts:AssumeRole" }] })
    .to_string();
    lab.aws_ok(HOME, &["iam", "create-role", "--role-name", "ops", "--assume-role-policy-document", &trust]).await;
    let arn = format!("arn:aws:iam::{}:role/ops", lab.account);
    let session =
        lab.sts(&key(&lab.account)).assume_role().role_arn(&arn).role_session_name("alice").send().await.unwrap().credentials.unwrap();
    let credentials = aws_credential_types::Credentials::new(
        session.access_key_id(),
        session.secret_access_key(),
        Some(session.session_token().to_owned()),
        None,
        "test",
    );
    lab.cloudtrail_as(&credentials, HOME).list_trails().send().await.unwrap();
    let client = lab.cloudtrail(HOME);
    let listed = record(&find(&client, LookupAttributeKey::Username, "alice").await[0]);
    assert_eq!(listed["userIdentity"]["type"], "AssumedRole");
    assert_eq!(listed["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"], arn.as_str());
    let assumed = record(&find(&client, LookupAttributeKey::ResourceName, &arn).await[0]);
    assert_eq!(assumed["eventName"], "AssumeRole");
    assert_eq!(assumed["responseElements"]["credentials"]["accessKeyId"], session.access_key_id());
    assert_eq!(assumed["responseElements"]["credentials"].get("secretAccessKey"), None);
}

#[tokio::test]
async fn events_come_late_when_asked_and_go_after_ninety_days() {
    let lab = Lab::new().await;
    lab.control.change_clock(&ClockChange::Freeze { at: None }).await.unwrap();
    lab.control.set_settings(&Settings { lookup_lag_seconds: 300, ..Settings::default() }).await.unwrap();
    let client = lab.cloudtrail(HOME);
    client.list_trails().send().await.unwrap();
    let count = async || find(&client, LookupAttributeKey::EventName, "ListTrails").await.len();
    assert_eq!(count().await, 0);
    lab.control.change_clock(&ClockChange::Advance { seconds: 299 }).await.unwrap();
    assert_eq!(count().await, 0);
    lab.control.change_clock(&ClockChange::Advance { seconds: 1 }).await.unwrap();
    assert_eq!(count().await, 1);
    lab.control.change_clock(&ClockChange::Advance { seconds: 90 * 86_400 }).await.unwrap();
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn a_time_range_is_inclusive() {
    let lab = Lab::new().await;
    let at = jiff::Timestamp::from_second(1_790_000_000).unwrap();
    lab.control.change_clock(&ClockChange::Freeze { at: Some(at) }).await.unwrap();
    let client = lab.cloudtrail(HOME);
    client.list_trails().send().await.unwrap();
    lab.control.change_clock(&ClockChange::Advance { seconds: 100 }).await.unwrap();
    let count = async |start: i64, end: i64| {
        let (start, end) = (DateTime::from_secs(at.as_second() + start), DateTime::from_secs(at.as_second() + end));
        let lookup = client.lookup_events().lookup_attributes(attribute(LookupAttributeKey::EventName, "ListTrails"));
        lookup.start_time(start).end_time(end).send().await.unwrap().events().len()
    };
    assert_eq!(count(0, 0).await, 1);
    assert_eq!(count(-10, -1).await, 0);
    assert_eq!(count(1, 10).await, 0);
}

#[tokio::test]
async fn the_command_line_reads_the_history() {
    let lab = Lab::new().await;
    stopped_trail(&lab).await;
    let answer = lab
        .aws_ok(HOME, &["cloudtrail", "lookup-events", "--lookup-attributes", "AttributeKey=EventName,AttributeValue=StopLogging"])
        .await;
    assert_eq!(answer["Events"][0]["Username"], "mallory");
}
