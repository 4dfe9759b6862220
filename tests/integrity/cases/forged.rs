//! What CloudTrail never wrote. The key of a Region in the wrong hands stands for the worst: what only AWS could sign.

use crate::archive::{STRANGER, at, digest_key, zip};
use crate::corpus::{Case, case};
use crate::lab::{HOME, HOUR, OTHER};
use crate::shapes::Shape::{Organization, Plain, TwoTrails};
use serde_json::json;
use trailkeeper::integrity::place::DigestKey;

pub const CASES: &[Case] = &[
    case("extra-log", "a log file is added that CloudTrail never delivered", Plain, |archive| {
        archive.add_log(5 * HOUR + 600, "ForgedForgedForg");
    })
    .ours(2, &["log Unreferenced"])
    .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
    case("extra-log-in-digest", "a log file is added, and written into its digest", Plain, |archive| {
        let log = archive.add_log(4 * HOUR + 600, "ForgedForgedForg");
        let (entry, digest) = (archive.entry(&log), archive.digest(5));
        archive.rewrite(&digest, |document| document["logFiles"].as_array_mut().unwrap().push(entry));
    })
    .ours(2, &["digest SignatureInvalid+HashNotAsNextSays", "gap DigestInvalid 1 h, 3 logs"])
    .official(
        1,
        &["digest file: signature verification failed", "11/12 digest files valid, 1/12 digest files INVALID", "22/22 log files valid"],
    ),
    case("extra-digest", "a signed copy of a digest is added under the next hour's name", Plain, |archive| {
        let (newest, (place, _)) = (archive.digest(12), archive.next());
        archive.copy(&newest, &place);
    })
    .until(13 * HOUR)
    .ours(2, &["digest Moved", "gap DigestInvalid 1 h"])
    .official(
        1,
        &[
            "digest file: has been moved from its original location",
            "12/13 digest files valid, 1/13 digest files INVALID",
            "24/24 log files valid",
        ],
    ),
    case("unknown-key", "the whole chain is written anew and signed with an own key", Plain, |archive| {
        archive.forge(STRANGER, 1, |_, _| {});
    })
    .ours(2, &["12 x digest KeyUnknown", "gap DigestInvalid 12 h, 24 logs"])
    .official(
        1,
        &[
            "12 x digest file: public key not found in region eu-west-1",
            "No valid digests found in range",
            "0/12 digest files valid, 12/12 digest files INVALID",
        ],
    ),
    case("unknown-key-tail", "the newest 3 digests are written anew without log files, and signed with an own key", Plain, |archive| {
        archive.forge(STRANGER, 10, |_, document| document["logFiles"] = json!([]));
    })
    .ours(2, &["3 x digest KeyUnknown", "gap DigestInvalid 3 h, 6 logs"])
    .official(
        1,
        &[
            "3 x digest file: public key not found in region eu-west-1",
            "9/12 digest files valid, 3/12 digest files INVALID",
            "18/18 log files valid",
        ],
    ),
    case("other-regions-key", "a digest is signed with the key of another Region", Plain, |archive| {
        let (digest, document) = (archive.digest(12), archive.document(&archive.digest(12)));
        let mut document = document;
        document["digestPublicKeyFingerprint"] = archive.pairs[OTHER].fingerprint.clone().into();
        archive.sign(OTHER, &digest, &document);
    })
    .ours(2, &["digest KeyUnknown", "gap DigestInvalid 1 h, 2 logs"])
    .official(
        1,
        &[
            "digest file: public key not found in region eu-west-1",
            "11/12 digest files valid, 1/12 digest files INVALID",
            "22/22 log files valid",
        ],
    ),
    case("other-regions-signature", "a digest is signed with the key of another Region, under the name of its own", Plain, |archive| {
        let (digest, document) = (archive.digest(12), archive.document(&archive.digest(12)));
        archive.sign(OTHER, &digest, &document);
    })
    .ours(2, &["digest SignatureInvalid", "gap DigestInvalid 1 h, 2 logs"])
    .official(
        1,
        &["digest file: signature verification failed", "11/12 digest files valid, 1/12 digest files INVALID", "22/22 log files valid"],
    ),
    case("other-trail", "the digest of another trail and the same hour is put in the place of one", TwoTrails, |archive| {
        let (other, digest) = (archive.digests_of("second", HOME)[2].clone(), archive.digest(3));
        archive.copy(&other, &digest);
    })
    .ours(2, &["digest Moved+HashNotAsNextSays+SignatureNotAsNextSays", "gap DigestInvalid 1 h, 2 logs"])
    .official(
        1,
        &[
            "digest file: has been moved from its original location",
            "5/6 digest files valid, 1/6 digest files INVALID",
            "10/10 log files valid",
        ],
    ),
    case("other-account", "the digest of another account and the same hour is put in the place of one", Organization, |archive| {
        let all = archive.digests();
        let mine = all.iter().find(|place| place.key.contains(&format!("/{}/CloudTrail-Digest/", archive.account))).unwrap();
        let end = DigestKey::parse(&mine.key).unwrap().end;
        let is_same_hour =
            |place: &&trailkeeper::integrity::place::Place| *place != mine && DigestKey::parse(&place.key).unwrap().end == end;
        let other = all.iter().find(is_same_hour).unwrap();
        archive.copy(other, mine);
    })
    .ours(2, &["digest Moved+HashNotAsNextSays+SignatureNotAsNextSays", "gap DigestInvalid 1 h, 2 logs"])
    .official(
        1,
        &[
            "digest file: has been moved from its original location",
            "3/4 digest files valid, 1/4 digest files INVALID",
            "6/6 log files valid",
        ],
    ),
    case("stolen-chain", "with the Region's key: a digest in the middle is signed anew without its log files", Plain, |archive| {
        let digest = archive.digest(5);
        let mut document = archive.document(&digest);
        document["logFiles"] = json!([]);
        archive.sign(HOME, &digest, &document);
    })
    .ours(2, &["digest HashNotAsNextSays+SignatureNotAsNextSays", "gap DigestInvalid 1 h, 2 logs"])
    .official(0, &["12/12 digest files valid", "22/22 log files valid"]),
    case("stolen-fork", "with the Region's key: a digest is added that continues what another one continues", Plain, |archive| {
        let (newest, before) = (archive.digest(12), archive.digest(11));
        let (place, mut document) = archive.next();
        archive.link(&mut document, &before);
        document["digestStartTime"] = at(12 * HOUR).to_string().into();
        archive.sign(HOME, &place, &document);
        assert_ne!(newest, place);
    })
    .until(13 * HOUR)
    .ours(2, &["digest Forked", "gap DigestInvalid 1 h"])
    .official(0, &["12/12 digest files valid", "22/22 log files valid"]),
    case("stolen-restart", "with the Region's key: the newest 6 digests give way to one that begins a chain", Plain, |archive| {
        let (_, mut document) = archive.next();
        let digest = archive.digest(12);
        archive.remove_hours(7..=12);
        document["digestStartTime"] = at(11 * HOUR).to_string().into();
        document["digestEndTime"] = at(12 * HOUR).to_string().into();
        document["digestS3Object"] = digest.key.clone().into();
        for field in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
            document[format!("previousDigest{field}")] = json!(null);
        }
        archive.sign(HOME, &digest, &document);
    })
    .ours(2, &["gap Unexplained 5 h"])
    .official(
        0,
        &[
            "7/7 digest files valid",
            "12/12 log files valid",
            "No log files were delivered by CloudTrail between 2026-09-14T06:00:00Z and 2026-09-14T11:00:00Z",
        ],
    ),
    case("stolen-end-time", "with the Region's key: a digest says another end than its name", Plain, |archive| {
        let (place, mut document) = archive.next();
        document["digestEndTime"] = at(13 * HOUR + 60).to_string().into();
        archive.sign(HOME, &place, &document);
    })
    .until(13 * HOUR)
    .ours(2, &["digest Contradicts", "gap DigestInvalid 1 h"])
    .official(0, &["13/13 digest files valid", "24/24 log files valid"]),
    case("stolen-account", "with the Region's key: a digest says that it is of another account", Plain, |archive| {
        let (place, mut document) = archive.next();
        document["awsAccountId"] = "999999999999".into();
        archive.sign(HOME, &place, &document);
    })
    .until(13 * HOUR)
    .ours(2, &["digest Contradicts", "gap DigestInvalid 1 h"])
    .official(0, &["13/13 digest files valid", "24/24 log files valid"]),
    case("stolen-foreign-log", "with the Region's key: a digest names a log file of another account", Plain, |archive| {
        let log = archive.add_log(12 * HOUR + 600, "ForeignForeignFo");
        let foreign = archive.place(log.key.replace(&archive.account, "999999999999"));
        archive.copy(&log, &foreign);
        archive.remove(&log);
        let (place, mut document) = archive.next();
        document["logFiles"] = json!([archive.entry(&foreign)]);
        archive.sign(HOME, &place, &document);
    })
    .until(13 * HOUR)
    .with(&["--region", HOME])
    .ours(2, &["log Foreign"])
    .official(0, &["13/13 digest files valid", "25/25 log files valid"]),
    case("huge-digest", "a digest names 2,000 log files", Plain, |archive| {
        let (place, mut document) = archive.next();
        let logs: Vec<_> = (0..2000).map(|number| archive.add_log(12 * HOUR + 600, &format!("Huge{number:012}"))).collect();
        document["logFiles"] = logs.iter().map(|log| archive.entry(log)).collect::<Vec<_>>().into();
        archive.sign(HOME, &place, &document);
    })
    .until(13 * HOUR)
    .ours(0, &[])
    .official(0, &["13/13 digest files valid", "2024/2024 log files valid"]),
    case("backfill", "a backfill digest names a log file that came late", Plain, |archive| backfill(archive, false))
        .ours(0, &[])
        .official(0, &["12/12 digest files valid", "1/1 backfill digest files valid", "25/25 log files valid"]),
    case("backfill-tampered", "a log file that a backfill digest names is changed", Plain, |archive| {
        backfill(archive, false);
        let log = archive.logs(HOME).into_iter().find(|log| log.key.contains("LateLate")).unwrap();
        *archive.body(&log) = zip(b"{\"Records\":[]}");
    })
    .ours(2, &["log Changed"])
    .official(
        1,
        &[
            "log file: hash value doesn't match",
            "12/12 digest files valid",
            "1/1 backfill digest files valid",
            "24/25 log files valid, 1/25 log files INVALID",
        ],
    ),
    case("backfill-rewritten", "a backfill digest is changed", Plain, |archive| {
        backfill(archive, false);
        let digest = archive.place(digest_key(&archive.account, &at(5 * HOUR), "_backfill"));
        archive.rewrite(&digest, |document| document["newestEventTime"] = "2026-09-14T01:00:00Z".into());
    })
    .ours(2, &["backfillDigest SignatureInvalid", "log Unreferenced"])
    .official(
        1,
        &[
            "(backfill) digest file: signature verification failed",
            "12/12 digest files valid",
            "0/1 backfill digest files valid, 1/1 backfill digest files INVALID",
            "24/24 log files valid",
        ],
    ),
    case("backfill-removed", "a backfill digest is deleted", Plain, |archive| {
        backfill(archive, false);
        archive.remove(&archive.place(digest_key(&archive.account, &at(5 * HOUR), "_backfill")));
    })
    .ours(2, &["log Unreferenced"])
    .official(0, &["12/12 digest files valid", "24/24 log files valid"]),
    case("backfill-undated", "a backfill digest has lost the time at which it was made", Plain, |archive| backfill(archive, true))
        .ours(2, &["backfillDigest Malformed", "log Unreferenced"])
        .official(
            1,
            &[
                "(backfill) digest file: invalid format",
                "12/12 digest files valid",
                "0/1 backfill digest files valid, 1/1 backfill digest files INVALID",
                "24/24 log files valid",
            ],
        ),
];

/// A log file of the fifth hour that its digest does not name, and a backfill digest that does.
fn backfill(archive: &mut crate::archive::Archive, undated: bool) {
    let log = archive.add_log(4 * HOUR + 1800, "LateLateLateLate");
    let place = archive.place(digest_key(&archive.account, &at(5 * HOUR), "_backfill"));
    let mut document = archive.document(&archive.digest(5));
    for field in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
        document[format!("previousDigest{field}")] = json!(null);
    }
    document["digestS3Object"] = place.key.clone().into();
    document["logFiles"] = json!([archive.entry(&log)]);
    archive.sign(HOME, &place, &document);
    if !undated {
        let made = "2026-09-14T07:00:00.000Z".to_owned();
        archive.object(&place).metadata.insert("backfill-generation-timestamp".to_owned(), made);
    }
}
