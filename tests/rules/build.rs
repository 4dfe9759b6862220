//! From the YAML of the corpus to cases as rules take them.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use trailkeeper::api::aws_account::Organization;
use trailkeeper::api::compliance_policy::ParameterValues;
use trailkeeper::api::events::Events;
use trailkeeper::api::log_archive::WriterStatus;
use trailkeeper::api::organization::OrganizationStatus;
use trailkeeper::facets::observed::{ErrorClass, Failure, Observed, Reading, Seen};
use trailkeeper::facets::trail_events::{compile, meaning_of};
use trailkeeper::rules::case::{AccountCase, ArchiveCase, Case, Common, Stage, StoreCase, TrailCase};
use trailkeeper::rules::finding::Judged;
use trailkeeper::rules::settings::Parameters;
use trailkeeper::status::coverage::{Inventory, SeenTrail};

pub const KINDS: [&str; 4] = ["Trail", "LogArchive", "EventDataStore", "AwsAccount"];

/// What a case may say. Facets that it does not name were not looked at.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct State {
    declared: bool,
    account: String,
    region: String,
    arn: String,
    now: String,
    parameters: ParameterValues,
    facets: BTreeMap<String, Facet>,
    /// Of a trail.
    name: String,
    /// Of an event data store, too.
    organization: Option<Organization>,
    archive_region: Option<String>,
    /// Of a bucket.
    bucket: String,
    writers: Vec<WriterStatus>,
    knows_all_writers: bool,
    /// Of an account.
    inventory: Option<SeenInventory>,
    of_organization: Option<OrganizationStatus>,
}

/// One facet: present with state and facts, absent, or refused.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Facet {
    state: Value,
    /// The state of selectors, as `spec.events` says them.
    events: Option<Events>,
    facts: Value,
    /// An IAM action that was denied.
    denied: Option<String>,
    absent: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct SeenInventory {
    regions: Vec<String>,
    trails: BTreeMap<String, InventoryTrail>,
    /// Regions whose trails could not be listed.
    denied_regions: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct InventoryTrail {
    arn: String,
    home_region: String,
    multi_region: bool,
    organization: bool,
    bucket: String,
    global_service_events: bool,
    log_file_validation: bool,
    kms_key: String,
    insights: bool,
    /// Unset: it could not be read.
    logging: Option<bool>,
    /// As `spec.events`; unset: they could not be read.
    events: Option<Events>,
    owner: Option<String>,
}

fn denied(action: &str) -> Failure {
    Failure {
        class: ErrorClass::Denied,
        operation: action.to_owned(),
        object: "x".into(),
        account: "111111111111".into(),
        region: "eu-west-1".into(),
        code: "AccessDenied".into(),
        message: String::new(),
    }
}

pub enum Built {
    Trail(TrailCase),
    Archive(ArchiveCase),
    Store(StoreCase),
    Account(AccountCase),
}

impl Built {
    pub fn new(kind: &str, state: State) -> Self {
        let kind = KINDS.into_iter().find(|known| *known == kind).unwrap_or_else(|| panic!("there is no kind {kind}"));
        let common = Common {
            judged: Judged {
                kind,
                object: Some("audit/main".into()),
                arn: state.arn.clone(),
                account: state.account.clone(),
                region: state.region.clone(),
            },
            stage: if state.declared { Stage::Declared } else { Stage::Live },
            parameters: Parameters::from(&state.parameters),
            now: state.now.parse().unwrap_or_else(|error| panic!("now {}: {error}", state.now)),
            seen: seen(state.facets),
        };
        match kind {
            "Trail" => {
                Self::Trail(TrailCase { common, name: state.name, organization: state.organization, archive_region: state.archive_region })
            }
            "LogArchive" => {
                let (bucket, writers) = (state.bucket, state.writers);
                Self::Archive(ArchiveCase { common, bucket, writers, knows_all_writers: state.knows_all_writers })
            }
            "EventDataStore" => Self::Store(StoreCase { common, organization: state.organization }),
            _ => Self::Account(AccountCase {
                common,
                inventory: inventory(state.inventory.unwrap_or_default()),
                organization: state.of_organization,
            }),
        }
    }

    pub fn case(&self) -> Case<'_> {
        match self {
            Self::Trail(case) => Case::Trail(case),
            Self::Archive(case) => Case::Archive(case),
            Self::Store(case) => Case::Store(case),
            Self::Account(case) => Case::Account(case),
        }
    }

    pub fn parameters(&self) -> Parameters {
        self.case().common().parameters.clone()
    }
}

/// Facet names are the constants of the rules; in the corpus they come from a file.
fn seen(facets: BTreeMap<String, Facet>) -> Seen {
    let mut seen = Seen::default();
    for (name, facet) in facets {
        let answer = match facet {
            Facet { denied: Some(action), .. } => Observed::Unknown(denied(&action)),
            Facet { absent: true, .. } => Observed::Absent,
            Facet { events: Some(events), facts, .. } => Observed::Present(Reading { state: json!(meaning_of(&compile(&events))), facts }),
            Facet { state, facts, .. } => Observed::Present(Reading { state, facts }),
        };
        seen.insert(Box::leak(name.into_boxed_str()), answer);
    }
    seen
}

fn inventory(found: SeenInventory) -> Inventory {
    let trail = |(name, trail): (String, InventoryTrail)| SeenTrail {
        name,
        arn: trail.arn,
        home_region: trail.home_region,
        multi_region: trail.multi_region,
        organization: trail.organization,
        bucket: trail.bucket,
        global_service_events: trail.global_service_events,
        log_file_validation: trail.log_file_validation,
        kms_key: trail.kms_key,
        insights: trail.insights,
        logging: trail.logging.ok_or_else(|| denied("cloudtrail:GetTrailStatus")),
        records: trail.events.map(|events| meaning_of(&compile(&events))).ok_or_else(|| denied("cloudtrail:GetEventSelectors")),
        owner: Ok(trail.owner),
    };
    Inventory {
        trails: found.trails.into_iter().map(trail).collect(),
        unlisted: found.denied_regions.into_iter().map(|region| (region, denied("cloudtrail:DescribeTrails"))).collect(),
        regions: found.regions,
    }
}
