//! What facets are made from: a spec with its references resolved. Pure data, the same for the cluster and the command line.

use crate::api::aws_account::{Organization, Partition};
use crate::api::log_archive::WriterStatus;
use crate::api::{LogArchiveSpec, TrailSpec};
use crate::facets::tags::OwnerFacts;

/// The account that an object lives in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFacts {
    pub id: String,
    pub partition: Partition,
    pub organization: Option<Organization>,
    /// The Regions that are on in the account; empty where that is not known.
    pub regions: Vec<String>,
}

impl AccountFacts {
    /// The account that owns a trail: an organization trail always belongs to the management account.
    pub fn trail_owner(&self, organization_trail: bool) -> &str {
        match &self.organization {
            Some(organization) if organization_trail => &organization.management_account_id,
            _ => &self.id,
        }
    }

    /// The ARN of a trail of this account.
    pub fn trail_arn(&self, spec: &TrailSpec, name: &str) -> String {
        format!("arn:{}:cloudtrail:{}:{}:trail/{name}", self.partition.as_str(), spec.region, self.trail_owner(spec.organization))
    }
}

/// The bucket and key that a trail delivers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub bucket: String,
    /// Key ARN, empty for SSE-S3, or `AFTER_APPLY`.
    pub kms_key: String,
}

/// A Trail with its references resolved.
#[derive(Clone, Debug)]
pub struct TrailContext {
    /// The trail's name in AWS.
    pub name: String,
    pub spec: TrailSpec,
    pub account: AccountFacts,
    pub destination: Destination,
    /// The value of the ownership tag.
    pub owner: String,
    /// The resources (by noun) that an earlier pass had in force.
    pub owned_before: Vec<String>,
}

impl TrailContext {
    pub fn arn(&self) -> String {
        self.account.trail_arn(&self.spec, &self.name)
    }
}

/// A LogArchive with its writers resolved.
#[derive(Clone, Debug)]
pub struct ArchiveContext {
    pub spec: LogArchiveSpec,
    pub account: AccountFacts,
    /// The trails that must be let in.
    pub writers: Vec<WriterStatus>,
    /// ARNs of trails that are known to be gone: their statements are taken out.
    pub gone: Vec<String>,
    /// The value of the ownership tag.
    pub owner: String,
    /// The resources (by noun) that an earlier pass had in force.
    pub owned_before: Vec<String>,
    /// ARN of the key, if an earlier pass found it.
    pub known_key: Option<String>,
}

impl ArchiveContext {
    pub fn bucket_arn(&self) -> String {
        format!("arn:{}:s3:::{}", self.account.partition.as_str(), self.spec.bucket_name)
    }

    /// Whether the `noun` with these marks was there before us, rather than made by us. One that was in force and has lost
    /// its tag was ours: a stranger's policy statements must not become permanent by removing a tag first.
    pub fn found(&self, noun: &str, facts: &OwnerFacts) -> bool {
        let ours = match &facts.owner {
            Some(owner) => *owner == self.owner,
            None => self.owned_before.iter().any(|owned| owned == noun),
        };
        facts.adopted || !ours
    }

    /// The own key as IAM names it: by its ARN if the manifest's status tells it, else any key of the account and Region,
    /// since a key has no name before it exists.
    pub fn key_resource(&self) -> String {
        let any = || format!("arn:{}:kms:{}:{}:key/*", self.account.partition.as_str(), self.spec.region, self.account.id);
        self.known_key.clone().unwrap_or_else(any)
    }

    /// ARN of the own key's alias.
    pub fn alias_arn(&self) -> String {
        let alias = self.key_alias().unwrap_or_default();
        format!("arn:{}:kms:{}:{}:{alias}", self.account.partition.as_str(), self.spec.region, self.account.id)
    }

    /// The own key's alias with `alias/`, where the archive has a key of its own.
    pub fn key_alias(&self) -> Option<String> {
        let key = self.spec.encryption.own_key()?;
        Some(format!("alias/{}", key.alias.unwrap_or_else(|| format!("trailkeeper/{}", self.spec.bucket_name.replace('.', "-")))))
    }
}
