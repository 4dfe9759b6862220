//! Questions about SNS topics.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnsRead {
    /// A topic with its policy, its key and its tags.
    Topic { topic: String },
    /// How many subscribe to a topic that is not ours.
    Subscribers { topic: String },
}
