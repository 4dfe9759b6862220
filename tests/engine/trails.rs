//! CloudTrail in memory, as facts/api.md describes it: a new trail does not log and has the default selectors.

use crate::memory::{ACCOUNT, REGION, failure};
use std::collections::BTreeMap;
use trailkeeper::api::events::BasicSelector;
use trailkeeper::facets::aggregation::AggregationState;
use trailkeeper::facets::insights::InsightsState;
use trailkeeper::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use trailkeeper::facets::read::CloudTrailRead;
use trailkeeper::facets::step::CloudTrailStep;
use trailkeeper::facets::tags::{OwnerFacts, Tags, users};
use trailkeeper::facets::trail_events::{Selectors, meaning_of};
use trailkeeper::facets::trail_logging::{DeliveryFacts, LoggingState};
use trailkeeper::facets::trail_settings::{TrailFacts, TrailSettings};

/// By ARN.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trails(pub BTreeMap<String, HeldTrail>);

#[derive(Clone, Debug, PartialEq)]
pub struct HeldTrail {
    pub settings: TrailSettings,
    pub tags: Tags,
    pub selectors: Selectors,
    pub custom_selectors: bool,
    pub insights: InsightsState,
    pub aggregation: AggregationState,
    pub logging: bool,
    pub delivery: DeliveryFacts,
}

impl HeldTrail {
    /// A trail as CreateTrail leaves it.
    pub fn new(settings: TrailSettings, tags: Tags) -> Self {
        let default = BasicSelector { include_management_events: true, ..BasicSelector::default() };
        Self {
            settings,
            tags,
            selectors: Selectors::Basic(vec![default]),
            custom_selectors: false,
            insights: InsightsState::default(),
            aggregation: AggregationState::default(),
            logging: false,
            delivery: DeliveryFacts::default(),
        }
    }
}

impl Trails {
    pub fn read(&self, read: &CloudTrailRead) -> Answer {
        let (CloudTrailRead::Trail { arn }
        | CloudTrailRead::TrailTags { arn }
        | CloudTrailRead::TrailLogging { trail: arn }
        | CloudTrailRead::TrailInsights { trail: arn }
        | CloudTrailRead::TrailAggregation { trail: arn }
        | CloudTrailRead::TrailSelectors { trail: arn }) = read;
        let Some(trail) = self.0.get(arn) else {
            // DescribeTrails answers a list that may be empty; everything else answers TrailNotFoundException.
            return match read {
                CloudTrailRead::Trail { .. } => Observed::Absent,
                _ => Observed::Unknown(failure(ErrorClass::NotFound, "read", arn, "TrailNotFoundException")),
            };
        };
        Observed::Present(match read {
            CloudTrailRead::Trail { .. } => {
                let facts = TrailFacts {
                    arn: arn.clone(),
                    has_custom_event_selectors: trail.custom_selectors,
                    has_insight_selectors: !trail.insights.is_empty(),
                };
                Reading::new(&trail.settings, &facts)
            }
            CloudTrailRead::TrailTags { .. } => Reading::new(&users(&trail.tags), &OwnerFacts::of(&trail.tags)),
            CloudTrailRead::TrailLogging { .. } => Reading::new(&LoggingState { enabled: trail.logging }, &trail.delivery),
            CloudTrailRead::TrailInsights { .. } => Reading::state(&trail.insights),
            CloudTrailRead::TrailAggregation { .. } => Reading::state(&trail.aggregation),
            CloudTrailRead::TrailSelectors { .. } => Reading::state(&meaning_of(&trail.selectors)),
        })
    }

    pub fn write(&mut self, step: &CloudTrailStep) -> Result<(), Failure> {
        match step {
            CloudTrailStep::CreateTrail { name, settings, tags } => {
                let owner = ACCOUNT;
                let arn = format!("arn:aws:cloudtrail:{REGION}:{owner}:trail/{name}");
                if self.0.contains_key(&arn) {
                    return Err(failure(ErrorClass::AlreadyExists, "CreateTrail", &arn, "TrailAlreadyExistsException"));
                }
                check(settings, &arn)?;
                self.0.insert(arn, HeldTrail::new(settings.clone(), tags.clone()));
            }
            CloudTrailStep::UpdateTrail { trail, settings, fields } => {
                let held = self.get(trail)?;
                let mut updated = held.settings.clone();
                for field in fields {
                    set_field(&mut updated, field, settings);
                }
                let both_off = |held: &TrailSettings| !held.multi_region && !held.global_service_events;
                if both_off(&updated) && held.settings.multi_region && held.settings.global_service_events {
                    return Err(failure(ErrorClass::Terminal, "UpdateTrail", trail, "InvalidParameterCombinationException"));
                }
                check(&updated, trail)?;
                held.settings = updated;
            }
            CloudTrailStep::StartLogging { trail } => self.get(trail)?.logging = true,
            CloudTrailStep::StopLogging { trail } => self.get(trail)?.logging = false,
            CloudTrailStep::PutEventSelectors { trail, selectors } => {
                let held = self.get(trail)?;
                held.selectors = as_aws_answers(selectors);
                held.custom_selectors = true;
            }
            CloudTrailStep::PutInsightSelectors { trail, insights } => self.get(trail)?.insights.clone_from(insights),
            CloudTrailStep::PutEventConfiguration { trail, templates } => {
                let held = self.get(trail)?;
                if !templates.is_empty() && !meaning_of(&held.selectors).records("Data") {
                    return Err(failure(ErrorClass::Terminal, "PutEventConfiguration", trail, "InvalidParameterException"));
                }
                held.aggregation.templates.clone_from(templates);
            }
            CloudTrailStep::AddTags { trail, tags } => {
                let held = self.get(trail)?;
                let mut all = held.tags.clone();
                all.extend(tags.clone());
                if all.len() > 50 {
                    return Err(failure(ErrorClass::Terminal, "AddTags", trail, "TagsLimitExceededException"));
                }
                held.tags = all;
            }
            CloudTrailStep::RemoveTags { trail, tag_keys } => self.get(trail)?.tags.retain(|key, _| !tag_keys.contains(key)),
            CloudTrailStep::RegisterOrganizationDelegatedAdmin { .. } => panic!("not held in memory: {step:?}"),
            CloudTrailStep::DeleteTrail { trail } => {
                self.get(trail)?;
                self.0.remove(trail);
            }
        }
        Ok(())
    }

    fn get(&mut self, arn: &str) -> Result<&mut HeldTrail, Failure> {
        self.0.get_mut(arn).ok_or_else(|| failure(ErrorClass::NotFound, "write", arn, "TrailNotFoundException"))
    }
}

fn check(settings: &TrailSettings, arn: &str) -> Result<(), Failure> {
    if settings.multi_region && !settings.global_service_events {
        return Err(failure(ErrorClass::Terminal, "CreateTrail", arn, "InvalidParameterCombinationException"));
    }
    if settings.bucket.is_empty() {
        return Err(failure(ErrorClass::Terminal, "CreateTrail", arn, "InvalidS3BucketNameException"));
    }
    if settings.log_group.is_empty() != settings.log_role.is_empty() {
        return Err(failure(ErrorClass::Terminal, "CreateTrail", arn, "InvalidParameterCombinationException"));
    }
    Ok(())
}

/// What UpdateTrail changes when it is asked for one field: see `with_field` in `aws::cloudtrail`.
fn set_field(held: &mut TrailSettings, field: &str, wanted: &TrailSettings) {
    match field {
        "bucket" => held.bucket.clone_from(&wanted.bucket),
        "keyPrefix" => held.key_prefix.clone_from(&wanted.key_prefix),
        "kmsKey" => held.kms_key.clone_from(&wanted.kms_key),
        "snsTopic" => held.sns_topic.clone_from(&wanted.sns_topic),
        "logGroup" | "logRole" => {
            held.log_group.clone_from(&wanted.log_group);
            held.log_role.clone_from(&wanted.log_role);
        }
        "multiRegion" => {
            held.multi_region = wanted.multi_region;
            if wanted.multi_region {
                held.global_service_events = wanted.global_service_events;
            }
        }
        "globalServiceEvents" => held.global_service_events = wanted.global_service_events,
        "organization" => held.organization = wanted.organization,
        "logFileValidation" => held.log_file_validation = wanted.log_file_validation,
        "recursiveLogging" => held.recursive_logging = wanted.recursive_logging,
        other => panic!("UpdateTrail has no field {other}"),
    }
}

/// The order in which AWS answers selectors and their values is its own.
fn as_aws_answers(selectors: &Selectors) -> Selectors {
    let mut selectors = selectors.clone();
    match &mut selectors {
        Selectors::Basic(basic) => basic.reverse(),
        Selectors::Advanced(advanced) => {
            advanced.reverse();
            for field in advanced.iter_mut().flat_map(|selector| selector.field_selectors.iter_mut()) {
                field.equals.reverse();
                field.starts_with.reverse();
                field.not_starts_with.reverse();
            }
        }
    }
    selectors
}
