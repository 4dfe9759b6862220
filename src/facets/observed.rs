//! What AWS answered: present, absent, or unknown and why. Access denied is unknown, never absent.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// What AWS answered about one facet.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed<T> {
    Present(T),
    Absent,
    Unknown(Failure),
}

impl<T> Observed<T> {
    /// The value, if AWS gave one.
    pub fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Self::Present(value) => Observed::Present(convert(value)),
            Self::Absent => Observed::Absent,
            Self::Unknown(why) => Observed::Unknown(why),
        }
    }
}

/// One facet's state as it is compared, and facts that came with it but are not compared (ARNs, times, owners).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    pub state: Value,
    pub facts: Value,
}

impl Reading {
    pub fn new(state: &impl Serialize, facts: &impl Serialize) -> Self {
        Self { state: to_json(state), facts: to_json(facts) }
    }

    pub fn state(state: &impl Serialize) -> Self {
        Self { state: to_json(state), facts: Value::Null }
    }
}

/// What a read answers.
pub type Answer = Observed<Reading>;

/// Everything read about one object, by facet name.
#[derive(Clone, Debug, Default)]
pub struct Seen(BTreeMap<&'static str, Answer>);

impl Seen {
    pub fn insert(&mut self, facet: &'static str, answer: Answer) {
        self.0.insert(facet, answer);
    }

    pub fn get(&self, facet: &str) -> Option<&Answer> {
        self.0.get(facet)
    }

    /// The facts that came with a facet, if it is present.
    pub fn facts<F: DeserializeOwned>(&self, facet: &str) -> Option<F> {
        let reading = self.get(facet)?.present()?;
        serde_json::from_value(reading.facts.clone()).ok()
    }

    /// The state of a facet, if it is present.
    pub fn state<S: DeserializeOwned>(&self, facet: &str) -> Option<S> {
        let reading = self.get(facet)?.present()?;
        serde_json::from_value(reading.state.clone()).ok()
    }

    /// Every read that AWS refused or failed to answer.
    pub fn unknown(&self) -> impl Iterator<Item = (&'static str, &Failure)> {
        self.0.iter().filter_map(|(facet, answer)| match answer {
            Observed::Unknown(why) => Some((*facet, why)),
            Observed::Present(_) | Observed::Absent => None,
        })
    }
}

/// Plain data always has a JSON form; should one not, it shows as null and differs, which is seen.
pub(crate) fn to_json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// How an error is to be met. `status::classes` says what each class does to requeue, conditions and events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ErrorClass {
    /// Too many requests.
    Throttled,
    /// A fault on AWS's side or on the way there.
    Transient,
    /// Another change is under way; AWS asks to wait some minutes.
    Conflict,
    /// Something that others provide is missing or not propagated yet: a bucket policy, a key, a role.
    Dependency,
    /// The request can't succeed until the spec changes.
    Terminal,
    /// A quota is used up.
    Quota,
    /// The thing exists already.
    AlreadyExists,
    /// The thing does not exist (or not in this Region).
    NotFound,
    /// The identity may not do this.
    Denied,
    /// The identity itself is missing, wrong or expired.
    Credentials,
    /// Something that must be emptied by people is not empty.
    NotEmpty,
    /// AWS does not offer it any more to those who did not use it before.
    Closed,
    /// We are stopping, paused, or may not write.
    Halted,
}

/// An operation that failed: what was attempted, where, and what AWS said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub class: ErrorClass,
    /// As IAM writes it, for example `s3:GetBucketPolicy`.
    pub operation: String,
    /// The object of the operation: a name or an ARN.
    pub object: String,
    pub account: String,
    pub region: String,
    /// AWS's error code, or a word for what happened on the way.
    pub code: String,
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} on {} (account {}, Region {}): {}", self.operation, self.object, self.account, self.region, self.code)?;
        if self.message.is_empty() { Ok(()) } else { write!(out, ": {}", self.message) }
    }
}

impl std::error::Error for Failure {}
