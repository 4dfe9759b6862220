//! The trail itself: everything that CreateTrail and UpdateTrail set.

use super::context::TrailContext;
use super::delivery_key::DeliveryKey;
use super::observed::Seen;
use super::read::{CloudTrailRead, Read};
use super::rights::{Right, Rights};
use super::step::{CloudTrailStep, Step};
use super::tags::{Tags, with_owner};
use super::trail_tags::TrailTags;
use super::{Change, Facet, Resource, Source};
use serde::{Deserialize, Serialize};

/// Settings of a trail. An empty string means unset, as in UpdateTrail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrailSettings {
    pub bucket: String,
    pub key_prefix: String,
    /// Key ARN: AWS reads back nothing else.
    pub kms_key: String,
    /// Topic ARN: AWS reads back nothing else.
    pub sns_topic: String,
    pub log_group: String,
    pub log_role: String,
    pub multi_region: bool,
    pub global_service_events: bool,
    pub organization: bool,
    pub log_file_validation: bool,
    pub recursive_logging: bool,
}

/// What DescribeTrails says beside the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrailFacts {
    pub arn: String,
    pub has_custom_event_selectors: bool,
    pub has_insight_selectors: bool,
}

pub struct Settings(pub TrailContext);

impl Settings {
    /// The ARN that AWS answered, or the one that the trail will have.
    pub fn arn(context: &TrailContext, seen: &Seen) -> String {
        seen.facts::<TrailFacts>(Self::NAME).map_or_else(|| context.arn(), |facts| facts.arn)
    }
}

impl Facet for Settings {
    const NAME: &'static str = "settings";
    type State = TrailSettings;

    fn source(&self, _seen: &Seen) -> Source {
        Source::Ask(Read::CloudTrail(CloudTrailRead::Trail { arn: self.0.arn() }))
    }

    fn desired(&self, observed: Option<&TrailSettings>, seen: &Seen) -> TrailSettings {
        let TrailContext { spec, destination, .. } = &self.0;
        let kms_key = match DeliveryKey::of(&self.0) {
            Some(key) => key.for_settings(observed.map(|observed| observed.kms_key.as_str()), seen),
            None => destination.kms_key.clone(),
        };
        TrailSettings {
            bucket: destination.bucket.clone(),
            key_prefix: spec.key_prefix.clone(),
            kms_key,
            sns_topic: self.0.sns_topic_arn().unwrap_or_default(),
            log_group: self.0.log_group_arn().map(|arn| format!("{arn}:*")).unwrap_or_default(),
            log_role: self.0.log_role_arn().unwrap_or_default(),
            multi_region: spec.multi_region,
            global_service_events: spec.global_service_events,
            organization: spec.organization,
            log_file_validation: spec.log_file_validation,
            recursive_logging: spec.recursive_logging,
        }
    }

    fn steps(&self, change: &Change<'_, TrailSettings>) -> Vec<Step> {
        if change.observed.is_none() {
            let tags = with_owner(&self.0.spec.tags, &self.0.owner, false);
            return vec![Step::CloudTrail(CloudTrailStep::CreateTrail {
                name: self.0.name.clone(),
                settings: change.desired.clone(),
                tags,
            })];
        }
        let mut fields: Vec<String> =
            change.differences.iter().filter_map(|difference| difference.path.strip_prefix("settings.").map(str::to_owned)).collect();
        // AWS has refused to switch both off in one call: the multi-Region switch goes first.
        let both_off = ["multiRegion", "globalServiceEvents"].iter().all(|field| fields.iter().any(|changed| changed == field))
            && !change.desired.multi_region;
        let mut rounds = Vec::new();
        if both_off {
            fields.retain(|field| field != "globalServiceEvents");
            rounds.push(fields);
            rounds.push(vec!["globalServiceEvents".to_owned()]);
        } else {
            rounds.push(fields);
        }
        let trail = Self::arn(&self.0, change.seen);
        rounds
            .into_iter()
            .map(|fields| Step::CloudTrail(CloudTrailStep::UpdateTrail { trail: trail.clone(), settings: change.desired.clone(), fields }))
            .collect()
    }

    fn reason(&self, change: &Change<'_, TrailSettings>) -> String {
        super::summary("the trail", change.observed.is_none(), change.differences)
            .replace("the trail is not set", "the trail does not exist")
    }

    fn rights(&self) -> Rights {
        let trail = self.0.arn();
        let mut rights = Rights::on(&trail, &[], &["cloudtrail:CreateTrail", "cloudtrail:UpdateTrail", "cloudtrail:AddTags"])
            .reading("*", &["cloudtrail:DescribeTrails"])
            .deleting(&trail, &["cloudtrail:DeleteTrail"]);
        rights.write.extend(
            self.0
                .log_role_arn()
                .map(|role| Right::new("iam:PassRole", role).when("StringEquals", "iam:PassedToService", "cloudtrail.amazonaws.com")),
        );
        rights
    }
}

impl Resource for Settings {
    fn noun(&self) -> &'static str {
        "trail"
    }
    fn id(&self) -> String {
        self.0.arn()
    }
    fn root(&self) -> &'static str {
        Self::NAME
    }
    fn tags(&self) -> &'static str {
        TrailTags::NAME
    }
    fn claim(&self, seen: &Seen, marks: Tags) -> Option<Step> {
        Some(Step::CloudTrail(CloudTrailStep::AddTags { trail: Self::arn(&self.0, seen), tags: marks }))
    }
    fn delete(&self, seen: &Seen) -> Vec<Step> {
        vec![Step::CloudTrail(CloudTrailStep::DeleteTrail { trail: Self::arn(&self.0, seen) })]
    }
}
