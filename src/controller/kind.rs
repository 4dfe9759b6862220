//! What a kind must say for itself; `reconcile` does the rest alike for all.

use super::context::Context;
use crate::engine::Deletion;
use crate::status::{Timed, Told, Waiting};
use jiff::Timestamp;
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;
use std::future::Future;

/// One pass of an object.
pub struct Pass<'a> {
    pub context: &'a Context,
    pub now: Timestamp,
    /// Failed passes in a row before this one.
    pub failures: u32,
    /// Break-glass: nothing may be written now.
    pub paused: bool,
}

/// How a pass ended, besides what it has to tell.
pub struct Passed<S> {
    pub told: Told<S>,
    pub failed: bool,
}

/// How the end of an object went.
pub enum Ending {
    Settled(Deletion),
    /// Something must happen first.
    Wait(Waiting),
}

/// A kind that is reconciled.
pub trait Kind: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    type Status: Timed + Default + Serialize + Send + Sync;

    /// Whether anything must be settled before an object may go. Such objects hold our finalizer.
    const SETTLES: bool = true;

    /// Where objects of this one's namespace live.
    fn api(&self, client: Client) -> Api<Self>;
    fn status(&self) -> Option<&Self::Status>;
    fn suspended(&self) -> bool;
    /// The main resource, for people.
    fn what(&self) -> String;
    /// The account, for events.
    fn account_id(&self, context: &Context) -> String;
    /// Takes notice that the API server has the object as it is here.
    fn seen(&self, _context: &Context) {}
    /// Everything besides spec and annotations that a pass depends on. While it stays the same, a pass waits until it is due.
    fn references(&self, context: &Context) -> Value;
    /// Reads, compares, writes. An error means that AWS was not reached.
    fn pass(&self, pass: &Pass<'_>) -> impl Future<Output = Result<Passed<Self::Status>, Waiting>> + Send;
    /// Settles what is to be settled before the object may go.
    fn end(&self, context: &Context) -> impl Future<Output = Ending> + Send;
}
