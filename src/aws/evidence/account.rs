//! What an account has for itself: IAM policies that are in force for somebody, and S3 Block Public Access.

use super::super::{Cloud, s3};
use crate::api::log_archive::PublicAccessBlock;
use crate::facets::observed::{Answer, Failure, Observed, Reading};
use crate::facets::policy_document::Statements;
use crate::rules::account::{CloudTrailAdministrators, IamPolicy};
use crate::rules::key::IamPolicies;
use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput as Page;
use aws_sdk_iam::types as sdk;
use aws_sdk_s3control::types::PublicAccessBlockConfiguration;
use std::collections::BTreeMap;

const OPERATION: &str = "iam:GetAccountAuthorizationDetails";

/// What the account's IAM policies say of CloudTrail, and of keys.
pub struct IamEvidence {
    pub administrators: Answer,
    pub policies: Answer,
}

impl Cloud {
    pub async fn iam_evidence(&self) -> IamEvidence {
        match self.authorization_details().await {
            Ok(details) => IamEvidence {
                administrators: Observed::Present(Reading::state(&CloudTrailAdministrators { policies: details.in_force() })),
                policies: Observed::Present(Reading::state(&details.own)),
            },
            Err(failure) => IamEvidence { administrators: Observed::Unknown(failure.clone()), policies: Observed::Unknown(failure) },
        }
    }

    /// S3 Block Public Access of the whole account; absent where nobody ever set it.
    pub async fn account_public_access_block(&self) -> Answer {
        let client = self.session.s3_control(&self.region);
        let request = client.get_public_access_block().account_id(&self.account);
        match self.call("s3:GetAccountPublicAccessBlock", &self.account, request.send()).await {
            Ok(answer) => {
                let block = answer.public_access_block_configuration;
                let on = |read: fn(&PublicAccessBlockConfiguration) -> Option<bool>| block.as_ref().and_then(read).unwrap_or(false);
                Observed::Present(Reading::state(&PublicAccessBlock {
                    block_public_acls: on(|block| block.block_public_acls),
                    ignore_public_acls: on(|block| block.ignore_public_acls),
                    block_public_policy: on(|block| block.block_public_policy),
                    restrict_public_buckets: on(|block| block.restrict_public_buckets),
                }))
            }
            Err(failure) if failure.code == s3::NO_PUBLIC_ACCESS_BLOCK => Observed::Absent,
            Err(failure) => Observed::Unknown(failure),
        }
    }

    async fn authorization_details(&self) -> Result<Details, Failure> {
        let client = self.session.iam();
        let (mut details, mut marker) = (Details::default(), None);
        loop {
            let request = client.get_account_authorization_details().max_items(1000).set_marker(marker);
            let page = self.call(OPERATION, "all IAM policies", request.send()).await?;
            marker = page.marker.clone().filter(|_| page.is_truncated);
            self.collect(page, &mut details)?;
            if marker.is_none() {
                return Ok(details);
            }
        }
    }

    fn collect(&self, page: Page, details: &mut Details) -> Result<(), Failure> {
        for policy in page.policies.unwrap_or_default() {
            let arn = policy.arn.unwrap_or_default();
            let newest = policy.policy_version_list.unwrap_or_default().into_iter().find(|version| version.is_default_version);
            let document = newest.and_then(|version| version.document).unwrap_or_default();
            let statements = self.decoded(OPERATION, &arn, &document)?;
            // The policies that AWS keeps have no account in their ARN.
            if !arn.contains("::aws:policy/") {
                details.own.insert(arn.clone(), statements.clone());
            }
            details.managed.insert(arn, statements);
        }
        for user in page.user_detail_list.unwrap_or_default() {
            let arn = user.arn.unwrap_or_default();
            self.inline(&arn, user.user_policy_list.unwrap_or_default(), details)?;
            details.attach(&arn, user.attached_managed_policies.unwrap_or_default());
        }
        for group in page.group_detail_list.unwrap_or_default() {
            let arn = group.arn.unwrap_or_default();
            self.inline(&arn, group.group_policy_list.unwrap_or_default(), details)?;
            details.attach(&arn, group.attached_managed_policies.unwrap_or_default());
        }
        for role in page.role_detail_list.unwrap_or_default() {
            let arn = role.arn.unwrap_or_default();
            self.inline(&arn, role.role_policy_list.unwrap_or_default(), details)?;
            details.attach(&arn, role.attached_managed_policies.unwrap_or_default());
        }
        Ok(())
    }

    fn inline(&self, principal: &str, policies: Vec<sdk::PolicyDetail>, details: &mut Details) -> Result<(), Failure> {
        for policy in policies {
            let name = policy.policy_name.unwrap_or_default();
            let statements = self.decoded(OPERATION, principal, &policy.policy_document.unwrap_or_default())?;
            details.inline.push(IamPolicy { name, statements, principals: vec![principal.to_owned()] });
        }
        Ok(())
    }
}

#[derive(Default)]
struct Details {
    /// Customer managed policies.
    own: IamPolicies,
    /// All managed policies by ARN, and who has them.
    managed: BTreeMap<String, Statements>,
    attached: BTreeMap<String, Vec<String>>,
    inline: Vec<IamPolicy>,
}

impl Details {
    fn attach(&mut self, principal: &str, policies: Vec<sdk::AttachedPolicy>) {
        for policy in policies.into_iter().filter_map(|policy| policy.policy_arn) {
            self.attached.entry(policy).or_default().push(principal.to_owned());
        }
    }

    /// The policies that somebody has.
    fn in_force(&self) -> Vec<IamPolicy> {
        let managed = self.attached.iter().filter_map(|(arn, principals)| {
            let statements = self.managed.get(arn)?.clone();
            Some(IamPolicy { name: arn.clone(), statements, principals: principals.clone() })
        });
        managed.chain(self.inline.iter().cloned()).collect()
    }
}
