//! Where verifications ended, as lines of a file: each run adds one, and each line is chained to the one before by its hash.
//!
//! A line is the SHA-256 of the hash before it, a newline and the text that follows, in hexadecimal; a space; and that text,
//! which is JSON. Who changes, drops or reorders lines breaks the chain. Who can rewrite the whole file can make another
//! chain: the hash of its last line, which every run tells, is what to keep elsewhere. Pure.

use super::chain::Head;
use super::digest::hex;
use super::outcome::{Conclusion, Counts, Outcome, StreamOutcome};
use super::place::{Area, Stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// What stands before the first line.
const BEGIN: &str = "trailkeeper checkpoint 1";

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub bucket: String,
    /// As of when the archive was verified.
    pub until: Timestamp,
    pub conclusion: Conclusion,
    /// What this run read.
    pub counts: Counts,
    /// Where every stream that was ever verified stands.
    pub heads: Vec<StreamHead>,
}

/// Where one stream stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamHead {
    pub stream: Stream,
    pub head: Head,
}

/// A checkpoint file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkpoint {
    text: String,
    entries: Vec<Entry>,
}

impl Checkpoint {
    /// Reads a file. The error names the first line that does not continue the one before.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut before = BEGIN.to_owned();
        let mut entries = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let number = number + 1;
            let (hash, json) = line.split_once(' ').ok_or_else(|| format!("line {number} is no line of a checkpoint"))?;
            if hash != link(&before, json) {
                return Err(format!("line {number} does not continue the line before it: the file was changed after it was written"));
            }
            entries.push(serde_json::from_str(json).map_err(|error| format!("line {number}: {error}"))?);
            before = hash.to_owned();
        }
        if !text.is_empty() && !text.ends_with('\n') {
            return Err("its last line was cut off".to_owned());
        }
        Ok(Self { text: text.to_owned(), entries })
    }

    /// The file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The hash of the last line, which stands for the whole file.
    pub fn hash(&self) -> &str {
        self.text.lines().next_back().and_then(|line| line.split_once(' ')).map_or(BEGIN, |(hash, _)| hash)
    }

    pub fn last(&self) -> Option<&Entry> {
        self.entries.last()
    }

    /// Earlier runs that did not find the archive intact.
    pub fn not_intact(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.conclusion == Conclusion::NotIntact)
    }

    /// Where each stream stands.
    pub fn heads(&self) -> BTreeMap<Stream, Head> {
        let heads = self.last().map(|entry| entry.heads.as_slice()).unwrap_or_default();
        heads.iter().map(|one| (one.stream.clone(), one.head.clone())).collect()
    }

    /// Adds a run.
    pub fn add(&mut self, outcome: &Outcome) -> Result<(), serde_json::Error> {
        let heads = advance(self.heads(), outcome);
        let entry = Entry {
            bucket: outcome.bucket.clone(),
            until: outcome.until,
            conclusion: outcome.conclusion(),
            counts: outcome.counts(),
            heads: heads.into_iter().map(|(stream, head)| StreamHead { stream, head }).collect(),
        };
        let json = serde_json::to_string(&entry)?;
        let hash = link(self.hash(), &json);
        self.text.push_str(&format!("{hash} {json}\n"));
        self.entries.push(entry);
        Ok(())
    }
}

/// Where the streams stand after a run. Where something of an account and Region could not be read, all its streams stay
/// where they were, since any of them may name a log file there: it is read again.
pub fn advance(mut heads: BTreeMap<Stream, Head>, outcome: &Outcome) -> BTreeMap<Stream, Head> {
    let unread = |stream: &&StreamOutcome| stream.counts.digests.unread + stream.counts.logs.unread > 0;
    let unread: BTreeSet<&Area> = outcome.streams.iter().filter(unread).map(|stream| &stream.stream.area).collect();
    for stream in &outcome.streams {
        let area = &stream.stream.area;
        let unlisted = outcome.unlisted.iter().any(|why| why.starts_with(&format!("{area}: ")));
        if let Some(head) = stream.head.as_ref().filter(|_| !unread.contains(area) && !unlisted) {
            heads.insert(stream.stream.clone(), head.clone());
        }
    }
    heads
}

fn link(before: &str, json: &str) -> String {
    hex(&Sha256::digest(format!("{before}\n{json}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrity::place::Place;
    use proptest::prelude::*;

    fn stream(region: &str) -> Stream {
        let area = Area { prefix: String::new(), organization: None, account: "111111111111".to_owned(), region: region.to_owned() };
        Stream { area, trail: "main".to_owned(), home_region: "eu-west-1".to_owned() }
    }

    fn outcome(hour: i64, unread: u64) -> Outcome {
        let end = Timestamp::from_second(hour * 3600).unwrap();
        let mut outcome = Outcome::new("logs", None, end);
        let mut one = StreamOutcome::new(stream("eu-west-1"));
        one.counts.digests.intact = 1;
        one.counts.logs.unread = unread;
        one.head = Some(Head { place: Place { bucket: "logs".to_owned(), key: format!("k{hour}") }, end, sha256: "ab".repeat(32) });
        outcome.streams.push(one);
        outcome
    }

    fn three() -> Checkpoint {
        let mut checkpoint = Checkpoint::default();
        for hour in 1..=3 {
            checkpoint.add(&outcome(hour, 0)).unwrap();
        }
        checkpoint
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let written = three();
        let read = Checkpoint::read(written.text()).unwrap();
        assert_eq!(read, written);
        assert_eq!(read.heads()[&stream("eu-west-1")].place.key, "k3");
        assert_eq!(Checkpoint::read("").unwrap(), Checkpoint::default());
    }

    #[test]
    fn lines_that_are_gone_or_moved_are_noticed() {
        let written = three();
        let lines: Vec<&str> = written.text().lines().collect();
        for order in [vec![1, 2], vec![0, 2], vec![1, 0, 2], vec![0, 1, 1, 2]] {
            let text: String = order.iter().map(|line| format!("{}\n", lines[*line])).collect();
            assert!(Checkpoint::read(&text).is_err(), "{order:?}");
        }
        assert!(Checkpoint::read(written.text().trim_end()).unwrap_err().contains("cut off"));
    }

    #[test]
    fn a_stream_does_not_move_past_what_was_not_read() {
        let mut checkpoint = three();
        checkpoint.add(&outcome(4, 1)).unwrap();
        assert_eq!(checkpoint.heads()[&stream("eu-west-1")].place.key, "k3");
        let mut unlisted = outcome(5, 0);
        unlisted.unlisted.push(format!("{}: denied", stream("eu-west-1").area));
        assert_eq!(advance(checkpoint.heads(), &unlisted)[&stream("eu-west-1")].place.key, "k3");
        checkpoint.add(&outcome(5, 0)).unwrap();
        assert_eq!(checkpoint.heads()[&stream("eu-west-1")].place.key, "k5");
    }

    proptest! {
        #[test]
        fn any_changed_letter_is_noticed(at in any::<prop::sample::Index>(), letter in "[a-z0-9]") {
            let written = three();
            let mut text = written.text().to_owned();
            let at = at.index(text.len());
            text.replace_range(at..=at, &letter);
            prop_assert!(text == written.text() || Checkpoint::read(&text).is_err());
        }
    }
}
