//! Changes of audit logging in a period, from CloudTrail's event history of each account and Region. Reads only.

use super::progress::Told;
use super::scope::Looked;
use super::survey::{Place, Surveyed};
use crate::attribution::stops::HELD;
use crate::attribution::{Change, Watched};
use crate::aws::Cloud;
use crate::aws::evidence::Lookup;
use crate::facets::Facet;
use crate::facets::key::Key;
use crate::facets::key::KeyFacts;
use crate::report::audit::changes::{OF_BUCKETS, OF_KEYS, OF_TRAILS};
use crate::status::classes::explain;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Regions of an account that are asked at a time. Each has its own limit.
const AT_ONCE: usize = 20;

/// What was found, and what could not be read.
#[derive(Default)]
pub struct History {
    pub changes: Vec<Change>,
    pub unread: Vec<String>,
}

/// Looks through the event histories of all accounts that were looked at.
pub async fn history(looked: &Looked, from: Timestamp, to: Timestamp, now: Timestamp, told: &Told) -> History {
    let mut history = History::default();
    let oldest = now.saturating_sub(HELD).unwrap_or(now);
    if from < oldest {
        history.unread.push(format!(
            "Changes before {}: CloudTrail's event history holds {} days, and the period begins at {}. The log files in the bucket hold the rest",
            oldest.strftime("%Y-%m-%d %H:%M UTC"),
            HELD.as_hours() / 24,
            from.strftime("%Y-%m-%d")
        ));
    }
    let period = (from.max(oldest), to.min(now));
    if period.0 >= period.1 {
        return history;
    }
    for (place, account) in looked.places.iter().zip(&looked.survey.accounts) {
        of_account(looked, place, account, period, told, &mut history).await;
    }
    history.changes.retain(|change| (period.0..=period.1).contains(&change.time));
    history.changes.sort_by(|one, other| (one.time, &one.event_id).cmp(&(other.time, &other.event_id)));
    history.changes.dedup_by(|one, other| one.event_id == other.event_id && one.account == other.account);
    history
}

async fn of_account(
    looked: &Looked,
    place: &Place,
    account: &Surveyed,
    (from, to): (Timestamp, Timestamp),
    told: &Told,
    history: &mut History,
) {
    let (watched, wanted) = wanted(looked, place, account);
    told.say(&format!("looking through the event history of account {} in {} Regions", account.facts.id, wanted.len()));
    let asked: Vec<_> = wanted
        .into_iter()
        .map(|(region, events)| {
            let cloud = Cloud::new(&place.account.session, &region, looked.shared.clone());
            async move {
                let mut found = Vec::new();
                for event in events {
                    found.push(cloud.history(Lookup { event, from, to, most_pages: usize::MAX }).await);
                    // Where one is refused all are.
                    if found.last().is_some_and(Result::is_err) {
                        break;
                    }
                }
                found
            }
        })
        .collect();
    let answers: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    for answer in answers.into_iter().flatten() {
        match answer {
            Ok(events) => history.changes.extend(events.iter().filter_map(|event| Change::of_event(event, &watched))),
            Err(failure) => history.unread.push(explain(&failure)),
        }
    }
}

/// What logging stands on in this account, and which events to look for in which Region.
fn wanted(looked: &Looked, place: &Place, account: &Surveyed) -> (Watched, BTreeMap<String, BTreeSet<&'static str>>) {
    let mut watched = Watched::default();
    let mut wanted: BTreeMap<String, BTreeSet<&'static str>> =
        place.regions.iter().map(|region| (region.clone(), OF_TRAILS.into())).collect();
    for found in &looked.survey.buckets {
        if found.bucket.account == account.facts.id {
            watched.buckets.push(found.bucket.name.clone());
            wanted.entry(found.bucket.region.clone()).or_default().extend(OF_BUCKETS);
        }
        watched.keys.extend(found.seen.facts::<KeyFacts>(Key::NAME).map(|facts| facts.arn));
    }
    watched.keys.extend(account.trails.iter().map(|(trail, _)| trail.settings.kms_key.clone()));
    watched.keys.retain(|key| key.split(':').nth(4) == Some(&account.facts.id));
    for region in watched.keys.iter().filter_map(|key| key.split(':').nth(3)) {
        wanted.entry(region.to_owned()).or_default().extend(OF_KEYS);
    }
    (watched, wanted)
}
