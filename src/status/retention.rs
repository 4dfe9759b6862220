//! How long log files are kept, in words: by the rules that the bucket has, whoever made them.

use crate::facets::bucket_versioning::VersioningState;
use crate::facets::lifecycle::{LifecycleRule, OURS, Rules};

/// For an auditor: `Log files are kept 2555 days (7 years)`.
pub fn words(rules: &Rules, versioning: &VersioningState) -> String {
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
    sentences.extend(foreign.into_iter().filter_map(|(id, rule)| of_others(id, rule)));
    format!("{}.", sentences.join(". "))
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
            assert_eq!(words(&rules, &VersioningState { status: versioning.to_owned() }), expected);
        }
    }
}
