//! What `spec.ignore` names is neither reported nor written, also while something beside it is.

use crate::declared::{archive_spec, archive_subject, one_writer, trail_spec, trail_subject};
use crate::memory::Memory;
use crate::tamper::{ARCHIVE, TRAIL, Tamper};
use serde_json::json;
use trailkeeper::engine::Subject;

/// Tamperings with what exists. Ownership is not the user's to ignore.
fn of_fields(tampers: &[Tamper]) -> Vec<Tamper> {
    tampers.iter().copied().filter(|tamper| !["settings", "bucket"].contains(&tamper.path) && !tamper.path.ends_with("owner")).collect()
}

fn tampered(subject: &Subject, tampers: &[Tamper]) -> Memory {
    let world = Memory::default();
    world.settle(subject);
    for tamper in tampers {
        assert!((tamper.apply)(&mut world.aws()), "{tamper:?} has nothing to tamper with");
    }
    world
}

fn paths(world: &Memory, subject: &Subject) -> Vec<String> {
    world.assess(subject).differences.into_iter().map(|difference| difference.path).collect()
}

fn untouched(world: &Memory, subject: &Subject, why: &str) {
    let before = world.aws().clone();
    let outcome = world.pass(subject);
    assert!(outcome.in_sync(), "{why}: {:?}", outcome.before.differences);
    assert_eq!(world.written(), [], "{why}");
    assert_eq!(*world.aws(), before);
}

fn ignoring(make: &dyn Fn() -> Subject, ignore: Vec<String>) -> Subject {
    let mut subject = make();
    subject.treatment.ignore = ignore;
    subject
}

fn holds(make: &dyn Fn() -> Subject, tampers: &[Tamper]) {
    let plain = make();
    for tamper in tampers {
        let world = tampered(&plain, &[*tamper]);
        world.written();
        untouched(&world, &ignoring(make, vec![tamper.facet().to_owned()]), "the whole facet");
        let found = paths(&world, &plain);
        assert!(!found.is_empty());
        untouched(&world, &ignoring(make, found), "exactly what differs");
    }
    for (ignored, repaired) in tampers.iter().flat_map(|one| tampers.iter().map(move |other| (one, other))) {
        let left = paths(&tampered(&plain, &[*ignored]), &plain);
        let right = paths(&tampered(&plain, &[*repaired]), &plain);
        let apart = ignored.facet() == repaired.facet() && left.iter().all(|path| !right.contains(path));
        // AWS changes nothing about a key that waits for its deletion; a facet without fields has no neighbours.
        if !apart || ignored.path == "key.pendingDeletion" || [ignored, repaired].iter().any(|tamper| !tamper.path.contains('.')) {
            continue;
        }
        let world = tampered(&plain, &[*ignored, *repaired]);
        world.settle(&ignoring(make, left.clone()));
        assert_eq!(paths(&world, &plain), left, "{repaired:?} was to be repaired beside {ignored:?}");
    }
}

#[test]
fn what_a_trail_ignores_is_left_alone() {
    let events = json!({"data": [{"resourceType": "AWS::Lambda::Function"}]});
    holds(&|| trail_subject(&trail_spec(json!({"tags": {"team": "security"}, "events": events}))), &of_fields(TRAIL));
}

#[test]
fn what_an_archive_ignores_is_left_alone() {
    holds(&|| archive_subject(&archive_spec(json!({"tags": {"team": "security"}})), &one_writer()), &of_fields(ARCHIVE));
}

#[test]
fn what_is_ignored_has_its_declared_value_when_it_is_created() {
    let ignore = json!(["settings.logFileValidation", "settings.multiRegion", "settings.bucket"]);
    let world = Memory::default();
    world.settle(&trail_subject(&trail_spec(json!({ "ignore": ignore }))));
    let aws = world.aws();
    let settings = &aws.trails.0.values().next().unwrap().settings;
    assert!(settings.log_file_validation && settings.multi_region && !settings.bucket.is_empty());

    let ignore = json!(["bucket.region", "key.description", "encryption.kmsKey", "versioning.status"]);
    let world = Memory::default();
    world.settle(&archive_subject(&archive_spec(json!({ "ignore": ignore })), &one_writer()));
    let aws = world.aws();
    let key = aws.keys.held.values().next().unwrap();
    assert!(!key.description.is_empty());
    assert_eq!(aws.buckets.0.values().next().unwrap().encryption.algorithm, "aws:kms");
}
