//! How long log files are kept, in words: by the rules that the bucket has, whoever made them.

use crate::facets::bucket_versioning::VersioningState;
use crate::facets::lifecycle::{LifecycleRule, OURS, Rules};
use crate::facets::object_lock::ObjectLockState;

/// For an auditor: `Log files are kept 2555 days (7 years)`.
pub fn words(rules: &Rules, versioning: &VersioningState, lock: &ObjectLockState) -> String {
    let (own, foreign): (Vec<_>, Vec<_>) = rules.iter().filter(|(_, rule)| rule.enabled).partition(|(id, _)| id.starts_with(OURS));
    let first = |days: fn(&LifecycleRule) -> Option<i32>| own.iter().find_map(|(_, rule)| days(rule));
    let versioned = versioning.status == "Enabled";
    let mut sentences = vec![match first(|rule| rule.expire_after_days) {
        Some(days) if versioned => format!("Log files are kept {}, then marked as deleted", long(days)),
        Some(days) => format!("Log files are kept {}, then deleted", long(days)),
        None => "Log files are kept for ever".to_owned(),
    }];
    let moves = own.iter().flat_map(|(_, rule)| &rule.transitions);
    sentences.extend(moves.filter_map(|to| to.after_days.map(|days| format!("After {} they move to {}", long(days), to.storage_class))));
    if !versioning.status.is_empty() {
        sentences.push(match first(|rule| rule.noncurrent_expire_after_days) {
            Some(days) => format!("Overwritten and deleted versions are kept {} more", long(days)),
            None => "Overwritten and deleted versions are kept for ever".to_owned(),
        });
    }
    sentences.extend(locked(lock));
    sentences.extend(foreign.into_iter().filter_map(|(id, rule)| of_others(id, rule)));
    format!("{}.", sentences.join(". "))
}

/// How long nobody can delete a new log file.
fn locked(lock: &ObjectLockState) -> Option<String> {
    let time = match (lock.days, lock.years) {
        (Some(days), _) => long(days),
        (None, Some(1)) => "1 year".to_owned(),
        (None, Some(years)) => format!("{years} years"),
        (None, None) => return None,
    };
    let but = if lock.mode == "COMPLIANCE" { "" } else { ", but by who is allowed s3:BypassGovernanceRetention" };
    Some(format!("New log files cannot be deleted for good for {time}{but} (object lock, {})", lock.mode))
}

/// What somebody else's rule takes away.
fn of_others(id: &str, rule: &LifecycleRule) -> Option<String> {
    let what = if rule.filter.is_everything() {
        "log files".to_owned()
    } else if rule.filter.prefix.is_empty() {
        "some log files".to_owned()
    } else {
        format!("files under {}", rule.filter.prefix)
    };
    let whose = format!("Rule {id}, which is not this archive's,");
    match (rule.expire_after_days, &rule.expire_on, rule.noncurrent_expire_after_days) {
        (Some(days), _, _) => Some(format!("{whose} deletes {what} after {}", long(days))),
        (None, Some(day), _) => Some(format!("{whose} deletes {what} on {day}")),
        (None, None, Some(days)) => Some(format!("{whose} deletes old versions of {what} after {}", long(days))),
        (None, None, None) => None,
    }
}

/// Days, and years where it comes out even.
fn long(days: i32) -> String {
    match (days, days / 365) {
        (1, _) => "1 day".to_owned(),
        (365, _) => "365 days (1 year)".to_owned(),
        (days, years) if days > 0 && days % 365 == 0 => format!("{days} days ({years} years)"),
        (days, _) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn an_auditor_reads_it() {
        let keep = json!({"enabled": true, "expireAfterDays": 2555, "transitions": [{"afterDays": 90, "storageClass": "GLACIER_IR"}]});
        let old = json!({"enabled": true, "expireAfterDays": 365, "noncurrentExpireAfterDays": 30});
        let theirs = json!({"enabled": true, "filter": {"prefix": "AWSLogs/"}, "expireAfterDays": 1});
        let off = json!({"enabled": false, "expireAfterDays": 1});
        // (rules, versioning, words)
        let table: [(Value, &str, &str); 5] = [
            (json!({}), "", "Log files are kept for ever."),
            (json!({}), "Enabled", "Log files are kept for ever. Overwritten and deleted versions are kept for ever."),
            (
                json!({"trailkeeper-retention": keep}),
                "Enabled",
                "Log files are kept 2555 days (7 years), then marked as deleted. After 90 days they move to GLACIER_IR. Overwritten and deleted versions are kept for ever.",
            ),
            (
                json!({"trailkeeper-retention": old}),
                "Suspended",
                "Log files are kept 365 days (1 year), then deleted. Overwritten and deleted versions are kept 30 days more.",
            ),
            (
                json!({"theirs": theirs, "off": off}),
                "",
                "Log files are kept for ever. Rule theirs, which is not this archive's, deletes files under AWSLogs/ after 1 day.",
            ),
        ];
        for (rules, versioning, expected) in table {
            let rules: Rules = serde_json::from_value(rules).unwrap();
            let versioning = VersioningState { status: versioning.to_owned() };
            assert_eq!(words(&rules, &versioning, &ObjectLockState::default()), expected);
        }
    }

    #[test]
    fn a_lock_is_told_with_who_may_lift_it() {
        let lock = |mode: &str, days, years| ObjectLockState { enabled: true, mode: mode.to_owned(), days, years };
        let table = [
            (
                lock("COMPLIANCE", Some(2555), None),
                "New log files cannot be deleted for good for 2555 days (7 years) (object lock, COMPLIANCE)",
            ),
            (
                lock("GOVERNANCE", None, Some(1)),
                "New log files cannot be deleted for good for 1 year, but by who is allowed s3:BypassGovernanceRetention (object lock, GOVERNANCE)",
            ),
        ];
        for (lock, expected) in table {
            assert_eq!(locked(&lock).as_deref(), Some(expected));
        }
        assert_eq!(locked(&ObjectLockState { enabled: true, ..ObjectLockState::default() }), None, "locked by hand only");
    }
}
