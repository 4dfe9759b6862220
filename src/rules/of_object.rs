//! Cases from the objects of the cluster, or of manifests, with the facets as the engine has them.

use super::case::{AccountCase, ArchiveCase, Common, Stage, StoreCase, TrailCase};
use super::finding::Judged;
use super::settings::Parameters;
use crate::api::{AwsAccount, EventDataStore, LogArchive, Trail};
use crate::engine::{Writers, trail_name};
use crate::facets::context::AccountFacts;
use crate::facets::observed::{Observed, Reading, Seen};
use crate::facets::store::StoreFacts;
use crate::status::coverage::Inventory;
use jiff::Timestamp;
use kube::ResourceExt;

/// What is the same for every object that is judged.
#[derive(Clone, Debug)]
pub struct Frame {
    pub stage: Stage,
    pub parameters: Parameters,
    pub now: Timestamp,
}

impl Frame {
    fn common(&self, kind: &'static str, object: &impl ResourceExt, account: &str, region: &str, arn: String, seen: Seen) -> Common {
        let name = match object.namespace() {
            Some(namespace) => format!("{namespace}/{}", object.name_any()),
            None => object.name_any(),
        };
        let judged = Judged { kind, object: Some(name), arn, account: account.to_owned(), region: region.to_owned() };
        Common { judged, stage: self.stage, parameters: self.parameters.clone(), now: self.now, seen }
    }

    /// A Trail. `archive` is the LogArchive that it delivers to.
    pub fn trail(&self, trail: &Trail, account: &AccountFacts, archive: Option<&LogArchive>, mut seen: Seen) -> TrailCase {
        if let Some(coverage) = trail.status.as_ref().and_then(|status| status.organization.as_ref()).filter(|_| self.stage == Stage::Live)
        {
            seen.insert("organizationCoverage", Observed::Present(Reading::state(coverage)));
        }
        let name = trail_name(trail);
        let arn = account.trail_arn(&trail.spec, &name);
        TrailCase {
            common: self.common("Trail", trail, &account.id, &trail.spec.region, arn, seen),
            name,
            organization: account.organization.clone(),
            archive_region: archive.map(|archive| archive.spec.region.clone()),
        }
    }

    /// A LogArchive with the trails that deliver there.
    pub fn archive(&self, archive: &LogArchive, account: &AccountFacts, writers: &Writers, seen: Seen) -> ArchiveCase {
        let bucket = archive.spec.bucket_name.clone();
        let arn = format!("arn:{}:s3:::{bucket}", account.partition.as_str());
        ArchiveCase {
            common: self.common("LogArchive", archive, &account.id, &archive.spec.region, arn, seen),
            bucket,
            writers: writers.current.clone(),
            knows_all_writers: true,
        }
    }

    /// An EventDataStore.
    pub fn store(&self, store: &EventDataStore, account: &AccountFacts, seen: Seen) -> StoreCase {
        let arn = seen.facts::<StoreFacts>("settings").map(|facts| facts.arn).unwrap_or_default();
        StoreCase {
            common: self.common("EventDataStore", store, &account.id, &store.spec.region, arn, seen),
            organization: account.organization.clone(),
        }
    }

    /// An AwsAccount with everything that was found there.
    pub fn account(&self, account: &AwsAccount, inventory: Inventory, seen: Seen) -> AccountCase {
        let spec = &account.spec;
        let arn = format!("arn:{}:iam::{}:root", spec.partition.as_str(), spec.account_id);
        AccountCase {
            common: self.common("AwsAccount", account, &spec.account_id, &spec.region, arn, seen),
            inventory,
            organization: account.status.as_ref().and_then(|status| status.organization.clone()),
        }
    }
}
