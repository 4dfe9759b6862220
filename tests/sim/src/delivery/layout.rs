//! Where objects go in a trail's bucket (facts/constraints.md, section 9). Pure.

use super::Stream;
use crate::cloudtrail::model::Trail;
use jiff::Timestamp;

/// The key of a log file; `unique` has 16 letters or digits.
pub fn log_key(trail: &Trail, organization: Option<&str>, stream: &Stream, time: Timestamp, unique: &str) -> String {
    let Stream { account, region, .. } = stream;
    let name = format!("{account}_CloudTrail_{region}_{}_{unique}.json.gz", time.strftime("%Y%m%dT%H%MZ"));
    format!("{}/{name}", folder(trail, organization, stream, "CloudTrail", time))
}

/// The key of a digest, by the end of the time it covers.
pub fn digest_key(trail: &Trail, organization: Option<&str>, stream: &Stream, end: Timestamp) -> String {
    let Stream { account, region, .. } = stream;
    let (trail_name, home) = (&trail.name, &trail.home_region);
    let name = format!("{account}_CloudTrail-Digest_{region}_{trail_name}_{home}_{}.json.gz", end.strftime("%Y%m%dT%H%M%SZ"));
    format!("{}/{name}", folder(trail, organization, stream, "CloudTrail-Digest", end))
}

fn folder(trail: &Trail, organization: Option<&str>, stream: &Stream, kind: &str, time: Timestamp) -> String {
    let prefix = trail.prefix.as_ref().map(|prefix| format!("{prefix}/")).unwrap_or_default();
    let organization = organization.map(|id| format!("{id}/")).unwrap_or_default();
    let Stream { account, region, .. } = stream;
    format!("{prefix}AWSLogs/{organization}{account}/{kind}/{region}/{}", time.strftime("%Y/%m/%d"))
}
