//! Coverage: which events are recorded in which Region, by which trails, and which of them twice. Pure.
//!
//! What could not be read is unknown, never "not recorded".

use crate::api::inventory::{BlindSpot, Coverage, Covered, Known, PaidCopies};
use crate::facets::observed::Failure;
use crate::facets::trail_events::EventsState;
use std::collections::BTreeSet;

/// A trail as AWS answered it.
#[derive(Clone, Debug)]
pub struct SeenTrail {
    pub name: String,
    pub arn: String,
    pub home_region: String,
    pub multi_region: bool,
    pub organization: bool,
    pub bucket: String,
    pub global_service_events: bool,
    pub log_file_validation: bool,
    /// ARN of the key that encrypts its log files; empty without one.
    pub kms_key: String,
    pub insights: bool,
    pub logging: Result<bool, Failure>,
    pub records: Result<EventsState, Failure>,
    /// The value of its ownership tag, if it has one.
    pub owner: Result<Option<String>, Failure>,
}

/// Everything that was found in the Regions of an account.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    pub trails: Vec<SeenTrail>,
    /// Every Region that was looked at.
    pub regions: Vec<String>,
    /// Regions whose trails could not be listed, and why.
    pub unlisted: Vec<(String, Failure)>,
}

/// USD for 100,000 management events of a copy beyond the first (facts/constraints.md §10).
const PER_COPY: f64 = 2.0;

/// What a trail may record.
#[derive(Clone, Copy)]
enum Sort {
    ManagementRead,
    ManagementWrite,
    Data,
    NetworkActivity,
    Insights,
}

impl SeenTrail {
    /// Whether it records this Region.
    pub fn reaches(&self, region: &str) -> bool {
        self.multi_region || self.home_region == region
    }

    /// Whether it records these events, where it reaches.
    fn records(&self, sort: Sort) -> Known {
        match (&self.logging, &self.records) {
            (Ok(false), _) => Known::No,
            _ if matches!(sort, Sort::Insights) && !self.insights => Known::No,
            (Ok(true), _) if matches!(sort, Sort::Insights) => Known::Yes,
            (_, Ok(events)) if !selects(events, sort) => Known::No,
            (Ok(true), Ok(_)) => Known::Yes,
            _ => Known::Unknown,
        }
    }
}

fn selects(events: &EventsState, sort: Sort) -> bool {
    match sort {
        Sort::ManagementRead => events.records_but("Management", "readOnly equals false"),
        Sort::ManagementWrite => events.records_but("Management", "readOnly equals true"),
        Sort::Data => events.records("Data"),
        Sort::NetworkActivity => events.records("NetworkActivity"),
        Sort::Insights => true,
    }
}

impl Inventory {
    fn covered(&self, region: &str, sort: Sort) -> Covered {
        let here: Vec<_> = self.trails.iter().filter(|trail| trail.reaches(region)).map(|trail| (trail, trail.records(sort))).collect();
        let mut trails: Vec<String> = here.iter().filter(|(_, known)| *known == Known::Yes).map(|(trail, _)| trail.arn.clone()).collect();
        trails.sort();
        let unlisted = self.unlisted.iter().any(|(unlisted, _)| unlisted == region);
        let recorded = if !trails.is_empty() {
            Known::Yes
        } else if unlisted || here.iter().any(|(_, known)| *known == Known::Unknown) {
            Known::Unknown
        } else {
            Known::No
        };
        Covered { recorded, trails }
    }

    /// What is recorded where. Regions that are alike stand together.
    pub fn coverage(&self) -> Vec<Coverage> {
        let mut found: Vec<Coverage> = Vec::new();
        for region in &self.regions {
            let here = Coverage {
                regions: Vec::new(),
                management_read: self.covered(region, Sort::ManagementRead),
                management_write: self.covered(region, Sort::ManagementWrite),
                data: self.covered(region, Sort::Data),
                network_activity: self.covered(region, Sort::NetworkActivity),
                insights: self.covered(region, Sort::Insights),
            };
            match found.iter_mut().find(|other| Coverage { regions: Vec::new(), ..(*other).clone() } == here) {
                Some(alike) => alike.regions.push(region.clone()),
                None => found.push(Coverage { regions: vec![region.clone()], ..here }),
            }
        }
        found
    }
}

/// Where management events are recorded by nobody. Data events, network activity and Insights are a choice that costs.
pub fn blind_spots(coverage: &[Coverage]) -> Vec<BlindSpot> {
    let of = |events: &str, covered: fn(&Coverage) -> &Covered| {
        let regions = coverage.iter().filter(|group| covered(group).recorded == Known::No).flat_map(|group| group.regions.clone());
        let mut regions: Vec<_> = regions.collect();
        regions.sort();
        (!regions.is_empty()).then(|| BlindSpot { events: events.to_owned(), regions })
    };
    [of("ManagementRead", |group| &group.management_read), of("ManagementWrite", |group| &group.management_write)]
        .into_iter()
        .flatten()
        .collect()
}

/// Management events that are recorded more than once. `per_month` is how many there are of them in a month, where that is known.
pub fn paid_copies(coverage: &[Coverage], per_month: Option<u64>) -> Option<PaidCopies> {
    let mut found = PaidCopies::default();
    let mut trails = BTreeSet::new();
    for group in coverage {
        let sorts = [&group.management_read, &group.management_write];
        let most = sorts.iter().map(|covered| covered.trails.len().saturating_sub(1)).max().unwrap_or(0);
        if most > 0 {
            found.regions.extend(group.regions.iter().cloned());
            found.copies = found.copies.max(u32::try_from(most).unwrap_or(u32::MAX));
            trails.extend(sorts.iter().filter(|covered| covered.trails.len() > 1).flat_map(|covered| covered.trails.iter().cloned()));
        }
    }
    if found.copies == 0 {
        return None;
    }
    found.regions.sort();
    found.trails = trails.into_iter().collect();
    found.cost = cost(found.copies, per_month);
    Some(found)
}

fn cost(copies: u32, per_month: Option<u64>) -> String {
    let price = format!("USD {PER_COPY:.2} per 100,000 events and copy");
    match per_month {
        // A float is exact up to 2^53 events.
        #[allow(clippy::cast_precision_loss)]
        Some(events) => {
            let most = events as f64 / 100_000.0 * PER_COPY * f64::from(copies);
            format!("up to USD {most:.2} a month for {events} events: {price}")
        }
        None => format!("{price}; set spec.managementEventsPerMonth for a sum"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::facets::observed::ErrorClass;
    use crate::facets::trail_events::{compile, meaning_of};

    pub fn failure() -> Failure {
        Failure {
            class: ErrorClass::Denied,
            operation: "cloudtrail:DescribeTrails".into(),
            object: "all trails".into(),
            account: "111111111111".into(),
            region: "eu-west-1".into(),
            code: "AccessDeniedException".into(),
            message: "no".into(),
        }
    }

    /// A trail at home in eu-west-1.
    pub fn trail(name: &str, multi_region: bool, logging: Result<bool, Failure>, events: &str) -> SeenTrail {
        SeenTrail {
            name: name.into(),
            arn: format!("arn:aws:cloudtrail:eu-west-1:111111111111:trail/{name}"),
            home_region: "eu-west-1".into(),
            multi_region,
            organization: false,
            bucket: "logs".into(),
            global_service_events: true,
            log_file_validation: true,
            kms_key: String::new(),
            insights: false,
            logging,
            records: Ok(meaning_of(&compile(&serde_saphyr::from_str(events).unwrap()))),
            owner: Ok(None),
        }
    }

    pub fn inventory(trails: Vec<SeenTrail>) -> Inventory {
        Inventory { trails, regions: vec!["eu-west-1".into(), "us-east-1".into()], unlisted: Vec::new() }
    }

    /// Reads, writes, data and network activity in eu-west-1, then in us-east-1: y, n or ?.
    fn shown(inventory: &Inventory) -> String {
        let coverage = inventory.coverage();
        let letter = |covered: &Covered| match covered.recorded {
            Known::Yes => 'y',
            Known::No => 'n',
            Known::Unknown => '?',
        };
        let one = |region: &String| {
            let group = coverage.iter().find(|group| group.regions.contains(region)).unwrap();
            [&group.management_read, &group.management_write, &group.data, &group.network_activity, &group.insights].map(letter)
        };
        inventory.regions.iter().map(|region| one(region).iter().collect::<String>()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn coverage_by_table() {
        let data = "{management: {enabled: false}, data: [{resourceType: 'AWS::S3::Object'}]}";
        let network = "networkActivity: [{eventSource: kms.amazonaws.com}]";
        let table = [
            (vec![], "nnnnn nnnnn"),
            (vec![trail("a", true, Ok(true), "{}")], "yynnn yynnn"),
            (vec![trail("a", false, Ok(true), "{}")], "yynnn nnnnn"),
            (vec![trail("a", true, Ok(false), "{}")], "nnnnn nnnnn"),
            (vec![trail("a", true, Err(failure()), "{}")], "??nnn ??nnn"),
            (vec![trail("a", true, Err(failure()), data), trail("b", false, Ok(true), "{}")], "yy?nn nn?nn"),
            (vec![trail("a", true, Ok(true), "management: {readWrite: WriteOnly}")], "nynnn nynnn"),
            (vec![trail("a", true, Ok(true), "basic: [{readWriteType: ReadOnly}]")], "ynnnn ynnnn"),
            (vec![trail("a", false, Ok(true), network)], "yynyn nnnnn"),
            (vec![SeenTrail { records: Err(failure()), ..trail("a", true, Ok(true), "{}") }], "????n ????n"),
            (vec![SeenTrail { insights: true, ..trail("a", false, Ok(true), data) }], "nnyny nnnnn"),
        ];
        for (trails, expected) in table {
            let names: Vec<_> = trails.iter().map(|trail| format!("{trail:?}")).collect();
            assert_eq!(shown(&inventory(trails)), expected, "{names:?}");
        }
    }

    #[test]
    fn what_could_not_be_listed_is_no_blind_spot() {
        let mut inventory = inventory(vec![]);
        inventory.unlisted.push(("us-east-1".into(), failure()));
        assert_eq!(shown(&inventory), "nnnnn ?????");
        let spots = blind_spots(&inventory.coverage());
        assert!(spots.iter().all(|spot| spot.regions == ["eu-west-1"]) && spots.len() == 2, "{spots:?}");
    }

    #[test]
    fn a_second_copy_is_paid_for_and_complements_are_not() {
        let copies = |trails, events| paid_copies(&inventory(trails).coverage(), events);
        let (reads, writes) = ("management: {readWrite: ReadOnly}", "management: {readWrite: WriteOnly}");
        assert_eq!(copies(vec![trail("a", true, Ok(true), reads), trail("b", true, Ok(true), writes)], None), None);
        assert_eq!(copies(vec![trail("a", true, Ok(true), "{}"), trail("b", true, Ok(false), "{}")], None), None);
        let twice = || vec![trail("a", true, Ok(true), "{}"), trail("b", false, Ok(true), "{}")];
        let found = copies(twice(), None).unwrap();
        assert_eq!((found.copies, found.regions.as_slice(), found.trails.len()), (1, &["eu-west-1".to_owned()][..], 2));
        assert!(found.cost.contains("USD 2.00 per 100,000"), "{}", found.cost);
        assert!(copies(twice(), Some(5_000_000)).unwrap().cost.starts_with("up to USD 100.00 a month"));
    }
}
