//! Writes to the policies of what receives events: SNS topics, SQS queues, Lambda functions.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub enum TargetStep {
    /// Lets EventBridge in. `policy` is the whole policy to set for a topic or queue; a function takes the one statement, after
    /// what stands there under its `sid` is taken away where `replace` says so.
    Allow { target: String, sid: String, policy: Value, source_arn: String, replace: bool },
    /// Takes the statement `sid` away, if it is there.
    Withdraw { target: String, sid: String },
}

/// What a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    Topic,
    Queue,
    Function,
}

impl TargetKind {
    /// By the service in its ARN.
    pub fn of(arn: &str) -> Option<Self> {
        match arn.split(':').nth(2)? {
            "sns" => Some(Self::Topic),
            "sqs" => Some(Self::Queue),
            "lambda" => Some(Self::Function),
            _ => None,
        }
    }
}

impl TargetStep {
    fn target(&self) -> &str {
        match self {
            Self::Allow { target, .. } | Self::Withdraw { target, .. } => target,
        }
    }

    /// The operation's name, as the target's service writes it.
    pub fn action(&self) -> &'static str {
        match (self, TargetKind::of(self.target())) {
            (Self::Withdraw { .. }, _) => "RemovePermission",
            (Self::Allow { .. }, Some(TargetKind::Topic)) => "SetTopicAttributes",
            (Self::Allow { .. }, Some(TargetKind::Queue)) => "SetQueueAttributes",
            (Self::Allow { .. }, _) => "AddPermission",
        }
    }
}

impl Serialize for TargetStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("action", self.action())?;
        map.serialize_entry("target", self.target())?;
        match self {
            Self::Allow { policy, .. } => map.serialize_entry("policy", policy)?,
            Self::Withdraw { sid, .. } => map.serialize_entry("statementId", sid)?,
        }
        map.end()
    }
}
