//! The verification of a whole archive: finds its accounts and Regions, and verifies each.

use super::area::Work;
use super::evidence::Evidence;
use super::outcome::Outcome;
use super::place::Area;
use super::reader::Reader;
use super::settings::Settings;
use futures::{StreamExt, stream};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Accounts and Regions under verification at a time. Each holds a list of its digests; what they read is bounded by the reader.
const AREAS: usize = 4;

const LOGS: &str = "AWSLogs";

/// Verifies what the settings select, below these prefixes: each empty, or ending in a slash. No prefix: what stands at the
/// root of the bucket, or in a folder there.
pub async fn verify<E: Evidence>(reader: Arc<Reader<E>>, settings: Settings, prefixes: &[String]) -> Outcome {
    let mut outcome = Outcome::new(&settings.bucket, settings.since, settings.until);
    outcome.shards.extend(settings.selection.shard);
    let settings = Arc::new(settings);
    let mut areas = areas(&reader, &settings, prefixes, &mut outcome.unlisted).await;
    let all = areas.len();
    areas.retain(|area| settings.selection.is_in_shard(area));
    outcome.left_to_others = (all - areas.len()) as u64;
    let work = |area| {
        let work = Work { reader: reader.clone(), settings: settings.clone(), area };
        async move { work.verify().await }
    };
    let mut done = std::pin::pin!(stream::iter(areas).map(work).buffer_unordered(AREAS));
    while let Some(part) = done.next().await {
        outcome.add(part);
    }
    outcome.bytes = reader.progress.bytes.load(Ordering::Relaxed);
    outcome.settle();
    outcome
}

/// The accounts and Regions that have a folder, and those that had a digest when last verified.
async fn areas<E: Evidence>(reader: &Reader<E>, settings: &Settings, prefixes: &[String], unlisted: &mut Vec<String>) -> BTreeSet<Area> {
    let mut areas: BTreeSet<Area> = settings.heads.keys().map(|stream| stream.area.clone()).collect();
    let mut look = Look { reader, bucket: &settings.bucket, unlisted };
    let prefixes = if prefixes.is_empty() { look.prefixes().await } else { prefixes.to_vec() };
    for prefix in prefixes {
        for first in look.folders(&format!("{prefix}{LOGS}/")).await {
            let (organization, accounts) = if first.starts_with("o-") {
                let accounts = look.folders(&format!("{prefix}{LOGS}/{first}/")).await;
                (Some(first), accounts)
            } else {
                (None, vec![first])
            };
            for account in accounts.into_iter().filter(|account| is_account(account)) {
                let of = |region| Area { prefix: prefix.clone(), organization: organization.clone(), account: account.clone(), region };
                let any = of(String::new());
                for folder in [any.digests(), any.logs()] {
                    // Without a Region the folder ends in two slashes.
                    areas.extend(look.folders(folder.trim_end_matches('/')).await.into_iter().map(of));
                }
            }
        }
    }
    areas.retain(|area| settings.selection.takes_area(area));
    areas
}

fn is_account(folder: &str) -> bool {
    folder.len() == 12 && folder.bytes().all(|byte| byte.is_ascii_digit())
}

struct Look<'a, E> {
    reader: &'a Reader<E>,
    bucket: &'a str,
    unlisted: &'a mut Vec<String>,
}

impl<E: Evidence> Look<'_, E> {
    async fn folders(&mut self, prefix: &str) -> Vec<String> {
        let prefix = if prefix.is_empty() || prefix.ends_with('/') { prefix.to_owned() } else { format!("{prefix}/") };
        match self.reader.evidence.folders(self.bucket, &prefix).await {
            Ok(folders) => folders,
            Err(why) => {
                self.unlisted.push(why);
                Vec::new()
            }
        }
    }

    async fn prefixes(&mut self) -> Vec<String> {
        let mut prefixes = Vec::new();
        for folder in self.folders("").await {
            if folder == LOGS {
                prefixes.push(String::new());
            } else if self.folders(&format!("{folder}/")).await.iter().any(|below| below == LOGS) {
                prefixes.push(format!("{folder}/"));
            }
        }
        prefixes
    }
}
