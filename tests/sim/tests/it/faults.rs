//! The control endpoint: faults in every protocol, rates, the clock, the record of calls.

use crate::lab::{HOME, Lab, code, error, key, new_account};
use std::time::{Duration, Instant};
use trailkeeper_sim::clock::ClockChange;
use trailkeeper_sim::faults::{FaultKind, FaultRule};
use trailkeeper_sim::record::CallFilter;
use trailkeeper_sim::world::Settings;

fn rule(service: &str, operation: &str, kind: FaultKind, count: Option<u64>) -> FaultRule {
    FaultRule { service: service.into(), operation: operation.into(), account: None, region: None, principal: None, kind, count }
}

#[tokio::test]
async fn denied_and_throttled_look_as_each_protocol_says() {
    let lab = Lab::new().await;
    let bucket = lab.create_bucket("b", HOME).await;
    for (kind, codes) in [
        (FaultKind::Deny, ["AccessDeniedException", "AccessDenied", "AccessDenied"]),
        (FaultKind::Throttle, ["ThrottlingException", "Throttling", "SlowDown"]),
        (FaultKind::ServerError { status: 503 }, ["ServiceUnavailable"; 3]),
    ] {
        lab.control.add_fault(&rule("*", "*", kind, None)).await.unwrap();
        let json = error(lab.cloudtrail(HOME).list_trails().send().await);
        let query = error(lab.sts(&key(&lab.account)).get_caller_identity().send().await);
        let xml = error(lab.s3(&lab.account, HOME).get_bucket_policy().bucket(&bucket).send().await);
        assert_eq!([json.0, query.0, xml.0], codes);
        assert!([json.1, query.1, xml.1].iter().all(|message| !message.is_empty()));
        lab.control.clear_faults().await.unwrap();
    }
    lab.cloudtrail(HOME).list_trails().send().await.unwrap();
}

#[tokio::test]
async fn a_fault_hits_what_it_names_as_often_as_it_says() {
    let lab = Lab::new().await;
    let victim = new_account();
    lab.control
        .add_fault(&FaultRule { account: Some(victim.clone()), ..rule("cloudtrail", "List*", FaultKind::Throttle, Some(2)) })
        .await
        .unwrap();
    let client = lab.cloudtrail_as(&key(&victim), HOME);
    lab.cloudtrail(HOME).list_trails().send().await.unwrap();
    client.describe_trails().send().await.unwrap();
    for _ in 0..2 {
        assert_eq!(error(client.list_trails().send().await), ("ThrottlingException".to_owned(), "Rate exceeded".to_owned()));
    }
    client.list_trails().send().await.unwrap();
    assert_eq!(lab.control.faults().await.unwrap(), []);
}

#[tokio::test]
async fn a_cut_connection_has_no_answer_and_may_have_had_its_effect() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    let create = || client.create_trail().name("main").s3_bucket_name(&bucket).send();
    lab.control.add_fault(&rule("cloudtrail", "CreateTrail", FaultKind::Cut, Some(1))).await.unwrap();
    assert!(create().await.unwrap_err().raw_response().is_none());
    assert_eq!(client.list_trails().send().await.unwrap().trails().len(), 0);
    lab.control.add_fault(&rule("cloudtrail", "CreateTrail", FaultKind::CutAfter, Some(1))).await.unwrap();
    assert!(create().await.unwrap_err().raw_response().is_none());
    assert_eq!(client.list_trails().send().await.unwrap().trails().len(), 1);
}

#[tokio::test]
async fn latency_delays_and_goes_on() {
    let lab = Lab::new().await;
    lab.control.add_fault(&rule("cloudtrail", "ListTrails", FaultKind::Latency { ms: 300 }, Some(1))).await.unwrap();
    let start = Instant::now();
    lab.cloudtrail(HOME).list_trails().send().await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn documented_rates_are_enforced_when_asked() {
    let lab = Lab::new().await;
    let client = lab.cloudtrail(HOME);
    let burst = async |count: usize| {
        let mut refused = 0;
        for _ in 0..count {
            if let Err(failed) = client.stop_logging().name("nope").send().await {
                refused += usize::from(code(Err::<(), _>(failed)) == "ThrottlingException");
            }
        }
        refused
    };
    assert_eq!(burst(3).await, 0);
    lab.control.set_settings(&Settings { enforce_rates: true, ..Settings::default() }).await.unwrap();
    assert!(burst(3).await >= 2, "one write a second");
    lab.cloudtrail("us-west-2").list_trails().send().await.unwrap();
}

#[tokio::test]
async fn the_clock_freezes_and_moves() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail(HOME);
    client.create_trail().name("main").s3_bucket_name(&bucket).send().await.unwrap();
    let noon = "2026-01-02T12:00:00Z".parse().unwrap();
    lab.control.change_clock(&ClockChange::Freeze { at: Some(noon) }).await.unwrap();
    client.start_logging().name("main").send().await.unwrap();
    let later = lab.control.change_clock(&ClockChange::Advance { seconds: 3600 }).await.unwrap();
    client.stop_logging().name("main").send().await.unwrap();
    let status = client.get_trail_status().name("main").send().await.unwrap();
    assert_eq!(status.start_logging_time().unwrap().secs(), noon.as_second());
    assert_eq!(status.stop_logging_time().unwrap().secs(), later.as_second());
    let back = lab.control.change_clock(&ClockChange::Reset).await.unwrap();
    assert!(back > later);
}

#[tokio::test]
async fn every_call_is_told_with_who_where_and_what() {
    let lab = Lab::new().await;
    let bucket = lab.open_bucket().await;
    let client = lab.cloudtrail_as(&key(&format!("{}-mallory", lab.account)), HOME);
    let before = lab.control.calls(&CallFilter::default()).await.unwrap().next;
    client.create_trail().name("main").s3_bucket_name(&bucket).is_multi_region_trail(true).send().await.unwrap();
    client.get_trail().name("main").send().await.unwrap();
    assert_eq!(code(client.get_trail().name("nope").send().await), "TrailNotFoundException");

    let all = lab.control.calls(&CallFilter { since: Some(before), ..CallFilter::default() }).await.unwrap();
    let names: Vec<&str> = all.calls.iter().map(|call| call.operation.as_str()).collect();
    assert_eq!(names, ["CreateTrail", "GetTrail", "GetTrail"], "the simulation's own look at the bucket is not a call");
    let [create, read, failed] = &all.calls[..] else { panic!("three calls") };
    let caller = create.caller.as_ref().unwrap();
    assert_eq!(caller.arn, format!("arn:aws:iam::{}:user/mallory", lab.account));
    assert_eq!((create.region.as_str(), create.event_source.as_str(), create.http_status), (HOME, "cloudtrail.amazonaws.com", 200));
    assert_eq!(create.source_ip, "127.0.0.1");
    assert!(create.user_agent.contains("aws-sdk-rust"), "{}", create.user_agent);
    assert_eq!(create.request_parameters["isMultiRegionTrail"], true);
    assert_eq!(create.response_elements["trailARN"], lab.trail_arn("main"));
    assert!(!create.read_only && create.management);
    assert!(read.read_only && read.response_elements.is_null());
    assert_eq!(failed.error_code.as_deref(), Some("TrailNotFoundException"));

    let filter =
        CallFilter { service: Some("s3".into()), read_only: Some(false), account: Some(lab.account.clone()), ..CallFilter::default() };
    let buckets = lab.control.calls(&filter).await.unwrap();
    let names: Vec<&str> = buckets.calls.iter().map(|call| call.operation.as_str()).collect();
    assert_eq!(names, ["CreateBucket", "PutBucketPolicy"]);
    assert_eq!(buckets.calls[1].request_parameters["bucketPolicy"]["Version"], "2012-10-17");
    assert_eq!(lab.control.trails(&lab.account).await.unwrap().len(), 1);
}
