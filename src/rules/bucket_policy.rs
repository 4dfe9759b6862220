//! Rules about the bucket's policy: that CloudTrail can deliver, for trails that are meant to, and nobody else can change
//! anything.

use super::case::ArchiveCase;
use super::finding::Verdict;
use super::policy::{CLOUDTRAIL, Caller, Condition, Statement, allows, denials};
use super::{Judge, Judgement, Rule, applies, must};
use crate::api::log_archive::WriterStatus;
use crate::facets::grants::account_of;

pub const RULES: &[Rule] = &[
    Rule { id: "TK-BUCKET-023", judge: Judge::Archive(tls_only) },
    Rule { id: "TK-BUCKET-024", judge: Judge::Archive(trails_are_told_apart) },
    Rule { id: "TK-BUCKET-025", judge: Judge::Archive(writers_are_let_in) },
    Rule { id: "TK-BUCKET-026", judge: Judge::Archive(digests_are_let_in) },
    Rule { id: "TK-BUCKET-027", judge: Judge::Archive(names_the_service) },
    Rule { id: "TK-BUCKET-028", judge: Judge::Archive(no_other_account_changes_it) },
];

/// The accounts from which CloudTrail wrote before it had a service principal, in the Regions of then (CloudTrail User Guide,
/// "Amazon S3 bucket policy for CloudTrail", older policies; three more from the years after).
const LEGACY_ACCOUNTS: [&str; 12] = [
    "903692715234",
    "035351147821",
    "859597730677",
    "814480443879",
    "216624486486",
    "086441151436",
    "388731089494",
    "284668455005",
    "113285607260",
    "977081816279",
    "492519147666",
    "475085895292",
];

fn tls_only(case: &ArchiveCase) -> Judgement {
    let (policy, bucket) = (case.policy()?, case.bucket_arn());
    let object = format!("{bucket}/AWSLogs/x");
    let denies_plain = |statement: &Statement<'_>| {
        let mut conditions = statement.conditions();
        let plain = |condition: &Condition<'_>| {
            condition.key == "aws:securetransport" && condition.operator.starts_with("Bool") && condition.values == ["false"]
        };
        let only_that = conditions.next().is_some_and(|first| plain(&first)) && conditions.next().is_none();
        statement.names_everybody() && statement.is_about("s3:GetObject") && statement.is_about("s3:PutObject") && only_that
    };
    let about = |resource: &str| denials(&policy).any(|statement| denies_plain(&statement) && statement.is_about_resource(resource));
    must(about(&object), || "the bucket policy does not deny requests without TLS to the log files".to_owned())?;
    must(about(&bucket), || "the bucket policy denies requests without TLS to the log files, and not those to the bucket itself".to_owned())
}

/// Statements that let CloudTrail in.
fn for_cloudtrail<'p>(policy: &'p crate::facets::policy_document::Statements) -> impl Iterator<Item = Statement<'p>> {
    allows(policy).filter(|statement| statement.names_service(CLOUDTRAIL))
}

fn trails_are_told_apart(case: &ArchiveCase) -> Judgement {
    let policy = case.policy()?;
    applies(for_cloudtrail(&policy).next().is_some(), "the bucket policy does not let CloudTrail in by name")?;
    let anybodys: Vec<&str> =
        for_cloudtrail(&policy).filter(|statement| !statement.says_whose_trail()).map(|statement| statement.sid).collect();
    must(anybodys.is_empty(), || {
        format!(
            "{} of the bucket policy let{} CloudTrail in for any trail of any account: aws:SourceArn (or aws:SourceAccount, aws:SourceOrgID) is missing",
            named(&anybodys),
            if anybodys.len() == 1 { "s" } else { "" }
        )
    })
}

fn named(sids: &[&str]) -> String {
    format!("statement{} {}", if sids.len() == 1 { "" } else { "s" }, sids.join(", "))
}

/// Objects that a writer writes: its own logs and, for an organization, those of a member.
fn objects(bucket: &str, writer: &WriterStatus) -> Vec<String> {
    let folder = match writer.key_prefix.as_str() {
        "" => format!("{bucket}/AWSLogs"),
        key_prefix => format!("{bucket}/{key_prefix}/AWSLogs"),
    };
    let own = account_of(&writer.trail_arn);
    let of = |whose: &str, account: &str| format!("{folder}/{whose}{account}/CloudTrail/us-east-1/2026/01/01/log.json.gz");
    let member = writer.organization_id.as_ref().map(|id| of(&format!("{id}/"), "000000000000"));
    std::iter::once(of("", own)).chain(member).collect()
}

fn writers_are_let_in(case: &ArchiveCase) -> Judgement {
    let (policy, bucket) = (case.policy()?, case.bucket_arn());
    applies(!case.writers.is_empty(), "no trail is known to write here")?;
    let lets = |caller: &Caller<'_>, action: &str, resource: &str| {
        let names = |statement: &Statement<'_>| statement.meets_service(CLOUDTRAIL) || is_legacy(statement);
        let mut fitting = allows(&policy).filter(names).filter(|it| it.is_about(action) && it.is_about_resource(resource));
        fitting.any(|statement| statement.holds_for(caller))
    };
    let denial = |caller: &Caller<'_>, action: &str, resource: &str| {
        let mut meeting =
            denials(&policy).filter(|it| it.meets_service(CLOUDTRAIL) && it.is_about(action) && it.is_about_resource(resource));
        meeting.find(|statement| statement.surely_holds_for(caller)).map(|statement| statement.sid)
    };
    for writer in &case.writers {
        let caller = Caller { arn: &writer.trail_arn, organization: writer.account_organization.as_deref() };
        must(lets(&caller, "s3:GetBucketAcl", &bucket), || {
            format!("the bucket policy does not let CloudTrail look at the bucket's ACL (s3:GetBucketAcl) for {}", writer.trail_arn)
        })?;
        for object in objects(&bucket, writer) {
            must(lets(&caller, "s3:PutObject", &object), || {
                let folder = object.split("/CloudTrail/").next().unwrap_or_default();
                format!(
                    "the bucket policy does not let CloudTrail write below {folder}/ for {}: its logs are not delivered",
                    writer.trail_arn
                )
            })?;
            let denied = denial(&caller, "s3:PutObject", &object);
            must(denied.is_none(), || {
                let sid = denied.unwrap_or_default();
                format!(
                    "statement {sid} of the bucket policy denies CloudTrail to write for {}: its logs are not delivered",
                    writer.trail_arn
                )
            })?;
        }
    }
    Ok(())
}

/// A denial of what is not encrypted with KMS, and so of what CloudTrail encrypts with SSE-S3.
fn demands_kms(condition: &Condition<'_>) -> bool {
    let operator = condition.operator;
    match condition.key.as_str() {
        "s3:x-amz-server-side-encryption" => {
            operator.starts_with("StringNot") && !condition.values.iter().any(|value| value.eq_ignore_ascii_case("AES256"))
        }
        "s3:x-amz-server-side-encryption-aws-kms-key-id" => {
            (operator == "Null" && condition.values == ["true"]) || (operator.starts_with("StringNot") && !operator.ends_with("IfExists"))
        }
        _ => false,
    }
}

fn digests_are_let_in(case: &ArchiveCase) -> Judgement {
    let (policy, object) = (case.policy()?, format!("{}/AWSLogs/x", case.bucket_arn()));
    let blocks = |statement: &Statement<'_>| {
        let mut conditions = statement.conditions().peekable();
        // With a condition on something else CloudTrail may be spared.
        let only_that = conditions.peek().is_some() && conditions.all(|condition| demands_kms(&condition));
        statement.meets_service(CLOUDTRAIL) && only_that && statement.is_about("s3:PutObject") && statement.is_about_resource(&object)
    };
    match denials(&policy).find(blocks) {
        Some(statement) => Err(Verdict::Fail(format!(
            "statement {} of the bucket policy denies what is not encrypted with KMS: CloudTrail must be able to write with AES256, too",
            statement.sid
        ))),
        None => Ok(()),
    }
}

fn account_in(principal: &str) -> &str {
    principal.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(3)).unwrap_or_default()
}

fn is_legacy(statement: &Statement<'_>) -> bool {
    statement.principals("AWS").any(|principal| principal.ends_with(":root") && LEGACY_ACCOUNTS.contains(&account_in(principal)))
}

fn names_the_service(case: &ArchiveCase) -> Judgement {
    let policy = case.policy()?;
    let old: Vec<&str> = allows(&policy).filter(is_legacy).map(|statement| statement.sid).collect();
    must(old.is_empty(), || {
        format!(
            "{} of the bucket policy lets CloudTrail in by the account ids of its early Regions: logs of newer Regions are not delivered",
            named(&old)
        )
    })
}

/// Actions that change what is in the bucket, or the bucket itself.
const CHANGES: [&str; 9] = [
    "s3:PutObject",
    "s3:PutObjectAcl",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:BypassGovernanceRetention",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutLifecycleConfiguration",
    "s3:PutEncryptionConfiguration",
];

fn no_other_account_changes_it(case: &ArchiveCase) -> Judgement {
    let policy = case.policy()?;
    let owner = &case.common.judged.account;
    for statement in allows(&policy).filter(|statement| !is_legacy(statement)) {
        let Some(action) = CHANGES.iter().find(|action| statement.is_about(action)) else { continue };
        let is_own = |account: &str| account == owner || case.common.parameters.archive_accounts.contains(account);
        let stranger = statement.principals("AWS").find(|principal| !account_in(principal).is_empty() && !is_own(account_in(principal)));
        must(stranger.is_none(), || {
            format!("statement {} of the bucket policy lets {} of another account {action}", statement.sid, stranger.unwrap_or_default())
        })?;
        let anybody = statement.names_everybody() || statement.names_all_but_some();
        // What is open to all is told by TK-BUCKET-003, and what Block Public Access then leaves is the account's own.
        let limited = statement.conditions().any(|condition| condition.restricts_who());
        must(!anybody || !limited || statement.conditions().any(|condition| condition.leaves_only(is_own)), || {
            format!("statement {} of the bucket policy lets principals of other accounts {action}", statement.sid)
        })?;
    }
    Ok(())
}
