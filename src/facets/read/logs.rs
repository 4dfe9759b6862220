//! Questions about CloudWatch Logs.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogsRead {
    /// A log group with its settings and tags.
    LogGroup { log_group: String },
}
