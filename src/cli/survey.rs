//! What accounts have of audit logging, managed or not: read once, for `check` and `report`. Writes nothing.
//!
//! Trails are looked at in the account that owns them: one of another account only shows in the inventory. A bucket is looked at
//! once, however many trails deliver there, and from its own account where that is among the given ones.

use super::accounts::Account;
use super::progress::Told;
use crate::api::inventory::TrailFound;
use crate::api::log_archive::WriterStatus;
use crate::api::organization::{OrganizationStatus, Role};
use crate::aws::evidence::Owner;
use crate::aws::{Cloud, Shared, organizations};
use crate::engine::{World, observe};
use crate::facets::Facet;
use crate::facets::access_logging::{AccessLoggingState, BucketAccessLogging};
use crate::facets::bucket_encryption::{BucketEncryption, EncryptionState};
use crate::facets::context::AccountFacts;
use crate::facets::new_file_notification::NewFileNotification;
use crate::facets::observed::{ErrorClass, Observed, Reading, Seen};
use crate::facets::read::{CloudTrailRead, Read, S3Read};
use crate::facets::registry;
use crate::facets::replication::{BucketReplication, ReplicationState};
use crate::facets::trail_settings::{Settings, TrailSettings};
use crate::rules::bucket::{ACCOUNT_PUBLIC_ACCESS_BLOCK, BucketOwnerState};
use crate::rules::of_found::{FoundBucket, FoundTrail};
use crate::status::classes::explain;
use crate::status::coverage::Inventory;
use crate::status::inventory;
use anyhow::Result;
use futures::stream::{self, StreamExt, TryStreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Trails, or buckets, that are looked at at a time.
const AT_ONCE: usize = 4;

/// Which objects of manifests keep what.
#[derive(Default)]
pub struct Keepers {
    /// `namespace/name` by the trail's ARN.
    pub trails: BTreeMap<String, String>,
    /// The same by the bucket's name, with the name of its AwsAccount.
    pub buckets: BTreeMap<String, (String, String)>,
}

/// An account that is to be looked at.
pub struct Place {
    /// Name of its AwsAccount; none for the ambient credentials.
    pub name: Option<String>,
    pub account: Account,
    pub regions: Vec<String>,
}

/// What was found in one account.
pub struct Surveyed {
    pub name: Option<String>,
    pub facts: AccountFacts,
    /// The Region for questions about the account as a whole.
    pub region: String,
    pub inventory: Inventory,
    pub organization: Option<OrganizationStatus>,
    pub seen: Seen,
    pub trails: Vec<(FoundTrail, Seen)>,
}

/// A bucket with what was seen of it.
pub struct SurveyedBucket {
    pub bucket: FoundBucket,
    pub seen: Seen,
    pub reach: Reach,
}

/// How far a bucket can be looked into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It belongs to one of the given accounts.
    Own,
    /// It belongs to another: much of it may be closed to us.
    Foreign,
    /// S3 refuses to say anything: it may be another account's, or the identity lacks the right.
    Closed,
}

/// What was found in all of them.
#[derive(Default)]
pub struct Survey {
    pub accounts: Vec<Surveyed>,
    pub buckets: Vec<SurveyedBucket>,
    /// What could not be read, beside what findings tell.
    pub unread: Vec<String>,
}

/// Looks at everything in these accounts. `archive_accounts` are further accounts that may own buckets.
pub async fn survey(
    places: &[Place],
    keepers: &Keepers,
    archive_accounts: &BTreeSet<String>,
    shared: &Arc<Shared>,
    told: &Told,
) -> Result<Survey> {
    let mut survey = Survey::default();
    for place in places {
        told.say(&format!("looking for trails of account {} in {} Regions", place.account.facts.id, place.regions.len()));
        let found = look_at_account(place, keepers, shared, &mut survey.unread).await?;
        survey.accounts.push(found);
    }
    let wanted = buckets(&survey.accounts, keepers);
    told.say(&format!("looking at {} buckets", wanted.len()));
    let looks = wanted.into_iter().map(|(bucket, writers)| {
        let accounts = &survey.accounts;
        async move { look_at_bucket(bucket, writers, places, accounts, keepers, archive_accounts, shared).await }
    });
    let looks: Vec<_> = looks.collect();
    survey.buckets = stream::iter(looks).buffered(AT_ONCE).try_collect::<Vec<_>>().await?.into_iter().flatten().collect();
    Ok(survey)
}

fn cloud(place: &Place, region: &str, shared: &Arc<Shared>) -> Cloud {
    Cloud::new(&place.account.session, region, shared.clone())
}

async fn look_at_account(place: &Place, keepers: &Keepers, shared: &Arc<Shared>, unread: &mut Vec<String>) -> Result<Surveyed> {
    let Account { session, facts, regions_unread, .. } = &place.account;
    let home = session.region();
    let here = cloud(place, &home, shared);
    unread.extend(regions_unread.iter().map(explain));
    let organization = organizations::status(session).await.unwrap_or_else(|failure| {
        unread.push(explain(&failure));
        None
    });
    let mut facts = facts.clone();
    facts.regions.clone_from(&place.regions);
    if let Some(organization) = &organization {
        facts.organization = Some(organization.organization.clone());
    }
    let inventory = here.inventory(&place.regions, |arn| keepers.trails.contains_key(arn)).await;
    let own = inventory.trails.iter().filter(|trail| trail.arn.split(':').nth(4) == Some(facts.id.as_str()));
    let looks: Vec<_> = own
        .map(|trail| {
            let known = inventory::found(trail, &facts.id, &keepers.trails);
            look_at_trail(known, here.at(&trail.home_region), &facts, &place.regions)
        })
        .collect();
    let trails = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    let seen = look_around(&here, organization.as_ref()).await;
    Ok(Surveyed { name: place.name.clone(), facts, region: home, inventory, organization, seen, trails })
}

/// What of an account no trail tells.
async fn look_around(here: &Cloud, organization: Option<&OrganizationStatus>) -> Seen {
    let mut seen = Seen::default();
    seen.insert(ACCOUNT_PUBLIC_ACCESS_BLOCK, here.account_public_access_block().await);
    let iam = here.iam_evidence().await;
    seen.insert("cloudTrailAdministrators", iam.administrators);
    seen.insert("iamPolicies", iam.policies);
    // Nobody else may ask, and the management account is bound by none.
    if organization.is_some_and(|organization| organization.role == Some(Role::DelegatedAdministrator)) {
        seen.insert("trailGuard", here.trail_guard().await);
    }
    seen
}

async fn look_at_trail(known: TrailFound, here: Cloud, facts: &AccountFacts, regions: &[String]) -> Result<(FoundTrail, Seen)> {
    let read = here.read(&Read::CloudTrail(CloudTrailRead::Trail { arn: known.arn.clone() })).await;
    let settings = read.present().and_then(|reading| serde_json::from_value::<TrailSettings>(reading.state.clone()).ok());
    let Some(settings) = settings else {
        let mut seen = Seen::default();
        seen.insert(Settings::NAME, read);
        return Ok((found(known, TrailSettings::default()), seen));
    };
    let trail = found(known, settings);
    let mut seen = observe(&here, &registry::trail(&trail.context(facts)?).facets).await;
    let settings = &trail.settings;
    if settings.multi_region {
        seen.insert("regionStatus", here.region_status(&trail.arn, regions).await);
    }
    if !settings.sns_topic.is_empty() {
        seen.insert("noticeTopic", here.notice_topic(&settings.sns_topic).await);
        seen.insert("noticeSubscriptions", here.notice_subscriptions(&settings.sns_topic).await);
    }
    if !settings.log_group.is_empty() {
        let group = &settings.log_group;
        let answers = [
            ("logGroup", here.trail_log_group(group).await),
            ("logGroupAccess", here.log_group_access(group).await),
            ("monitoring", here.monitoring(group).await),
        ];
        for (name, answer) in answers {
            answer.into_iter().for_each(|answer| seen.insert(name, answer));
        }
    }
    Ok((trail, seen))
}

fn found(known: TrailFound, settings: TrailSettings) -> FoundTrail {
    // The tag begins with the instance, which the object's name does not.
    let object = known
        .managed_by
        .map(|by| if by.matches('/').count() == 2 { by.split_once('/').map_or(by.clone(), |(_, rest)| rest.to_owned()) } else { by });
    FoundTrail { arn: known.arn, name: known.name, region: known.home_region, settings, object }
}

/// The buckets with the trails that are known to deliver there.
fn buckets(accounts: &[Surveyed], keepers: &Keepers) -> BTreeMap<String, Vec<(usize, WriterStatus, String)>> {
    let mut buckets: BTreeMap<String, Vec<_>> = keepers.buckets.keys().map(|name| (name.clone(), Vec::new())).collect();
    for (at, account) in accounts.iter().enumerate() {
        for (trail, _) in account.trails.iter().filter(|(trail, _)| !trail.settings.bucket.is_empty()) {
            let writer = (at, trail.writer(&account.facts), trail.settings.kms_key.clone());
            buckets.entry(trail.settings.bucket.clone()).or_default().push(writer);
        }
    }
    buckets
}

async fn look_at_bucket(
    bucket: String,
    writers: Vec<(usize, WriterStatus, String)>,
    places: &[Place],
    accounts: &[Surveyed],
    keepers: &Keepers,
    archive_accounts: &BTreeSet<String>,
    shared: &Arc<Shared>,
) -> Result<Option<SurveyedBucket>> {
    let keeper = keepers.buckets.get(&bucket);
    let of_keeper = keeper.and_then(|(_, account)| places.iter().position(|place| place.name.as_ref() == Some(account)));
    let Some(asking) = of_keeper.or_else(|| writers.first().map(|(at, ..)| *at)) else { return Ok(None) };
    let (Some(place), Some(account)) = (places.get(asking), accounts.get(asking)) else { return Ok(None) };
    let managements = accounts.iter().filter_map(|account| Some(account.facts.organization.as_ref()?.management_account_id.clone()));
    let others: BTreeSet<String> =
        accounts.iter().map(|account| account.facts.id.clone()).chain(managements).chain(archive_accounts.iter().cloned()).collect();
    let asked_from = cloud(place, &account.region, shared);
    let region = asked_from.region_of_bucket(&bucket).await.unwrap_or_else(|| account.region.clone());
    let owner = owner(&bucket, &asked_from.at(&region), &others, places, shared).await;
    let owners_place = match &owner {
        Owner::Account(id) => places.iter().position(|place| place.account.facts.id == *id),
        Owner::Stranger => None,
        Owner::Absent | Owner::Unknown(_) => Some(asking),
    };
    let reach = match (&owner, owners_place) {
        (Owner::Unknown(failure), _) if failure.class == ErrorClass::Denied => Reach::Closed,
        (_, Some(_)) => Reach::Own,
        (_, None) => Reach::Foreign,
    };
    let here = match (&owner, owners_place.and_then(|at| places.get(at))) {
        (_, Some(owners)) => cloud(owners, &region, shared),
        (Owner::Account(id), None) => asked_from.at(&region).among_buckets_of(id),
        (_, None) => asked_from.at(&region),
    };
    let facts = owners_place.and_then(|at| accounts.get(at)).map_or(&account.facts, |account| &account.facts);
    let found = FoundBucket {
        name: bucket,
        region,
        account: match &owner {
            Owner::Account(id) => id.clone(),
            Owner::Stranger | Owner::Absent | Owner::Unknown(_) => facts.id.clone(),
        },
        object: keeper.map(|(object, _)| object.clone()),
        writers: writers.iter().map(|(_, writer, _)| writer.clone()).collect(),
    };
    let mut seen = observe(&here, &registry::log_archive(&found.context(facts)?).facets).await;
    let of_owner = match owner {
        Owner::Account(account) => Observed::Present(Reading::state(&BucketOwnerState { account })),
        Owner::Stranger => Observed::Present(Reading::state(&BucketOwnerState::default())),
        Owner::Absent => Observed::Absent,
        Owner::Unknown(failure) => Observed::Unknown(failure),
    };
    seen.insert("bucketOwner", of_owner);
    // Of a bucket of none of the given accounts nobody here may ask it.
    if let Some(block) = owners_place.and_then(|at| accounts.get(at)).and_then(|account| account.seen.get(ACCOUNT_PUBLIC_ACCESS_BLOCK)) {
        seen.insert(ACCOUNT_PUBLIC_ACCESS_BLOCK, block.clone());
    }
    look_behind_bucket(&here, &found, writers.into_iter().map(|(.., key)| key), &mut seen).await;
    Ok(Some(SurveyedBucket { bucket: found, seen, reach }))
}

/// Whose a bucket is: as the asking account may see it, else as one of the other given accounts says of its own.
async fn owner(bucket: &str, asking: &Cloud, others: &BTreeSet<String>, places: &[Place], shared: &Arc<Shared>) -> Owner {
    let seen = asking.owner_of_bucket(bucket, others).await;
    if matches!(seen, Owner::Account(_) | Owner::Absent) {
        return seen;
    }
    for place in places {
        let own = Owner::Account(place.account.facts.id.clone());
        if cloud(place, asking.region(), shared).owner_of_bucket(bucket, &BTreeSet::new()).await == own {
            return own;
        }
    }
    seen
}

/// What a bucket refers to: its key, where access logs and copies go.
async fn look_behind_bucket(here: &Cloud, bucket: &FoundBucket, keys: impl Iterator<Item = String>, seen: &mut Seen) {
    seen.insert("acl", here.bucket_acl(&bucket.name).await);
    let notification = here.read(&Read::S3(S3Read::BucketNotification { bucket: bucket.name.clone() })).await;
    seen.insert(NewFileNotification::NAME, notification);
    let target =
        seen.state::<AccessLoggingState>(BucketAccessLogging::NAME).map(|logging| logging.bucket).filter(|target| !target.is_empty());
    if let Some(target) = target {
        seen.insert("accessLogTarget", here.access_log_target(&target).await);
    }
    if let Some(replication) = seen.state::<ReplicationState>(BucketReplication::NAME) {
        let targets: BTreeSet<String> = replication.rules.into_values().map(|rule| rule.destination).collect();
        seen.insert("replicationTargets", here.replication_targets(targets).await);
    }
    // The key that trails name encrypts log files; without one the bucket's default does.
    let default = seen.state::<EncryptionState>(BucketEncryption::NAME).map(|encryption| encryption.kms_key).unwrap_or_default();
    let key = keys.chain([default]).find(|key| key.contains(":key/"));
    // A key's policy is told to nobody of another account.
    if let Some(key) = key.filter(|key| here.owns(key)) {
        here.look_at_key(&key, seen).await;
    }
}
