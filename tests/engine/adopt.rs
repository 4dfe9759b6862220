//! Whose a resource is, and what `spec.adoption` makes of it.

use crate::buckets::HeldBucket;
use crate::declared::{
    ALIAS, BUCKET, OWNER, archive_in_force, archive_spec, archive_subject, one_writer, trail_arn, trail_in_force, trail_spec, trail_subject,
};
use crate::keys::HeldKey;
use crate::memory::{Aws, Memory};
use crate::trails::HeldTrail;
use kube::CustomResourceExt;
use serde_json::{Value, json};
use trailkeeper::api::common::Adoption;
use trailkeeper::api::{LogArchive, Trail};
use trailkeeper::engine::Subject;
use trailkeeper::facets::tags::{ADOPTED, OWNER as OWNER_TAG, Tags};
use trailkeeper::facets::trail_settings::TrailSettings;

const OTHER: &str = "cluster/other/trail";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Refused,
    Adopted,
    Ours,
    Reclaimed,
}

/// (adoption, owner by tag, held before, what follows)
const TABLE: [(Adoption, Option<&str>, bool, Verdict); 12] = [
    (Adoption::Never, None, false, Verdict::Refused),
    (Adoption::Never, Some(OWNER), false, Verdict::Ours),
    (Adoption::Never, Some(OTHER), false, Verdict::Refused),
    (Adoption::Never, None, true, Verdict::Reclaimed),
    (Adoption::IfUnowned, None, false, Verdict::Adopted),
    (Adoption::IfUnowned, Some(OWNER), false, Verdict::Ours),
    (Adoption::IfUnowned, Some(OTHER), false, Verdict::Refused),
    (Adoption::IfUnowned, None, true, Verdict::Reclaimed),
    (Adoption::Always, None, false, Verdict::Adopted),
    (Adoption::Always, Some(OWNER), false, Verdict::Ours),
    (Adoption::Always, Some(OTHER), false, Verdict::Adopted),
    (Adoption::Always, None, true, Verdict::Reclaimed),
];

fn tagged(owner: Option<&str>) -> Tags {
    let theirs = [("theirs".to_owned(), "1".to_owned()), ("aws:cloudformation:stack-name".to_owned(), "s".to_owned())];
    theirs.into_iter().chain(owner.map(|owner| (OWNER_TAG.to_owned(), owner.to_owned()))).collect()
}

/// Runs the table over one resource: `put` makes it, `tags` reads its tags.
fn holds(make: &dyn Fn(bool) -> Subject, put: &dyn Fn(&mut Aws, Tags), tags: &dyn Fn(&Aws) -> Tags) {
    for (adoption, owner, held_before, expected) in TABLE {
        let world = Memory::default();
        put(&mut world.aws(), tagged(owner));
        let before = world.aws().clone();
        let mut subject = make(held_before);
        subject.treatment.adoption = adoption;
        let case = format!("{adoption:?}, tag {owner:?}, held before {held_before}");
        let outcome = world.pass(&subject);
        if expected == Verdict::Refused {
            assert_eq!(world.written(), [], "{case}: a stranger's resource is written to");
            assert_eq!(*world.aws(), before);
            assert_eq!(outcome.latest().refusal.clone().expect(&case).owner.as_deref(), owner, "{case}");
            continue;
        }
        assert!(outcome.in_sync(), "{case}: {:?} {:?}", outcome.failed, outcome.latest().differences);
        let tags = tags(&world.aws());
        assert_eq!(tags.get(OWNER_TAG).map(String::as_str), Some(OWNER), "{case}");
        assert_eq!(tags.contains_key(ADOPTED), expected == Verdict::Adopted, "{case}: {tags:?}");
        assert_eq!(outcome.before.adopting.is_empty(), expected != Verdict::Adopted, "{case}");
        let owner_lost = outcome.before.differences.iter().any(|difference| difference.path.ends_with(OWNER_TAG));
        assert_eq!(owner_lost, expected == Verdict::Reclaimed, "{case}: a lost tag is drift");
        assert!(tags.contains_key("aws:cloudformation:stack-name") && !tags.contains_key("theirs"), "{case}: {tags:?}");
        world.written();
        world.settle(&subject);
    }
}

fn trail(held_before: bool) -> Subject {
    let subject = if held_before { trail_in_force } else { trail_subject };
    subject(&trail_spec(json!({})))
}

fn archive(held_before: bool) -> Subject {
    let subject = if held_before { archive_in_force } else { archive_subject };
    subject(&archive_spec(json!({})), &one_writer())
}

#[test]
fn a_trail_is_taken_over_only_as_allowed() {
    holds(
        &trail,
        &|aws, tags| {
            let settings = TrailSettings { bucket: "theirs".to_owned(), ..TrailSettings::default() };
            aws.trails.0.insert(trail_arn("main"), HeldTrail::new(settings, tags));
        },
        &|aws| aws.trails.0[&trail_arn("main")].tags.clone(),
    );
}

#[test]
fn a_bucket_is_taken_over_only_as_allowed() {
    holds(&archive, &|aws, tags| drop(aws.buckets.0.insert(BUCKET.to_owned(), HeldBucket::new(tags))), &|aws| {
        aws.buckets.0[BUCKET].tags.clone()
    });
}

#[test]
fn a_key_is_taken_over_only_as_allowed() {
    holds(
        &archive,
        &|aws, tags| {
            let arn = aws.keys.add(HeldKey::new("theirs", json!({"Statement": []}), tags));
            aws.keys.aliases.insert(ALIAS.to_owned(), arn);
        },
        &|aws| aws.keys.held[&aws.keys.aliases[ALIAS]].tags.clone(),
    );
}

/// As many tags as the schema of `K` takes.
fn most_tags<K: CustomResourceExt>() -> Tags {
    let crd = serde_json::to_value(K::crd()).unwrap();
    let tags = crd.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/tags/maxProperties").unwrap();
    (0..tags.as_f64().unwrap() as usize).map(|number| (format!("t{number}"), "x".to_owned())).collect()
}

#[test]
fn the_marks_of_ownership_have_room_beside_the_most_tags() {
    let world = Memory::default();
    let theirs = TrailSettings { bucket: "theirs".to_owned(), ..TrailSettings::default() };
    world.aws().trails.0.insert(trail_arn("main"), HeldTrail::new(theirs, Tags::new()));
    world.settle(&trail_subject(&trail_spec(json!({"adoption": "IfUnowned", "tags": most_tags::<Trail>()}))));

    let world = Memory::default();
    {
        let mut aws = world.aws();
        let arn = aws.keys.add(HeldKey::new("theirs", json!({"Statement": []}), Tags::new()));
        aws.keys.aliases.insert(ALIAS.to_owned(), arn);
        aws.buckets.0.insert(BUCKET.to_owned(), HeldBucket::new(Tags::new()));
    }
    let spec = archive_spec(json!({"adoption": "IfUnowned", "tags": most_tags::<LogArchive>()}));
    world.settle(&archive_subject(&spec, &one_writer()));
}

fn foreign(sid: &str) -> Value {
    json!({"Sid": sid, "Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs-of-ours/*"})
}

/// The Sids in the bucket policy after a pass over a bucket that holds a foreign statement.
fn sids_after(rule: &str, found: bool) -> Vec<String> {
    let world = Memory::default();
    let subject = archive_subject(&archive_spec(json!({"adoption": "IfUnowned", "policy": {"foreignStatements": rule}})), &one_writer());
    if !found {
        world.settle(&subject);
    }
    let mut made = HeldBucket::new(Tags::new());
    made.policy = Some(json!({"Statement": [foreign("Theirs")]}));
    world.aws().buckets.0.entry(BUCKET.to_owned()).and_modify(|held| held.policy.clone_from(&made.policy)).or_insert(made);
    world.settle(&subject);
    let aws = world.aws();
    aws.buckets.0[BUCKET].statements().0.into_keys().collect()
}

#[test]
fn statements_of_others_stay_where_the_bucket_was_found_or_the_spec_keeps_them() {
    let table = [("KeepIfAdopted", true, true), ("KeepIfAdopted", false, false), ("Keep", false, true), ("Remove", true, false)];
    for (rule, found, stays) in table {
        let sids = sids_after(rule, found);
        assert_eq!(sids.contains(&"Theirs".to_owned()), stays, "{rule}, found {found}: {sids:?}");
        assert!(sids.contains(&"TrailkeeperTlsOnly".to_owned()), "ours are put back: {sids:?}");
    }
}

#[test]
fn statements_of_a_trail_that_may_still_log_stay_until_it_is_known_to_be_gone() {
    let world = Memory::default();
    let mut writers = one_writer();
    writers.current.push(crate::declared::writer("second", ""));
    let spec = archive_spec(json!({}));
    world.settle(&archive_subject(&spec, &writers));
    let with_both = world.aws().buckets.0[BUCKET].statements();
    world.settle(&archive_subject(&spec, &one_writer()));
    assert_eq!(world.aws().buckets.0[BUCKET].statements(), with_both, "nobody said that the second trail is gone");
    let mut gone = one_writer();
    gone.gone.push(trail_arn("second"));
    world.settle(&archive_subject(&spec, &gone));
    let aws = world.aws();
    assert!(aws.buckets.0[BUCKET].statements().0.len() < with_both.0.len());
    assert!(!aws.keys.held.values().next().unwrap().policy.to_string().contains("trail/second"));
}

#[test]
fn a_statement_does_not_become_permanent_by_removing_the_tag_first() {
    let world = Memory::default();
    world.settle(&archive(false));
    {
        let mut aws = world.aws();
        let bucket = aws.buckets.0.get_mut(BUCKET).unwrap();
        bucket.tags = Tags::from([("tampered".to_owned(), "yes".to_owned())]);
        bucket.policy.as_mut().unwrap()["Statement"].as_array_mut().unwrap().push(foreign("Theirs"));
    }
    world.settle(&archive(true));
    assert!(!world.aws().buckets.0[BUCKET].statements().0.contains_key("Theirs"));
}
