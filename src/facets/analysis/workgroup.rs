//! The Athena workgroup: where results go, how they are encrypted, and how much a query may read. It enforces that on every client.

use super::Place;
use crate::facets::observed::Seen;
use crate::facets::read::{AthenaRead, Read};
use crate::facets::rights::Rights;
use crate::facets::step::{AthenaStep, Step};
use crate::facets::tags::{Tags, changes, with_owner};
use crate::facets::{Change, Facet, Resource, Source};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkgroupState {
    pub enabled: bool,
    /// Whether clients must take these settings.
    pub enforced: bool,
    pub results: String,
    /// ARN of the key; empty for SSE-S3.
    pub kms_key: String,
    pub bytes_scanned_cutoff: i64,
    pub tags: Tags,
}

pub struct Workgroup(pub Place);

impl Workgroup {
    fn name(&self) -> String {
        self.0.workgroup()
    }
}

impl Facet for Workgroup {
    const NAME: &'static str = "workgroup";
    type State = WorkgroupState;
    const NEEDS: &'static [&'static str] = &["key"];

    fn source(&self, _seen: &Seen) -> Source {
        Source::Ask(Read::Athena(AthenaRead::Workgroup { workgroup: self.name(), arn: self.0.workgroup_arn() }))
    }

    fn desired(&self, _observed: Option<&WorkgroupState>, seen: &Seen) -> WorkgroupState {
        WorkgroupState {
            enabled: true,
            enforced: true,
            results: self.0.results(),
            kms_key: self.0.results_key(seen),
            bytes_scanned_cutoff: self.0.spec.bytes_scanned_cutoff,
            tags: self.0.context.spec.tags.clone(),
        }
    }

    fn steps(&self, change: &Change<'_, WorkgroupState>) -> Vec<Step> {
        let (workgroup, arn, settings) = (self.name(), self.0.workgroup_arn(), change.desired.clone());
        let Some(observed) = change.observed else {
            let tags = with_owner(&settings.tags, &self.0.context.owner, false);
            return vec![Step::Athena(AthenaStep::CreateWorkGroup { workgroup, settings, tags })];
        };
        let mut steps = Vec::new();
        let (set, remove) = changes(&settings.tags, &observed.tags);
        if (WorkgroupState { tags: Tags::new(), ..observed.clone() }) != (WorkgroupState { tags: Tags::new(), ..settings.clone() }) {
            steps.push(AthenaStep::UpdateWorkGroup { workgroup, settings });
        }
        if !remove.is_empty() {
            steps.push(AthenaStep::UntagResource { arn: arn.clone(), tag_keys: remove });
        }
        if !set.is_empty() {
            steps.push(AthenaStep::TagResource { arn, tags: set });
        }
        steps.into_iter().map(Step::Athena).collect()
    }

    fn rights(&self) -> Rights {
        let write = ["athena:CreateWorkGroup", "athena:UpdateWorkGroup", "athena:TagResource", "athena:UntagResource"];
        Rights::on(&self.0.workgroup_arn(), &["athena:GetWorkGroup", "athena:ListTagsForResource"], &write)
            .deleting(&self.0.workgroup_arn(), &["athena:DeleteWorkGroup"])
    }
}

impl Resource for Workgroup {
    fn noun(&self) -> &'static str {
        "workgroup"
    }
    fn id(&self) -> String {
        self.name()
    }
    fn root(&self) -> &'static str {
        Self::NAME
    }
    fn tags(&self) -> &'static str {
        Self::NAME
    }
    fn claim(&self, _seen: &Seen, marks: Tags) -> Option<Step> {
        Some(Step::Athena(AthenaStep::TagResource { arn: self.0.workgroup_arn(), tags: marks }))
    }
    fn delete(&self, _seen: &Seen) -> Vec<Step> {
        vec![Step::Athena(AthenaStep::DeleteWorkGroup { workgroup: self.name() })]
    }
}
