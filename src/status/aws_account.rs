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

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AwsAccount {
        let spec = serde_json::from_value(serde_json::json!({"accountId": "111111111111"})).unwrap();
        AwsAccount::new("main", spec)
    }

    fn caller(account: &str) -> Caller {
        Caller { account: account.to_owned(), arn: format!("arn:aws:iam::{account}:role/r") }
    }

    #[test]
    fn the_right_account_is_ready_and_keeps_its_identity() {
        let told = verified(&account(), &caller("111111111111"), None, Timestamp::UNIX_EPOCH);
        assert!(condition::is_true(&told.status.common.conditions, READY) && told.events.is_empty());
        assert_eq!(told.status.caller_arn.as_deref(), Some("arn:aws:iam::111111111111:role/r"));
    }

    #[test]
    fn the_wrong_account_is_refused_once_and_looked_at_again() {
        let mut wrong = account();
        let told = verified(&wrong, &caller("222222222222"), None, Timestamp::UNIX_EPOCH);
        let conditions = &told.status.common.conditions;
        assert_eq!(condition::get(conditions, READY).unwrap().reason, "WrongAccount");
        assert!(condition::is_true(conditions, STALLED));
        assert_eq!(told.events.iter().map(|event| event.reason.as_str()).collect::<Vec<_>>(), ["Refused"]);
        assert!(told.events[0].note.contains("222222222222") && told.events[0].note.contains("111111111111"));
        assert!(matches!(told.requeue, Requeue::After(_)));
        wrong.status = Some(told.status);
        assert!(verified(&wrong, &caller("222222222222"), None, Timestamp::UNIX_EPOCH).events.is_empty());
        wrong.status = Some(verified(&wrong, &caller("111111111111"), None, Timestamp::UNIX_EPOCH).status);
        assert!(!condition::is_true(&wrong.status.unwrap().common.conditions, STALLED));
    }
}
