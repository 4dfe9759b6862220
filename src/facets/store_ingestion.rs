//! The ingestion switch of an event data store, which takes AWS its time to turn.

use super::observed::{Observed, Reading, Seen};
use super::rights::Rights;
use super::step::{LakeStep, Step};
use super::store::{StoreContext, changeable, source_below};
use super::{Change, Facet, Source};
use crate::api::event_data_store::Ingestion;
use serde::{Deserialize, Serialize};

/// Enabled, Stopped, or on the way there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngestionState {
    pub status: String,
}

const ENABLED: &str = "Enabled";
const STARTING: &str = "Starting";
const STOPPED: &str = "Stopped";
const STOPPING: &str = "Stopping";

pub struct StoreIngestion(pub StoreContext);

fn state(status: &str) -> IngestionState {
    IngestionState { status: status.to_owned() }
}

/// What a state of AWS's says of the switch.
fn switch(aws: &str) -> &'static str {
    match aws {
        "ENABLED" => ENABLED,
        "STOPPED_INGESTION" => STOPPED,
        "STOPPING_INGESTION" => STOPPING,
        _ => STARTING,
    }
}

impl Facet for StoreIngestion {
    const NAME: &'static str = "ingestion";
    type State = IngestionState;

    fn source(&self, seen: &Seen) -> Source {
        // CreateEventDataStore sets the switch.
        let declared = || Reading::state(&self.desired(None, seen));
        source_below(seen, Observed::Present(declared()), declared, |facts| {
            Source::Inferred(Observed::Present(Reading::state(&state(switch(&facts.state)))))
        })
    }

    /// A switch on its way to where it should be is as declared.
    fn desired(&self, observed: Option<&IngestionState>, _seen: &Seen) -> IngestionState {
        let turning = observed.map(|observed| observed.status.as_str());
        state(match (self.0.spec.ingestion, turning) {
            (Ingestion::Enabled, Some(STARTING)) => STARTING,
            (Ingestion::Enabled, _) => ENABLED,
            (Ingestion::Stopped, Some(STOPPING)) => STOPPING,
            (Ingestion::Stopped, _) => STOPPED,
        })
    }

    fn steps(&self, change: &Change<'_, IngestionState>) -> Vec<Step> {
        let turn = |store| match self.0.spec.ingestion {
            Ingestion::Enabled => Step::Lake(LakeStep::StartEventDataStoreIngestion { store }),
            Ingestion::Stopped => Step::Lake(LakeStep::StopEventDataStoreIngestion { store }),
        };
        changeable(change.seen).map(turn).into_iter().collect()
    }

    fn rights(&self) -> Rights {
        // An identity that may not stop the ingestion can't be made to.
        let turn = match self.0.spec.ingestion {
            Ingestion::Enabled => "cloudtrail:StartEventDataStoreIngestion",
            Ingestion::Stopped => "cloudtrail:StopEventDataStoreIngestion",
        };
        Rights::default().writing(&self.0.arn_pattern(), &[turn])
    }
}
