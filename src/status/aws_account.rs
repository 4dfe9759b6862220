//! The status of an AwsAccount after its identity was asked for.

use super::Told;
use super::schedule::{Requeue, regular};
use super::waiting::{Waiting, wait};
use crate::api::aws_account::Organization;
use crate::api::condition::{self, READY, RECONCILING, STALLED, Truth};
use crate::api::{AwsAccount, AwsAccountStatus};
use jiff::Timestamp;

/// The caller as AWS names it: account id and ARN.
pub struct Caller {
    pub account: String,
    pub arn: String,
}

pub fn verified(account: &AwsAccount, caller: &Caller, organization: Option<Organization>, now: Timestamp) -> Told<AwsAccountStatus> {
    let generation = account.metadata.generation.unwrap_or_default();
    let spec = &account.spec;
    if caller.account != spec.account_id {
        let message = format!(
            "the credentials belong to account {} ({}), not to spec.accountId {}: nothing is written. Correct spec.accountId or spec.credentials",
            caller.account, caller.arn, spec.account_id
        );
        let mut waiting = Waiting::refused("WrongAccount", message);
        waiting.requeue = Requeue::After(spec.interval.into());
        return wait(account.status.as_ref(), &waiting, generation, now);
    }
    let mut status = account.status.clone().unwrap_or_default();
    status.caller_arn = Some(caller.arn.clone());
    status.organization = organization;
    status.common.observed_generation = Some(generation);
    status.common.last_verified_time = Some(now);
    let conditions = &mut status.common.conditions;
    condition::set(conditions, READY, Truth::True, "Verified", format!("AWS confirms account {}", spec.account_id), generation, now);
    condition::clear(conditions, RECONCILING);
    condition::clear(conditions, STALLED);
    Told { status, events: Vec::new(), requeue: Requeue::After(regular(spec.interval.into(), &spec.account_id, now)) }
}
