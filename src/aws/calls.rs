//! How many calls were made, by service, operation and how they ended: for metrics.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

type Labels = [(&'static str, String); 3];

/// Counts the calls of a process. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Calls(Family<Labels, Counter>);

impl Calls {
    /// Counts one call of `operation`, which is `service:Operation`.
    pub(super) fn count(&self, operation: &str, answered: bool) {
        let (service, name) = operation.split_once(':').unwrap_or(("", operation));
        let result = if answered { "ok" } else { "error" };
        let labels = [("service", service.to_owned()), ("operation", name.to_owned()), ("result", result.to_owned())];
        self.0.get_or_create(&labels).inc();
    }

    /// The counters themselves.
    pub fn family(&self) -> Family<Labels, Counter> {
        self.0.clone()
    }
}
