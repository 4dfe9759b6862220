//! CreateTrail, UpdateTrail and DeleteTrail.

use super::destinations::{self, Checks};
use super::find::{Access, find, visible};
use super::model::{Delivery, Logging, Trail};
use super::names::{check_bucket_name, check_name, check_prefix};
use super::tags::{Tag, merge_tags};
use super::{errors, input, organization};
use crate::aws_error::AwsError;
use crate::identity::partition;
use crate::wire::Call;
use crate::world::World;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const TRAILS_PER_REGION: usize = 5;

/// The members that CreateTrail and UpdateTrail share. In an update an absent member keeps and "" clears.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    name: Option<String>,
    s3_bucket_name: Option<String>,
    s3_key_prefix: Option<String>,
    sns_topic_name: Option<String>,
    include_global_service_events: Option<bool>,
    is_multi_region_trail: Option<bool>,
    enable_log_file_validation: Option<bool>,
    cloud_watch_logs_log_group_arn: Option<String>,
    cloud_watch_logs_role_arn: Option<String>,
    kms_key_id: Option<String>,
    is_organization_trail: Option<bool>,
    recursive_logging: Option<bool>,
    #[serde(default)]
    tags_list: Vec<Tag>,
}

pub async fn create(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Request = input(call)?;
    let name = request.name.clone().unwrap_or_default();
    check_name(&name)?;
    let wants_organization = request.is_organization_trail == Some(true);
    // The management account owns the trail, whichever administrator creates it.
    let account = if wants_organization { organization::management_of(world, call)? } else { call.caller.account.clone() };
    let mut trail = Trail {
        arn: format!("arn:{}:cloudtrail:{}:{account}:trail/{name}", partition(&call.region), call.region),
        name,
        account,
        home_region: call.region.clone(),
        bucket: String::new(),
        prefix: None,
        topic_arn: None,
        global_events: true,
        multi_region: false,
        validation: false,
        log_group_arn: None,
        log_role_arn: None,
        kms_key: None,
        organization: false,
        recursive_logging: true,
        selectors: None,
        insights: Vec::new(),
        aggregation: Vec::new(),
        tags: BTreeMap::new(),
        logging: Logging::default(),
        delivery: Delivery::default(),
    };
    merge(&mut trail, &request)?;
    trail.tags = merge_tags(&BTreeMap::new(), &request.tags_list)?;
    is_free(world, &trail)?;
    destinations::check(world, call, &mut trail, Checks { key: true, topic: true, logs: true }).await?;
    world.trails.with(|all| {
        // Another request may have won while the destinations were looked at.
        if all.iter().any(|other| other.arn == trail.arn) {
            return Err(errors::trail_exists(&trail.name, &trail.account));
        }
        all.push(trail.clone());
        Ok(())
    })?;
    Ok(trail.created())
}

pub async fn update(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Request = input(call)?;
    let mut trail = find(world, call, request.name.as_deref(), Access::Write)?;
    let was_organization = trail.organization;
    let was_multi_region = trail.multi_region;
    merge(&mut trail, &request)?;
    if was_multi_region && !trail.global_events && world.settings().split_global_events {
        return Err(multi_region_needs_global_events());
    }
    if trail.organization != was_organization {
        organization::may_convert(world, call)?;
    }
    let given = |member: &Option<String>| member.is_some();
    let checks = Checks {
        key: given(&request.kms_key_id) || given(&request.s3_bucket_name),
        topic: given(&request.sns_topic_name),
        logs: given(&request.cloud_watch_logs_log_group_arn),
    };
    destinations::check(world, call, &mut trail, checks).await?;
    let answer = trail.created();
    let updated = world.trails.update(&trail.arn.clone(), |stored| {
        if trail.validation && !stored.validation {
            stored.logging.begin_chain(world.clock.now());
        }
        // Only what this operation owns: logging or tags may have changed meanwhile.
        *stored = Trail {
            selectors: stored.selectors.take(),
            insights: std::mem::take(&mut stored.insights),
            aggregation: std::mem::take(&mut stored.aggregation),
            tags: std::mem::take(&mut stored.tags),
            logging: stored.logging.clone(),
            delivery: stored.delivery.clone(),
            ..trail
        };
    });
    updated.ok_or_else(|| errors::trail_not_found(request.name.as_deref().unwrap_or_default(), &call.caller.account))?;
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: Option<String>,
}

pub fn delete(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Named = input(call)?;
    let trail = find(world, call, request.name.as_deref(), Access::Write)?;
    world.trails.with(|all| all.retain(|other| other.arn != trail.arn));
    Ok(json!({}))
}

/// Applies the members that need no look outside, and holds the rules between them.
fn merge(trail: &mut Trail, request: &Request) -> Result<(), AwsError> {
    if let Some(bucket) = &request.s3_bucket_name {
        check_bucket_name(bucket)?;
        trail.bucket.clone_from(bucket);
    }
    if trail.bucket.is_empty() {
        return Err(errors::invalid_bucket_name(""));
    }
    if let Some(prefix) = &request.s3_key_prefix {
        check_prefix(prefix)?;
    }
    if request.sns_topic_name.as_ref().is_some_and(|topic| topic.chars().count() > 256) {
        return Err(errors::invalid_topic("SNS topic name or ARN is longer than 256 characters."));
    }
    set_text(&mut trail.prefix, &request.s3_key_prefix);
    set_text(&mut trail.topic_arn, &request.sns_topic_name);
    set_text(&mut trail.kms_key, &request.kms_key_id);
    merge_logs(trail, request)?;
    set(&mut trail.global_events, request.include_global_service_events);
    set(&mut trail.multi_region, request.is_multi_region_trail);
    set(&mut trail.validation, request.enable_log_file_validation);
    set(&mut trail.organization, request.is_organization_trail);
    set(&mut trail.recursive_logging, request.recursive_logging);
    if trail.multi_region && !trail.global_events {
        return Err(multi_region_needs_global_events());
    }
    Ok(())
}

fn multi_region_needs_global_events() -> AwsError {
    errors::invalid_combination("Multi-Region trail must include global service events.")
}

/// Group and role come and go together, in one request.
fn merge_logs(trail: &mut Trail, request: &Request) -> Result<(), AwsError> {
    let (group, role) = (&request.cloud_watch_logs_log_group_arn, &request.cloud_watch_logs_role_arn);
    let has = |member: &Option<String>| member.as_ref().is_some_and(|text| !text.is_empty());
    if has(group) && !has(role) {
        return Err(errors::log_group_without_role());
    }
    if has(role) && !has(group) {
        return Err(errors::role_without_log_group());
    }
    if group.is_some() != role.is_some() {
        return Err(if group.is_some() { errors::log_group_without_role() } else { errors::role_without_log_group() });
    }
    set_text(&mut trail.log_group_arn, group);
    set_text(&mut trail.log_role_arn, role);
    Ok(())
}

fn set<T>(target: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *target = given;
    }
}

fn set_text(target: &mut Option<String>, given: &Option<String>) {
    if let Some(text) = given {
        *target = (!text.is_empty()).then(|| text.clone());
    }
}

/// The name is not taken, and there is room in every Region that the trail will be in.
fn is_free(world: &World, trail: &Trail) -> Result<(), AwsError> {
    let here = visible(world, &trail.account, &trail.home_region);
    if here.iter().any(|other| other.account == trail.account && other.name == trail.name) {
        return Err(errors::trail_exists(&trail.name, &trail.account));
    }
    let mut regions = BTreeSet::from([trail.home_region.clone()]);
    if trail.multi_region {
        regions.extend(world.trails.matching(|other| other.account == trail.account).into_iter().map(|other| other.home_region));
    }
    match regions.into_iter().find(|region| visible(world, &trail.account, region).len() >= TRAILS_PER_REGION) {
        Some(full) => Err(errors::too_many_trails(&trail.account, &full)),
        None => Ok(()),
    }
}
