//! What happens to trails: archives that are as CloudTrail delivered them, and attacks that hide behind such a history.

use crate::archive::zip;
use crate::corpus::{Case, case};
use crate::lab::{HOME, HOUR};
use crate::shapes::Shape::{
    Late, Moved, Organization, Plain, Quiet, Recreated, Renamed, Rotated, SecondUnvalidated, Stopped, TwoTrails, ValidatedLate,
    ValidationOff,
};

pub const CASES: &[Case] = &[
    case("two-trails", "two trails deliver to one bucket", TwoTrails, |_| {})
        .ours(0, &[])
        .official(0, &["6/6 digest files valid", "12/12 log files valid"]),
    case("two-trails-one-cut", "the newest 3 digests of one of two trails are deleted with their log files", TwoTrails, |archive| {
        archive.remove_hours(4..=6);
    })
    .ours(2, &["gap EndMissing 3 h"])
    .official(0, &["3/3 digest files valid", "6/6 log files valid"]),
    case("second-unvalidated", "a second trail, without validation, delivers to the bucket", SecondUnvalidated, |_| {})
        .ours(2, &["10 x log Unreferenced"])
        .official(0, &["6/6 digest files valid", "12/12 log files valid"]),
    case(
        "second-unvalidated-ignored",
        "a second trail, without validation, delivers to the bucket; --unreferenced ignore",
        SecondUnvalidated,
        |_| {},
    )
    .with(&["--unreferenced", "ignore"])
    .ours(0, &[])
    .official(0, &["6/6 digest files valid", "12/12 log files valid"]),
    case("organization", "an organization's trail delivers for two accounts", Organization, |_| {})
        .ours(0, &[])
        .official(0, &["4/4 digest files valid", "8/8 log files valid"]),
    case(
        "organization-member",
        "a log file of a member is changed, and validate-logs asked of the management account",
        Organization,
        |archive| {
            let mine = format!("/{}/", archive.account);
            let log = archive.logs(HOME).into_iter().find(|log| !log.key.contains(&mine)).unwrap();
            *archive.body(&log) = zip(b"{\"Records\":[]}");
        },
    )
    .ours(2, &["log Changed"])
    .official(0, &["4/4 digest files valid", "8/8 log files valid"]),
    case("stopped", "logging was stopped for three hours", Stopped, |_| {}).ours(0, &["gap LoggingStopped 3 h"]).official(
        0,
        &[
            "9/9 digest files valid",
            "17/17 log files valid",
            "No log files were delivered by CloudTrail between 2026-09-14T04:30:00Z and 2026-09-14T07:30:00Z",
        ],
    ),
    case("stopped-cut", "before logging was stopped, the last 2 digests are deleted with their log files", Stopped, |archive| {
        archive.remove_hours(4..=5);
    })
    .ours(2, &["gap Unexplained 4.5 h"])
    .official(
        0,
        &[
            "7/7 digest files valid",
            "14/14 log files valid",
            "No log files were delivered by CloudTrail between 2026-09-14T03:00:00Z and 2026-09-14T07:30:00Z",
        ],
    ),
    case(
        "stopped-cut-logs-left",
        "before logging was stopped, the last 2 digests are deleted, and a log file of theirs changed",
        Stopped,
        |archive| {
            let (digests, log) = (archive.digests(), archive.log(4));
            digests[3..5].iter().for_each(|digest| archive.remove(digest));
            *archive.body(&log) = zip(b"{\"Records\":[]}");
        },
    )
    .ours(1, &["gap ValidationOff 4.5 h, 3 logs"])
    .official(
        0,
        &[
            "7/7 digest files valid",
            "14/14 log files valid",
            "No log files were delivered by CloudTrail between 2026-09-14T03:00:00Z and 2026-09-14T07:30:00Z",
        ],
    ),
    case("stopped-first-chain", "all digests from before logging was stopped are deleted, and a log file changed", Stopped, |archive| {
        let (digests, log) = (archive.digests(), archive.log(4));
        digests[..5].iter().for_each(|digest| archive.remove(digest));
        *archive.body(&log) = zip(b"{\"Records\":[]}");
    })
    .ours(1, &["gap ValidationOff from the beginning, 9 logs"])
    .official(0, &["4/4 digest files valid", "8/8 log files valid"]),
    case("validation-off", "validation was off for three hours", ValidationOff, |_| {})
        .ours(1, &["gap ValidationOff 3 h, 6 logs"])
        .official(
            0,
            &[
                "8/8 digest files valid",
                "16/16 log files valid",
                "No log files were delivered by CloudTrail between 2026-09-14T04:00:00Z and 2026-09-14T07:00:00Z",
            ],
        ),
    case("validated-late", "validation was switched on after four hours", ValidatedLate, |_| {})
        .ours(1, &["gap ValidationOff from the beginning, 8 logs"])
        .official(0, &["4/4 digest files valid", "8/8 log files valid"]),
    case("validated-late-since", "validation was switched on after four hours; verified from then on", ValidatedLate, |_| {})
        .since(4 * HOUR)
        .ours(0, &[])
        .official(0, &["4/4 digest files valid", "8/8 log files valid"]),
    case("recreated", "the trail was deleted, and created again two hours later", Recreated, |_| {})
        .ours(0, &["gap LoggingStopped 2 h"])
        .official(
            0,
            &[
                "9/9 digest files valid",
                "16/16 log files valid",
                "No log files were delivered by CloudTrail between 2026-09-14T04:30:00Z and 2026-09-14T06:30:00Z",
            ],
        ),
    case("renamed", "the trail was deleted, and another took its place", Renamed, |_| {})
        .ours(0, &["gap Ended 4 h"])
        .official(0, &["5/5 digest files valid", "8/8 log files valid"]),
    case(
        "renamed-cut",
        "the trail was deleted, and another took its place; the newest 3 digests of that are gone with their log files",
        Renamed,
        |archive| {
            for digest in &archive.digests_of("renamed", HOME)[1..] {
                archive.logs_of(digest).iter().for_each(|log| archive.remove(log));
                archive.remove(digest);
            }
        },
    )
    .ours(2, &["gap EndMissing 4 h", "gap EndMissing 3 h"])
    .official(0, &["5/5 digest files valid", "8/8 log files valid"]),
    case("rotated", "the Region's key was rotated in the middle", Rotated, |_| {})
        .ours(0, &[])
        .official(0, &["6/6 digest files valid", "12/12 log files valid"]),
    case("quiet", "six hours in which nothing happened", Quiet, |_| {})
        .ours(0, &[])
        .official(0, &["8/8 digest files valid", "4/4 log files valid"]),
    case("quiet-log-added", "a log file is added to an hour in which nothing happened", Quiet, |archive| {
        archive.add_log(3 * HOUR + 600, "ForgedForgedForg");
    })
    .ours(2, &["log Unreferenced"])
    .official(0, &["8/8 digest files valid", "4/4 log files valid"]),
    case("late", "digests failed for four hours and were delivered then", Late, |_| {})
        .ours(0, &[])
        .official(0, &["8/8 digest files valid", "9/9 log files valid"]),
    case("out-of-order", "digests are delivered again, in another order", Late, |archive| {
        // S3 keeps no order but that of names: written again last, the oldest digest stays the oldest.
        let oldest = archive.digest(1);
        archive.copy(&oldest.clone(), &oldest);
    })
    .ours(0, &[])
    .official(0, &["8/8 digest files valid", "9/9 log files valid"]),
    case("moved", "the trail moved to another bucket after four hours", Moved, |_| {})
        .ours(0, &[])
        .official(0, &["8/8 digest files valid", "16/16 log files valid"]),
    case("moved-cut", "the trail moved to another bucket, and the old one is empty", Moved, |archive| {
        let old: Vec<_> = archive.objects.keys().filter(|place| place.bucket != archive.bucket).cloned().collect();
        old.iter().for_each(|place| archive.remove(place));
    })
    .ours(2, &["digest Missing", "gap BeginningMissing from the beginning"])
    .official(1, &["digest file: not found", "4/5 digest files valid, 1/5 digest files INVALID", "8/8 log files valid"]),
    case("since-digest", "nothing is done; verified from the end of the fourth digest on", Plain, |_| {})
        .since(4 * HOUR)
        .ours(0, &[])
        .official(0, &["9/9 digest files valid", "18/18 log files valid"]),
    case("since-digest-less-1", "nothing is done; verified from a second before the end of the fourth digest on", Plain, |_| {})
        .since(4 * HOUR - 1)
        .ours(0, &[])
        .official(0, &["9/9 digest files valid", "18/18 log files valid"]),
    case("since-digest-plus-1", "nothing is done; verified from a second after the end of the fourth digest on", Plain, |_| {})
        .since(4 * HOUR + 1)
        .ours(0, &[])
        .official(0, &["8/8 digest files valid", "16/16 log files valid"]),
    case("since-hole", "the fifth digest is deleted; verified from its end on", Plain, |archive| archive.remove(&archive.digest(5)))
        .since(5 * HOUR)
        .ours(2, &["digest Missing"])
        .official(1, &["digest file: not found", "7/8 digest files valid, 1/8 digest files INVALID", "14/14 log files valid"]),
    case("until-digest", "nothing is done; verified until the end of the eighth digest", Plain, |_| {})
        .until(8 * HOUR)
        .ours(0, &[])
        .official(0, &["9/9 digest files valid", "18/18 log files valid"]),
    case("until-digest-less-1", "nothing is done; verified until a second before the end of the eighth digest", Plain, |_| {})
        .until(8 * HOUR - 1)
        .ours(0, &[])
        .official(0, &["8/8 digest files valid", "16/16 log files valid"]),
    case("late-now-2", "nothing is done; the newest digest is two hours old", Plain, |_| {})
        .until(14 * HOUR)
        .ours(0, &[])
        .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
    case("late-now-2-plus-1", "nothing is done; the newest digest is two hours and a second old", Plain, |_| {})
        .until(14 * HOUR + 1)
        .ours(2, &["gap EndMissing 2 h", "gap EndMissing 2 h"])
        .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
];
