//! The one place through which every call passes after it was answered, whatever the service: what AWS would write
//! to CloudTrail, and what tests ask for at `/_sim/calls`. It stores; it decides nothing.

use crate::identity::Caller;
use crate::world::guard;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CallRecord {
    /// Position in the order of answering, from 0; `since` filters on it.
    pub index: u64,
    /// By the simulation's clock, when the request arrived.
    pub time: Timestamp,
    /// None: nobody that the simulation knows signed it.
    pub caller: Option<Caller>,
    pub source_ip: String,
    pub user_agent: String,
    pub region: String,
    /// As signed: `s3`, `cloudtrail`, `kms`.
    pub service: String,
    /// As CloudTrail names it: `s3.amazonaws.com`.
    pub event_source: String,
    pub operation: String,
    pub read_only: bool,
    /// False for data events (S3 objects, ...), which LookupEvents never shows.
    pub management: bool,
    /// Keys in the form CloudTrail writes them (first letter lowered).
    pub request_parameters: Value,
    /// Null for reads, as in CloudTrail.
    pub response_elements: Value,
    pub http_status: u16,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub request_id: String,
    /// The fault rule that shaped the answer, if one did.
    pub fault: Option<String>,
}

impl CallRecord {
    pub fn account(&self) -> Option<&str> {
        self.caller.as_ref().map(|caller| caller.account.as_str())
    }
}

/// Which calls to show; an absent field does not filter.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallFilter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// The first index to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
}

impl CallFilter {
    pub fn matches(&self, call: &CallRecord) -> bool {
        let same = |wanted: &Option<String>, got: &str| wanted.as_deref().is_none_or(|wanted| wanted == got);
        self.account.as_deref().is_none_or(|wanted| call.account() == Some(wanted))
            && same(&self.region, &call.region)
            && same(&self.service, &call.service)
            && same(&self.operation, &call.operation)
            && self.read_only.is_none_or(|wanted| wanted == call.read_only)
            && self.since.is_none_or(|since| call.index >= since)
    }
}

#[derive(Debug)]
pub struct Recorder {
    calls: Mutex<Vec<Arc<CallRecord>>>,
    count: watch::Sender<u64>,
    /// Never falls, so that an index a test remembered stays meaningful after a reset.
    next: Mutex<u64>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { calls: Mutex::default(), count: watch::Sender::new(0), next: Mutex::new(0) }
    }
}

impl Recorder {
    /// Stores a call and gives it its index.
    pub fn add(&self, mut call: CallRecord) -> Arc<CallRecord> {
        let mut calls = guard(&self.calls);
        let mut next = guard(&self.next);
        call.index = *next;
        *next += 1;
        let call = Arc::new(call);
        calls.push(Arc::clone(&call));
        self.count.send_replace(*next);
        call
    }

    pub fn find(&self, filter: &CallFilter) -> Vec<Arc<CallRecord>> {
        guard(&self.calls).iter().filter(|call| filter.matches(call)).cloned().collect()
    }

    /// The index that the next call will get.
    pub fn next_index(&self) -> u64 {
        *guard(&self.next)
    }

    /// Changes whenever a call was added: for those who deliver what is recorded.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    pub fn clear(&self) {
        guard(&self.calls).clear();
    }
}
