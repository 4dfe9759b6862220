//! What is told of a pass: conditions, events and the next time, each from a real outcome and the status before it.

use crate::buckets::HeldBucket;
use crate::declared::{ALIAS, BUCKET, archive_of, archive_spec, one_writer, subject_of_archive};
use crate::keys::HeldKey;
use crate::memory::{ACCOUNT, Fault, Memory, REGION};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use trailkeeper::api::common::Mode;
use trailkeeper::api::condition::{self, DRIFTED, READY, RECONCILING, STALLED};
use trailkeeper::api::{LogArchive, LogArchiveStatus};
use trailkeeper::facets::observed::ErrorClass;
use trailkeeper::facets::tags::Tags;
use trailkeeper::status::tell::Situation;
use trailkeeper::status::{Requeue, Told, log_archive};

/// A pass after each other, ten minutes apart.
pub const TICK: i64 = 600;

pub fn situation(generation: i64, passes: i64) -> Situation<'static> {
    Situation {
        generation,
        account: ACCOUNT,
        region: REGION,
        what: "what is kept",
        interval: Duration::from_secs(600),
        attempts: 0,
        now: Timestamp::from_second(passes * TICK).unwrap(),
    }
}

/// An archive that is kept pass by pass, its status carried over.
struct Kept {
    world: Memory,
    archive: LogArchive,
    passes: i64,
}

impl Kept {
    fn new(extra: Value) -> Self {
        Self { world: Memory::default(), archive: archive_of(archive_spec(extra)), passes: 0 }
    }

    fn in_force() -> Self {
        let mut kept = Self::new(json!({}));
        kept.pass();
        kept
    }

    fn pass(&mut self) -> Told<LogArchiveStatus> {
        self.passes += 1;
        let outcome = self.world.pass(&subject_of_archive(&self.archive, &one_writer()));
        let generation = self.archive.metadata.generation.unwrap();
        let told = log_archive::after_pass(&self.archive, "aws", &one_writer(), &outcome, &situation(generation, self.passes));
        self.archive.status = Some(told.status.clone());
        told
    }

    fn declare(&mut self, extra: Value) {
        self.archive.spec = archive_spec(extra);
        *self.archive.metadata.generation.as_mut().unwrap() += 1;
    }

    fn tamper(&self, change: impl FnOnce(&mut HeldBucket)) {
        change(self.world.aws().buckets.0.get_mut(BUCKET).unwrap());
    }
}

pub fn reasons<S>(told: &Told<S>) -> Vec<&str> {
    told.events.iter().map(|event| event.reason.as_str()).collect()
}

/// Ready, Drifted, Reconciling and Stalled in short: `True/InSync False - -`.
fn shape(status: &LogArchiveStatus) -> String {
    let find = |kind: &str| condition::get(&status.common.conditions, kind);
    let ready = find(READY).unwrap();
    let text = |kind: &str| find(kind).map_or("-".to_owned(), |condition| condition.status.clone());
    format!("{}/{} {} {} {}", ready.status, ready.reason, text(DRIFTED), text(RECONCILING), text(STALLED))
}

fn suspended(bucket: &mut HeldBucket) {
    bucket.versioning = "Suspended".to_owned();
}

#[test]
fn created_once_and_then_quiet() {
    let mut kept = Kept::new(json!({}));
    let told = kept.pass();
    assert_eq!(reasons(&told), ["Created"]);
    assert_eq!(shape(&told.status), "True/InSync False - -");
    assert_eq!((told.status.common.observed_generation, told.status.writers), (Some(1), one_writer().current));
    assert!(told.status.bucket_arn.is_some() && told.status.kms_key_arn.is_some());
    let again = kept.pass();
    assert_eq!(reasons(&again), Vec::<&str>::new());
    assert!(matches!(again.requeue, Requeue::After(wait) if wait >= Duration::from_secs(300) && wait <= Duration::from_secs(900)));
}

#[test]
fn a_change_of_the_spec_is_no_drift() {
    let mut kept = Kept::in_force();
    kept.declare(json!({"versioning": "Suspended"}));
    let told = kept.pass();
    assert_eq!(reasons(&told), ["Updated"]);
    assert!(told.events[0].note.contains("versioning"), "{}", told.events[0].note);
    assert_eq!(shape(&told.status), "True/InSync False - -");
    assert_eq!(told.status.common.observed_generation, Some(2));
}

#[test]
fn a_change_of_aws_is_drift_found_and_put_back() {
    let mut kept = Kept::in_force();
    kept.tamper(suspended);
    let told = kept.pass();
    assert_eq!(reasons(&told), ["DriftDetected", "DriftCorrected"]);
    let note = &told.events[0].note;
    assert!(["111111111111", "versioning.status", "Suspended", "Enabled"].iter().all(|part| note.contains(part)), "{note}");
    assert_eq!(shape(&told.status), "True/InSync False - -");
    assert_eq!(reasons(&kept.pass()), Vec::<&str>::new());
}

#[test]
fn drift_that_is_only_observed_is_told_once_and_dated() {
    let mut kept = Kept::in_force();
    kept.archive.spec.mode = Mode::Observe;
    kept.tamper(suspended);
    let told = kept.pass();
    assert_eq!(reasons(&told), ["DriftDetected"]);
    assert_eq!(shape(&told.status), "False/Differs True - -");
    let since = told.status.held.drift[0].since;
    let again = kept.pass();
    assert_eq!(reasons(&again), Vec::<&str>::new());
    assert_eq!((again.status.held.drift.len(), again.status.held.drift[0].since), (1, since));
    kept.tamper(|bucket| bucket.ownership = "ObjectWriter".to_owned());
    assert_eq!(reasons(&kept.pass()), ["DriftDetected"], "only the new one");
    kept.archive.spec.mode = Mode::Enforce;
    let repaired = kept.pass();
    assert_eq!(reasons(&repaired), ["DriftCorrected", "DriftCorrected"]);
    assert_eq!(shape(&repaired.status), "True/InSync False - -");
}

#[test]
fn drift_beside_something_unreadable_is_told_once_and_kept() {
    let mut kept = Kept::in_force();
    kept.archive.spec.mode = Mode::Observe;
    kept.tamper(suspended);
    kept.world.deny("ownership");
    assert_eq!(reasons(&kept.pass()), ["DriftDetected", "AccessDenied"]);
    let again = kept.pass();
    assert_eq!(reasons(&again), Vec::<&str>::new());
    assert_eq!(shape(&again.status), "False/AccessDenied True - True");
    kept.world.deny("versioning");
    let unread = kept.pass();
    assert_eq!(unread.status.held.drift.len(), 1, "what can't be read is not thereby put right");
    assert_eq!(reasons(&unread), Vec::<&str>::new());
}

#[test]
fn a_repair_that_is_refused_is_drift_once_and_corrected_once() {
    let mut kept = Kept::in_force();
    kept.tamper(suspended);
    kept.world.written();
    kept.world.fail(Fault::Refuse(0));
    let told = kept.pass();
    assert_eq!((reasons(&told), shape(&told.status)), (vec!["DriftDetected"], "True/InSync True True -".to_owned()));
    assert_eq!(reasons(&kept.pass()), Vec::<&str>::new());
    kept.world.fail(Fault::None);
    let repaired = kept.pass();
    assert_eq!((reasons(&repaired), shape(&repaired.status)), (vec!["DriftCorrected"], "True/InSync False - -".to_owned()));
}

/// (class, what becomes of a Ready object, events)
const FAILURES: [(ErrorClass, &str, &[&str]); 10] = [
    (ErrorClass::Throttled, "True/InSync False True -", &[]),
    (ErrorClass::Transient, "True/InSync False True -", &[]),
    (ErrorClass::Halted, "True/InSync False True -", &[]),
    (ErrorClass::Conflict, "False/Conflict False True -", &["Conflict"]),
    (ErrorClass::Dependency, "False/WaitingForDependency False True -", &["WaitingForDependency"]),
    (ErrorClass::NotFound, "False/NotFound False True -", &["NotFound"]),
    (ErrorClass::Terminal, "False/InvalidSpec False - True", &["InvalidSpec"]),
    (ErrorClass::Quota, "False/QuotaExceeded False - True", &["QuotaExceeded"]),
    (ErrorClass::Denied, "False/AccessDenied False - True", &["AccessDenied"]),
    (ErrorClass::Credentials, "False/CredentialsInvalid False - True", &["CredentialsInvalid"]),
];

#[test]
fn each_class_of_failure_has_its_conditions_and_is_told_once() {
    for (class, expected, events) in FAILURES {
        let mut kept = Kept::in_force();
        let verified = kept.archive.status.as_ref().unwrap().common.last_verified_time;
        kept.world.leave_unanswered("bucketPolicy", class);
        let told = kept.pass();
        assert_eq!(shape(&told.status), expected, "{class:?}");
        assert_eq!(reasons(&told), events, "{class:?}");
        assert_eq!(told.status.common.last_verified_time, verified, "{class:?}: not everything was verified");
        assert_eq!(told.requeue == Requeue::OnChange, class == ErrorClass::Terminal, "{class:?}");
        assert_eq!(reasons(&kept.pass()), Vec::<&str>::new(), "{class:?}: told twice");
        kept.world.answer_all();
        assert_eq!(shape(&kept.pass().status), "True/InSync False - -", "{class:?}");
    }
}

#[test]
fn an_object_that_never_worked_is_not_ready_because_of_throttling() {
    let mut kept = Kept::new(json!({}));
    kept.world.leave_unanswered("bucket", ErrorClass::Throttled);
    assert_eq!(shape(&kept.pass().status), "Unknown/Throttled False True -");
}

#[test]
fn a_stranger_s_bucket_is_refused_once() {
    let mut kept = Kept::new(json!({}));
    kept.world.aws().buckets.0.insert(BUCKET.to_owned(), HeldBucket::new(Tags::new()));
    let told = kept.pass();
    assert_eq!((reasons(&told), shape(&told.status)), (vec!["Refused"], "False/NotOurs False - True".to_owned()));
    assert!(told.status.writers.is_empty(), "nobody was let in");
    assert_eq!(reasons(&kept.pass()), Vec::<&str>::new());
    kept.declare(json!({"adoption": "IfUnowned"}));
    let adopted = kept.pass();
    assert!(reasons(&adopted).contains(&"Adopted"), "{:?}", adopted.events);
    assert_eq!(shape(&adopted.status), "True/InSync False - -");
}

#[test]
fn what_aws_cannot_change_is_said_once() {
    let mut kept = Kept::in_force();
    kept.tamper(|bucket| bucket.region = "us-east-1".to_owned());
    let told = kept.pass();
    assert_eq!(reasons(&told), ["DriftDetected", "CannotChange"]);
    assert_eq!(shape(&told.status), "False/CannotChange True - True");
    assert_eq!(reasons(&kept.pass()), Vec::<&str>::new());
}

#[test]
fn a_lock_that_nobody_declared_stays_and_is_told_with_why() {
    let mut kept = Kept::in_force();
    kept.tamper(|bucket| bucket.object_lock.enabled = true);
    let told = kept.pass();
    assert_eq!((reasons(&told), shape(&told.status)), (vec!["DriftDetected", "CannotChange"], "False/CannotChange True - True".to_owned()));
    assert!(told.events[1].note.contains("declare it in spec.objectLock"), "{:?}", told.events);
    kept.declare(json!({"objectLock": {"mode": "Governance", "days": 30}}));
    let declared = kept.pass();
    assert_eq!(shape(&declared.status), "True/InSync False - -");
    assert!(declared.status.retention.unwrap().contains("cannot be deleted for good for 30 days"));
}

#[test]
fn mfa_delete_and_lifecycle_rules_contradict_each_other() {
    let mut kept = Kept::in_force();
    kept.tamper(|bucket| bucket.mfa_delete = true);
    assert_eq!(shape(&kept.pass().status), "True/InSync False - -", "what is there already stays");
    kept.declare(json!({"retention": {"expireAfterDays": 400}}));
    let told = kept.pass();
    assert_eq!(shape(&told.status), "False/CannotChange False - True");
    assert!(told.events[0].note.contains("MFA delete is on, and S3 takes no lifecycle rules with it"), "{:?}", told.events);
}

#[test]
fn a_key_that_is_new_to_the_archive_is_not_its_own_for_the_bucket_s_sake() {
    let mut kept = Kept::new(json!({"encryption": {"type": "S3Managed"}}));
    kept.pass();
    let stranger = HeldKey::new("a stranger's", json!({"Statement": []}), Tags::new());
    {
        let mut aws = kept.world.aws();
        let arn = aws.keys.add(stranger);
        aws.keys.aliases.insert(ALIAS.to_owned(), arn);
    }
    kept.world.written();
    kept.declare(json!({}));
    for _ in 0..2 {
        assert_eq!(shape(&kept.pass().status), "False/NotOurs False - True");
        assert_eq!(kept.world.written(), []);
    }
}

#[test]
fn looking_at_a_stranger_s_bucket_does_not_make_it_ours() {
    let kept = Kept::in_force();
    let strangers = std::mem::take(&mut *kept.world.aws());
    let mut kept = Kept { world: Memory::holding(strangers), ..Kept::new(json!({"mode": "Observe"})) };
    {
        let mut aws = kept.world.aws();
        aws.buckets.0.get_mut(BUCKET).unwrap().tags.clear();
        aws.keys.held.values_mut().for_each(|key| key.tags.clear());
    }
    assert_eq!(shape(&kept.pass().status), "True/InSync False - -");
    kept.declare(json!({}));
    assert_eq!(shape(&kept.pass().status), "False/NotOurs False - True");
    assert_eq!(kept.world.written(), []);
}
