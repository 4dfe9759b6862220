//! Cases from what an account has, whoever made it: the specs that make the facets look, and the cases out of what they saw.
//!
//! What somebody made by hand is looked at by the same facets as what a manifest asks for. Its spec here says where to look and no
//! more: it is never compared with, let alone written.

use super::case::{AccountCase, ArchiveCase, Common, Stage, TrailCase};
use super::finding::Judged;
use super::of_object::Frame;
use crate::api::aws_account::Partition;
use crate::api::log_archive::WriterStatus;
use crate::api::organization::OrganizationStatus;
use crate::api::{LogArchiveSpec, TrailSpec};
use crate::facets::context::{AccountFacts, ArchiveContext, Destination, TrailContext};
use crate::facets::observed::Seen;
use crate::facets::trail_settings::TrailSettings;
use crate::status::coverage::Inventory;
use serde_json::json;

/// A trail of the account.
#[derive(Clone, Debug)]
pub struct FoundTrail {
    pub arn: String,
    pub name: String,
    pub region: String,
    pub settings: TrailSettings,
    /// `namespace/name` of the object that keeps it.
    pub object: Option<String>,
}

/// A bucket that trails deliver to.
#[derive(Clone, Debug)]
pub struct FoundBucket {
    pub name: String,
    pub region: String,
    /// The account that it belongs to, where that is known; else the one that it was asked about from.
    pub account: String,
    pub object: Option<String>,
    pub writers: Vec<WriterStatus>,
}

impl FoundTrail {
    /// Where to look for the trail's facets.
    pub fn context(&self, account: &AccountFacts) -> Result<TrailContext, serde_json::Error> {
        let mut spec = json!({
            "accountRef": {"name": "found"}, "region": self.region, "trailName": self.name,
            "bucket": {"name": self.settings.bucket}, "keyPrefix": self.settings.key_prefix,
        });
        if !self.settings.kms_key.is_empty() {
            spec["bucket"]["kmsKey"] = json!(self.settings.kms_key);
        }
        let spec: TrailSpec = serde_json::from_value(spec)?;
        Ok(TrailContext {
            name: self.name.clone(),
            spec,
            account: account.clone(),
            destination: Destination { bucket: self.settings.bucket.clone(), kms_key: self.settings.kms_key.clone() },
            arn_before: Some(self.arn.clone()),
            owner: String::new(),
            owned_before: Vec::new(),
            response_regions: Vec::new(),
            filter_groups: Vec::new(),
        })
    }

    /// The trail as somebody who lets logs into a bucket.
    pub fn writer(&self, account: &AccountFacts) -> WriterStatus {
        let organization = account.organization.as_ref().map(|organization| organization.id.clone());
        WriterStatus {
            trail_arn: self.arn.clone(),
            key_prefix: self.settings.key_prefix.clone(),
            organization_id: organization.clone().filter(|_| self.settings.organization),
            account_organization: organization,
            retain: true,
        }
    }

    /// The case. `archive_region` is where the bucket's key or the bucket is, if that is known.
    pub fn case(&self, account: &AccountFacts, archive_region: Option<String>, seen: Seen, frame: &Frame) -> TrailCase {
        TrailCase {
            common: common("Trail", self.object.clone(), self.arn.clone(), &account.id, &self.region, seen, frame),
            name: self.name.clone(),
            organization: account.organization.clone(),
            archive_region,
        }
    }
}

impl FoundBucket {
    /// Where to look for the bucket's facets.
    pub fn context(&self, account: &AccountFacts) -> Result<ArchiveContext, serde_json::Error> {
        let spec: LogArchiveSpec = serde_json::from_value(json!({
            "accountRef": {"name": "found"}, "region": self.region, "bucketName": self.name, "encryption": {"type": "S3Managed"},
        }))?;
        Ok(ArchiveContext::new(spec, account.clone()))
    }

    pub fn case(&self, partition: Partition, seen: Seen, frame: &Frame) -> ArchiveCase {
        let arn = format!("arn:{}:s3:::{}", partition.as_str(), self.name);
        ArchiveCase {
            common: common("LogArchive", self.object.clone(), arn, &self.account, &self.region, seen, frame),
            bucket: self.name.clone(),
            writers: self.writers.clone(),
            knows_all_writers: self.object.is_some(),
        }
    }
}

/// The account as a whole. `object` is the name of its AwsAccount, if there is one.
pub fn account(
    facts: &AccountFacts,
    object: Option<String>,
    region: &str,
    inventory: Inventory,
    organization: Option<OrganizationStatus>,
    seen: Seen,
    frame: &Frame,
) -> AccountCase {
    let arn = format!("arn:{}:iam::{}:root", facts.partition.as_str(), facts.id);
    AccountCase { common: common("AwsAccount", object, arn, &facts.id, region, seen, frame), inventory, organization }
}

fn common(kind: &'static str, object: Option<String>, arn: String, account: &str, region: &str, seen: Seen, frame: &Frame) -> Common {
    Common {
        judged: Judged { kind, object, arn, account: account.to_owned(), region: region.to_owned() },
        stage: Stage::Live,
        parameters: frame.parameters.clone(),
        now: frame.now,
        seen,
    }
}
