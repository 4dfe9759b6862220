//! The bucket's notification of new files. S3 keeps all notifications of a bucket in one document: others' stay in it where the
//! bucket was adopted.

use super::bucket::Bucket;
use super::bucket_tags::BucketTags;
use super::context::ArchiveContext;
use super::new_files::Chain;
use super::observed::{Observed, Seen};
use super::read::{Read, S3Read};
use super::rights::Rights;
use super::step::{S3Step, Step};
use super::tags::OwnerFacts;
use super::{Change, Facet, Source};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The id of our notification.
pub const OURS: &str = "trailkeeper-new-files";

/// One notification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Notification {
    /// ARN of the topic, queue or function.
    pub destination: String,
    pub events: Vec<String>,
    pub prefix: String,
    pub suffix: String,
}

/// The notifications of a bucket, by id, and whether EventBridge gets all events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NotificationState {
    pub notifications: BTreeMap<String, Notification>,
    pub event_bridge: bool,
}

pub struct NewFileNotification(pub ArchiveContext);

impl NewFileNotification {
    fn ours(&self) -> Option<Notification> {
        let chain = Chain::of(&self.0)?;
        Some(Notification {
            destination: chain.topic_arn,
            events: vec!["s3:ObjectCreated:*".to_owned()],
            prefix: String::new(),
            suffix: ".json.gz".to_owned(),
        })
    }
}

impl Facet for NewFileNotification {
    const NAME: &'static str = "newFileNotification";
    type State = NotificationState;
    const NEEDS: &'static [&'static str] = &[BucketTags::NAME];

    fn source(&self, seen: &Seen) -> Source {
        match seen.get(Bucket::NAME) {
            // A new bucket has none.
            Some(Observed::Absent) => Source::absent(),
            _ => Source::ask_below(seen, Bucket::NAME, || Read::S3(S3Read::BucketNotification { bucket: self.0.spec.bucket_name.clone() })),
        }
    }

    /// Others' notifications are not this archive's to judge: they stay.
    fn desired(&self, observed: Option<&NotificationState>, seen: &Seen) -> NotificationState {
        let found = seen.facts::<OwnerFacts>(BucketTags::NAME).is_some_and(|facts| self.0.found(Bucket::NOUN, &facts));
        let mut desired = observed.filter(|_| found).cloned().unwrap_or_default();
        desired.notifications.remove(OURS);
        desired.notifications.extend(self.ours().map(|ours| (OURS.to_owned(), ours)));
        desired
    }

    fn steps(&self, change: &Change<'_, NotificationState>) -> Vec<Step> {
        let bucket = self.0.spec.bucket_name.clone();
        vec![Step::S3(S3Step::PutBucketNotificationConfiguration { bucket, configuration: change.desired.clone() })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.bucket_arn(), &["s3:GetBucketNotification"], &["s3:PutBucketNotification"])
    }
}
