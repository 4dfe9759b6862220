//! The key policy: CloudTrail may encrypt for every writer's trail, and the account keeps the key administrable.
//!
//! Statements as in the CloudTrail User Guide, "Configure AWS KMS key policies for CloudTrail".

use super::bucket_policy::{OURS, keeps_foreign, merge};
use super::context::ArchiveContext;
use super::key::{Key, KeyFacts};
use super::observed::{Observed, Reading, Seen};
use super::policy_document::{Statements, short_hash};
use super::read::{KmsRead, Read};
use super::rights::Rights;
use super::step::{KmsStep, Step};
use super::tags::OwnerFacts;
use super::{Change, Facet, Source};
use crate::api::log_archive::WriterStatus;
use serde_json::{Value, json};

pub struct KeyPolicy(pub ArchiveContext);

impl KeyPolicy {
    fn own_statements(&self) -> Statements {
        let ArchiveContext { account, writers, .. } = &self.0;
        let partition = account.partition.as_str();
        let base = [
            json!({"Sid": "TrailkeeperAccountAdministration", "Effect": "Allow", "Principal": {"AWS": format!("arn:{partition}:iam::{}:root", account.id)}, "Action": "kms:*", "Resource": "*"}),
            // Needed with an S3 Bucket Key.
            json!({"Sid": "TrailkeeperDecrypt", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "kms:Decrypt", "Resource": "*"}),
        ];
        Statements::from_list(base.into_iter().chain(writers.iter().flat_map(|writer| writer_statements(partition, writer))))
    }
}

fn writer_statements(partition: &str, writer: &WriterStatus) -> [Value; 2] {
    let arn = &writer.trail_arn;
    let account = arn.split(':').nth(4).unwrap_or_default();
    let id = short_hash(arn);
    let context = json!({"kms:EncryptionContext:aws:cloudtrail:arn": format!("arn:{partition}:cloudtrail:*:{account}:trail/*")});
    let allow = |sid: &str, action: &str, condition: Value| json!({"Sid": format!("{OURS}{sid}{id}"), "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": action, "Resource": "*", "Condition": condition});
    [
        allow("Encrypt", "kms:GenerateDataKey*", json!({"StringEquals": {"aws:SourceArn": arn}, "StringLike": context})),
        allow("Describe", "kms:DescribeKey", json!({"StringEquals": {"aws:SourceArn": arn}})),
    ]
}

impl Facet for KeyPolicy {
    const NAME: &'static str = "keyPolicy";
    type State = Statements;

    fn source(&self, seen: &Seen) -> Source {
        match seen.get(Key::NAME) {
            // CreateKey sets the policy.
            Some(Observed::Absent) => Source::Inferred(Observed::Present(Reading::state(&self.desired(None, seen)))),
            _ => Source::ask_below(seen, Key::NAME, || Read::Kms(KmsRead::KeyPolicy { key: Key::arn(seen) })),
        }
    }

    fn desired(&self, observed: Option<&Statements>, seen: &Seen) -> Statements {
        let found = seen.facts::<KeyFacts>(Key::NAME).is_some_and(|facts| self.0.found(Key::NOUN, &OwnerFacts::of(&facts.tags)));
        merge(self.own_statements(), observed, keeps_foreign(self.0.spec.policy.foreign_statements, found), &self.0)
    }

    fn steps(&self, change: &Change<'_, Statements>) -> Vec<Step> {
        vec![Step::Kms(KmsStep::PutKeyPolicy { key: Key::reference(change.seen), policy: change.desired.document() })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.key_resource(), &["kms:GetKeyPolicy"], &["kms:PutKeyPolicy"])
    }
}
