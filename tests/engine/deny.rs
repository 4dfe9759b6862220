//! What could not be read is unknown: it is neither written nor taken for absent.

use crate::declared::{archive_in_force, archive_spec, archive_subject, one_writer, trail_in_force, trail_spec, trail_subject};
use crate::memory::Memory;
use crate::tamper::{ARCHIVE, TRAIL, Tamper};
use serde_json::json;
use trailkeeper::engine::Subject;
use trailkeeper::facets::observed::{ErrorClass, Observed};

/// Facets whose refusal leaves open whether the resource is ours: nothing at all may be written then.
const DECIDE_OWNERSHIP: [&str; 5] = ["settings", "tags", "bucket", "bucketTags", "key"];

/// Facets that follow from the key's own reading.
const FROM_THE_KEY: [&str; 5] = ["keyAlias", "keyPolicy", "keyRotation", "keyTags", "encryption"];

fn denied_reads_are_not_guessed(subject: &Subject, tampers: &[Tamper]) {
    let names: Vec<&'static str> = subject.registered.facets.iter().map(|facet| facet.name()).collect();
    for denied in names {
        for tampered in [false, true] {
            let world = Memory::default();
            world.settle(subject);
            if tampered {
                for tamper in tampers {
                    (tamper.apply)(&mut world.aws());
                }
            }
            world.deny(denied);
            let outcome = world.pass(subject);
            if !matches!(outcome.before.seen.get(denied), Some(Observed::Unknown(_))) {
                assert!(["events", "insights", "aggregation", "keyAlias", "keyTags"].contains(&denied), "{denied} is asked for");
                continue;
            }
            assert!(!outcome.in_sync(), "{denied}: what is unknown is not in sync");
            assert_eq!(outcome.latest().unknown().map(|failure| failure.class), Some(ErrorClass::Denied));
            let hidden = |facet: &str| facet == denied || (denied == "key" && FROM_THE_KEY.contains(&facet));
            for planned in outcome.before.plan.iter().chain(&outcome.applied) {
                assert!(!hidden(planned.facet), "{denied} is denied, and {planned:?}");
            }
            for difference in &outcome.before.differences {
                assert!(!hidden(difference.path.split('.').next().unwrap()), "{denied} is denied, and {difference}");
            }
            if DECIDE_OWNERSHIP.contains(&denied) {
                assert_eq!(world.written(), [], "{denied} is denied, so ownership is unknown");
            }
        }
    }
}

#[test]
fn a_trail_is_not_guessed_at() {
    let tampers: Vec<_> = TRAIL[1..].iter().copied().filter(|tamper| !tamper.path.ends_with("owner")).collect();
    denied_reads_are_not_guessed(&trail_in_force(&trail_spec(json!({}))), &tampers);
}

#[test]
fn an_archive_is_not_guessed_at() {
    let tampers: Vec<_> = ARCHIVE[1..].iter().copied().filter(|tamper| !tamper.path.ends_with("owner")).collect();
    denied_reads_are_not_guessed(&archive_in_force(&archive_spec(json!({})), &one_writer()), &tampers);
}

#[test]
fn an_account_that_may_not_be_read_is_not_taken_for_empty() {
    for denied in ["bucket", "key"] {
        let world = Memory::default();
        world.deny(denied);
        let outcome = world.pass(&archive_subject(&archive_spec(json!({})), &one_writer()));
        assert!(!outcome.in_sync());
        assert_eq!(world.written(), [], "{denied} may be there");
    }
    let world = Memory::default();
    world.deny("settings");
    world.pass(&trail_subject(&trail_spec(json!({}))));
    assert_eq!(world.written(), []);
}
