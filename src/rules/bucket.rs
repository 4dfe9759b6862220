//! Rules about the bucket that log files rest in: who can open it, what keeps a file from being lost, where it is.
//!
//! Evidence that no facet reads, and that a case may have beside its facets:
//!
//! | case | name | state | where it comes from |
//! |---|---|---|---|
//! | archive | `acl` | `AclState` | S3 GetBucketAcl |
//! | archive, account | `accountPublicAccessBlock` | `PublicAccessBlock` | S3 Control GetPublicAccessBlock; absent where the account has none |
//! | archive | `accessLogTarget` | `AccessLogTarget` | the same reads of the bucket that access logs go to; absent if it is gone |
//! | archive | `bucketOwner` | `BucketOwnerState` | S3 HeadBucket with each account that is known as expected owner |
//! | archive | `replicationTargets` | `ReplicationTargets` | S3 HeadBucket of each destination |
//! | archive | `newFileNotification` | that of the facet | S3 GetBucketNotificationConfiguration, also where the spec asks for none |

use super::case::{AccountCase, ArchiveCase, Common, Stage};
use super::finding::Verdict;
use super::policy::open_to_all;
use super::{Judge, Judgement, Rule, all, applies, must};
use crate::api::log_archive::PublicAccessBlock;
use crate::facets::access_logging::AccessLoggingState;
use crate::facets::bucket::BucketState;
use crate::facets::bucket_encryption::EncryptionState;
use crate::facets::bucket_ownership::OwnershipState;
use crate::facets::bucket_versioning::{VersioningFacts, VersioningState};
use crate::facets::new_file_notification::NotificationState;
use crate::facets::object_lock::ObjectLockState;
use crate::facets::policy_document::Statements;
use crate::facets::replication::ReplicationState;
use crate::facets::request_payment::RequestPaymentState;
use crate::facets::step::AFTER_APPLY;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const RULES: &[Rule] = &[
    Rule { id: "TK-BUCKET-001", judge: Judge::Archive(exists) },
    Rule { id: "TK-BUCKET-002", judge: Judge::Archive(belongs_to_expected_account) },
    Rule { id: "TK-BUCKET-003", judge: Judge::Archive(not_public) },
    Rule { id: "TK-BUCKET-004", judge: Judge::Archive(public_access_blocked) },
    Rule { id: "TK-BUCKET-005", judge: Judge::Account(account_public_access_blocked) },
    Rule { id: "TK-BUCKET-006", judge: Judge::Archive(acls_off) },
    Rule { id: "TK-BUCKET-007", judge: Judge::Archive(versioned) },
    Rule { id: "TK-BUCKET-008", judge: Judge::Archive(encrypted_with_kms) },
    Rule { id: "TK-BUCKET-009", judge: Judge::Archive(access_logged) },
    Rule { id: "TK-BUCKET-010", judge: Judge::Archive(access_log_goes_elsewhere) },
    Rule { id: "TK-BUCKET-011", judge: Judge::Archive(access_log_target_takes_logs) },
    Rule { id: "TK-BUCKET-012", judge: Judge::Archive(replicated) },
    Rule { id: "TK-BUCKET-013", judge: Judge::Archive(tells_of_new_files) },
    Rule { id: "TK-BUCKET-014", judge: Judge::Archive(owner_pays) },
    Rule { id: "TK-BUCKET-015", judge: Judge::Archive(within_allowed_regions) },
];

/// The bucket's ACL, under `acl`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AclState {
    /// Canonical user id of the owner.
    pub owner: String,
    pub grants: Vec<AclGrant>,
}

/// One grant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AclGrant {
    /// Canonical user id, or URI of a group.
    pub grantee: String,
    pub permission: String,
}

impl AclGrant {
    fn is_public(&self) -> bool {
        self.grantee.ends_with("/global/AllUsers") || self.grantee.ends_with("/global/AuthenticatedUsers")
    }
}

/// The bucket that access logs go to, under `accessLogTarget`; absent where it does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccessLogTarget {
    pub object_lock: ObjectLockState,
    pub encryption: EncryptionState,
    pub request_payment: RequestPaymentState,
}

/// Whose the bucket is, under `bucketOwner`: the account as which S3 knows its owner (HeadBucket with an expected owner).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BucketOwnerState {
    /// Empty where it is none of the accounts that are known.
    pub account: String,
}

/// The Regions of the buckets that copies go to, by bucket ARN, under `replicationTargets`.
pub type ReplicationTargets = BTreeMap<String, String>;

impl ArchiveCase {
    /// The bucket. Without one there is nothing to judge; that it is missing is a rule of its own.
    pub(super) fn bucket(&self) -> Result<BucketState, Verdict> {
        self.common.state("bucket")?.ok_or_else(|| Verdict::NotApplicable("there is no such bucket".to_owned()))
    }

    /// The bucket policy, without statements where there is none.
    pub(super) fn policy(&self) -> Result<Statements, Verdict> {
        self.bucket()?;
        Ok(self.common.state("bucketPolicy")?.unwrap_or_default())
    }

    pub(super) fn bucket_arn(&self) -> String {
        let partition = self.common.judged.arn.split(':').nth(1).unwrap_or("aws");
        format!("arn:{partition}:s3:::{}", self.bucket)
    }

    pub(super) fn object_lock(&self) -> Result<ObjectLockState, Verdict> {
        self.bucket()?;
        Ok(self.common.state("objectLock")?.unwrap_or_default())
    }

    pub(super) fn mfa_delete(&self) -> Result<bool, Verdict> {
        Ok(self.common.facts::<Option<VersioningFacts>>("versioning")?.flatten().is_some_and(|facts| facts.mfa_delete))
    }
}

fn exists(case: &ArchiveCase) -> Judgement {
    let found = case.common.state::<BucketState>("bucket")?.is_some();
    must(found, || format!("bucket {} does not exist: whoever creates one of this name in his account receives the logs", case.bucket))
}

fn belongs_to_expected_account(case: &ArchiveCase) -> Judgement {
    let allowed = &case.common.parameters.archive_accounts;
    // Reads of a managed bucket name the owner that is expected, and S3 answers to no other.
    let owner = match case.common.was_looked_at("bucketOwner") {
        true => case.common.state::<BucketOwnerState>("bucketOwner")?,
        false => Some(BucketOwnerState { account: case.common.judged.account.clone() }),
    };
    let Some(BucketOwnerState { account }) = owner else { return applies(false, "there is no such bucket") };
    if !case.common.was_looked_at("bucketOwner") {
        case.bucket()?;
    }
    must(!account.is_empty(), || {
        format!(
            "bucket {} belongs to none of the accounts that are known: somebody else may have taken its name, and receives the logs",
            case.bucket
        )
    })?;
    must(allowed.is_empty() || allowed.contains(&account), || {
        let allowed = allowed.iter().cloned().collect::<Vec<_>>().join(", ");
        format!("bucket {} belongs to account {account}, and logs are to rest in {allowed}", case.bucket)
    })
}

/// The name of the account's S3 Block Public Access, beside the facets of an account or of a bucket.
pub const ACCOUNT_PUBLIC_ACCESS_BLOCK: &str = "accountPublicAccessBlock";

/// All four off: what a bucket has that was never given any.
fn open() -> PublicAccessBlock {
    PublicAccessBlock { block_public_acls: false, ignore_public_acls: false, block_public_policy: false, restrict_public_buckets: false }
}

/// S3 applies the stricter of the bucket's setting and the account's. The operator looks at the bucket's alone.
fn is_blocked(case: &ArchiveCase, setting: fn(&PublicAccessBlock) -> bool) -> Result<bool, Verdict> {
    let known = case.common.was_looked_at(ACCOUNT_PUBLIC_ACCESS_BLOCK);
    let of_account = if known { case.common.state::<PublicAccessBlock>(ACCOUNT_PUBLIC_ACCESS_BLOCK) } else { Ok(None) };
    if of_account.as_ref().is_ok_and(|block| block.as_ref().is_some_and(setting)) {
        return Ok(true);
    }
    // One that is on decides; where the bucket's is off, the account's must be known.
    let of_bucket = case.common.state("publicAccessBlock")?.unwrap_or_else(open);
    Ok(setting(&of_bucket) || of_account?.is_some_and(|block| setting(&block)))
}

fn ownership(case: &ArchiveCase) -> Result<OwnershipState, Verdict> {
    case.bucket()?;
    Ok(case.common.state("ownership")?.unwrap_or_default())
}

const NO_ACLS: &str = "BucketOwnerEnforced";

fn not_public(case: &ArchiveCase) -> Judgement {
    case.bucket()?;
    all([not_public_by_policy(case), not_public_by_acl(case)])
}

fn not_public_by_policy(case: &ArchiveCase) -> Judgement {
    let blocked = is_blocked(case, |block| block.restrict_public_buckets);
    if blocked == Ok(true) {
        return Ok(());
    }
    let policy = case.policy()?;
    match open_to_all(&policy).next() {
        Some(statement) => {
            blocked?;
            Err(Verdict::Fail(format!("statement {} of the bucket policy lets everybody in", statement.sid)))
        }
        None => Ok(()),
    }
}

fn not_public_by_acl(case: &ArchiveCase) -> Judgement {
    // A manifest gives no ACL, and a bucket that gets none is its owner's.
    let blocked = is_blocked(case, |block| block.ignore_public_acls);
    if case.common.stage == Stage::Declared || blocked == Ok(true) {
        return Ok(());
    }
    if ownership(case)?.object_ownership == NO_ACLS {
        return Ok(());
    }
    let acl: AclState = case.common.state("acl")?.unwrap_or_default();
    match acl.grants.iter().find(|grant| grant.is_public()) {
        Some(AclGrant { grantee, permission }) => {
            blocked?;
            let group = grantee.rsplit('/').next().unwrap_or_default();
            Err(Verdict::Fail(format!("the bucket's ACL gives {permission} to {group}")))
        }
        None => Ok(()),
    }
}

/// One of the four switches of a public-access block.
type Switch = fn(&PublicAccessBlock) -> bool;

/// The settings that are off, in S3's words.
fn off(is_on: impl Fn(Switch) -> Result<bool, Verdict>) -> Result<Vec<&'static str>, Verdict> {
    let settings: [(&str, Switch); 4] = [
        ("BlockPublicAcls", |block| block.block_public_acls),
        ("IgnorePublicAcls", |block| block.ignore_public_acls),
        ("BlockPublicPolicy", |block| block.block_public_policy),
        ("RestrictPublicBuckets", |block| block.restrict_public_buckets),
    ];
    let mut off = Vec::new();
    for (name, setting) in settings {
        if !is_on(setting)? {
            off.push(name);
        }
    }
    Ok(off)
}

fn public_access_blocked(case: &ArchiveCase) -> Judgement {
    case.bucket()?;
    let off = off(|setting| is_blocked(case, setting))?;
    must(off.is_empty(), || format!("S3 Block Public Access is not whole: {} is off", off.join(", ")))
}

fn account_public_access_blocked(case: &AccountCase) -> Judgement {
    let block = case.common.state(ACCOUNT_PUBLIC_ACCESS_BLOCK)?.unwrap_or_else(open);
    let off = off(|setting| Ok(setting(&block)))?;
    must(off.is_empty(), || format!("S3 Block Public Access of the account is not whole: {} is off", off.join(", ")))
}

fn acls_off(case: &ArchiveCase) -> Judgement {
    let OwnershipState { object_ownership } = ownership(case)?;
    must(object_ownership == NO_ACLS, || {
        let found = if object_ownership.is_empty() { "not set" } else { &object_ownership };
        format!("ACLs are in force (object ownership is {found}): a grant on a single log file opens it past the bucket policy")
    })
}

fn versioned(case: &ArchiveCase) -> Judgement {
    case.bucket()?;
    let status = case.common.state::<VersioningState>("versioning")?.unwrap_or_default().status;
    must(status == "Enabled", || "versioning is not enabled: a log file that is overwritten or deleted is gone".to_owned())
}

fn encrypted_with_kms(case: &ArchiveCase) -> Judgement {
    case.bucket()?;
    let algorithm = case.common.state::<EncryptionState>("encryption")?.unwrap_or_default().algorithm;
    must(algorithm.starts_with("aws:kms"), || {
        let found = if algorithm.is_empty() { "nothing" } else { &algorithm };
        format!("new objects are encrypted with {found} by default: S3 access alone reads them")
    })
}

fn access_logging(case: &ArchiveCase) -> Result<AccessLoggingState, Verdict> {
    case.bucket()?;
    Ok(case.common.state("accessLogging")?.unwrap_or_default())
}

fn access_logged(case: &ArchiveCase) -> Judgement {
    must(!access_logging(case)?.bucket.is_empty(), || "S3 does not log who asks for the log files".to_owned())
}

fn access_log_goes_elsewhere(case: &ArchiveCase) -> Judgement {
    let target = access_logging(case)?.bucket;
    applies(!target.is_empty(), "access is not logged")?;
    must(target != case.bucket, || "access logs go to the log bucket itself: each of them is logged in turn, without end".to_owned())
}

fn access_log_target_takes_logs(case: &ArchiveCase) -> Judgement {
    let logging = access_logging(case)?;
    applies(!logging.bucket.is_empty(), "access is not logged")?;
    let name = &logging.bucket;
    let Some(target) = case.common.state::<AccessLogTarget>("accessLogTarget")? else {
        return Err(Verdict::Fail(format!("bucket {name}, which access logs are to go to, does not exist")));
    };
    must(target.object_lock.mode.is_empty(), || {
        format!("bucket {name} locks every new object (default retention), and S3 writes access logs to no such bucket")
    })?;
    must(!target.encryption.algorithm.starts_with("aws:kms"), || {
        format!("bucket {name} encrypts with KMS by default, and S3 writes access logs to buckets with SSE-S3 only")
    })?;
    must(target.request_payment.payer != "Requester", || {
        format!("bucket {name} is a Requester Pays bucket, and S3 writes access logs to no such bucket")
    })
}

fn replication(case: &ArchiveCase) -> Result<ReplicationState, Verdict> {
    case.bucket()?;
    Ok(case.common.state("replication")?.unwrap_or_default())
}

fn replicated(case: &ArchiveCase) -> Judgement {
    let replicated = replication(case)?.rules.values().any(|rule| rule.enabled && case.is_about_logs(&rule.prefix) && rule.tags.is_empty());
    must(replicated, || "no copy of the log files is made elsewhere".to_owned())
}

fn tells_of_new_files(case: &ArchiveCase) -> Judgement {
    case.bucket()?;
    let state = case.common.state::<NotificationState>("newFileNotification")?.unwrap_or_default();
    must(state.event_bridge || !state.notifications.is_empty(), || "nobody is told of new log files".to_owned())
}

fn owner_pays(case: &ArchiveCase) -> Judgement {
    case.bucket()?;
    let payer = case.common.state::<RequestPaymentState>("requestPayment")?.unwrap_or_default().payer;
    must(payer != "Requester", || "it is a Requester Pays bucket: CloudTrail can't deliver there".to_owned())
}

/// The Region that an ARN names.
pub(super) fn region_of(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(2).filter(|region| !region.is_empty())
}

fn within_allowed_regions(case: &ArchiveCase) -> Judgement {
    let allowed = &case.common.parameters.allowed_regions;
    applies(!allowed.is_empty(), "no Regions are prescribed: parameters.allowedRegions")?;
    let inside = |what: &str, region: &str| {
        must(allowed.contains(region), || {
            format!("{what} is in {region}, and logs are to rest in {}", allowed.iter().cloned().collect::<Vec<_>>().join(", "))
        })
    };
    inside("the bucket", &case.bucket()?.region)?;
    let key = case.common.state::<EncryptionState>("encryption")?.unwrap_or_default().kms_key;
    if let Some(region) = region_of(&key).filter(|_| key != AFTER_APPLY) {
        inside("its key", region)?;
    }
    let targets = evidence::<ReplicationTargets>(&case.common, "replicationTargets")?;
    for rule in replication(case)?.rules.values().filter(|rule| rule.enabled) {
        // Copies are encrypted where they rest.
        let of_key = rule.kms_key.as_deref().and_then(region_of);
        if let Some(region) = targets.get(&rule.destination).map(String::as_str).or(of_key) {
            inside(&format!("the copy in {}", rule.destination), region)?;
        }
    }
    Ok(())
}

/// Evidence that a case may have; its default where it was not looked for.
fn evidence<T: Default + serde::de::DeserializeOwned>(common: &Common, name: &str) -> Result<T, Verdict> {
    if common.was_looked_at(name) { Ok(common.state(name)?.unwrap_or_default()) } else { Ok(T::default()) }
}
