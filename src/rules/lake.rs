//! Rules about an event data store of CloudTrail Lake.

use super::bucket::region_of;
use super::case::StoreCase;
use super::finding::Verdict;
use super::{Judge, Judgement, Rule, applies, must};
use crate::facets::store_federation::FederationState;
use crate::facets::store_ingestion::IngestionState;
use crate::facets::store_settings::StoreState;
use crate::facets::trail_events::EventsState;

pub const RULES: &[Rule] = &[
    Rule { id: "TK-LAKE-001", judge: Judge::Store(stays) },
    Rule { id: "TK-LAKE-002", judge: Judge::Store(termination_protection) },
    Rule { id: "TK-LAKE-003", judge: Judge::Store(ingests) },
    Rule { id: "TK-LAKE-004", judge: Judge::Store(multi_region) },
    Rule { id: "TK-LAKE-005", judge: Judge::Store(organization) },
    Rule { id: "TK-LAKE-006", judge: Judge::Store(kept_long_enough) },
    Rule { id: "TK-LAKE-007", judge: Judge::Store(management_events) },
    Rule { id: "TK-LAKE-008", judge: Judge::Store(own_key) },
    Rule { id: "TK-LAKE-009", judge: Judge::Store(federated_within_account) },
    Rule { id: "TK-LAKE-010", judge: Judge::Store(within_allowed_regions) },
];

impl StoreCase {
    fn settings(&self) -> Result<StoreState, Verdict> {
        self.common.state("settings")?.ok_or_else(|| Verdict::NotApplicable("there is no such event data store".to_owned()))
    }

    fn selectors(&self) -> Result<EventsState, Verdict> {
        self.settings()?;
        Ok(self.common.state("selectors")?.unwrap_or_default())
    }

    /// Insights events, configuration items, evidence and others' events know no Regions or management events.
    fn holds_trail_events(&self) -> Judgement {
        let selectors = self.selectors()?;
        let events = ["Management", "Data", "NetworkActivity"].iter().any(|category| selectors.records(category));
        applies(events || selectors.selectors.is_empty(), "it holds no CloudTrail events")
    }
}

fn stays(case: &StoreCase) -> Judgement {
    must(!case.settings()?.pending_deletion, || "it was deleted: AWS keeps it for seven days, in which it can be restored".to_owned())
}

fn termination_protection(case: &StoreCase) -> Judgement {
    must(case.settings()?.termination_protection, || "termination protection is off: one call deletes every event".to_owned())
}

fn ingests(case: &StoreCase) -> Judgement {
    applies(!case.settings()?.pending_deletion, "it is pending deletion")?;
    let status = case.common.state::<IngestionState>("ingestion")?.unwrap_or_default().status;
    must(!matches!(status.as_str(), "Stopped" | "Stopping"), || "its ingestion is stopped: what happens now is not stored".to_owned())
}

fn multi_region(case: &StoreCase) -> Judgement {
    case.holds_trail_events()?;
    must(case.settings()?.multi_region, || format!("it collects the events of {} only", case.common.judged.region))
}

fn organization(case: &StoreCase) -> Judgement {
    case.holds_trail_events()?;
    let settings = case.settings()?;
    let manages = case.organization.as_ref().is_some_and(|organization| organization.management_account_id == case.common.judged.account);
    applies(manages, "its account is not known to manage an organization")?;
    must(settings.organization, || "it collects the events of the management account only, and of no member of its organization".to_owned())
}

fn kept_long_enough(case: &StoreCase) -> Judgement {
    let (kept, days) = (case.settings()?.retention_days, case.common.parameters.retention_days);
    must(i64::from(kept) >= i64::from(days), || format!("events are kept for {kept} days, and they must stay {days}"))
}

fn management_events(case: &StoreCase) -> Judgement {
    case.holds_trail_events()?;
    let selectors = case.selectors()?;
    must(selectors.records("Management"), || "it collects no management events".to_owned())?;
    let whole = |records: &str| records == "eventCategory equals Management";
    let limits = selectors.selectors.iter().find(|selector| selector.records.contains("eventCategory equals Management"));
    must(selectors.selectors.iter().any(|selector| whole(&selector.records)), || {
        format!("it collects some management events only: {}", limits.map(|selector| selector.records.as_str()).unwrap_or_default())
    })
}

fn own_key(case: &StoreCase) -> Judgement {
    must(!case.settings()?.kms_key.is_empty(), || {
        "it is encrypted with a key that AWS owns: no key policy of yours keeps its readers".to_owned()
    })
}

fn federated_within_account(case: &StoreCase) -> Judgement {
    case.settings()?;
    let role = case.common.state::<FederationState>("federation")?.unwrap_or_default().role_arn;
    applies(!role.is_empty(), "it is not federated")?;
    let account = role.split(':').nth(4).unwrap_or_default();
    must(account == case.common.judged.account, || {
        format!("its federation role {role} belongs to account {account}: that account decides who reads the events")
    })
}

fn within_allowed_regions(case: &StoreCase) -> Judgement {
    let allowed = &case.common.parameters.allowed_regions;
    applies(!allowed.is_empty(), "no Regions are prescribed: parameters.allowedRegions")?;
    let key = case.settings()?.kms_key;
    let regions = [Some(case.common.judged.region.as_str()), region_of(&key)];
    let outside = regions.into_iter().flatten().find(|region| !allowed.contains(*region));
    must(outside.is_none(), || {
        let allowed = allowed.iter().cloned().collect::<Vec<_>>().join(", ");
        format!("it rests in {}, and logs are to rest in {allowed}", outside.unwrap_or_default())
    })
}
