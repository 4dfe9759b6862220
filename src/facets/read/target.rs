//! Questions about what receives events: SNS topics, SQS queues, Lambda functions.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetRead {
    /// The policies of `targets` (ARNs), of which the statement `sid` is ours.
    Policies { targets: Vec<String>, sid: String },
}
