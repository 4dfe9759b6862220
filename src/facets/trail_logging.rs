//! The logging switch: a created trail does not record until it is told to.

use super::context::TrailContext;
use super::observed::Seen;
use super::read::{CloudTrailRead, Read};
use super::rights::Rights;
use super::step::{CloudTrailStep, Step};
use super::trail_settings::Settings;
use super::{Change, Facet, Source};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether the trail records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggingState {
    pub enabled: bool,
}

/// What GetTrailStatus says of deliveries. Errors are AWS's codes; `None` is no error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeliveryFacts {
    pub latest_delivery_time: Option<Timestamp>,
    pub latest_delivery_error: Option<String>,
    pub latest_digest_delivery_time: Option<Timestamp>,
    pub latest_digest_delivery_error: Option<String>,
    pub latest_notification_error: Option<String>,
    pub latest_cloud_watch_logs_time: Option<Timestamp>,
    pub latest_cloud_watch_logs_error: Option<String>,
    pub start_logging_time: Option<Timestamp>,
    pub stop_logging_time: Option<Timestamp>,
}

pub struct Logging(pub TrailContext);

impl Facet for Logging {
    const NAME: &'static str = "logging";
    type State = LoggingState;

    fn source(&self, seen: &Seen) -> Source {
        Source::ask_below(seen, Settings::NAME, || Read::CloudTrail(CloudTrailRead::TrailLogging { trail: Settings::arn(&self.0, seen) }))
    }

    fn desired(&self, _observed: Option<&LoggingState>, _seen: &Seen) -> LoggingState {
        LoggingState { enabled: self.0.spec.logging }
    }

    fn steps(&self, change: &Change<'_, LoggingState>) -> Vec<Step> {
        let trail = Settings::arn(&self.0, change.seen);
        match (change.desired.enabled, change.observed) {
            (true, _) => vec![Step::CloudTrail(CloudTrailStep::StartLogging { trail })],
            (false, Some(_)) => vec![Step::CloudTrail(CloudTrailStep::StopLogging { trail })],
            (false, None) => Vec::new(),
        }
    }

    fn reason(&self, change: &Change<'_, LoggingState>) -> String {
        match (change.desired.enabled, change.observed) {
            (true, None) => "a new trail does not log until it is started".to_owned(),
            (true, Some(_)) => "the trail is not logging".to_owned(),
            (false, _) => "spec.logging is false".to_owned(),
        }
    }

    fn rights(&self) -> Rights {
        // An identity that may not stop the trail can't be made to.
        let switch = if self.0.spec.logging { "cloudtrail:StartLogging" } else { "cloudtrail:StopLogging" };
        // The event history tells who stopped it, or switched its validation off.
        Rights::on(&self.0.arn(), &["cloudtrail:GetTrailStatus"], &[switch]).reading("*", &["cloudtrail:LookupEvents"])
    }
}
