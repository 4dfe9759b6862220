//! The AwsAccount controller: verifies the identity, and keeps the account while anything lives in it.

use super::context::Context;
use super::index::readable;
use super::judging::{self, Judging};
use super::kind::{Ending, Kind, Pass, Passed};
use crate::api::organization::{OrganizationStatus, Role};
use crate::api::{AwsAccount, AwsAccountStatus, Trail, TrailStatus};
use crate::aws::{Session, organizations};
use crate::engine::Deletion;
use crate::facets::observed::Seen;
use crate::rules::bucket::ACCOUNT_PUBLIC_ACCESS_BLOCK;
use crate::rules::case::Case;
use crate::status::Waiting;
use crate::status::aws_account::{Answers, verified};
use crate::status::inventory::{self, Keepers};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

fn name(trail: &Trail) -> String {
    format!("{}/{}", trail.namespace().unwrap_or_default(), trail.name_any())
}

/// The Trail objects, of any account, whose trail was in force as their own.
fn keepers(context: &Context) -> Keepers {
    let own = |status: &TrailStatus| status.held.owned.iter().any(|noun| noun == "trail");
    readable(&context.index.trails, |trail: &Trail| trail.status.as_ref().is_some_and(own))
        .iter()
        .filter_map(|trail| Some((trail.status.as_ref()?.trail_arn.clone()?, name(trail))))
        .collect()
}

/// Whether the account is one of those that may ask about the whole organization.
fn asks_for_more(account: &AwsAccount, found: &OrganizationStatus) -> bool {
    let role = account.status.as_ref().and_then(|status| status.organization.as_ref()?.role);
    found.organization.management_account_id == account.spec.account_id || role == Some(Role::DelegatedAdministrator)
}

/// The whole organization. What is not answered just now stays as it was last known.
async fn more(account: &AwsAccount, session: &Session, identity: Option<OrganizationStatus>) -> Option<OrganizationStatus> {
    match organizations::status(session).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(account = account.spec.account_id, %error, "the organization was not told; it is asked for again");
            let known = account.status.as_ref().and_then(|status| status.organization.clone());
            known.filter(|known| identity.as_ref().is_some_and(|identity| identity.organization == known.organization)).or(identity)
        }
    }
}

impl Kind for AwsAccount {
    type Status = AwsAccountStatus;

    fn api(&self, client: Client) -> Api<Self> {
        Api::all(client)
    }

    fn status(&self) -> Option<&AwsAccountStatus> {
        self.status.as_ref()
    }

    fn suspended(&self) -> bool {
        self.spec.suspend
    }

    fn what(&self) -> String {
        format!("account {}", self.spec.account_id)
    }

    fn account_id(&self, _context: &Context) -> String {
        self.spec.account_id.clone()
    }

    /// The inventory changes with what the Trails of the account bring about.
    fn references(&self, context: &Context) -> Value {
        let mut trails: Vec<_> = readable(&context.index.trails, |trail: &Trail| trail.spec.account_ref.name == self.name_any())
            .iter()
            .filter_map(|trail| {
                let status = trail.status.as_ref()?;
                Some(json!([name(trail), status.trail_arn, status.held.applied_fingerprint, status.logging]))
            })
            .collect();
        trails.sort_by_key(Value::to_string);
        json!([trails, context.index.has_organization_trail(&self.name_any()), judging::inputs(self, context)])
    }

    async fn pass(&self, pass: &Pass<'_>) -> Result<Passed<AwsAccountStatus>, Waiting> {
        let found = pass.context.sessions.verify(&pass.context.client, self).await.map_err(|waiting| Waiting {
            requeue: match waiting.requeue {
                crate::status::Requeue::After(first) => {
                    crate::status::Requeue::After(first.saturating_mul(2_u32.saturating_pow(pass.failures.min(4))))
                }
                crate::status::Requeue::OnChange => crate::status::Requeue::OnChange,
            },
            ..waiting
        })?;
        let failed = found.identity.account != self.spec.account_id;
        let mut organization = found.organization.map(OrganizationStatus::identity);
        if let Some(of) = organization.as_ref().filter(|_| !failed)
            && (asks_for_more(self, of) || pass.context.index.has_organization_trail(&self.name_any()))
        {
            organization = more(self, &found.session, organization).await;
        } else if let Some(of) = &mut organization {
            of.role = pass.context.index.role_by_others(of, &self.spec.account_id);
        }
        let answers = Answers { account: found.identity.account, arn: found.identity.arn, organization, regions: found.regions };
        let mut told = verified(self, &answers, pass.now);
        if !failed {
            let cloud = pass.context.cloud(self, &self.spec.region).await?;
            let keepers = keepers(pass.context);
            let inventory = cloud.inventory(&told.status.regions, |arn| keepers.contains_key(arn)).await;
            told.events.extend(inventory::tell(&mut told.status, &self.spec, &inventory, &keepers));
            let judging = Judging::of(self, pass.context, pass.now);
            let known = AwsAccount { status: Some(told.status.clone()), ..self.clone() };
            let mut seen = Seen::default();
            seen.insert(ACCOUNT_PUBLIC_ACCESS_BLOCK, cloud.account_public_access_block().await);
            let case = judging.frame.account(&known, inventory, seen);
            judging.tell(&Case::Account(&case), pass.context, &mut told);
        }
        Ok(Passed { told, failed })
    }

    async fn end(&self, context: &Context) -> Ending {
        let users = context.index.users_of(&self.name_any());
        if !users.is_empty() {
            return Ending::Wait(Waiting::reference("InUse", format!("these live in the account: {}", users.join(", "))));
        }
        context.sessions.forget(&self.name_any()).await;
        Ending::Settled(Deletion::Deleted(Vec::new()))
    }
}
