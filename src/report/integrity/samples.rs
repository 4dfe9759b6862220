//! Outcomes for the tests of the forms.
#![allow(clippy::unwrap_used)]

use crate::integrity::chain::Head;
use crate::integrity::fault::{Fault, Gap, Object, Reason, Sort, Verdict};
use crate::integrity::outcome::{Outcome, StreamOutcome, Undigested};
use crate::integrity::place::{Area, Place, Stream};
use jiff::Timestamp;

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn area(region: &str) -> Area {
    Area { prefix: String::new(), organization: None, account: "111111111111".to_owned(), region: region.to_owned() }
}

pub fn stream(region: &str) -> Stream {
    Stream { area: area(region), trail: "audit".to_owned(), home_region: "eu-central-1".to_owned() }
}

pub fn object(sort: Sort, key: &str, end: &str, verdict: Verdict, good_version: Option<&str>) -> Object {
    Object {
        sort,
        place: Place { bucket: "acme-logs".to_owned(), key: key.to_owned() },
        account: "111111111111".to_owned(),
        region: "eu-central-1".to_owned(),
        trail: Some("audit".to_owned()),
        time: Some(time(end)),
        verdict,
        good_version: good_version.map(str::to_owned),
    }
}

pub fn not_intact(fault: Fault) -> Verdict {
    Verdict::NotIntact { faults: vec![fault] }
}

/// Nine days of one stream, of which each hour has a digest and a log file, and a quiet stream.
pub fn intact() -> Outcome {
    let mut outcome = Outcome::new("acme-logs", None, time("2026-11-08T00:30:00Z"));
    for region in ["eu-central-1", "us-east-1"] {
        let mut of = StreamOutcome::new(stream(region));
        let first = time("2026-10-30T01:00:00Z");
        for hour in 0..24 * 9 {
            let end = first + jiff::SignedDuration::from_hours(hour);
            of.count(end, Sort::Digest, &Verdict::Intact);
            if region == "eu-central-1" {
                of.count(end, Sort::Log, &Verdict::Intact);
            }
        }
        of.from = Some(time("2026-10-30T00:00:00Z"));
        let place = Place { bucket: "acme-logs".to_owned(), key: "newest".to_owned() };
        of.head = Some(Head { place, end: time("2026-11-08T00:00:00Z"), sha256: "ab".to_owned() });
        of.keep_hours(0);
        outcome.streams.push(of);
    }
    outcome.bytes = 5_000_000;
    outcome
}

/// The same, in which everything that can happen has happened.
pub fn tampered() -> Outcome {
    let mut outcome = intact();
    let stream = &mut outcome.streams[0];
    let hours = [
        ("2026-11-06T05:00:00Z", not_intact(Fault::Changed)),
        ("2026-11-06T07:00:00Z", not_intact(Fault::Missing)),
        ("2026-11-07T09:00:00Z", Verdict::Unread { why: "AccessDenied".to_owned() }),
    ];
    for (end, verdict) in &hours {
        stream.count(time(end), Sort::Log, verdict);
    }
    stream.keep_hours(2);
    for (number, (end, verdict)) in hours.into_iter().enumerate() {
        let good = (number == 1).then_some("v-1");
        outcome.objects.push(object(Sort::Log, &format!("AWSLogs/111111111111/CloudTrail/log-{number}.json.gz"), end, verdict, good));
    }
    let mut stray = object(Sort::Log, "AWSLogs/stray.json.gz", "2026-11-03T00:10:00Z", not_intact(Fault::Unreferenced), None);
    stray.trail = None;
    outcome.objects.push(stray);
    outcome.unreferenced = 1;
    outcome.omitted = 3;
    let gap = |region, from: &str, until, reason, unproven_logs| Gap {
        stream: self::stream(region),
        from: (!from.is_empty()).then(|| time(from)),
        until: time(until),
        reason,
        unproven_logs,
    };
    outcome.gaps = vec![
        gap("eu-central-1", "2026-11-04T22:00:00Z", "2026-11-05T02:30:00Z", Reason::DigestsMissing, 2),
        gap("us-east-1", "", "2026-10-30T00:00:00Z", Reason::Expired, 0),
        gap("us-east-1", "2026-11-01T03:10:00Z", "2026-11-01T04:00:00Z", Reason::LoggingStopped, 0),
    ];
    outcome.undigested = vec![Undigested { area: area("ap-south-1"), logs: 12 }];
    outcome.unlisted = vec!["222222222222 eu-west-1: AccessDenied: s3:ListBucket".to_owned()];
    outcome
}

/// A text that would end an element, an attribute, a quoted cell, a comment or a section, wherever a text of an object can be.
pub fn with_text(text: &str) -> Outcome {
    let mut outcome = tampered();
    for object in &mut outcome.objects {
        object.place.key = text.to_owned();
        object.trail = Some(text.to_owned());
        object.good_version = Some(text.to_owned());
        object.verdict = not_intact(Fault::KeyUnknown { region: text.to_owned(), fingerprint: text.to_owned() });
    }
    outcome.objects[0].verdict = Verdict::Unread { why: text.to_owned() };
    for gap in &mut outcome.gaps {
        gap.stream.trail = text.to_owned();
    }
    outcome.unlisted = vec![text.to_owned()];
    outcome.undigested[0].area.region = text.to_owned();
    outcome.bucket = text.to_owned();
    outcome
}
