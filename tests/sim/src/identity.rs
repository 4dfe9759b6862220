//! Who an access key is. Keys of the form `<12 digits>` and `<12 digits>-<user>` are IAM users of that account without
//! any set-up (`-root` is the root user); keys that IAM and STS hand out are learned as they pass.

use crate::world::guard;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Mutex;

/// The user of a plain 12-digit access key.
pub const DEFAULT_USER: &str = "admin";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrincipalKind {
    #[serde(rename = "Root")]
    Root,
    #[serde(rename = "IAMUser")]
    IamUser,
    #[serde(rename = "AssumedRole")]
    AssumedRole,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    pub account: String,
    pub arn: String,
    pub kind: PrincipalKind,
    pub principal_id: String,
    pub access_key: String,
    /// Set for IAM users.
    pub user_name: Option<String>,
    /// Set for assumed roles.
    pub session: Option<Session>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub role_arn: String,
    pub role_name: String,
    pub role_id: String,
    pub created: Timestamp,
    /// By the machine's clock, see `clock`.
    pub expires: Timestamp,
}

impl Caller {
    /// The ARNs that a policy may name this caller by, the account's own aside.
    pub fn policy_arns(&self) -> Vec<&str> {
        let role = self.session.as_ref().map(|session| session.role_arn.as_str());
        std::iter::once(self.arn.as_str()).chain(role).collect()
    }
}

pub fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[derive(Debug, Clone)]
struct Known {
    caller: Caller,
    token: Option<String>,
}

#[derive(Debug, Default)]
pub struct Identities {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Rejected {
    UnknownKey,
    WrongToken,
    Expired,
}

impl Identities {
    pub fn learn_user(&self, account: &str, user: &str, access_key: &str, region: &str) {
        let caller = user_of(account, user, access_key, region);
        guard(&self.known).insert(access_key.to_owned(), Known { caller, token: None });
    }

    pub fn learn_session(&self, caller: Caller, token: String) {
        guard(&self.known).insert(caller.access_key.clone(), Known { caller, token: Some(token) });
    }

    pub fn forget(&self, access_key: &str) {
        guard(&self.known).remove(access_key);
    }

    pub fn caller(&self, access_key: &str, token: Option<&str>, region: &str) -> Result<Caller, Rejected> {
        if let Some(known) = guard(&self.known).get(access_key) {
            if known.token.as_deref() != token {
                return Err(Rejected::WrongToken);
            }
            let expired = known.caller.session.as_ref().is_some_and(|session| session.expires <= Timestamp::now());
            return if expired { Err(Rejected::Expired) } else { Ok(known.caller.clone()) };
        }
        let (account, rest) = access_key.split_at_checked(12).ok_or(Rejected::UnknownKey)?;
        if !is_account_id(account) {
            return Err(Rejected::UnknownKey);
        }
        match rest.strip_prefix(['-', '_', ':']) {
            None if rest.is_empty() => Ok(user_of(account, DEFAULT_USER, access_key, region)),
            Some(user) if !user.is_empty() => Ok(user_of(account, user, access_key, region)),
            _ => Err(Rejected::UnknownKey),
        }
    }

    pub fn clear(&self) {
        guard(&self.known).clear();
    }
}

fn user_of(account: &str, user: &str, access_key: &str, region: &str) -> Caller {
    let partition = partition(region);
    let root = user == "root";
    let resource = if root { "root".to_owned() } else { format!("user/{user}") };
    Caller {
        account: account.to_owned(),
        arn: format!("arn:{partition}:iam::{account}:{resource}"),
        kind: if root { PrincipalKind::Root } else { PrincipalKind::IamUser },
        principal_id: if root { account.to_owned() } else { format!("AIDA{account}{}", user.to_uppercase()) },
        access_key: access_key.to_owned(),
        user_name: (!root).then(|| user.to_owned()),
        session: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn digits_are_accounts() {
        let identities = Identities::default();
        let arn = |key: &str| identities.caller(key, None, "eu-west-1").map(|caller| caller.arn);
        assert_eq!(arn("111111111111").unwrap(), "arn:aws:iam::111111111111:user/admin");
        assert_eq!(arn("111111111111-mallory").unwrap(), "arn:aws:iam::111111111111:user/mallory");
        assert_eq!(arn("111111111111-root").unwrap(), "arn:aws:iam::111111111111:root");
        assert_eq!(arn("AKIAIOSFODNN7EXAMPLE"), Err(Rejected::UnknownKey));
        assert_eq!(arn("1111111111112"), Err(Rejected::UnknownKey));
    }

    #[test]
    fn a_session_needs_its_token_and_ends() {
        let identities = Identities::default();
        let now = Timestamp::now();
        let session = |seconds: i64| Session {
            role_arn: "arn:aws:iam::1:role/r".into(),
            role_name: "r".into(),
            role_id: "AROA".into(),
            created: now,
            expires: Timestamp::from_second(now.as_second() + seconds).unwrap(),
        };
        for (key, seconds) in [("ASIA1", 60), ("ASIA2", -1)] {
            let caller = Caller { session: Some(session(seconds)), ..user_of("111111111111", "x", key, "eu-west-1") };
            identities.learn_session(caller, "token".into());
        }
        assert!(identities.caller("ASIA1", Some("token"), "eu-west-1").is_ok());
        assert_eq!(identities.caller("ASIA1", None, "eu-west-1"), Err(Rejected::WrongToken));
        assert_eq!(identities.caller("ASIA2", Some("token"), "eu-west-1"), Err(Rejected::Expired));
    }
}
