//! Event selectors: the friendly form compiles to advanced selectors; basic and advanced ones that mean the same are equal.
//!
//! Meaning of both forms: CloudTrail API Reference, `EventSelector` and `AdvancedFieldSelector`.

use super::context::TrailContext;
use super::observed::{Observed, Reading, Seen};
use super::read::{CloudTrailRead, Read};
use super::rights::Rights;
use super::step::{CloudTrailStep, Step};
use super::trail_settings::{Settings, TrailFacts};
use super::{Change, Facet, Source};
use crate::api::events::{
    AdvancedSelector, BasicSelector, DataEvents, DataResource, Events, FieldSelector, ManagementEvents, NetworkActivityEvents, ReadWrite,
};
use serde::{Deserialize, Serialize};

/// Selectors as PutEventSelectors takes them: one kind only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Selectors {
    Basic(Vec<BasicSelector>),
    Advanced(Vec<AdvancedSelector>),
}

/// What the selectors mean, whichever kind they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsState {
    pub selectors: Vec<Meaning>,
}

impl EventsState {
    /// Whether any event of this category is recorded.
    pub fn records(&self, category: &str) -> bool {
        self.records_but(category, "")
    }

    /// Whether any event of this category is recorded by a selector without this condition.
    pub fn records_but(&self, category: &str, condition: &str) -> bool {
        let category = format!("eventCategory equals {category}");
        self.selectors.iter().any(|selector| {
            let has = |condition: &str| selector.records.split(" and ").any(|part| part == condition);
            has(&category) && !has(condition)
        })
    }
}

/// One selector's conditions in a fixed order and wording.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Meaning {
    pub records: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

impl EventsState {
    /// A selector that the spec gives no name keeps the name that AWS has for it.
    pub fn named_as(mut self, observed: Option<&Self>) -> Self {
        for selector in self.selectors.iter_mut().filter(|selector| selector.name.is_empty()) {
            let theirs = observed.and_then(|state| state.selectors.iter().find(|other| other.records == selector.records));
            selector.name = theirs.map(|other| other.name.clone()).unwrap_or_default();
        }
        self
    }
}

pub struct TrailEvents(pub TrailContext);

impl Facet for TrailEvents {
    const NAME: &'static str = "events";
    type State = EventsState;

    fn source(&self, seen: &Seen) -> Source {
        let default = || Source::Inferred(Observed::Present(Reading::state(&meaning_of(&compile(&Events::default())))));
        match seen.get(Settings::NAME) {
            // A new trail has the default selectors.
            Some(Observed::Absent) => default(),
            _ => match seen.facts::<TrailFacts>(Settings::NAME) {
                Some(facts) if !facts.has_custom_event_selectors => default(),
                _ => Source::ask_below(seen, Settings::NAME, || {
                    Read::CloudTrail(CloudTrailRead::TrailSelectors { trail: Settings::arn(&self.0, seen) })
                }),
            },
        }
    }

    fn desired(&self, observed: Option<&EventsState>, _seen: &Seen) -> EventsState {
        meaning_of(&compile(&self.0.spec.events)).named_as(observed)
    }

    fn steps(&self, change: &Change<'_, EventsState>) -> Vec<Step> {
        vec![Step::CloudTrail(CloudTrailStep::PutEventSelectors {
            trail: Settings::arn(&self.0, change.seen),
            selectors: compile(&self.0.spec.events),
        })]
    }

    fn rights(&self) -> Rights {
        Rights::on(&self.0.arn(), &["cloudtrail:GetEventSelectors"], &["cloudtrail:PutEventSelectors"])
    }
}

/// The selectors that a spec asks for.
pub fn compile(events: &Events) -> Selectors {
    if let Some(basic) = &events.basic {
        return Selectors::Basic(basic.clone());
    }
    if let Some(advanced) = &events.advanced {
        return Selectors::Advanced(advanced.clone());
    }
    let management = events.management.clone().unwrap_or_default();
    let data = events.data.iter().flatten().map(data_selector);
    let network = events.network_activity.iter().flatten().map(network_selector);
    Selectors::Advanced(management.enabled.then(|| management_selector(&management)).into_iter().chain(data).chain(network).collect())
}

fn management_selector(management: &ManagementEvents) -> AdvancedSelector {
    let excluded: Vec<String> = [(management.exclude_kms, "kms.amazonaws.com"), (management.exclude_rds_data, "rdsdata.amazonaws.com")]
        .iter()
        .filter(|(exclude, _)| *exclude)
        .map(|(_, source)| (*source).to_owned())
        .collect();
    let mut fields = vec![equals("eventCategory", ["Management"])];
    fields.extend(read_only(management.read_write));
    if !excluded.is_empty() {
        fields.push(FieldSelector { field: "eventSource".into(), not_equals: excluded, ..FieldSelector::default() });
    }
    AdvancedSelector { name: None, field_selectors: fields }
}

fn data_selector(data: &DataEvents) -> AdvancedSelector {
    let mut fields = vec![equals("eventCategory", ["Data"]), equals("resources.type", [data.resource_type.as_str()])];
    fields.extend(read_only(data.read_write));
    fields.extend(one_of("eventName", &data.event_names));
    fields.extend(prefixed("resources.ARN", &data.arn_prefixes, &data.exclude_arn_prefixes));
    fields.extend(one_of("eventSource", &data.event_sources));
    fields.extend(one_of("eventType", &data.event_types));
    fields.extend(prefixed("userIdentity.arn", &data.user_arn_prefixes, &data.exclude_user_arn_prefixes));
    fields.extend(data.from_console.map(|console| equals("sessionCredentialFromConsole", [if console { "true" } else { "false" }])));
    AdvancedSelector { name: data.name.clone(), field_selectors: fields }
}

fn network_selector(network: &NetworkActivityEvents) -> AdvancedSelector {
    let mut fields = vec![equals("eventCategory", ["NetworkActivity"]), equals("eventSource", [network.event_source.as_str()])];
    fields.extend(one_of("eventName", &network.event_names));
    fields.extend(one_of("vpcEndpointId", &network.vpc_endpoint_ids));
    fields.extend(network.access_denied_only.then(|| equals("errorCode", ["VpceAccessDenied"])));
    fields.extend(prefixed("userIdentity.arn", &network.user_arn_prefixes, &network.exclude_user_arn_prefixes));
    AdvancedSelector { name: network.name.clone(), field_selectors: fields }
}

fn one_of(field: &str, values: &[String]) -> Option<FieldSelector> {
    (!values.is_empty()).then(|| equals(field, values.iter().map(String::as_str)))
}

fn prefixed(field: &str, with: &[String], without: &[String]) -> Option<FieldSelector> {
    (!with.is_empty() || !without.is_empty()).then(|| FieldSelector {
        field: field.to_owned(),
        starts_with: with.to_vec(),
        not_starts_with: without.to_vec(),
        ..FieldSelector::default()
    })
}

fn equals<'a>(field: &str, values: impl IntoIterator<Item = &'a str>) -> FieldSelector {
    FieldSelector { field: field.to_owned(), equals: values.into_iter().map(str::to_owned).collect(), ..FieldSelector::default() }
}

fn read_only(which: ReadWrite) -> Option<FieldSelector> {
    match which {
        ReadWrite::All => None,
        ReadWrite::ReadOnly => Some(equals("readOnly", ["true"])),
        ReadWrite::WriteOnly => Some(equals("readOnly", ["false"])),
    }
}

/// What selectors of either kind mean.
pub fn meaning_of(selectors: &Selectors) -> EventsState {
    let advanced = match selectors {
        Selectors::Advanced(advanced) => advanced.clone(),
        Selectors::Basic(basic) => basic.iter().flat_map(as_advanced).collect(),
    };
    let mut meanings: Vec<Meaning> = advanced.iter().map(meaning).collect();
    meanings.sort();
    EventsState { selectors: meanings }
}

fn meaning(selector: &AdvancedSelector) -> Meaning {
    let mut conditions: Vec<String> = selector.field_selectors.iter().flat_map(conditions).collect();
    conditions.sort();
    Meaning { records: conditions.join(" and "), name: selector.name.clone().unwrap_or_default() }
}

fn conditions(field: &FieldSelector) -> Vec<String> {
    let operators = [
        ("equals", &field.equals),
        ("notEquals", &field.not_equals),
        ("startsWith", &field.starts_with),
        ("notStartsWith", &field.not_starts_with),
        ("endsWith", &field.ends_with),
        ("notEndsWith", &field.not_ends_with),
    ];
    operators
        .into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(operator, values)| {
            let mut values = values.clone();
            values.sort();
            values.dedup();
            format!("{} {operator} {}", field.field, values.join(", "))
        })
        .collect()
}

fn as_advanced(basic: &BasicSelector) -> Vec<AdvancedSelector> {
    let management = ManagementEvents {
        enabled: basic.include_management_events,
        read_write: basic.read_write_type,
        exclude_kms: basic.exclude_management_event_sources.iter().any(|source| source == "kms.amazonaws.com"),
        exclude_rds_data: basic.exclude_management_event_sources.iter().any(|source| source == "rdsdata.amazonaws.com"),
    };
    let data = basic.data_resources.iter().map(|resource| data_as_advanced(resource, basic.read_write_type));
    management.enabled.then(|| management_selector(&management)).into_iter().chain(data).collect()
}

fn data_as_advanced(resource: &DataResource, which: ReadWrite) -> AdvancedSelector {
    let mut fields = vec![equals("eventCategory", ["Data"]), equals("resources.type", [resource.kind.as_str()])];
    fields.extend(read_only(which));
    if !resource.values.iter().any(|value| means_all(value)) {
        let arns = FieldSelector { field: "resources.ARN".into(), ..FieldSelector::default() };
        fields.push(match resource.kind.as_str() {
            "AWS::S3::Object" => FieldSelector { starts_with: resource.values.clone(), ..arns },
            _ => FieldSelector { equals: resource.values.clone(), ..arns },
        });
    }
    AdvancedSelector { name: None, field_selectors: fields }
}

/// `arn:aws:s3`, `arn:aws:lambda` and `arn:aws:dynamodb` name every resource of the type.
fn means_all(value: &str) -> bool {
    let mut parts = value.split(':').skip(2);
    matches!(parts.next(), Some("s3" | "lambda" | "dynamodb")) && parts.all(str::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(yaml: &str) -> EventsState {
        meaning_of(&compile(&serde_saphyr::from_str(yaml).unwrap()))
    }

    #[test]
    fn default_events_are_all_management_events_in_every_form() {
        let default = events("{}");
        assert_eq!(default, events("basic: [{}]"));
        assert_eq!(default, events("advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}]}]"));
    }

    #[test]
    fn forms_that_mean_the_same_are_equal() {
        let friendly = events(
            "{management: {readWrite: WriteOnly, excludeKms: true}, data: [{resourceType: 'AWS::S3::Object', readWrite: WriteOnly}]}",
        );
        let basic = events(
            "basic: [{readWriteType: WriteOnly, excludeManagementEventSources: [kms.amazonaws.com], dataResources: [{type: 'AWS::S3::Object', values: ['arn:aws:s3']}]}]",
        );
        assert_eq!(friendly, basic);
    }

    #[test]
    fn order_of_values_and_selectors_does_not_matter() {
        let one = events("{data: [{resourceType: 'AWS::S3::Object', arnPrefixes: [b, a]}, {resourceType: 'AWS::Lambda::Function'}]}");
        let two = events("{data: [{resourceType: 'AWS::Lambda::Function'}, {resourceType: 'AWS::S3::Object', arnPrefixes: [a, b]}]}");
        assert_eq!(one, two);
    }

    #[test]
    fn network_activity_and_callers_become_conditions() {
        let friendly = events(
            "{management: {enabled: false}, networkActivity: [{eventSource: kms.amazonaws.com, accessDeniedOnly: true, vpcEndpointIds: [vpce-1]}], \
             data: [{resourceType: 'AWS::S3::Object', fromConsole: true, userArnPrefixes: ['arn:aws:sts::1:'], eventSources: [s3.amazonaws.com]}]}",
        );
        let records: Vec<_> = friendly.selectors.iter().map(|selector| selector.records.as_str()).collect();
        assert_eq!(
            records,
            [
                "errorCode equals VpceAccessDenied and eventCategory equals NetworkActivity and eventSource equals kms.amazonaws.com \
                 and vpcEndpointId equals vpce-1",
                "eventCategory equals Data and eventSource equals s3.amazonaws.com and resources.type equals AWS::S3::Object \
                 and sessionCredentialFromConsole equals true and userIdentity.arn startsWith arn:aws:sts::1:",
            ]
        );
        assert!(friendly.records("Data") && friendly.records("NetworkActivity") && !friendly.records("Management"));
    }

    #[test]
    fn a_prefix_is_not_everything() {
        assert!(means_all("arn:aws:s3:::"));
        assert!(means_all("arn:aws:lambda"));
        assert!(!means_all("arn:aws:s3:::bucket/"));
    }
}
