//! The key policy: CloudTrail may encrypt for every writer's trail, and the account keeps the key administrable.
//!
//! Statements as in the CloudTrail User Guide, "Configure AWS KMS key policies for CloudTrail".

use super::bucket_policy::{foreign, keeps_foreign};
use super::context::ArchiveContext;
use super::grants::{Grant, OURS, Source, account_of, grants, sources};
use super::key::{Key, KeyFacts};
use super::new_files::Chain;
use super::observed::{Observed, Reading, Seen};
use super::policy_document::{Statements, short_hash};
use super::policy_form::{Shared, choose, explain, form_of, shared, size};
use super::read::{KmsRead, Read};
use super::reader_policy::key_statements;
use super::rights::Rights;
use super::step::{KmsStep, Step};
use super::tags::OwnerFacts;
use super::{Change, Facet};
use crate::api::log_archive::PolicyForm;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// KMS API Reference, "PutKeyPolicy": 32 KB.
const LIMIT: usize = 32_768;

const ENCRYPT: &str = "kms:GenerateDataKey*";

pub struct KeyPolicy(pub ArchiveContext);

impl KeyPolicy {
    /// The statements that do not depend on the writers.
    fn others(&self) -> Statements {
        let account = &self.0.account;
        let root = format!("arn:{}:iam::{}:root", account.partition.as_str(), account.id);
        let base = [
            json!({"Sid": "TrailkeeperAccountAdministration", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}),
            // Needed with an S3 Bucket Key.
            json!({"Sid": "TrailkeeperDecrypt", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "kms:Decrypt", "Resource": "*"}),
        ];
        let notices = Chain::of(&self.0).map(|chain| chain.key_statements(&self.0)).unwrap_or_default();
        Statements::from_list(base.into_iter().chain(key_statements(&self.0)).chain(notices))
    }

    fn grants(&self, observed: Option<&Statements>) -> BTreeSet<Grant> {
        let of = |source| Grant { source, key_prefix: String::new(), members_of: None, organization: None };
        let mut all = grants(&self.0, observed, |statement| sources(statement, ENCRYPT).into_iter().map(of).collect());
        // Where a trail writes makes no difference to its key.
        all = all.into_iter().map(|grant| Grant { organization: grant.organization.clone(), ..of(grant.source) }).collect();
        all
    }

    fn written(&self, form: PolicyForm, grants: &BTreeSet<Grant>, rest: &Statements) -> Statements {
        let partition = self.0.account.partition.as_str();
        let mut statements = Statements::from_list(match form {
            PolicyForm::PerTrail => grants.iter().flat_map(|grant| trail_statements(partition, grant)).collect(),
            _ => shared_statements(partition, form, grants),
        });
        statements.0.extend(rest.0.clone());
        statements
    }
}

fn allow(sid: &str, action: &str, condition: Value) -> Value {
    json!({"Sid": format!("{OURS}{sid}"), "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": action, "Resource": "*", "Condition": condition})
}

/// CloudTrail names the trail in the encryption context; `account` may be `*`.
fn encrypt(sid: &str, partition: &str, account: &str, from: Value) -> Value {
    let context = json!({"kms:EncryptionContext:aws:cloudtrail:arn": format!("arn:{partition}:cloudtrail:*:{account}:trail/*")});
    allow(sid, ENCRYPT, json!({"StringEquals": from, "StringLike": context}))
}

/// The statements of one trail.
fn trail_statements(partition: &str, grant: &Grant) -> Vec<Value> {
    let Source::Trail(arn) = &grant.source else { return Vec::new() };
    let (id, from) = (short_hash(arn), json!({"aws:SourceArn": arn}));
    vec![
        encrypt(&format!("Encrypt{id}"), partition, account_of(arn), from.clone()),
        allow(&format!("Describe{id}"), "kms:DescribeKey", json!({"StringEquals": from})),
    ]
}

/// Statements that trails share.
fn shared_statements(partition: &str, form: PolicyForm, grants: &BTreeSet<Grant>) -> Vec<Value> {
    let mut statements = Vec::new();
    for kind in Shared::ALL {
        let of_kind = grants.iter().map(|grant| shared(form, grant)).filter(|(shared, _)| *shared == kind);
        let values: BTreeSet<String> = of_kind.map(|(_, value)| value).collect();
        if values.is_empty() {
            continue;
        }
        let (sid, from) = (kind.sid(), json!({kind.condition_key(): values}));
        statements.push(encrypt(&format!("Encrypt{sid}"), partition, "*", from.clone()));
        statements.push(allow(&format!("Describe{sid}"), "kms:DescribeKey", json!({"StringEquals": from})));
    }
    statements
}

impl Facet for KeyPolicy {
    const NAME: &'static str = "keyPolicy";
    type State = Statements;

    fn source(&self, seen: &Seen) -> super::Source {
        match seen.get(Key::NAME) {
            // CreateKey sets the policy.
            Some(Observed::Absent) => super::Source::Inferred(Observed::Present(Reading::state(&self.desired(None, seen)))),
            _ => super::Source::ask_below(seen, Key::NAME, || Read::Kms(KmsRead::KeyPolicy { key: Key::arn(seen) })),
        }
    }

    fn desired(&self, observed: Option<&Statements>, seen: &Seen) -> Statements {
        let found = seen.facts::<KeyFacts>(Key::NAME).is_some_and(|facts| self.0.found(Key::NOUN, &OwnerFacts::of(&facts.tags)));
        let mut rest = foreign(observed, keeps_foreign(self.0.spec.policy.foreign_statements, found));
        rest.0.extend(self.others().0);
        let grants = self.grants(observed);
        choose(&grants, LIMIT, |form| self.written(form, &grants, &rest))
    }

    fn steps(&self, change: &Change<'_, Statements>) -> Vec<Step> {
        vec![Step::Kms(KmsStep::PutKeyPolicy { key: Key::reference(change.seen), policy: change.desired.document() })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.key_resource(), &["kms:GetKeyPolicy"], &["kms:PutKeyPolicy"])
    }

    fn reason(&self, change: &Change<'_, Statements>) -> String {
        let per_trail = size(&self.written(PolicyForm::PerTrail, &self.grants(change.observed), &self.others()));
        let why = explain(form_of(change.desired), per_trail, LIMIT);
        format!("{}{why}", super::summary(Self::NAME, change.observed.is_none(), change.differences))
    }
}
