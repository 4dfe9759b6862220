//! IAM: reads and writes of roles.

use super::{Cloud, unanswered};
use crate::engine::Produced;
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::policy_document::Statements;
use crate::facets::read::IamRead;
use crate::facets::reader_roles::ReaderRoleFacts;
use crate::facets::role::RoleState;
use crate::facets::step::{AFTER_APPLY, IamStep};
use crate::facets::tags::{OwnerFacts, Tags, users};
use aws_sdk_iam::types as sdk;
use std::collections::BTreeMap;

impl Cloud {
    pub(super) async fn read_iam(&self, read: &IamRead) -> Answer {
        match read {
            IamRead::Role { role, policy_name } => match self.role(role, policy_name).await {
                Ok((state, owner, _)) => Observed::Present(Reading::new(&state, &owner)),
                Err(failure) => unanswered(failure),
            },
            IamRead::Roles { roles, policy_name, owner } => self.roles(roles, policy_name, owner).await,
        }
    }

    /// Those of the roles that exist, by our names for them.
    async fn roles(&self, roles: &BTreeMap<String, String>, policy_name: &str, owner: &str) -> Answer {
        let mut found = BTreeMap::new();
        let mut facts = ReaderRoleFacts { owner: Some(owner.to_owned()), ..ReaderRoleFacts::default() };
        for (name, role) in roles {
            match self.role(role, policy_name).await {
                Ok((state, marks, arn)) => {
                    if marks.owner.as_deref() != Some(owner) && facts.unmarked.is_none() {
                        facts.owner = marks.owner;
                        facts.unmarked = Some(role.clone());
                    }
                    facts.adopted |= marks.adopted;
                    facts.arns.insert(name.clone(), arn);
                    found.insert(name.clone(), state);
                }
                Err(failure) if failure.class == ErrorClass::NotFound => {}
                Err(failure) => return Observed::Unknown(failure),
            }
        }
        if found.is_empty() { Observed::Absent } else { Observed::Present(Reading::new(&found, &facts)) }
    }

    async fn role(&self, role: &str, policy_name: &str) -> Result<(RoleState, OwnerFacts, String), Failure> {
        let client = self.session.iam();
        let found = self.call("iam:GetRole", role, client.get_role().role_name(role).send()).await?.role;
        let tags: Tags = found.iter().flat_map(sdk::Role::tags).map(|tag| (tag.key.clone(), tag.value.clone())).collect();
        let arn = found.as_ref().map(|role| role.arn.clone()).unwrap_or_default();
        let trust = found.and_then(|role| role.assume_role_policy_document).unwrap_or_default();
        let request = client.get_role_policy().role_name(role).policy_name(policy_name);
        let policy = match self.call("iam:GetRolePolicy", role, request.send()).await {
            Ok(answer) => self.decoded("iam:GetRolePolicy", role, &answer.policy_document)?,
            Err(failure) if failure.class == ErrorClass::NotFound => Statements::default(),
            Err(failure) => return Err(failure),
        };
        let state = RoleState { trust: self.decoded("iam:GetRole", role, &trust)?, policy, tags: users(&tags) };
        Ok((state, OwnerFacts::of(&tags), arn))
    }

    /// IAM answers documents URL-encoded (RFC 3986).
    pub(super) fn decoded(&self, operation: &str, role: &str, document: &str) -> Result<Statements, Failure> {
        let decoded = percent_encoding::percent_decode_str(document).decode_utf8_lossy();
        Statements::parse(&decoded).map_err(|error| self.unbuildable(operation, role, &error))
    }

    pub(super) async fn write_iam(&self, step: &IamStep, produced: &Produced) -> Result<(), Failure> {
        let client = self.session.iam();
        match step {
            IamStep::CreateRole { role, description, trust, tags } => {
                let tags = self.role_tags("iam:CreateRole", role, tags)?;
                let request = client.create_role().role_name(role).description(description).set_tags(Some(tags));
                self.call("iam:CreateRole", role, request.assume_role_policy_document(trust.to_string()).send()).await.map(drop)
            }
            IamStep::UpdateAssumeRolePolicy { role, trust } => {
                let request = client.update_assume_role_policy().role_name(role).policy_document(trust.to_string());
                self.call("iam:UpdateAssumeRolePolicy", role, request.send()).await.map(drop)
            }
            IamStep::PutRolePolicy { role, policy_name, policy } => {
                // A key that a step before made has its ARN only now.
                let policy = match &produced.key_arn {
                    Some(arn) => policy.to_string().replace(AFTER_APPLY, arn),
                    None => policy.to_string(),
                };
                let request = client.put_role_policy().role_name(role).policy_name(policy_name).policy_document(policy);
                self.call("iam:PutRolePolicy", role, request.send()).await.map(drop)
            }
            IamStep::TagRole { role, tags } => {
                let tags = self.role_tags("iam:TagRole", role, tags)?;
                self.call("iam:TagRole", role, client.tag_role().role_name(role).set_tags(Some(tags)).send()).await.map(drop)
            }
            IamStep::UntagRole { role, tag_keys } => {
                let request = client.untag_role().role_name(role).set_tag_keys(Some(tag_keys.clone()));
                self.call("iam:UntagRole", role, request.send()).await.map(drop)
            }
            IamStep::DeleteRolePolicy { role, policy_name } => {
                let request = client.delete_role_policy().role_name(role).policy_name(policy_name);
                match self.call("iam:DeleteRolePolicy", role, request.send()).await {
                    Err(failure) if failure.class == ErrorClass::NotFound => Ok(()),
                    result => result.map(drop),
                }
            }
            IamStep::DeleteRole { role } => self.call("iam:DeleteRole", role, client.delete_role().role_name(role).send()).await.map(drop),
        }
    }

    fn role_tags(&self, operation: &str, role: &str, tags: &Tags) -> Result<Vec<sdk::Tag>, Failure> {
        tags.iter()
            .map(|(key, value)| sdk::Tag::builder().key(key).value(value).build())
            .collect::<Result<_, _>>()
            .map_err(|error| self.unbuildable(operation, role, &error))
    }
}
