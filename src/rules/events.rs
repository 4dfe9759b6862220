//! Rules about which events a trail records.
//!
//! Which events an account records is the sum of its trails, so where all of them are known (`account.rs`) a single trail is
//! not blamed for the data events that it leaves to another.

use super::case::{Stage, TrailCase};
use super::finding::Verdict;
use super::trail::listed;
use super::{Judge, Judgement, Rule, applies, must};
use crate::api::insights::{InsightCategory, InsightType};
use crate::facets::insights::InsightsState;
use crate::facets::selection::{Extent, Sort};
use crate::facets::trail_events::EventsState;

pub const RULES: &[Rule] = &[
    Rule { id: "TK-EVENTS-001", judge: Judge::Trail(reads_and_writes) },
    Rule { id: "TK-EVENTS-002", judge: Judge::Trail(nothing_excluded) },
    Rule { id: "TK-EVENTS-003", judge: Judge::Trail(whole_resource_types) },
    Rule { id: "TK-EVENTS-004", judge: Judge::Trail(|case| declares_data(case, S3, Sort::writes, "writes of S3 objects")) },
    Rule { id: "TK-EVENTS-005", judge: Judge::Trail(|case| declares_data(case, S3, Sort::reads, "reads of S3 objects")) },
    Rule { id: "TK-EVENTS-006", judge: Judge::Trail(declares_s3) },
    Rule { id: "TK-EVENTS-007", judge: Judge::Trail(|case| declares_data(case, LAMBDA, |sort| sort, "calls of Lambda functions")) },
    Rule { id: "TK-EVENTS-008", judge: Judge::Trail(bedrock) },
    Rule { id: "TK-EVENTS-009", judge: Judge::Trail(insights_on) },
    Rule { id: "TK-EVENTS-010", judge: Judge::Trail(both_insights) },
    Rule { id: "TK-EVENTS-011", judge: Judge::Trail(insights_see_events) },
    Rule { id: "TK-EVENTS-012", judge: Judge::Trail(prescribed_resource_types) },
    Rule { id: "TK-EVENTS-013", judge: Judge::Trail(prescribed_network_activity) },
];

pub(super) const S3: &str = "AWS::S3::Object";
pub(super) const LAMBDA: &str = "AWS::Lambda::Function";

/// The event sources that CloudTrail lets a trail leave out.
const EXCLUDABLE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// Management events of all services but those that may be left out, which are a rule of their own.
pub(super) fn management() -> Sort {
    EXCLUDABLE.iter().fold(Sort::of("Management"), |sort, source| sort.not_being("eventSource", source))
}

/// Data events of a type, over all its resources. Objects of the `log_buckets` are not asked for: that CloudTrail records its
/// own deliveries serves nobody.
pub(super) fn resources<'a>(partition: &str, resource_type: &str, log_buckets: impl IntoIterator<Item = &'a str>) -> Sort {
    let all = Sort::data(resource_type);
    match resource_type {
        S3 => log_buckets.into_iter().fold(all.starting("resources.ARN", &format!("arn:{partition}:s3:::")), |sort, bucket| {
            let arn = format!("arn:{partition}:s3:::{bucket}");
            sort.not_being("resources.ARN", &arn).not_starting("resources.ARN", &format!("{arn}/"))
        }),
        LAMBDA => all.starting("resources.ARN", &format!("arn:{partition}:lambda:")),
        "AWS::DynamoDB::Table" => all.starting("resources.ARN", &format!("arn:{partition}:dynamodb:")),
        _ => all,
    }
}

/// The excludable sources that the selectors leave out while they take the other services' events of the same sort.
pub(super) fn excluded(events: &EventsState) -> Vec<&'static str> {
    let less = |source: &str, only: fn(Sort) -> Sort| {
        events.extent(&only(management())) == Extent::All
            && events.extent(&only(Sort::of("Management").being("eventSource", source))) != Extent::All
    };
    EXCLUDABLE.into_iter().filter(|source| less(source, Sort::reads) || less(source, Sort::writes)).collect()
}

fn records_management(events: &EventsState) -> Judgement {
    applies(
        events.extent(&management()) != Extent::Nothing,
        "it records no management events; TK-ACCOUNT-002 tells whether another trail of the account does",
    )
}

fn reads_and_writes(case: &TrailCase) -> Judgement {
    let events = case.events()?;
    records_management(&events)?;
    let taken = |only: fn(Sort) -> Sort| events.extent(&only(management())) == Extent::All;
    let lacking: Vec<&str> = [("reads", taken(Sort::reads)), ("writes", taken(Sort::writes))]
        .into_iter()
        .filter(|(_, taken)| !taken)
        .map(|(what, _)| what)
        .collect();
    must(lacking.is_empty(), || format!("of the management events it does not record {}", lacking.join(" and ")))
}

fn nothing_excluded(case: &TrailCase) -> Judgement {
    let events = case.events()?;
    records_management(&events)?;
    let excluded = excluded(&events);
    must(excluded.is_empty(), || format!("management events of {} are left out", excluded.join(" and ")))
}

fn whole_resource_types(case: &TrailCase) -> Judgement {
    let events = case.events()?;
    let bucket = case.settings()?.bucket;
    let types = events.resource_types();
    applies(!types.is_empty(), "it records no data events")?;
    let is_partial = |resource_type: &&String| {
        let extent = |only: fn(Sort) -> Sort| events.extent(&only(resources(case.partition(), resource_type, [bucket.as_str()])));
        extent(Sort::reads) == Extent::Part || extent(Sort::writes) == Extent::Part
    };
    let partial = listed(types.iter().filter(is_partial));
    must(partial.is_empty(), || format!("of {partial} it records some resources or calls only"))
}

/// Of a manifest. Of a live account all trails are judged together.
fn of_a_manifest(case: &TrailCase, rule: &str) -> Judgement {
    let reason = format!("the trails of a live account are judged together: {rule}");
    applies(case.common.stage == Stage::Declared, &reason)
}

fn declares_data(case: &TrailCase, resource_type: &str, only: fn(Sort) -> Sort, what: &str) -> Judgement {
    of_a_manifest(case, "TK-ACCOUNT-005 to 008")?;
    let bucket = case.settings()?.bucket;
    match case.events()?.extent(&only(resources(case.partition(), resource_type, [bucket.as_str()]))) {
        Extent::All => Ok(()),
        Extent::Part => Err(Verdict::Fail(format!("{what} are recorded of some resources or calls only"))),
        Extent::Nothing => Err(Verdict::Fail(format!("{what} are not recorded"))),
    }
}

fn declares_s3(case: &TrailCase) -> Judgement {
    of_a_manifest(case, "TK-ACCOUNT-007")?;
    must(case.events()?.extent(&Sort::data(S3)) != Extent::Nothing, || "of S3 objects nothing is recorded".to_owned())
}

/// InvokeModel and Converse are management events, and reads. Agents, knowledge bases and flows are data events.
fn bedrock(case: &TrailCase) -> Judgement {
    let events = case.events()?;
    if events.resource_types().iter().any(|resource_type| resource_type.starts_with("AWS::Bedrock::")) {
        return Ok(());
    }
    records_management(&events)?;
    must(events.extent(&management().reads()) == Extent::All, || {
        "calls of Bedrock models (InvokeModel, Converse) are management events that read, and those are not recorded".to_owned()
    })
}

fn insights(case: &TrailCase) -> Result<InsightsState, Verdict> {
    case.settings()?;
    Ok(case.common.state("insights")?.unwrap_or_default())
}

fn insights_on(case: &TrailCase) -> Judgement {
    let insights = insights(case)?;
    records_management(&case.events()?)?;
    must(!insights.is_empty(), || "CloudTrail watches for no unusual activity (Insights)".to_owned())
}

fn both_insights(case: &TrailCase) -> Judgement {
    let insights = insights(case)?;
    applies(!insights.is_empty(), "Insights are off")?;
    let kinds = [(InsightType::ApiCallRate, "the rate of calls"), (InsightType::ApiErrorRate, "the rate of errors")];
    let lacking: Vec<&str> = kinds.into_iter().filter(|(kind, _)| !insights.contains_key(kind)).map(|(_, what)| what).collect();
    must(lacking.is_empty(), || format!("Insights do not watch {}", lacking.join(" and ")))
}

/// An Insight on events that the trail does not record finds nothing, ever.
fn insights_see_events(case: &TrailCase) -> Judgement {
    let insights = insights(case)?;
    applies(!insights.is_empty(), "Insights are off")?;
    let events = case.events()?;
    for (kind, category) in insights.iter().flat_map(|(kind, categories)| categories.iter().map(move |category| (*kind, *category))) {
        let (sort, needs) = match (kind, category) {
            (InsightType::ApiCallRate, InsightCategory::Management) => (management().writes(), "management events that write"),
            (InsightType::ApiErrorRate, InsightCategory::Management) => (management(), "management events"),
            (_, InsightCategory::Data) => (Sort::of("Data"), "data events"),
        };
        must(events.extent(&sort) != Extent::Nothing, || {
            format!("the Insight {kind:?} of {category:?} events looks at {needs}, and the trail records none")
        })?;
    }
    Ok(())
}

fn prescribed_resource_types(case: &TrailCase) -> Judgement {
    let wanted = &case.common.parameters.data_resource_types;
    applies(!wanted.is_empty(), "no resource types are prescribed: parameters.dataResourceTypes")?;
    let events = case.events()?;
    let bucket = case.settings()?.bucket;
    let whole = |kind: &&String| events.extent(&resources(case.partition(), kind, [bucket.as_str()])) == Extent::All;
    let lacking = listed(wanted.iter().filter(|kind| !whole(kind)));
    must(lacking.is_empty(), || format!("data events of {lacking} are not recorded, or not all"))
}

fn prescribed_network_activity(case: &TrailCase) -> Judgement {
    let wanted = &case.common.parameters.network_activity_sources;
    applies(!wanted.is_empty(), "no services are prescribed: parameters.networkActivitySources")?;
    let events = case.events()?;
    let denials = |source: &&String| {
        // Calls that an endpoint's policy refused are the least.
        let refused = Sort::of("NetworkActivity").being("eventSource", source).being("errorCode", "VpceAccessDenied");
        events.extent(&refused) == Extent::All
    };
    let lacking = listed(wanted.iter().filter(|source| !denials(source)));
    must(lacking.is_empty(), || format!("calls of {lacking} that VPC endpoints refuse are not recorded, or not all"))
}
