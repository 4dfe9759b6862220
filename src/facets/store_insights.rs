//! Insights of an event data store: what is analysed, and the store that takes what is found.

use super::observed::{Observed, Reading, Seen};
use super::read::{LakeRead, Read};
use super::rights::Rights;
use super::step::{LakeStep, Step};
use super::store::{StoreContext, changeable, source_below};
use super::{Change, Facet, Source};
use crate::api::event_data_store::StoreInsightType;
use serde::{Deserialize, Serialize};

/// Types in order, as AWS writes them; none: off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InsightsState {
    pub destination: String,
    pub types: Vec<String>,
}

pub struct StoreInsights(pub StoreContext);

impl Facet for StoreInsights {
    const NAME: &'static str = "insights";
    type State = InsightsState;

    fn source(&self, seen: &Seen) -> Source {
        let none = Observed::Present(Reading::state(&InsightsState::default()));
        source_below(
            seen,
            none,
            || Reading::state(&self.desired(None, seen)),
            |facts| Source::Ask(Read::Lake(LakeRead::StoreInsights { store: facts.arn })),
        )
    }

    fn desired(&self, _observed: Option<&InsightsState>, _seen: &Seen) -> InsightsState {
        let Some(insights) = &self.0.spec.insights else { return InsightsState::default() };
        let mut types: Vec<String> = insights.types.iter().map(|kind| aws_name(*kind).to_owned()).collect();
        types.sort();
        InsightsState { destination: insights.destination_arn.clone(), types }
    }

    fn steps(&self, change: &Change<'_, InsightsState>) -> Vec<Step> {
        let InsightsState { destination, types } = change.desired.clone();
        changeable(change.seen).map(|store| Step::Lake(LakeStep::PutInsightSelectors { store, types, destination })).into_iter().collect()
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.arn_pattern(), &["cloudtrail:GetInsightSelectors"], &["cloudtrail:PutInsightSelectors"])
    }
}

fn aws_name(kind: StoreInsightType) -> &'static str {
    match kind {
        StoreInsightType::ApiCallRate => "ApiCallRateInsight",
        StoreInsightType::ApiErrorRate => "ApiErrorRateInsight",
    }
}
