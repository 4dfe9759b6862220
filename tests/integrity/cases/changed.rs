//! What is no longer what was delivered, or not where it was delivered.

use crate::archive::{unzip, zip, zip_with};
use crate::corpus::{Case, case};
use crate::lab::{HOME, OTHER};
use crate::shapes::Shape::Plain;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// More zeros than a log file may hold, in a gzip file of a megabyte.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..1025 {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap()
}

pub const CASES: &[Case] = &[
    case("log-event", "an event is taken out of a log file", Plain, |archive| {
        let log = archive.log(5);
        *archive.body(&log) = zip(b"{\"Records\":[]}");
    })
    .ours(2, &["log Changed"])
    .official(1, &["log file: hash value doesn't match", "12/12 digest files valid", "23/24 log files valid, 1/24 log files INVALID"]),
    case("log-bit", "one bit of a log file's content is changed", Plain, |archive| {
        let log = archive.log(5);
        let mut content = archive.content(&log);
        content[40] ^= 1;
        *archive.body(&log) = zip(&content);
    })
    .ours(2, &["log Changed"])
    .official(1, &["log file: hash value doesn't match", "12/12 digest files valid", "23/24 log files valid, 1/24 log files INVALID"]),
    case("log-appended", "bytes are appended to a log file", Plain, |archive| {
        let log = archive.log(5);
        archive.body(&log).extend(b"appended");
    })
    .ours(2, &["log TrailingData"])
    .official(
        1,
        &[
            "log file: unexpected data after end of compressed stream",
            "12/12 digest files valid",
            "23/24 log files valid, 1/24 log files INVALID",
        ],
    ),
    case("log-truncated", "the last 4 bytes of a log file, of its gzip trailer, are cut off", Plain, |archive| {
        let log = archive.log(5);
        let size = archive.body(&log).len();
        archive.body(&log).truncate(size - 4);
    })
    .ours(2, &["log Truncated"])
    .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
    case("log-cut", "the second half of a log file is cut off", Plain, |archive| {
        let log = archive.log(5);
        let size = archive.body(&log).len();
        archive.body(&log).truncate(size / 2);
    })
    .ours(2, &["log Truncated"])
    .official(1, &["log file: hash value doesn't match", "12/12 digest files valid", "23/24 log files valid, 1/24 log files INVALID"]),
    case("log-second-member", "a second gzip member with an event is appended to a log file", Plain, |archive| {
        let log = archive.log(5);
        archive.body(&log).extend(zip(b"{\"Records\":[{\"eventName\":\"ConsoleLogin\"}]}"));
    })
    .ours(2, &["log TrailingData"])
    .official(
        1,
        &[
            "log file: unexpected data after end of compressed stream",
            "12/12 digest files valid",
            "23/24 log files valid, 1/24 log files INVALID",
        ],
    ),
    case("log-two-members", "a log file is written anew as two gzip members that hold the same content", Plain, |archive| {
        let log = archive.log(5);
        let content = archive.content(&log);
        *archive.body(&log) = [zip(&content[..20]), zip(&content[20..])].concat();
    })
    .ours(2, &["log TrailingData"])
    .official(
        1,
        &[
            "log file: unexpected data after end of compressed stream",
            "12/12 digest files valid",
            "23/24 log files valid, 1/24 log files INVALID",
        ],
    ),
    case("log-recompressed", "a log file is compressed anew, its content the same", Plain, |archive| {
        let log = archive.log(5);
        let content = archive.content(&log);
        *archive.body(&log) = zip_with(&content, Compression::none());
    })
    .ours(0, &[])
    .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
    case("log-unzipped", "a log file is replaced with its content, not compressed", Plain, |archive| {
        let log = archive.log(5);
        *archive.body(&log) = archive.content(&log);
    })
    .ours(2, &["log NotGzip"])
    .official(1, &["log file: invalid format", "12/12 digest files valid", "23/24 log files valid, 1/24 log files INVALID"]),
    case("log-empty", "a log file has 0 bytes", Plain, |archive| {
        let log = archive.log(5);
        archive.body(&log).clear();
    })
    .ours(2, &["log Truncated"])
    .official(1, &["log file: hash value doesn't match", "12/12 digest files valid", "23/24 log files valid, 1/24 log files INVALID"]),
    case("log-bomb", "a log file is replaced with a zip bomb of 1 GiB", Plain, |archive| {
        let log = archive.log(5);
        *archive.body(&log) = bomb();
    })
    .ours(2, &["log TooLarge"])
    .official(1, &["log file: hash value doesn't match", "12/12 digest files valid", "23/24 log files valid, 1/24 log files INVALID"]),
    case("logs-swapped", "two log files are swapped", Plain, |archive| archive.swap(&archive.log(4), &archive.log(5)))
        .ours(2, &["2 x log Changed"])
        .official(
            1,
            &["2 x log file: hash value doesn't match", "12/12 digest files valid", "22/24 log files valid, 2/24 log files INVALID"],
        ),
    case("log-moved", "a log file is moved to another hour", Plain, |archive| {
        let log = archive.log(5);
        let to = archive.add_log(7 * 3600 + 600, "MovedMovedMoved1");
        archive.copy(&log, &to);
        archive.remove(&log);
    })
    .ours(2, &["log Missing", "log Unreferenced"])
    .official(1, &["log file: not found", "12/12 digest files valid", "23/24 log files valid, 1/24 log files INVALID"]),
    case("digest-log-hidden", "a log file is deleted, and taken out of its digest", Plain, |archive| {
        let (digest, log) = (archive.digest(5), archive.log(5));
        archive.remove(&log);
        archive.rewrite(&digest, |document| document["logFiles"].as_array_mut().unwrap().retain(|entry| entry["s3Object"] != log.key));
    })
    .ours(2, &["digest SignatureInvalid+HashNotAsNextSays", "gap DigestInvalid 1 h, 1 logs"])
    .official(
        1,
        &["digest file: signature verification failed", "11/12 digest files valid, 1/12 digest files INVALID", "22/22 log files valid"],
    ),
    case("digest-bit", "one bit of the newest digest's content is changed", Plain, |archive| {
        let digest = archive.digest(12);
        archive.rewrite(&digest, |document| document["newestEventTime"] = "2026-09-14T11:45:01Z".into());
    })
    .ours(2, &["digest SignatureInvalid", "gap DigestInvalid 1 h, 2 logs"])
    .official(
        1,
        &["digest file: signature verification failed", "11/12 digest files valid, 1/12 digest files INVALID", "22/22 log files valid"],
    ),
    case("digest-appended", "bytes are appended to a digest", Plain, |archive| {
        let digest = archive.digest(5);
        archive.body(&digest).extend(b"appended");
    })
    .ours(2, &["digest TrailingData", "gap DigestInvalid 1 h, 2 logs"])
    .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
    case("digest-second-member", "a second gzip member is appended to a digest", Plain, |archive| {
        let digest = archive.digest(5);
        archive.body(&digest).extend(zip(b"{}"));
    })
    .ours(2, &["digest TrailingData", "gap DigestInvalid 1 h, 2 logs"])
    .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
    case("digest-truncated", "the last 4 bytes of a digest, of its gzip trailer, are cut off", Plain, |archive| {
        let digest = archive.digest(5);
        let size = archive.body(&digest).len();
        archive.body(&digest).truncate(size - 4);
    })
    .ours(2, &["digest Truncated", "gap DigestInvalid 1 h, 2 logs"])
    .official(1, &["digest file: invalid format", "11/12 digest files valid, 1/12 digest files INVALID", "22/22 log files valid"]),
    case("digest-recompressed", "a digest is compressed anew, its content the same", Plain, |archive| {
        let digest = archive.digest(5);
        let content = archive.content(&digest);
        *archive.body(&digest) = zip_with(&content, Compression::none());
    })
    .ours(0, &[])
    .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
    case("digest-empty", "a digest has 0 bytes", Plain, |archive| {
        let digest = archive.digest(5);
        archive.body(&digest).clear();
    })
    .ours(2, &["digest Truncated+Malformed", "gap DigestInvalid 1 h, 2 logs"])
    .official(1, &["digest file: invalid format", "11/12 digest files valid, 1/12 digest files INVALID", "22/22 log files valid"]),
    case("digest-no-json", "a digest is no JSON", Plain, |archive| {
        let digest = archive.digest(5);
        let mut content = unzip(archive.body(&digest));
        content.insert(0, b'!');
        *archive.body(&digest) = zip(&content);
    })
    .ours(2, &["digest Malformed", "gap DigestInvalid 1 h, 2 logs"])
    .official(1, &["digest file: invalid format", "11/12 digest files valid, 1/12 digest files INVALID", "22/22 log files valid"]),
    case("signature-removed", "the signature beside a digest is removed", Plain, |archive| {
        let digest = archive.digest(5);
        archive.object(&digest).metadata.clear();
    })
    .ours(2, &["digest Unsigned+SignatureNotAsNextSays", "gap DigestInvalid 1 h, 2 logs"])
    .official(
        1,
        &["digest file: signature verification failed", "11/12 digest files valid, 1/12 digest files INVALID", "22/22 log files valid"],
    ),
    case("signature-changed", "one digit of the signature beside a digest is changed", Plain, |archive| {
        let digest = archive.digest(5);
        let signature = archive.object(&digest).metadata.get_mut("signature").unwrap();
        let digit = if signature.starts_with('1') { "2" } else { "1" };
        signature.replace_range(..1, digit);
    })
    .ours(2, &["digest SignatureInvalid+SignatureNotAsNextSays", "gap DigestInvalid 1 h, 2 logs"])
    .official(
        1,
        &["digest file: signature verification failed", "11/12 digest files valid, 1/12 digest files INVALID", "22/22 log files valid"],
    ),
    case("other-algorithm", "the metadata beside a digest says another algorithm", Plain, |archive| {
        let digest = archive.digest(5);
        archive.object(&digest).metadata.insert("signature-algorithm".to_owned(), "MD5withRSA".to_owned());
    })
    .ours(2, &["digest Unsigned", "gap DigestInvalid 1 h, 2 logs"])
    .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
    case("digests-swapped", "two digests are swapped, with their signatures", Plain, |archive| {
        archive.swap(&archive.digest(4), &archive.digest(5));
    })
    .ours(2, &["digest Moved", "digest Moved+HashNotAsNextSays+SignatureNotAsNextSays", "gap DigestInvalid 2 h, 4 logs"])
    .official(
        1,
        &[
            "2 x digest file: has been moved from its original location",
            "10/12 digest files valid, 2/12 digest files INVALID",
            "20/20 log files valid",
        ],
    ),
    case("replay", "an old digest, which is valid, is put in the place of a newer one", Plain, |archive| {
        let (old, new) = (archive.digest(3), archive.digest(9));
        archive.copy(&old, &new);
    })
    .ours(2, &["digest Moved+HashNotAsNextSays+SignatureNotAsNextSays", "gap DigestInvalid 1 h, 2 logs"])
    .official(
        1,
        &[
            "digest file: has been moved from its original location",
            "11/12 digest files valid, 1/12 digest files INVALID",
            "22/22 log files valid",
        ],
    ),
    case("other-region", "the digest of another Region and the same hour is put in the place of one", Plain, |archive| {
        let (other, digest) = (archive.digests_of("main", OTHER)[4].clone(), archive.digest(5));
        archive.copy(&other, &digest);
    })
    .ours(2, &["digest Moved+KeyUnknown+HashNotAsNextSays+SignatureNotAsNextSays", "gap DigestInvalid 1 h, 2 logs"])
    .official(
        1,
        &[
            "digest file: has been moved from its original location",
            "11/12 digest files valid, 1/12 digest files INVALID",
            "22/22 log files valid",
        ],
    ),
    case("copied-archive", "every object is copied to another prefix", Plain, |archive| {
        for place in archive.objects.keys().cloned().collect::<Vec<_>>() {
            let to = archive.place(format!("copy/{}", place.key));
            archive.copy(&place, &to);
        }
    })
    .with(&["--region", HOME])
    .ours(2, &["12 x digest Moved", "gap DigestInvalid 12 h, 24 logs"])
    .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
];
