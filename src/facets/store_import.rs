//! The import of archived log files into an event data store. AWS remembers what it has imported, so the same is not imported
//! twice, whoever forgets.

use super::observed::{Observed, Reading, Seen};
use super::policy_document::short_hash;
use super::read::{LakeRead, Read};
use super::rights::{Right, Rights};
use super::step::{LakeStep, Step};
use super::store::{StoreContext, changeable, source_below};
use super::{Change, Facet, Source};
use crate::api::event_data_store::Import;
use serde::{Deserialize, Serialize};

/// What tells one import from another. Times in seconds, as RFC 3339; empty: no bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImportState {
    pub s3_uri: String,
    pub bucket_region: String,
    pub role_arn: String,
    pub start_time: String,
    pub end_time: String,
}

impl ImportState {
    pub fn fingerprint(&self) -> String {
        short_hash(&super::observed::to_json(self).to_string())
    }
}

/// What GetImport says besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImportFacts {
    pub id: String,
    /// As AWS writes it.
    pub state: String,
}

pub struct StoreImport {
    pub context: StoreContext,
    pub import: Import,
}

impl Facet for StoreImport {
    const NAME: &'static str = "import";
    type State = ImportState;

    fn source(&self, seen: &Seen) -> Source {
        let wanted = self.desired(None, seen);
        source_below(
            seen,
            Observed::Absent,
            || Reading::state(&wanted),
            |facts| match self.context.settled_import(&facts.arn, &wanted) {
                Some(import) => {
                    let facts = ImportFacts { id: import.id.clone(), state: import.state.clone() };
                    Source::Inferred(Observed::Present(Reading::new(&wanted, &facts)))
                }
                None => Source::Ask(Read::Lake(LakeRead::Import { store: facts.arn, import: wanted.clone() })),
            },
        )
    }

    fn desired(&self, _observed: Option<&ImportState>, _seen: &Seen) -> ImportState {
        let Import { s3_uri, bucket_region, role_arn, start_time, end_time } = &self.import;
        let seconds = |time: &Option<jiff::Timestamp>| time.map(|time| in_seconds(time.as_second())).unwrap_or_default();
        ImportState {
            s3_uri: s3_uri.clone(),
            bucket_region: bucket_region.clone().unwrap_or_else(|| self.context.spec.region.clone()),
            role_arn: role_arn.clone(),
            start_time: seconds(start_time),
            end_time: seconds(end_time),
        }
    }

    fn steps(&self, change: &Change<'_, ImportState>) -> Vec<Step> {
        let start = |store| Step::Lake(LakeStep::StartImport { store, import: change.desired.clone() });
        changeable(change.seen).map(start).into_iter().collect()
    }

    fn reason(&self, _change: &Change<'_, ImportState>) -> String {
        format!("{} was not imported yet", self.import.s3_uri)
    }

    fn rights(&self) -> Rights {
        // An import has an id that AWS chooses and no ARN, so these are not narrowed to a resource.
        let mut rights = Rights::on("*", &["cloudtrail:ListImports", "cloudtrail:GetImport"], &["cloudtrail:StartImport"]);
        let pass = Right::new("iam:PassRole", &self.import.role_arn);
        rights.write.push(pass.when("StringEquals", "iam:PassedToService", "cloudtrail.amazonaws.com"));
        rights
    }
}

/// Whole seconds as RFC 3339: AWS keeps no more of these times.
pub fn in_seconds(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}
