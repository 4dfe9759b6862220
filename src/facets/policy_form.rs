//! The form in which a policy lets its writers in: as exact as its size allows.
//!
//! AWS limits the size of a policy, and the list of trails of a central archive has no limit. So one statement per trail
//! gives way to shared statements with lists of ARNs, these to lists of accounts, and these to the organization.

use super::grants::{Grant, Source};
use super::policy_document::Statements;
use crate::api::log_archive::PolicyForm;
use std::collections::BTreeSet;

/// Kept free: AWS counts a policy in a form of its own, not quite as it was sent.
const HEADROOM_PERCENT: usize = 10;

/// What a form's statements are conditioned on, and what their Sids end in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    Trails,
    Accounts,
    Organizations,
}

impl Shared {
    pub const ALL: [Self; 3] = [Self::Trails, Self::Accounts, Self::Organizations];

    pub fn condition_key(self) -> &'static str {
        match self {
            Self::Trails => "aws:SourceArn",
            Self::Accounts => "aws:SourceAccount",
            Self::Organizations => "aws:SourceOrgID",
        }
    }

    pub fn sid(self) -> &'static str {
        match self {
            Self::Trails => "Trails",
            Self::Accounts => "Accounts",
            Self::Organizations => "Organizations",
        }
    }

    fn form(self) -> PolicyForm {
        match self {
            Self::Trails => PolicyForm::Merged,
            Self::Accounts => PolicyForm::PerAccount,
            Self::Organizations => PolicyForm::Organization,
        }
    }
}

/// How a grant is written in a shared form, and the value of its condition. Where the organization is not known, the account
/// stands in for it.
pub fn shared(form: PolicyForm, grant: &Grant) -> (Shared, String) {
    match (&grant.source, &grant.organization) {
        (Source::Organization(id), _) => (Shared::Organizations, id.clone()),
        (_, Some(id)) if form == PolicyForm::Organization => (Shared::Organizations, id.clone()),
        (Source::Trail(arn), _) if form <= PolicyForm::Merged => (Shared::Trails, arn.clone()),
        (source, _) => (Shared::Accounts, source.account().unwrap_or_default().to_owned()),
    }
}

/// The form that a policy is in, told by its Sids.
pub fn form_of(statements: &Statements) -> PolicyForm {
    let has = |shared: &Shared| statements.0.keys().any(|sid| sid.starts_with(super::grants::OURS) && sid.ends_with(shared.sid()));
    Shared::ALL.into_iter().filter(has).map(Shared::form).max().unwrap_or_default()
}

/// Bytes of a policy as it is sent.
pub fn size(statements: &Statements) -> usize {
    statements.document().to_string().len()
}

/// The most exact form that `limit` bytes leave room for; where none does, the smallest. A policy that lets whole accounts in
/// stays as broad: which trails they hold is not ours to know.
pub fn choose(grants: &BTreeSet<Grant>, limit: usize, write: impl Fn(PolicyForm) -> Statements) -> Statements {
    let floor = grants
        .iter()
        .map(|grant| match grant.source {
            Source::Trail(_) => PolicyForm::PerTrail,
            Source::Account(_) => PolicyForm::PerAccount,
            Source::Organization(_) => PolicyForm::Organization,
        })
        .max()
        .unwrap_or_default();
    let roomy = limit.saturating_sub(limit / 100 * HEADROOM_PERCENT);
    let candidates: Vec<Statements> = PolicyForm::ALL.into_iter().filter(|form| *form >= floor).map(write).collect();
    let first_within = |bytes: usize| candidates.iter().find(|statements| size(statements) <= bytes);
    first_within(roomy)
        .or_else(|| first_within(limit))
        .or_else(|| candidates.iter().min_by_key(|statements| size(statements)))
        .cloned()
        .unwrap_or_default()
}

/// Why a policy is not written statement by trail, for the plan.
pub fn explain(form: PolicyForm, per_trail: usize, limit: usize) -> String {
    let how = match form {
        PolicyForm::PerTrail => return String::new(),
        PolicyForm::Merged => "trails share statements",
        PolicyForm::PerAccount => "trails are let in by account",
        PolicyForm::Organization => "trails are let in by organization",
    };
    format!("; {how} (form {form:?}): one statement per trail would take {per_trail} bytes, and AWS allows {limit}")
}
