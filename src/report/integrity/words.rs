//! The words that all forms share: the conclusion in one sentence, what each fault and gap means, and what to do about it.

use crate::integrity::fault::{Fault, Gap, Object, Reason, Verdict};
use crate::integrity::outcome::{Conclusion, Counts, Outcome, Tally, Undigested};
use crate::integrity::place::{Area, Stream};
use crate::report::page::plural;
use std::collections::BTreeMap;

/// For who has not met it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    pub means: &'static str,
    pub todo: &'static str,
}

const fn meaning(means: &'static str, todo: &'static str) -> Meaning {
    Meaning { means, todo }
}

const RESTORE: &str = "Restore the version that is named, or a copy from a backup, and verify again. Who did it is in the S3 data events or the \
                       server access logs of the bucket, if they are on.";

pub fn of_fault(fault: &Fault) -> Meaning {
    match fault {
        Fault::Missing => meaning("CloudTrail delivered this file, and it was deleted since.", RESTORE),
        Fault::Changed => meaning("Somebody wrote another file over the one that CloudTrail delivered.", RESTORE),
        Fault::NotGzip | Fault::Truncated | Fault::TrailingData | Fault::TooLarge | Fault::Malformed { .. } => {
            meaning("It is not a file as CloudTrail writes it: it was damaged or replaced.", RESTORE)
        }
        Fault::Unsigned => meaning(
            "The signature of a digest is in the metadata of its object. Without it the digest, and all that it names, is only a claim.",
            "Copies that drop metadata lose it: copy with the metadata, and verify the original. Otherwise take it for forged.",
        ),
        Fault::SignatureInvalid => meaning("AWS did not sign this content at this place: the digest was changed, or forged.", RESTORE),
        Fault::KeyUnknown { .. } => meaning(
            "It is signed, but not by CloudTrail of that Region.",
            "If public keys come from a file, see whether it is of the right Region and time. Otherwise take the digest for forged.",
        ),
        Fault::Moved { .. } => meaning(
            "A digest is only valid where AWS put it; this one was copied from elsewhere.",
            "If the whole archive was copied to another bucket, verify the original, or the copy on a disk with --bucket ORIGINAL. \
             Otherwise somebody put an old digest in the place of another one.",
        ),
        Fault::Contradicts { .. } => {
            meaning("The digest is signed, but for another account, Region, trail or time than its name says.", RESTORE)
        }
        Fault::HashNotAsNextSays { .. } | Fault::SignatureNotAsNextSays { .. } => {
            meaning("The digest after it vouches for another one in this place: it was replaced by one that is valid by itself.", RESTORE)
        }
        Fault::Unreferenced => meaning(
            "CloudTrail names each file that it delivers in a digest within hours. Nobody vouches for this one: it may be forged.",
            "If a trail without validation delivers to the same bucket, switch its validation on, or pass --unreferenced ignore. \
             Otherwise do not rely on it, and look who may write to the bucket.",
        ),
        Fault::Foreign { .. } => meaning(
            "A digest names log files of its own account and Region only.",
            "Do not rely on it, and look who may write to the bucket.",
        ),
        Fault::NotInChain => meaning(
            "Each digest names the one before it. No later one names this one, so it may have been slipped in.",
            "Digests may be delivered late: verify again in a few hours. If it stays, do not rely on it, nor on what it alone names.",
        ),
        Fault::Forked { .. } => meaning(
            "Two digests say that they follow the same one: only one of them can.",
            "Do not rely on what only one of them names, and look who may write to the bucket.",
        ),
        Fault::NotAsVerifiedBefore { .. } => meaning(
            "An earlier run ended at another digest than the one that this digest continues: the history was replaced since.",
            "Compare with the outcome of the earlier run, and look for PutObject and DeleteObject of the bucket since then.",
        ),
    }
}

pub fn of_reason(reason: Reason) -> Meaning {
    match reason {
        Reason::LoggingStopped => meaning(
            "Nothing was recorded in this time: somebody stopped logging and started it again, or deleted the trail. AWS closed the chain itself.",
            "Look in the trail's own log for StopLogging, UpdateTrail or DeleteTrail at the beginning of the gap, and who called it.",
        ),
        Reason::ValidationOff => meaning(
            "Log files were delivered, but AWS signed no digests: the files of this time can't be proven.",
            "Look for UpdateTrail with enableLogFileValidation=false at the beginning of the gap. Keep validation on.",
        ),
        Reason::Unexplained => meaning(
            "AWS began a new chain of digests, and nothing shows how the one before it ended. Digests may have been deleted.",
            "Look for StopLogging, UpdateTrail and DeleteTrail at that time. If there is none, look for DeleteObject in the bucket.",
        ),
        Reason::DigestsMissing => {
            meaning("The digests of this time were delivered, as a later one proves, and were deleted since.", RESTORE)
        }
        Reason::DigestInvalid => meaning(
            "The digest of this time is not to be believed, so nothing that it names is proven.",
            "See the digest itself, above: restore it, and verify again.",
        ),
        Reason::DigestUnread => meaning(
            "The digest of this time is there and could not be read, so nothing that it names is proven.",
            "Give the right to read it (`trailkeeper iam-policy --identity verify`), and verify again.",
        ),
        Reason::BeginningMissing => meaning(
            "The oldest digest here continues an older one, which is gone.",
            "If objects expire, say so: --expired-after DAYS. If the archive began in another bucket, verify that one too. Otherwise restore them.",
        ),
        Reason::Expired => meaning("Older files expired as the archive's retention says.", "Nothing needs to be done."),
        Reason::EndMissing => meaning(
            "CloudTrail delivers a digest every hour, also of quiet ones, and there is none since: the newest ones were deleted, \
             or nothing is delivered any more.",
            "See whether the trail logs (`aws cloudtrail get-trail-status`) and its LatestDigestDeliveryError. If it was stopped or deleted on \
             purpose, verify with --trail-arn, or with --until the time at which it ended.",
        ),
        Reason::Ended => meaning("The trail was ended in good order, and another one delivers the log since.", "Nothing needs to be done."),
        Reason::TimesDoNotMeet => meaning(
            "The digests follow each other without one missing, and yet leave out a time: AWS delivered them so.",
            "Nothing needs to be done, unless it is long: then ask AWS Support.",
        ),
    }
}

pub const UNDIGESTED: Meaning = meaning(
    "There are log files and no digest at all: validation was never on, or every digest was deleted. Nothing can be proven of them.",
    "Switch log file validation on. If it was on, look for DeleteObject in the bucket, and restore the digests.",
);

pub const UNREAD: Meaning = meaning(
    "It could not be read, so it is not known whether it is intact.",
    "Put right what the message says (`trailkeeper iam-policy --identity verify` prints the rights), and verify again.",
);

/// Every fault and gap that was found, once each: its name, and what it means.
pub fn met(outcome: &Outcome) -> Vec<(String, Meaning)> {
    let mut met: Vec<(String, Meaning)> = Vec::new();
    let mut add = |name: String, meaning: Meaning| {
        if !met.iter().any(|(known, _)| *known == name) {
            met.push((name, meaning));
        }
    };
    for fault in outcome.objects.iter().flat_map(|object| faults(&object.verdict)) {
        add(fault.name().to_owned(), of_fault(fault));
    }
    if !outcome.undigested.is_empty() {
        add("Undigested".to_owned(), UNDIGESTED);
    }
    for gap in &outcome.gaps {
        add(format!("{:?}", gap.reason), of_reason(gap.reason));
    }
    let unread = |object: &Object| matches!(object.verdict, Verdict::Unread { .. });
    if !outcome.unlisted.is_empty() || outcome.objects.iter().any(unread) {
        add("Unread".to_owned(), UNREAD);
    }
    met
}

pub fn faults(verdict: &Verdict) -> &[Fault] {
    match verdict {
        Verdict::NotIntact { faults } => faults,
        Verdict::Intact | Verdict::Unread { .. } => &[],
    }
}

/// What became of an object, and why.
pub fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Intact => String::new(),
        Verdict::Unread { why } => why.clone(),
        Verdict::NotIntact { faults } => faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}

/// The verdict of the whole, for people.
pub fn verdict(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Intact => "Intact",
        Conclusion::NotIntact => "Not intact",
        Conclusion::Unknown => "Could not tell",
    }
}

/// How to bring back what was delivered.
pub fn restore(object: &Object) -> Option<String> {
    let version = object.good_version.as_ref()?;
    let (bucket, key) = (&object.place.bucket, &object.place.key);
    let quoted = |text: String| format!("'{}'", text.replace('\'', r"'\''"));
    // The source is a URL, the key is not.
    let source = quoted(format!("{bucket}/{}?versionId={}", url(key), url(version)));
    Some(format!("aws s3api copy-object --bucket {bucket} --key {} --copy-source {source}", quoted(key.clone())))
}

/// What is wrong in one hour.
pub fn hour(counts: &Counts) -> String {
    let of = |tally: Tally, noun: &str| {
        let said = [(tally.not_intact, "not intact"), (tally.unread, "not read")];
        said.into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{} {word}", count(number, noun)))
            .collect::<Vec<_>>()
    };
    [of(counts.digests, "digest"), of(counts.logs, "log file")].concat().join(", ")
}

fn url(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Gaps of one trail and time: logging is stopped in all Regions at once.
pub fn together(gaps: &[Gap]) -> Vec<Vec<&Gap>> {
    let mut groups: Vec<Vec<&Gap>> = Vec::new();
    let mut known = BTreeMap::new();
    for gap in gaps {
        let area = Area { region: String::new(), ..gap.stream.area.clone() };
        let alike = (Stream { area, ..gap.stream.clone() }, gap.from, gap.until, gap.reason, gap.unproven_logs);
        let at = *known.entry(alike).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(gap),
            None => groups.push(vec![gap]),
        }
    }
    groups
}

/// The time of a gap and how long it is.
pub fn span(gap: &Gap) -> String {
    let from = gap.from.map_or_else(|| "the beginning".to_owned(), |from| from.to_string());
    let hours = gap.hours().map(|hours| format!(", {hours} h")).unwrap_or_default();
    format!("{from} to {}{hours}", gap.until)
}

/// Why it is, and what else is known of it.
pub fn reason(gap: &Gap) -> String {
    match gap.unproven_logs {
        0 => gap.reason.to_string(),
        1 => format!("{}; 1 log file of that time is not proven", gap.reason),
        many => format!("{}; {many} log files of that time are not proven", gap.reason),
    }
}

pub fn undigested(found: &Undigested) -> String {
    format!("{}, and no digest at all: validation was never on, or every digest was deleted", count(found.logs, "log file"))
}

pub fn count(number: u64, noun: &str) -> String {
    plural(usize::try_from(number).unwrap_or(usize::MAX), noun)
}

/// Hours of gaps that are explained, or that are not, over all streams.
fn gap_hours(outcome: &Outcome, of: impl Fn(&Gap) -> bool) -> u64 {
    outcome.gaps.iter().filter(|gap| of(gap)).filter_map(Gap::hours).map(i64::unsigned_abs).sum()
}

/// The conclusion in one sentence, for who knows neither CloudTrail nor digests.
pub fn sentence(outcome: &Outcome) -> String {
    let all = outcome.counts().all();
    let unread = unread(outcome);
    match outcome.conclusion() {
        Conclusion::Intact if outcome.is_idle() => "no account and Region fell to this shard; the other shards have them.".to_owned(),
        Conclusion::Intact => {
            let hours = gap_hours(outcome, |_| true);
            let but = if hours > 0 {
                format!("; nothing is proven of {}, for a reason that is known", count(hours, "hour"))
            } else {
                String::new()
            };
            format!("the archive is what CloudTrail delivered: each of its {} is there and unchanged{but}.", count(all.intact, "file"))
        }
        Conclusion::NotIntact => {
            let unread = unread.map(|unread| format!("; {unread}")).unwrap_or_default();
            format!("the archive is not what CloudTrail delivered: {}{unread}.", wrong(outcome).join("; "))
        }
        Conclusion::Unknown => match unread {
            Some(unread) => format!("{unread}; {} found intact.", count(all.intact, "other file")),
            None if all.intact > 0 => {
                let intact = count(all.intact, "file");
                format!("of some log files, counted at the gaps, no digest proves anything; {intact} with a digest are intact.")
            }
            None => "no digest was found. Is this where the trail delivers, and is log file validation on?".to_owned(),
        },
    }
}

fn unread(outcome: &Outcome) -> Option<String> {
    let files = outcome.counts().all().unread;
    let parts = outcome.unlisted.len() as u64;
    let said: Vec<String> =
        [(files, "file"), (parts, "part")].iter().filter(|(number, _)| *number > 0).map(|(number, noun)| count(*number, noun)).collect();
    (!said.is_empty()).then(|| format!("{} could not be read", said.join(" and ")))
}

fn wrong(outcome: &Outcome) -> Vec<String> {
    let all = outcome.counts().all();
    let unexplained = |gap: &Gap| !gap.reason.is_explained() && gap.reason != Reason::DigestUnread;
    let hours = gap_hours(outcome, unexplained);
    let beginnings = outcome.gaps.iter().filter(|gap| unexplained(gap) && gap.from.is_none()).count();
    let undigested = outcome.undigested.len() as u64;
    let said = [
        (all.not_intact, format!("{} of {} are missing or changed", all.not_intact, count(all.total(), "file"))),
        (outcome.unreferenced, format!("nobody vouches for {}", count(outcome.unreferenced, "log file"))),
        (hours, format!("nothing is proven of {}", count(hours, "hour"))),
        (beginnings as u64, "the beginning is missing".to_owned()),
        (undigested, format!("there is no digest at all of {}", count(undigested, "Region"))),
    ];
    said.into_iter().filter(|(number, _)| *number > 0).map(|(_, said)| said).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::integrity::fault::Sort;

    #[test]
    fn the_command_that_restores_survives_any_key() {
        let missing = samples::not_intact(Fault::Missing);
        let object = samples::object(Sort::Log, "it's & more/AWSLogs/x", "2026-11-06T05:00:00Z", missing, Some("v+1"));
        assert_eq!(
            restore(&object).unwrap_or_default(),
            r"aws s3api copy-object --bucket acme-logs --key 'it'\''s & more/AWSLogs/x' --copy-source 'acme-logs/it%27s%20%26%20more/AWSLogs/x?versionId=v%2B1'"
        );
    }

    #[test]
    fn the_sentence_tells_what_is_known_and_nothing_else() {
        let with = |change: &dyn Fn(&mut Outcome)| {
            let mut outcome = samples::intact();
            change(&mut outcome);
            sentence(&outcome)
        };
        let gap = |reason| samples::tampered().gaps.into_iter().find(|gap| gap.reason == reason);
        assert_eq!(with(&|_| {}), "the archive is what CloudTrail delivered: each of its 648 files is there and unchanged.");
        assert_eq!(
            with(&|outcome| outcome.gaps.extend(gap(Reason::LoggingStopped))),
            "the archive is what CloudTrail delivered: each of its 648 files is there and unchanged; nothing is proven of 1 hour, for a reason that is known."
        );
        assert_eq!(
            with(&|outcome| outcome.gaps.extend(gap(Reason::DigestsMissing))),
            "the archive is not what CloudTrail delivered: nothing is proven of 5 hours."
        );
        assert_eq!(with(&|outcome| outcome.unlisted.push("x".to_owned())), "1 part could not be read; 648 other files found intact.");
        let idle = |outcome: &mut Outcome| {
            outcome.streams.clear();
            outcome.left_to_others = 3;
        };
        assert_eq!(with(&idle), "no account and Region fell to this shard; the other shards have them.");
    }
}
