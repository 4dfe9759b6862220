//! What `trailkeeper verify` found of the archives, as a part of the evidence: outcomes by bucket, and the files that say so.

pub mod html;
mod period;
pub mod told;

pub use period::unverified_buckets;

use super::ListedFile;
use crate::integrity::merge;
use crate::integrity::outcome::Outcome;
use jiff::Timestamp;
use std::collections::BTreeMap;

const ADVICE: &str = "give what `trailkeeper verify -o json` or `--save DIR` wrote: of each bucket one outcome, or all its shards";

/// What was found of one bucket.
#[derive(Clone, Debug)]
pub struct Verified {
    pub outcome: Outcome,
    /// When the time begins that all its parts verified; `None`: with the archive.
    pub since: Option<Timestamp>,
    pub until: Timestamp,
    /// The files that say so, with their SHA-256.
    pub files: Vec<ListedFile>,
}

/// Puts together what files hold, each with its name: the shards of each bucket become one. The error names the file that does not fit.
pub fn put_together(files: Vec<(String, String)>) -> Result<Vec<Verified>, String> {
    let mut buckets: BTreeMap<String, Vec<(ListedFile, Outcome)>> = BTreeMap::new();
    for (name, text) in files {
        let outcome = merge::read(&text).map_err(|why| format!("{name}: {why}; {ADVICE}"))?;
        buckets.entry(outcome.bucket.clone()).or_default().push((ListedFile::of(&name, &text), outcome));
    }
    buckets.into_values().map(of_bucket).collect()
}

fn of_bucket(parts: Vec<(ListedFile, Outcome)>) -> Result<Verified, String> {
    // Shards of different times have in common what the shortest of them verified.
    let since = parts.iter().map(|(_, outcome)| outcome.since).max().flatten();
    let until = parts.iter().map(|(_, outcome)| outcome.until).min();
    let named = parts.iter().map(|(file, outcome)| (file.file.clone(), outcome.clone())).collect();
    let outcome = merge::merge(named).map_err(|why| format!("{why}; {ADVICE}"))?;
    let files: Vec<ListedFile> = parts.into_iter().map(|(file, _)| file).collect();
    if let Some(missing) = merge::missing(&outcome.shards) {
        let names: Vec<&str> = files.iter().map(|file| file.file.as_str()).collect();
        return Err(format!("{}: bucket {}: {missing}; {ADVICE}", names.join(", "), outcome.bucket));
    }
    Ok(Verified { since, until: until.unwrap_or(outcome.until), outcome, files })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::integrity::outcome::{Conclusion, Shard};
    use crate::report::integrity::{json, samples};

    fn shard(index: u32, since: Option<&str>, until: &str) -> String {
        let mut outcome = samples::intact();
        outcome.streams = vec![outcome.streams.swap_remove(index as usize)];
        outcome.shards = vec![Shard { index, of: 2 }];
        (outcome.since, outcome.until) = (since.map(samples::time), samples::time(until));
        json::form(&outcome).unwrap()
    }

    fn read(files: &[(&str, &str)]) -> Result<Vec<Verified>, String> {
        put_together(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    #[test]
    fn shards_become_one_by_bucket_and_have_in_common_what_each_verified() {
        let (first, second) = (shard(0, None, "2026-11-08T00:30:00Z"), shard(1, Some("2026-11-01T00:00:00Z"), "2026-11-08T00:10:00Z"));
        let other = Outcome { bucket: "other".to_owned(), ..samples::tampered() };
        let found = read(&[("1.json", &first), ("other.json", &json::form(&other).unwrap()), ("2.json", &second)]).unwrap();
        let [acme, other] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((acme.outcome.streams.len(), acme.outcome.conclusion()), (2, Conclusion::Intact));
        assert_eq!((acme.since, acme.until), (Some(samples::time("2026-11-01T00:00:00Z")), samples::time("2026-11-08T00:10:00Z")));
        assert_eq!(acme.files, [ListedFile::of("1.json", &first), ListedFile::of("2.json", &second)]);
        assert_eq!((other.outcome.conclusion(), other.since), (Conclusion::NotIntact, None));
    }

    #[test]
    fn a_file_that_does_not_fit_is_named_with_what_to_do() {
        let whole = json::form(&samples::intact()).unwrap();
        let first = shard(0, None, "2026-11-08T00:30:00Z");
        let cases: [(&[(&str, &str)], &str); 5] = [
            (&[("notes.json", "hello")], "notes.json: is no JSON"),
            (&[("report.json", "{}")], "report.json: is no outcome of `trailkeeper verify -o json`"),
            (&[("1.json", &whole), ("2.json", &whole)], "2.json: is about 111111111111 eu-central-1 trail audit"),
            (&[("1.json", &first)], "1.json: bucket acme-logs: shard 1 (of 2, counted from 0) is not among the outcomes"),
            (&[("1.json", &first), ("2.json", &first)], "2.json: is shard 0/2, and so is 1.json"),
        ];
        for (files, begin) in cases {
            let told = read(files).unwrap_err();
            assert!(told.starts_with(begin) && told.ends_with(ADVICE), "{told}");
        }
    }
}
