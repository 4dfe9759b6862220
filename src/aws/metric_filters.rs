//! CloudWatch Logs: reads and writes of metric filters.

use super::{Cloud, unanswered};
use crate::facets::filter_pattern::canonical;
use crate::facets::metric_filters::{FiltersState, MetricFilter};
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::tags::OwnerFacts;
use aws_sdk_cloudwatchlogs::types as sdk;

impl Cloud {
    /// Every filter of a group whose name begins with `prefix`, which names the object that owns them.
    pub(super) async fn read_metric_filters(&self, log_group: &str, prefix: &str, owner: &str) -> Answer {
        match self.metric_filters(log_group, Some(prefix)).await {
            Ok(found) if found.is_empty() => Observed::Absent,
            Ok(found) => {
                let named = |filter: &sdk::MetricFilter| {
                    let name = filter.filter_name().unwrap_or_default();
                    (name.strip_prefix(prefix).unwrap_or(name).to_owned(), state(filter))
                };
                let owner = OwnerFacts { owner: Some(owner.to_owned()), adopted: false };
                Observed::Present(Reading::new(&FiltersState(found.iter().map(named).collect()), &owner))
            }
            Err(failure) => unanswered(failure),
        }
    }

    /// The filters of a group, those whose names begin with `prefix` if one is given.
    pub(super) async fn metric_filters(&self, log_group: &str, prefix: Option<&str>) -> Result<Vec<sdk::MetricFilter>, Failure> {
        let client = self.session.logs(&self.region);
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let request = client
                .describe_metric_filters()
                .log_group_name(log_group)
                .set_filter_name_prefix(prefix.map(str::to_owned))
                .limit(50)
                .set_next_token(next);
            let page = self.call("logs:DescribeMetricFilters", log_group, request.send()).await?;
            found.extend(page.metric_filters.unwrap_or_default());
            next = page.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    pub(super) async fn put_metric_filter(&self, log_group: &str, filter: &str, settings: &MetricFilter) -> Result<(), Failure> {
        let operation = "logs:PutMetricFilter";
        let transformation = sdk::MetricTransformation::builder()
            .metric_name(&settings.metric_name)
            .metric_namespace(&settings.metric_namespace)
            .metric_value(&settings.metric_value)
            .set_default_value(settings.default_value)
            .set_dimensions((!settings.dimensions.is_empty()).then(|| settings.dimensions.clone().into_iter().collect()))
            .set_unit((!settings.unit.is_empty()).then(|| sdk::StandardUnit::from(settings.unit.as_str())))
            .build()
            .map_err(|error| self.unbuildable(operation, filter, &error))?;
        let request = self
            .session
            .logs(&self.region)
            .put_metric_filter()
            .log_group_name(log_group)
            .filter_name(filter)
            .filter_pattern(&settings.pattern)
            .metric_transformations(transformation)
            .set_apply_on_transformed_logs(settings.apply_on_transformed_logs.then_some(true))
            .set_field_selection_criteria(
                (!settings.field_selection_criteria.is_empty()).then(|| settings.field_selection_criteria.clone()),
            )
            .set_emit_system_field_dimensions(
                (!settings.emit_system_field_dimensions.is_empty()).then(|| settings.emit_system_field_dimensions.clone()),
            );
        self.call(operation, filter, request.send()).await.map(drop)
    }

    pub(super) async fn delete_metric_filter(&self, log_group: &str, filter: &str) -> Result<(), Failure> {
        let request = self.session.logs(&self.region).delete_metric_filter().log_group_name(log_group).filter_name(filter);
        match self.call("logs:DeleteMetricFilter", filter, request.send()).await {
            Err(failure) if failure.class == ErrorClass::NotFound => Ok(()),
            result => result.map(drop),
        }
    }
}

pub(super) fn state(filter: &sdk::MetricFilter) -> MetricFilter {
    let counted = filter.metric_transformations().first();
    let text = |text: fn(&sdk::MetricTransformation) -> &str| counted.map(|counted| text(counted).to_owned()).unwrap_or_default();
    let mut emitted = filter.emit_system_field_dimensions().to_vec();
    emitted.sort();
    MetricFilter {
        pattern: canonical(filter.filter_pattern().unwrap_or_default()),
        metric_namespace: text(sdk::MetricTransformation::metric_namespace),
        metric_name: text(sdk::MetricTransformation::metric_name),
        metric_value: text(sdk::MetricTransformation::metric_value),
        default_value: counted.and_then(|counted| counted.default_value),
        dimensions: counted.and_then(|counted| counted.dimensions.clone()).unwrap_or_default().into_iter().collect(),
        // AWS writes out that there is none.
        unit: counted
            .and_then(|counted| counted.unit.as_ref())
            .map(sdk::StandardUnit::as_str)
            .filter(|unit| *unit != "None")
            .unwrap_or_default()
            .to_owned(),
        apply_on_transformed_logs: filter.apply_on_transformed_logs,
        field_selection_criteria: filter.field_selection_criteria.clone().unwrap_or_default(),
        emit_system_field_dimensions: emitted,
    }
}
