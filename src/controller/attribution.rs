//! Asks CloudTrail's event history who stopped a Trail: one gap in a pass, and only while that is not known.

use crate::api::TrailStatus;
use crate::attribution::stops::{Question, question};
use crate::aws::Cloud;
use crate::aws::evidence::Lookup;
use crate::facets::observed::Failure;
use crate::status::Told;
use crate::status::attribution::take_over;
use crate::status::tell::Situation;

/// Ten seconds' worth: the history takes two calls a second.
const MOST_PAGES: usize = 20;

pub async fn of_stop(cloud: &Cloud, told: &mut Told<TrailStatus>, situation: &Situation<'_>) {
    let Some(question) = question(&told.status.gaps, situation.now) else { return };
    let answered = ask(cloud, &question).await;
    take_over(told, &question, answered, (situation.account, situation.what, situation.now));
}

async fn ask(cloud: &Cloud, question: &Question) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for event in question.events {
        found.extend(cloud.history(Lookup { event, from: question.from, to: question.to, most_pages: MOST_PAGES }).await?);
    }
    Ok(found)
}
