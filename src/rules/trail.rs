//! Rules about the settings of one trail.

use super::case::TrailCase;
use super::finding::Verdict;
use super::{Judge, Judgement, Rule, applies, must};
use crate::facets::tags::Tags;
use crate::facets::trail_logging::LoggingState;
use crate::facets::trail_settings::TrailSettings;

pub const RULES: &[Rule] = &[
    Rule { id: "TK-TRAIL-001", judge: Judge::Trail(logging) },
    Rule { id: "TK-TRAIL-002", judge: Judge::Trail(multi_region) },
    Rule { id: "TK-TRAIL-003", judge: Judge::Trail(global_service_events) },
    Rule { id: "TK-TRAIL-004", judge: Judge::Trail(validation) },
    Rule { id: "TK-TRAIL-005", judge: Judge::Trail(encrypted_with_kms) },
    Rule { id: "TK-TRAIL-006", judge: Judge::Trail(tagged) },
    Rule { id: "TK-TRAIL-007", judge: Judge::Trail(home_region) },
];

impl TrailCase {
    /// The settings of the trail. Without a trail there is nothing to judge; that it is missing is another rule's to say.
    pub(super) fn settings(&self) -> Result<TrailSettings, Verdict> {
        self.common.state("settings")?.ok_or_else(|| Verdict::NotApplicable("there is no such trail".to_owned()))
    }
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
    let lacking: Vec<&str> = required.iter().filter(|key| !tags.contains_key(*key)).map(String::as_str).collect();
    must(lacking.is_empty(), || format!("it lacks the tags {}", lacking.join(", ")))?;
    must(!required.is_empty() || !tags.is_empty(), || "it has no tag that says whose it is".to_owned())
}

fn home_region(case: &TrailCase) -> Judgement {
    let allowed = &case.common.parameters.home_regions;
    applies(!allowed.is_empty(), "no home Region is prescribed: parameters.homeRegions")?;
    let region = &case.common.judged.region;
    must(allowed.contains(region), || {
        format!("its home Region is {region}, and trails are to have it in {}", allowed.iter().cloned().collect::<Vec<_>>().join(", "))
    })
}
