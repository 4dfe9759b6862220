//! What can be wrong with an object or a chain, and in which words it is told. Pure.

use super::content::Flaw;
use super::place::{Place, Stream};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use strum::IntoStaticStr;

/// A reason not to believe an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "fault", rename_all_fields = "camelCase")]
pub enum Fault {
    /// A digest or log file that another digest names is not there.
    Missing,
    /// The content is not what the digest says.
    Changed,
    NotGzip,
    Truncated,
    TrailingData,
    TooLarge,
    /// A digest that can't be read; `field` says what is wrong.
    Malformed {
        field: String,
    },
    /// No signature beside the digest, or one of another algorithm.
    Unsigned,
    SignatureInvalid,
    /// No public key of the Region has the fingerprint.
    KeyUnknown {
        region: String,
        fingerprint: String,
    },
    /// A digest that says that it is elsewhere.
    Moved {
        from: Place,
    },
    /// A digest that says otherwise than its key.
    Contradicts {
        field: String,
        says: String,
        key: String,
    },
    /// The next digest gives another hash for it.
    HashNotAsNextSays {
        next: String,
    },
    /// The next digest gives another signature for it.
    SignatureNotAsNextSays {
        next: String,
    },
    /// A log file that no digest names, at a time that digests cover.
    Unreferenced,
    /// A log file that a digest of another account or Region names.
    Foreign {
        named_by: String,
    },
    /// A digest that no later one continues, though later ones are there.
    NotInChain,
    /// Two digests continue the same one.
    Forked {
        other: String,
    },
    /// The chain is not the one that was verified before.
    NotAsVerifiedBefore {
        expected: String,
    },
}

impl Fault {
    /// The name of the fault, as machines know it.
    pub fn name(&self) -> &'static str {
        self.into()
    }
}

impl From<Flaw> for Fault {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::NotGzip => Self::NotGzip,
            Flaw::Truncated => Self::Truncated,
            Flaw::TrailingData => Self::TrailingData,
            Flaw::TooLarge => Self::TooLarge,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "is not there, though a signed digest names it"),
            Self::Changed => write!(f, "its content is not what was delivered: the hash differs from the digest's"),
            Self::NotGzip => write!(f, "is no gzip file, or its checksum does not fit"),
            Self::Truncated => write!(f, "ends before its compressed stream does"),
            Self::TrailingData => write!(f, "has data after the end of its compressed stream"),
            Self::TooLarge => write!(f, "holds more than CloudTrail writes into one file"),
            Self::Malformed { field } => write!(f, "is no digest: {field}"),
            Self::Unsigned => write!(f, "has no signature with SHA256withRSA in its metadata"),
            Self::SignatureInvalid => write!(f, "its signature is not of this content at this place"),
            Self::KeyUnknown { region, fingerprint } => {
                write!(f, "is signed with a key that CloudTrail does not have in {region}: fingerprint {fingerprint}")
            }
            Self::Moved { from } => write!(f, "was moved or copied here from {from}"),
            Self::Contradicts { field, says, key } => write!(f, "its {field} is {says}, but its key says {key}"),
            Self::HashNotAsNextSays { next } => write!(f, "its hash is not the one that the next digest, {next}, has for it"),
            Self::SignatureNotAsNextSays { next } => write!(f, "its signature is not the one that the next digest, {next}, has for it"),
            Self::Unreferenced => {
                write!(f, "no digest names it, though digests cover its time: CloudTrail did not deliver it under validation")
            }
            Self::Foreign { named_by } => write!(f, "is named by {named_by}, a digest of another account or Region"),
            Self::NotInChain => write!(f, "no later digest continues it, though there are later ones"),
            Self::Forked { other } => write!(f, "continues the same digest as {other}"),
            Self::NotAsVerifiedBefore { expected } => write!(f, "does not continue {expected}, which was verified before"),
        }
    }
}

/// What became of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "camelCase")]
pub enum Verdict {
    Intact,
    NotIntact {
        faults: Vec<Fault>,
    },
    /// It could not be read, for a reason that says nothing of its content.
    Unread {
        why: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sort {
    Digest,
    BackfillDigest,
    Log,
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digest => "digest",
            Self::BackfillDigest => "backfill digest",
            Self::Log => "log file",
        })
    }
}

/// One object and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    pub sort: Sort,
    #[serde(flatten)]
    pub place: Place,
    /// Account and Region that it is about.
    pub account: String,
    pub region: String,
    /// Name of the trail whose digest it is, or names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<String>,
    /// End of the digest that it is, or that names it; of a log file that none names, the time in its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The version of the object in S3 that still holds what was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_version: Option<String>,
}

/// Why there is a time of which nothing is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// Logging was stopped: a last digest, then none, then a new chain.
    LoggingStopped,
    /// Validation was off: log files were delivered, and no digests.
    ValidationOff,
    /// A chain was broken off and another begun, and nothing shows why.
    Unexplained,
    /// Digests that later ones name are gone.
    DigestsMissing,
    /// The digest is there, and not to be believed.
    DigestInvalid,
    /// The digest could not be read.
    DigestUnread,
    /// Older digests, that the first one names, are gone, and not by the archive's expiry.
    BeginningMissing,
    /// Older digests expired with the log files of their time.
    Expired,
    /// Nothing follows the newest digest, though it is overdue.
    EndMissing,
    /// The trail has ended: a last digest, and another trail goes on.
    Ended,
    /// Linked digests, whose times don't meet.
    TimesDoNotMeet,
}

impl Reason {
    /// Whether AWS itself, or the archive's own rules, account for it: the archive can be intact all the same.
    pub fn is_explained(self) -> bool {
        match self {
            Self::LoggingStopped | Self::ValidationOff | Self::Expired | Self::Ended | Self::TimesDoNotMeet => true,
            Self::Unexplained
            | Self::DigestsMissing
            | Self::DigestInvalid
            | Self::DigestUnread
            | Self::BeginningMissing
            | Self::EndMissing => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoggingStopped => "logging was stopped",
            Self::ValidationOff => "log file validation was off",
            Self::Unexplained => "a chain ended without a last digest, and another began",
            Self::DigestsMissing => "digests are missing",
            Self::DigestInvalid => "the digest is not to be believed",
            Self::DigestUnread => "the digest could not be read",
            Self::BeginningMissing => "the digests before are missing",
            Self::Expired => "the digests before have expired",
            Self::EndMissing => "the newest digests are missing, or delivery stopped",
            Self::Ended => "the trail ended, and another goes on",
            Self::TimesDoNotMeet => "the digests are linked, but their times do not meet",
        })
    }
}

/// A time of which nothing is proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    #[serde(flatten)]
    pub stream: Stream,
    /// `None`: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    pub until: Timestamp,
    pub reason: Reason,
    /// Log files of that time that no digest names.
    #[serde(default)]
    pub unproven_logs: u64,
}

impl Gap {
    /// Whether any of this time is in it.
    pub fn covers(&self, from: Timestamp, until: Timestamp) -> bool {
        self.from.is_none_or(|begin| begin < until) && from < self.until
    }

    /// Its length; `None` of one without a beginning.
    pub fn length(&self) -> Option<SignedDuration> {
        self.from.map(|from| self.until.duration_since(from))
    }

    /// Whole hours, any part counted as one: about how many digests there should have been.
    pub fn hours(&self) -> Option<i64> {
        self.length().map(|length| (length.as_secs().max(0) + 3599) / 3600)
    }
}
