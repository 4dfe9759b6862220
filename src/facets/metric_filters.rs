//! Metric filters on the trail's log group: each counts the events that an alarm watches for. Compared by clauses.

use super::alarm_plan::{PlannedAlarm, planned, prefix};
use super::context::TrailContext;
use super::filter_pattern::canonical;
use super::observed::{Observed, Seen};
use super::read::{LogsRead, Read};
use super::rights::Rights;
use super::step::{LogsStep, Step};
use super::trail_settings::{Settings, TrailSettings};
use super::{Change, Facet, Resource, Source};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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

/// Filters of ours in a group that the trail delivers to no more, since it moves to another or to none. An earlier pass may have
/// been cut off after the move, so the groups where filters were seen count, too; of several one after the other.
pub struct FormerMetricFilters(pub TrailContext);

impl FormerMetricFilters {
    fn former_group(&self, seen: &Seen) -> Option<String> {
        former_group(self.0.log_group_name().as_deref(), &self.0.filter_groups, seen)
    }
}

fn former_group(now: Option<&str>, groups: &[String], seen: &Seen) -> Option<String> {
    let delivered_to = seen.state::<TrailSettings>(Settings::NAME).map(|settings| settings.log_group).unwrap_or_default();
    let delivered_to = delivered_to.split_once(":log-group:").map(|(_, name)| name.trim_end_matches(":*"));
    let mut all = delivered_to.into_iter().chain(groups.iter().map(String::as_str));
    all.find(|name| now != Some(*name)).map(str::to_owned)
}

/// The log groups that may hold filters of ours after a pass, of a trail that is to deliver to `now`: those of `before`, and those
/// where some were seen, without those where none was found.
pub fn filter_groups(now: Option<&str>, before: &[String], seen: &Seen) -> Vec<String> {
    let mut groups: BTreeSet<String> = before.iter().cloned().collect();
    let former = former_group(now, before, seen);
    for (group, facet) in [(now, MetricFilters::NAME), (former.as_deref(), FormerMetricFilters::NAME)] {
        match (group, seen.get(facet)) {
            (Some(group), Some(Observed::Present(_))) => _ = groups.insert(group.to_owned()),
            (Some(group), Some(Observed::Absent)) => _ = groups.remove(group),
            _ => {}
        }
    }
    groups.into_iter().collect()
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

    /// None of its own: which group the trail leaves is written in the manifest of before, whose rights are needed for as long
    /// (docs/iam.md).
    fn rights(&self) -> Rights {
        Rights::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facets::context::sample_trail;
    use crate::facets::observed::Reading;
    use serde_json::json;

    const NEW: &str = "new";

    fn seen(delivers_to: &str, filters: bool, former: bool) -> Seen {
        let log_group = format!("arn:aws:logs:eu-west-1:111111111111:log-group:{delivers_to}:*");
        let some = || Observed::Present(Reading::state(&FiltersState::default()));
        let mut seen = Seen::default();
        seen.insert(Settings::NAME, Observed::Present(Reading::state(&TrailSettings { log_group, ..TrailSettings::default() })));
        seen.insert(MetricFilters::NAME, if filters { some() } else { Observed::Absent });
        seen.insert(FormerMetricFilters::NAME, if former { some() } else { Observed::Absent });
        seen
    }

    fn groups(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_pass_that_was_cut_off_after_the_move_knows_the_former_group_from_status() {
        let spec = json!({ "cloudWatchLogs": { "logGroup": { "name": NEW }, "role": {} }, "alarms": {} });
        let context = |former: &[&str]| TrailContext { filter_groups: groups(former), ..sample_trail(spec.clone()) };
        let former = |delivers_to, before: &[&str]| FormerMetricFilters(context(before)).former_group(&seen(delivers_to, true, true));
        assert_eq!(former("old", &[]).as_deref(), Some("old"), "the move is still to come");
        assert_eq!(former(NEW, &["old"]).as_deref(), Some("old"), "the move was made");
        assert_eq!(former(NEW, &[NEW, "older"]).as_deref(), Some("older"));
        assert_eq!(former(NEW, &[NEW]), None);
    }

    #[test]
    fn a_group_is_remembered_until_no_filter_is_found_there() {
        let after = |before: &[&str], seen: &Seen| filter_groups(Some(NEW), &groups(before), seen);
        assert_eq!(after(&[], &seen(NEW, true, false)), [NEW]);
        assert_eq!(after(&["old"], &seen("old", false, true)), ["old"]);
        assert_eq!(after(&["old"], &seen(NEW, true, true)), [NEW, "old"], "the move was made, the deletion not");
        assert_eq!(after(&[NEW, "old"], &seen(NEW, true, false)), [NEW]);
        assert_eq!(after(&["old", "older"], &seen(NEW, true, false)), [NEW, "older"], "one after the other");
        assert_eq!(after(&[NEW], &seen(NEW, false, false)), [] as [&str; 0]);
        // What could not be looked at is kept.
        assert_eq!(after(&["old"], &Seen::default()), ["old"]);
    }
}
