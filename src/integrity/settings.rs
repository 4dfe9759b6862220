//! What is asked of a verification.

use super::chain::{Head, overdue};
use super::fault::Object;
use super::outcome::Shard;
use super::place::{Area, Stream, TrailId};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far the time at which AWS says that logging stopped may be from the end of the last digest.
const ABOUT: SignedDuration = SignedDuration::from_hours(2);

/// Which part of the archive is looked at. An empty list means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    pub accounts: Vec<String>,
    pub regions: Vec<String>,
    /// Names of trails.
    pub trails: Vec<String>,
    pub shard: Option<Shard>,
}

impl Selection {
    pub fn takes_area(&self, area: &Area) -> bool {
        let in_list = |list: &[String], one: &String| list.is_empty() || list.contains(one);
        in_list(&self.accounts, &area.account) && in_list(&self.regions, &area.region)
    }

    pub fn is_in_shard(&self, area: &Area) -> bool {
        self.shard.is_none_or(|Shard { index, of }| shard(area, of) == index)
    }

    pub fn takes(&self, stream: &Stream) -> bool {
        self.trails.is_empty() || self.trails.contains(&stream.trail)
    }
}

/// The shard of an area: the same in every process and version (FNV-1a), so that shards of one run fit together.
fn shard(area: &Area, of: u32) -> u32 {
    let text = area.logs();
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash % of.max(1)
}

/// What to do about log files that no digest names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unreferenced {
    /// They are faults.
    #[default]
    Fault,
    /// Another trail, without validation, delivers to the same folder: they are none of our business.
    Ignore,
}

/// When a trail was last switched, as AWS says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switched {
    /// Logging was stopped, or the trail deleted.
    pub off: Option<Timestamp>,
    pub on: Option<Timestamp>,
    /// Whether it delivers from other Regions than its own.
    pub multi_region: bool,
}

impl Switched {
    /// Since when it is off at that time, if it is.
    fn off_at(&self, time: Timestamp) -> Option<Timestamp> {
        self.off.filter(|off| *off <= time && self.on.is_none_or(|on| on < *off || on > time))
    }

    /// Whether, at that time, it has been on for too short a time for a digest to be due.
    fn just_on_at(&self, time: Timestamp) -> bool {
        self.on.is_some_and(|on| on > overdue(time) && on <= time)
    }

    /// Whether no digest was due after the newest one, which ended at `end` and, if `closed`, was the last of its chain.
    pub fn explains_silence(&self, end: Timestamp, closed: bool, until: Timestamp) -> bool {
        let stopped_then = |off: Timestamp| off.duration_since(end).abs() <= ABOUT;
        self.off_at(until).is_some_and(stopped_then) || (closed && self.just_on_at(until))
    }
}

/// Called for every object whose verdict is known.
pub type OnObject = Arc<dyn Fn(&Object) + Send + Sync>;

/// What is asked of a verification.
#[derive(Clone)]
pub struct Settings {
    pub bucket: String,
    pub selection: Selection,
    pub since: Option<Timestamp>,
    pub until: Timestamp,
    /// Objects that are older have expired by the archive's own lifecycle.
    pub expired: Option<Timestamp>,
    pub unreferenced: Unreferenced,
    /// Where an earlier verification ended, by stream.
    pub heads: BTreeMap<Stream, Head>,
    /// What AWS says of trails. The end of a trail that is not here is explained by what is in the archive alone.
    pub trails: BTreeMap<TrailId, Switched>,
    pub on_object: Option<OnObject>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_explained_while_it_is_off_and_until_a_digest_is_due() {
        let at = |hour: i64| Timestamp::from_second(1_790_000_000 + hour * 3600).unwrap_or_default();
        let told = |off: Option<i64>, on: Option<i64>, closed| {
            let trail = Switched { off: off.map(at), on: on.map(at), multi_region: true };
            trail.explains_silence(at(10), closed, at(20))
        };
        assert!(!told(None, Some(1), true), "it records, and was never stopped");
        assert!(told(Some(10), Some(1), false), "it is off since then");
        assert!(!told(Some(15), Some(1), true), "it was stopped much later");
        assert!(!told(Some(10), Some(12), true), "it has been on again for long");
        assert!(told(Some(10), Some(19), true), "it was put on just now");
        assert!(!told(Some(10), Some(19), false), "and its chain was not closed");
        assert!(told(Some(10), Some(21), false), "it was off at the time that is asked about");
        assert!(!told(Some(21), Some(1), false), "it was on at the time that is asked about");
    }

    #[test]
    fn every_area_is_in_one_shard_and_stays_there() {
        let area = |number: u32| Area {
            prefix: String::new(),
            organization: None,
            account: format!("{number:012}"),
            region: "eu-west-1".to_owned(),
        };
        let mut sizes = [0; 4];
        for number in 0..1000 {
            let of = |index| Selection { shard: Some(Shard { index, of: 4 }), ..Selection::default() }.is_in_shard(&area(number));
            let in_shards: Vec<u32> = (0..4).filter(|index| of(*index)).collect();
            assert_eq!(in_shards.len(), 1);
            sizes[in_shards[0] as usize] += 1;
        }
        assert!(sizes.iter().all(|size| *size > 150), "{sizes:?}");
        assert_eq!(shard(&area(1), 1000), 459, "another number would tear running jobs apart");
    }
}
