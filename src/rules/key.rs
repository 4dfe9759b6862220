//! Rules about the key that log files are encrypted with: that it works, that its policy lets in whom it must and nobody else.
//!
//! Evidence that a case may have beside its facets:
//!
//! | case | name | state | where it comes from |
//! |---|---|---|---|
//! | archive | `key`, `keyRotation`, `keyPolicy` | those of the facets | KMS DescribeKey, GetKeyRotationStatus, GetKeyPolicy, also of a key that is not the archive's own |
//! | trail | `deliveryKey` | that of the facet | `KmsRead::DeliveryKey` for the trail's key |
//! | account | `iamPolicies` | `IamPolicies` | IAM GetAccountAuthorizationDetails, local managed policies |

use super::bucket::region_of;
use super::case::{AccountCase, ArchiveCase, TrailCase};
use super::finding::Verdict;
use super::policy::{CLOUDTRAIL, allows, open_to_all};
use super::{Judge, Judgement, Rule, applies, must};
use crate::facets::bucket_encryption::EncryptionState;
use crate::facets::delivery_key::{DeliveryKeyFacts, DeliveryKeyState, lets_cloudtrail_encrypt};
use crate::facets::key::KeyState;
use crate::facets::key_rotation::RotationState;
use crate::facets::policy_document::Statements;
use std::collections::BTreeMap;

pub const RULES: &[Rule] = &[
    Rule { id: "TK-KEY-001", judge: Judge::Archive(works) },
    Rule { id: "TK-KEY-002", judge: Judge::Trail(trails_key_works) },
    Rule { id: "TK-KEY-003", judge: Judge::Archive(rotates) },
    Rule { id: "TK-KEY-004", judge: Judge::Archive(not_public) },
    Rule { id: "TK-KEY-005", judge: Judge::Archive(trails_are_told_apart) },
    Rule { id: "TK-KEY-006", judge: Judge::Archive(writers_may_encrypt) },
    Rule { id: "TK-KEY-007", judge: Judge::Trail(trail_may_encrypt) },
    Rule { id: "TK-KEY-008", judge: Judge::Archive(in_region_of_bucket) },
    Rule { id: "TK-KEY-009", judge: Judge::Trail(trails_key_in_region_of_bucket) },
    Rule { id: "TK-KEY-010", judge: Judge::Account(nobody_decrypts_everything) },
];

/// Customer managed IAM policies of the account by name or ARN, under `iamPolicies`.
pub type IamPolicies = BTreeMap<String, Statements>;

const ENCRYPT: &str = "kms:GenerateDataKey";

fn usable(enabled: bool, pending_deletion: bool) -> Judgement {
    must(!pending_deletion, || "the key waits for its deletion: after that no log file that it encrypts can be read".to_owned())?;
    must(enabled, || "the key is disabled: CloudTrail can't deliver, and nobody can read what it encrypts".to_owned())
}

fn works(case: &ArchiveCase) -> Judgement {
    match case.common.state::<KeyState>("key")? {
        Some(key) => usable(key.enabled, key.pending_deletion),
        None => Err(Verdict::Fail("the key does not exist: CloudTrail can't deliver, and nobody can read what it encrypts".to_owned())),
    }
}

/// What was read of the key that a trail encrypts with.
fn delivery_key(case: &TrailCase) -> Result<DeliveryKeyState, Verdict> {
    applies(!case.settings()?.kms_key.is_empty(), "the trail encrypts with no key")?;
    let missing =
        || Verdict::Fail("the trail's key does not exist: CloudTrail can't deliver, and nobody can read what it encrypts".to_owned());
    case.common.state::<DeliveryKeyState>("deliveryKey")?.ok_or_else(missing)
}

fn not_allowed(what: &str) -> Verdict {
    Verdict::Unknown(format!("the key may not be looked at ({what}): allow it in the key's policy"))
}

fn trails_key_works(case: &TrailCase) -> Judgement {
    let key = delivery_key(case)?;
    let (Some(enabled), Some(pending)) = (key.enabled, key.pending_deletion) else { return Err(not_allowed("kms:DescribeKey")) };
    usable(enabled, pending)
}

fn rotates(case: &ArchiveCase) -> Judgement {
    let rotation = case.common.state::<RotationState>("keyRotation")?;
    let Some(rotation) = rotation else { return applies(false, "there is no key") };
    must(rotation.enabled, || "the key's material is never rotated".to_owned())
}

fn key_policy(case: &ArchiveCase) -> Result<Statements, Verdict> {
    case.common.state("keyPolicy")?.ok_or_else(|| Verdict::NotApplicable("there is no key".to_owned()))
}

fn not_public(case: &ArchiveCase) -> Judgement {
    let policy = key_policy(case)?;
    let open = open_to_all(&policy).next();
    must(open.is_none(), || {
        let sid = open.map(|statement| statement.sid).unwrap_or_default();
        format!("statement {sid} of the key policy lets everybody use the key")
    })
}

fn trails_are_told_apart(case: &ArchiveCase) -> Judgement {
    let policy = key_policy(case)?;
    let mut encrypting = allows(&policy).filter(|statement| statement.names_service(CLOUDTRAIL) && statement.is_about(ENCRYPT)).peekable();
    applies(encrypting.peek().is_some(), "the key policy does not let CloudTrail encrypt by name")?;
    let open = encrypting.find(|statement| !statement.says_whose_trail());
    must(open.is_none(), || {
        let sid = open.map(|statement| statement.sid).unwrap_or_default();
        format!("statement {sid} of the key policy lets CloudTrail encrypt for any trail of any account: aws:SourceArn is missing")
    })
}

fn writers_may_encrypt(case: &ArchiveCase) -> Judgement {
    let policy = key_policy(case)?;
    applies(!case.writers.is_empty(), "no trail is known to write here")?;
    let refused = case.writers.iter().find(|writer| !lets_cloudtrail_encrypt(&policy, &writer.trail_arn));
    must(refused.is_none(), || {
        let arn = refused.map(|writer| writer.trail_arn.as_str()).unwrap_or_default();
        format!("the key policy does not let CloudTrail encrypt (kms:GenerateDataKey*) for {arn}: its logs are not delivered")
    })
}

fn trail_may_encrypt(case: &TrailCase) -> Judgement {
    match delivery_key(case)?.encrypts_for_trail {
        None => Err(not_allowed("kms:GetKeyPolicy")),
        Some(may) => must(may, || "the key's policy does not let CloudTrail encrypt for this trail: its logs are not delivered".to_owned()),
    }
}

fn same_region(key: &str, bucket: &str) -> Judgement {
    must(key == bucket, || format!("the key is in {key}, and the bucket is in {bucket}: CloudTrail needs both in one Region"))
}

fn in_region_of_bucket(case: &ArchiveCase) -> Judgement {
    let bucket = case.bucket()?.region;
    let key = case.common.state::<EncryptionState>("encryption")?.unwrap_or_default().kms_key;
    match region_of(&key) {
        Some(region) => same_region(region, &bucket),
        None => applies(false, "no key is named by its ARN"),
    }
}

fn trails_key_in_region_of_bucket(case: &TrailCase) -> Judgement {
    let key = case.settings()?.kms_key;
    let Some(region) = region_of(&key) else { return applies(false, "the trail names no key by its ARN") };
    let read = case.common.seen.facts::<DeliveryKeyFacts>("deliveryKey").and_then(|facts| facts.bucket_region);
    match read.or_else(|| case.archive_region.clone()) {
        Some(bucket) => same_region(region, &bucket),
        None => applies(false, "it is not known in which Region the bucket is"),
    }
}

fn nobody_decrypts_everything(case: &AccountCase) -> Judgement {
    let policies: IamPolicies = case.common.state("iamPolicies")?.unwrap_or_default();
    let broad = |policy: &Statements| {
        allows(policy).any(|statement| {
            let decrypts = ["kms:Decrypt", "kms:ReEncryptFrom"].iter().any(|action| statement.is_about(action));
            decrypts && statement.resources().any(every_key) && statement.conditions().next().is_none()
        })
    };
    let broad: Vec<&str> = policies.iter().filter(|(_, policy)| broad(policy)).map(|(name, _)| name.as_str()).collect();
    must(broad.is_empty(), || {
        format!("these IAM policies allow decryption with every key, that of the logs included: {}", broad.join(", "))
    })
}

/// Every key, or every one of an account.
fn every_key(resource: &str) -> bool {
    resource == "*" || resource.ends_with(":*") || resource.ends_with(":key/*")
}
