//! Rules about the settings of one trail.

use super::case::TrailCase;
use super::finding::Verdict;
use super::{Judge, Judgement, Rule, applies, must};
use crate::facets::step::AFTER_APPLY;
use crate::facets::tags::Tags;
use crate::facets::trail_events::EventsState;
use crate::facets::trail_logging::LoggingState;
use crate::facets::trail_settings::TrailSettings;
use std::collections::BTreeSet;

pub const RULES: &[Rule] = &[
    Rule { id: "TK-TRAIL-001", judge: Judge::Trail(logging) },
    Rule { id: "TK-TRAIL-002", judge: Judge::Trail(multi_region) },
    Rule { id: "TK-TRAIL-003", judge: Judge::Trail(global_service_events) },
    Rule { id: "TK-TRAIL-004", judge: Judge::Trail(validation) },
    Rule { id: "TK-TRAIL-005", judge: Judge::Trail(encrypted_with_kms) },
    Rule { id: "TK-TRAIL-006", judge: Judge::Trail(tagged) },
    Rule { id: "TK-TRAIL-007", judge: Judge::Trail(home_region) },
    Rule { id: "TK-TRAIL-008", judge: Judge::Trail(designated_targets) },
];

impl TrailCase {
    /// The settings of the trail. Without a trail there is nothing to judge; that it is missing is another rule's to say.
    pub(super) fn settings(&self) -> Result<TrailSettings, Verdict> {
        self.common.state("settings")?.ok_or_else(|| Verdict::NotApplicable("there is no such trail".to_owned()))
    }

    /// What the trail's selectors take.
    pub(super) fn events(&self) -> Result<EventsState, Verdict> {
        self.settings()?;
        Ok(self.common.state("events")?.unwrap_or_default())
    }

    /// The partition of its ARN.
    pub(super) fn partition(&self) -> &str {
        self.common.judged.arn.split(':').nth(1).filter(|partition| !partition.is_empty()).unwrap_or("aws")
    }
}

/// Values for people.
pub(super) fn listed<'a>(values: impl IntoIterator<Item = &'a String>) -> String {
    values.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn logging(case: &TrailCase) -> Judgement {
    case.settings()?;
    let logging = case.common.state::<LoggingState>("logging")?.unwrap_or_default();
    must(logging.enabled, || "logging is off: the trail records nothing".to_owned())
}

fn multi_region(case: &TrailCase) -> Judgement {
    must(case.settings()?.multi_region, || format!("it records {} only: what happens elsewhere leaves no trace", case.common.judged.region))
}

fn global_service_events(case: &TrailCase) -> Judgement {
    must(case.settings()?.global_service_events, || "events of global services (IAM, STS, CloudFront) are not recorded".to_owned())
}

fn validation(case: &TrailCase) -> Judgement {
    must(case.settings()?.log_file_validation, || "log file validation is off: changed or deleted log files go unnoticed".to_owned())
}

fn encrypted_with_kms(case: &TrailCase) -> Judgement {
    must(!case.settings()?.kms_key.is_empty(), || {
        "log files are not encrypted with a KMS key of yours: S3 access alone reads them".to_owned()
    })
}

fn tagged(case: &TrailCase) -> Judgement {
    case.settings()?;
    let tags = case.common.state::<Tags>("tags")?.unwrap_or_default();
    let required = &case.common.parameters.required_tags;
    let lacking = listed(required.iter().filter(|key| !tags.contains_key(*key)));
    must(lacking.is_empty(), || format!("it lacks the tags {lacking}"))?;
    must(!required.is_empty() || !tags.is_empty(), || "it has no tag that says whose it is".to_owned())
}

fn home_region(case: &TrailCase) -> Judgement {
    let allowed = &case.common.parameters.home_regions;
    applies(!allowed.is_empty(), "no home Region is prescribed: parameters.homeRegions")?;
    let region = &case.common.judged.region;
    must(allowed.contains(region), || format!("its home Region is {region}, and trails are to have it in {}", listed(allowed)))
}

fn designated_targets(case: &TrailCase) -> Judgement {
    let wanted = &case.common.parameters;
    let lists = [&wanted.trail_buckets, &wanted.trail_topics, &wanted.trail_log_groups, &wanted.trail_keys];
    applies(
        lists.iter().any(|list| !list.is_empty()),
        "nothing is prescribed: parameters.trailBuckets, trailTopics, trailLogGroups, trailKeys",
    )?;
    let settings = case.settings()?;
    designated("bucket", &settings.bucket, &wanted.trail_buckets)?;
    designated("SNS topic", &settings.sns_topic, &wanted.trail_topics)?;
    designated("log group", settings.log_group.trim_end_matches(":*"), &wanted.trail_log_groups)?;
    // A key that is yet to be made has no ARN.
    if settings.kms_key == AFTER_APPLY { Ok(()) } else { designated("KMS key", &settings.kms_key, &wanted.trail_keys) }
}

fn designated(what: &str, is: &str, allowed: &BTreeSet<String>) -> Judgement {
    must(allowed.is_empty() || allowed.contains(is), || {
        let is = if is.is_empty() { "none" } else { is };
        format!("its {what} is {is}, and prescribed is {}", listed(allowed))
    })
}
