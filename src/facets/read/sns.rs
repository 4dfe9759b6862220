//! Questions about SNS topics.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnsRead {
    /// A topic with its policy, its key and its tags.
    Topic { topic: String },
    /// The subscription of a queue to a topic.
    QueueSubscription { topic: String, queue: String },
    /// How many subscribe to a topic that is not ours.
    Subscribers { topic: String },
}
