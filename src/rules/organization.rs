//! Rules about organization trails, whom they cover, and what guards them.

use super::account::TAMPERING;
use super::case::{AccountCase, TrailCase};
use super::finding::Verdict;
use super::policy::{Statement, denials};
use super::trail::listed;
use super::{Judge, Judgement, Rule, applies, must};
use crate::api::organization::{DEFAULT_REGIONS, OrganizationCoverage, OrganizationStatus, Role};
use crate::facets::policy_document::Statements;
use crate::status::coverage::SeenTrail;
use serde::{Deserialize, Serialize};

pub const RULES: &[Rule] = &[
    Rule { id: "TK-ORG-001", judge: Judge::Account(has_organization_trail) },
    Rule { id: "TK-ORG-002", judge: Judge::Trail(covers_every_account) },
    Rule { id: "TK-ORG-003", judge: Judge::Trail(home_is_on_everywhere) },
    Rule { id: "TK-ORG-004", judge: Judge::Account(prerequisites) },
    Rule { id: "TK-ORG-005", judge: Judge::Account(delegated_administrator) },
    Rule { id: "TK-ORG-006", judge: Judge::Account(guarded) },
];

/// The service control policies that bind the account, its own and those of everything above it, under `trailGuard`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrailGuard {
    pub policies: Vec<ServiceControlPolicy>,
}

/// One service control policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceControlPolicy {
    pub name: String,
    pub statements: Statements,
}

impl AccountCase {
    fn of_organization(&self) -> Result<&OrganizationStatus, Verdict> {
        self.organization.as_ref().ok_or_else(|| Verdict::NotApplicable("the account is known to be in no organization".to_owned()))
    }

    /// The organization, of an account that may ask for how it is set up and that has an organization trail.
    fn administrates(&self) -> Result<&OrganizationStatus, Verdict> {
        let organization = self.of_organization()?;
        let may_ask = matches!(organization.role, Some(Role::Management | Role::DelegatedAdministrator));
        applies(may_ask, "only the management account and delegated administrators may ask")?;
        applies(self.inventory.trails.iter().any(|trail| trail.organization), "there is no organization trail")?;
        Ok(organization)
    }
}

/// What AWS did not answer.
fn refused(organization: &OrganizationStatus) -> Verdict {
    Verdict::Unknown(format!("the organization did not tell: {}", listed(&organization.unknown)))
}

fn has_organization_trail(case: &AccountCase) -> Judgement {
    let organization = case.of_organization()?;
    if case.recording().any(|trail| trail.organization) {
        return Ok(());
    }
    let id = &organization.organization.id;
    case.fail_or_unknown(format!(
        "no trail of organization {id} records this account: new accounts begin unrecorded, and each can stop its own trail"
    ))
}

fn covers_every_account(case: &TrailCase) -> Judgement {
    applies(case.settings()?.organization, "it is no organization trail")?;
    let Some(coverage) = case.common.state::<OrganizationCoverage>("organizationCoverage")? else { return Ok(()) };
    let without = &coverage.accounts_without_logs;
    must(without.is_empty(), || format!("these accounts of the organization have no log in the archive: {}", listed(without)))?;
    match coverage.unknown.first() {
        Some(why) => Err(Verdict::Unknown(format!("not known: {why}"))),
        None => Ok(()),
    }
}

fn home_is_on_everywhere(case: &TrailCase) -> Judgement {
    applies(case.settings()?.organization, "it is no organization trail")?;
    let region = case.common.judged.region.as_str();
    // AWS China and GovCloud have no opt-in Regions.
    let everywhere = DEFAULT_REGIONS.contains(&region) || region.starts_with("cn-") || region.starts_with("us-gov-");
    must(everywhere, || format!("its home {region} is an opt-in Region: accounts that have not opted in send nothing"))
}

fn prerequisites(case: &AccountCase) -> Judgement {
    let organization = case.administrates()?;
    must(organization.all_features != Some(false), || "the organization has not all features on, which its trails need".to_owned())?;
    must(organization.trusted_access != Some(false), || {
        "CloudTrail has no trusted access in the organization: new accounts are not recorded".to_owned()
    })?;
    match (organization.all_features, organization.trusted_access) {
        (Some(_), Some(_)) => Ok(()),
        _ => Err(refused(organization)),
    }
}

fn delegated_administrator(case: &AccountCase) -> Judgement {
    let organization = case.administrates()?;
    let registered = organization.delegated_administrators.as_ref().ok_or_else(|| refused(organization))?;
    must(!registered.is_empty(), || "no member administers CloudTrail, so that its work is done in the management account".to_owned())?;
    let allowed = &case.common.parameters.delegated_administrators;
    let strangers = listed(registered.iter().filter(|account| !allowed.is_empty() && !allowed.contains(*account)));
    must(strangers.is_empty(), || {
        format!("{strangers} may administer CloudTrail for the organization, and prescribed is {}", listed(allowed))
    })
}

/// Whether a statement of a service control policy keeps everybody out but some principals.
fn spares_principals_only(statement: Statement<'_>) -> bool {
    statement.conditions().all(|condition| condition.key.starts_with("aws:principal"))
}

fn guarded(case: &AccountCase) -> Judgement {
    let organization = case.of_organization()?;
    applies(organization.role != Some(Role::Management), "service control policies do not bind the management account")?;
    let guard: TrailGuard = case.common.state("trailGuard")?.unwrap_or_default();
    let open = |action: &&&str, trail: &str| {
        let denies = |statement: Statement<'_>| {
            statement.is_about(action) && statement.is_about_resource(trail) && spares_principals_only(statement)
        };
        !guard.policies.iter().any(|policy| denials(&policy.statements).any(denies))
    };
    // A member can't change its organization's trail.
    let own: Vec<&SeenTrail> = case.recording().filter(|trail| trail.arn.split(':').nth(4) == Some(&case.common.judged.account)).collect();
    applies(!own.is_empty(), "no trail of its own records")?;
    for trail in own {
        let open: Vec<&str> = TAMPERING.iter().filter(|action| open(action, &trail.arn)).copied().collect();
        must(open.is_empty(), || {
            format!("no service control policy keeps the account's administrators from {} on {}", open.join(", "), trail.arn)
        })?;
    }
    Ok(())
}
