//! Outcomes of shards, put together into that of the whole archive. Pure.

use super::outcome::{FORMAT, Outcome, Shard};
use super::place::Stream;
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads an outcome that `verify -o json` wrote.
pub fn read(text: &str) -> Result<Outcome, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
    match value.get("format").and_then(Value::as_u64) {
        None => Err("is no outcome of `trailkeeper verify -o json`: it has no `format`".to_owned()),
        Some(format) if format != u64::from(FORMAT) => {
            Err(format!("has format {format}, and this version of trailkeeper reads format {FORMAT}: write it with the same version"))
        }
        Some(_) => serde_json::from_value(value).map_err(|error| format!("is no outcome of `trailkeeper verify -o json`: {error}")),
    }
}

/// Adds outcomes, each with the name of its file. The error names the file that does not fit.
pub fn merge(outcomes: Vec<(String, Outcome)>) -> Result<Outcome, String> {
    let mut streams: BTreeMap<Stream, String> = BTreeMap::new();
    let mut shards: BTreeMap<Shard, String> = BTreeMap::new();
    let mut whole: Option<(String, Outcome)> = None;
    for (name, outcome) in outcomes {
        for shard in &outcome.shards {
            if let Some((other, before)) = shards.iter().find(|(other, _)| other.of != shard.of) {
                return Err(format!("{name}: is shard {shard}, but {before} is shard {other}: they are of different runs"));
            }
            if let Some(before) = shards.insert(*shard, name.clone()) {
                return Err(format!("{name}: is shard {shard}, and so is {before}"));
            }
        }
        for stream in &outcome.streams {
            if let Some(before) = streams.insert(stream.stream.clone(), name.clone()) {
                return Err(format!("{name}: is about {}, and so is {before}", stream.stream));
            }
        }
        whole = Some(match whole {
            None => (name, outcome),
            Some((first, whole)) if whole.bucket != outcome.bucket => {
                return Err(format!("{name}: is about bucket {}, but {first} is about {}", outcome.bucket, whole.bucket));
            }
            Some((first, mut whole)) => {
                whole.add(outcome);
                (first, whole)
            }
        });
    }
    let (_, mut whole) = whole.ok_or("there is no outcome to merge")?;
    whole.shards = shards.into_keys().collect();
    // Whoever has all shards has left nothing to others.
    whole.left_to_others = 0;
    whole.unlisted.extend(missing(&whole.shards));
    whole.settle();
    Ok(whole)
}

/// The shards that are not there, in words.
pub fn missing(shards: &[Shard]) -> Option<String> {
    let of = shards.first()?.of;
    let missing: Vec<String> =
        (0..of).filter(|index| !shards.iter().any(|shard| shard.index == *index)).map(|index| index.to_string()).collect();
    let (which, of) = (missing.join(", "), format!("of {of}, counted from 0"));
    match missing.len() {
        0 => None,
        1 => Some(format!("shard {which} ({of}) is not among the outcomes: its accounts and Regions are not known")),
        _ => Some(format!("shards {which} ({of}) are not among the outcomes: their accounts and Regions are not known")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::outcome::{Conclusion, StreamOutcome};
    use super::super::place::Area;
    use super::*;

    fn outcome(index: u32, region: &str) -> Outcome {
        let area = Area { prefix: String::new(), organization: None, account: "111111111111".to_owned(), region: region.to_owned() };
        let mut stream = StreamOutcome::new(Stream { area, trail: "audit".to_owned(), home_region: "eu-west-1".to_owned() });
        stream.counts.digests.intact = 2;
        let mut outcome = Outcome::new("logs", None, "2026-11-21T12:00:00Z".parse().unwrap());
        outcome.shards = vec![Shard { index, of: 3 }];
        outcome.left_to_others = 2;
        outcome.streams = vec![stream];
        outcome
    }

    fn merged(outcomes: Vec<Outcome>) -> Result<Outcome, String> {
        merge(outcomes.into_iter().enumerate().map(|(at, outcome)| (format!("{at}.json"), outcome)).collect())
    }

    #[test]
    fn shards_make_a_whole() {
        let mut idle = outcome(2, "none");
        idle.streams.clear();
        assert_eq!(idle.conclusion(), Conclusion::Intact, "nothing fell to it");
        let whole = merged(vec![outcome(1, "us-east-1"), outcome(0, "eu-west-1"), idle]).unwrap();
        assert_eq!((whole.counts().digests.intact, whole.conclusion()), (4, Conclusion::Intact));
        assert_eq!(whole.streams[0].stream.area.region, "eu-west-1", "sorted");
    }

    #[test]
    fn shards_that_are_all_idle_prove_nothing() {
        let idle = |index| Outcome { streams: Vec::new(), ..outcome(index, "") };
        assert_eq!(merged(vec![idle(0), idle(1), idle(2)]).unwrap().conclusion(), Conclusion::Unknown);
        assert_eq!(Outcome { left_to_others: 0, ..idle(0) }.conclusion(), Conclusion::Unknown, "an archive without any account");
    }

    #[test]
    fn a_missing_shard_is_noticed() {
        let whole = merged(vec![outcome(1, "eu-west-1")]).unwrap();
        assert_eq!(whole.conclusion(), Conclusion::Unknown);
        assert!(whole.unlisted[0].starts_with("shards 0, 2 (of 3,"), "{:?}", whole.unlisted);
    }

    #[test]
    fn what_does_not_fit_together_is_refused_by_name() {
        let refused = |one, other| merged(vec![one, other]).unwrap_err();
        assert!(refused(outcome(0, "a"), outcome(1, "a")).starts_with("1.json: is about 111111111111 a trail audit"));
        assert_eq!(refused(outcome(0, "a"), outcome(0, "b")), "1.json: is shard 0/3, and so is 0.json");
        let of_four = Outcome { shards: vec![Shard { index: 3, of: 4 }], ..outcome(0, "b") };
        assert!(refused(outcome(0, "a"), of_four).starts_with("1.json: is shard 3/4, but 0.json is shard 0/3"));
        let elsewhere = Outcome { bucket: "other".to_owned(), ..outcome(1, "b") };
        assert_eq!(refused(outcome(0, "a"), elsewhere), "1.json: is about bucket other, but 0.json is about logs");
        assert!(merge(Vec::new()).is_err());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut written = outcome(0, "a");
        written.streams[0].count(
            written.until,
            super::super::fault::Sort::Log,
            &super::super::fault::Verdict::Unread { why: "no".to_owned() },
        );
        let text = crate::report::integrity::json::form(&written).unwrap();
        assert_eq!(read(&text).unwrap(), written);
        assert!(read("no").unwrap_err().contains("no JSON"));
        assert!(read("{}").unwrap_err().contains("no `format`"));
        assert!(read(r#"{"format": 1}"#).unwrap_err().contains("is no outcome"));
        assert!(read(&text.replace("\"format\": 1", "\"format\": 7")).unwrap_err().contains("format 7"));
    }
}
