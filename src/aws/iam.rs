//! IAM: reads and writes of roles.

use super::{Cloud, unanswered};
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::policy_document::Statements;
use crate::facets::read::IamRead;
use crate::facets::role::RoleState;
use crate::facets::step::IamStep;
use crate::facets::tags::{OwnerFacts, Tags, users};
use aws_sdk_iam::types as sdk;

impl Cloud {
    pub(super) async fn read_iam(&self, read: &IamRead) -> Answer {
        match read {
            IamRead::Role { role, policy_name } => match self.role(role, policy_name).await {
                Ok((state, owner)) => Observed::Present(Reading::new(&state, &owner)),
                Err(failure) => unanswered(failure),
            },
        }
    }

    async fn role(&self, role: &str, policy_name: &str) -> Result<(RoleState, OwnerFacts), Failure> {
        let client = self.session.iam();
        let found = self.call("iam:GetRole", role, client.get_role().role_name(role).send()).await?.role;
        let tags: Tags = found.iter().flat_map(sdk::Role::tags).map(|tag| (tag.key.clone(), tag.value.clone())).collect();
        let trust = found.and_then(|role| role.assume_role_policy_document).unwrap_or_default();
        let request = client.get_role_policy().role_name(role).policy_name(policy_name);
        let policy = match self.call("iam:GetRolePolicy", role, request.send()).await {
            Ok(answer) => self.decoded("iam:GetRolePolicy", role, &answer.policy_document)?,
            Err(failure) if failure.class == ErrorClass::NotFound => Statements::default(),
            Err(failure) => return Err(failure),
        };
        let state = RoleState { trust: self.decoded("iam:GetRole", role, &trust)?, policy, tags: users(&tags) };
        Ok((state, OwnerFacts::of(&tags)))
    }

    /// IAM answers documents URL-encoded (RFC 3986).
    fn decoded(&self, operation: &str, role: &str, document: &str) -> Result<Statements, Failure> {
        let decoded = percent_encoding::percent_decode_str(document).decode_utf8_lossy();
        Statements::parse(&decoded).map_err(|error| self.unbuildable(operation, role, &error))
    }

    pub(super) async fn write_iam(&self, step: &IamStep) -> Result<(), Failure> {
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
                let request = client.put_role_policy().role_name(role).policy_name(policy_name).policy_document(policy.to_string());
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
