//! A small, real evaluator of resource policies (bucket, key, topic, trust): principals, actions, resources and conditions.
//! Pure. Where it can't tell (a condition operator it does not know) it never grants: an Allow then does not
//! apply and a Deny does. Policy variables (`${aws:...}`) are not expanded.

mod condition;

use crate::identity::Caller;
use serde_json::Value;
use std::collections::BTreeMap;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Principal<'a> {
    Service(&'a str),
    Caller(&'a Caller),
    /// Whoever an identity policy is attached to; such policies name no principal.
    Holder,
}

#[derive(Debug)]
pub struct Request<'a> {
    pub principal: Principal<'a>,
    pub action: &'a str,
    /// None for trust policies, whose statements name no resource.
    pub resource: Option<&'a str>,
    pub context: Context,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    /// No statement allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

/// Condition keys and their values; keys are compared without case, as IAM does.
#[derive(Debug, Clone, Default)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.0.insert(key.to_ascii_lowercase(), vec![value.into()]);
        self
    }

    /// Sets the key only when there is a value.
    pub fn with_some(self, key: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    fn get(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }
}

pub fn evaluate(policy: &Value, request: &Request<'_>) -> Decision {
    let mut decision = Decision::NotAllowed;
    for statement in list(policy.get("Statement")) {
        let deny = statement.get("Effect").and_then(Value::as_str) == Some("Deny");
        if !applies(statement, request, deny) {
            continue;
        }
        if deny {
            return Decision::Denied;
        }
        decision = Decision::Allowed;
    }
    decision
}

fn applies(statement: &Value, request: &Request<'_>, deny: bool) -> bool {
    principal_applies(statement, request.principal)
        && either(statement, "Action", "NotAction", |pattern| wildcard(&pattern.to_ascii_lowercase(), &request.action.to_ascii_lowercase()))
        && request.resource.is_none_or(|resource| either(statement, "Resource", "NotResource", |pattern| wildcard(pattern, resource)))
        && condition::holds(statement.get("Condition"), &request.context, deny)
}

/// True if the positive element has a match, or the negative element is there and has none.
fn either(statement: &Value, positive: &str, negative: &str, matches: impl Fn(&str) -> bool) -> bool {
    let any = |value: &Value| strings(Some(value)).iter().any(|pattern| matches(pattern));
    match (statement.get(positive), statement.get(negative)) {
        (Some(value), _) => any(value),
        (None, Some(value)) => !any(value),
        (None, None) => false,
    }
}

fn principal_applies(statement: &Value, principal: Principal<'_>) -> bool {
    if matches!(principal, Principal::Holder) {
        return true;
    }
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), _) => principal_matches(value, principal),
        (None, Some(value)) => !principal_matches(value, principal),
        (None, None) => false,
    }
}

fn principal_matches(value: &Value, principal: Principal<'_>) -> bool {
    if value.as_str() == Some("*") {
        return true;
    }
    match principal {
        Principal::Service(name) => strings(value.get("Service")).iter().any(|entry| *entry == name || *entry == "*"),
        Principal::Caller(caller) => strings(value.get("AWS")).iter().any(|entry| names_caller(entry, caller)),
        Principal::Holder => false,
    }
}

fn names_caller(entry: &str, caller: &Caller) -> bool {
    let is_account_root = entry.starts_with("arn:") && entry.ends_with(&format!(":iam::{}:root", caller.account));
    entry == "*" || entry == caller.account || is_account_root || caller.policy_arns().contains(&entry)
}

/// Whether a policy opens a bucket to everybody, as S3's Block Public Policy judges it: an Allow for
/// everybody that no condition narrows to known callers.
pub fn is_public(policy: &Value) -> bool {
    const NARROWING: [&str; 10] = [
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:principalorgid",
        "aws:principalarn",
        "aws:principalaccount",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:sourceowner",
        "s3:dataaccesspointaccount",
    ];
    list(policy.get("Statement")).into_iter().any(|statement| {
        let everybody = statement
            .get("Principal")
            .is_some_and(|principal| principal.as_str() == Some("*") || strings(principal.get("AWS")).contains(&"*"));
        let narrowed = condition::keys(statement.get("Condition"))
            .iter()
            .any(|(key, values)| NARROWING.contains(&key.as_str()) && values.iter().all(|value| !value.contains(['*', '?'])));
        statement.get("Effect").and_then(Value::as_str) == Some("Allow") && everybody && !narrowed
    })
}

/// `*` is any run of characters, `?` is any one.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star_p, star_t)) = star {
            p = star_p + 1;
            t = star_t + 1;
            star = Some((star_p, t));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|rest| *rest == '*')
}

/// A JSON value that may be one item or a list of them.
fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
    }
}

fn strings(value: Option<&Value>) -> Vec<&str> {
    list(value).into_iter().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests;
