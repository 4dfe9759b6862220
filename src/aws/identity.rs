//! Who we are and where: the caller identity that is verified before anything is written, and the account's organization.

use super::Session;
use super::failures::classify;
use crate::api::aws_account::Organization;
use crate::facets::observed::{ErrorClass, Failure};

/// Who AWS says we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

/// Asks STS who we are.
pub async fn caller(session: &Session) -> Result<Identity, Failure> {
    let answer = session.sts().get_caller_identity().send().await;
    let answer = answer.map_err(|error| classify(&error, "sts:GetCallerIdentity", "the caller", session.account(), &session.region()))?;
    Ok(Identity { account: answer.account.unwrap_or_default(), arn: answer.arn.unwrap_or_default() })
}

/// Asks for the organization. An account may belong to none, and may not be allowed to ask: then there is none to know of.
pub async fn organization(session: &Session) -> Result<Option<Organization>, Failure> {
    match session.organizations().describe_organization().send().await {
        Ok(answer) => {
            Ok(answer.organization.and_then(|found| Some(Organization { id: found.id?, management_account_id: found.master_account_id? })))
        }
        Err(error) => {
            let failure = classify(&error, "organizations:DescribeOrganization", "the organization", session.account(), &session.region());
            let none = failure.code == "AWSOrganizationsNotInUseException" || failure.class == ErrorClass::Denied;
            if none { Ok(None) } else { Err(failure) }
        }
    }
}
