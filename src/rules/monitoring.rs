//! Rules about alarms on what a trail records: the whole chain from the filter on its log group over the metric and the alarm
//! to somebody who is told. Patterns are compared by clauses: a filter may count more than the benchmark asks for.
//!
//! The evidence is `monitoring` (`Monitoring`) where `check` read it of a trail that others made: CloudWatch Logs
//! DescribeMetricFilters of the trail's group, CloudWatch DescribeAlarms on their metrics, SNS GetTopicAttributes of the topics that
//! these tell. For a Trail of ours it is put together from the facets `metricFilters`, `alarms` and `alarmTopic`.

use super::case::{Stage, TrailCase};
use super::finding::Verdict;
use super::implication::{Term, implies, is_beyond_clauses, terms, told};
use super::{Judge, Judgement, Rule, applies, must};
use crate::api::alarms::{AlarmId, Baseline};
use crate::facets::alarm_baseline;
use crate::facets::alarms::{Alarm, AlarmsState};
use crate::facets::filter_pattern::Pattern;
use crate::facets::metric_filters::{FiltersState, MetricFilter};
use crate::facets::topic::Subscribers;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const RULES: &[Rule] = &[
    Rule { id: "TK-MONITORING-001", judge: Judge::Trail(something_is_watched) },
    Rule { id: "TK-MONITORING-002", judge: Judge::Trail(|case| watched(case, AlarmId::UnauthorizedApiCalls)) },
    Rule { id: "TK-MONITORING-003", judge: Judge::Trail(|case| watched(case, AlarmId::ConsoleSignInWithoutMfa)) },
    Rule { id: "TK-MONITORING-004", judge: Judge::Trail(|case| watched(case, AlarmId::RootUsage)) },
    Rule { id: "TK-MONITORING-005", judge: Judge::Trail(|case| watched(case, AlarmId::IamPolicyChanges)) },
    Rule { id: "TK-MONITORING-006", judge: Judge::Trail(|case| watched(case, AlarmId::CloudtrailChanges)) },
    Rule { id: "TK-MONITORING-007", judge: Judge::Trail(|case| watched(case, AlarmId::ConsoleAuthenticationFailures)) },
    Rule { id: "TK-MONITORING-008", judge: Judge::Trail(|case| watched(case, AlarmId::KmsKeyDisabledOrDeleted)) },
    Rule { id: "TK-MONITORING-009", judge: Judge::Trail(|case| watched(case, AlarmId::BucketPolicyChanges)) },
    Rule { id: "TK-MONITORING-010", judge: Judge::Trail(|case| watched(case, AlarmId::ConfigChanges)) },
    Rule { id: "TK-MONITORING-011", judge: Judge::Trail(|case| watched(case, AlarmId::SecurityGroupChanges)) },
    Rule { id: "TK-MONITORING-012", judge: Judge::Trail(|case| watched(case, AlarmId::NetworkAclChanges)) },
    Rule { id: "TK-MONITORING-013", judge: Judge::Trail(|case| watched(case, AlarmId::NetworkGatewayChanges)) },
    Rule { id: "TK-MONITORING-014", judge: Judge::Trail(|case| watched(case, AlarmId::RouteTableChanges)) },
    Rule { id: "TK-MONITORING-015", judge: Judge::Trail(|case| watched(case, AlarmId::VpcChanges)) },
    Rule { id: "TK-MONITORING-016", judge: Judge::Trail(organization_watched) },
    Rule { id: "TK-MONITORING-017", judge: Judge::Trail(alarms_have_actions) },
    Rule { id: "TK-MONITORING-018", judge: Judge::Trail(actions_are_enabled) },
    Rule { id: "TK-MONITORING-019", judge: Judge::Trail(somebody_listens) },
];

/// What watches a trail's log group. Under `monitoring`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Monitoring {
    /// Every metric filter of the log group, by name. Of a filter with several metrics the first counts.
    pub filters: BTreeMap<String, MetricFilter>,
    /// The alarms on the metrics of these filters, by name.
    pub alarms: BTreeMap<String, Alarm>,
    /// The topics that these alarms tell, by ARN.
    pub topics: BTreeMap<String, Listeners>,
}

/// Who listens to a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Listeners {
    /// There is no such topic.
    Missing,
    /// It may not be asked, for example since it is another account's: why.
    Unknown(String),
    /// Subscriptions by state.
    Counted { confirmed: u32, pending: u32 },
}

/// One step of the chain that is not there, or is not known to be.
enum Link {
    Broken(String),
    Unknown(String),
}

impl TrailCase {
    fn delivers_to_log_group(&self) -> Result<bool, Verdict> {
        Ok(!self.settings()?.log_group.is_empty())
    }

    /// What watches the trail; none where it was not looked for.
    fn monitoring(&self) -> Result<Option<Monitoring>, Verdict> {
        if self.common.was_looked_at("monitoring") {
            return self.common.state::<Monitoring>("monitoring").map(Option::unwrap_or_default).map(Some);
        }
        if !self.common.was_looked_at("metricFilters") {
            return Ok(None);
        }
        let filters = self.common.state::<FiltersState>("metricFilters")?.unwrap_or_default().0;
        let alarms = match self.common.was_looked_at("alarms") {
            true => self.common.state::<AlarmsState>("alarms")?.unwrap_or_default().0,
            false => BTreeMap::new(),
        };
        let topics = self.own_topic(&alarms);
        Ok(Some(Monitoring { filters, alarms, topics }))
    }

    /// All alarms of ours tell one topic. That of another account is not looked at.
    fn own_topic(&self, alarms: &BTreeMap<String, Alarm>) -> BTreeMap<String, Listeners> {
        let arns = alarms.values().flat_map(|alarm| &alarm.actions).filter(|action| is_topic(action));
        let listeners = match self.common.facts::<Option<Subscribers>>("alarmTopic") {
            Ok(Some(Some(Subscribers { confirmed, pending, .. }))) => Listeners::Counted { confirmed, pending },
            Ok(None) => Listeners::Missing,
            Ok(Some(None)) => Listeners::Unknown("a manifest does not say who listens to the topic".to_owned()),
            Err(verdict) => Listeners::Unknown(verdict.message().to_owned()),
        };
        arns.map(|arn| (arn.clone(), listeners.clone())).collect()
    }

    /// What watches the trail, for rules that are left out where nobody looked.
    fn watched(&self) -> Result<Monitoring, Verdict> {
        applies(
            self.delivers_to_log_group()?,
            "the trail delivers to no log group that could be watched: TK-MONITORING-001 tells of that",
        )?;
        self.monitoring()?.ok_or_else(|| Verdict::NotApplicable("it was not looked at which alarms there are".to_owned()))
    }
}

fn is_topic(action: &str) -> bool {
    action.split(':').nth(2) == Some("sns")
}

impl Monitoring {
    /// Whether an event that the filter counts is told to somebody. What a manifest can't show is taken as given there.
    fn reaches_somebody(&self, filter: &MetricFilter, stage: Stage) -> Result<(), Link> {
        let broken = |why: &str| Err(Link::Broken(why.to_owned()));
        if !filter.dimensions.is_empty() || !filter.emit_system_field_dimensions.is_empty() {
            return broken("counts into metrics by dimension, of which no alarm sees the whole");
        }
        if !filter.field_selection_criteria.is_empty() {
            return broken("counts the events of some sources only (field selection criteria)");
        }
        let on_metric = self
            .alarms
            .values()
            .filter(|alarm| alarm.metric_namespace == filter.metric_namespace && alarm.metric_name == filter.metric_name);
        let mut first = None;
        for alarm in on_metric {
            match raised_by_one(filter, alarm).and_then(|()| self.tells_somebody(alarm, stage)) {
                Ok(()) => return Ok(()),
                Err(link) => first = first.or(Some(link)),
            }
        }
        Err(first.unwrap_or_else(|| Link::Broken("has no alarm on its metric".to_owned())))
    }

    fn tells_somebody(&self, alarm: &Alarm, stage: Stage) -> Result<(), Link> {
        if !alarm.actions_enabled {
            return Err(Link::Broken("has an alarm whose actions are disabled".to_owned()));
        }
        let mut first = None;
        for action in &alarm.actions {
            match self.is_heard(action, stage) {
                Ok(()) => return Ok(()),
                Err(link) => first = first.or(Some(link)),
            }
        }
        Err(first.unwrap_or_else(|| Link::Broken("has an alarm that tells nobody".to_owned())))
    }

    /// Functions, incidents and the like do something by themselves.
    fn is_heard(&self, action: &str, stage: Stage) -> Result<(), Link> {
        if !is_topic(action) || stage == Stage::Declared {
            return Ok(());
        }
        match self.topics.get(action) {
            Some(Listeners::Counted { confirmed: 0, pending }) => {
                Err(Link::Broken(format!("tells topic {action}, to which nobody has confirmed a subscription ({pending} pending)")))
            }
            Some(Listeners::Counted { .. }) => Ok(()),
            Some(Listeners::Missing) => Err(Link::Broken(format!("tells topic {action}, which does not exist"))),
            Some(Listeners::Unknown(why)) => Err(Link::Unknown(format!("who listens to topic {action} is not known: {why}"))),
            None => Err(Link::Unknown(format!("who listens to topic {action} was not looked at"))),
        }
    }
}

/// Whether one counted event is enough.
fn raised_by_one(filter: &MetricFilter, alarm: &Alarm) -> Result<(), Link> {
    let broken = |why: String| Err(Link::Broken(why));
    if !alarm.dimensions.is_empty() {
        return broken("has an alarm on a dimension that it does not count by".to_owned());
    }
    if !alarm.unit.is_empty() && alarm.unit != filter.unit && alarm.unit != "None" {
        return broken(format!("has an alarm on the unit {}, which it does not count in", alarm.unit));
    }
    let counted = filter.metric_value.parse::<f64>().unwrap_or_default();
    let one = match alarm.statistic.as_str() {
        "Sum" | "Maximum" => counted,
        "SampleCount" if filter.default_value.is_none() => 1.0,
        // Periods without an event would dilute it.
        "Average" | "Minimum" if filter.default_value.is_none() => counted,
        other => return broken(format!("has an alarm on {other}, which one event need not raise")),
    };
    let enough = match alarm.comparison.as_str() {
        "GreaterThanOrEqualToThreshold" => one >= alarm.threshold,
        "GreaterThanThreshold" => one > alarm.threshold,
        _ => false,
    };
    if !enough {
        return broken(format!(
            "has an alarm that one event does not raise ({} {} {})",
            alarm.statistic, alarm.comparison, alarm.threshold
        ));
    }
    let needed = if alarm.datapoints_to_alarm > 0 { alarm.datapoints_to_alarm } else { alarm.evaluation_periods };
    if needed > 1 {
        return broken(format!("has an alarm that takes {needed} periods with an event to be raised"));
    }
    Ok(())
}

fn something_is_watched(case: &TrailCase) -> Judgement {
    must(case.delivers_to_log_group()?, || "the trail delivers to no log group: no alarm can watch what it records".to_owned())?;
    let monitoring = match (case.monitoring()?, case.common.stage) {
        (Some(monitoring), _) => monitoring,
        (None, Stage::Declared) => Monitoring::default(),
        (None, Stage::Live) => return applies(false, "it was not looked at which alarms there are"),
    };
    match monitoring.heard(monitoring.filters.iter(), case.common.stage) {
        Some(Ok(())) => Ok(()),
        Some(Err(Link::Broken(why))) => Err(Verdict::Fail(format!("nobody is told of what is recorded: {why}"))),
        Some(Err(Link::Unknown(why))) => Err(Verdict::Unknown(why)),
        None => Err(Verdict::Fail("no metric filter watches the trail's log group".to_owned())),
    }
}

/// The events that must be told of. An event of this name from another service is none of them, so a filter may leave it out:
/// AWS itself recommends that for IAM and EC2. Several forms where the benchmark has several, or writes what it does not mean.
fn asked_for(id: AlarmId) -> Vec<Vec<Term>> {
    let Some(alarm) = alarm_baseline::alarms(Baseline::Cis70).iter().find(|alarm| alarm.id == id) else { return Vec::new() };
    let service = match id {
        AlarmId::IamPolicyChanges => "iam",
        AlarmId::CloudtrailChanges => "cloudtrail",
        AlarmId::ConsoleSignInWithoutMfa | AlarmId::ConsoleAuthenticationFailures => "signin",
        AlarmId::SecurityGroupChanges
        | AlarmId::NetworkAclChanges
        | AlarmId::NetworkGatewayChanges
        | AlarmId::RouteTableChanges
        | AlarmId::VpcChanges => "ec2",
        AlarmId::UnauthorizedApiCalls
        | AlarmId::RootUsage
        | AlarmId::KmsKeyDisabledOrDeleted
        | AlarmId::BucketPolicyChanges
        | AlarmId::ConfigChanges
        | AlarmId::OrganizationsChanges => "",
    };
    // The exclusions are meant for both error codes.
    let meant = (id == AlarmId::UnauthorizedApiCalls).then_some(UNAUTHORIZED_AS_MEANT);
    let pattern = |text: &str| Some(terms(&from(service, Pattern::parse(text)?)));
    std::iter::once(alarm.pattern(Baseline::Cis70)).chain(meant).filter_map(pattern).collect()
}

const UNAUTHORIZED_AS_MEANT: &str = r#"{ (($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")) && ($.sourceIPAddress != "delivery.logs.amazonaws.com") && ($.eventName != "HeadBucket") }"#;

fn from(service: &str, pattern: Pattern) -> Pattern {
    let only = || Pattern::parse(&format!("{{ $.eventSource = {service}.amazonaws.com }}"));
    match (service, only()) {
        ("", _) | (_, None) => pattern,
        (_, Some(only)) => Pattern::all(vec![only, pattern]),
    }
}

fn watched(case: &TrailCase, id: AlarmId) -> Judgement {
    let monitoring = case.watched()?;
    // Any form will do; what the first lacks is told.
    let mut first = None;
    for form in asked_for(id) {
        match monitoring.covers(&form, case.common.stage) {
            Ok(()) => return Ok(()),
            Err(verdict) => first = first.or(Some(verdict)),
        }
    }
    first.map_or(Ok(()), Err)
}

/// An account without an organization has nothing to watch there.
fn organization_watched(case: &TrailCase) -> Judgement {
    match watched(case, AlarmId::OrganizationsChanges) {
        Err(Verdict::Fail(_)) if case.organization.is_none() => applies(false, "its account is not known to belong to an organization"),
        judgement => judgement,
    }
}

const SHOWN: usize = 4;

impl Monitoring {
    /// Whether each of these events is counted by a filter that somebody hears of. Several filters may share them.
    fn covers(&self, asked: &[Term], stage: Stage) -> Judgement {
        let read: Vec<(&String, Option<Pattern>, &MetricFilter)> =
            self.filters.iter().map(|(name, filter)| (name, Pattern::parse(&filter.pattern), filter)).collect();
        let (mut uncounted, mut unheard, mut unknown) = (Vec::new(), None, None);
        for term in asked {
            let counting = read.iter().filter(|(_, pattern, _)| pattern.as_ref().is_some_and(|pattern| implies(term, pattern)));
            match self.heard(counting.map(|(name, _, filter)| (*name, *filter)), stage) {
                Some(Ok(())) => {}
                Some(Err(Link::Broken(why))) => unheard = unheard.or(Some(why)),
                Some(Err(Link::Unknown(why))) => unknown = unknown.or(Some(why)),
                None => uncounted.push(told(term)),
            }
        }
        if !uncounted.is_empty() {
            // A filter whose pattern clauses do not decide may count them.
            let beyond = read.iter().find(|(_, pattern, _)| pattern.as_ref().is_none_or(is_beyond_clauses));
            return Err(match beyond {
                Some((name, ..)) => {
                    Verdict::Unknown(format!("whether filter {name} counts {} can't be told from its pattern", list(&uncounted)))
                }
                None => Verdict::Fail(format!("no metric filter counts {}", list(&uncounted))),
            });
        }
        match (unheard, unknown) {
            (Some(why), _) => Err(Verdict::Fail(format!("nobody is told: {why}"))),
            (None, Some(why)) => Err(Verdict::Unknown(why)),
            (None, None) => Ok(()),
        }
    }

    /// Whether one of the filters reaches somebody; none where there is no filter. What is not known counts more than what is
    /// broken: it may reach somebody.
    fn heard<'f>(&self, filters: impl Iterator<Item = (&'f String, &'f MetricFilter)>, stage: Stage) -> Option<Result<(), Link>> {
        let mut worst = None;
        for (name, filter) in filters {
            match (self.reaches_somebody(filter, stage), &worst) {
                (Ok(()), _) => return Some(Ok(())),
                (Err(Link::Broken(why)), None) => worst = Some(Link::Broken(format!("filter {name} {why}"))),
                (Err(Link::Broken(_)), Some(_)) => {}
                (Err(unknown), _) => worst = Some(unknown),
            }
        }
        worst.map(Err)
    }
}

fn list(clauses: &[String]) -> String {
    let more = clauses.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("{}{rest}", clauses.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", "))
}

fn some_alarms(case: &TrailCase) -> Result<Monitoring, Verdict> {
    let monitoring = case.watched()?;
    applies(!monitoring.alarms.is_empty(), "there are no alarms")?;
    Ok(monitoring)
}

fn silent(monitoring: &Monitoring, is_silent: fn(&Alarm) -> bool) -> Vec<&str> {
    monitoring.alarms.iter().filter(|(_, alarm)| is_silent(alarm)).map(|(name, _)| name.as_str()).collect()
}

fn alarms_have_actions(case: &TrailCase) -> Judgement {
    let monitoring = some_alarms(case)?;
    let silent = silent(&monitoring, |alarm| alarm.actions.is_empty());
    must(silent.is_empty(), || format!("these alarms have no action when they are raised: {}", silent.join(", ")))
}

fn actions_are_enabled(case: &TrailCase) -> Judgement {
    let monitoring = some_alarms(case)?;
    let silent = silent(&monitoring, |alarm| !alarm.actions_enabled);
    must(silent.is_empty(), || format!("the actions of these alarms are disabled: {}", silent.join(", ")))
}

fn somebody_listens(case: &TrailCase) -> Judgement {
    let monitoring = some_alarms(case)?;
    let topics: Vec<&String> = monitoring.alarms.values().flat_map(|alarm| &alarm.actions).filter(|action| is_topic(action)).collect();
    applies(!topics.is_empty(), "no alarm tells a topic")?;
    for topic in topics {
        monitoring.is_heard(topic, case.common.stage).map_err(|link| match link {
            Link::Broken(why) => Verdict::Fail(format!("an alarm {why}")),
            Link::Unknown(why) => Verdict::Unknown(why),
        })?;
    }
    Ok(())
}
