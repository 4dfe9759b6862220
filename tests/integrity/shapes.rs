//! The archives that cases begin with, as the simulated CloudTrail delivered them. All begin at the same time.

use crate::archive::Archive;
use crate::lab::{HOME, HOUR, Lab, OTHER, new_account};
use trailkeeper_sim::organizations::Organization;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Twelve hours of one trail, busy in the home Region, with one log file in another.
    Plain,
    /// The same hours, in a bucket that keeps versions.
    Versioned,
    /// Two validated trails.
    TwoTrails,
    /// A second trail, without validation.
    SecondUnvalidated,
    /// An organization's trail: the management account and one member.
    Organization,
    /// Stopped for three hours after four and a half.
    Stopped,
    /// Validation off for three hours after four.
    ValidationOff,
    /// Logging for four hours before validation was switched on.
    ValidatedLate,
    /// Deleted after four and a half hours, and created again two hours later.
    Recreated,
    /// Deleted after four and a half hours, when another trail took its place.
    Renamed,
    /// A new key in the middle.
    Rotated,
    /// Six hours in which nothing happened between two busy ones.
    Quiet,
    /// Digests could not be delivered for four hours, and came then.
    Late,
    /// The trail moved to another bucket after four hours.
    Moved,
}

impl Shape {
    /// Lets the simulated AWS write the archive.
    pub async fn make(self, lab: &Lab) -> Archive {
        let bucket = lab.bucket("logs").await;
        let mut verified = bucket.clone();
        let mut others = Vec::new();
        let client = lab.cloudtrail(HOME);
        match self {
            Self::Plain => {
                lab.trail("main", &bucket).await;
                lab.cloudtrail(OTHER).list_trails().send().await.unwrap();
                hours(lab, 12).await;
            }
            Self::Versioned => {
                lab.keep_versions(&bucket).await;
                lab.trail("main", &bucket).await;
                hours(lab, 12).await;
            }
            Self::TwoTrails => {
                lab.trail("main", &bucket).await;
                lab.trail("second", &bucket).await;
                hours(lab, 6).await;
            }
            Self::SecondUnvalidated => {
                lab.trail("main", &bucket).await;
                lab.trail("second", &bucket).await;
                client.update_trail().name("second").enable_log_file_validation(false).send().await.unwrap();
                hours(lab, 6).await;
            }
            Self::Organization => organization(lab, &bucket).await,
            Self::Stopped => {
                lab.trail("main", &bucket).await;
                hours(lab, 4).await;
                lab.advance(HOUR / 2).await;
                client.stop_logging().name("main").send().await.unwrap();
                lab.deliver().await;
                lab.advance(3 * HOUR).await;
                client.start_logging().name("main").send().await.unwrap();
                hours(lab, 4).await;
            }
            Self::ValidationOff => {
                lab.trail("main", &bucket).await;
                hours(lab, 4).await;
                client.update_trail().name("main").enable_log_file_validation(false).send().await.unwrap();
                hours(lab, 3).await;
                client.update_trail().name("main").enable_log_file_validation(true).send().await.unwrap();
                hours(lab, 4).await;
            }
            Self::ValidatedLate => {
                lab.trail("main", &bucket).await;
                client.update_trail().name("main").enable_log_file_validation(false).send().await.unwrap();
                hours(lab, 4).await;
                client.update_trail().name("main").enable_log_file_validation(true).send().await.unwrap();
                hours(lab, 4).await;
            }
            Self::Recreated => {
                lab.trail("main", &bucket).await;
                hours(lab, 4).await;
                lab.advance(HOUR / 2).await;
                client.delete_trail().name("main").send().await.unwrap();
                lab.deliver().await;
                lab.advance(2 * HOUR).await;
                lab.trail("main", &bucket).await;
                hours(lab, 4).await;
            }
            Self::Renamed => {
                lab.trail("main", &bucket).await;
                hours(lab, 4).await;
                lab.advance(HOUR / 2).await;
                client.delete_trail().name("main").send().await.unwrap();
                lab.deliver().await;
                lab.trail("renamed", &bucket).await;
                hours(lab, 4).await;
            }
            Self::Rotated => {
                lab.trail("main", &bucket).await;
                hours(lab, 3).await;
                lab.control.rotate(HOME).await.unwrap();
                hours(lab, 3).await;
            }
            Self::Quiet => {
                lab.trail("main", &bucket).await;
                hours(lab, 1).await;
                lab.advance(6 * HOUR).await;
                lab.deliver().await;
                hours(lab, 1).await;
            }
            Self::Late => {
                lab.trail("main", &bucket).await;
                hours(lab, 2).await;
                lab.refuse_digests(&bucket, true).await;
                for _ in 0..4 {
                    lab.advance(HOUR).await;
                    lab.control.deliver().await.unwrap();
                }
                lab.refuse_digests(&bucket, false).await;
                hours(lab, 2).await;
            }
            Self::Moved => {
                lab.trail("main", &bucket).await;
                hours(lab, 4).await;
                verified = lab.bucket("new").await;
                client.update_trail().name("main").s3_bucket_name(&verified).send().await.unwrap();
                hours(lab, 4).await;
                others.push(bucket);
            }
        }
        Archive::load(lab, &verified, &others).await
    }
}

async fn hours(lab: &Lab, count: usize) {
    for _ in 0..count {
        lab.hour().await;
    }
}

async fn organization(lab: &Lab, bucket: &str) {
    let member = new_account();
    let organization = Organization {
        id: "o-abcdefghij".into(),
        management_account: lab.account.clone(),
        members: [member.clone()].into(),
        all_features: true,
        trusted_services: ["cloudtrail.amazonaws.com".to_owned()].into(),
        cloudtrail_admins: Default::default(),
        suspended: Default::default(),
    };
    lab.control.set_organizations(&[organization]).await.unwrap();
    let client = lab.cloudtrail(HOME);
    let create = client.create_trail().name("main").s3_bucket_name(bucket).is_organization_trail(true);
    create.enable_log_file_validation(true).send().await.unwrap();
    client.start_logging().name("main").send().await.unwrap();
    for _ in 0..4 {
        lab.cloudtrail_as(&member, HOME).list_trails().send().await.unwrap();
        lab.hour().await;
    }
}
