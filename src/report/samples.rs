//! Hand-made reports for tests of their forms.

use super::{Done, FailedWrite, Identity, ObjectReport, RefusedResource, Report, UnknownRead, advice};
use crate::api::common::Mode;
use crate::facets::difference::Difference;
use crate::facets::observed::{ErrorClass, Failure};
use crate::facets::step::{CloudTrailStep, PlannedStep, S3Step, Step};
use serde_json::{Value, json};

fn identity(kind: &'static str, name: &str, mode: Mode) -> Identity {
    let (account, region) = ("111111111111".to_owned(), "eu-central-1".to_owned());
    Identity { kind, namespace: "audit".to_owned(), name: name.to_owned(), account, region, mode }
}

fn difference(path: &str, desired: Value, observed: Value) -> Difference {
    Difference { path: path.to_owned(), desired, observed }
}

fn step(facet: &'static str, step: Step, reason: &str) -> PlannedStep {
    PlannedStep { facet, step, reason: reason.to_owned() }
}

fn denied(operation: &str) -> Failure {
    Failure {
        class: ErrorClass::Denied,
        operation: operation.to_owned(),
        object: "acme-logs".to_owned(),
        account: "111111111111".to_owned(),
        region: "eu-central-1".to_owned(),
        code: "AccessDenied".to_owned(),
        message: "Access Denied".to_owned(),
    }
}

fn versioning() -> PlannedStep {
    let put = Step::S3(S3Step::PutBucketVersioning { bucket: "acme-logs".to_owned(), status: "Enabled".to_owned() });
    step("versioning", put, "versioning.status: desired Enabled, observed Suspended")
}

/// An archive with a facet to create, to change and to remove from.
pub fn archive() -> ObjectReport {
    let statement = json!({"Effect": "Deny", "Principal": {"AWS": ["*"]}, "Action": ["s3:*"], "Resource": ["arn:aws:s3:::acme-logs", "arn:aws:s3:::acme-logs/*"]});
    let policy = Step::S3(S3Step::PutBucketPolicy { bucket: "acme-logs".to_owned(), policy: json!({"Statement": [statement]}) });
    let tags =
        Step::S3(S3Step::PutBucketTagging { bucket: "acme-logs".to_owned(), tags: [("team".to_owned(), "security".to_owned())].into() });
    ObjectReport {
        differences: vec![
            difference("bucketPolicy", json!({"TlsOnly": statement}), Value::Null),
            difference("versioning.status", json!("Enabled"), json!("Suspended")),
            difference("bucketTags.stray", Value::Null, json!("yes")),
        ],
        steps: vec![
            step("bucketPolicy", policy, "bucketPolicy is not set"),
            versioning(),
            step("bucketTags", tags, &"a long reason ".repeat(20)),
        ],
        ..ObjectReport::new(identity("LogArchive", "logs", Mode::Enforce))
    }
}

/// A trail that is only observed.
pub fn observed() -> ObjectReport {
    let stop =
        Step::CloudTrail(CloudTrailStep::StopLogging { trail: "arn:aws:cloudtrail:eu-central-1:111111111111:trail/main".to_owned() });
    ObjectReport {
        differences: vec![difference("logging.enabled", json!(false), json!(true))],
        steps: vec![step("logging", stop, "spec.logging is false")],
        ..ObjectReport::new(identity("Trail", "observed", Mode::Observe))
    }
}

/// Everything that can go wrong with looking.
pub fn troubled() -> Vec<ObjectReport> {
    let failure = denied("s3:GetBucketPolicy");
    let refusal = RefusedResource { resource: "bucket acme-logs".to_owned(), owner: None, advice: advice::on_refusal(None) };
    vec![
        ObjectReport {
            refusal: Some(refusal),
            unknown: vec![UnknownRead { facet: "bucketPolicy", advice: advice::on_failure(&failure), failure }],
            ..ObjectReport::new(identity("LogArchive", "troubled", Mode::Enforce))
        },
        ObjectReport::blocked(identity("Trail", "blocked", Mode::Enforce), "LogArchive audit/troubled is not in place"),
        ObjectReport::held(identity("Trail", "held", Mode::Enforce), "suspended"),
    ]
}

/// The archive after a pass in which the second step failed.
pub fn half_done() -> ObjectReport {
    let archive = archive();
    let failure = denied("s3:PutBucketVersioning");
    let failed = FailedWrite { step: versioning(), advice: advice::on_failure(&failure), failure };
    let remaining = archive.differences.iter().skip(1).cloned().collect();
    let done = Done { applied: archive.steps.iter().take(1).cloned().collect(), failed: Some(failed), remaining };
    ObjectReport { done: Some(done), ..archive }
}

/// The archive after a pass in which every step was made.
pub fn done() -> ObjectReport {
    let archive = archive();
    let done = Done { applied: archive.steps.clone(), ..Done::default() };
    ObjectReport { done: Some(done), ..archive }
}

/// The archive after a pass that left a difference.
pub fn stuck() -> ObjectReport {
    let mut stuck = done();
    if let Some(done) = &mut stuck.done {
        done.remaining = vec![difference("bucket.region", json!("eu-central-1"), json!("us-east-1"))];
    }
    stuck
}

pub fn report(objects: impl IntoIterator<Item = ObjectReport>) -> Report {
    Report { objects: objects.into_iter().collect() }
}
