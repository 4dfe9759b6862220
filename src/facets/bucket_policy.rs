//! The bucket policy: lets in every writer, from its own trail only, and nobody without TLS.
//!
//! Statements as in the CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail", with `aws:SourceArn`; in a more
//! compact form where a central archive has more trails than fit (`policy_form`).

use super::bucket::Bucket;
use super::bucket_tags::BucketTags;
use super::context::ArchiveContext;
use super::grants::{Grant, OURS, Source, account_of, grants, sources};
use super::observed::{ErrorClass, Failure, Observed, Seen};
use super::policy_document::{Statements, short_hash};
use super::policy_form::{Shared, choose, explain, form_of, shared, size};
use super::read::{Read, S3Read};
use super::reader_policy::bucket_statements;
use super::rights::Rights;
use super::step::{S3Step, Step};
use super::tags::OwnerFacts;
use super::{Change, Facet};
use crate::api::log_archive::{ForeignStatements, PolicyForm};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// S3 User Guide, "Bucket policies for Amazon S3": 20 KB.
const LIMIT: usize = 20_480;

pub struct BucketPolicy(pub ArchiveContext);

impl BucketPolicy {
    /// The statements that do not depend on the writers.
    fn others(&self) -> Statements {
        let bucket = self.0.bucket_arn();
        let tls = self.0.spec.policy.require_tls.then(|| {
            json!({"Sid": "TrailkeeperTlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [bucket, format!("{bucket}/*")],
                   "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
        });
        Statements::from_list(bucket_statements(&self.0).into_iter().chain(tls))
    }

    fn grants(&self, observed: Option<&Statements>) -> BTreeSet<Grant> {
        let bucket = self.0.bucket_arn();
        grants(&self.0, observed, |statement| read_grants(&bucket, statement))
    }

    fn written(&self, form: PolicyForm, grants: &BTreeSet<Grant>, rest: &Statements) -> Statements {
        let bucket = self.0.bucket_arn();
        let mut statements = Statements::from_list(match form {
            PolicyForm::PerTrail => grants.iter().flat_map(|grant| trail_statements(&bucket, grant)).collect(),
            _ => shared_statements(&bucket, form, grants),
        });
        statements.0.extend(rest.0.clone());
        statements
    }

    fn chosen(&self, observed: Option<&Statements>, rest: &Statements) -> Statements {
        let grants = self.grants(observed);
        choose(&grants, LIMIT, |form| self.written(form, &grants, rest))
    }

    /// Why no policy can let all writers in, if none can.
    fn too_many(&self) -> Option<Failure> {
        let bytes = size(&self.chosen(None, &self.others()));
        (bytes > LIMIT).then(|| Failure {
            class: ErrorClass::Quota,
            operation: "s3:PutBucketPolicy".to_owned(),
            object: self.0.spec.bucket_name.clone(),
            account: self.0.account.id.clone(),
            region: self.0.spec.region.clone(),
            code: "PolicyTooLarge".to_owned(),
            message: format!(
                "{} trails and {} readers are to be let in, and even the smallest bucket policy that does so takes {bytes} bytes of the {LIMIT} that S3 allows",
                self.0.writers.len(),
                self.0.spec.readers.len()
            ),
        })
    }
}

fn allow(sid: &str, action: &str, resource: Value, condition: Value) -> Value {
    json!({"Sid": format!("{OURS}{sid}"), "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
           "Action": action, "Resource": resource, "Condition": {"StringEquals": condition}})
}

fn folder(bucket: &str, key_prefix: &str) -> String {
    if key_prefix.is_empty() { format!("{bucket}/AWSLogs") } else { format!("{bucket}/{key_prefix}/AWSLogs") }
}

/// The statements of one trail.
fn trail_statements(bucket: &str, grant: &Grant) -> Vec<Value> {
    let Source::Trail(arn) = &grant.source else { return Vec::new() };
    let id = short_hash(&format!("{arn} {}", grant.key_prefix));
    let folder = folder(bucket, &grant.key_prefix);
    let write = json!({"aws:SourceArn": arn, "s3:x-amz-acl": "bucket-owner-full-control"});
    let mut statements = vec![
        allow(&format!("AclCheck{id}"), "s3:GetBucketAcl", json!(bucket), json!({"aws:SourceArn": arn})),
        allow(&format!("Write{id}"), "s3:PutObject", json!(format!("{folder}/{}/*", account_of(arn))), write.clone()),
    ];
    let members = |id_of: &String| allow(&format!("OrganizationWrite{id}"), "s3:PutObject", json!(format!("{folder}/{id_of}/*")), write);
    statements.extend(grant.members_of.as_ref().map(members));
    statements
}

/// What one shared statement holds: the values of its condition, and its resources.
#[derive(Default)]
struct Lists {
    sources: BTreeSet<String>,
    resources: BTreeSet<String>,
}

/// Statements that trails share. CloudTrail itself writes into its caller's folder only, whoever else's the statement names.
fn shared_statements(bucket: &str, form: PolicyForm, grants: &BTreeSet<Grant>) -> Vec<Value> {
    let mut statements = Vec::new();
    for kind in Shared::ALL {
        let (mut own, mut members) = (Lists::default(), Lists::default());
        for grant in grants {
            let (shared, source) = shared(form, grant);
            if shared != kind {
                continue;
            }
            let folder = folder(bucket, &grant.key_prefix);
            own.sources.insert(source.clone());
            if kind == Shared::Organizations {
                own.resources.insert(format!("{folder}/*"));
                continue;
            }
            own.resources.insert(format!("{folder}/{}/*", grant.source.account().unwrap_or_default()));
            if let Some(id) = &grant.members_of {
                members.sources.insert(source);
                members.resources.insert(format!("{folder}/{id}/*"));
            }
        }
        let (key, sid) = (kind.condition_key(), kind.sid());
        let write = |name: &str, lists: Lists| {
            let condition = json!({key: lists.sources, "s3:x-amz-acl": "bucket-owner-full-control"});
            (!lists.sources.is_empty()).then(|| allow(&format!("{name}{sid}"), "s3:PutObject", json!(lists.resources), condition))
        };
        if !own.sources.is_empty() {
            statements.push(allow(&format!("AclCheck{sid}"), "s3:GetBucketAcl", json!(bucket), json!({key: own.sources})));
        }
        statements.extend(write("Write", own));
        statements.extend(write("OrganizationWrite", members));
    }
    statements
}

/// The grants that a statement of ours makes.
fn read_grants(bucket: &str, statement: &Value) -> Vec<Grant> {
    let resources = statement.get("Resource").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let places: Vec<(String, String)> = resources.filter_map(|resource| place(bucket, resource)).collect();
    let mut found = Vec::new();
    for source in sources(statement, "s3:PutObject") {
        for (key_prefix, whose) in &places {
            let members_of = whose.starts_with("o-").then(|| whose.clone());
            // The folder of another account, beside this one's in a shared statement.
            let strangers = members_of.is_none() && source.account().is_some_and(|account| account != whose);
            if !strangers {
                found.push(Grant { source: source.clone(), key_prefix: key_prefix.clone(), members_of, organization: None });
            }
        }
    }
    found
}

/// Key prefix, and account or organization (empty: all), of a resource that the writers' statements name.
fn place(bucket: &str, resource: &str) -> Option<(String, String)> {
    let path = resource.strip_prefix(bucket)?.strip_prefix('/')?.strip_suffix("/*")?;
    let (before, whose) = match path.strip_suffix("AWSLogs") {
        Some(before) => (before, ""),
        None => {
            let (root, whose) = path.rsplit_once('/')?;
            (root.strip_suffix("AWSLogs")?, whose)
        }
    };
    let key_prefix = if before.is_empty() { "" } else { before.strip_suffix('/')? };
    Some((key_prefix.to_owned(), whose.to_owned()))
}

/// Statements that are not ours, where they are kept.
pub(super) fn foreign(observed: Option<&Statements>, keep: bool) -> Statements {
    let theirs = observed.map(|statements| &statements.0).into_iter().flatten().filter(|(sid, _)| keep && !sid.starts_with(OURS));
    Statements(theirs.map(|(sid, statement)| (sid.clone(), statement.clone())).collect())
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

    fn source(&self, seen: &Seen) -> super::Source {
        if let Some(why) = self.too_many() {
            return super::Source::Inferred(Observed::Unknown(why));
        }
        super::Source::ask_below(seen, Bucket::NAME, || Read::S3(S3Read::BucketPolicy { bucket: self.0.spec.bucket_name.clone() }))
    }

    fn desired(&self, observed: Option<&Statements>, seen: &Seen) -> Statements {
        let found = seen.facts::<OwnerFacts>(BucketTags::NAME).is_some_and(|facts| self.0.found(Bucket::NOUN, &facts));
        let mut rest = foreign(observed, keeps_foreign(self.0.spec.policy.foreign_statements, found));
        rest.0.extend(self.others().0);
        self.chosen(observed, &rest)
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
        let rights = Rights::on(&self.0.bucket_arn(), &["s3:GetBucketPolicy"], &["s3:PutBucketPolicy"]);
        // With the TLS statement there always is a policy.
        if self.0.spec.policy.require_tls { rights } else { rights.writing(&self.0.bucket_arn(), &["s3:DeleteBucketPolicy"]) }
    }

    fn reason(&self, change: &Change<'_, Statements>) -> String {
        let grants = self.grants(change.observed);
        let per_trail = size(&self.written(PolicyForm::PerTrail, &grants, &self.others()));
        let why = explain(form_of(change.desired), per_trail, LIMIT);
        format!("{}{why}", super::summary(Self::NAME, change.observed.is_none(), change.differences))
    }
}
