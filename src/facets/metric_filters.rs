//! Metric filters on the trail's log group: each counts the events that an alarm watches for. Compared by clauses.

use super::alarm_plan::{PlannedAlarm, planned, prefix};
use super::context::TrailContext;
use super::filter_pattern::canonical;
use super::observed::Seen;
use super::read::{LogsRead, Read};
use super::rights::Rights;
use super::step::{LogsStep, Step};
use super::trail_settings::{Settings, TrailSettings};
use super::{Change, Facet, Resource, Source};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A metric filter, with all that could make its alarm blind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetricFilter {
    /// In its canonical form, where it is compared.
    pub pattern: String,
    pub metric_namespace: String,
    pub metric_name: String,
    pub metric_value: String,
    pub default_value: Option<f64>,
    pub dimensions: BTreeMap<String, String>,
    /// Empty for none.
    pub unit: String,
    pub apply_on_transformed_logs: bool,
    pub field_selection_criteria: String,
    pub emit_system_field_dimensions: Vec<String>,
}

/// By short name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FiltersState(pub BTreeMap<String, MetricFilter>);

pub struct MetricFilters(pub TrailContext);

impl MetricFilters {
    pub const NOUN: &'static str = "metric filters";

    fn read(&self, log_group: String) -> Source {
        let (prefix, owner) = (prefix(&self.0), self.0.owner.clone());
        Source::Ask(Read::Logs(LogsRead::MetricFilters { log_group, prefix, owner }))
    }

    fn filter(&self, name: &str, alarm: &PlannedAlarm) -> MetricFilter {
        MetricFilter {
            pattern: canonical(&alarm.pattern),
            metric_namespace: self.0.spec.alarms.as_ref().map(|alarms| alarms.metric_namespace.clone()).unwrap_or_default(),
            metric_name: format!("{}{name}", prefix(&self.0)),
            metric_value: "1".to_owned(),
            ..MetricFilter::default()
        }
    }

    fn delete<'a>(&self, log_group: &str, names: impl IntoIterator<Item = &'a String>) -> Vec<Step> {
        let filter = |name| format!("{}{name}", prefix(&self.0));
        let delete = |name| Step::Logs(LogsStep::DeleteMetricFilter { log_group: log_group.to_owned(), filter: filter(name) });
        names.into_iter().map(delete).collect()
    }
}

impl Facet for MetricFilters {
    const NAME: &'static str = "metricFilters";
    type State = FiltersState;

    fn source(&self, _seen: &Seen) -> Source {
        self.0.log_group_name().map_or_else(Source::absent, |log_group| self.read(log_group))
    }

    fn desired(&self, _observed: Option<&FiltersState>, _seen: &Seen) -> FiltersState {
        FiltersState(planned(&self.0).iter().map(|(name, alarm)| (name.clone(), self.filter(name, alarm))).collect())
    }

    fn steps(&self, change: &Change<'_, FiltersState>) -> Vec<Step> {
        let Some(log_group) = self.0.log_group_name() else { return Vec::new() };
        let none = FiltersState::default();
        let observed = &change.observed.unwrap_or(&none).0;
        let planned = planned(&self.0);
        let changed = change.desired.0.iter().filter(|(name, filter)| observed.get(*name) != Some(filter));
        let puts = changed.map(|(name, filter)| {
            let mut settings = filter.clone();
            // Tools look for the benchmark's own words, so those are written, not the canonical form.
            if let Some(alarm) = planned.get(name).filter(|alarm| canonical(&alarm.pattern) == settings.pattern) {
                settings.pattern = alarm.pattern.clone();
            }
            let filter = format!("{}{name}", prefix(&self.0));
            Step::Logs(LogsStep::PutMetricFilter { log_group: log_group.clone(), filter, settings })
        });
        let superfluous = observed.keys().filter(|name| !change.desired.0.contains_key(*name));
        puts.chain(self.delete(&log_group, superfluous)).collect()
    }

    fn wanted(&self) -> bool {
        !planned(&self.0).is_empty()
    }

    fn removal(&self, observed: &FiltersState, _seen: &Seen) -> Vec<Step> {
        self.0.log_group_name().map(|log_group| self.delete(&log_group, observed.0.keys())).unwrap_or_default()
    }

    fn rights(&self) -> Rights {
        let Some(group) = self.0.log_group_arn().map(|group| format!("{group}:*")) else { return Rights::default() };
        Rights::on(&group, &["logs:DescribeMetricFilters"], &["logs:PutMetricFilter", "logs:DeleteMetricFilter"])
            .deleting(&group, &["logs:DeleteMetricFilter"])
    }
}

impl Resource for MetricFilters {
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
        self.removal(&seen.state::<FiltersState>(Self::NAME).unwrap_or_default(), seen)
    }
}

/// Filters of ours in the group that the trail delivered to until now, when it moves to another or to none.
pub struct FormerMetricFilters(pub TrailContext);

impl FormerMetricFilters {
    fn former_group(&self, seen: &Seen) -> Option<String> {
        let arn = seen.state::<TrailSettings>(Settings::NAME)?.log_group;
        let name = arn.split_once(":log-group:")?.1.trim_end_matches(":*");
        (self.0.log_group_name().as_deref() != Some(name)).then(|| name.to_owned())
    }
}

impl Facet for FormerMetricFilters {
    const NAME: &'static str = "formerMetricFilters";
    type State = FiltersState;

    fn source(&self, seen: &Seen) -> Source {
        self.former_group(seen).map_or_else(Source::absent, |log_group| MetricFilters(self.0.clone()).read(log_group))
    }

    fn desired(&self, _observed: Option<&FiltersState>, _seen: &Seen) -> FiltersState {
        FiltersState::default()
    }

    fn steps(&self, _change: &Change<'_, FiltersState>) -> Vec<Step> {
        Vec::new()
    }

    fn wanted(&self) -> bool {
        false
    }

    fn removal(&self, observed: &FiltersState, seen: &Seen) -> Vec<Step> {
        self.former_group(seen).map(|log_group| MetricFilters(self.0.clone()).delete(&log_group, observed.0.keys())).unwrap_or_default()
    }
}
