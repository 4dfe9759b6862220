//! Rights: what an identity must be allowed to do, as IAM writes it. Data, from which `trailkeeper iam-policy` is made.

use super::context::AccountFacts;
use crate::api::LogArchiveSpec;
use crate::api::aws_account::Partition;
use crate::api::log_archive::EncryptionType;
use crate::facets::organization_access::READS as ORGANIZATION_READS;

/// One action on resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// As IAM writes it: `s3:PutEncryptionConfiguration`. Not always the operation's name: see the Service Authorization
    /// Reference.
    pub action: &'static str,
    /// An ARN, `*` as a last resort.
    pub resource: String,
    /// Under which conditions: operator, key, value.
    pub conditions: Vec<(&'static str, String, String)>,
}

impl Right {
    pub fn new(action: &'static str, resource: impl Into<String>) -> Self {
        Self { action, resource: resource.into(), conditions: Vec::new() }
    }

    pub fn when(mut self, operator: &'static str, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.conditions.push((operator, key.into(), value.into()));
        self
    }
}

/// The rights that a facet needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// To look, also in Observe mode.
    pub read: Vec<Right>,
    /// To bring the desired state about.
    pub write: Vec<Right>,
    /// To delete the resource with its object, under `deletionPolicy: Delete`.
    pub delete: Vec<Right>,
}

impl Rights {
    /// To look at one resource, and to change it.
    pub fn on(resource: &str, read: &[&'static str], write: &[&'static str]) -> Self {
        Self::default().reading(resource, read).writing(resource, write)
    }

    pub fn reading(mut self, resource: &str, actions: &[&'static str]) -> Self {
        self.read.extend(actions.iter().map(|action| Right::new(action, resource)));
        self
    }

    pub fn writing(mut self, resource: &str, actions: &[&'static str]) -> Self {
        self.write.extend(actions.iter().map(|action| Right::new(action, resource)));
        self
    }

    pub fn deleting(mut self, resource: &str, actions: &[&'static str]) -> Self {
        self.delete.extend(actions.iter().map(|action| Right::new(action, resource)));
        self
    }
}

/// What the look at an account as a whole needs, whatever lives in it: its organization, its Regions where nobody has told
/// which those are, the trails in them (docs/inventory.md), and S3 Block Public Access. Of the organization only its management account and delegated
/// administrators ask more than its id; which account is one, no manifest says. GetCallerIdentity needs no right.
pub fn of_account(account: &AccountFacts) -> Vec<Right> {
    let (partition, id) = (account.partition.as_str(), &account.id);
    let mut rights = Rights::default()
        .reading("*", &ORGANIZATION_READS)
        .reading("*", &["cloudtrail:DescribeTrails", "s3:GetAccountPublicAccessBlock"])
        .reading(
            &format!("arn:{partition}:cloudtrail:*:{id}:trail/*"),
            &["cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors", "cloudtrail:ListTags"],
        );
    if account.regions.is_empty() {
        rights = rights.reading(&format!("arn:{partition}:account::{id}:account"), &["account:ListRegions"]);
    }
    rights.read
}

/// What `check` and `report` read: everything about audit logging that the account has, whoever made it, so by kind of resource and
/// not by name. No log file is among it; but who may ask whether a bucket is there may also list it (`s3:ListBucket`).
pub fn of_auditor(account: &AccountFacts) -> Vec<Right> {
    let (partition, id) = (account.partition.as_str(), &account.id);
    let any = |service: &str, what: &str| format!("arn:{partition}:{service}:*:{id}:{what}");
    let rights = Rights::default()
        .reading(&any("cloudtrail", "trail/*"), &["cloudtrail:GetInsightSelectors", "cloudtrail:GetEventConfiguration"])
        .reading("*", &["cloudtrail:LookupEvents"])
        .reading(&format!("arn:{partition}:s3:::*"), &BUCKET_READS)
        .reading(&any("kms", "key/*"), &["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus"])
        .reading(&any("sns", "*"), &["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"])
        .reading(&any("logs", "log-group:*"), &["logs:DescribeMetricFilters", "logs:ListTagsForResource"])
        .reading("*", &["logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "iam:GetAccountAuthorizationDetails"])
        .reading(&any("cloudwatch", "alarm:*"), &["cloudwatch:DescribeAlarms"]);
    // Which organization it is, and who manages it, no manifest says.
    let organization = |what: &str| format!("arn:{partition}:organizations::*:{what}");
    let above = [format!("account/o-*/{id}"), "ou/o-*/ou-*".to_owned(), "root/o-*/r-*".to_owned()];
    let rights = above.iter().fold(rights, |rights, what| {
        rights.reading(&organization(what), &["organizations:ListParents", "organizations:ListPoliciesForTarget"])
    });
    let rights = rights.reading(&organization("policy/*service_control_policy/*"), &["organizations:DescribePolicy"]);
    // Which Regions are on is asked even where the AwsAccount names some: `check --all-regions`.
    let unknown = AccountFacts { regions: Vec::new(), ..account.clone() };
    of_account(&unknown).into_iter().chain(rights.read).collect()
}

/// The configuration of a bucket.
const BUCKET_READS: [&str; 14] = [
    "s3:GetBucketAcl",
    "s3:GetBucketLogging",
    "s3:GetBucketNotification",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketRequestPayment",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
];

/// What `verify --trail-arn` asks of the trail itself: where it delivers, and whether it was stopped.
pub fn of_verified_trail(trail_arn: &str) -> Vec<Right> {
    ["cloudtrail:GetTrail", "cloudtrail:GetTrailStatus"].map(|action| Right::new(action, trail_arn)).into()
}

/// What verifying the files of an archive needs: to list and read them, to decrypt logs and digests (which are encrypted
/// with the trail's key since 2025-05-22), and the public keys. Conditions as in the CloudTrail User Guide, "Validating
/// CloudTrail log file integrity".
pub fn of_verifier(spec: &LogArchiveSpec, account: &AccountFacts, known_key: Option<&str>) -> Vec<Right> {
    let partition = account.partition.as_str();
    let bucket = format!("arn:{partition}:s3:::{}", spec.bucket_name);
    let mut rights = vec![
        Right::new("s3:ListBucket", &bucket),
        Right::new("s3:ListBucketVersions", &bucket),
        Right::new("s3:GetObject", format!("{bucket}/*AWSLogs/*")),
        Right::new("s3:GetObjectVersion", format!("{bucket}/*AWSLogs/*")),
        Right::new("cloudtrail:ListPublicKeys", "*"),
    ];
    let key = match spec.encryption.kind {
        EncryptionType::OwnKey => {
            Some(known_key.map_or_else(|| format!("arn:{partition}:kms:{}:{}:key/*", spec.region, account.id), str::to_owned))
        }
        EncryptionType::ExistingKey => spec.encryption.existing_key_arn.clone(),
        EncryptionType::S3Managed => None,
    };
    // Only for what S3 holds: the key may encrypt other things.
    let suffix = if account.partition == Partition::China { "amazonaws.com.cn" } else { "amazonaws.com" };
    let via_s3 = format!("s3.{}.{suffix}", spec.region);
    rights.extend(key.map(|key| Right::new("kms:Decrypt", key).when("StringEquals", "kms:ViaService", via_s3)));
    rights
}
