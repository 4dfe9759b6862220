//! Best-practice rules: pure. One file per subject; the catalogue with its texts and the framework mappings are data.
//!
//! A rule looks at what is desired (lint) or at what was observed (the operator, `check`) in the same form: facets by name.
//! It says pass, fail, unknown or not applicable; exemptions and severities are the compliance policy's (`settings`).
//! Nothing here calls AWS or Kubernetes.

pub mod account;
pub mod bucket;
pub mod bucket_policy;
pub mod bucket_retention;
pub mod case;
pub mod catalogue;
pub mod cost;
pub mod delivery;
pub mod events;
pub mod finding;
mod implication;
pub mod integrity;
pub mod key;
pub mod lake;
pub mod monitoring;
pub mod notices;
pub mod of_found;
pub mod of_object;
pub mod organization;
mod policy;
pub mod policy_problems;
pub mod settings;
pub mod trail;

use case::{AccountCase, ArchiveCase, Case, StoreCase, TrailCase};
use catalogue::Catalogue;
use finding::{Finding, Verdict};
use settings::Settings;

/// A pass, or why it is none. Lets a rule read as a row of checks that end at the first that does not hold.
pub type Judgement = Result<(), Verdict>;

/// How a rule judges, by the kind of object that it is about.
#[derive(Clone, Copy)]
pub enum Judge {
    Trail(fn(&TrailCase) -> Judgement),
    Archive(fn(&ArchiveCase) -> Judgement),
    Account(fn(&AccountCase) -> Judgement),
    Store(fn(&StoreCase) -> Judgement),
}

impl Judge {
    /// The kind of object that it judges.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Trail(_) => "Trail",
            Self::Archive(_) => "LogArchive",
            Self::Account(_) => "AwsAccount",
            Self::Store(_) => "EventDataStore",
        }
    }
}

/// One best practice. Its texts are in the catalogue, under the same id.
pub struct Rule {
    pub id: &'static str,
    pub judge: Judge,
}

/// Every rule, by subject.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        trail::RULES,
        events::RULES,
        delivery::RULES,
        notices::RULES,
        bucket::RULES,
        bucket_policy::RULES,
        bucket_retention::RULES,
        integrity::RULES,
        key::RULES,
        monitoring::RULES,
        organization::RULES,
        account::RULES,
        cost::RULES,
        lake::RULES,
    ]
    .into_iter()
    .flatten()
}

/// Judges one object by every rule that the settings ask for. Rules about another kind of object are left out.
pub fn judge(case: &Case<'_>, catalogue: &Catalogue, settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in rules() {
        let Some(entry) = catalogue.entry(rule.id).filter(|entry| settings.asks_for(entry)) else { continue };
        let verdict = match (rule.judge, case) {
            // What only a live object shows is not asked of a manifest.
            _ if entry.live && !case.is_live() => continue,
            _ if !entry.asks.is_empty() && !entry.asks.iter().any(|evidence| case.common().was_looked_at(evidence)) => continue,
            (Judge::Trail(judge), Case::Trail(case)) => judge(case),
            (Judge::Archive(judge), Case::Archive(case)) => judge(case),
            (Judge::Account(judge), Case::Account(case)) => judge(case),
            (Judge::Store(judge), Case::Store(case)) => judge(case),
            (Judge::Trail(_) | Judge::Archive(_) | Judge::Account(_) | Judge::Store(_), _) => continue,
        };
        let verdict = verdict.err().unwrap_or(Verdict::Pass);
        findings.push(settings.settle(entry, case, verdict));
    }
    findings
}

/// `Err(Fail)` with this message, unless it holds.
pub(crate) fn must(holds: bool, message: impl FnOnce() -> String) -> Judgement {
    if holds { Ok(()) } else { Err(Verdict::Fail(message())) }
}

/// All of them: a failure counts more than what is not known, and that more than what does not apply.
pub(crate) fn all<const N: usize>(judgements: [Judgement; N]) -> Judgement {
    let worst = judgements.into_iter().filter_map(Result::err).min_by_key(Verdict::result);
    worst.map_or(Ok(()), Err)
}

/// `Err(NotApplicable)` with this reason, unless it holds.
pub(crate) fn applies(holds: bool, reason: &str) -> Judgement {
    if holds { Ok(()) } else { Err(Verdict::NotApplicable(reason.to_owned())) }
}
