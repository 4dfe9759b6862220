//! AddTags, RemoveTags and ListTags.

use super::find::{Access, find};
use super::model::Trail;
use super::names::parse_arn;
use super::{errors, input, lake};
use crate::aws_error::AwsError;
use crate::wire::Call;
use crate::world::World;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const TAGS: usize = 50;
const ARNS_PER_LIST: usize = 20;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    #[serde(default)]
    key: String,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    resource_id: Option<String>,
    #[serde(default)]
    tags_list: Vec<Tag>,
}

pub fn add(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Change = input(call)?;
    let arn = request.resource_id.as_deref().unwrap_or_default();
    if lake::is_store(arn) {
        return lake::add_tags(world, call, arn, &request.tags_list).map(|()| json!({}));
    }
    let trail = tagged(world, call, arn, Access::Write)?;
    let change = |trail: &mut Trail| merge_tags(&trail.tags, &request.tags_list).map(|tags| trail.tags = tags);
    world.trails.update(&trail.arn, change).ok_or_else(|| errors::resource_missing(&trail.arn))??;
    Ok(json!({}))
}

pub fn remove(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: Change = input(call)?;
    let arn = request.resource_id.as_deref().unwrap_or_default();
    check_tags(&request.tags_list)?;
    if lake::is_store(arn) {
        return lake::remove_tags(world, call, arn, &request.tags_list).map(|()| json!({}));
    }
    let trail = tagged(world, call, arn, Access::Write)?;
    world.trails.update(&trail.arn, |trail| trail.tags = removed(&trail.tags, &request.tags_list));
    Ok(json!({}))
}

/// The tags after removing. A value that is given must match, or the tag stays.
pub fn removed(stored: &BTreeMap<String, String>, gone: &[Tag]) -> BTreeMap<String, String> {
    let goes =
        |key: &String, value: &String| gone.iter().any(|tag| tag.key == *key && tag.value.as_ref().is_none_or(|given| given == value));
    stored.iter().filter(|(key, value)| !goes(key, value)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    #[serde(default)]
    resource_id_list: Vec<String>,
    next_token: Option<String>,
}

pub fn list(world: &World, call: &Call) -> Result<Value, AwsError> {
    let request: List = input(call)?;
    if request.next_token.is_some() {
        return Err(errors::invalid_token());
    }
    if request.resource_id_list.len() > ARNS_PER_LIST {
        let message = format!("1 validation error detected: ResourceIdList can have at most {ARNS_PER_LIST} items");
        return Err(AwsError::bad("ValidationException", message));
    }
    let mut found = Vec::new();
    for arn in &request.resource_id_list {
        let tags = if lake::is_store(arn) { lake::list_tags(world, call, arn)? } else { tagged(world, call, arn, Access::Read)?.tags };
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        found.push(json!({ "ResourceId": arn, "TagsList": tags }));
    }
    Ok(json!({ "ResourceTagList": found }))
}

/// Tags are reached by ARN and in the home Region only.
fn tagged(world: &World, call: &Call, arn: &str, access: Access) -> Result<Trail, AwsError> {
    if arn.starts_with("arn:") && arn.contains(":cloudtrail:") && !arn.contains(":trail/") {
        return Err(errors::resource_type(arn));
    }
    let parsed = parse_arn(arn)?;
    if parsed.region != call.region {
        return Err(errors::invalid_arn(format!("Region in ARN is wrong: {arn}")));
    }
    let not_found = |error: AwsError| if error.code == "TrailNotFoundException" { errors::resource_missing(arn) } else { error };
    find(world, call, Some(arn), access).map_err(not_found)
}

fn check_tags(tags: &[Tag]) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    let mut seen = BTreeSet::new();
    for tag in tags {
        let value = tag.value.as_deref().unwrap_or_default();
        let message = if !(1..=128).contains(&tag.key.chars().count()) {
            format!("Tag key '{}' must have 1 to 128 characters.", tag.key)
        } else if value.chars().count() > 256 {
            format!("The value of tag '{}' must have at most 256 characters.", tag.key)
        } else if tag.key.to_ascii_lowercase().starts_with("aws:") {
            format!("Tag key '{}' must not start with aws:", tag.key)
        } else if !tag.key.chars().chain(value.chars()).all(allowed) {
            format!("Tag '{}' has characters that are not allowed.", tag.key)
        } else if !seen.insert(&tag.key) {
            format!("Tag key '{}' is given twice.", tag.key)
        } else {
            continue;
        };
        return Err(errors::invalid_tag(message));
    }
    Ok(())
}

/// The tags after adding; a key that is there gets the new value.
pub fn merge_tags(stored: &BTreeMap<String, String>, added: &[Tag]) -> Result<BTreeMap<String, String>, AwsError> {
    check_tags(added)?;
    let mut tags = stored.clone();
    tags.extend(added.iter().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())));
    if tags.len() > TAGS { Err(errors::too_many_tags()) } else { Ok(tags) }
}
