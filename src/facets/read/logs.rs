//! Questions about CloudWatch Logs.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogsRead {
    /// A log group with its settings and tags.
    LogGroup { log_group: String },
    /// Every metric filter of a group whose name begins with `prefix`, which names the object that owns them.
    MetricFilters { log_group: String, prefix: String, owner: String },
}
