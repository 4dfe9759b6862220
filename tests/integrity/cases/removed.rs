//! What is gone, or can't be read.

use crate::corpus::{Case, case};
use crate::lab::{HOME, HOUR, OTHER};
use crate::shapes::Shape::{Plain, Versioned};

pub const CASES: &[Case] = &[
    case("untouched", "nothing is done", Plain, |_| {}).ours(0, &[]).official(0, &["12/12 digest files valid", "24/24 log files valid"]),
    case("all-digests", "every digest is deleted", Plain, |archive| {
        for region in [HOME, OTHER] {
            archive.digests_of("main", region).iter().for_each(|digest| archive.remove(digest));
        }
    })
    .ours(2, &["20 logs and no digest", "1 logs and no digest"])
    .official(0, &["No digests found"]),
    case("newest-6", "the newest 6 of 12 digests are deleted with their log files", Plain, |archive| archive.remove_hours(7..=12))
        .ours(2, &["gap EndMissing 6 h"])
        .official(0, &["6/6 digest files valid", "12/12 log files valid"]),
    case("newest-1-later", "the newest digest is deleted with its log files; verified an hour and a half later", Plain, |archive| {
        archive.remove_hours(12..=12);
    })
    .until(12 * HOUR + 5400)
    .ours(2, &["gap EndMissing 2.5 h"])
    .official(0, &["11/11 digest files valid", "22/22 log files valid"]),
    case("middle-2", "2 digests in the middle are deleted with their log files", Plain, |archive| archive.remove_hours(5..=6))
        .ours(2, &["digest Missing", "gap DigestsMissing 2 h"])
        .official(1, &["digest file: not found", "10/11 digest files valid, 1/11 digest files INVALID", "20/20 log files valid"]),
    case("middle-7", "7 digests in the middle are deleted with their log files", Plain, |archive| archive.remove_hours(3..=9))
        .ours(2, &["digest Missing", "gap DigestsMissing 7 h"])
        .official(1, &["digest file: not found", "5/6 digest files valid, 1/6 digest files INVALID", "10/10 log files valid"]),
    case("oldest-6", "the oldest 6 of 12 digests are deleted with their log files", Plain, |archive| archive.remove_hours(1..=6))
        .ours(2, &["digest Missing", "gap BeginningMissing from the beginning"])
        .official(1, &["digest file: not found", "6/7 digest files valid, 1/7 digest files INVALID", "12/12 log files valid"]),
    case("one-digest", "one digest is deleted", Plain, |archive| archive.remove(&archive.digest(5)))
        .ours(2, &["digest Missing", "gap DigestsMissing 1 h, 2 logs"])
        .official(1, &["digest file: not found", "11/12 digest files valid, 1/12 digest files INVALID", "22/22 log files valid"]),
    case("first-digest", "the first digest is deleted", Plain, |archive| archive.remove(&archive.digest(1)))
        .ours(2, &["digest Missing", "gap BeginningMissing from the beginning, 2 logs"])
        .official(1, &["digest file: not found", "11/12 digest files valid, 1/12 digest files INVALID", "22/22 log files valid"]),
    case("one-log", "one log file is deleted", Plain, |archive| archive.remove(&archive.log(5)))
        .ours(2, &["log Missing"])
        .official(1, &["log file: not found", "12/12 digest files valid", "23/24 log files valid, 1/24 log files INVALID"]),
    case("all-logs", "every log file is deleted", Plain, |archive| {
        archive.logs(HOME).iter().chain(&archive.logs(OTHER)).for_each(|log| archive.remove(log));
    })
    .ours(2, &["25 x log Missing"])
    .official(1, &["24 x log file: not found", "12/12 digest files valid", "0/24 log files valid, 24/24 log files INVALID"]),
    case("denied-log", "one log file can't be read: access denied", Plain, |archive| {
        archive.denied.insert(archive.log(5));
    })
    .ours(1, &["log unread"])
    .official(255, &["An error occurred (AccessDenied) when calling the GetObject"]),
    case("denied-digest", "one digest can't be read: access denied", Plain, |archive| {
        archive.denied.insert(archive.digest(5));
    })
    .ours(1, &["digest unread", "gap DigestUnread 1 h, 2 logs"])
    .official(255, &["An error occurred (AccessDenied) when calling the GetObject"]),
    case("denied-and-changed", "one log file can't be read, and another is changed", Plain, |archive| {
        archive.denied.insert(archive.log(5));
        let log = archive.log(3);
        *archive.body(&log) = crate::archive::zip(b"{\"Records\":[]}");
    })
    .ours(2, &["log Changed", "log unread"])
    .official(255, &["An error occurred (AccessDenied) when calling the GetObject"]),
    case("versioned-untouched", "nothing is done; the bucket keeps versions", Versioned, |_| {})
        .ours(0, &[])
        .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
    case("versioned-log-deleted", "one log file is deleted; the bucket keeps versions", Versioned, |archive| {
        archive.remove(&archive.log(5))
    })
    .ours(2, &["log Missing, good version named"])
    .official(1, &["log file: not found", "12/12 digest files valid", "23/24 log files valid, 1/24 log files INVALID"]),
    case("versioned-log-overwritten", "one log file is overwritten; the bucket keeps versions", Versioned, |archive| {
        let log = archive.log(5);
        *archive.body(&log) = crate::archive::zip(b"{\"Records\":[]}");
    })
    .ours(2, &["log Changed, good version named"])
    .official(1, &["log file: hash value doesn't match", "12/12 digest files valid", "23/24 log files valid, 1/24 log files INVALID"]),
    case("versioned-digest-deleted", "one digest is deleted; the bucket keeps versions", Versioned, |archive| {
        archive.remove(&archive.digest(5));
    })
    .ours(2, &["digest Missing, good version named", "gap DigestsMissing 1 h, 2 logs"])
    .official(1, &["digest file: not found", "11/12 digest files valid, 1/12 digest files INVALID", "22/22 log files valid"]),
    case(
        "versioned-digest-overwritten",
        "one digest is overwritten with another hour's; the bucket keeps versions",
        Versioned,
        |archive| {
            let (old, new) = (archive.digest(4), archive.digest(5));
            archive.copy(&old, &new);
        },
    )
    .ours(2, &["digest Moved+HashNotAsNextSays+SignatureNotAsNextSays, good version named", "gap DigestInvalid 1 h, 2 logs"])
    .official(
        1,
        &[
            "digest file: has been moved from its original location",
            "11/12 digest files valid, 1/12 digest files INVALID",
            "22/22 log files valid",
        ],
    ),
    case(
        "versioned-newest-6",
        "the newest 6 of 12 digests are deleted with their log files; the bucket keeps versions",
        Versioned,
        |archive| {
            archive.remove_hours(7..=12);
        },
    )
    .ours(2, &["6 x digest Missing, good version named", "gap EndMissing 6 h"])
    .official(0, &["6/6 digest files valid", "12/12 log files valid"]),
    case(
        "versioned-middle-7",
        "7 digests in the middle are deleted with their log files; the bucket keeps versions",
        Versioned,
        |archive| {
            archive.remove_hours(3..=9);
        },
    )
    .ours(2, &["7 x digest Missing, good version named", "gap DigestsMissing 7 h"])
    .official(1, &["digest file: not found", "5/6 digest files valid, 1/6 digest files INVALID", "10/10 log files valid"]),
];
