//! The roles of an archive's readers: one for each reader that assumes one, all of them one facet by the readers' names.

use super::bucket_encryption::kms_key;
use super::context::ArchiveContext;
use super::key::Key;
use super::new_files::Chain;
use super::observed::Seen;
use super::policy_document::{Statements, short_hash};
use super::read::{IamRead, Read};
use super::reader_policy::{principal_arn, role_statements};
use super::rights::Rights;
use super::role::{POLICY_NAME, Role, RolePurpose, RoleState};
use super::step::{IamStep, Step};
use super::tags::Tags;
use super::{Change, Facet, Resource, Source};
use crate::api::hand_over::{Reader, ReaderRole};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// What was read along: whose the roles are, taken together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReaderRoleFacts {
    /// Ours where all are; else that of the first that is not.
    pub owner: Option<String>,
    pub adopted: bool,
    /// The first role that does not carry our mark.
    pub unmarked: Option<String>,
    /// By reader.
    pub arns: BTreeMap<String, String>,
}

struct OneReader;

impl RolePurpose for OneReader {
    const NAME: &'static str = ReaderRoles::NAME;
    const NOUN: &'static str = ReaderRoles::NOUN;
}

pub struct ReaderRoles(pub ArchiveContext);

impl ReaderRoles {
    pub const NOUN: &'static str = "reader roles";

    /// Whether there is, or was, a reader with a role.
    pub fn concern(context: &ArchiveContext) -> bool {
        !context.former_readers.is_empty() || context.spec.readers.iter().any(|reader| reader.role.is_some())
    }

    /// Name of a reader's role, derived so that a pass that was cut off finds it again.
    pub fn role_name(owner: &str, reader: &str) -> String {
        format!("trailkeeper-{reader}-{}", short_hash(owner))
    }

    pub fn role_arn(context: &ArchiveContext, reader: &str) -> String {
        let account = &context.account;
        format!("arn:{}:iam::{}:role/{}", account.partition.as_str(), account.id, Self::role_name(&context.owner, reader))
    }

    pub fn external_id(context: &ArchiveContext, reader: &str, role: &ReaderRole) -> String {
        role.external_id.clone().unwrap_or_else(|| format!("trailkeeper-{}", short_hash(&format!("{} {reader}", context.owner))))
    }

    /// The external id that a role asks for.
    pub fn external_id_in(role: &RoleState) -> Option<String> {
        let statements = role.trust.0.values();
        let mut given = statements.filter_map(|statement| statement.pointer("/Condition/StringEquals/sts:ExternalId/0")?.as_str());
        given.next().map(str::to_owned)
    }

    fn names(&self) -> BTreeMap<String, String> {
        let readers = self.0.spec.readers.iter().filter(|reader| reader.role.is_some()).map(|reader| &reader.name);
        readers.chain(&self.0.former_readers).map(|reader| (reader.clone(), Self::role_name(&self.0.owner, reader))).collect()
    }

    fn role(&self, reader: &Reader, role: &ReaderRole, seen: &Seen) -> Role<OneReader> {
        let context = &self.0;
        let trusted = principal_arn(context.account.partition.as_str(), &role.trusted_principal);
        let external_id = Self::external_id(context, &reader.name, role);
        let trust = json!({"Sid": "TrailkeeperReader", "Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}}});
        let key = kms_key(context, seen);
        let receiving = Chain::of(context).map(|chain| chain.role_statements(&key)).unwrap_or_default();
        let rights = role_statements(&context.bucket_arn(), &reader.prefix, &key).into_iter().chain(receiving);
        Role {
            name: Self::role_name(&context.owner, &reader.name),
            arn: Self::role_arn(context, &reader.name),
            description: format!("Reads the audit logs in {}, for {}", context.spec.bucket_name, reader.name),
            trust: Statements::from_list([trust]),
            policy: Statements::from_list(rights),
            tags: context.spec.tags.clone(),
            owner: context.owner.clone(),
            purpose: PhantomData,
        }
    }

    fn roles(&self, seen: &Seen) -> BTreeMap<String, Role<OneReader>> {
        let readers = self.0.spec.readers.iter();
        readers.filter_map(|reader| Some((reader.name.clone(), self.role(reader, reader.role.as_ref()?, seen)))).collect()
    }

    fn removing(&self, reader: &str) -> [Step; 2] {
        let role = Self::role_name(&self.0.owner, reader);
        [
            Step::Iam(IamStep::DeleteRolePolicy { role: role.clone(), policy_name: POLICY_NAME.to_owned() }),
            Step::Iam(IamStep::DeleteRole { role }),
        ]
    }
}

impl Facet for ReaderRoles {
    const NAME: &'static str = "readerRoles";
    type State = BTreeMap<String, RoleState>;
    const NEEDS: &'static [&'static str] = &[Key::NAME];

    fn source(&self, _seen: &Seen) -> Source {
        let policy_name = POLICY_NAME.to_owned();
        Source::Ask(Read::Iam(IamRead::Roles { roles: self.names(), policy_name, owner: self.0.owner.clone() }))
    }

    fn desired(&self, _observed: Option<&Self::State>, seen: &Seen) -> Self::State {
        self.roles(seen).into_iter().map(|(reader, role)| (reader, role.desired(None, seen))).collect()
    }

    fn wanted(&self) -> bool {
        self.0.spec.readers.iter().any(|reader| reader.role.is_some())
    }

    /// A role whose reader is gone from the spec goes too: who may not read any more has nothing to assume.
    fn steps(&self, change: &Change<'_, Self::State>) -> Vec<Step> {
        let nothing = Self::State::new();
        let observed = change.observed.unwrap_or(&nothing);
        let mut steps = Vec::new();
        for (reader, role) in self.roles(change.seen) {
            let Some(desired) = change.desired.get(&reader) else { continue };
            let there = observed.get(&reader);
            if there != Some(desired) {
                steps.extend(role.steps(&Change { desired, observed: there, differences: change.differences, seen: change.seen }));
            }
        }
        steps.extend(observed.keys().filter(|reader| !change.desired.contains_key(*reader)).flat_map(|reader| self.removing(reader)));
        steps
    }

    fn removal(&self, observed: &Self::State, _seen: &Seen) -> Vec<Step> {
        observed.keys().flat_map(|reader| self.removing(reader)).collect()
    }

    fn rights(&self) -> Rights {
        let account = &self.0.account;
        let ours = format!("arn:{}:iam::{}:role/trailkeeper-*-{}", account.partition.as_str(), account.id, short_hash(&self.0.owner));
        let writes = [
            "iam:CreateRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:DeleteRolePolicy",
            "iam:DeleteRole",
        ];
        Rights::on(&ours, &["iam:GetRole", "iam:GetRolePolicy"], &writes)
    }
}

impl Resource for ReaderRoles {
    fn noun(&self) -> &'static str {
        Self::NOUN
    }
    fn id(&self) -> String {
        self.names().into_values().collect::<Vec<_>>().join(", ")
    }
    fn root(&self) -> &'static str {
        Self::NAME
    }
    fn tags(&self) -> &'static str {
        Self::NAME
    }
    /// One role at a time: the next pass finds the next.
    fn claim(&self, seen: &Seen, marks: Tags) -> Option<Step> {
        let facts: ReaderRoleFacts = seen.facts(Self::NAME).unwrap_or_default();
        Some(Step::Iam(IamStep::TagRole { role: facts.unmarked.unwrap_or_default(), tags: marks }))
    }
    fn delete(&self, seen: &Seen) -> Vec<Step> {
        let there: <Self as Facet>::State = seen.state(Self::NAME).unwrap_or_default();
        there.keys().flat_map(|reader| self.removing(reader)).collect()
    }
}
