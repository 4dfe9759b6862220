//! Rules about what is paid for twice, or for nothing.

use super::case::{AccountCase, TrailCase};
use super::events::{S3, management};
use super::trail::listed;
use super::{Judge, Judgement, Rule, must};
use crate::facets::selection::{Extent, Sort};
use crate::status::coverage::{SeenTrail, paid_copies};

pub const RULES: &[Rule] = &[
    Rule { id: "TK-COST-001", judge: Judge::Trail(no_charged_retries) },
    Rule { id: "TK-COST-002", judge: Judge::Account(one_copy_of_management_events) },
    Rule { id: "TK-COST-003", judge: Judge::Account(one_copy_of_global_events) },
    Rule { id: "TK-COST-004", judge: Judge::Trail(no_record_of_deliveries) },
];

/// Where global services report to, in each partition.
const GLOBAL_REGIONS: [&str; 3] = ["us-east-1", "us-gov-west-1", "cn-north-1"];

fn no_charged_retries(case: &TrailCase) -> Judgement {
    let facts = case.deliveries()?;
    must(facts.latest_delivery_error.is_none(), || {
        let error = facts.latest_delivery_error.unwrap_or_default();
        format!("CloudTrail tries for 30 days to deliver what it cannot ({error}), and charges for every attempt as for a delivery")
    })
}

fn one_copy_of_management_events(case: &AccountCase) -> Judgement {
    match paid_copies(&case.inventory.coverage(), None) {
        Some(copies) => must(false, || {
            let regions = listed(&copies.regions);
            format!(
                "{} record the same management events in {regions}; beyond the first copy they cost {}",
                listed(&copies.trails),
                copies.cost
            )
        }),
        None => Ok(()),
    }
}

fn one_copy_of_global_events(case: &AccountCase) -> Judgement {
    let repeats = |trail: &&SeenTrail| {
        let reaches = trail.multi_region || GLOBAL_REGIONS.contains(&trail.home_region.as_str());
        let records = trail.records.as_ref().is_ok_and(|events| events.extent(&management().writes()) != Extent::Nothing);
        trail.global_service_events && reaches && records
    };
    let repeating: Vec<&SeenTrail> = case.recording().filter(repeats).collect();
    must(repeating.len() < 2, || {
        let names = listed(repeating.iter().map(|trail| &trail.name));
        format!("events of global services are recorded by {} trails: {names}", repeating.len())
    })
}

fn no_record_of_deliveries(case: &TrailCase) -> Judgement {
    let settings = case.settings()?;
    let arn = format!("arn:{}:s3:::{}/", case.partition(), settings.bucket);
    let deliveries = Sort::data(S3).writes().starting("resources.ARN", &arn);
    let records = case.events()?.extent(&deliveries) != Extent::Nothing;
    must(!records || !settings.recursive_logging, || {
        format!("each delivery to {} is recorded as an event of its own, delivered in turn and charged", settings.bucket)
    })
}
