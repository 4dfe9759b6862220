//! Runs told one after the other.

use super::*;
use crate::api::common::{Attribution, CommonStatus, EvidenceGap, LOGGING_STOPPED};
use crate::api::condition::{self, INTACT};
use crate::api::integrity::GapReason;
use crate::integrity::chain::Head;
use crate::integrity::fault::{Fault, Gap, Object, Reason, Sort};
use crate::integrity::outcome::StreamOutcome;
use crate::integrity::place::{Area, Place, Stream, TrailId};

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 / 3600 * 3600 + hour * 3600).unwrap()
}

fn stream(region: &str) -> Stream {
    let area = Area { prefix: String::new(), organization: None, account: "111111111111".to_owned(), region: region.to_owned() };
    Stream { area, trail: "main".to_owned(), home_region: "eu-west-1".to_owned() }
}

fn place(key: &str) -> Place {
    Place { bucket: "logs".to_owned(), key: key.to_owned() }
}

fn writer() -> WriterStatus {
    WriterStatus {
        trail_arn: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main".to_owned(),
        key_prefix: String::new(),
        organization_id: None,
        account_organization: None,
        retain: false,
    }
}

/// A run up to an hour that read a digest and a log file, and found nothing.
fn run(hour: i64, whole: bool) -> Run {
    let mut outcome = Outcome::new("logs", whole.then(|| at(hour - 168)), at(hour));
    let mut one = StreamOutcome::new(stream("eu-west-1"));
    one.counts.digests.intact = 1;
    one.counts.logs.intact = 1;
    one.head = Some(Head { place: place("head"), end: at(hour), sha256: String::new() });
    outcome.streams.push(one);
    Run { outcome, started: at(hour), finished: at(hour), whole, request: None }
}

fn gap(region: &str, from: i64, until: i64, reason: Reason) -> Gap {
    Gap { stream: stream(region), from: Some(at(from)), until: at(until), reason, unproven_logs: 0 }
}

fn object(key: &str, sort: Sort, hour: i64, verdict: Verdict) -> Object {
    let (account, region, time) = ("111111111111".to_owned(), "eu-west-1".to_owned(), Some(at(hour)));
    let json = serde_json::json!({ "sort": sort, "bucket": "logs", "key": key, "account": account, "region": region, "time": time });
    let mut json = json;
    json_merge(&mut json, serde_json::to_value(verdict).unwrap());
    serde_json::from_value(json).unwrap()
}

fn json_merge(one: &mut serde_json::Value, other: serde_json::Value) {
    if let (Some(one), serde_json::Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
}

fn changed() -> Verdict {
    Verdict::NotIntact { faults: vec![Fault::Changed] }
}

/// Status, events' reasons and the condition after one run more.
fn after(before: Option<&IntegrityStatus>, run: &Run, stops: &[Stop]) -> (IntegrityStatus, Vec<String>) {
    let known = Known { account: "111111111111", writers: &[writer()], stops, now: run.finished };
    let (status, events) = after_run(before, run, &known);
    (status, events.into_iter().map(|event| event.reason).collect())
}

fn truth(spec: &Integrity, status: &IntegrityStatus) -> String {
    let mut common = CommonStatus::default();
    judge(&mut common, Some(spec), Some(status), ("111111111111", 1, at(0)));
    condition::get(&common.conditions, INTACT).unwrap().status.clone()
}

#[test]
fn a_changed_file_is_told_once_and_kept_when_it_is_put_right() {
    let mut bad = run(1, false);
    bad.outcome.objects.push(object("log", Sort::Log, 1, changed()));
    let (status, events) = after(None, &bad, &[]);
    assert_eq!((events, truth(&Integrity::default(), &status)), (vec!["LogTampered".to_owned()], "False".to_owned()));
    let (status, events) = after(Some(&status), &run(2, false), &[]);
    assert_eq!((events.len(), status.files[0].put_right), (0, None), "a run of what is new does not see it");
    let (same, events) = after(Some(&status), &bad, &[]);
    assert_eq!((events.len(), same.files.len()), (0, 1));
    let (status, _) = after(Some(&status), &run(3, true), &[]);
    assert_eq!((status.files[0].put_right, truth(&Integrity::default(), &status)), (Some(at(3)), "True".to_owned()));
    let (status, events) = after(Some(&status), &bad, &[]);
    assert_eq!((events.len(), status.files[0].put_right), (1, None), "it is bad again");
}

#[test]
fn an_unread_file_puts_nothing_right() {
    let mut bad = run(1, false);
    bad.outcome.objects.push(object("log", Sort::Log, 1, changed()));
    let (status, _) = after(None, &bad, &[]);
    let mut denied = run(2, true);
    denied.outcome.streams[0].counts.logs.unread = 1;
    denied.outcome.objects.push(object("log", Sort::Log, 1, Verdict::Unread { why: "denied".to_owned() }));
    let (status, _) = after(Some(&status), &denied, &[]);
    assert_eq!((status.files[0].put_right, status.unread.as_ref().unwrap().files), (None, 1));
    let acknowledged = Integrity { acknowledged_until: Some(at(1)), ..Integrity::default() };
    assert_eq!(truth(&acknowledged, &status), "Unknown");
}

#[test]
fn a_stop_of_many_regions_is_one_gap_that_names_its_trail_and_leaves_the_archive_intact() {
    let mut stopped = run(5, false);
    for region in ["eu-west-1", "eu-west-2", "us-east-1"] {
        stopped.outcome.gaps.push(gap(region, 1, 4, Reason::LoggingStopped));
    }
    let stop = Stop {
        trail: stream("eu-west-1").trail_id(),
        object: "audit/main".to_owned(),
        gap: EvidenceGap { until: Some(at(4)), ..EvidenceGap::new(LOGGING_STOPPED, at(1)) },
    };
    let earlier = Stop {
        object: "audit/earlier".to_owned(),
        gap: EvidenceGap { until: Some(at(0)), ..EvidenceGap::new(LOGGING_STOPPED, at(0)) },
        ..stop.clone()
    };
    let of_another = Stop { trail: TrailId { account: Some("222222222222".to_owned()), ..stop.trail.clone() }, ..stop.clone() };
    let (status, _) = after(None, &stopped, &[of_another]);
    assert_eq!(status.gaps[0].cause, None);
    let (mut status, events) = after(None, &stopped, &[earlier, stop.clone()]);
    assert_eq!((events, status.gaps.len()), (vec!["IntegrityGap".to_owned()], 1));
    let gap = &status.gaps[0];
    assert_eq!((gap.places, gap.hours, gap.explained), (3, Some(3), true));
    assert!(gap.cause.as_ref().unwrap().contains("audit/main"), "{gap:?}");
    assert_eq!(truth(&Integrity::default(), &status), "True");
    // Who did it becomes known after the run.
    let by = Attribution {
        principal: "arn:aws:iam::111111111111:user/mallory".to_owned(),
        operation: "StopLogging".to_owned(),
        time: at(1),
        source_ip: "203.0.113.7".to_owned(),
        user_agent: String::new(),
        event_id: "x".to_owned(),
    };
    link(&mut status.gaps, &[Stop { gap: EvidenceGap { by: Some(by.clone()), ..stop.gap }, ..stop }]);
    assert!(status.gaps[0].cause.as_ref().unwrap().contains("user/mallory from 203.0.113.7"), "{:?}", status.gaps[0]);
    let (status, _) = after(Some(&status), &stopped, &[]);
    assert_eq!(status.gaps[0].by, Some(by), "known stays known");
}

#[test]
fn an_end_that_is_overdue_grows_and_is_put_right_when_digests_come() {
    let mut late = run(5, false);
    late.outcome.streams[0].head.as_mut().unwrap().end = at(1);
    late.outcome.gaps.push(gap("eu-west-1", 1, 5, Reason::EndMissing));
    let (status, events) = after(None, &late, &[]);
    assert_eq!((events, truth(&Integrity::default(), &status)), (vec!["DigestMissing".to_owned()], "False".to_owned()));
    late.outcome.gaps[0].until = at(6);
    let (status, events) = after(Some(&status), &late, &[]);
    assert_eq!((events.len(), status.gaps.len(), status.gaps[0].hours), (0, 1, Some(5)));
    // A run that no longer knows of the stream puts nothing right.
    let mut forgotten = run(7, true);
    forgotten.outcome.streams.clear();
    let (status, _) = after(Some(&status), &forgotten, &[]);
    assert_eq!(status.gaps[0].put_right, None);
    let (status, _) = after(Some(&status), &run(8, false), &[]);
    assert_eq!((status.gaps[0].put_right, truth(&Integrity::default(), &status)), (Some(at(8)), "True".to_owned()));
}

#[test]
fn who_falls_silent_later_is_not_acknowledged_with_who_did_before() {
    let mut late = run(5, false);
    late.outcome.gaps.push(gap("eu-west-1", 1, 5, Reason::EndMissing));
    let (status, _) = after(None, &late, &[]);
    let acknowledged = Integrity { acknowledged_until: Some(at(1)), ..Integrity::default() };
    assert_eq!(truth(&acknowledged, &status), "True");
    let mut later = run(12, false);
    later.outcome.gaps.push(gap("eu-west-1", 1, 12, Reason::EndMissing));
    later.outcome.gaps.push(gap("us-east-1", 9, 12, Reason::EndMissing));
    let (status, events) = after(Some(&status), &later, &[]);
    assert_eq!((events, status.gaps.len()), (vec!["DigestMissing".to_owned()], 2));
    assert_eq!(truth(&acknowledged, &status), "False");
}

#[test]
fn the_end_of_a_trail_that_may_no_longer_deliver_is_explained() {
    let mut ended = run(5, false);
    ended.outcome.gaps.push(gap("eu-west-1", 1, 5, Reason::EndMissing));
    let known = Known { account: "111111111111", writers: &[], stops: &[], now: at(5) };
    let (status, _) = after_run(None, &ended, &known);
    assert_eq!((status.gaps[0].reason, status.gaps[0].explained), (GapReason::Ended, true));
}

#[test]
fn lists_are_bounded_and_the_oldest_stay() {
    let mut many = run(1, false);
    for number in 0..80 {
        many.outcome.objects.push(object(&format!("log{number:03}"), Sort::Log, 1, changed()));
    }
    let (status, events) = after(None, &many, &[]);
    assert_eq!((status.files.len(), status.files_dropped, events.len()), (50, 30, 6), "five by name, and how many more");
    assert!(status.files[0].object.ends_with("log000"));
    let mut more = run(2, false);
    more.outcome.objects.push(object("later", Sort::Log, 2, changed()));
    let mut over = status.clone();
    over.files[7].put_right = Some(at(1));
    let (status, _) = after(Some(&over), &more, &[]);
    assert!(status.files.iter().any(|file| file.object.ends_with("later")), "what is put right makes room");
    assert_eq!((status.files.len(), status.files_dropped), (50, 31));
}

#[test]
fn a_run_is_due_after_the_interval_on_request_and_wholly_every_so_often() {
    let spec = Integrity::default();
    assert_eq!(due(&spec, None, None, at(0)), Due::Now { whole: true });
    let (status, _) = after(None, &run(0, true), &[]);
    let status = Some(&status);
    let later = at(0).saturating_add(SignedDuration::from_mins(15)).unwrap();
    assert_eq!(due(&spec, status, None, later), Due::In(Duration::from_secs(45 * 60)));
    assert_eq!(due(&spec, status, Some("now"), later), Due::Now { whole: false });
    assert_eq!(due(&spec, status, None, at(1)), Due::Now { whole: false });
    assert_eq!(due(&spec, status, None, at(168)), Due::Now { whole: true });
    assert_eq!(due(&Integrity { recheck_days: 0, ..spec.clone() }, status, None, at(168)), Due::Now { whole: false });
    let mut bad = run(1, false);
    bad.outcome.objects.push(object("log", Sort::Log, 1, changed()));
    let (bad, _) = after(status, &bad, &[]);
    assert_eq!(due(&spec, Some(&bad), Some("now"), at(1)), Due::Now { whole: true });
}
