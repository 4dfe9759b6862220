//! A finding: the verdict of one rule on one object.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// How much it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
pub enum Severity {
    Info,
    Low,
    #[default]
    Medium,
    High,
    Critical,
}

/// What a rule says of an object. The texts are for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    /// What is wrong.
    Fail(String),
    /// What could not be read, and what to do about it.
    Unknown(String),
    /// Why the rule does not concern this object.
    NotApplicable(String),
    /// It fails, and somebody accepts that.
    Exempt(Exempted),
}

/// A failure that somebody accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exempted {
    /// What is wrong.
    pub message: String,
    pub reason: String,
    pub approver: String,
    pub expires: jiff::Timestamp,
    /// Name of the CompliancePolicy, or of its file.
    pub policy: String,
}

/// The verdict in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, IntoStaticStr)]
pub enum Result {
    Fail,
    Unknown,
    Exempt,
    NotApplicable,
    Pass,
}

impl Verdict {
    pub fn result(&self) -> Result {
        match self {
            Self::Pass => Result::Pass,
            Self::Fail(_) => Result::Fail,
            Self::Unknown(_) => Result::Unknown,
            Self::NotApplicable(_) => Result::NotApplicable,
            Self::Exempt(_) => Result::Exempt,
        }
    }

    /// What there is to say; empty for a pass.
    pub fn message(&self) -> &str {
        match self {
            Self::Pass => "",
            Self::Fail(text) | Self::Unknown(text) | Self::NotApplicable(text) => text,
            Self::Exempt(exempted) => &exempted.message,
        }
    }
}

/// What was judged, as people and other tools know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judged {
    /// Trail, LogArchive, EventDataStore or AwsAccount: also for what no object of ours looks after.
    pub kind: &'static str,
    /// `namespace/name` of the Kubernetes object; none for what was found in the account and is not managed.
    pub object: Option<String>,
    /// ARN, or as near as AWS has one; empty where it is not known yet.
    pub arn: String,
    pub account: String,
    pub region: String,
}

/// The verdict of one rule on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// For example `TK-TRAIL-003`.
    pub rule: String,
    pub title: String,
    /// After the policy's overrides.
    pub severity: Severity,
    pub judged: Judged,
    pub verdict: Verdict,
}

impl Finding {
    /// A failure or an unknown: what somebody must look at.
    pub fn is_open(&self) -> bool {
        matches!(self.verdict, Verdict::Fail(_) | Verdict::Unknown(_))
    }

    /// Stable over runs: rule and object.
    pub fn id(&self) -> String {
        let of = self.judged.object.as_deref().unwrap_or(&self.judged.arn);
        format!("{}/{}/{}/{of}", self.rule, self.judged.account, self.judged.kind)
    }
}
