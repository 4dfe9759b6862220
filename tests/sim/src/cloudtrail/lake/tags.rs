//! Tags of event data stores. A store that is pending deletion shows none.

use super::super::tags::{Tag, merge_tags, removed};
use super::lifecycle::change;
use super::model::{Status, Store};
use super::{errors, find};
use crate::aws_error::AwsError;
use crate::wire::Call;
use crate::world::World;
use std::collections::BTreeMap;

fn active(world: &World, call: &Call, arn: &str) -> Result<Store, AwsError> {
    let store = find(world, call, arn)?;
    if matches!(store.status, Status::PendingDeletion { .. }) { Err(errors::inactive()) } else { Ok(store) }
}

pub fn add(world: &World, call: &Call, arn: &str, added: &[Tag]) -> Result<(), AwsError> {
    let store = active(world, call, arn)?;
    let tags = merge_tags(&store.tags, added)?;
    change(world, &store, world.clock.now(), |store| store.tags = tags);
    Ok(())
}

pub fn remove(world: &World, call: &Call, arn: &str, gone: &[Tag]) -> Result<(), AwsError> {
    let store = active(world, call, arn)?;
    let tags = removed(&store.tags, gone);
    change(world, &store, world.clock.now(), |store| store.tags = tags);
    Ok(())
}

pub fn list(world: &World, call: &Call, arn: &str) -> Result<BTreeMap<String, String>, AwsError> {
    active(world, call, arn).map(|store| store.tags)
}
