//! Where CloudTrail puts digests and log files, read from their keys. Pure.
//!
//! `[PREFIX/]AWSLogs/[ORGANIZATION/]ACCOUNT/CloudTrail-Digest/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOME_TIME[_backfill].json.gz`
//! and `.../CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_TIME_UNIQUE.json.gz`; see
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;

const ENDING: &str = ".json.gz";
const BACKFILL: &str = "_backfill";
const DIGESTS: &str = "CloudTrail-Digest";
const LOGS: &str = "CloudTrail";

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub bucket: String,
    pub key: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// The folder that the log files of one account and Region share, whatever trail delivers them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Area {
    /// What stands before `AWSLogs/`: empty, or ending in a slash.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    pub account: String,
    pub region: String,
}

impl Area {
    fn folder(&self, kind: &str) -> String {
        let Self { prefix, organization, account, region } = self;
        let organization = organization.as_ref().map(|id| format!("{id}/")).unwrap_or_default();
        format!("{prefix}AWSLogs/{organization}{account}/{kind}/{region}/")
    }

    /// The folder of the digests of all trails.
    pub fn digests(&self) -> String {
        self.folder(DIGESTS)
    }

    /// The folder of the log files of all trails.
    pub fn logs(&self) -> String {
        self.folder(LOGS)
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.account, self.region)
    }
}

/// The digests of one trail in one account and Region: one chain, or several where it was interrupted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stream {
    #[serde(flatten)]
    pub area: Area,
    pub trail: String,
    pub home_region: String,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} trail {} ({})", self.area, self.trail, self.home_region)
    }
}

/// A trail, told apart from others of its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrailId {
    /// The trail's account; none for an organization's, which delivers for many.
    pub account: Option<String>,
    pub name: String,
    pub home_region: String,
}

impl TrailId {
    /// Of an ARN of the form `arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME`.
    pub fn parse(arn: &str, of_organization: bool) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, "cloudtrail", region, account, resource] = parts.as_slice() else { return None };
        let name = resource.strip_prefix("trail/")?.to_owned();
        Some(Self { account: (!of_organization).then(|| (*account).to_owned()), name, home_region: (*region).to_owned() })
    }
}

impl Stream {
    pub fn trail_id(&self) -> TrailId {
        let account = self.area.organization.is_none().then(|| self.area.account.clone());
        TrailId { account, name: self.trail.clone(), home_region: self.home_region.clone() }
    }
}

/// What the key of a digest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestKey {
    pub stream: Stream,
    pub end: Timestamp,
    pub backfill: bool,
}

impl DigestKey {
    /// `None` if this is no digest's key, or one whose parts contradict each other.
    pub fn parse(key: &str) -> Option<Self> {
        let (area, day, name) = split(key, DIGESTS)?;
        let name = name.strip_suffix(ENDING)?;
        let (name, backfill) = name.strip_suffix(BACKFILL).map_or((name, false), |name| (name, true));
        let rest = name.strip_prefix(&format!("{}_{DIGESTS}_{}_", area.account, area.region))?;
        let (rest, time) = rest.rsplit_once('_')?;
        let (trail, home_region) = rest.rsplit_once('_')?;
        let end = time_of(time, "%Y%m%dT%H%M%SZ")?;
        let own = !trail.is_empty() && !home_region.is_empty() && is_day(day, end);
        own.then(|| Self { stream: Stream { area, trail: trail.to_owned(), home_region: home_region.to_owned() }, end, backfill })
    }
}

/// What the key of a log file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    pub area: Area,
    /// About when it was delivered: CloudTrail rounds it to minutes.
    pub time: Timestamp,
}

impl LogKey {
    /// `None` if this is no log file's key, or one whose parts contradict each other.
    pub fn parse(key: &str) -> Option<Self> {
        let (area, day, name) = split(key, LOGS)?;
        let rest = name.strip_suffix(ENDING)?.strip_prefix(&format!("{}_{LOGS}_{}_", area.account, area.region))?;
        let (time, unique) = rest.split_once('_')?;
        let time = time_of(time, "%Y%m%dT%H%MZ")?;
        (!unique.is_empty() && is_day(day, time)).then_some(Self { area, time })
    }
}

/// Area, day (`YYYY/MM/DD`) and name of an object of one kind.
fn split<'a>(key: &'a str, kind: &str) -> Option<(Area, &'a str, &'a str)> {
    let (path, name) = key.rsplit_once('/')?;
    let folder = path.len().checked_sub("/YYYY/MM/DD".len())?;
    let (folder, day) = (path.get(..folder)?, path.get(folder + 1..)?);
    let (folder, region) = folder.rsplit_once('/')?;
    let folder = folder.strip_suffix(kind)?.strip_suffix('/')?;
    let (folder, account) = folder.rsplit_once('/')?;
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let (before, organization) = match folder.rsplit_once('/') {
        Some((before, id)) if id.starts_with("o-") => (before, Some(id.to_owned())),
        None if folder.starts_with("o-") => return None,
        _ => (folder, None),
    };
    let prefix = before.strip_suffix("AWSLogs")?;
    let whole = prefix.is_empty() || prefix.ends_with('/');
    (is_account && whole && !region.is_empty())
        .then(|| (Area { prefix: prefix.to_owned(), organization, account: account.to_owned(), region: region.to_owned() }, day, name))
}

fn time_of(text: &str, format: &str) -> Option<Timestamp> {
    // Two ways to write one time would be two keys for one digest.
    let time = DateTime::strptime(format, text).ok()?;
    let time = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
    (time.strftime(format).to_string() == text).then_some(time)
}

fn is_day(day: &str, time: Timestamp) -> bool {
    time.strftime("%Y/%m/%d").to_string() == day
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "audit/AWSLogs/o-abc123/111111111111/CloudTrail-Digest/eu-west-1/2026/11/21/\
        111111111111_CloudTrail-Digest_eu-west-1_my_trail_us-east-1_20261121T170000Z.json.gz";
    const LOG: &str =
        "AWSLogs/111111111111/CloudTrail/eu-west-1/2026/11/21/111111111111_CloudTrail_eu-west-1_20261121T1655Z_AbCd1234.json.gz";

    #[test]
    fn a_digest_key_tells_stream_and_time() {
        let key = DigestKey::parse(DIGEST).unwrap();
        assert_eq!((key.stream.trail.as_str(), key.stream.home_region.as_str(), key.backfill), ("my_trail", "us-east-1", false));
        assert_eq!(key.end.to_string(), "2026-11-21T17:00:00Z");
        let area = &key.stream.area;
        assert_eq!(
            (area.prefix.as_str(), area.organization.as_deref(), area.account.as_str()),
            ("audit/", Some("o-abc123"), "111111111111")
        );
        assert!(DIGEST.starts_with(&area.digests()));
        assert!(DigestKey::parse(&DIGEST.replace(".json", "_backfill.json")).unwrap().backfill);
    }

    #[test]
    fn a_log_key_tells_area_and_time() {
        let key = LogKey::parse(LOG).unwrap();
        assert_eq!(key.time.to_string(), "2026-11-21T16:55:00Z");
        assert!(LOG.starts_with(&key.area.logs()));
    }

    #[test]
    fn parts_that_contradict_each_other_are_no_key() {
        for (from, to) in [
            ("/2026/11/21/", "/2026/11/20/"),
            ("1_CloudTrail-Digest_eu-west-1", "1_CloudTrail-Digest_eu-west-2"),
            ("/111111111111/", "/111111111112/"),
            ("T170000Z", "T1700Z"),
            ("CloudTrail-Digest/", "CloudTrail/"),
            ("audit/AWSLogs", "auditAWSLogs"),
            (".json.gz", ".json"),
        ] {
            assert_eq!(DigestKey::parse(&DIGEST.replace(from, to)), None, "{from} -> {to}");
        }
        for key in ["", "/", "AWSLogs/", "é/ü", DIGEST] {
            assert_eq!(LogKey::parse(key), None, "{key}");
        }
    }
}
