//! CloudTrail's event history: management events of the last 90 days, by name of the event. Two questions a second for each
//! account and Region (AWS General Reference, "AWS CloudTrail endpoints and quotas").

use super::super::Cloud;
use crate::facets::observed::{ErrorClass, Failure};
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// What to look for in one Region.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    pub event: &'a str,
    pub from: Timestamp,
    pub to: Timestamp,
    /// Pages of 50 events that are read at most. More are an error: nobody waits for whoever calls in a loop.
    pub most_pages: usize,
}

impl Cloud {
    /// The events as CloudTrail recorded them, each a JSON document.
    pub async fn history(&self, lookup: Lookup<'_>) -> Result<Vec<String>, Failure> {
        let attribute = LookupAttribute::builder().attribute_key(LookupAttributeKey::EventName).attribute_value(lookup.event).build();
        let attribute = attribute.map_err(|error| self.unbuildable("cloudtrail:LookupEvents", lookup.event, &error))?;
        let (mut events, mut next) = (Vec::new(), None);
        for _ in 0..lookup.most_pages {
            let request = self
                .cloudtrail
                .lookup_events()
                .lookup_attributes(attribute.clone())
                .start_time(DateTime::from_secs(lookup.from.as_second()))
                // Seconds are all that it takes: an event of the last one must not be missed.
                .end_time(DateTime::from_secs(lookup.to.as_second() + 1))
                .max_results(50)
                .set_next_token(next);
            let page = self.call("cloudtrail:LookupEvents", lookup.event, request.send()).await?;
            events.extend(page.events.unwrap_or_default().into_iter().filter_map(|event| event.cloud_trail_event));
            next = page.next_token;
            if next.is_none() {
                return Ok(events);
            }
        }
        let message = format!("more than {} events from {} to {}", events.len(), lookup.from, lookup.to);
        Err(Failure {
            class: ErrorClass::Throttled,
            operation: "cloudtrail:LookupEvents".to_owned(),
            object: lookup.event.to_owned(),
            account: self.account.clone(),
            region: self.region.clone(),
            code: "TooManyEvents".to_owned(),
            message,
        })
    }
}
