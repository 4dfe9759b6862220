//! A store and an import as the simulation keeps them. Time alone moves them on: `settle`. Data only.

use super::super::model::{AdvancedEventSelector, InsightSelector};
use super::super::reads::epoch;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How long a deleted store can be restored.
pub const WAIT: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Created { until: Timestamp, ingests: bool },
    Enabled,
    Starting { until: Timestamp },
    Stopping { until: Timestamp },
    Stopped,
    PendingDeletion { until: Timestamp, ingested: bool },
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Self::Created { .. } => "CREATED",
            Self::Enabled => "ENABLED",
            Self::Starting { .. } => "STARTING_INGESTION",
            Self::Stopping { .. } => "STOPPING_INGESTION",
            Self::Stopped => "STOPPED_INGESTION",
            Self::PendingDeletion { .. } => "PENDING_DELETION",
        }
    }

    pub fn settled(ingests: bool) -> Self {
        if ingests { Self::Enabled } else { Self::Stopped }
    }

    /// Neither on its way to another status nor to its end.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Enabled | Self::Stopped)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Federation {
    Disabled,
    Enabling { until: Timestamp, role: String },
    Enabled { role: String },
    Disabling { until: Timestamp },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    pub id: String,
    pub arn: String,
    pub name: String,
    pub account: String,
    pub region: String,
    pub status: Status,
    pub selectors: Vec<AdvancedEventSelector>,
    pub multi_region: bool,
    pub organization: bool,
    pub retention: i64,
    pub billing: String,
    pub protected: bool,
    pub kms_key: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub federation: Federation,
    pub insights: Vec<InsightSelector>,
    pub insights_destination: Option<String>,
    pub created: Timestamp,
    pub updated: Timestamp,
}

impl Store {
    /// The first category that its selectors name.
    pub fn category(&self) -> &str {
        category_of(&self.selectors)
    }

    pub fn settle(&mut self, now: Timestamp) {
        self.status = match self.status {
            Status::Created { until, ingests } if until <= now => Status::settled(ingests),
            Status::Starting { until } if until <= now => Status::Enabled,
            Status::Stopping { until } if until <= now => Status::Stopped,
            other => other,
        };
        self.federation = match std::mem::replace(&mut self.federation, Federation::Disabled) {
            Federation::Enabling { until, role } if until <= now => Federation::Enabled { role },
            Federation::Disabling { until } if until <= now => Federation::Disabled,
            other => other,
        };
    }

    pub fn is_gone(&self, now: Timestamp) -> bool {
        matches!(self.status, Status::PendingDeletion { until, .. } if until <= now)
    }

    /// As Create, Update and Restore answer it.
    pub fn described(&self) -> Value {
        let mut value = json!({
            "EventDataStoreArn": self.arn,
            "Name": self.name,
            "Status": self.status.word(),
            "AdvancedEventSelectors": self.selectors,
            "MultiRegionEnabled": self.multi_region,
            "OrganizationEnabled": self.organization,
            "RetentionPeriod": self.retention,
            "TerminationProtectionEnabled": self.protected,
            "CreatedTimestamp": epoch(self.created),
            "UpdatedTimestamp": epoch(self.updated),
            "BillingMode": self.billing,
        });
        if let Some(key) = &self.kms_key {
            value["KmsKeyId"] = json!(key);
        }
        value
    }

    /// As GetEventDataStore answers it.
    pub fn with_federation(&self) -> Value {
        let mut value = self.described();
        let (status, role) = match &self.federation {
            Federation::Disabled => ("DISABLED", None),
            Federation::Enabling { role, .. } => ("ENABLING", Some(role)),
            Federation::Enabled { role } => ("ENABLED", Some(role)),
            Federation::Disabling { .. } => ("DISABLING", None),
        };
        value["FederationStatus"] = json!(status);
        if let Some(role) = role {
            value["FederationRoleArn"] = json!(role);
        }
        value
    }
}

pub fn category_of(selectors: &[AdvancedEventSelector]) -> &str {
    let fields = selectors.iter().flat_map(|selector| &selector.field_selectors);
    let named = fields.filter(|field| field.field == "eventCategory").find_map(|field| field.equals.as_ref()?.first());
    named.map_or("Management", String::as_str)
}

#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub id: String,
    pub account: String,
    pub region: String,
    pub destination: String,
    pub source: Value,
    pub from: Option<f64>,
    pub to: Option<f64>,
    pub created: Timestamp,
    /// When it began to copy, and when it was done; moved by time.
    pub copies: Timestamp,
    pub completes: Timestamp,
    pub stopped: bool,
}

impl Import {
    pub fn status(&self, now: Timestamp) -> &'static str {
        if self.stopped {
            "STOPPED"
        } else if now >= self.completes {
            "COMPLETED"
        } else if now >= self.copies {
            "IN_PROGRESS"
        } else {
            "INITIALIZING"
        }
    }

    pub fn is_ongoing(&self, now: Timestamp) -> bool {
        matches!(self.status(now), "INITIALIZING" | "IN_PROGRESS")
    }

    /// As StartImport answers it.
    pub fn described(&self, now: Timestamp) -> Value {
        let mut value = self.listed(now);
        value["ImportSource"] = self.source.clone();
        for (name, time) in [("StartEventTime", self.from), ("EndEventTime", self.to)] {
            if let Some(time) = time {
                value[name] = json!(time);
            }
        }
        value
    }

    /// As ListImports answers it.
    pub fn listed(&self, now: Timestamp) -> Value {
        json!({
            "ImportId": self.id,
            "ImportStatus": self.status(now),
            "Destinations": [self.destination],
            "CreatedTimestamp": epoch(self.created),
            "UpdatedTimestamp": epoch(now.min(self.completes)),
        })
    }
}
