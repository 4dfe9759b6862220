//! Faults a test asks for: which call they hit, what they do, how often. Deciding only; `front` carries them out.

use crate::policy::wildcard;
use crate::world::guard;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Signing name (`cloudtrail`, `s3`) or `*`.
    pub service: String,
    /// Operation name; `*` and `?` are wildcards.
    pub operation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ARN of the caller, with wildcards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    pub kind: FaultKind,
    /// How many calls it hits; absent means all of them, until cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    Throttle,
    ServerError {
        status: u16,
    },
    Latency {
        ms: u64,
    },
    /// The connection closes and nothing happened.
    Cut,
    /// The call takes effect, then the connection closes without an answer.
    CutAfter,
    Deny,
    /// Any other answer.
    Error {
        status: u16,
        code: String,
        message: String,
    },
}

impl FaultKind {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::ServerError { .. } => "server_error",
            Self::Latency { .. } => "latency",
            Self::Cut => "cut",
            Self::CutAfter => "cut_after",
            Self::Deny => "deny",
            Self::Error { .. } => "error",
        }
    }
}

/// The call a rule is held against.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub service: &'a str,
    pub operation: &'a str,
    pub account: Option<&'a str>,
    pub region: &'a str,
    pub principal: Option<&'a str>,
}

impl FaultRule {
    fn hits(&self, target: Target<'_>) -> bool {
        self.count != Some(0)
            && (self.service == "*" || self.service == target.service)
            && wildcard(&self.operation, target.operation)
            && self.account.as_deref().is_none_or(|account| target.account == Some(account))
            && self.region.as_deref().is_none_or(|region| region == target.region)
            && self.principal.as_deref().is_none_or(|glob| target.principal.is_some_and(|arn| wildcard(glob, arn)))
    }
}

#[derive(Debug, Default)]
pub struct Faults {
    rules: Mutex<Vec<FaultRule>>,
}

impl Faults {
    pub fn add(&self, rule: FaultRule) {
        guard(&self.rules).push(rule);
    }

    pub fn list(&self) -> Vec<FaultRule> {
        guard(&self.rules).clone()
    }

    pub fn clear(&self) {
        guard(&self.rules).clear();
    }

    /// Clears the rules that name this account, so that tests that share a simulation leave each other's faults alone.
    pub fn clear_of(&self, account: &str) {
        guard(&self.rules).retain(|rule| rule.account.as_deref() != Some(account));
    }

    /// What hits this call: every latency rule adds up, and the first of the others decides. Counts are used up.
    pub fn take(&self, target: Target<'_>) -> Vec<FaultKind> {
        let mut rules = guard(&self.rules);
        let mut taken = Vec::new();
        let mut decided = false;
        for rule in rules.iter_mut().filter(|rule| rule.hits(target)) {
            let is_latency = matches!(rule.kind, FaultKind::Latency { .. });
            if !is_latency && std::mem::replace(&mut decided, true) {
                continue;
            }
            if let Some(count) = &mut rule.count {
                *count -= 1;
            }
            taken.push(rule.kind.clone());
        }
        rules.retain(|rule| rule.count != Some(0));
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target<'_> = Target {
        service: "s3",
        operation: "PutBucketPolicy",
        account: Some("1"),
        region: "eu-west-1",
        principal: Some("arn:aws:iam::1:user/a"),
    };

    fn rule(service: &str, operation: &str, kind: FaultKind, count: Option<u64>) -> FaultRule {
        FaultRule { service: service.into(), operation: operation.into(), account: None, region: None, principal: None, kind, count }
    }

    #[test]
    fn a_count_is_used_up_and_the_rule_goes() {
        let faults = Faults::default();
        faults.add(rule("s3", "Put*", FaultKind::Throttle, Some(2)));
        assert_eq!(faults.take(TARGET), [FaultKind::Throttle]);
        assert_eq!(faults.take(TARGET), [FaultKind::Throttle]);
        assert_eq!(faults.take(TARGET), []);
        assert_eq!(faults.list(), []);
    }

    #[test]
    fn latency_adds_to_the_first_other_rule() {
        let faults = Faults::default();
        faults.add(rule("*", "*", FaultKind::Latency { ms: 1 }, None));
        faults.add(rule("s3", "*", FaultKind::Deny, None));
        faults.add(rule("s3", "*", FaultKind::Throttle, Some(1)));
        assert_eq!(faults.take(TARGET), [FaultKind::Latency { ms: 1 }, FaultKind::Deny]);
        assert_eq!(faults.list().len(), 3, "a rule that did not decide keeps its count");
    }

    #[test]
    fn an_account_clears_its_own_rules_only() {
        let faults = Faults::default();
        let of = |account: Option<&str>| FaultRule { account: account.map(str::to_owned), ..rule("s3", "*", FaultKind::Deny, None) };
        [of(Some("1")), of(Some("2")), of(None)].into_iter().for_each(|rule| faults.add(rule));
        faults.clear_of("1");
        assert_eq!(faults.list(), [of(Some("2")), of(None)]);
    }

    #[test]
    fn filters_must_all_match() {
        let faults = Faults::default();
        faults.add(FaultRule { account: Some("2".into()), ..rule("s3", "*", FaultKind::Deny, None) });
        faults.add(FaultRule { principal: Some("*:role/*".into()), ..rule("s3", "*", FaultKind::Deny, None) });
        faults.add(FaultRule { region: Some("us-east-1".into()), ..rule("s3", "*", FaultKind::Deny, None) });
        assert_eq!(faults.take(TARGET), []);
    }
}
