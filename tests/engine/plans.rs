//! Plans as people and pipelines see them: what is done in which order, and why.

use crate::declared::{archive_in_force, archive_spec, archive_subject, one_writer, trail_in_force, trail_spec, trail_subject};
use crate::memory::Memory;
use crate::tamper::{ARCHIVE, TRAIL, Tamper};
use serde_json::json;
use trailkeeper::engine::Subject;
use trailkeeper::facets::step::{CloudTrailStep, Step};

fn drifted(subject: &Subject, tampers: &[Tamper], wanted: &[&str]) -> serde_json::Value {
    let world = Memory::default();
    world.settle(subject);
    for path in wanted {
        let tamper = tampers.iter().find(|tamper| tamper.path == *path).unwrap();
        assert!((tamper.apply)(&mut world.aws()));
    }
    json!(world.assess(subject).plan)
}

#[test]
fn an_empty_account_gets_an_archive() {
    insta::assert_json_snapshot!(Memory::default().assess(&archive_subject(&archive_spec(json!({})), &one_writer())).plan);
}

#[test]
fn an_empty_account_gets_a_trail() {
    insta::assert_json_snapshot!(Memory::default().assess(&trail_subject(&trail_spec(json!({})))).plan);
}

#[test]
fn a_trail_that_was_switched_off_and_thinned_out() {
    let wanted = ["settings.logFileValidation", "settings.multiRegion", "events.selectors", "logging.enabled", "tags.tampered"];
    insta::assert_json_snapshot!(drifted(&trail_in_force(&trail_spec(json!({}))), TRAIL, &wanted));
}

#[test]
fn an_archive_that_was_opened() {
    let wanted = ["publicAccessBlock.blockPublicPolicy", "versioning.status", "bucketTags.trailkeeper.dev/owner", "bucketTags.tampered"];
    insta::assert_json_snapshot!(drifted(&archive_in_force(&archive_spec(json!({})), &one_writer()), ARCHIVE, &wanted));
}

#[test]
fn a_key_on_its_way_out() {
    let wanted = ["key.pendingDeletion", "keyRotation.periodDays", "keyTags.trailkeeper.dev/owner"];
    insta::assert_json_snapshot!(drifted(&archive_in_force(&archive_spec(json!({})), &one_writer()), ARCHIVE, &wanted));
}

#[test]
fn both_switches_go_off_one_after_the_other() {
    let world = Memory::default();
    world.settle(&trail_subject(&trail_spec(json!({}))));
    let off = trail_spec(json!({"multiRegion": false, "globalServiceEvents": false, "keyPrefix": "new"}));
    let outcome = world.settle(&trail_subject(&off));
    let rounds: Vec<_> = outcome
        .applied
        .iter()
        .map(|planned| match &planned.step {
            Step::CloudTrail(CloudTrailStep::UpdateTrail { fields, .. }) => fields.join(" "),
            other => panic!("not an update: {other:?}"),
        })
        .collect();
    assert_eq!(rounds, ["keyPrefix multiRegion", "globalServiceEvents"]);
}
