//! What of the report's period, accounts and Regions a verification leaves out, in words. An outcome does not say to what it was limited:
//! it is compared with the trails that the report found.

use super::Verified;
use crate::integrity::outcome::StreamOutcome;
use crate::report::audit::Evidence;
use crate::report::page::{plural, time};
use std::collections::{BTreeMap, BTreeSet};

/// Regions that are named of one account.
const MOST_REGIONS: usize = 5;

/// Nothing, if all of the report's period is verified everywhere.
pub fn left_out(verified: &Verified, evidence: &Evidence) -> Vec<String> {
    if verified.until <= evidence.from || verified.since.is_some_and(|since| since >= evidence.to) {
        return vec!["It is of another time: no file of the report's period was verified.".to_owned()];
    }
    let mut said = Vec::new();
    if let Some(since) = verified.since.filter(|since| *since > evidence.from) {
        said.push(format!("It begins only at {}: what is older was not verified.", time(since)));
    }
    if verified.until < evidence.to {
        said.push(format!("It ends at {}: what came later was not verified.", time(verified.until)));
    }
    said.extend(late(verified, evidence));
    said.extend(absent(verified, evidence));
    said
}

/// Chains that begin within the period: of a trail that is no older, or of a run that went on from a checkpoint.
fn late(verified: &Verified, evidence: &Evidence) -> Option<String> {
    let streams = &verified.outcome.streams;
    let begin = verified.since.map_or(evidence.from, |since| since.max(evidence.from));
    let is_late = |stream: &&StreamOutcome| stream.from.is_none_or(|from| from > begin);
    let late = streams.iter().filter(is_late).count();
    (late > 0).then(|| {
        format!(
            "In {late} of {} of digests the first one that was verified is of a later time: nothing older is there, or the run went on from a checkpoint.",
            plural(streams.len(), "chain")
        )
    })
}

/// Trails that deliver to the bucket, and accounts and Regions from which they do, of which no digest was looked at.
fn absent(verified: &Verified, evidence: &Evidence) -> Vec<String> {
    let of = |of: &StreamOutcome| (of.stream.area.account.clone(), of.stream.trail.clone(), of.stream.area.region.clone());
    let seen: BTreeSet<(String, String, String)> = verified.outcome.streams.iter().map(of).collect();
    let mut absent: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for account in &evidence.accounts {
        for trail in account.trails.iter().filter(|trail| trail.bucket == verified.outcome.bucket) {
            let all = account.coverage.iter().flat_map(|coverage| &coverage.regions).filter(|_| trail.multi_region);
            let regions = all.map(String::as_str).chain([trail.home_region.as_str()]);
            let unseen = regions.filter(|region| !seen.contains(&(account.id.clone(), trail.name.clone(), (*region).to_owned())));
            absent.entry((&account.id, &trail.name)).or_default().extend(unseen);
        }
    }
    let told = |((account, trail), regions): ((&str, &str), BTreeSet<&str>)| {
        let mut named: Vec<&str> = regions.iter().take(MOST_REGIONS).copied().collect();
        let more = format!("{} more", regions.len().saturating_sub(MOST_REGIONS));
        if regions.len() > MOST_REGIONS {
            named.push(&more);
        }
        format!("No digest of trail {trail} of account {account} in {} was verified, though it delivers from there.", named.join(", "))
    };
    absent.into_iter().filter(|(_, regions)| !regions.is_empty()).map(told).collect()
}

/// Buckets that trails of the report deliver to, and of which there is no verification.
pub fn unverified_buckets(evidence: &Evidence) -> BTreeSet<&str> {
    let verified: BTreeSet<&str> = evidence.verified.iter().map(|verified| verified.outcome.bucket.as_str()).collect();
    buckets(evidence).difference(&verified).copied().collect()
}

/// Buckets that trails of the report deliver to.
pub fn buckets(evidence: &Evidence) -> BTreeSet<&str> {
    let trails = evidence.accounts.iter().flat_map(|account| &account.trails);
    trails.map(|trail| trail.bucket.as_str()).filter(|bucket| !bucket.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::{evidence, verified};
    use super::*;

    fn at(text: &str) -> jiff::Timestamp {
        crate::report::integrity::samples::time(text)
    }

    #[test]
    fn what_is_not_verified_of_the_period_is_told() {
        let evidence = evidence();
        let told = |change: &dyn Fn(&mut Verified)| {
            let mut verified = verified();
            // Whole: from before the period on, and in the Region that no digest is of.
            for stream in &mut verified.outcome.streams {
                stream.from = Some(at("2026-09-30T23:30:00Z"));
            }
            let mut quiet = verified.outcome.streams[0].clone();
            quiet.stream.area.region = "eu-west-1".to_owned();
            verified.outcome.streams.push(quiet);
            change(&mut verified);
            left_out(&verified, &evidence).join(" ")
        };
        assert_eq!(told(&|_| {}), "");
        assert_eq!(
            told(&|verified| verified.since = Some(at("2026-10-02T00:00:00Z"))),
            "It begins only at 2026-10-02 00:00 UTC: what is older was not verified."
        );
        assert_eq!(
            told(&|verified| verified.until = at("2026-10-31T20:00:00Z")),
            "It ends at 2026-10-31 20:00 UTC: what came later was not verified."
        );
        assert!(told(&|verified| verified.until = at("2026-10-01T00:00:00Z")).starts_with("It is of another time"));
        assert!(told(&|verified| verified.since = Some(at("2026-11-01T00:00:00Z"))).starts_with("It is of another time"));
        assert!(told(&|verified| verified.outcome.streams[0].from = None).starts_with("In 1 of 3 chains of digests"));
        assert_eq!(
            told(&|verified| verified.outcome.streams.truncate(1)),
            "No digest of trail main of account 111111111111 in eu-west-1, us-east-1 was verified, though it delivers from there."
        );
    }

    #[test]
    fn buckets_without_a_verification_are_known() {
        let mut evidence = evidence();
        assert_eq!(unverified_buckets(&evidence), BTreeSet::from(["audit-logs"]));
        evidence.verified = vec![verified()];
        assert_eq!(unverified_buckets(&evidence), BTreeSet::new());
    }
}
