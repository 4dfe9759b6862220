//! What is told of a trail beside sync: whether it records and delivers, and the gaps in the evidence.

use crate::declared::{subject_of_trail, trail_arn, trail_of, trail_spec};
use crate::memory::Memory;
use crate::told::{TICK, reasons, situation};
use crate::trails::HeldTrail;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use trailkeeper::api::common::{EvidenceGap, Mode};
use trailkeeper::api::condition::{self, DELIVERING, READY};
use trailkeeper::api::{Trail, TrailStatus};
use trailkeeper::status::{Requeue, Told, trail};

type Change = fn(&mut HeldTrail);

struct Kept {
    world: Memory,
    trail: Trail,
    passes: i64,
}

impl Kept {
    fn in_force(extra: Value) -> Self {
        let mut kept = Self { world: Memory::default(), trail: trail_of(trail_spec(extra)), passes: 0 };
        kept.pass();
        kept
    }

    fn pass(&mut self) -> Told<TrailStatus> {
        self.passes += 1;
        let outcome = self.world.pass(&subject_of_trail(&self.trail));
        let told = trail::after_pass(&self.trail, &outcome, &situation(1, self.passes));
        self.trail.status = Some(told.status.clone());
        told
    }

    fn change(&self, change: impl FnOnce(&mut HeldTrail)) {
        change(self.world.aws().trails.0.get_mut(&trail_arn("main")).unwrap());
    }
}

fn at(passes: i64) -> Timestamp {
    Timestamp::from_second(passes * TICK).unwrap()
}

/// A condition in short: `True/Delivering`.
fn shown(status: &TrailStatus, kind: &str) -> String {
    let condition = condition::get(&status.common.conditions, kind).unwrap();
    format!("{}/{}", condition.status, condition.reason)
}

fn gap(kind: &str, from: Timestamp, until: Option<Timestamp>) -> EvidenceGap {
    EvidenceGap { until, ..EvidenceGap::new(kind, from) }
}

/// By the second pass, where AWS gives no time: all was in order in the first.
fn noticed(kind: &str, until: Option<Timestamp>) -> EvidenceGap {
    EvidenceGap { after: Some(at(1)), ..gap(kind, at(2), until) }
}

#[test]
fn a_new_trail_is_ready_before_its_first_delivery() {
    let kept = Kept::in_force(json!({}));
    let status = kept.trail.status.unwrap();
    assert_eq!((shown(&status, READY), shown(&status, DELIVERING)), ("True/InSync".into(), "Unknown/NothingDeliveredYet".into()));
    assert_eq!((status.logging, status.trail_arn), (Some(true), Some(trail_arn("main"))));
}

#[test]
fn failing_and_recovered_are_told_once_each() {
    let mut kept = Kept::in_force(json!({}));
    kept.change(|held| held.delivery.latest_delivery_error = Some("AccessDenied".to_owned()));
    let failing = kept.pass();
    assert_eq!(reasons(&failing), ["DeliveryFailing"]);
    assert_eq!(
        (shown(&failing.status, READY), shown(&failing.status, DELIVERING)),
        ("False/DeliveryFailing".into(), "False/DeliveryFailing".into())
    );
    assert!(matches!(failing.requeue, Requeue::After(wait) if wait <= Duration::from_secs(60)), "{:?}", failing.requeue);
    assert_eq!(reasons(&kept.pass()), Vec::<&str>::new());

    kept.change(|held| held.delivery.latest_delivery_error = None);
    let silent = kept.pass();
    assert_eq!(reasons(&silent), Vec::<&str>::new(), "silence is no recovery");
    assert!(shown(&silent.status, DELIVERING).starts_with("False"));

    kept.change(|held| held.delivery.latest_delivery_time = Some(at(3)));
    let recovered = kept.pass();
    assert_eq!(reasons(&recovered), ["DeliveryRecovered"]);
    assert_eq!((shown(&recovered.status, READY), shown(&recovered.status, DELIVERING)), ("True/InSync".into(), "True/Delivering".into()));
    assert_eq!(recovered.status.last_delivery_time, Some(at(3)));
    assert_eq!(reasons(&kept.pass()), Vec::<&str>::new());
}

#[test]
fn every_channel_can_fail() {
    let channels: [(&str, Change); 3] = [
        ("digests", |held| held.delivery.latest_digest_delivery_error = Some("NoSuchBucket".to_owned())),
        ("SNS notices", |held| held.delivery.latest_notification_error = Some("AuthorizationError".to_owned())),
        ("CloudWatch Logs", |held| held.delivery.latest_cloud_watch_logs_error = Some("AccessDenied".to_owned())),
    ];
    for (channel, fail) in channels {
        let mut kept = Kept::in_force(json!({}));
        kept.change(fail);
        let told = kept.pass();
        assert_eq!(reasons(&told), ["DeliveryFailing"], "{channel}");
        assert!(told.events[0].note.contains(channel), "{}", told.events[0].note);
    }
}

#[test]
fn a_stop_of_logging_that_is_put_right_at_once_stays_on_record() {
    let mut kept = Kept::in_force(json!({}));
    kept.change(|held| (held.logging, held.delivery.stop_logging_time) = (false, Some(at(1))));
    let told = kept.pass();
    assert_eq!(reasons(&told), ["LoggingStopped", "DriftDetected", "DriftCorrected"]);
    assert_eq!(told.status.gaps, [gap("LoggingStopped", at(1), Some(at(2)))]);
    assert_eq!(told.status.logging, Some(true));
    let again = kept.pass();
    assert_eq!((reasons(&again).len(), again.status.gaps.len()), (0, 1), "for good, and once");
}

#[test]
fn of_very_many_stops_the_first_and_the_last_stay() {
    let mut kept = Kept::in_force(json!({}));
    let first = kept.trail.status.as_ref().unwrap().gaps.len();
    for stop in 1..=120 {
        kept.change(|held| held.logging = false);
        kept.change(|held| held.delivery.stop_logging_time = Some(at(1000 + stop)));
        kept.pass();
    }
    let status = kept.trail.status.unwrap();
    assert_eq!((first, status.gaps.len(), status.gaps_dropped), (0, 100, 20));
    assert_eq!((status.gaps[0].from, status.gaps[49].from, status.gaps[50].from), (at(1001), at(1050), at(1071)));
}

#[test]
fn a_gap_stays_open_while_nobody_repairs() {
    let mut kept = Kept::in_force(json!({}));
    kept.trail.spec.mode = Mode::Observe;
    kept.change(|held| (held.logging, held.settings.log_file_validation) = (false, false));
    let told = kept.pass();
    assert!(reasons(&told).contains(&"LoggingStopped"));
    let open = [noticed("LoggingStopped", None), noticed("ValidationOff", None)];
    assert_eq!(told.status.gaps, open);
    assert_eq!(shown(&told.status, DELIVERING), "Unknown/NotLogging");
    let again = kept.pass();
    assert_eq!((reasons(&again).len(), &again.status.gaps[..]), (0, &open[..]));
    kept.change(|held| held.logging = true);
    assert_eq!(kept.pass().status.gaps, [noticed("LoggingStopped", Some(at(4))), noticed("ValidationOff", None)]);
    kept.change(|held| held.logging = false);
    assert_eq!(kept.pass().status.gaps.len(), 3, "a second stop is a second gap");
}

#[test]
fn a_deleted_trail_is_a_gap_too() {
    let mut kept = Kept::in_force(json!({}));
    kept.world.aws().trails.0.clear();
    let told = kept.pass();
    assert_eq!(reasons(&told), ["DriftDetected", "DriftCorrected"]);
    assert_eq!(told.status.gaps, [noticed("LoggingStopped", Some(at(2)))]);

    kept.trail.spec.mode = Mode::Observe;
    kept.world.aws().trails.0.clear();
    let gone = kept.pass();
    assert_eq!(gone.status.gaps[1], EvidenceGap { after: Some(at(2)), ..gap("LoggingStopped", at(3), None) });
    assert_eq!((gone.status.logging, shown(&gone.status, DELIVERING)), (None, "Unknown/NoTrail".into()));
    assert_eq!(kept.pass().status.gaps.len(), 2);
}

#[test]
fn a_trail_that_never_was_leaves_no_gap() {
    let mut kept = Kept { world: Memory::default(), trail: trail_of(trail_spec(json!({"mode": "Observe"}))), passes: 0 };
    let told = kept.pass();
    assert_eq!((shown(&told.status, READY), shown(&told.status, DELIVERING)), ("False/Differs".into(), "Unknown/NoTrail".into()));
    assert!(told.status.gaps.is_empty());
}

#[test]
fn a_trail_that_is_declared_off_is_never_ready_and_leaves_no_gap() {
    let mut kept = Kept::in_force(json!({"logging": false, "logFileValidation": false}));
    let told = kept.pass();
    assert_eq!((shown(&told.status, READY), told.status.gaps.len()), ("False/LoggingOff".into(), 0));
    assert_eq!(shown(&told.status, DELIVERING), "Unknown/NotLogging");
    kept.change(|held| held.logging = true);
    let started = kept.pass();
    assert!(started.status.gaps.is_empty() && !reasons(&started).contains(&"LoggingStopped"), "{:?}", started.events);
}

#[test]
fn a_trail_that_cannot_be_read_keeps_what_was_known() {
    let mut kept = Kept::in_force(json!({}));
    kept.change(|held| held.delivery.latest_delivery_time = Some(at(1)));
    kept.pass();
    kept.world.deny("logging");
    let told = kept.pass();
    assert_eq!(reasons(&told), ["AccessDenied"]);
    assert_eq!((told.status.logging, shown(&told.status, DELIVERING)), (Some(true), "True/Delivering".into()));
    assert_eq!(shown(&told.status, READY), "False/AccessDenied");
    assert!(told.status.gaps.is_empty());
}
