//! CloudWatch: reads and writes of alarms.

use super::{Cloud, unanswered};
use crate::facets::alarms::{Alarm, AlarmsFacts, AlarmsState};
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::read::CloudWatchRead;
use crate::facets::step::CloudWatchStep;
use crate::facets::tags::OwnerFacts;
use aws_sdk_cloudwatch::types as sdk;

impl Cloud {
    pub(super) async fn read_cloudwatch(&self, read: &CloudWatchRead) -> Answer {
        let CloudWatchRead::Alarms { prefix, owner } = read;
        match self.alarms(Some(prefix)).await {
            Ok(found) if found.is_empty() => Observed::Absent,
            Ok(found) => {
                let raised = |alarm: &&sdk::MetricAlarm| alarm.state_value == Some(sdk::StateValue::Alarm);
                let facts = AlarmsFacts {
                    owner: OwnerFacts { owner: Some(owner.clone()), adopted: false },
                    raised: found.iter().filter(raised).map(|alarm| short_name(alarm, prefix)).collect(),
                };
                let state = AlarmsState(found.iter().map(|alarm| (short_name(alarm, prefix), state(alarm))).collect());
                Observed::Present(Reading::new(&state, &facts))
            }
            Err(failure) => unanswered(failure),
        }
    }

    /// All alarms, or those whose names begin with `prefix`.
    pub(super) async fn alarms(&self, prefix: Option<&str>) -> Result<Vec<sdk::MetricAlarm>, Failure> {
        let client = self.session.cloudwatch(&self.region);
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let request = client.describe_alarms().set_alarm_name_prefix(prefix.map(str::to_owned)).max_records(100).set_next_token(next);
            let page = self.call("cloudwatch:DescribeAlarms", prefix.unwrap_or("all alarms"), request.send()).await?;
            found.extend(page.metric_alarms.unwrap_or_default());
            next = page.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    pub(super) async fn write_cloudwatch(&self, step: &CloudWatchStep) -> Result<(), Failure> {
        let client = self.session.cloudwatch(&self.region);
        match step {
            CloudWatchStep::PutMetricAlarm { alarm, settings } => {
                let dimension = |(name, value): (&String, &String)| sdk::Dimension::builder().name(name).value(value).build();
                let request = client
                    .put_metric_alarm()
                    .alarm_name(alarm)
                    .set_alarm_description(some(&settings.description))
                    .namespace(&settings.metric_namespace)
                    .metric_name(&settings.metric_name)
                    .set_dimensions(Some(settings.dimensions.iter().map(dimension).collect()))
                    .statistic(sdk::Statistic::from(settings.statistic.as_str()))
                    .set_unit(some(&settings.unit).map(|unit| sdk::StandardUnit::from(unit.as_str())))
                    .period(settings.period_seconds)
                    .evaluation_periods(settings.evaluation_periods)
                    .datapoints_to_alarm(settings.datapoints_to_alarm)
                    .comparison_operator(sdk::ComparisonOperator::from(settings.comparison.as_str()))
                    .threshold(settings.threshold)
                    .set_treat_missing_data(some(&settings.treat_missing_data))
                    .actions_enabled(settings.actions_enabled)
                    .set_alarm_actions(Some(settings.actions.iter().cloned().collect()))
                    .set_ok_actions(Some(settings.ok_actions.iter().cloned().collect()))
                    .set_insufficient_data_actions(Some(settings.insufficient_data_actions.iter().cloned().collect()));
                self.call("cloudwatch:PutMetricAlarm", alarm, request.send()).await.map(drop)
            }
            CloudWatchStep::DeleteAlarms { alarms } if alarms.is_empty() => Ok(()),
            CloudWatchStep::DeleteAlarms { alarms } => {
                let request = client.delete_alarms().set_alarm_names(Some(alarms.clone()));
                match self.call("cloudwatch:DeleteAlarms", &alarms.join(", "), request.send()).await {
                    // Where one is gone already none is deleted: the next look finds those that are left.
                    Err(failure) if failure.class == ErrorClass::NotFound => Ok(()),
                    result => result.map(drop),
                }
            }
        }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn short_name(alarm: &sdk::MetricAlarm, prefix: &str) -> String {
    let name = name(alarm);
    name.strip_prefix(prefix).map(str::to_owned).unwrap_or(name)
}

pub(super) fn name(alarm: &sdk::MetricAlarm) -> String {
    alarm.alarm_name().unwrap_or_default().to_owned()
}

pub(super) fn state(alarm: &sdk::MetricAlarm) -> Alarm {
    let dimension =
        |dimension: &sdk::Dimension| (dimension.name().unwrap_or_default().to_owned(), dimension.value().unwrap_or_default().to_owned());
    let evaluation_periods = alarm.evaluation_periods.unwrap_or_default();
    Alarm {
        description: alarm.alarm_description.clone().unwrap_or_default(),
        metric_namespace: alarm.namespace.clone().unwrap_or_default(),
        metric_name: alarm.metric_name.clone().unwrap_or_default(),
        dimensions: alarm.dimensions().iter().map(dimension).collect(),
        statistic: alarm.statistic.as_ref().map(|statistic| statistic.as_str().to_owned()).unwrap_or_default(),
        unit: alarm.unit.as_ref().map(|unit| unit.as_str().to_owned()).unwrap_or_default(),
        period_seconds: alarm.period.unwrap_or_default(),
        evaluation_periods,
        // Unset it is as many as are evaluated.
        datapoints_to_alarm: alarm.datapoints_to_alarm.unwrap_or(evaluation_periods),
        comparison: alarm.comparison_operator.as_ref().map(|operator| operator.as_str().to_owned()).unwrap_or_default(),
        threshold: alarm.threshold.unwrap_or_default(),
        treat_missing_data: alarm.treat_missing_data.clone().unwrap_or_else(|| "missing".to_owned()),
        actions_enabled: alarm.actions_enabled.unwrap_or(true),
        actions: alarm.alarm_actions().iter().cloned().collect(),
        ok_actions: alarm.ok_actions().iter().cloned().collect(),
        insufficient_data_actions: alarm.insufficient_data_actions().iter().cloned().collect(),
    }
}
