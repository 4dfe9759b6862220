//! Questions about SQS queues.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqsRead {
    /// A queue with its attributes, its policy and its tags.
    Queue { queue: String },
}
