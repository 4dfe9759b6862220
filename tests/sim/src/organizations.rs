//! AWS Organizations, as much as organization trails stand on. Own rather than moto's, since moto picks account ids
//! itself and cannot register a delegated administrator for CloudTrail.

use crate::aws_error::AwsError;
use crate::wire::{Answer, Call};
use crate::world::{World, guard};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;

pub const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// One organization; `/_sim/organizations` takes a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// `o-` and 10 to 32 letters or digits.
    pub id: String,
    pub management_account: String,
    /// Without the management account.
    #[serde(default)]
    pub members: BTreeSet<String>,
    #[serde(default = "yes")]
    pub all_features: bool,
    /// Service principals with trusted access, such as `cloudtrail.amazonaws.com`.
    #[serde(default)]
    pub trusted_services: BTreeSet<String>,
    /// Members that administer CloudTrail for the organization.
    #[serde(default)]
    pub cloudtrail_admins: BTreeSet<String>,
    /// Members that AWS has suspended.
    #[serde(default)]
    pub suspended: BTreeSet<String>,
}

fn yes() -> bool {
    true
}

impl Organization {
    pub fn has(&self, account: &str) -> bool {
        self.management_account == account || self.members.contains(account)
    }

    /// May create and change organization trails.
    pub fn administers_cloudtrail(&self, account: &str) -> bool {
        self.management_account == account || self.cloudtrail_admins.contains(account)
    }
}

#[derive(Debug, Default)]
pub struct Organizations {
    all: Mutex<Vec<Organization>>,
}

impl Organizations {
    pub fn set(&self, all: Vec<Organization>) {
        *guard(&self.all) = all;
    }

    /// Adds an organization, or puts it in the place of the one with its id.
    pub fn put(&self, organization: Organization) {
        let mut all = guard(&self.all);
        all.retain(|known| known.id != organization.id);
        all.push(organization);
    }

    pub fn list(&self) -> Vec<Organization> {
        guard(&self.all).clone()
    }

    pub fn of(&self, account: &str) -> Option<Organization> {
        guard(&self.all).iter().find(|organization| organization.has(account)).cloned()
    }

    pub fn id_of(&self, account: &str) -> Option<String> {
        self.of(account).map(|organization| organization.id)
    }

    /// Changes the organization that an account is in.
    pub fn update<T>(&self, account: &str, change: impl FnOnce(&mut Organization) -> T) -> Option<T> {
        guard(&self.all).iter_mut().find(|organization| organization.has(account)).map(change)
    }

    pub fn clear(&self) {
        guard(&self.all).clear();
    }
}

pub fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let body = call.json()?;
    let account = call.caller.account.as_str();
    let value = match call.operation.as_str() {
        "CreateOrganization" => create(world, account, &body)?,
        "DescribeOrganization" => json!({ "Organization": describe(&member_of(world, account)?) }),
        "ListAccounts" => {
            let organization = administered_by(world, account)?;
            json!({ "Accounts": accounts(&organization) })
        }
        "DescribeAccount" => {
            let organization = administered_by(world, account)?;
            let wanted = text(&body, "AccountId");
            let found = accounts(&organization).into_iter().find(|entry| entry["Id"] == wanted);
            let found = found.ok_or_else(|| AwsError::bad("AccountNotFoundException", "You specified an account that doesn't exist."))?;
            json!({ "Account": found })
        }
        "ListAWSServiceAccessForOrganization" => {
            let organization = administered_by(world, account)?;
            let services = organization.trusted_services.iter().map(|name| json!({ "ServicePrincipal": name }));
            json!({ "EnabledServicePrincipals": services.collect::<Value>() })
        }
        "EnableAWSServiceAccess" | "DisableAWSServiceAccess" => {
            managed_by(world, account)?;
            let service = text(&body, "ServicePrincipal").to_owned();
            let enable = call.operation.starts_with("Enable");
            world.organizations.update(account, |organization| {
                if enable { organization.trusted_services.insert(service) } else { organization.trusted_services.remove(&service) }
            });
            json!({})
        }
        "RegisterDelegatedAdministrator" | "DeregisterDelegatedAdministrator" => delegate(world, account, &call.operation, &body)?,
        "ListDelegatedAdministrators" => {
            let organization = administered_by(world, account)?;
            let admins = &organization.cloudtrail_admins;
            let found = accounts(&organization).into_iter().filter(|entry| entry["Id"].as_str().is_some_and(|id| admins.contains(id)));
            json!({ "DelegatedAdministrators": found.collect::<Value>() })
        }
        other => return Err(AwsError::not_implemented("organizations", other)),
    };
    Ok(Answer::json(&value, &call.request_id))
}

fn text<'a>(body: &'a Value, field: &str) -> &'a str {
    body[field].as_str().unwrap_or_default()
}

fn member_of(world: &World, account: &str) -> Result<Organization, AwsError> {
    world
        .organizations
        .of(account)
        .ok_or_else(|| AwsError::bad("AWSOrganizationsNotInUseException", "Your account is not a member of an organization."))
}

fn managed_by(world: &World, account: &str) -> Result<Organization, AwsError> {
    let organization = member_of(world, account)?;
    if organization.management_account == account { Ok(organization) } else { Err(no_access()) }
}

fn administered_by(world: &World, account: &str) -> Result<Organization, AwsError> {
    let organization = member_of(world, account)?;
    if organization.administers_cloudtrail(account) { Ok(organization) } else { Err(no_access()) }
}

fn no_access() -> AwsError {
    AwsError::bad("AccessDeniedException", "You don't have permissions to access this resource.")
}

fn create(world: &World, account: &str, body: &Value) -> Result<Value, AwsError> {
    if world.organizations.of(account).is_some() {
        let message = "The AWS account is already a member of an organization.";
        return Err(AwsError::bad("AlreadyInOrganizationException", message));
    }
    let organization = Organization {
        id: format!("o-{}", &uuid::Uuid::new_v4().simple().to_string()[..10]),
        management_account: account.to_owned(),
        members: BTreeSet::new(),
        all_features: text(body, "FeatureSet") != "CONSOLIDATED_BILLING",
        trusted_services: BTreeSet::new(),
        cloudtrail_admins: BTreeSet::new(),
        suspended: BTreeSet::new(),
    };
    let described = describe(&organization);
    guard(&world.organizations.all).push(organization);
    Ok(json!({ "Organization": described }))
}

fn delegate(world: &World, account: &str, operation: &str, body: &Value) -> Result<Value, AwsError> {
    let organization = managed_by(world, account)?;
    if text(body, "ServicePrincipal") != CLOUDTRAIL {
        return Err(AwsError::not_implemented("organizations", "delegation for services other than cloudtrail"));
    }
    let member = text(body, "AccountId").to_owned();
    if !organization.members.contains(&member) {
        return Err(AwsError::bad("AccountNotFoundException", "You specified an account that doesn't exist."));
    }
    let register = operation.starts_with("Register");
    if organization.cloudtrail_admins.contains(&member) == register {
        return Err(if register {
            AwsError::bad(
                "AccountAlreadyRegisteredException",
                "The provided account is already a delegated administrator for your organization.",
            )
        } else {
            AwsError::bad("AccountNotRegisteredException", "The provided account is not a registered delegated administrator.")
        });
    }
    world.organizations.update(account, |organization| {
        if register { organization.cloudtrail_admins.insert(member) } else { organization.cloudtrail_admins.remove(&member) }
    });
    Ok(json!({}))
}

fn describe(organization: &Organization) -> Value {
    let (id, management) = (&organization.id, &organization.management_account);
    let account_arn = format!("arn:aws:organizations::{management}:account/{id}/{management}");
    json!({
        "Id": id,
        "Arn": format!("arn:aws:organizations::{management}:organization/{id}"),
        "FeatureSet": if organization.all_features { "ALL" } else { "CONSOLIDATED_BILLING" },
        "MasterAccountArn": account_arn,
        "MasterAccountId": management,
        "MasterAccountEmail": format!("{management}@example.com"),
    })
}

fn accounts(organization: &Organization) -> Vec<Value> {
    let management = &organization.management_account;
    let all = std::iter::once(management).chain(&organization.members);
    all.map(|account| {
        let state = if organization.suspended.contains(account) { "SUSPENDED" } else { "ACTIVE" };
        json!({
            "Id": account,
            "Arn": format!("arn:aws:organizations::{management}:account/{}/{account}", organization.id),
            "Email": format!("{account}@example.com"),
            "Name": format!("account {account}"),
            "Status": state,
            "State": state,
            "JoinedMethod": "CREATED",
        })
    })
    .collect()
}
