//! Deletion takes only what carries our tag, backwards, and only when it is asked for.

use crate::declared::{ALIAS, BUCKET, archive_spec, archive_subject, one_writer, trail_arn, trail_spec, trail_subject};
use crate::keys::HeldKey;
use crate::memory::{Fault, Memory};
use serde_json::json;
use trailkeeper::engine::{Deletion, Subject};
use trailkeeper::facets::observed::ErrorClass;
use trailkeeper::facets::step::Step;
use trailkeeper::facets::tags::{OWNER as OWNER_TAG, Tags};

fn archive(extra: serde_json::Value) -> Subject {
    archive_subject(&archive_spec(extra), &one_writer())
}

fn settled(subject: &Subject) -> Memory {
    let world = Memory::default();
    world.settle(subject);
    world
}

fn actions(world: &Memory) -> Vec<&'static str> {
    world.written().iter().map(Step::action).collect()
}

#[test]
fn retain_and_observe_leave_everything() {
    for extra in [json!({}), json!({"deletionPolicy": "Retain"}), json!({"deletionPolicy": "Delete", "mode": "Observe"})] {
        let world = settled(&archive(json!({})));
        assert!(matches!(world.delete(&archive(extra.clone())), Deletion::Retained), "{extra}");
        let trail = trail_subject(&trail_spec(extra));
        assert!(matches!(world.delete(&trail), Deletion::Retained));
        assert_eq!(world.written(), []);
    }
}

#[test]
fn bucket_and_key_go_backwards_and_once() {
    let subject = archive(json!({"deletionPolicy": "Delete"}));
    let world = settled(&subject);
    assert!(matches!(world.delete(&subject), Deletion::Deleted(steps) if steps.len() == 3));
    assert_eq!(actions(&world), ["DeleteBucket", "ScheduleKeyDeletion", "DeleteAlias"]);
    assert!(matches!(world.delete(&subject), Deletion::Deleted(steps) if steps.is_empty()));
    assert_eq!(world.written(), []);
}

#[test]
fn an_archive_that_comes_back_rescues_its_key() {
    let subject = archive(json!({"deletionPolicy": "Delete"}));
    let world = settled(&subject);
    world.delete(&subject);
    world.settle(&subject);
    assert_eq!(world.aws().keys.held.len(), 1, "the key that waited for its deletion is used again");
}

#[test]
fn a_deletion_that_was_cut_off_is_finished() {
    let subject = archive(json!({"deletionPolicy": "Delete"}));
    for last in 0..3 {
        let world = settled(&subject);
        world.fail(Fault::KillAfter(last));
        assert!(matches!(world.delete(&subject), Deletion::Blocked(_)));
        world.fail(Fault::None);
        assert!(matches!(world.delete(&subject), Deletion::Deleted(_)));
        let aws = world.aws();
        assert!(aws.buckets.0.is_empty() && aws.keys.aliases.is_empty() && aws.keys.held.values().all(|key| key.pending_deletion));
    }
}

#[test]
fn a_bucket_with_logs_stays_and_keeps_its_key() {
    let subject = archive(json!({"deletionPolicy": "Delete"}));
    let world = settled(&subject);
    world.aws().buckets.0.get_mut(BUCKET).unwrap().objects = 1;
    let Deletion::Blocked(failure) = world.delete(&subject) else { panic!("the bucket is not empty") };
    assert_eq!(failure.class, ErrorClass::NotEmpty);
    assert_eq!(world.written(), []);
    assert!(world.aws().keys.held.values().all(|key| key.enabled));
}

#[test]
fn what_carries_no_tag_of_ours_stays() {
    let subject = archive(json!({"deletionPolicy": "Delete"}));
    for tags in [Tags::new(), Tags::from([(OWNER_TAG.to_owned(), "cluster/other/archive".to_owned())])] {
        let world = settled(&subject);
        world.aws().buckets.0.get_mut(BUCKET).unwrap().tags.clone_from(&tags);
        let before = world.aws().clone();
        let Deletion::NotOurs(refusal) = world.delete(&subject) else { panic!("the bucket is not ours") };
        assert_eq!(refusal.owner, tags.get(OWNER_TAG).cloned());
        assert_eq!(*world.aws(), before);
    }
    let world = settled(&subject);
    let stranger = world.aws().keys.add(HeldKey::new("theirs", json!({"Statement": []}), Tags::new()));
    world.aws().keys.held.retain(|arn, _| *arn == stranger);
    world.aws().keys.aliases.insert(ALIAS.to_owned(), stranger.clone());
    world.delete(&subject);
    assert!(world.aws().keys.held[&stranger].enabled && world.aws().keys.aliases.contains_key(ALIAS), "a stranger's key is spared");
}

#[test]
fn a_trail_goes_only_if_it_is_ours_and_can_be_read() {
    let subject = trail_subject(&trail_spec(json!({"deletionPolicy": "Delete"})));
    let world = settled(&subject);
    assert!(matches!(world.delete(&subject), Deletion::Deleted(_)));
    assert_eq!(actions(&world), ["DeleteTrail"], "logging is not stopped first");
    for denied in ["settings", "tags"] {
        let world = settled(&subject);
        world.deny(denied);
        assert!(matches!(world.delete(&subject), Deletion::Blocked(failure) if failure.class == ErrorClass::Denied));
        assert_eq!(world.written(), []);
    }
    let world = settled(&subject);
    world.aws().trails.0.get_mut(&trail_arn("main")).unwrap().tags.clear();
    assert!(matches!(world.delete(&subject), Deletion::NotOurs(_)));
    assert_eq!(world.written(), []);
}
