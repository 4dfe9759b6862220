//! What is asked of an object: which rules, how severe, with which parameters, and what is exempt. Made from the
//! CompliancePolicies that select it; without one the built-in baseline applies: every rule, with the catalogue's severities.

use super::case::Case;
use super::catalogue::{Catalogue, Entry};
use super::finding::{Exempted, Finding, Severity, Verdict};
use crate::api::compliance_policy::{CompliancePolicySpec, Exemption, ParameterValues};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What rules compare with.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// Days that log files must stay in the bucket at least.
    pub retention_days: u32,
    /// Days that a log group must keep events at least.
    pub log_group_retention_days: u32,
    /// Regions where logs may rest; empty: any.
    pub allowed_regions: BTreeSet<String>,
    /// Accounts whose buckets logs may go to; empty: any.
    pub archive_accounts: BTreeSet<String>,
    /// Regions where trails may have their home; empty: any.
    pub home_regions: BTreeSet<String>,
    /// Buckets, topics, log groups (without `:*`) and keys that a trail may use; each empty: any.
    pub trail_buckets: BTreeSet<String>,
    pub trail_topics: BTreeSet<String>,
    pub trail_log_groups: BTreeSet<String>,
    pub trail_keys: BTreeSet<String>,
    /// ARNs of the principals that may administer CloudTrail.
    pub trail_administrators: BTreeSet<String>,
    /// Accounts that may administer CloudTrail for the organization; empty: any.
    pub delegated_administrators: BTreeSet<String>,
    /// Resource types whose data events must be recorded.
    pub data_resource_types: BTreeSet<String>,
    /// Services whose network activity must be recorded.
    pub network_activity_sources: BTreeSet<String>,
    /// Tag keys that a trail must have.
    pub required_tags: BTreeSet<String>,
    /// Hours after which a delivery is overdue.
    pub delivery_hours: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            retention_days: 365,
            log_group_retention_days: 365,
            allowed_regions: BTreeSet::new(),
            archive_accounts: BTreeSet::new(),
            home_regions: BTreeSet::new(),
            trail_buckets: BTreeSet::new(),
            trail_topics: BTreeSet::new(),
            trail_log_groups: BTreeSet::new(),
            trail_keys: BTreeSet::new(),
            trail_administrators: BTreeSet::new(),
            delegated_administrators: BTreeSet::new(),
            data_resource_types: BTreeSet::new(),
            network_activity_sources: BTreeSet::new(),
            required_tags: BTreeSet::new(),
            delivery_hours: 24,
        }
    }
}

impl Parameters {
    /// The stricter of both, field by field.
    fn tightened(self, other: Self) -> Self {
        let either = |mut one: BTreeSet<String>, other: BTreeSet<String>| {
            one.extend(other);
            one
        };
        Self {
            retention_days: self.retention_days.max(other.retention_days),
            log_group_retention_days: self.log_group_retention_days.max(other.log_group_retention_days),
            delivery_hours: self.delivery_hours.min(other.delivery_hours),
            allowed_regions: narrowed(self.allowed_regions, other.allowed_regions),
            archive_accounts: narrowed(self.archive_accounts, other.archive_accounts),
            home_regions: narrowed(self.home_regions, other.home_regions),
            trail_buckets: narrowed(self.trail_buckets, other.trail_buckets),
            trail_topics: narrowed(self.trail_topics, other.trail_topics),
            trail_log_groups: narrowed(self.trail_log_groups, other.trail_log_groups),
            trail_keys: narrowed(self.trail_keys, other.trail_keys),
            trail_administrators: &self.trail_administrators & &other.trail_administrators,
            delegated_administrators: narrowed(self.delegated_administrators, other.delegated_administrators),
            data_resource_types: either(self.data_resource_types, other.data_resource_types),
            network_activity_sources: either(self.network_activity_sources, other.network_activity_sources),
            required_tags: either(self.required_tags, other.required_tags),
        }
    }
}

/// ARNs of log groups without the `:*` that stands for their streams.
fn bare(groups: &[String]) -> BTreeSet<String> {
    groups.iter().map(|group| group.trim_end_matches(":*").to_owned()).collect()
}

/// Those allowed by both lists; an empty list allows all. Lists with nothing in common allow nothing, which the empty string
/// stands for.
fn narrowed(now: BTreeSet<String>, wanted: BTreeSet<String>) -> BTreeSet<String> {
    if wanted.is_empty() || now.is_empty() {
        return &now | &wanted;
    }
    let both = &now & &wanted;
    if both.is_empty() { BTreeSet::from([String::new()]) } else { both }
}

/// What the policies that select an object ask of it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub parameters: Parameters,
    /// Ids of the rules; none for all.
    pub rules: Option<BTreeSet<String>>,
    pub severities: BTreeMap<String, Severity>,
    /// Each with the name of its policy.
    pub exemptions: Vec<(String, Exemption)>,
    /// Whether a policy asks for an OpenReports report.
    pub report: bool,
}

impl Settings {
    /// From the policies that select an object, each with its name. Where they differ, the stricter one holds: a rule that any
    /// of them asks for is asked for, the highest severity counts, and parameters only tighten. An exemption is somebody's
    /// decision about one rule and object: it holds whichever policy has it.
    pub fn of(policies: &[(&str, &CompliancePolicySpec)], catalogue: &Catalogue) -> Self {
        let mut settings = Self::default();
        if policies.is_empty() {
            return settings;
        }
        let mut rules = BTreeSet::new();
        let mut parameters: Option<Parameters> = None;
        for (name, spec) in policies {
            let asked: Vec<&Entry> = catalogue.entries().filter(|entry| asks(spec, entry, catalogue)).collect();
            // A policy that asks for a rule and does not say how severe it is means the catalogue's severity.
            let unsaid = asked.iter().filter(|entry| !spec.severities.contains_key(&entry.id)).map(|entry| (&entry.id, entry.severity));
            for (rule, severity) in spec.severities.iter().map(|(rule, severity)| (rule, *severity)).chain(unsaid) {
                let held = settings.severities.entry(rule.clone()).or_insert(severity);
                *held = (*held).max(severity);
            }
            rules.extend(asked.into_iter().map(|entry| entry.id.clone()));
            let own = Parameters::from(&spec.parameters);
            parameters = Some(match parameters.take() {
                Some(held) => held.tightened(own),
                None => own,
            });
            settings.exemptions.extend(spec.exemptions.iter().map(|exemption| ((*name).to_owned(), exemption.clone())));
            settings.report |= spec.report;
        }
        settings.parameters = parameters.unwrap_or_default();
        settings.rules = Some(rules);
        settings
    }

    /// Whether the rule is to be applied.
    pub fn asks_for(&self, entry: &Entry) -> bool {
        self.rules.as_ref().is_none_or(|rules| rules.contains(&entry.id))
    }

    /// How severe a failure of the rule is.
    pub fn severity(&self, entry: &Entry) -> Severity {
        self.severities.get(&entry.id).copied().unwrap_or(entry.severity)
    }

    /// The finding that a verdict is, after severity and exemptions.
    pub fn settle(&self, entry: &Entry, case: &Case<'_>, verdict: Verdict) -> Finding {
        let common = case.common();
        Finding {
            rule: entry.id.clone(),
            title: entry.title.clone(),
            severity: self.severity(entry),
            judged: common.judged.clone(),
            verdict: match verdict {
                Verdict::Fail(message) => self.exempted(entry, case, message),
                other => other,
            },
        }
    }

    /// A failure, unless an exemption covers it. One that has expired covers nothing, and the finding says so.
    fn exempted(&self, entry: &Entry, case: &Case<'_>, message: String) -> Verdict {
        let covering: Vec<_> = self.exemptions.iter().filter(|(_, exemption)| covers(exemption, entry, case)).collect();
        let now = case.common().now;
        match covering.iter().find(|(_, exemption)| exemption.expires > now) {
            Some((policy, exemption)) => Verdict::Exempt(Exempted {
                message,
                reason: exemption.reason.clone(),
                approver: exemption.approver.clone(),
                expires: exemption.expires,
                policy: policy.clone(),
            }),
            None => Verdict::Fail(match covering.first() {
                Some((policy, exemption)) => format!("{message} (the exemption in policy {policy} expired at {})", exemption.expires),
                None => message,
            }),
        }
    }

    /// Exemptions that hold no more, each with its policy.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = &(String, Exemption)> {
        self.exemptions.iter().filter(move |(_, exemption)| exemption.expires <= now)
    }
}

/// What a policy does not say is as in the baseline; what it says may also be laxer.
impl From<&ParameterValues> for Parameters {
    fn from(values: &ParameterValues) -> Self {
        let default = Self::default();
        Self {
            retention_days: values.retention_days.unwrap_or(default.retention_days),
            log_group_retention_days: values.log_group_retention_days.unwrap_or(default.log_group_retention_days),
            delivery_hours: values.delivery_hours.unwrap_or(default.delivery_hours),
            allowed_regions: values.allowed_regions.iter().cloned().collect(),
            archive_accounts: values.archive_accounts.iter().cloned().collect(),
            home_regions: values.home_regions.iter().cloned().collect(),
            trail_buckets: values.trail_buckets.iter().cloned().collect(),
            trail_topics: values.trail_topics.iter().cloned().collect(),
            trail_log_groups: bare(&values.trail_log_groups),
            trail_keys: values.trail_keys.iter().cloned().collect(),
            trail_administrators: values.trail_administrators.iter().cloned().collect(),
            delegated_administrators: values.delegated_administrators.iter().cloned().collect(),
            data_resource_types: values.data_resource_types.iter().cloned().collect(),
            network_activity_sources: values.network_activity_sources.iter().cloned().collect(),
            required_tags: values.required_tags.iter().cloned().collect(),
        }
    }
}

/// Frameworks and included rules add, excluded rules take away; a policy that names neither frameworks nor rules asks for all.
pub fn asks(spec: &CompliancePolicySpec, entry: &Entry, catalogue: &Catalogue) -> bool {
    let names_none = spec.frameworks.is_empty() && spec.rules.include.is_empty();
    let framework = spec.frameworks.iter().any(|framework| catalogue.serves(entry, framework));
    !spec.rules.exclude.contains(&entry.id) && (names_none || framework || spec.rules.include.contains(&entry.id))
}

fn covers(exemption: &Exemption, entry: &Entry, case: &Case<'_>) -> bool {
    let judged = &case.common().judged;
    let is = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|wanted| found == Some(wanted));
    exemption.rule == entry.id
        && is(&exemption.kind, Some(judged.kind))
        && is(&exemption.object, judged.object.as_deref())
        && is(&exemption.arn, Some(&judged.arn))
        && is(&exemption.account, Some(&judged.account))
}

#[cfg(test)]
mod tests;
