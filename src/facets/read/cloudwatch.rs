//! Questions about CloudWatch alarms.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloudWatchRead {
    /// Every alarm whose name begins with `prefix`, which names the object that owns them.
    Alarms { prefix: String, owner: String },
}
