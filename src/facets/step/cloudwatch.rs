//! Writes to CloudWatch alarms.

use crate::facets::alarms::Alarm;
use serde::Serialize;
use strum::IntoStaticStr;

#[derive(Clone, Debug, PartialEq, Serialize, IntoStaticStr)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum CloudWatchStep {
    PutMetricAlarm { alarm: String, settings: Box<Alarm> },
    DeleteAlarms { alarms: Vec<String> },
}
