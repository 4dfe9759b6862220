//! Rules about how long log files stay, and whether anybody can end that early: lifecycle, object lock, MFA delete.

use super::case::ArchiveCase;
use super::finding::Verdict;
use super::{Judge, Judgement, Rule, applies, must};
use crate::facets::lifecycle::{LifecycleRule, Rules};
use crate::facets::object_lock::ObjectLockState;

pub const RULES: &[Rule] = &[
    Rule { id: "TK-BUCKET-016", judge: Judge::Archive(kept_long_enough) },
    Rule { id: "TK-BUCKET-017", judge: Judge::Archive(deleted_files_come_back) },
    Rule { id: "TK-BUCKET-018", judge: Judge::Archive(has_lifecycle) },
    Rule { id: "TK-BUCKET-019", judge: Judge::Archive(mfa_delete) },
    Rule { id: "TK-BUCKET-020", judge: Judge::Archive(locked) },
    Rule { id: "TK-BUCKET-021", judge: Judge::Archive(lock_without_way_out) },
    Rule { id: "TK-BUCKET-022", judge: Judge::Archive(locked_long_enough) },
];

/// A deletion must be noticed before it is final: days that a deleted version must stay at least.
const DAYS_TO_NOTICE: i32 = 30;

const DAYS_OF_YEAR: u32 = 365;

impl ArchiveCase {
    /// Whether a prefix covers log files, or some of them. Of a bucket whose writers are not all known every folder `AWSLogs`
    /// may be one of theirs.
    pub(super) fn is_about_logs(&self, prefix: &str) -> bool {
        let meets = |folder: &str| prefix.starts_with(folder) || folder.starts_with(prefix);
        let mut folders = self.writers.iter().map(|writer| match writer.key_prefix.as_str() {
            "" => "AWSLogs/".to_owned(),
            key_prefix => format!("{key_prefix}/AWSLogs/"),
        });
        let known = folders.any(|folder| meets(&folder));
        let guessed = !self.knows_all_writers || self.writers.is_empty();
        known || (guessed && (meets("AWSLogs/") || prefix.contains("AWSLogs/")))
    }

    fn lifecycle(&self) -> Result<Rules, Verdict> {
        self.bucket()?;
        Ok(self.common.state("lifecycle")?.unwrap_or_default())
    }

    /// The rules in force that log files meet. CloudTrail puts no tags on them, so a rule by tags is for others.
    fn rules_for_logs(&self) -> Result<Vec<(String, LifecycleRule)>, Verdict> {
        let rules = self.lifecycle()?.into_iter();
        Ok(rules.filter(|(_, rule)| rule.enabled && rule.filter.tags.is_empty() && self.is_about_logs(&rule.filter.prefix)).collect())
    }
}

fn kept_long_enough(case: &ArchiveCase) -> Judgement {
    let days = case.common.parameters.retention_days;
    for (id, rule) in case.rules_for_logs()? {
        let early = rule.expire_after_days.filter(|after| i64::from(*after) < i64::from(days));
        must(early.is_none(), || {
            let place = if rule.filter.prefix.is_empty() { String::new() } else { format!(" below {}", rule.filter.prefix) };
            format!("lifecycle rule {id} lets log files{place} expire after {} days, and they must stay {days}", early.unwrap_or_default())
        })?;
        must(rule.expire_on.is_none(), || {
            let on = rule.expire_on.clone().unwrap_or_default();
            format!("lifecycle rule {id} lets all log files expire from {on} on, whatever their age, and they must stay {days} days")
        })?;
    }
    Ok(())
}

fn deleted_files_come_back(case: &ArchiveCase) -> Judgement {
    for (id, rule) in case.rules_for_logs()? {
        let early = rule.noncurrent_expire_after_days.filter(|after| *after < DAYS_TO_NOTICE);
        // With versions to keep, the last deleted one stays whatever its age.
        let keeps_versions = rule.noncurrent_versions_kept.is_some_and(|kept| kept > 0);
        must(early.is_none() || keeps_versions, || {
            let after = early.unwrap_or_default();
            format!("lifecycle rule {id} makes the deletion of a log file final after {after} days: it may not be noticed by then")
        })?;
    }
    Ok(())
}

fn has_lifecycle(case: &ArchiveCase) -> Judgement {
    let rules = case.lifecycle()?;
    let one_of_both = "without lifecycle rules log files stay for good; S3 takes either them or MFA delete";
    applies(!rules.is_empty(), one_of_both)?;
    must(rules.values().any(|rule| rule.enabled), || "every lifecycle rule is disabled: nothing is ever moved or tidied up".to_owned())
}

fn mfa_delete(case: &ArchiveCase) -> Judgement {
    let rules = case.lifecycle()?;
    if case.mfa_delete()? {
        return Ok(());
    }
    applies(rules.is_empty(), "S3 takes no MFA delete for a bucket with lifecycle rules")?;
    let lock = case.object_lock()?;
    applies(lock.mode != COMPLIANCE, "object lock in Compliance mode lets nobody delete, with a device or without")?;
    must(false, || {
        "MFA delete is off: whoever may delete versions deletes log files for good, without a second factor (object lock or \
         lifecycle rules instead are well, too: S3 takes no MFA delete beside lifecycle rules)"
            .to_owned()
    })
}

const COMPLIANCE: &str = "COMPLIANCE";

/// The lock that every new log file gets.
fn default_lock(case: &ArchiveCase) -> Result<ObjectLockState, Verdict> {
    let lock = case.object_lock()?;
    applies(!lock.mode.is_empty(), "new log files are not locked")?;
    Ok(lock)
}

fn locked(case: &ArchiveCase) -> Judgement {
    let lock = case.object_lock()?;
    must(lock.enabled, || "the bucket has no object lock: whoever may delete versions can delete log files for good".to_owned())?;
    must(!lock.mode.is_empty(), || {
        "object lock is on without default retention: CloudTrail sets no lock, so no log file has one".to_owned()
    })
}

fn lock_without_way_out(case: &ArchiveCase) -> Judgement {
    must(default_lock(case)?.mode == COMPLIANCE, || {
        "log files are locked in Governance mode: whoever is allowed s3:BypassGovernanceRetention deletes them still".to_owned()
    })
}

fn locked_long_enough(case: &ArchiveCase) -> Judgement {
    let lock = default_lock(case)?;
    let positive = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
    let locked = positive(lock.days).saturating_add(positive(lock.years).saturating_mul(DAYS_OF_YEAR));
    let days = case.common.parameters.retention_days;
    must(locked >= days, || format!("log files are locked for {locked} days, and they must stay {days}"))
}
