//! Accounts: opened, and verified to be the declared ones before anything else happens.

use super::resolve::AccountSource;
use crate::api::AwsAccountSpec;
use crate::api::aws_account::{Organization, Partition};
use crate::aws::{BaseCredentials, Session, identity};
use crate::facets::context::AccountFacts;
use crate::facets::observed::Failure;
use anyhow::{Context, Result, bail};
use serde_json::json;

/// Stands for whatever account the ambient credentials belong to.
pub const AMBIENT: &str = "ambient";

/// An account whose identity was verified.
pub struct Account {
    pub session: Session,
    pub facts: AccountFacts,
    /// Why it is not known which Regions are on: `facts.regions` is then the account's own one.
    pub regions_unread: Option<Failure>,
    /// `spec.suspend` of the AwsAccount: objects in it wait.
    pub suspended: bool,
}

/// What must be known of an account's organization.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NeedOfOrganization {
    None,
    /// It helps to know; not to be told is no obstacle.
    IfAny,
    Must,
}

/// Opens the account `name`, and asks for its organization where that is needed.
pub async fn open(name: &str, source: &AccountSource, need: NeedOfOrganization) -> Result<Account> {
    let (spec, session) = match source {
        AccountSource::Declared { spec, credentials } => (spec.as_ref().clone(), declared(name, spec, credentials.clone()).await?),
        AccountSource::Ambient { region } => ambient(name, region).await?,
    };
    let organization =
        if spec.suspend || need == NeedOfOrganization::None { None } else { organization(name, &spec, &session, need).await? };
    let (regions, regions_unread) = if spec.suspend { (Vec::new(), None) } else { regions(&spec, &session).await };
    let facts = AccountFacts { id: spec.account_id.clone(), partition: spec.partition, organization, regions };
    Ok(Account { session, facts, regions_unread, suspended: spec.suspend })
}

async fn organization(name: &str, spec: &AwsAccountSpec, session: &Session, need: NeedOfOrganization) -> Result<Option<Organization>> {
    let found = match identity::organization(session).await {
        Err(_) if need == NeedOfOrganization::IfAny => None,
        found => found?,
    };
    if found.is_none() && need == NeedOfOrganization::Must {
        bail!(
            "AwsAccount {name}: a Trail with spec.organization needs the organization of account {}, and AWS names none: \
             it belongs to none, or the identity lacks organizations:DescribeOrganization",
            spec.account_id
        );
    }
    Ok(found)
}

/// The Regions of the account, as the controller tells them in the status of an AwsAccount.
async fn regions(spec: &AwsAccountSpec, session: &Session) -> (Vec<String>, Option<Failure>) {
    let (mut regions, unread) = match spec.regions.is_empty() {
        false => (spec.regions.clone(), None),
        true => match identity::regions(session).await {
            Ok(regions) => (regions, None),
            Err(failure) => (vec![spec.region.clone()], Some(failure)),
        },
    };
    regions.sort();
    regions.dedup();
    (regions, unread)
}

async fn declared(name: &str, spec: &AwsAccountSpec, credentials: BaseCredentials) -> Result<Session> {
    let session = Session::open(spec, credentials).await.with_context(|| format!("AwsAccount {name}"))?;
    if spec.suspend {
        return Ok(session);
    }
    let caller = identity::caller(&session).await.with_context(|| {
        format!("AwsAccount {name}: the identity could not be verified, so nothing was read or written; check spec.credentials and the endpoints")
    })?;
    if caller.account != spec.account_id {
        bail!(
            "AwsAccount {name}: wrong account: spec.accountId is {}, but the credentials belong to account {} ({}); nothing was written. \
             Correct spec.accountId, or use credentials of that account",
            spec.account_id,
            caller.account,
            caller.arn
        );
    }
    Ok(session)
}

/// The account that the ambient credentials belong to.
async fn ambient(name: &str, region: &str) -> Result<(AwsAccountSpec, Session)> {
    let ask: AwsAccountSpec = spec(json!({"accountId": "unknown", "region": region}))?;
    let nobody = || {
        format!(
            "AwsAccount {name} is not in the given files, and the ambient credentials did not answer: give its file, or set AWS credentials"
        )
    };
    let session = Session::open(&ask, BaseCredentials::Ambient).await.with_context(nobody)?;
    let caller = identity::caller(&session).await.with_context(nobody)?;
    let partition = match caller.arn.split(':').nth(1) {
        Some("aws-cn") => Partition::China,
        Some("aws-us-gov") => Partition::GovCloud,
        _ => Partition::Aws,
    };
    let found: AwsAccountSpec = spec(json!({"accountId": caller.account, "region": region, "partition": partition}))?;
    let session = Session::open(&found, BaseCredentials::Ambient).await.with_context(nobody)?;
    // Who asks for the ambient account need not be told that no file names it.
    if name != AMBIENT {
        anstream::eprintln!(
            "Note: AwsAccount {name} is not in the given files; using the ambient credentials: account {} ({})",
            caller.account,
            caller.arn
        );
    }
    Ok((found, session))
}

/// A spec with the defaults that its kind documents.
fn spec(fields: serde_json::Value) -> Result<AwsAccountSpec> {
    serde_json::from_value(fields).context("the defaults of AwsAccount")
}
