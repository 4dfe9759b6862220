//! CloudTrail: Insights and aggregation of a trail.

use super::Cloud;
use crate::api::insights::{InsightCategory, InsightType, Template};
use crate::facets::aggregation::AggregationState;
use crate::facets::insights::InsightsState;
use crate::facets::observed::{Answer, Failure, Observed, Reading};
use aws_sdk_cloudtrail::types as sdk;
use std::collections::BTreeSet;

impl Cloud {
    /// The Insights of a trail. Where there are none, AWS answers an error that is none.
    pub(super) async fn insights(&self, trail: &str) -> Result<InsightsState, Failure> {
        let asked = self.cloudtrail.get_insight_selectors().trail_name(trail).send();
        match self.call("cloudtrail:GetInsightSelectors", trail, asked).await {
            Ok(answer) => Ok(answer.insight_selectors.unwrap_or_default().into_iter().filter_map(insight_from_sdk).collect()),
            Err(failure) if failure.code == "InsightNotEnabledException" => Ok(InsightsState::default()),
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn trail_insights(&self, trail: &str) -> Answer {
        match self.insights(trail).await {
            Ok(insights) => Observed::Present(Reading::state(&insights)),
            Err(failure) => Observed::Unknown(failure),
        }
    }

    pub(super) async fn trail_aggregation(&self, trail: &str) -> Answer {
        let asked = self.cloudtrail.get_event_configuration().trail_name(trail).send();
        match self.call("cloudtrail:GetEventConfiguration", trail, asked).await {
            Ok(answer) => {
                let configurations = answer.aggregation_configurations.unwrap_or_default();
                let templates = configurations.iter().flat_map(|one| one.templates()).filter_map(template_from_sdk).collect();
                Observed::Present(Reading::state(&AggregationState { templates }))
            }
            Err(failure) => Observed::Unknown(failure),
        }
    }

    pub(super) async fn put_insights(&self, trail: &str, insights: &InsightsState) -> Result<(), Failure> {
        let selectors = insights.iter().map(|(kind, categories)| insight_to_sdk(*kind, categories)).collect();
        let put = self.cloudtrail.put_insight_selectors().trail_name(trail).set_insight_selectors(Some(selectors));
        self.call("cloudtrail:PutInsightSelectors", trail, put.send()).await.map(drop)
    }

    pub(super) async fn put_aggregation(&self, trail: &str, templates: &BTreeSet<Template>) -> Result<(), Failure> {
        let configuration = sdk::AggregationConfiguration::builder()
            .set_templates(Some(templates.iter().map(|template| template_to_sdk(*template)).collect()))
            .event_category(sdk::EventCategoryAggregation::Data)
            .build()
            .map_err(|error| self.unbuildable("cloudtrail:PutEventConfiguration", trail, &error))?;
        let configurations = if templates.is_empty() { Vec::new() } else { vec![configuration] };
        let put = self.cloudtrail.put_event_configuration().trail_name(trail).set_aggregation_configurations(Some(configurations));
        self.call("cloudtrail:PutEventConfiguration", trail, put.send()).await.map(drop)
    }
}

fn insight_from_sdk(selector: sdk::InsightSelector) -> Option<(InsightType, BTreeSet<InsightCategory>)> {
    let kind = match selector.insight_type? {
        sdk::InsightType::ApiErrorRateInsight => InsightType::ApiErrorRate,
        sdk::InsightType::ApiCallRateInsight => InsightType::ApiCallRate,
        _ => return None,
    };
    let mut categories: BTreeSet<_> = selector
        .event_categories
        .iter()
        .flatten()
        .map(|category| match category {
            sdk::SourceEventCategory::Data => InsightCategory::Data,
            _ => InsightCategory::Management,
        })
        .collect();
    // Selectors from before there were categories have none, and mean this one.
    if categories.is_empty() {
        categories.insert(InsightCategory::Management);
    }
    Some((kind, categories))
}

fn insight_to_sdk(kind: InsightType, categories: &BTreeSet<InsightCategory>) -> sdk::InsightSelector {
    let categories = categories.iter().map(|category| match category {
        InsightCategory::Management => sdk::SourceEventCategory::Management,
        InsightCategory::Data => sdk::SourceEventCategory::Data,
    });
    sdk::InsightSelector::builder()
        .insight_type(match kind {
            InsightType::ApiCallRate => sdk::InsightType::ApiCallRateInsight,
            InsightType::ApiErrorRate => sdk::InsightType::ApiErrorRateInsight,
        })
        .set_event_categories(Some(categories.collect()))
        .build()
}

fn template_from_sdk(template: &sdk::Template) -> Option<Template> {
    match template {
        sdk::Template::ApiActivity => Some(Template::ApiActivity),
        sdk::Template::ResourceAccess => Some(Template::ResourceAccess),
        sdk::Template::UserActions => Some(Template::UserActions),
        _ => None,
    }
}

fn template_to_sdk(template: Template) -> sdk::Template {
    match template {
        Template::ApiActivity => sdk::Template::ApiActivity,
        Template::ResourceAccess => sdk::Template::ResourceAccess,
        Template::UserActions => sdk::Template::UserActions,
    }
}
