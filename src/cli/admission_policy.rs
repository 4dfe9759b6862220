//! `trailkeeper admission-policy`: the API server refuses what the rules fail, without a webhook.

use super::files;
use super::lint::severity;
use super::manifests::Problems;
use super::policies;
use crate::report::admission::{Wanted, objects};
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::Severity;
use crate::rules::policy_problems;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use std::io::Write;
use std::path::PathBuf;

/// Print ValidatingAdmissionPolicies made from the rules that CEL can express, for kubectl apply.
///
/// Exemptions that hold now are built in; print and apply again when policies change or exemptions run out.
#[derive(Args)]
pub struct AdmissionPolicy {
    /// File or folder with CompliancePolicies: one set of objects for each. Without it: the built-in baseline.
    #[arg(long = "policy", value_name = "FILE|DIR")]
    policies: Vec<PathBuf>,
    /// Only rules at least as severe.
    #[arg(long, value_name = "LEVEL", default_value = "info", ignore_case = true, value_parser = severity())]
    min_severity: Severity,
    /// What the API server does about an object that fails.
    #[arg(long, value_enum, default_value = "Deny")]
    action: Action,
}

#[derive(Clone, Copy, ValueEnum, strum::IntoStaticStr)]
#[value(rename_all = "PascalCase")]
enum Action {
    /// Refuse it.
    Deny,
    /// Take it, and warn.
    Warn,
    /// Take it, and note it in the audit log.
    Audit,
}

impl AdmissionPolicy {
    pub fn run(self) -> Result<()> {
        let catalogue = Catalogue::builtin()?;
        let files = files::read(&self.policies, false)?;
        let (policies, mut problems) = policies::of_files(&files);
        for policy in &policies {
            let unknown = policy_problems::unknown(&policy.value.spec, &catalogue);
            problems.extend(unknown.into_iter().map(|found| policy.problem(format!("{}: {}", found.path(), found.message))));
        }
        if !problems.is_empty() {
            return Err(Problems(problems).into());
        }
        if policies.is_empty() && !self.policies.is_empty() {
            bail!("--policy: the files hold no CompliancePolicy");
        }
        let chosen: Vec<_> = if policies.is_empty() { vec![None] } else { policies.iter().map(|policy| Some(&policy.value)).collect() };
        let wanted = |policy| Wanted { policy, least: self.min_severity, action: self.action.into(), now: Timestamp::now() };
        let all: Vec<_> = chosen.into_iter().flat_map(|policy| objects(&wanted(policy), &catalogue)).collect();
        if all.is_empty() {
            bail!("no rule that is asked for can be expressed in CEL over one object");
        }
        let mut out = std::io::stdout().lock();
        for object in all {
            write!(out, "---\n{}", serde_saphyr::to_string(&object).context("an object has no YAML form")?)?;
        }
        Ok(())
    }
}
