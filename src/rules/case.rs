//! What rules look at: one object with its facets as desired or as observed, and what stands around it.
//!
//! Rules also take evidence that no facet reads. Whoever gathers it puts it beside the facets, under these names; a rule that
//! `asks` for what nobody looked at is left out.
//!
//! | case | name | state | where it comes from |
//! |---|---|---|---|
//! | trail | `noticeTopic` | `facets::topic::TopicState` | SNS GetTopicAttributes, where the topic is a given one; absent if it is gone |
//! | trail | `noticeSubscriptions` | `rules::notices::NoticeSubscriptions` | SNS ListSubscriptionsByTopic |
//! | trail | `logGroup` | `facets::log_group::LogGroupState` | CloudWatch Logs DescribeLogGroups, where the group is a given one |
//! | trail | `logGroupAccess` | `rules::delivery::LogGroupAccess` | CloudWatch Logs DescribeResourcePolicies |
//! | trail | `regionStatus` | `rules::delivery::RegionStatus` | CloudTrail GetTrailStatus, asked in every Region |
//! | trail | `organizationCoverage` | `api::organization::OrganizationCoverage` | `status.organization` of the Trail; for `check` the members that Organizations lists, and the bucket's folders |
//! | account | `trailGuard` | `rules::organization::TrailGuard` | Organizations ListPoliciesForTarget (account and all above it), DescribePolicy |
//! | account | `cloudTrailAdministrators` | `rules::account::CloudTrailAdministrators` | IAM GetAccountAuthorizationDetails |
//! | archive | `acl`, `bucketOwner`, ... | the table at the head of `rules::bucket` | S3 |
//! | archive | `integrity` | `rules::integrity::IntegrityEvidence` | condition `Intact` of the LogArchive, where it is verified |
//! | archive, trail, account | `key`, `deliveryKey`, `iamPolicies`, ... | the table at the head of `rules::key` | KMS, IAM |
//! | trail | `monitoring` | `rules::monitoring::Monitoring` | CloudWatch Logs, CloudWatch, SNS |

use super::finding::{Judged, Verdict};
use super::settings::Parameters;
use crate::api::aws_account::Organization;
use crate::api::log_archive::WriterStatus;
use crate::api::organization::OrganizationStatus;
use crate::facets::AnyFacet;
use crate::facets::observed::{Observed, Reading, Seen};
use crate::facets::registry::Registered;
use crate::status::coverage::Inventory;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

/// Whether the facets tell what a manifest asks for or what AWS has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Declared,
    Live,
}

/// What every case has.
#[derive(Clone, Debug)]
pub struct Common {
    pub judged: Judged,
    pub stage: Stage,
    pub parameters: Parameters,
    pub now: Timestamp,
    /// Facets by name.
    pub seen: Seen,
}

/// A trail. Where it is managed, rules about its bucket are told of its LogArchive.
#[derive(Clone, Debug)]
pub struct TrailCase {
    pub common: Common,
    /// The trail's name in AWS.
    pub name: String,
    /// The account's organization, where it is known to have one.
    pub organization: Option<Organization>,
    /// The Region of the bucket's key or, without one, of the bucket, where it is known.
    pub archive_region: Option<String>,
}

/// A bucket for log files with its key.
#[derive(Clone, Debug)]
pub struct ArchiveCase {
    pub common: Common,
    pub bucket: String,
    /// The trails that deliver there, as far as they are known.
    pub writers: Vec<WriterStatus>,
    /// Whether all of them are known: in somebody else's bucket they are not.
    pub knows_all_writers: bool,
}

/// An event data store of CloudTrail Lake.
#[derive(Clone, Debug)]
pub struct StoreCase {
    pub common: Common,
    /// The account's organization, where it is known to have one.
    pub organization: Option<Organization>,
}

/// A whole account: its trails over all Regions.
#[derive(Clone, Debug)]
pub struct AccountCase {
    pub common: Common,
    pub inventory: Inventory,
    pub organization: Option<OrganizationStatus>,
}

/// An object to be judged.
#[derive(Clone, Copy)]
pub enum Case<'a> {
    Trail(&'a TrailCase),
    Archive(&'a ArchiveCase),
    Store(&'a StoreCase),
    Account(&'a AccountCase),
}

impl<'a> Case<'a> {
    pub fn common(&self) -> &'a Common {
        match self {
            Self::Trail(case) => &case.common,
            Self::Archive(case) => &case.common,
            Self::Store(case) => &case.common,
            Self::Account(case) => &case.common,
        }
    }

    pub fn is_live(&self) -> bool {
        self.common().stage == Stage::Live
    }
}

impl Common {
    /// Whether there is an answer for a facet, be it that it could not be read.
    pub fn was_looked_at(&self, facet: &str) -> bool {
        self.seen.get(facet).is_some()
    }

    /// The state of a facet; `None` where AWS, or the manifest, has none. What could not be read ends the judgement.
    pub fn state<S: DeserializeOwned>(&self, facet: &str) -> Result<Option<S>, Verdict> {
        self.reading(facet, |reading| &reading.state)
    }

    /// The facts that came with a facet.
    pub fn facts<F: DeserializeOwned>(&self, facet: &str) -> Result<Option<F>, Verdict> {
        self.reading(facet, |reading| &reading.facts)
    }

    fn reading<T: DeserializeOwned>(&self, facet: &str, part: impl Fn(&Reading) -> &serde_json::Value) -> Result<Option<T>, Verdict> {
        match self.seen.get(facet) {
            Some(Observed::Present(reading)) => T::deserialize(part(reading))
                .map(Some)
                .map_err(|error| Verdict::Unknown(format!("{facet} is in a form that this version does not know: {error}"))),
            Some(Observed::Absent) => Ok(None),
            Some(Observed::Unknown(why)) => Err(Verdict::Unknown(crate::status::classes::explain(why))),
            None => Err(Verdict::Unknown(format!("{facet} was not looked at"))),
        }
    }
}

/// The facets of an object as its manifest asks for them.
pub fn declared(registered: &Registered) -> Seen {
    let mut seen = Seen::default();
    for facet in &registered.facets {
        let state = AnyFacet::declared(facet.as_ref());
        let answer = if state.is_null() { Observed::Absent } else { Observed::Present(Reading { state, facts: serde_json::Value::Null }) };
        seen.insert(facet.name(), answer);
    }
    seen
}
