//! Grants: which trails a policy lets write, and where. Made from the writers, and read back from a policy of ours, so that
//! a trail that nobody knows to be gone keeps its place in whatever form the policy takes.

use super::context::ArchiveContext;
use super::policy_document::Statements;
use serde_json::Value;
use std::collections::BTreeSet;

/// Every statement of ours has a Sid that begins so.
pub(super) const OURS: &str = "Trailkeeper";

/// Who is let in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A trail, by ARN.
    Trail(String),
    /// Every trail of an account. Only a policy that was written so says this.
    Account(String),
    /// Every trail of an organization. Only a policy that was written so says this.
    Organization(String),
}

impl Source {
    /// The account, where it is one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Trail(arn) => Some(account_of(arn)),
            Self::Account(account) => Some(account),
            Self::Organization(_) => None,
        }
    }
}

/// One right to write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub source: Source,
    pub key_prefix: String,
    /// The organization in whose folder it writes its members' logs too.
    pub members_of: Option<String>,
    /// The organization that the trail's account belongs to, if known.
    pub organization: Option<String>,
}

pub fn account_of(trail_arn: &str) -> &str {
    trail_arn.split(':').nth(4).unwrap_or_default()
}

/// The grants of the writers, and those of `observed` that must stay: of trails that are neither a writer now nor known to be
/// gone, which may be logging still.
pub fn grants(context: &ArchiveContext, observed: Option<&Statements>, read: impl Fn(&Value) -> Vec<Grant>) -> BTreeSet<Grant> {
    let writers = &context.writers;
    let mut grants: BTreeSet<Grant> = writers
        .iter()
        .map(|writer| Grant {
            source: Source::Trail(writer.trail_arn.clone()),
            key_prefix: writer.key_prefix.clone(),
            members_of: writer.organization_id.clone(),
            organization: writer.account_organization.clone(),
        })
        .collect();
    let ours = observed.map(|statements| &statements.0).into_iter().flatten().filter(|(sid, _)| sid.starts_with(OURS));
    for mut grant in ours.flat_map(|(_, statement)| read(statement)).filter(|grant| may_be_alive(context, &grant.source)) {
        let account = grant.source.account().map(str::to_owned);
        grant.organization = writers
            .iter()
            .find(|writer| Some(account_of(&writer.trail_arn)) == account.as_deref())
            .and_then(|w| w.account_organization.clone());
        grants.insert(grant);
    }
    grants
}

/// Whether what a policy lets in may be more than the writers, and write still. A whole account, once let in, may hold trails
/// that nobody told us of: it goes only when a trail of it is known to be gone, and no other one writes.
fn may_be_alive(context: &ArchiveContext, source: &Source) -> bool {
    let ArchiveContext { writers, gone, .. } = context;
    match source {
        Source::Trail(arn) => !gone.contains(arn) && !writers.iter().any(|writer| writer.trail_arn == *arn),
        Source::Account(account) => {
            writers.iter().any(|writer| account_of(&writer.trail_arn) == account) || !gone.iter().any(|arn| account_of(arn) == account)
        }
        Source::Organization(id) => gone.is_empty() || writers.iter().any(|writer| writer.account_organization.as_ref() == Some(id)),
    }
}

/// Who a statement lets in, if it lets CloudTrail do `action` and nothing else.
pub fn sources(statement: &Value, action: &str) -> Vec<Source> {
    let texts = |pointer: &str| -> Vec<String> {
        let list = statement.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).filter(|text| !text.contains(['*', '?'])).map(str::to_owned).collect()
    };
    let is = |pointer: &str, only: &str| statement.pointer(pointer).and_then(Value::as_array).is_some_and(|list| *list == [only]);
    let for_cloudtrail = statement.get("Effect").and_then(Value::as_str) == Some("Allow")
        && is("/Principal/Service", "cloudtrail.amazonaws.com")
        && is("/Action", action);
    if !for_cloudtrail {
        return Vec::new();
    }
    let given = |key: &str| texts(&format!("/Condition/StringEquals/{key}"));
    let trails = given("aws:SourceArn").into_iter().map(Source::Trail);
    let accounts = given("aws:SourceAccount").into_iter().map(Source::Account);
    let organizations = given("aws:SourceOrgID").into_iter().map(Source::Organization);
    trails.chain(accounts).chain(organizations).collect()
}
