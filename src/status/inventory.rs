//! The inventory in the status of an AwsAccount, and the events when something in it turns. Pure.

use super::Event;
use super::classes::explain;
use super::coverage::{Inventory, SeenTrail, blind_spots, paid_copies};
use super::events;
use crate::api::inventory::{BlindSpot, Known, TrailFound};
use crate::api::{AwsAccountSpec, AwsAccountStatus};
use std::collections::{BTreeMap, BTreeSet};

/// More trails than an account's Regions can hold in practice (5 in each) would make the status too large.
const MOST_TRAILS: usize = 100;

/// Trail objects of this cluster, `namespace/name` by the ARN of what they look after.
pub type Keepers = BTreeMap<String, String>;

/// Writes down what was found, and says what is new.
pub fn tell(status: &mut AwsAccountStatus, spec: &AwsAccountSpec, inventory: &Inventory, keepers: &Keepers) -> Vec<Event> {
    let before = status.clone();
    let mut trails: Vec<_> = inventory.trails.iter().map(|trail| found(trail, &spec.account_id, keepers)).collect();
    trails.sort_by(|one, other| one.arn.cmp(&other.arn));
    status.trails_found = i32::try_from(trails.len()).ok();
    trails.truncate(MOST_TRAILS);
    status.trails = trails;
    status.coverage = inventory.coverage();
    status.blind_spots = blind_spots(&status.coverage);
    let blind: BTreeSet<_> = status.blind_spots.iter().flat_map(|spot| &spot.regions).collect();
    status.blind_regions = i32::try_from(blind.len()).ok();
    status.paid_copies = paid_copies(&status.coverage, spec.management_events_per_month);
    status.inventory_unknown = unknown(inventory);
    news(&before, status, &spec.account_id)
}

/// A trail as status and reports tell it.
pub fn found(trail: &SeenTrail, account: &str, keepers: &Keepers) -> TrailFound {
    let shadow = trail.arn.split(':').nth(4) != Some(account);
    let managed_by = keepers.get(&trail.arn).cloned().or_else(|| trail.owner.as_ref().ok().cloned().flatten());
    let managed = match (&managed_by, &trail.owner) {
        (Some(_), _) => Known::Yes,
        // What another account owns is that account's to look after: its tags are not shown here.
        (None, Ok(_)) if !shadow => Known::No,
        _ => Known::Unknown,
    };
    TrailFound {
        name: trail.name.clone(),
        arn: trail.arn.clone(),
        home_region: trail.home_region.clone(),
        multi_region: trail.multi_region,
        organization: trail.organization,
        shadow,
        logging: match trail.logging {
            Ok(true) => Known::Yes,
            Ok(false) => Known::No,
            Err(_) => Known::Unknown,
        },
        bucket: trail.bucket.clone(),
        managed,
        managed_by,
    }
}

/// The first of the reads that failed, and how many more did.
fn unknown(inventory: &Inventory) -> Option<String> {
    let of_trail = |trail: &SeenTrail| {
        [trail.logging.as_ref().err(), trail.records.as_ref().err(), trail.owner.as_ref().err()]
            .into_iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
    };
    let failures: Vec<_> =
        inventory.unlisted.iter().map(|(_, failure)| failure.clone()).chain(inventory.trails.iter().flat_map(of_trail)).collect();
    let first = explain(failures.first()?);
    Some(if failures.len() == 1 { first } else { format!("{first} ({} more reads failed)", failures.len() - 1) })
}

fn news(before: &AwsAccountStatus, now: &AwsAccountStatus, account: &str) -> Vec<Event> {
    let known: BTreeSet<_> = unmanaged(before).map(|trail| &trail.arn).collect();
    let strangers: Vec<_> = unmanaged(now)
        .filter(|trail| !known.contains(&trail.arn))
        .map(|trail| format!("{} in {}", trail.name, trail.home_region))
        .collect();
    let mut told = Vec::new();
    if !strangers.is_empty() {
        told.push(events::unmanaged_trail_found(account, &strangers));
    }
    for spot in &now.blind_spots {
        let old =
            before.blind_spots.iter().find(|other| other.events == spot.events).map(|other| other.regions.as_slice()).unwrap_or_default();
        let regions: Vec<_> = spot.regions.iter().filter(|region| !old.contains(region)).cloned().collect();
        if !regions.is_empty() {
            told.push(events::blind_spot(account, &BlindSpot { events: spot.events.clone(), regions }));
        }
    }
    told
}

fn unmanaged(status: &AwsAccountStatus) -> impl Iterator<Item = &TrailFound> {
    status.trails.iter().filter(|trail| trail.managed == Known::No)
}

#[cfg(test)]
mod tests {
    use super::super::coverage::tests::{failure, inventory, trail};
    use super::*;

    fn spec() -> AwsAccountSpec {
        serde_json::from_value(serde_json::json!({"accountId": "111111111111"})).unwrap()
    }

    #[test]
    fn what_turns_is_told_once() {
        let (mut status, keepers) =
            (AwsAccountStatus::default(), Keepers::from([(trail("ours", true, Ok(true), "{}").arn, "a/ours".to_owned())]));
        let reasons = |events: Vec<Event>| events.into_iter().map(|event| event.reason).collect::<Vec<_>>();
        let both = || inventory(vec![trail("ours", true, Ok(true), "{}"), trail("theirs", false, Ok(true), "{}")]);
        assert_eq!(reasons(tell(&mut status, &spec(), &both(), &keepers)), ["UnmanagedTrailFound"]);
        assert_eq!((status.trails_found, status.blind_regions), (Some(2), Some(0)));
        assert_eq!(status.trails[0].managed_by.as_deref(), Some("a/ours"));
        assert_eq!(status.paid_copies.as_ref().unwrap().regions, ["eu-west-1"]);
        assert_eq!(reasons(tell(&mut status, &spec(), &both(), &keepers)), [""; 0]);

        let stopped = || inventory(vec![trail("ours", true, Ok(false), "{}"), trail("theirs", false, Ok(true), "{}")]);
        let told = tell(&mut status, &spec(), &stopped(), &keepers);
        assert!(told.iter().all(|event| event.note.contains("us-east-1") && !event.note.contains("eu-west-1")), "{told:?}");
        assert_eq!(reasons(told), ["BlindSpot", "BlindSpot"]);
        assert_eq!(reasons(tell(&mut status, &spec(), &stopped(), &keepers)), [""; 0]);
        assert_eq!(status.blind_regions, Some(1));
    }

    #[test]
    fn what_may_not_be_read_is_neither_a_stranger_nor_a_blind_spot() {
        let mut status = AwsAccountStatus::default();
        let hidden = SeenTrail { owner: Err(failure()), logging: Err(failure()), ..trail("hidden", true, Ok(true), "{}") };
        let foreign =
            SeenTrail { arn: "arn:aws:cloudtrail:eu-west-1:999999999999:trail/org".into(), ..trail("org", false, Ok(true), "{}") };
        let mut inventory = inventory(vec![hidden, foreign]);
        inventory.unlisted.push(("us-east-1".into(), failure()));
        assert_eq!(tell(&mut status, &spec(), &inventory, &Keepers::new()), []);
        assert!(status.trails.iter().all(|trail| trail.managed == Known::Unknown), "{:?}", status.trails);
        assert!(status.trails[1].shadow && status.trails[0].logging == Known::Unknown);
        let why = status.inventory_unknown.unwrap();
        assert!(why.contains("Allow cloudtrail:DescribeTrails") && why.contains("2 more reads failed"), "{why}");
    }
}
