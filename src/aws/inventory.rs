//! The trails of an account over its Regions. DescribeTrails in each Region; of each trail its status, its selectors where
//! they are not the default, and its tags where nobody is known to look after it. Some Regions at a time, within the limits.

use super::Cloud;
use super::snapshot::list_tags;
use crate::facets::observed::Failure;
use crate::facets::tags::{OwnerFacts, Tags};
use crate::facets::trail_events::{EventsState, compile, meaning_of};
use crate::status::coverage::{Inventory, SeenTrail};
use aws_sdk_cloudtrail::types::Trail;
use futures::StreamExt;
use futures::stream;
use std::collections::{BTreeMap, HashMap};

/// Requests under way at a time, for one account.
const AT_ONCE: usize = 8;

impl Cloud {
    /// Looks for trails in these Regions. Those that `kept` knows are not asked for tags.
    pub async fn inventory(&self, regions: &[String], kept: impl Fn(&str) -> bool) -> Inventory {
        let looks: Vec<_> = regions.iter().map(|region| self.listed(region.clone())).collect();
        let answers: Vec<_> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
        let mut inventory = Inventory { regions: regions.to_vec(), ..Inventory::default() };
        let mut trails = BTreeMap::new();
        for (region, answer) in answers {
            match answer {
                Ok(listed) => trails.extend(listed.into_iter().filter_map(|trail| Some((trail.trail_arn.clone()?, trail)))),
                Err(failure) => inventory.unlisted.push((region, failure)),
            }
        }
        inventory.unlisted.sort_by(|one, other| one.0.cmp(&other.0));
        let mut by_home: HashMap<String, Vec<String>> = HashMap::new();
        for (arn, trail) in trails.iter().filter(|(arn, _)| self.owns(arn) && !kept(arn)) {
            by_home.entry(home(trail)).or_default().push(arn.clone());
        }
        let asked: Vec<_> = by_home.into_iter().map(|(region, arns)| self.tags_of(region, arns)).collect();
        let tags: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        let tags: HashMap<String, Result<Tags, Failure>> = tags.into_iter().flatten().collect();
        let mut details = Vec::new();
        for (arn, trail) in trails {
            let owner = match tags.get(&arn) {
                Some(Ok(tags)) => Ok(OwnerFacts::of(tags).owner),
                Some(Err(failure)) => Err(failure.clone()),
                None => Ok(None),
            };
            details.push(self.seen(arn, trail, owner));
        }
        inventory.trails = stream::iter(details).buffer_unordered(AT_ONCE).collect().await;
        inventory
    }

    /// Whether an ARN is of this account.
    pub fn owns(&self, arn: &str) -> bool {
        arn.split(':').nth(4) == Some(self.account.as_str())
    }

    async fn listed(&self, region: String) -> (String, Result<Vec<Trail>, Failure>) {
        let cloud = self.at(&region);
        let asked = cloud.cloudtrail.describe_trails().include_shadow_trails(true).send();
        let answer = cloud.call("cloudtrail:DescribeTrails", "all trails", asked).await;
        (region, answer.map(|answer| answer.trail_list.unwrap_or_default()))
    }

    async fn tags_of(&self, region: String, arns: Vec<String>) -> Vec<(String, Result<Tags, Failure>)> {
        let answer = list_tags(&self.at(&region), &arns).await;
        let of = |arn: &String| answer.as_ref().map(|tags| tags.get(arn).cloned().unwrap_or_default()).map_err(Clone::clone);
        arns.iter().map(|arn| (arn.clone(), of(arn))).collect()
    }

    async fn seen(&self, arn: String, trail: Trail, owner: Result<Option<String>, Failure>) -> SeenTrail {
        let cloud = self.at(&home(&trail));
        let status = cloud.call("cloudtrail:GetTrailStatus", &arn, cloud.cloudtrail.get_trail_status().name(&arn).send()).await;
        let records: Result<EventsState, Failure> = if trail.has_custom_event_selectors == Some(false) {
            Ok(meaning_of(&compile(&Default::default())))
        } else {
            cloud.selectors(&arn).await.map(|selectors| meaning_of(&selectors))
        };
        SeenTrail {
            name: trail.name.clone().unwrap_or_default(),
            home_region: home(&trail),
            multi_region: trail.is_multi_region_trail.unwrap_or(false),
            organization: trail.is_organization_trail.unwrap_or(false),
            bucket: trail.s3_bucket_name.clone().unwrap_or_default(),
            global_service_events: trail.include_global_service_events.unwrap_or(false),
            log_file_validation: trail.log_file_validation_enabled.unwrap_or(false),
            kms_key: trail.kms_key_id.clone().unwrap_or_default(),
            insights: trail.has_insight_selectors.unwrap_or(false),
            logging: status.map(|status| status.is_logging.unwrap_or(false)),
            records,
            owner,
            arn,
        }
    }
}

fn home(trail: &Trail) -> String {
    trail.home_region.clone().unwrap_or_default()
}
