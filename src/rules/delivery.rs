//! Rules about whether what a trail records arrives: in S3 and in CloudWatch Logs, and the log group there. Its topic is in
//! `notices`.

use super::case::TrailCase;
use super::finding::Verdict;
use super::policy::open_to_all;
use super::trail::listed;
use super::{Judge, Judgement, Rule, applies, must};
use crate::facets::log_group::LogGroupState;
use crate::facets::policy_document::Statements;
use crate::facets::selection::{Extent, Sort};
use crate::facets::trail_logging::{DeliveryFacts, LoggingState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const RULES: &[Rule] = &[
    Rule { id: "TK-DELIVERY-001", judge: Judge::Trail(files_without_error) },
    Rule { id: "TK-DELIVERY-002", judge: Judge::Trail(files_are_recent) },
    Rule { id: "TK-DELIVERY-003", judge: Judge::Trail(digests_without_error) },
    Rule { id: "TK-DELIVERY-004", judge: Judge::Trail(digests_are_recent) },
    Rule { id: "TK-DELIVERY-005", judge: Judge::Trail(goes_to_cloud_watch_logs) },
    Rule { id: "TK-DELIVERY-006", judge: Judge::Trail(logs_without_error) },
    Rule { id: "TK-DELIVERY-007", judge: Judge::Trail(logs_are_recent) },
    Rule { id: "TK-DELIVERY-008", judge: Judge::Trail(every_region_delivers) },
    Rule { id: "TK-DELIVERY-009", judge: Judge::Trail(log_group_encrypted) },
    Rule { id: "TK-DELIVERY-010", judge: Judge::Trail(log_group_keeps) },
    Rule { id: "TK-DELIVERY-011", judge: Judge::Trail(log_group_not_public) },
];

/// What GetTrailStatus says in each Region of a multi-Region trail, under `regionStatus`: an answer is about one Region only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegionStatus {
    pub regions: BTreeMap<String, RegionDelivery>,
    /// Regions that did not answer, and why.
    pub unread: BTreeMap<String, String>,
}

/// One Region's answer. Errors are AWS's codes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegionDelivery {
    pub logging: bool,
    pub latest_delivery_error: Option<String>,
    pub latest_digest_delivery_error: Option<String>,
}

/// The resource policies of CloudWatch Logs that are about the trail's log group, as one, under `logGroupAccess`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LogGroupAccess {
    pub policies: Statements,
}

impl TrailCase {
    /// What AWS says of the deliveries of a trail that records.
    pub(super) fn deliveries(&self) -> Result<DeliveryFacts, Verdict> {
        self.settings()?;
        let logging = self.common.state::<LoggingState>("logging")?.unwrap_or_default();
        applies(logging.enabled, "the trail does not record")?;
        Ok(self.common.facts("logging")?.unwrap_or_default())
    }

    /// What is delivered must not be older than the policy allows, unless the trail has just begun.
    fn must_be_recent(&self, what: &str, latest: Option<Timestamp>, began: Option<Timestamp>) -> Judgement {
        let hours = self.common.parameters.delivery_hours;
        let is_recent = |time: Timestamp| self.common.now.duration_since(time).as_hours() < i64::from(hours);
        if latest.or(began).is_none() {
            return Err(Verdict::Unknown(format!("AWS tells neither when {what} were last delivered nor when logging began")));
        }
        must([latest, began].into_iter().flatten().any(is_recent), || match latest {
            Some(latest) => format!("{what} were last delivered at {latest}, more than {hours} hours ago"),
            None => format!("no {what} were delivered since logging began, more than {hours} hours ago"),
        })
    }

    /// The trail's log group, by ARN.
    fn group(&self) -> Result<String, Verdict> {
        let group = self.settings()?.log_group;
        applies(!group.is_empty(), "it delivers to no log group")?;
        Ok(group.trim_end_matches(":*").to_owned())
    }

    fn group_state(&self) -> Result<LogGroupState, Verdict> {
        let group = self.group()?;
        self.common.state("logGroup")?.ok_or_else(|| Verdict::NotApplicable(format!("there is no log group {group}")))
    }
}

/// AWS's code, as a failure.
pub(super) fn no_error(what: &str, error: Option<&String>) -> Judgement {
    match error {
        Some(error) => Err(Verdict::Fail(format!("CloudTrail cannot deliver {what}: {error}"))),
        None => Ok(()),
    }
}

fn files_without_error(case: &TrailCase) -> Judgement {
    no_error("log files", case.deliveries()?.latest_delivery_error.as_ref())
}

fn files_are_recent(case: &TrailCase) -> Judgement {
    let facts = case.deliveries()?;
    let management = case.events()?.extent(&Sort::of("Management"));
    applies(management != Extent::Nothing, "it records no management events, so there may be nothing to deliver")?;
    case.must_be_recent("log files", facts.latest_delivery_time, facts.start_logging_time)
}

fn validates(case: &TrailCase) -> Judgement {
    applies(case.settings()?.log_file_validation, "log file validation is off")
}

fn digests_without_error(case: &TrailCase) -> Judgement {
    validates(case)?;
    no_error("digests", case.deliveries()?.latest_digest_delivery_error.as_ref())
}

/// A digest comes every hour, also of an hour without log files.
fn digests_are_recent(case: &TrailCase) -> Judgement {
    validates(case)?;
    let facts = case.deliveries()?;
    case.must_be_recent("digests", facts.latest_digest_delivery_time, facts.start_logging_time)
}

fn goes_to_cloud_watch_logs(case: &TrailCase) -> Judgement {
    must(!case.settings()?.log_group.is_empty(), || {
        "it delivers to no CloudWatch Logs group: metric filters and alarms have nothing to read".to_owned()
    })
}

fn logs_without_error(case: &TrailCase) -> Judgement {
    case.group()?;
    no_error("to CloudWatch Logs", case.deliveries()?.latest_cloud_watch_logs_error.as_ref())
}

fn logs_are_recent(case: &TrailCase) -> Judgement {
    case.group()?;
    let facts = case.deliveries()?;
    case.must_be_recent("events in CloudWatch Logs", facts.latest_cloud_watch_logs_time, facts.start_logging_time)
}

fn every_region_delivers(case: &TrailCase) -> Judgement {
    applies(case.settings()?.multi_region, "it records one Region only")?;
    let Some(status) = case.common.state::<RegionStatus>("regionStatus")? else { return applies(false, "there is no such trail") };
    for (region, delivery) in &status.regions {
        must(delivery.logging, || format!("in {region} it does not record"))?;
        no_error(&format!("log files of {region}"), delivery.latest_delivery_error.as_ref())?;
        no_error(&format!("digests of {region}"), delivery.latest_digest_delivery_error.as_ref())?;
    }
    match status.unread.iter().next() {
        Some((region, why)) => Err(Verdict::Unknown(format!("{} did not answer. {region}: {why}", listed(status.unread.keys())))),
        None => Ok(()),
    }
}

fn log_group_encrypted(case: &TrailCase) -> Judgement {
    must(!case.group_state()?.kms_key.is_empty(), || "the log group is not encrypted with a KMS key of yours".to_owned())
}

fn log_group_keeps(case: &TrailCase) -> Judgement {
    let least = case.common.parameters.log_group_retention_days;
    let days = case.group_state()?.retention_days;
    // 0 is for ever.
    must(days == 0 || u32::try_from(days).is_ok_and(|days| days >= least), || {
        format!("the log group keeps events for {days} days, and {least} are asked for")
    })
}

fn log_group_not_public(case: &TrailCase) -> Judgement {
    let group = case.group()?;
    let access: LogGroupAccess = case.common.state("logGroupAccess")?.unwrap_or_default();
    // A policy names a group with or without its streams.
    let about = |arn: &str| {
        open_to_all(&access.policies).find(|statement| statement.is_about_resource(arn)).map(|statement| statement.sid.to_owned())
    };
    match about(&group).or_else(|| about(&format!("{group}:*"))).or_else(|| about(&format!("{group}:log-stream:x"))) {
        Some(sid) => Err(Verdict::Fail(format!("statement {sid} of a resource policy of CloudWatch Logs lets everybody in"))),
        None => Ok(()),
    }
}
