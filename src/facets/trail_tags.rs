//! Tags of the trail.

use super::context::TrailContext;
use super::observed::{Observed, Reading, Seen};
use super::read::{CloudTrailRead, Read};
use super::rights::Rights;
use super::step::{CloudTrailStep, Step};
use super::tags::{Tags, changes};
use super::trail_settings::Settings;
use super::{Change, Facet, Source};

pub struct TrailTags(pub TrailContext);

impl Facet for TrailTags {
    const NAME: &'static str = "tags";
    type State = Tags;

    fn source(&self, seen: &Seen) -> Source {
        match seen.get(Settings::NAME) {
            // CreateTrail sets the tags.
            Some(Observed::Absent) => Source::Inferred(Observed::Present(Reading::state(&self.0.spec.tags))),
            _ => Source::ask_below(seen, Settings::NAME, || Read::CloudTrail(CloudTrailRead::TrailTags { arn: self.0.arn() })),
        }
    }

    fn desired(&self, _observed: Option<&Tags>, _seen: &Seen) -> Tags {
        self.0.spec.tags.clone()
    }

    fn steps(&self, change: &Change<'_, Tags>) -> Vec<Step> {
        let trail = Settings::arn(&self.0, change.seen);
        let (set, remove) = changes(change.desired, change.observed.unwrap_or(&Tags::new()));
        let mut steps = Vec::new();
        // Removing first keeps the sum below AWS's limit of 50.
        if !remove.is_empty() {
            steps.push(Step::CloudTrail(CloudTrailStep::RemoveTags { trail: trail.clone(), tag_keys: remove }));
        }
        if !set.is_empty() {
            steps.push(Step::CloudTrail(CloudTrailStep::AddTags { trail, tags: set }));
        }
        steps
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.arn(), &["cloudtrail:ListTags"], &["cloudtrail:AddTags", "cloudtrail:RemoveTags"])
    }
}
