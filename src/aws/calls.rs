//! How many calls were made, by service, operation and how they ended: for metrics.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type Labels = [(&'static str, String); 3];

/// Counts the calls of a process. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    family: Family<Labels, Counter>,
    total: Arc<AtomicUsize>,
}

impl Calls {
    /// Counts one call of `operation`, which is `service:Operation`.
    pub(super) fn count(&self, operation: &str, answered: bool) {
        let (service, name) = operation.split_once(':').unwrap_or(("", operation));
        let result = if answered { "ok" } else { "error" };
        let labels = [("service", service.to_owned()), ("operation", name.to_owned()), ("result", result.to_owned())];
        self.family.get_or_create(&labels).inc();
        self.total.fetch_add(1, Ordering::Relaxed);
    }

    /// The counters themselves.
    pub fn family(&self) -> Family<Labels, Counter> {
        self.family.clone()
    }

    /// How many were made, but for those about identity and organization.
    pub fn total(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }
}
