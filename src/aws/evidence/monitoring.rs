//! What watches a trail's log group: filters, alarms on their metrics, and who listens to the alarms' topics.

use super::super::{Cloud, cloudwatch, metric_filters};
use super::region_of;
use crate::engine::World;
use crate::facets::observed::{Answer, ErrorClass, Failure, Observed, Reading};
use crate::facets::read::{Read, SnsRead};
use crate::facets::topic::Subscribers;
use crate::rules::monitoring::{Listeners, Monitoring};
use crate::status::classes::explain;
use std::collections::BTreeSet;

impl Cloud {
    /// The chain from filter to listener for the log group of this ARN; none where it is another account's.
    pub async fn monitoring(&self, group: &str) -> Option<Answer> {
        let (there, name) = self.own_log_group(group)?;
        Some(match there.watchers(name).await {
            Ok(monitoring) => Observed::Present(Reading::state(&monitoring)),
            Err(failure) if failure.class == ErrorClass::NotFound => Observed::Absent,
            Err(failure) => Observed::Unknown(failure),
        })
    }

    async fn watchers(&self, group: &str) -> Result<Monitoring, Failure> {
        let mut found = Monitoring::default();
        for filter in self.metric_filters(group, None).await? {
            found.filters.insert(filter.filter_name().unwrap_or_default().to_owned(), metric_filters::state(&filter));
        }
        if found.filters.is_empty() {
            return Ok(found);
        }
        let counted: BTreeSet<_> = found.filters.values().map(|filter| (&filter.metric_namespace, &filter.metric_name)).collect();
        let alarms = self.alarms(None).await?.into_iter().map(|alarm| (cloudwatch::name(&alarm), cloudwatch::state(&alarm)));
        found.alarms = alarms.filter(|(_, alarm)| counted.contains(&(&alarm.metric_namespace, &alarm.metric_name))).collect();
        let topics: BTreeSet<String> = found.alarms.values().flat_map(|alarm| alarm.actions.iter().cloned()).collect();
        for topic in topics.into_iter().filter(|action| action.split(':').nth(2) == Some("sns")) {
            found.topics.insert(topic.clone(), self.listeners(&topic).await);
        }
        Ok(found)
    }

    async fn listeners(&self, topic: &str) -> Listeners {
        match self.at(region_of(topic)).read(&Read::Sns(SnsRead::Subscribers { topic: topic.to_owned() })).await {
            Observed::Present(reading) => match serde_json::from_value::<Subscribers>(reading.facts) {
                Ok(Subscribers { confirmed, pending, .. }) => Listeners::Counted { confirmed, pending },
                Err(error) => Listeners::Unknown(error.to_string()),
            },
            Observed::Absent => Listeners::Missing,
            Observed::Unknown(failure) => Listeners::Unknown(explain(&failure)),
        }
    }
}
