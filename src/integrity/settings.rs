//! What is asked of a verification.

use super::chain::Head;
use super::fault::Object;
use super::outcome::Shard;
use super::place::{Area, Stream, TrailId};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    /// When logging was stopped or the trail deleted, where AWS said so.
    pub stopped: BTreeMap<TrailId, Timestamp>,
    /// Trails of which AWS says that they record now.
    pub recording: BTreeSet<TrailId>,
    pub on_object: Option<OnObject>,
}

#[cfg(test)]
mod tests {
    use super::*;

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
