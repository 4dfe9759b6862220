//! Properties of the verification, on chains in memory: whatever is changed is found, and what nobody changed is intact.

mod memory;

use crate::archive::{at, zip};
use crate::lab::{HOME, HOUR};
use memory::{Break, END, Memory, Spell, Writer};
use proptest::prelude::*;
use proptest::sample::Index;
use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use trailkeeper::integrity::chain::explain;
use trailkeeper::integrity::fault::{Gap, Reason, Verdict};
use trailkeeper::integrity::outcome::Conclusion;
use trailkeeper::integrity::place::{Area, Stream};
use trailkeeper::integrity::reader::Reader;

/// Late enough that a newest digest that is gone is overdue, and early enough that none is while all are there.
const UNTIL: i64 = END + HOUR + HOUR / 2;

/// Two trails, one of which was stopped for a while; hours with and without log files.
fn archive() -> &'static Memory {
    static ARCHIVE: OnceLock<Memory> = OnceLock::new();
    ARCHIVE.get_or_init(|| {
        let mut memory = Memory::default();
        let stopped = Spell { hours: vec![1, 2, 0, 3], then: Break::Stopped { minutes: 30, hours: 2 } };
        Writer::write(&mut memory, "main", 0, &[stopped]);
        Writer::write(&mut memory, "other", HOUR / 2, &[]);
        memory
    })
}

fn conclusion(memory: &Memory) -> Conclusion {
    memory.verify(UNTIL).conclusion()
}

#[test]
fn the_archive_of_the_properties_is_intact() {
    let outcome = archive().verify(UNTIL);
    assert_eq!(outcome.conclusion(), Conclusion::Intact, "{outcome:#?}");
    assert_eq!(outcome.gaps.iter().map(|gap| gap.reason).collect::<Vec<_>>(), [Reason::LoggingStopped]);
}

#[test]
fn any_object_removed_is_found() {
    for place in archive().places() {
        let mut memory = archive().clone();
        memory.0.remove(&place);
        assert_ne!(conclusion(&memory), Conclusion::Intact, "without {place}");
    }
}

/// Whoever deletes all since a trail was last stopped makes it look as if it had ended; AWS knows better.
#[test]
fn who_records_has_not_ended() {
    let mut memory = Memory::default();
    let for_good = Spell { hours: vec![1, 1], then: Break::Stopped { minutes: 30, hours: 24 } };
    Writer::write(&mut memory, "main", 0, &[for_good]);
    Writer::write(&mut memory, "other", HOUR / 2, &[]);
    let end = |recording: &[&str]| {
        let outcome = memory.verify_with(UNTIL, recording);
        (outcome.gaps.iter().map(|gap| gap.reason).collect::<Vec<_>>(), outcome.conclusion())
    };
    assert_eq!(end(&[]), (vec![Reason::Ended], Conclusion::Intact));
    assert_eq!(end(&["other"]), (vec![Reason::Ended], Conclusion::Intact));
    assert_eq!(end(&["other", "main"]), (vec![Reason::EndMissing], Conclusion::NotIntact));
}

/// Two accounts may have trails of one name in one bucket.
#[test]
fn a_trail_explains_no_gap_of_another_of_its_name() {
    let gap = |organization: Option<&str>, account: &str, reason| {
        let area = Area {
            prefix: String::new(),
            organization: organization.map(str::to_owned),
            account: account.to_owned(),
            region: HOME.to_owned(),
        };
        let stream = Stream { area, trail: "main".to_owned(), home_region: HOME.to_owned() };
        Gap { stream, from: Some(at(0)), until: at(HOUR), reason, unproven_logs: 0 }
    };
    let explained = |organization, account| {
        let mut gaps = [gap(organization, "111111111111", Reason::LoggingStopped), gap(organization, account, Reason::Unexplained)];
        explain(&mut gaps);
        gaps[1].reason
    };
    assert_eq!(explained(None, "111111111111"), Reason::LoggingStopped);
    assert_eq!(explained(None, "222222222222"), Reason::Unexplained);
    assert_eq!(explained(Some("o-1"), "222222222222"), Reason::LoggingStopped);
}

/// The first second's bytes pass at once, so three MiB at one a second take two seconds at least.
#[tokio::test]
async fn no_more_is_read_than_the_bandwidth_allows() {
    let (memory, file) = memory::with_a_log_of(3 << 20);
    let reader = Reader::new(memory, 8).with_bandwidth(NonZeroU32::MIN);
    let begun = Instant::now();
    assert_eq!(reader.log(&file).await.0, Verdict::Intact);
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
}

fn a_break() -> impl Strategy<Value = Break> {
    let stopped = (1_i64..60, 1_i64..3).prop_map(|(minutes, hours)| Break::Stopped { minutes, hours });
    let off = (1_i64..3, 1_u32..4).prop_map(|(hours, logs)| Break::ValidationOff { hours, logs });
    prop_oneof![stopped, off]
}

fn spells() -> impl Strategy<Value = Vec<Spell>> {
    let spell = (proptest::collection::vec(0_u32..3, 1..4), a_break()).prop_map(|(hours, then)| Spell { hours, then });
    proptest::collection::vec(spell, 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn one_bit_of_any_content_changed_is_found(object in any::<Index>(), bit in any::<Index>()) {
        let mut memory = archive().clone();
        let place = object.get(&memory.places()).clone();
        let mut content = memory.content(&place);
        let bit = bit.index(content.len() * 8);
        content[bit / 8] ^= 1 << (bit % 8);
        memory.0.get_mut(&place).unwrap().body = zip(&content);
        prop_assert_eq!(conclusion(&memory), Conclusion::NotIntact);
    }

    /// Of the bits of a gzip file, those that say nothing of the content may change: time, system and name in the header.
    #[test]
    fn one_bit_of_any_object_changed_is_found_or_leaves_the_content(object in any::<Index>(), bit in any::<Index>()) {
        let mut memory = archive().clone();
        let place = object.get(&memory.places()).clone();
        let body = &mut memory.0.get_mut(&place).unwrap().body;
        let bit = bit.index(body.len() * 8);
        body[bit / 8] ^= 1 << (bit % 8);
        if conclusion(&memory) != Conclusion::NotIntact {
            prop_assert_eq!(memory.content(&place), archive().content(&place));
        }
    }

    #[test]
    fn one_digit_of_any_signature_changed_is_found(object in any::<Index>(), digit in any::<Index>(), by in 1_u32..16) {
        let mut memory = archive().clone();
        let signed: Vec<_> = memory.0.iter().filter(|(_, object)| !object.metadata.is_empty()).map(|(place, _)| place.clone()).collect();
        let signature = memory.0.get_mut(object.get(&signed)).unwrap().metadata.get_mut("signature").unwrap();
        let at = digit.index(signature.len());
        let value = (signature[at..=at].chars().next().unwrap().to_digit(16).unwrap() + by) % 16;
        signature.replace_range(at..=at, &format!("{value:x}"));
        prop_assert_eq!(conclusion(&memory), Conclusion::NotIntact);
    }

    #[test]
    fn any_object_in_the_place_of_another_is_found(one in any::<Index>(), other in any::<Index>(), both in any::<bool>()) {
        let mut memory = archive().clone();
        let (one, other) = (one.get(&memory.places()).clone(), other.get(&memory.places()).clone());
        let (first, second) = (memory.0[&one].clone(), memory.0[&other].clone());
        memory.0.insert(one.clone(), second);
        if both {
            memory.0.insert(other.clone(), first);
        }
        prop_assert_eq!(conclusion(&memory), if one == other { Conclusion::Intact } else { Conclusion::NotIntact });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever happened to the trails: all is proven, but for what was delivered while validation was off.
    #[test]
    fn what_nobody_changed_is_intact(trails in proptest::collection::vec((0_i64..90, spells()), 1..3)) {
        let mut memory = Memory::default();
        for (number, (minutes, spells)) in trails.iter().enumerate() {
            Writer::write(&mut memory, &format!("trail{number}"), minutes * 60, spells);
        }
        // The newest digest of a trail is up to an hour older than the end.
        let outcome = memory.verify(END + HOUR);
        let is_off = |spell: &Spell| matches!(spell.then, Break::ValidationOff { .. });
        let off = trails.iter().flat_map(|(_, spells)| spells).any(is_off);
        prop_assert_eq!(outcome.conclusion(), if off { Conclusion::Unknown } else { Conclusion::Intact }, "{:#?}", outcome);
        let gaps: usize = trails.iter().map(|(_, spells)| spells.len()).sum();
        prop_assert_eq!(outcome.gaps.len(), gaps, "{:#?}", outcome.gaps);
        prop_assert!(outcome.gaps.iter().all(|gap| gap.reason.is_explained()));
    }
}
