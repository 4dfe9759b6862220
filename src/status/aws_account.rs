//! The status of an AwsAccount after its identity was asked for.

use super::Told;
use super::classes::explain;
use super::schedule::{Requeue, regular};
use super::waiting::{Waiting, wait};
use crate::api::condition::{self, READY, RECONCILING, STALLED, Truth};
use crate::api::organization::OrganizationStatus;
use crate::api::{AwsAccount, AwsAccountSpec, AwsAccountStatus};
use crate::facets::observed::Failure;
use jiff::Timestamp;

/// What AWS says of the caller and its account.
pub struct Answers {
    pub account: String,
    pub arn: String,
    pub organization: Option<OrganizationStatus>,
    pub regions: Result<Vec<String>, Failure>,
}

pub fn verified(account: &AwsAccount, answers: &Answers, now: Timestamp) -> Told<AwsAccountStatus> {
    let generation = account.metadata.generation.unwrap_or_default();
    let spec = &account.spec;
    if answers.account != spec.account_id {
        let message = format!(
            "the credentials belong to account {} ({}), not to spec.accountId {}: nothing is written. Correct spec.accountId or spec.credentials",
            answers.account, answers.arn, spec.account_id
        );
        let mut waiting = Waiting::refused("WrongAccount", message);
        waiting.requeue = Requeue::After(spec.interval.into());
        return wait(account.status.as_ref(), &waiting, generation, now);
    }
    let mut status = account.status.clone().unwrap_or_default();
    status.caller_arn = Some(answers.arn.clone());
    status.organization.clone_from(&answers.organization);
    tell_regions(&mut status, spec, &answers.regions);
    status.common.observed_generation = Some(generation);
    status.common.last_verified_time = Some(now);
    let conditions = &mut status.common.conditions;
    condition::set(conditions, READY, Truth::True, "Verified", format!("AWS confirms account {}", spec.account_id), generation, now);
    condition::clear(conditions, RECONCILING);
    condition::clear(conditions, STALLED);
    Told { status, events: Vec::new(), requeue: Requeue::After(regular(spec.interval.into(), &spec.account_id, now)) }
}

/// What is not known does not shrink: what stands in those Regions would be taken for unwanted.
fn tell_regions(status: &mut AwsAccountStatus, spec: &AwsAccountSpec, regions: &Result<Vec<String>, Failure>) {
    match regions {
        Ok(regions) => status.regions.clone_from(regions),
        Err(_) if status.regions.is_empty() => status.regions = vec![spec.region.clone()],
        Err(_) => {}
    }
    status.regions_unknown = regions.as_ref().err().map(explain);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AwsAccount {
        let spec = serde_json::from_value(serde_json::json!({"accountId": "111111111111"})).unwrap();
        AwsAccount::new("main", spec)
    }

    fn caller(account: &str) -> Answers {
        let arn = format!("arn:aws:iam::{account}:role/r");
        Answers { account: account.to_owned(), arn, organization: None, regions: Ok(vec!["eu-west-1".into(), "us-east-1".into()]) }
    }

    #[test]
    fn regions_that_are_not_known_do_not_shrink() {
        let denied = || Failure {
            class: crate::facets::observed::ErrorClass::Denied,
            operation: "account:ListRegions".into(),
            object: "the Regions".into(),
            account: "111111111111".into(),
            region: "us-east-1".into(),
            code: "AccessDeniedException".into(),
            message: "no".into(),
        };
        let mut account = account();
        let status =
            |account: &AwsAccount, regions| verified(account, &Answers { regions, ..caller("111111111111") }, Timestamp::UNIX_EPOCH).status;
        let first = status(&account, Err(denied()));
        assert_eq!(first.regions, ["us-east-1"], "spec.region at least");
        assert!(first.regions_unknown.unwrap().contains("Allow account:ListRegions"));
        account.status = Some(status(&account, Ok(vec!["eu-west-1".into()])));
        assert_eq!(account.status.as_ref().unwrap().regions_unknown, None);
        assert_eq!(status(&account, Err(denied())).regions, ["eu-west-1"]);
    }

    #[test]
    fn the_right_account_is_ready_and_keeps_its_identity() {
        let told = verified(&account(), &caller("111111111111"), Timestamp::UNIX_EPOCH);
        assert!(condition::is_true(&told.status.common.conditions, READY) && told.events.is_empty());
        assert_eq!(told.status.caller_arn.as_deref(), Some("arn:aws:iam::111111111111:role/r"));
    }

    #[test]
    fn the_wrong_account_is_refused_once_and_looked_at_again() {
        let mut wrong = account();
        let told = verified(&wrong, &caller("222222222222"), Timestamp::UNIX_EPOCH);
        let conditions = &told.status.common.conditions;
        assert_eq!(condition::get(conditions, READY).unwrap().reason, "WrongAccount");
        assert!(condition::is_true(conditions, STALLED));
        assert_eq!(told.events.iter().map(|event| event.reason.as_str()).collect::<Vec<_>>(), ["Refused"]);
        assert!(told.events[0].note.contains("222222222222") && told.events[0].note.contains("111111111111"));
        assert!(matches!(told.requeue, Requeue::After(_)));
        wrong.status = Some(told.status);
        assert!(verified(&wrong, &caller("222222222222"), Timestamp::UNIX_EPOCH).events.is_empty());
        wrong.status = Some(verified(&wrong, &caller("111111111111"), Timestamp::UNIX_EPOCH).status);
        assert!(!condition::is_true(&wrong.status.unwrap().common.conditions, STALLED));
    }
}
