//! Which alarms a Trail asks for: those of the baseline that are not excluded, and its own. Their names in AWS.

use super::alarm_baseline;
use super::context::TrailContext;
use super::policy_document::short_hash;
use crate::api::alarms::Alarms;
use std::collections::BTreeMap;

/// Raised by one matching event.
const THRESHOLD: u32 = 1;
const PERIOD_SECONDS: u32 = 300;

/// One alarm as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedAlarm {
    /// As the benchmark or the spec writes it.
    pub pattern: String,
    pub threshold: u32,
    pub period_seconds: u32,
    pub description: String,
}

/// The alarms that the spec asks for, by their short names.
pub fn planned(context: &TrailContext) -> BTreeMap<String, PlannedAlarm> {
    context.spec.alarms.as_ref().map(planned_of).unwrap_or_default()
}

/// The same, where there is no more than the spec.
pub fn planned_of(alarms: &Alarms) -> BTreeMap<String, PlannedAlarm> {
    let version: &'static str = alarms.baseline.into();
    let wanted = alarm_baseline::alarms(alarms.baseline).iter().filter(|alarm| !alarms.exclude.contains(&alarm.id));
    let baseline = wanted.map(|alarm| {
        let name: &'static str = alarm.id.into();
        let planned = PlannedAlarm {
            pattern: alarm.pattern(alarms.baseline).to_owned(),
            threshold: THRESHOLD,
            period_seconds: PERIOD_SECONDS,
            description: format!("{version} {}: {}", alarm.section(alarms.baseline), alarm.title),
        };
        (name.to_owned(), planned)
    });
    let custom = alarms.custom.iter().map(|alarm| {
        let planned = PlannedAlarm {
            pattern: alarm.pattern.clone(),
            threshold: alarm.threshold,
            period_seconds: alarm.period_seconds,
            description: alarm.description.clone(),
        };
        (alarm.name.clone(), planned)
    });
    // A custom alarm takes the place of the baseline's of the same name.
    baseline.chain(custom).collect()
}

/// What the names of a trail's filters, metrics and alarms begin with. It names the object that they belong to, since
/// filters take no tags, and so that a pass that was cut off finds them again.
pub fn prefix(context: &TrailContext) -> String {
    format!("trailkeeper-{}-{}-", context.name, short_hash(&context.owner))
}

/// ARN of the topic that alarms tell, given or ours.
pub fn topic_arn(context: &TrailContext) -> Option<String> {
    let alarms = context.spec.alarms.as_ref()?;
    Some(alarms.topic_arn.clone().unwrap_or_else(|| own_topic_arn(context, alarms)))
}

fn own_topic_arn(context: &TrailContext, alarms: &Alarms) -> String {
    // Topics take no dots in their names.
    let derived = || format!("trailkeeper-{}-{}-alarms", context.name.replace('.', "-"), short_hash(&context.owner));
    let name = alarms.topic.as_ref().and_then(|topic| topic.name.clone()).unwrap_or_else(derived);
    let (partition, account) = (context.account.partition.as_str(), &context.account.id);
    format!("arn:{partition}:sns:{}:{account}:{name}", context.spec.region)
}

/// The ARN of every alarm of this trail, with a wildcard.
pub fn alarm_arns(context: &TrailContext) -> String {
    let (partition, account) = (context.account.partition.as_str(), &context.account.id);
    format!("arn:{partition}:cloudwatch:{}:{account}:alarm:{}*", context.spec.region, prefix(context))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::alarms::{AlarmId, Baseline, CustomAlarm};

    #[test]
    fn excluded_alarms_are_left_out_and_custom_ones_take_precedence() {
        let custom = |name: &str| CustomAlarm {
            name: name.to_owned(),
            pattern: "{ $.eventName = X }".to_owned(),
            threshold: 5,
            period_seconds: 60,
            description: String::new(),
        };
        let alarms = Alarms { exclude: vec![AlarmId::VpcChanges], custom: vec![custom("mine"), custom("root-usage")], ..Alarms::default() };
        let planned = planned_of(&alarms);
        assert_eq!(planned.len(), 15 - 1 + 1);
        assert!(!planned.contains_key("vpc-changes"));
        assert_eq!(planned["root-usage"].threshold, 5);
        assert_eq!(planned["config-changes"].description, "CIS-7.0 5.9: AWS Config changes");
        let only_custom = Alarms { baseline: Baseline::None, custom: vec![custom("mine")], ..Alarms::default() };
        assert_eq!(planned_of(&only_custom).into_keys().collect::<Vec<_>>(), ["mine"]);
    }
}
