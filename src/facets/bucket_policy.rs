//! The bucket policy: lets in every writer, from its own trail only, and nobody without TLS.
//!
//! Statements as in the CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail", with `aws:SourceArn`.

use super::bucket::Bucket;
use super::bucket_tags::BucketTags;
use super::context::ArchiveContext;
use super::observed::Seen;
use super::policy_document::{Statements, short_hash, source_arn};
use super::read::{Read, S3Read};
use super::rights::Rights;
use super::step::{S3Step, Step};
use super::tags::OwnerFacts;
use super::{Change, Facet, Source};
use crate::api::log_archive::{ForeignStatements, WriterStatus};
use serde_json::{Value, json};

/// Every statement of ours has a Sid that begins so.
pub(super) const OURS: &str = "Trailkeeper";

pub struct BucketPolicy(pub ArchiveContext);

impl BucketPolicy {
    fn own_statements(&self) -> Statements {
        let bucket = self.0.bucket_arn();
        let tls = self.0.spec.policy.require_tls.then(|| {
            json!({"Sid": "TrailkeeperTlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [bucket, format!("{bucket}/*")],
                   "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
        });
        Statements::from_list(self.0.writers.iter().flat_map(|writer| writer_statements(&bucket, writer)).chain(tls))
    }
}

fn writer_statements(bucket: &str, writer: &WriterStatus) -> Vec<Value> {
    let WriterStatus { trail_arn, key_prefix, organization_id, .. } = writer;
    let id = short_hash(&format!("{trail_arn} {key_prefix}"));
    let account = trail_arn.split(':').nth(4).unwrap_or_default();
    let folder = if key_prefix.is_empty() { format!("{bucket}/AWSLogs") } else { format!("{bucket}/{key_prefix}/AWSLogs") };
    let allow = |sid: &str, action: &str, resource: String, condition: Value| {
        json!({"Sid": format!("{OURS}{sid}{id}"), "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
               "Action": action, "Resource": resource, "Condition": {"StringEquals": condition}})
    };
    let from_trail = json!({"aws:SourceArn": trail_arn});
    let write = json!({"aws:SourceArn": trail_arn, "s3:x-amz-acl": "bucket-owner-full-control"});
    let mut statements = vec![
        allow("AclCheck", "s3:GetBucketAcl", bucket.to_owned(), from_trail),
        allow("Write", "s3:PutObject", format!("{folder}/{account}/*"), write.clone()),
    ];
    statements.extend(organization_id.as_ref().map(|id| allow("OrganizationWrite", "s3:PutObject", format!("{folder}/{id}/*"), write)));
    statements
}

/// `own`, and of the statements there are those that must stay: others' where they are kept, and those of trails that
/// are neither a writer now nor known to be gone, which may be logging still.
pub(super) fn merge(own: Statements, observed: Option<&Statements>, keep_foreign: bool, context: &ArchiveContext) -> Statements {
    let mut merged = own;
    for (sid, statement) in observed.map(|statements| &statements.0).into_iter().flatten() {
        let keep = if !sid.starts_with(OURS) {
            keep_foreign
        } else {
            source_arn(statement).is_some_and(|arn| {
                !context.gone.iter().any(|gone| gone == arn) && !context.writers.iter().any(|writer| writer.trail_arn == arn)
            })
        };
        if keep && !merged.0.contains_key(sid) {
            merged.0.insert(sid.clone(), statement.clone());
        }
    }
    merged
}

/// Whether others' statements stay, by the spec and by whether the resource was there before us.
pub(super) fn keeps_foreign(rule: ForeignStatements, found_by_us: bool) -> bool {
    match rule {
        ForeignStatements::KeepIfAdopted => found_by_us,
        ForeignStatements::Keep => true,
        ForeignStatements::Remove => false,
    }
}

impl Facet for BucketPolicy {
    const NAME: &'static str = "bucketPolicy";
    type State = Statements;
    const NEEDS: &'static [&'static str] = &[BucketTags::NAME];

    fn source(&self, seen: &Seen) -> Source {
        Source::ask_below(seen, Bucket::NAME, || Read::S3(S3Read::BucketPolicy { bucket: self.0.spec.bucket_name.clone() }))
    }

    fn desired(&self, observed: Option<&Statements>, seen: &Seen) -> Statements {
        let found = seen.facts::<OwnerFacts>(BucketTags::NAME).is_some_and(|facts| self.0.found(Bucket::NOUN, &facts));
        merge(self.own_statements(), observed, keeps_foreign(self.0.spec.policy.foreign_statements, found), &self.0)
    }

    /// S3 takes no policy without statements: where none is wanted, there is to be no policy.
    fn steps(&self, change: &Change<'_, Statements>) -> Vec<Step> {
        let bucket = self.0.spec.bucket_name.clone();
        match (change.desired.0.is_empty(), change.observed) {
            (false, _) => vec![Step::S3(S3Step::PutBucketPolicy { bucket, policy: change.desired.document() })],
            (true, Some(_)) => vec![Step::S3(S3Step::DeleteBucketPolicy { bucket })],
            (true, None) => Vec::new(),
        }
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.bucket_arn(), &["s3:GetBucketPolicy"], &["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"])
    }
}
