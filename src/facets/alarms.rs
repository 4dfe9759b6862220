//! The alarms on what the metric filters count: raised, they tell the topic.

use super::alarm_plan::{PlannedAlarm, alarm_arns, planned, prefix, topic_arn};
use super::context::TrailContext;
use super::observed::Seen;
use super::read::{CloudWatchRead, Read};
use super::rights::Rights;
use super::step::{CloudWatchStep, Step};
use super::tags::OwnerFacts;
use super::{Change, Facet, Resource, Source};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An alarm. Whether it is raised is no part of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Alarm {
    pub description: String,
    pub metric_namespace: String,
    pub metric_name: String,
    pub dimensions: BTreeMap<String, String>,
    pub statistic: String,
    /// Empty for any.
    pub unit: String,
    pub period_seconds: i32,
    pub evaluation_periods: i32,
    pub datapoints_to_alarm: i32,
    pub comparison: String,
    pub threshold: f64,
    pub treat_missing_data: String,
    pub actions_enabled: bool,
    pub actions: BTreeSet<String>,
    pub ok_actions: BTreeSet<String>,
    pub insufficient_data_actions: BTreeSet<String>,
}

/// By short name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlarmsState(pub BTreeMap<String, Alarm>);

/// What comes with the alarms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmsFacts {
    #[serde(flatten)]
    pub owner: OwnerFacts,
    /// Short names of those that are raised.
    pub raised: Vec<String>,
}

pub struct MetricAlarms(pub TrailContext);

impl MetricAlarms {
    pub const NOUN: &'static str = "alarms";

    fn alarm(&self, name: &str, planned: &PlannedAlarm) -> Alarm {
        let spec = self.0.spec.alarms.clone().unwrap_or_default();
        Alarm {
            description: planned.description.clone(),
            metric_namespace: spec.metric_namespace,
            metric_name: format!("{}{name}", prefix(&self.0)),
            statistic: "Sum".to_owned(),
            period_seconds: i32::try_from(planned.period_seconds).unwrap_or(i32::MAX),
            evaluation_periods: 1,
            datapoints_to_alarm: 1,
            comparison: "GreaterThanOrEqualToThreshold".to_owned(),
            threshold: f64::from(planned.threshold),
            // No matching event is no data, and that is well.
            treat_missing_data: "notBreaching".to_owned(),
            actions_enabled: spec.actions_enabled,
            actions: topic_arn(&self.0).into_iter().collect(),
            ..Alarm::default()
        }
    }

    fn delete<'a>(&self, names: impl IntoIterator<Item = &'a String>) -> Vec<Step> {
        let alarms: Vec<String> = names.into_iter().map(|name| format!("{}{name}", prefix(&self.0))).collect();
        if alarms.is_empty() { Vec::new() } else { vec![Step::CloudWatch(CloudWatchStep::DeleteAlarms { alarms })] }
    }
}

impl Facet for MetricAlarms {
    const NAME: &'static str = "alarms";
    type State = AlarmsState;

    fn source(&self, _seen: &Seen) -> Source {
        Source::Ask(Read::CloudWatch(CloudWatchRead::Alarms { prefix: prefix(&self.0), owner: self.0.owner.clone() }))
    }

    fn desired(&self, _observed: Option<&AlarmsState>, _seen: &Seen) -> AlarmsState {
        AlarmsState(planned(&self.0).iter().map(|(name, planned)| (name.clone(), self.alarm(name, planned))).collect())
    }

    fn steps(&self, change: &Change<'_, AlarmsState>) -> Vec<Step> {
        let none = AlarmsState::default();
        let observed = &change.observed.unwrap_or(&none).0;
        let changed = change.desired.0.iter().filter(|(name, alarm)| observed.get(*name) != Some(alarm));
        let puts = changed.map(|(name, settings)| {
            let alarm = format!("{}{name}", prefix(&self.0));
            Step::CloudWatch(CloudWatchStep::PutMetricAlarm { alarm, settings: Box::new(settings.clone()) })
        });
        let superfluous = observed.keys().filter(|name| !change.desired.0.contains_key(*name));
        puts.chain(self.delete(superfluous)).collect()
    }

    fn wanted(&self) -> bool {
        !planned(&self.0).is_empty()
    }

    fn removal(&self, observed: &AlarmsState, _seen: &Seen) -> Vec<Step> {
        self.delete(observed.0.keys())
    }

    fn rights(&self) -> Rights {
        let ours = alarm_arns(&self.0);
        // Alarms are listed, so no narrower resource serves.
        let all = ours.split(":alarm:").next().map(|place| format!("{place}:alarm:*")).unwrap_or_default();
        Rights::on(&all, &["cloudwatch:DescribeAlarms"], &[])
            .writing(&ours, &["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"])
            .deleting(&ours, &["cloudwatch:DeleteAlarms"])
    }
}

impl Resource for MetricAlarms {
    fn noun(&self) -> &'static str {
        Self::NOUN
    }
    fn id(&self) -> String {
        format!("{}*", prefix(&self.0))
    }
    fn root(&self) -> &'static str {
        Self::NAME
    }
    fn tags(&self) -> &'static str {
        Self::NAME
    }
    fn delete(&self, seen: &Seen) -> Vec<Step> {
        self.removal(&seen.state::<AlarmsState>(Self::NAME).unwrap_or_default(), seen)
    }
}
