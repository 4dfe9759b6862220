//! Mode Observe writes nothing, ever, and finds what Enforce finds. A missing permit writes nothing either.

use crate::declared::{
    any_archive, any_trail, archive_in_force, archive_spec, archive_subject, one_writer, trail_in_force, trail_spec, trail_subject,
};
use crate::memory::Memory;
use crate::tamper::{ARCHIVE, TRAIL, Tamper};
use futures::executor::block_on;
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::json;
use trailkeeper::api::common::Mode;
use trailkeeper::engine::{Permit, Subject, pass};
use trailkeeper::facets::observed::ErrorClass;

/// Looks at `world` in both modes.
fn finds_the_same_and_writes_nothing(world: &Memory, mut subject: Subject) {
    world.written();
    let before = world.aws().clone();
    let enforced = world.assess(&subject);
    subject.treatment.mode = Mode::Observe;
    let outcome = world.pass(&subject);
    assert_eq!(outcome.before.differences, enforced.differences);
    assert!(outcome.applied.is_empty() && outcome.after.is_none() && outcome.failed.is_none());
    assert_eq!(world.written(), []);
    assert_eq!(*world.aws(), before);
    assert_eq!(outcome.in_sync(), enforced.in_sync());
}

fn holds(subject: Subject, tampers: &[Tamper]) {
    finds_the_same_and_writes_nothing(&Memory::default(), trail_or_archive(&subject));
    let world = Memory::default();
    world.settle(&subject);
    for tamper in tampers {
        (tamper.apply)(&mut world.aws());
    }
    finds_the_same_and_writes_nothing(&world, subject);
}

/// The least subject of the same kind.
fn trail_or_archive(subject: &Subject) -> Subject {
    match subject.registered.facets.len() {
        4 => trail_subject(&trail_spec(json!({}))),
        _ => archive_subject(&archive_spec(json!({})), &one_writer()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_trail_is_only_looked_at(spec in any_trail(), tampers in subsequence(TRAIL, 0..4)) {
        holds(trail_in_force(&spec), &tampers);
    }

    #[test]
    fn an_archive_is_only_looked_at((spec, writers) in any_archive(), tampers in subsequence(ARCHIVE, 0..4)) {
        holds(archive_in_force(&spec, &writers), &tampers);
    }
}

struct Forbidden;

impl Permit for Forbidden {
    fn check(&self) -> Result<(), String> {
        Err("the lease is lost".to_owned())
    }
}

#[test]
fn without_a_permit_nothing_is_written() {
    let world = Memory::default();
    let outcome = block_on(pass(&world, &trail_subject(&trail_spec(json!({}))), &Forbidden));
    let failure = outcome.failed.unwrap().failure;
    assert_eq!((failure.class, failure.message.as_str()), (ErrorClass::Halted, "the lease is lost"));
    assert!(outcome.applied.is_empty());
    assert_eq!(world.written(), []);
}
