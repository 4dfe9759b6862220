//! Organizations: what an organization trail stands on, who is in the organization, and the one write that we ever make there.

use super::failures::classify;
use super::{Cloud, Session, unanswered};
use crate::api::aws_account::Organization;
use crate::api::organization::{Member, OrganizationStatus, Role};
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::organization_access::{AccessState, CLOUDTRAIL};
use crate::facets::read::OrganizationsRead;
use crate::facets::step::OrganizationsStep;
use aws_sdk_organizations::types::{Account, OrganizationFeatureSet};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::collections::BTreeSet;

/// How many accounts status keeps.
const MEMBERS: usize = 1000;

/// The organization, and whether all its features are on.
type Described = (Organization, bool);

fn named<E>(session: &Session, operation: &str, error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    classify(error, &format!("organizations:{operation}"), "the organization", session.account(), &session.region())
}

/// Organizations refuses some questions to all but the management account and delegated administrators. That is no lack of
/// rights, of which IAM speaks otherwise ("User: ... is not authorized to perform: ...").
fn is_for_administrators(failure: &Failure) -> bool {
    failure.class == ErrorClass::Denied && !failure.message.contains("not authorized to perform")
}

async fn describe(session: &Session) -> Result<Option<Described>, Failure> {
    let answer = session.organizations().describe_organization().send().await;
    match answer.map_err(|error| named(session, "DescribeOrganization", &error)) {
        Ok(answer) => Ok(answer.organization.and_then(|found| {
            let all_features = found.feature_set == Some(OrganizationFeatureSet::All);
            Some((Organization { id: found.id?, management_account_id: found.master_account_id? }, all_features))
        })),
        Err(failure) if failure.code == "AWSOrganizationsNotInUseException" => Ok(None),
        Err(failure) => Err(failure),
    }
}

async fn has_trusted_access(session: &Session, service: &str) -> Result<bool, Failure> {
    let pages = session.organizations().list_aws_service_access_for_organization().into_paginator().send();
    let pages: Result<Vec<_>, _> = pages.collect().await;
    let pages = pages.map_err(|error| named(session, "ListAWSServiceAccessForOrganization", &error))?;
    Ok(pages.iter().flat_map(|page| page.enabled_service_principals()).any(|enabled| enabled.service_principal() == Some(service)))
}

async fn administrators(session: &Session, service: &str) -> Result<Vec<String>, Failure> {
    let pages = session.organizations().list_delegated_administrators().service_principal(service).into_paginator().send();
    let pages: Result<Vec<_>, _> = pages.collect().await;
    let pages = pages.map_err(|error| named(session, "ListDelegatedAdministrators", &error))?;
    let found = pages.into_iter().flat_map(|page| page.delegated_administrators.unwrap_or_default());
    let ids: BTreeSet<String> = found.filter_map(|found| found.id).collect();
    Ok(ids.into_iter().collect())
}

async fn members(session: &Session) -> Result<Vec<Member>, Failure> {
    let pages: Result<Vec<_>, _> = session.organizations().list_accounts().into_paginator().send().collect().await;
    let pages = pages.map_err(|error| named(session, "ListAccounts", &error))?;
    let found: BTreeSet<Member> = pages.into_iter().flat_map(|page| page.accounts.unwrap_or_default()).filter_map(member).collect();
    Ok(found.into_iter().collect())
}

/// AWS retires `Status` for `State`; where there is no `State` yet, `Status` says it.
#[allow(deprecated)]
fn member(account: Account) -> Option<Member> {
    let status = account.state.map(|state| state.as_str().to_owned());
    let status = status.or_else(|| account.status.map(|status| status.as_str().to_owned()));
    Some(Member { id: account.id?, name: account.name.unwrap_or_default(), status: status.unwrap_or_default() })
}

/// What the account may know of its organization. Refused questions are left out and named.
pub async fn status(session: &Session) -> Result<Option<OrganizationStatus>, Failure> {
    let Some((organization, all_features)) = describe(session).await? else { return Ok(None) };
    let is_management = organization.management_account_id == session.account();
    let mut status = OrganizationStatus::identity(organization);
    status.all_features = Some(all_features);
    let admins = known(&mut status, administrators(session, CLOUDTRAIL).await)?;
    status.role = match &admins {
        _ if is_management => Some(Role::Management),
        Some(admins) if admins.iter().any(|admin| admin == session.account()) => Some(Role::DelegatedAdministrator),
        Some(_) => Some(Role::Member),
        // Only what a plain member may not ask was refused.
        None if status.unknown.is_empty() => Some(Role::Member),
        None => None,
    };
    status.delegated_administrators = admins;
    status.trusted_access = known(&mut status, has_trusted_access(session, CLOUDTRAIL).await)?;
    if let Some(mut members) = known(&mut status, members(session).await)? {
        status.member_count = u32::try_from(members.len()).ok();
        members.truncate(MEMBERS);
        status.members = members;
    }
    Ok(Some(status))
}

/// The answer, or none: with the operation named where rights are missing.
fn known<T>(status: &mut OrganizationStatus, answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(failure) if is_for_administrators(&failure) => Ok(None),
        Err(failure) if failure.class == ErrorClass::Denied => {
            status.unknown.push(failure.operation);
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

impl Cloud {
    pub(super) async fn read_organizations(&self, read: &OrganizationsRead) -> Answer {
        match read {
            OrganizationsRead::Access { service, administrator } => match self.access(service, administrator.as_deref()).await {
                Ok(state) => Observed::Present(Reading::state(&state)),
                Err(failure) => unanswered(failure),
            },
        }
    }

    async fn access(&self, service: &str, wanted: Option<&str>) -> Result<AccessState, Failure> {
        let Some((organization, all_features)) = describe(&self.session).await? else { return Ok(AccessState::default()) };
        let is_management = organization.management_account_id == self.account;
        let mut state = AccessState { all_features, administrator: is_management, ..AccessState::default() };
        if !is_management || wanted.is_some() {
            match administrators(&self.session, service).await {
                Ok(registered) => {
                    let has = |account: &str| registered.iter().any(|admin| admin == account);
                    state.administrator |= has(&self.account);
                    state.delegated_administrator = wanted.filter(|wanted| has(wanted)).unwrap_or_default().to_owned();
                }
                Err(failure) if is_for_administrators(&failure) => {}
                Err(failure) => return Err(failure),
            }
        }
        if state.administrator {
            state.trusted_access = Some(has_trusted_access(&self.session, service).await?);
        }
        Ok(state)
    }

    pub(super) async fn write_organizations(&self, step: &OrganizationsStep) -> Result<(), Failure> {
        match step {
            OrganizationsStep::EnableServiceAccess { service } => {
                let request = self.session.organizations().enable_aws_service_access().service_principal(*service);
                self.call("organizations:EnableAWSServiceAccess", service, request.send()).await.map(drop)
            }
        }
    }
}
