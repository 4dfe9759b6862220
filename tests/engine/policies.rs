//! However many trails write to an archive, its policies stay within AWS's limits, let every one of them in, and no stranger.

use crate::declared::{archive_of, archive_spec, archive_subject, subject_of_archive};
use crate::memory::{ACCOUNT, Memory, REGION};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trailkeeper::api::aws_account::Partition;
use trailkeeper::api::log_archive::{PolicyForm, WriterStatus};
use trailkeeper::engine::Writers;
use trailkeeper::facets::Facet;
use trailkeeper::facets::bucket_policy::BucketPolicy;
use trailkeeper::facets::context::{AccountFacts, ArchiveContext};
use trailkeeper::facets::key_policy::KeyPolicy;
use trailkeeper::facets::observed::{ErrorClass, Seen};
use trailkeeper::facets::policy_document::Statements;
use trailkeeper::facets::policy_form::{form_of, size};
use trailkeeper_sim::policy::{Context, Decision, Principal, Request, evaluate};

const BUCKET: &str = "logs-of-ours";
const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

fn writer(account: &str, name: &str, prefix: &str, organization: Option<&str>) -> WriterStatus {
    WriterStatus {
        trail_arn: format!("arn:aws:cloudtrail:{REGION}:{account}:trail/{name}"),
        key_prefix: prefix.to_owned(),
        organization_id: None,
        account_organization: organization.map(str::to_owned),
        retain: true,
    }
}

fn account_number(number: usize) -> String {
    format!("{:012}", 200_000_000_000 + number)
}

/// `count` trails over `accounts` accounts.
fn many(count: usize, accounts: usize, organization: Option<&str>) -> Vec<WriterStatus> {
    (0..count).map(|at| writer(&account_number(at % accounts), &format!("organization-audit-{at}"), "", organization)).collect()
}

fn context(writers: Vec<WriterStatus>, gone: &[&str]) -> ArchiveContext {
    ArchiveContext {
        writers,
        gone: gone.iter().map(|arn| (*arn).to_owned()).collect(),
        ..ArchiveContext::new(
            archive_spec(json!({})),
            AccountFacts { id: ACCOUNT.to_owned(), partition: Partition::Aws, organization: None, regions: Vec::new() },
        )
    }
}

fn bucket_policy(context: &ArchiveContext, observed: Option<&Statements>) -> Statements {
    BucketPolicy(context.clone()).desired(observed, &Seen::default())
}

fn key_policy(context: &ArchiveContext, observed: Option<&Statements>) -> Statements {
    KeyPolicy(context.clone()).desired(observed, &Seen::default())
}

/// What CloudTrail says when it works for a trail.
fn from(writer: &WriterStatus, organization: Option<&str>) -> Context {
    let account = writer.trail_arn.split(':').nth(4).unwrap();
    Context::default()
        .with("aws:SourceArn", &writer.trail_arn)
        .with("aws:SourceAccount", account)
        .with_some("aws:SourceOrgID", organization)
        .with("aws:SecureTransport", "true")
        .with("s3:x-amz-acl", "bucket-owner-full-control")
        .with("kms:EncryptionContext:aws:cloudtrail:arn", &writer.trail_arn)
}

fn allows(policy: &Value, action: &str, resource: &str, context: Context) -> bool {
    evaluate(policy, &Request { principal: Principal::Service(CLOUDTRAIL), action, resource: Some(resource), context }) == Decision::Allowed
}

/// Whether a trail may do all that it must.
fn may_write(bucket: &Statements, key: &Statements, writer: &WriterStatus, organization: Option<&str>) -> bool {
    let (bucket, key) = (bucket.document(), key.document());
    let account = writer.trail_arn.split(':').nth(4).unwrap();
    let root = if writer.key_prefix.is_empty() { String::new() } else { format!("{}/", writer.key_prefix) };
    let mut folders = vec![account.to_owned()];
    folders.extend(writer.organization_id.clone());
    let context = || from(writer, organization);
    folders.iter().all(|folder| {
        let object = format!("arn:aws:s3:::{BUCKET}/{root}AWSLogs/{folder}/CloudTrail/x");
        allows(&bucket, "s3:PutObject", &object, context())
    }) && allows(&bucket, "s3:GetBucketAcl", &format!("arn:aws:s3:::{BUCKET}"), context())
        && ["kms:GenerateDataKey", "kms:DescribeKey", "kms:Decrypt"].iter().all(|action| allows(&key, action, "k", context()))
}

/// Whether anything at all lets the trail write anywhere.
fn gets_in(bucket: &Statements, key: &Statements, stranger: &WriterStatus, organization: Option<&str>) -> bool {
    let context = || from(stranger, organization);
    let account = stranger.trail_arn.split(':').nth(4).unwrap();
    allows(&bucket.document(), "s3:PutObject", &format!("arn:aws:s3:::{BUCKET}/AWSLogs/{account}/x"), context())
        || allows(&bucket.document(), "s3:GetBucketAcl", &format!("arn:aws:s3:::{BUCKET}"), context())
        || allows(&key.document(), "kms:GenerateDataKey", "k", context())
}

fn holds(writers: Vec<WriterStatus>, form: PolicyForm, key_form: PolicyForm) {
    let organization = writers[0].account_organization.clone();
    let organization = organization.as_deref();
    let context = context(writers, &[]);
    let (bucket, key) = (bucket_policy(&context, None), key_policy(&context, None));
    assert_eq!((form_of(&bucket), form_of(&key)), (form, key_form), "{} and {} bytes", size(&bucket), size(&key));
    assert!(size(&bucket) <= 20_480 && size(&key) <= 32_768, "{} and {} bytes", size(&bucket), size(&key));
    for writer in context.writers.iter().step_by(1 + context.writers.len() / 40) {
        assert!(may_write(&bucket, &key, writer, organization), "{} is locked out by {form:?}", writer.trail_arn);
    }
    assert!(!gets_in(&bucket, &key, &writer("999999999999", "audit", "", None), Some("o-stranger")));
    // Read back, nothing differs.
    assert_eq!(bucket_policy(&context, Some(&bucket)), bucket);
    assert_eq!(key_policy(&context, Some(&key)), key);
}

#[test]
fn the_form_follows_the_number_of_trails() {
    let ours = Some("o-ours");
    holds(many(1, 1, ours), PolicyForm::PerTrail, PolicyForm::PerTrail);
    holds(many(20, 20, ours), PolicyForm::PerTrail, PolicyForm::PerTrail);
    holds(many(40, 4, ours), PolicyForm::Merged, PolicyForm::PerTrail);
    holds(many(60, 60, None), PolicyForm::Merged, PolicyForm::Merged);
    holds(many(100, 100, None), PolicyForm::PerAccount, PolicyForm::Merged);
    holds(many(400, 100, None), PolicyForm::PerAccount, PolicyForm::PerAccount);
    holds(many(400, 400, ours), PolicyForm::Organization, PolicyForm::PerAccount);
    holds(many(2000, 2000, ours), PolicyForm::Organization, PolicyForm::Organization);
}

#[test]
fn an_organization_trail_keeps_its_members_folder_in_every_form() {
    for (count, accounts, form) in
        [(1, 1, PolicyForm::PerTrail), (50, 5, PolicyForm::Merged), (300, 80, PolicyForm::PerAccount), (400, 400, PolicyForm::Organization)]
    {
        let mut writers = many(count, accounts, Some("o-ours"));
        writers[0].organization_id = Some("o-ours".to_owned());
        let context = context(writers, &[]);
        let (bucket, key) = (bucket_policy(&context, None), key_policy(&context, None));
        assert_eq!(form_of(&bucket), form);
        assert!(may_write(&bucket, &key, &context.writers[0], Some("o-ours")), "{form:?}");
        assert_eq!(bucket_policy(&context, Some(&bucket)), bucket);
    }
}

#[test]
fn a_trail_of_an_unknown_organization_comes_in_by_its_account() {
    let mut writers = many(400, 400, Some("o-ours"));
    writers.push(writer("888888888888", "lonely", "", None));
    let context = context(writers, &[]);
    let (bucket, key) = (bucket_policy(&context, None), key_policy(&context, None));
    assert_eq!(form_of(&bucket), PolicyForm::Organization);
    assert!(may_write(&bucket, &key, context.writers.last().unwrap(), None));
    assert!(may_write(&bucket, &key, &context.writers[0], Some("o-ours")));
}

#[test]
fn a_trail_that_nobody_knows_to_be_gone_keeps_its_place_in_every_form() {
    for (count, accounts) in [(2, 2), (50, 5), (300, 100)] {
        let all = many(count, accounts, None);
        let lost = all.last().unwrap().clone();
        let before = context(all.clone(), &[]);
        let (bucket, key) = (bucket_policy(&before, None), key_policy(&before, None));
        let without = context(all[..count - 1].to_vec(), &[]);
        let (kept, kept_key) = (bucket_policy(&without, Some(&bucket)), key_policy(&without, Some(&key)));
        assert!(may_write(&kept, &kept_key, &lost, None), "{count} trails, form {:?}", form_of(&bucket));
        // Growing into a more compact form, and shrinking out of it, loses nobody either.
        let grown = context(many(300, 100, None), &[]);
        assert!(may_write(&bucket_policy(&grown, Some(&kept)), &key_policy(&grown, Some(&kept_key)), &lost, None));
        let alone = context(all[..1].to_vec(), &[]);
        let (shrunk, shrunk_key) = (bucket_policy(&alone, Some(&kept)), key_policy(&alone, Some(&kept_key)));
        assert!(may_write(&shrunk, &shrunk_key, &lost, None), "{count} trails");
        assert_eq!(bucket_policy(&alone, Some(&shrunk)), shrunk, "it stays so");
    }
}

#[test]
fn a_trail_that_is_known_to_be_gone_loses_its_place() {
    for (count, accounts) in [(2, 2), (50, 50), (150, 150)] {
        let all = many(count, accounts, None);
        let lost = all.last().unwrap().clone();
        let before = context(all.clone(), &[]);
        let (bucket, key) = (bucket_policy(&before, None), key_policy(&before, None));
        let without = context(all[..count - 1].to_vec(), &[&lost.trail_arn]);
        let (kept, kept_key) = (bucket_policy(&without, Some(&bucket)), key_policy(&without, Some(&key)));
        assert!(!gets_in(&kept, &kept_key, &lost, None), "{count} trails, form {:?}", form_of(&bucket));
    }
}

#[test]
fn what_a_statement_with_our_name_lets_in_beside_cloudtrail_is_not_kept() {
    let mut observed = bucket_policy(&context(many(1, 1, None), &[]), None);
    let backdoor = json!({"Sid": "TrailkeeperBackdoor", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:cloudtrail:eu-central-1:999999999999:trail/x"}}});
    observed.0.extend(Statements::from_list([backdoor]).0);
    let desired = bucket_policy(&context(many(1, 1, None), &[]), Some(&observed));
    assert!(!desired.0.contains_key("TrailkeeperBackdoor"));
}

#[test]
fn more_trails_than_any_policy_can_let_in_is_said_so() {
    let writers = Writers { current: many(700, 700, None), gone: Vec::new() };
    let outcome = Memory::default().pass(&archive_subject(&archive_spec(json!({})), &writers));
    let failure = outcome.latest().unknown().unwrap();
    assert_eq!((failure.class, failure.code.as_str()), (ErrorClass::Quota, "PolicyTooLarge"));
    assert!(failure.message.contains("700 trails"), "{}", failure.message);
    assert!(!outcome.in_sync());
}

#[test]
fn one_write_leads_from_form_to_form() {
    let world = Memory::default();
    let archive = archive_of(archive_spec(json!({})));
    for count in [1, 60, 150] {
        let writers = Writers { current: many(count, count, None), gone: Vec::new() };
        let subject = subject_of_archive(&archive, &writers);
        let plan = world.assess(&subject).plan;
        assert_eq!(plan.iter().filter(|step| step.step.action() == "PutBucketPolicy").count(), 1);
        if count == 60 {
            let reason = &plan.iter().find(|step| step.facet == "bucketPolicy").unwrap().reason;
            assert!(reason.contains("form Merged") && reason.contains("AWS allows 20480"), "{reason}");
        }
        world.settle(&subject);
    }
}

fn any_writers() -> impl Strategy<Value = Vec<WriterStatus>> {
    let one = (0_usize..130, 0_usize..3, prop_oneof![Just(""), Just("a"), Just("b/c")], any::<bool>(), any::<bool>());
    prop::collection::vec(one, 1..200).prop_map(|all| {
        let all: BTreeSet<WriterStatus> = all
            .into_iter()
            .map(|(account, name, prefix, known, members)| WriterStatus {
                organization_id: (members && account == 0).then(|| "o-ours".to_owned()),
                ..writer(&account_number(account), &format!("t{name}"), prefix, known.then_some("o-ours"))
            })
            .collect();
        all.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_writer_gets_in_and_no_stranger(first in any_writers(), then in any_writers()) {
        let before = context(first.clone(), &[]);
        let (bucket, key) = (bucket_policy(&before, None), key_policy(&before, None));
        let after = context(then.clone(), &[]);
        let (next, next_key) = (bucket_policy(&after, Some(&bucket)), key_policy(&after, Some(&key)));
        for writer in &first {
            prop_assert!(may_write(&bucket, &key, writer, Some("o-ours")), "{writer:?}");
            // Where a trail that is still a writer may write is what it says now.
            let spoken_for = then.iter().any(|now| now.trail_arn == writer.trail_arn);
            prop_assert!(spoken_for || may_write(&next, &next_key, writer, Some("o-ours")), "{writer:?} was let in and is not known to be gone");
        }
        for writer in &then {
            prop_assert!(may_write(&next, &next_key, writer, Some("o-ours")), "{writer:?}");
        }
        prop_assert_eq!(&bucket_policy(&after, Some(&next)), &next);
        prop_assert_eq!(&key_policy(&after, Some(&next_key)), &next_key);
        prop_assert!(!gets_in(&next, &next_key, &writer("999999999999", "t0", "", None), Some("o-stranger")));
        prop_assert!(size(&bucket) <= 20_480 && size(&next_key) <= 32_768);
    }
}
