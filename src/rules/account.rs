//! Rules about an account as a whole: what all its trails record together, own ones and those of its organization.

use super::case::AccountCase;
use super::events::{LAMBDA, S3, excluded, management, resources};
use super::finding::Verdict;
use super::policy::{Statement, allows};
use super::trail::listed;
use super::{Judge, Judgement, Rule, applies, must};
use crate::facets::policy_document::Statements;
use crate::facets::selection::{Extent, Sort};
use crate::facets::trail_events::EventsState;
use crate::status::classes::explain;
use crate::status::coverage::SeenTrail;
use serde::{Deserialize, Serialize};

pub const RULES: &[Rule] = &[
    Rule { id: "TK-ACCOUNT-001", judge: Judge::Account(has_a_trail) },
    Rule { id: "TK-ACCOUNT-002", judge: Judge::Account(management_everywhere) },
    Rule { id: "TK-ACCOUNT-003", judge: Judge::Account(one_trail_is_whole) },
    Rule { id: "TK-ACCOUNT-004", judge: Judge::Account(room_for_a_trail) },
    Rule { id: "TK-ACCOUNT-005", judge: Judge::Account(|case| data(case, S3, Sort::writes, "writes of S3 objects")) },
    Rule { id: "TK-ACCOUNT-006", judge: Judge::Account(|case| data(case, S3, Sort::reads, "reads of S3 objects")) },
    Rule { id: "TK-ACCOUNT-007", judge: Judge::Account(some_s3) },
    Rule { id: "TK-ACCOUNT-008", judge: Judge::Account(|case| data(case, LAMBDA, |sort| sort, "calls of Lambda functions")) },
    Rule { id: "TK-ACCOUNT-009", judge: Judge::Account(few_administrators) },
];

/// The trails that AWS allows in a Region, shadows included. It does not raise it.
const MOST_TRAILS: usize = 5;

/// What switches a trail off, narrows it, or ends it.
pub(super) const TAMPERING: [&str; 4] =
    ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors"];

/// IAM policies of the account that are about CloudTrail and in force for somebody, under `cloudTrailAdministrators`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CloudTrailAdministrators {
    pub policies: Vec<IamPolicy>,
}

/// An IAM policy with those who have it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IamPolicy {
    /// ARN; of an inline policy its name.
    pub name: String,
    pub statements: Statements,
    /// ARNs of users, groups and roles.
    pub principals: Vec<String>,
}

impl AccountCase {
    /// Trails that are known to record.
    pub(super) fn recording(&self) -> impl Iterator<Item = &SeenTrail> {
        self.inventory.trails.iter().filter(|trail| matches!(trail.logging, Ok(true)))
    }

    /// The first read that failed and could tell of more trails that record.
    pub(super) fn unread(&self) -> Option<Verdict> {
        let of_trail = |trail: &'_ SeenTrail| match (&trail.logging, &trail.records) {
            (Err(why), _) => Some(explain(why)),
            (Ok(true), Err(why)) => Some(explain(why)),
            _ => None,
        };
        let unlisted = self.inventory.unlisted.iter().map(|(_, why)| explain(why));
        unlisted.chain(self.inventory.trails.iter().filter_map(of_trail)).next().map(Verdict::Unknown)
    }

    /// What is wrong, unless it may look so only because something could not be read.
    pub(super) fn fail_or_unknown(&self, message: String) -> Judgement {
        Err(self.unread().unwrap_or(Verdict::Fail(message)))
    }

    fn partition(&self) -> &str {
        self.common.judged.arn.split(':').nth(1).filter(|partition| !partition.is_empty()).unwrap_or("aws")
    }

    /// What is recorded in a Region, by whichever trail.
    fn recorded_in(&self, region: &str) -> EventsState {
        let here = self.recording().filter(|trail| trail.reaches(region)).filter_map(|trail| trail.records.as_ref().ok());
        EventsState { selectors: here.flat_map(|events| events.selectors.clone()).collect() }
    }

    /// The Regions where these are not known to be recorded enough.
    fn lacking(&self, sort: &Sort, enough: fn(Extent) -> bool) -> Vec<String> {
        self.inventory.regions.iter().filter(|region| !enough(self.recorded_in(region).extent(sort))).cloned().collect()
    }

    /// Whether everything that could record this Region was read. Trails of many Regions show in each of them.
    fn is_read(&self, region: &str) -> bool {
        let unread = |trail: &SeenTrail| match trail.logging {
            Ok(false) => false,
            Ok(true) => trail.records.is_err(),
            Err(_) => true,
        };
        !self.inventory.unlisted.iter().any(|(unlisted, _)| unlisted == region)
            && !self.inventory.trails.iter().any(|trail| trail.reaches(region) && unread(trail))
    }

    fn must_record(&self, sort: &Sort, enough: fn(Extent) -> bool, what: &str) -> Judgement {
        applies(!self.inventory.regions.is_empty(), "no Region was looked at")?;
        let lacking = self.lacking(sort, enough);
        let certain: Vec<&String> = lacking.iter().filter(|region| self.is_read(region)).collect();
        match (lacking.len(), certain.len()) {
            (0, _) => Ok(()),
            (_, 0) => self.fail_or_unknown(format!("{what} are not recorded, or not all, in {}", listed(&lacking))),
            (_, all) if all == self.inventory.regions.len() => {
                Err(Verdict::Fail(format!("{what} are not recorded, or not all, in any Region")))
            }
            _ => Err(Verdict::Fail(format!("{what} are not recorded, or not all, in {}", listed(certain)))),
        }
    }
}

fn has_a_trail(case: &AccountCase) -> Judgement {
    if case.recording().next().is_some() {
        return Ok(());
    }
    let trails = &case.inventory.trails;
    case.fail_or_unknown(match trails.len() {
        0 => "the account has no trail".to_owned(),
        _ => format!("none of its trails records: {}", listed(trails.iter().map(|trail| &trail.name))),
    })
}

fn management_everywhere(case: &AccountCase) -> Judgement {
    case.must_record(&management().writes(), |extent| extent == Extent::All, "management events that write")?;
    case.must_record(&management().reads(), |extent| extent == Extent::All, "management events that read")
}

/// What a trail lacks to be whole by itself.
fn lacks(trail: &SeenTrail) -> Vec<&'static str> {
    let all = |only: fn(Sort) -> Sort| trail.records.as_ref().is_ok_and(|events| events.extent(&only(management())) == Extent::All);
    let checks = [
        (trail.multi_region, "every Region"),
        (trail.global_service_events, "global service events"),
        (trail.log_file_validation, "log file validation"),
        (!trail.kms_key.is_empty(), "a KMS key"),
        (all(Sort::reads) && all(Sort::writes), "all management events"),
        (trail.records.as_ref().is_ok_and(|events| excluded(events).is_empty()), "the sources that it leaves out"),
    ];
    checks.into_iter().filter(|(has, _)| !has).map(|(_, what)| what).collect()
}

fn one_trail_is_whole(case: &AccountCase) -> Judgement {
    let Some((trail, lacks)) = case.recording().map(|trail| (trail, lacks(trail))).min_by_key(|(_, lacks)| lacks.len()) else {
        return match case.unread() {
            Some(unknown) => Err(unknown),
            None => applies(false, "no trail records"),
        };
    };
    if lacks.is_empty() {
        return Ok(());
    }
    case.fail_or_unknown(format!("no trail has everything at once; the nearest, {}, lacks {}", trail.name, lacks.join(", ")))
}

fn room_for_a_trail(case: &AccountCase) -> Judgement {
    let account = &case.common.judged.account;
    let full = |region: &&String| case.inventory.trails.iter().filter(|trail| trail.reaches(region)).count() >= MOST_TRAILS;
    let full = listed(case.inventory.regions.iter().filter(full));
    must(full.is_empty(), || {
        let is_shadow = |trail: &&SeenTrail| trail.arn.split(':').nth(4) != Some(account.as_str());
        let shadows = case.inventory.trails.iter().filter(is_shadow).count();
        format!("there are {MOST_TRAILS} trails in {full}, and AWS allows no more; {shadows} are shadows of other accounts' trails")
    })
}

fn data(case: &AccountCase, resource_type: &str, only: fn(Sort) -> Sort, what: &str) -> Judgement {
    let log_buckets = case.inventory.trails.iter().map(|trail| trail.bucket.as_str());
    case.must_record(&only(resources(case.partition(), resource_type, log_buckets)), |extent| extent == Extent::All, what)
}

fn some_s3(case: &AccountCase) -> Judgement {
    applies(!case.inventory.regions.is_empty(), "no Region was looked at")?;
    let recorded = case.inventory.regions.iter().any(|region| case.recorded_in(region).extent(&Sort::data(S3)) != Extent::Nothing);
    if recorded { Ok(()) } else { case.fail_or_unknown("of S3 objects nothing is recorded, in no Region".to_owned()) }
}

/// Whether it is CloudTrail's administration that a statement gives. One that gives other services' as well is about who
/// administers the account, and that is not ours to judge.
fn administers_cloudtrail(statement: Statement<'_>, action: &str) -> bool {
    statement.is_about(action) && !statement.is_about("ec2:TerminateInstances")
}

fn few_administrators(case: &AccountCase) -> Judgement {
    let Some(found) = case.common.state::<CloudTrailAdministrators>("cloudTrailAdministrators")? else { return Ok(()) };
    let allowed = &case.common.parameters.trail_administrators;
    let gives_all = |policy: &&IamPolicy| {
        TAMPERING.iter().all(|action| allows(&policy.statements).any(|statement| administers_cloudtrail(statement, action)))
    };
    for policy in found.policies.iter().filter(gives_all) {
        let strangers = listed(policy.principals.iter().filter(|principal| !allowed.contains(*principal)));
        must(strangers.is_empty(), || format!("by {} the whole of CloudTrail can be switched off by {strangers}", policy.name))?;
    }
    Ok(())
}
