//! One pass brings about whatever is declared, from wherever AWS stands, and the next finds nothing to do.

use crate::declared::{any_archive, any_trail, archive_in_force, archive_subject, trail_in_force, trail_subject};
use crate::memory::{Fault, Memory};
use crate::tamper::{ARCHIVE, TRAIL, Tamper};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use trailkeeper::engine::Subject;
use trailkeeper::facets::step::{CloudTrailStep, KmsStep, S3Step, Step};

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Applies `tampers` to what `subject` has brought about, and looks at what is found and repaired.
fn found_and_repaired(subject: &Subject, tampers: &[Tamper]) -> Result<(), TestCaseError> {
    let world = Memory::default();
    world.settle(subject);
    let before = world.aws().clone();
    let applied: Vec<Tamper> = tampers.iter().copied().filter(|tamper| (tamper.apply)(&mut world.aws())).collect();
    prop_assume!(!applied.is_empty());
    let assessment = world.assess(subject);
    for tamper in &applied {
        prop_assert!(
            assessment.differences.iter().any(|found| found.path.split('.').next() == Some(tamper.facet())),
            "{tamper:?} goes unnoticed: {:?}",
            assessment.differences
        );
    }
    world.settle(subject);
    let mut after = world.aws().clone();
    // A stranger's key stays where it is, and a trail or bucket that was made anew has lost what it held.
    after.keys.held.retain(|arn, _| before.keys.held.contains_key(arn));
    if applied.iter().all(|tamper| !matches!(tamper.path, "settings" | "bucket" | "events.selectors" | "encryption.bucketKey")) {
        for (arn, trail) in &mut after.trails.0 {
            trail.custom_selectors = before.trails.0[arn].custom_selectors;
        }
        prop_assert_eq!(after.keys, before.keys);
        prop_assert_eq!(after.trails, before.trails);
    }
    Ok(())
}

/// Whatever the write after which the process dies, the next process finishes, and nothing is there twice.
fn survives_every_kill(subject: &Subject, prepared: impl Fn() -> Memory) -> Result<(), TestCaseError> {
    let undisturbed = prepared();
    undisturbed.settle(subject);
    let writes = prepared().pass(subject).applied.len();
    for last in 0..writes {
        let world = prepared();
        world.fail(Fault::KillAfter(last));
        prop_assert_eq!(world.pass(subject).applied.len(), last, "killed before the answer to write {}", last);
        let mut made = world.written();
        world.fail(Fault::None);
        let outcome = world.pass(subject);
        prop_assert!(outcome.in_sync(), "after write {last}: {:?} {:?}", outcome.failed, outcome.latest().differences);
        made.extend(world.written());
        let created = made.iter().filter(|step| {
            matches!(
                step,
                Step::Kms(KmsStep::CreateKey { .. })
                    | Step::S3(S3Step::CreateBucket { .. })
                    | Step::CloudTrail(CloudTrailStep::CreateTrail { .. })
            )
        });
        prop_assert_eq!(created.count(), undisturbed_creations(subject, &prepared), "a twin after write {}", last);
        prop_assert_eq!(&*world.aws(), &*undisturbed.aws());
        prop_assert!(world.pass(subject).before.plan.is_empty());
    }
    Ok(())
}

fn undisturbed_creations(subject: &Subject, prepared: &impl Fn() -> Memory) -> usize {
    prepared().pass(subject).applied.iter().filter(|planned| planned.step.creates()).count()
}

/// A refused write leaves an unfinished state, which the next pass finishes.
fn survives_every_refusal(subject: &Subject) -> Result<(), TestCaseError> {
    let writes = Memory::default().pass(subject).applied.len();
    for refused in 0..writes {
        let world = Memory::default();
        world.fail(Fault::Refuse(refused));
        let outcome = world.pass(subject);
        prop_assert!(!outcome.in_sync() && outcome.failed.is_some() && outcome.after.is_none());
        prop_assert_eq!(outcome.applied.len(), refused, "nothing is written after a refusal");
        world.fail(Fault::None);
        world.written();
        world.settle(subject);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_trail_settles_in_one_pass(spec in any_trail()) {
        Memory::default().settle(&trail_subject(&spec));
    }

    #[test]
    fn an_archive_settles_in_one_pass((spec, writers) in any_archive()) {
        Memory::default().settle(&archive_subject(&spec, &writers));
    }

    #[test]
    fn a_trail_moves_from_any_spec_to_any_other(first in any_trail(), then in any_trail()) {
        let world = Memory::default();
        world.settle(&trail_subject(&first));
        world.settle(&trail_subject(&then));
    }

    #[test]
    fn an_archive_moves_from_any_spec_to_any_other((first, writers) in any_archive(), (then, others) in any_archive()) {
        let world = Memory::default();
        world.settle(&archive_subject(&first, &writers));
        world.settle(&archive_subject(&then, &others));
    }

    #[test]
    fn each_tampering_with_a_trail_is_found_and_repaired(spec in any_trail(), tamper in select(TRAIL)) {
        found_and_repaired(&trail_in_force(&spec), &[tamper])?;
    }

    #[test]
    fn each_tampering_with_an_archive_is_found_and_repaired((spec, writers) in any_archive(), tamper in select(ARCHIVE)) {
        found_and_repaired(&archive_in_force(&spec, &writers), &[tamper])?;
    }

    #[test]
    fn tamperings_with_a_trail_are_repaired_together(spec in any_trail(), tampers in subsequence(&TRAIL[1..], 2..TRAIL.len() - 1)) {
        // Two that undo each other are no tampering.
        let tampers: Vec<_> = tampers.into_iter().filter(|tamper| tamper.path != "settings.globalServiceEvents").collect();
        found_and_repaired(&trail_in_force(&spec), &tampers)?;
    }

    #[test]
    fn tamperings_with_an_archive_are_repaired_together((spec, writers) in any_archive(), tampers in subsequence(&ARCHIVE[1..], 2..8)) {
        // A key without its alias and without its tag can't be found by anybody.
        let tag_lost = tampers.iter().any(|tamper| tamper.path == "keyTags.trailkeeper.dev/owner");
        let tampers: Vec<_> = tampers.into_iter().filter(|tamper| !tag_lost || tamper.facet() != "keyAlias").collect();
        found_and_repaired(&archive_in_force(&spec, &writers), &tampers)?;
    }

}

// Each case makes a pass per write.
proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn a_trail_survives_every_kill(spec in any_trail()) {
        survives_every_kill(&trail_subject(&spec), Memory::default)?;
        survives_every_refusal(&trail_subject(&spec))?;
    }

    #[test]
    fn an_archive_survives_every_kill((spec, writers) in any_archive()) {
        survives_every_kill(&archive_subject(&spec, &writers), Memory::default)?;
        survives_every_refusal(&archive_subject(&spec, &writers))?;
    }

    #[test]
    fn a_change_of_spec_survives_every_kill(first in any_trail(), then in any_trail()) {
        let settled = Memory::default();
        settled.settle(&trail_subject(&first));
        let aws = settled.aws().clone();
        survives_every_kill(&trail_subject(&then), || Memory::holding(aws.clone()))?;
    }

    #[test]
    fn a_change_of_an_archive_survives_every_kill((first, writers) in any_archive(), (then, others) in any_archive()) {
        let settled = Memory::default();
        settled.settle(&archive_subject(&first, &writers));
        let aws = settled.aws().clone();
        survives_every_kill(&archive_subject(&then, &others), || Memory::holding(aws.clone()))?;
    }
}
