//! Reads that the trails of one account and Region share: DescribeTrails for all of them, and ListTags for the ones we keep.
//!
//! A snapshot serves the passes of two seconds (trails of one account and Region come due together) and is forgotten at
//! every write of ours.

use super::Cloud;
use crate::facets::observed::Failure;
use crate::facets::tags::Tags;
use aws_sdk_cloudtrail::types::Trail;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long an answer serves. Long enough for the passes of a Region's five trails, short enough that a pass which is
/// requested after a change sees it.
const FRESH: Duration = Duration::from_secs(2);

/// ListTags takes up to 20 ARNs.
const ARNS_PER_LIST_TAGS: usize = 20;

/// What an account's Region has.
pub(super) struct Snapshot {
    pub trails: Result<Vec<Trail>, Failure>,
    /// Tags of the kept trails that exist, by ARN.
    pub tags: Result<HashMap<String, Tags>, Failure>,
}

#[derive(Default)]
struct Slot {
    /// ARNs of the trails that are kept here: tags are asked for these only, as least privilege allows no others.
    kept: BTreeSet<String>,
    taken: Option<(Instant, BTreeSet<String>, Arc<Snapshot>)>,
}

/// Account and Region.
type Place = (String, String);

/// The snapshots of all accounts and Regions.
#[derive(Default)]
pub(super) struct Snapshots(Mutex<HashMap<Place, Arc<Mutex<Slot>>>>);

impl Snapshots {
    async fn slot(&self, account: &str, region: &str) -> Arc<Mutex<Slot>> {
        self.0.lock().await.entry((account.to_owned(), region.to_owned())).or_default().clone()
    }

    pub(super) async fn forget(&self, account: &str, region: &str) {
        self.slot(account, region).await.lock().await.taken = None;
    }

    /// A fresh snapshot that holds the tags of the trail `arn`. Whoever comes while one is being taken waits for it.
    pub(super) async fn get(&self, cloud: &Cloud, arn: &str) -> Arc<Snapshot> {
        let slot = self.slot(&cloud.account, &cloud.region).await;
        let mut slot = slot.lock().await;
        slot.kept.insert(arn.to_owned());
        if let Some((at, covers, snapshot)) = &slot.taken
            && at.elapsed() < FRESH
            && covers.contains(arn)
        {
            return snapshot.clone();
        }
        let snapshot = Arc::new(take(cloud, &slot.kept).await);
        if let Ok(trails) = &snapshot.trails {
            // A trail that is gone from AWS is asked for again when its object comes by.
            slot.kept.retain(|kept| kept == arn || trails.iter().any(|trail| trail.trail_arn() == Some(kept)));
        }
        slot.taken = Some((Instant::now(), slot.kept.clone(), snapshot.clone()));
        snapshot
    }
}

async fn take(cloud: &Cloud, kept: &BTreeSet<String>) -> Snapshot {
    let described = cloud.call("cloudtrail:DescribeTrails", "all trails", cloud.cloudtrail.describe_trails().send()).await;
    let trails = described.map(|answer| answer.trail_list.unwrap_or_default());
    let existing: Vec<String> = match &trails {
        Ok(trails) => trails.iter().filter_map(|trail| trail.trail_arn.clone()).filter(|arn| kept.contains(arn)).collect(),
        Err(_) => Vec::new(),
    };
    let mut tags = Ok(HashMap::new());
    for arns in existing.chunks(ARNS_PER_LIST_TAGS) {
        tags = match (tags, list_tags(cloud, arns).await) {
            (Ok(mut known), Ok(more)) => {
                known.extend(more);
                Ok(known)
            }
            (Err(failure), _) | (_, Err(failure)) => Err(failure),
        };
    }
    Snapshot { trails, tags }
}

pub(super) async fn list_tags(cloud: &Cloud, arns: &[String]) -> Result<HashMap<String, Tags>, Failure> {
    let mut found: HashMap<String, Tags> = HashMap::new();
    let mut next = None;
    loop {
        let request = cloud.cloudtrail.list_tags().set_resource_id_list(Some(arns.to_vec())).set_next_token(next);
        let answer = cloud.call("cloudtrail:ListTags", &arns.join(", "), request.send()).await?;
        for resource in answer.resource_tag_list.unwrap_or_default() {
            let tags = resource.tags_list.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default()));
            found.entry(resource.resource_id.unwrap_or_default()).or_default().extend(tags);
        }
        next = answer.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(found);
        }
    }
}
