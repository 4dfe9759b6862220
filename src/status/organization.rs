//! Who of an organization is recorded: the accounts there are against the folders that the archive has.

use crate::api::organization::{OrganizationCoverage, OrganizationStatus};
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeSet;

/// How many accounts without logs are named.
const NAMED: usize = 20;

/// The account folders of an archive.
pub struct Folders {
    /// Names, without slashes.
    pub names: BTreeSet<String>,
    /// Whether these are all. Else they are the first ones, in order.
    pub complete: bool,
}

/// The accounts that are to have logs: suspended ones do nothing that would be recorded.
pub fn active_accounts(organization: Option<&OrganizationStatus>) -> Vec<String> {
    let members = organization.map(|organization| organization.members.as_slice()).unwrap_or_default();
    members.iter().filter(|member| member.is_active()).map(|member| member.id.clone()).collect()
}

/// Whether the archive is to be looked at: hourly, and at every pass while something is missing.
pub fn is_due(before: Option<&OrganizationCoverage>, accounts: &[String], now: Timestamp) -> bool {
    let Some(before) = before else { return true };
    let hour_ago = now.checked_sub(1.hour()).unwrap_or(Timestamp::MIN);
    let all = u32::try_from(accounts.len()).ok();
    before.accounts != all || before.accounts_with_logs != all || before.last_checked_time.is_none_or(|checked| checked <= hour_ago)
}

/// Compares the accounts with the folders, or with why there are none to compare with.
pub fn coverage(accounts: &[String], regions: &[String], folders: Result<Folders, String>, now: Timestamp) -> OrganizationCoverage {
    let mut coverage = OrganizationCoverage { regions: regions.to_vec(), last_checked_time: Some(now), ..OrganizationCoverage::default() };
    if accounts.is_empty() {
        coverage
            .unknown
            .push("the accounts: organizations:ListAccounts was not answered (see status.organization of the AwsAccount)".to_owned());
        return coverage;
    }
    coverage.accounts = u32::try_from(accounts.len()).ok();
    match folders {
        Ok(folders) => {
            let last = folders.names.last().cloned().unwrap_or_default();
            let unseen = |account: &&String| !folders.complete && **account > last;
            let (judged, unjudged): (Vec<_>, Vec<_>) = accounts.iter().partition(|account| !unseen(account));
            let (with, without): (Vec<_>, Vec<_>) = judged.into_iter().partition(|account| folders.names.contains(*account));
            coverage.accounts_with_logs = u32::try_from(with.len()).ok();
            coverage.accounts_without_logs = without.into_iter().take(NAMED).cloned().collect();
            if !unjudged.is_empty() {
                coverage.unknown.push(format!("the folders of {} accounts: the archive has more than one answer takes", unjudged.len()));
            }
        }
        Err(why) => coverage.unknown.push(format!("the archive's folders: {why}")),
    }
    coverage
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    fn folders(names: &[&str], complete: bool) -> Result<Folders, String> {
        Ok(Folders { names: ids(names).into_iter().collect(), complete })
    }

    #[test]
    fn accounts_without_logs_are_named_and_counted() {
        let found = coverage(&ids(&["1", "2", "3"]), &ids(&["eu-west-1"]), folders(&["1", "3", "9"], true), Timestamp::UNIX_EPOCH);
        assert_eq!((found.accounts, found.accounts_with_logs), (Some(3), Some(2)));
        assert_eq!((found.accounts_without_logs, found.unknown), (ids(&["2"]), vec![]));
    }

    #[test]
    fn what_one_answer_does_not_show_is_not_judged() {
        let found = coverage(&ids(&["1", "2", "3"]), &[], folders(&["2"], false), Timestamp::UNIX_EPOCH);
        assert_eq!((found.accounts_with_logs, found.accounts_without_logs), (Some(1), ids(&["1"])));
        assert!(found.unknown[0].contains("1 accounts"), "{:?}", found.unknown);
    }

    #[test]
    fn unknown_is_not_zero() {
        let found = coverage(&ids(&["1"]), &[], Err("denied".to_owned()), Timestamp::UNIX_EPOCH);
        assert_eq!((found.accounts_with_logs, found.unknown.len()), (None, 1));
        let found = coverage(&[], &[], folders(&[], true), Timestamp::UNIX_EPOCH);
        assert_eq!((found.accounts, found.accounts_with_logs, found.unknown.len()), (None, None, 1));
    }

    #[test]
    fn a_complete_archive_is_looked_at_hourly() {
        let all = ids(&["1", "2"]);
        let at = |second| Timestamp::from_second(second).unwrap();
        let complete = coverage(&all, &[], folders(&["1", "2"], true), at(0));
        assert!(!is_due(Some(&complete), &all, at(3599)) && is_due(Some(&complete), &all, at(3600)));
        let partial = coverage(&all, &[], folders(&["1"], true), at(0));
        assert!(is_due(Some(&partial), &all, at(1)) && is_due(None, &all, at(1)));
        assert!(is_due(Some(&complete), &ids(&["1", "2", "3"]), at(1)), "a new member");
        assert!(is_due(Some(&partial), &ids(&["1"]), at(1)), "one that lacked logs has left");
    }
}
