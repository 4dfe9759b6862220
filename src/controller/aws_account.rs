//! The AwsAccount controller: verifies the identity, and keeps the account while anything lives in it.

use super::context::Context;
use super::kind::{Ending, Kind, Pass, Passed};
use crate::api::{AwsAccount, AwsAccountStatus};
use crate::engine::Deletion;
use crate::status::Waiting;
use crate::status::aws_account::{Answers, verified};
use kube::{Api, Client, ResourceExt};
use serde_json::Value;

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

    fn references(&self, _context: &Context) -> Value {
        Value::Null
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
        let answers =
            Answers { account: found.identity.account, arn: found.identity.arn, organization: found.organization, regions: found.regions };
        Ok(Passed { told: verified(self, &answers, pass.now), failed })
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
