//! What a look at the archive alone can't see, of either tool: nothing in it differs from an archive that was always so.

use crate::corpus::{Case, case};
use crate::lab::OTHER;
use crate::shapes::Shape::{Plain, Stopped};

pub const CASES: &[Case] = &[
    case("newest-1-at-once", "the newest digest is deleted with its log files, less than two hours ago", Plain, |archive| {
        archive.remove_hours(12..=12);
    })
    .ours(0, &[])
    .official(0, &["11/11 digest files valid", "22/22 log files valid"]),
    case("one-region", "all digests and log files of one Region are deleted, and nothing was verified before", Plain, |archive| {
        let all = [archive.digests_of("main", OTHER), archive.logs(OTHER)].concat();
        all.iter().for_each(|place| archive.remove(place));
    })
    .ours(0, &[])
    .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
    case(
        "whole-chain",
        "all digests from before logging was stopped are deleted with their log files, and nothing was verified before",
        Stopped,
        |archive| {
            archive.remove_hours(1..=5);
        },
    )
    .ours(0, &[])
    .official(0, &["4/4 digest files valid", "8/8 log files valid"]),
];
