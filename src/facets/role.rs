//! An IAM role of ours: whom it trusts, what it may do, whose it is. A kind of role gives it its facet name.

use super::observed::Seen;
use super::policy_document::Statements;
use super::read::{IamRead, Read};
use super::rights::Rights;
use super::step::{IamStep, Step};
use super::tags::{Tags, changes, with_owner};
use super::{Change, Facet, Resource, Source};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// The one inline policy of a role of ours.
pub(super) const POLICY_NAME: &str = "trailkeeper";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RoleState {
    pub trust: Statements,
    pub policy: Statements,
    pub tags: Tags,
}

/// What a role is for: gives the facet its name.
pub trait RolePurpose: Send + Sync {
    const NAME: &'static str;
    /// For people, and in `status.owned`.
    const NOUN: &'static str;
}

/// A role as it should be.
pub struct Role<P> {
    /// Its name, derived from the object so that a pass that was cut off finds it again.
    pub name: String,
    pub arn: String,
    pub description: String,
    pub trust: Statements,
    pub policy: Statements,
    pub tags: Tags,
    /// The value of the ownership tag.
    pub owner: String,
    pub purpose: PhantomData<P>,
}

impl<P: RolePurpose> Facet for Role<P> {
    const NAME: &'static str = P::NAME;
    type State = RoleState;

    fn source(&self, _seen: &Seen) -> Source {
        Source::Ask(Read::Iam(IamRead::Role { role: self.name.clone(), policy_name: POLICY_NAME.to_owned() }))
    }

    fn desired(&self, _observed: Option<&RoleState>, _seen: &Seen) -> RoleState {
        RoleState { trust: self.trust.clone(), policy: self.policy.clone(), tags: self.tags.clone() }
    }

    fn steps(&self, change: &Change<'_, RoleState>) -> Vec<Step> {
        let Self { name: role, .. } = self;
        let nothing = RoleState::default();
        let observed = change.observed.unwrap_or(&nothing);
        let mut steps = Vec::new();
        if change.observed.is_none() {
            let tags = with_owner(&self.tags, &self.owner, false);
            let (description, trust) = (self.description.clone(), change.desired.trust.document());
            steps.push(IamStep::CreateRole { role: role.clone(), description, trust, tags });
        } else {
            if observed.trust != change.desired.trust {
                steps.push(IamStep::UpdateAssumeRolePolicy { role: role.clone(), trust: change.desired.trust.document() });
            }
            let (set, remove) = changes(&change.desired.tags, &observed.tags);
            if !remove.is_empty() {
                steps.push(IamStep::UntagRole { role: role.clone(), tag_keys: remove });
            }
            if !set.is_empty() {
                steps.push(IamStep::TagRole { role: role.clone(), tags: set });
            }
        }
        if observed.policy != change.desired.policy {
            let policy = change.desired.policy.document();
            steps.push(IamStep::PutRolePolicy { role: role.clone(), policy_name: POLICY_NAME.to_owned(), policy });
        }
        steps.into_iter().map(Step::Iam).collect()
    }

    fn rights(&self) -> Rights {
        let actions = ["iam:CreateRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole"];
        Rights::on(&self.arn, &["iam:GetRole", "iam:GetRolePolicy"], &actions)
            .deleting(&self.arn, &["iam:DeleteRolePolicy", "iam:DeleteRole"])
    }
}

impl<P: RolePurpose> Resource for Role<P> {
    fn noun(&self) -> &'static str {
        P::NOUN
    }
    fn id(&self) -> String {
        self.arn.clone()
    }
    fn root(&self) -> &'static str {
        P::NAME
    }
    fn tags(&self) -> &'static str {
        P::NAME
    }
    fn claim(&self, _seen: &Seen, marks: Tags) -> Option<Step> {
        Some(Step::Iam(IamStep::TagRole { role: self.name.clone(), tags: marks }))
    }
    fn delete(&self, _seen: &Seen) -> Vec<Step> {
        let role = &self.name;
        vec![
            Step::Iam(IamStep::DeleteRolePolicy { role: role.clone(), policy_name: POLICY_NAME.to_owned() }),
            Step::Iam(IamStep::DeleteRole { role: role.clone() }),
        ]
    }
}
