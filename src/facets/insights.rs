//! Insights: what CloudTrail watches for unusual activity. DescribeTrails tells whether there are any, so a trail without
//! costs no further read.

use super::context::TrailContext;
use super::observed::{Observed, Reading, Seen};
use super::read::{CloudTrailRead, Read};
use super::rights::Rights;
use super::step::{CloudTrailStep, Step};
use super::trail_settings::{Settings, TrailFacts};
use super::{Change, Facet, Source};
use crate::api::insights::{InsightCategory, InsightType};
use std::collections::{BTreeMap, BTreeSet};

/// The categories of each Insight that is on.
pub type InsightsState = BTreeMap<InsightType, BTreeSet<InsightCategory>>;

pub struct Insights(pub TrailContext);

impl Facet for Insights {
    const NAME: &'static str = "insights";
    type State = InsightsState;

    fn source(&self, seen: &Seen) -> Source {
        let none = || Source::Inferred(Observed::Present(Reading::state(&InsightsState::default())));
        match seen.get(Settings::NAME) {
            // A new trail has none.
            Some(Observed::Absent) => none(),
            _ => match seen.facts::<TrailFacts>(Settings::NAME) {
                Some(facts) if !facts.has_insight_selectors => none(),
                _ => Source::ask_below(seen, Settings::NAME, || {
                    Read::CloudTrail(CloudTrailRead::TrailInsights { trail: Settings::arn(&self.0, seen) })
                }),
            },
        }
    }

    fn desired(&self, _observed: Option<&InsightsState>, _seen: &Seen) -> InsightsState {
        let insights = self.0.spec.events.insights.iter();
        insights.map(|insight| (insight.kind, insight.categories.iter().copied().collect())).collect()
    }

    fn steps(&self, change: &Change<'_, InsightsState>) -> Vec<Step> {
        let trail = Settings::arn(&self.0, change.seen);
        vec![Step::CloudTrail(CloudTrailStep::PutInsightSelectors { trail, insights: change.desired.clone() })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.arn(), &["cloudtrail:GetInsightSelectors"], &["cloudtrail:PutInsightSelectors"])
    }
}
