//! What facets are made from: a spec with its references resolved. Pure data, the same for the cluster and the command line.

use crate::api::aws_account::{Organization, Partition};
use crate::api::log_archive::WriterStatus;
use crate::api::{LogArchiveSpec, TrailSpec};
use crate::facets::policy_document::short_hash;
use crate::facets::tags::OwnerFacts;

/// The account that an object lives in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFacts {
    pub id: String,
    pub partition: Partition,
    pub organization: Option<Organization>,
    /// The Regions of the account, in order: `status.regions` of AwsAccount. Empty until the account has been asked once.
    pub regions: Vec<String>,
}

impl AccountFacts {
    /// The account that owns a trail: an organization trail always belongs to the management account.
    pub fn trail_owner(&self, organization_trail: bool) -> &str {
        match &self.organization {
            Some(organization) if organization_trail => &organization.management_account_id,
            _ => &self.id,
        }
    }

    /// The ARN of a trail of this account.
    pub fn trail_arn(&self, spec: &TrailSpec, name: &str) -> String {
        format!("arn:{}:cloudtrail:{}:{}:trail/{name}", self.partition.as_str(), spec.region, self.trail_owner(spec.organization))
    }
}

/// The bucket and key that a trail delivers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub bucket: String,
    /// Key ARN, empty for SSE-S3, or `AFTER_APPLY`. For an external bucket as the spec gives it: the facet `deliveryKey` finds
    /// the ARN.
    pub kms_key: String,
}

/// A Trail with its references resolved.
#[derive(Clone, Debug)]
pub struct TrailContext {
    /// The trail's name in AWS.
    pub name: String,
    pub spec: TrailSpec,
    pub account: AccountFacts,
    pub destination: Destination,
    /// The ARN that AWS had for it in an earlier pass.
    pub arn_before: Option<String>,
    /// The value of the ownership tag.
    pub owner: String,
    /// The resources (by noun) that an earlier pass had in force.
    pub owned_before: Vec<String>,
    /// Regions where an earlier pass saw rules of the trail's responses.
    pub response_regions: Vec<String>,
    /// Log groups where an earlier pass saw metric filters of the trail's alarms.
    pub filter_groups: Vec<String>,
}

impl TrailContext {
    pub fn arn(&self) -> String {
        self.account.trail_arn(&self.spec, &self.name)
    }

    /// Name of the log group that the trail delivers to, given or ours; none where it delivers to none.
    pub fn log_group_name(&self) -> Option<String> {
        log_group_name(&self.spec, &self.name)
    }

    /// ARN of that log group, without the `:*` that stands for its streams. A trail of an organization, too, delivers to
    /// the account that made it.
    pub fn log_group_arn(&self) -> Option<String> {
        if let Some(given) = self.spec.cloud_watch_logs.as_ref()?.log_group_arn.as_deref() {
            return Some(given.trim_end_matches(":*").to_owned());
        }
        let (partition, account) = (self.account.partition.as_str(), &self.account.id);
        self.log_group_name().map(|name| format!("arn:{partition}:logs:{}:{account}:log-group:{name}", self.spec.region))
    }

    /// Name of the role that CloudTrail assumes to write there, where it is ours. Roles are the account's, not the Region's,
    /// so the name says which object's it is.
    pub fn own_log_role_name(&self) -> Option<String> {
        let role = self.spec.cloud_watch_logs.as_ref()?.role.as_ref()?;
        let readable: String = self.name.chars().take(32).collect();
        Some(role.name.clone().unwrap_or_else(|| format!("trailkeeper-{readable}-logs-{}", short_hash(&self.owner))))
    }

    /// ARN of that role, given or ours.
    pub fn log_role_arn(&self) -> Option<String> {
        let given = self.spec.cloud_watch_logs.as_ref()?.role_arn.clone();
        let (partition, account) = (self.account.partition.as_str(), &self.account.id);
        given.or_else(|| self.own_log_role_name().map(|name| format!("arn:{partition}:iam::{account}:role/{name}")))
    }

    /// ARN of the topic that is told of log files, given or ours.
    pub fn sns_topic_arn(&self) -> Option<String> {
        let name = match (&self.spec.sns_topic, &self.spec.notices) {
            (Some(given), _) if given.starts_with("arn:") => return Some(given.clone()),
            (Some(given), _) => given.clone(),
            (None, Some(notices)) => {
                notices.topic_name.clone().unwrap_or_else(|| format!("aws-cloudtrail-notices-{}", self.name.replace('.', "-")))
            }
            (None, None) => return None,
        };
        Some(format!("arn:{}:sns:{}:{}:{name}", self.account.partition.as_str(), self.spec.region, self.account.id))
    }
}

/// Name of the log group that the trail `name` is to deliver to; none where it is to deliver to none.
pub fn log_group_name(spec: &TrailSpec, name: &str) -> Option<String> {
    let logs = spec.cloud_watch_logs.as_ref()?;
    match (&logs.log_group_arn, &logs.log_group) {
        (Some(arn), _) => arn.split_once(":log-group:").map(|(_, name)| name.trim_end_matches(":*").to_owned()),
        (None, Some(group)) => Some(group.name.clone().unwrap_or_else(|| format!("aws-cloudtrail-logs-{name}"))),
        (None, None) => None,
    }
}

/// A LogArchive with its writers resolved.
#[derive(Clone, Debug)]
pub struct ArchiveContext {
    pub spec: LogArchiveSpec,
    pub account: AccountFacts,
    /// The trails that must be let in.
    pub writers: Vec<WriterStatus>,
    /// ARNs of trails that are known to be gone: their statements are taken out.
    pub gone: Vec<String>,
    /// The value of the ownership tag.
    pub owner: String,
    /// The resources (by noun) that an earlier pass had in force.
    pub owned_before: Vec<String>,
    /// ARN of the key, if an earlier pass found it.
    pub known_key: Option<String>,
    /// Readers with a role that an earlier pass saw and the spec asks for no more.
    pub former_readers: Vec<String>,
}

impl ArchiveContext {
    /// An archive without writers, that nobody owns yet.
    pub fn new(spec: LogArchiveSpec, account: AccountFacts) -> Self {
        Self {
            spec,
            account,
            writers: Vec::new(),
            gone: Vec::new(),
            owner: String::new(),
            owned_before: Vec::new(),
            known_key: None,
            former_readers: Vec::new(),
        }
    }

    pub fn bucket_arn(&self) -> String {
        format!("arn:{}:s3:::{}", self.account.partition.as_str(), self.spec.bucket_name)
    }

    /// Whether the `noun` with these marks was there before us, rather than made by us. One that was in force and has lost
    /// its tag was ours: a stranger's policy statements must not become permanent by removing a tag first.
    pub fn found(&self, noun: &str, facts: &OwnerFacts) -> bool {
        let ours = match &facts.owner {
            Some(owner) => *owner == self.owner,
            None => self.owned_before.iter().any(|owned| owned == noun),
        };
        facts.adopted || !ours
    }

    /// The own key as IAM names it: by its ARN if the manifest's status tells it, else any key of the account and Region,
    /// since a key has no name before it exists.
    pub fn key_resource(&self) -> String {
        let any = || format!("arn:{}:kms:{}:{}:key/*", self.account.partition.as_str(), self.spec.region, self.account.id);
        self.known_key.clone().unwrap_or_else(any)
    }

    /// ARN of the own key's alias.
    pub fn alias_arn(&self) -> String {
        let alias = self.key_alias().unwrap_or_default();
        format!("arn:{}:kms:{}:{}:{alias}", self.account.partition.as_str(), self.spec.region, self.account.id)
    }

    /// The own key's alias with `alias/`, where the archive has a key of its own.
    pub fn key_alias(&self) -> Option<String> {
        let key = self.spec.encryption.own_key()?;
        Some(format!("alias/{}", key.alias.unwrap_or_else(|| format!("trailkeeper/{}", self.spec.bucket_name.replace('.', "-")))))
    }
}

/// A trail `main` of account 111111111111 in eu-west-1, with `more` in its spec.
#[cfg(test)]
pub(super) fn sample_trail(more: serde_json::Value) -> TrailContext {
    let mut spec = serde_json::json!({ "accountRef": { "name": "x" }, "region": "eu-west-1" });
    json_patch::merge(&mut spec, &more);
    TrailContext {
        name: "main".into(),
        spec: serde_json::from_value(spec).unwrap(),
        account: AccountFacts { id: "111111111111".into(), partition: Partition::Aws, organization: None, regions: Vec::new() },
        destination: Destination { bucket: "logs".into(), kms_key: String::new() },
        arn_before: None,
        owner: "cluster/audit/main".into(),
        owned_before: Vec::new(),
        response_regions: Vec::new(),
        filter_groups: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::sample_trail as trail;
    use serde_json::{Value, json};

    fn places(logs: Value) -> [Option<String>; 3] {
        let context = trail(json!({ "cloudWatchLogs": logs }));
        [context.log_group_name(), context.log_group_arn(), context.log_role_arn()]
    }

    #[test]
    fn group_and_role_are_given_or_named_after_the_trail() {
        assert_eq!(trail(json!({})).log_group_name(), None);
        let some = |texts: [&str; 3]| texts.map(|text| Some(text.to_owned()));
        let given = json!({ "logGroupArn": "arn:aws:logs:eu-west-1:1:log-group:/a/b:*", "roleArn": "arn:aws:iam::1:role/r" });
        assert_eq!(places(given), some(["/a/b", "arn:aws:logs:eu-west-1:1:log-group:/a/b", "arn:aws:iam::1:role/r"]));
        let ours = [
            "aws-cloudtrail-logs-main",
            "arn:aws:logs:eu-west-1:111111111111:log-group:aws-cloudtrail-logs-main",
            "arn:aws:iam::111111111111:role/trailkeeper-main-logs-cf1a7b96",
        ];
        assert_eq!(places(json!({ "logGroup": {}, "role": {} })), some(ours));
        let named = ["g", "arn:aws:logs:eu-west-1:111111111111:log-group:g", "arn:aws:iam::111111111111:role/r"];
        assert_eq!(places(json!({ "logGroup": { "name": "g" }, "role": { "name": "r" } })), some(named));
    }

    #[test]
    fn a_topic_is_given_by_name_or_arn_or_named_after_the_trail() {
        let topic = |more: Value| trail(more).sns_topic_arn();
        let in_account = |name: &str| Some(format!("arn:aws:sns:eu-west-1:111111111111:{name}"));
        assert_eq!(topic(json!({})), None);
        assert_eq!(topic(json!({ "snsTopic": "theirs" })), in_account("theirs"));
        assert_eq!(topic(json!({ "snsTopic": "arn:aws:sns:eu-west-1:2:theirs" })).as_deref(), Some("arn:aws:sns:eu-west-1:2:theirs"));
        assert_eq!(topic(json!({ "notices": {} })), in_account("aws-cloudtrail-notices-main"));
        assert_eq!(topic(json!({ "notices": { "topicName": "ours" } })), in_account("ours"));
    }
}
