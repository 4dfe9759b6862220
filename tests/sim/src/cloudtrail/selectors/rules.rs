//! What a selector may say on a trail (facts/api.md, the advanced field matrix). Pure.

use super::super::errors::invalid_selectors;
use super::super::model::{AdvancedEventSelector, EventSelector, FieldSelector};
use crate::aws_error::AwsError;
use std::collections::BTreeSet;

const BASIC_SELECTORS: usize = 5;
const BASIC_VALUES: usize = 250;
const ADVANCED_VALUES: usize = 500;
const EXCLUDABLE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// Types of the basic form, with the ARN prefix of their values and the value that means all.
const BASIC_TYPES: [(&str, &str); 3] =
    [("AWS::S3::Object", ":s3"), ("AWS::Lambda::Function", ":lambda"), ("AWS::DynamoDB::Table", ":dynamodb")];

pub fn check_basic(selectors: &[EventSelector]) -> Result<(), AwsError> {
    if selectors.len() > BASIC_SELECTORS {
        return Err(invalid_selectors(format!("A trail can have up to {BASIC_SELECTORS} event selectors.")));
    }
    let mut values = 0;
    for selector in selectors {
        values += check_basic_one(selector)?;
    }
    if values > BASIC_VALUES {
        return Err(invalid_selectors(format!("A trail can have up to {BASIC_VALUES} data resources over all event selectors.")));
    }
    Ok(())
}

/// Counts the values that fall under the limit; those that mean all do not.
fn check_basic_one(selector: &EventSelector) -> Result<usize, AwsError> {
    if !["ReadOnly", "WriteOnly", "All"].contains(&selector.read_write_type.as_str()) {
        return Err(invalid_selectors(format!("ReadWriteType '{}' is not valid.", selector.read_write_type)));
    }
    if let Some(source) = selector.exclude_management_event_sources.iter().find(|source| !EXCLUDABLE.contains(&source.as_str())) {
        return Err(invalid_selectors(format!("ExcludeManagementEventSources can't contain '{source}'.")));
    }
    if !selector.include_management_events && !selector.exclude_management_event_sources.is_empty() {
        return Err(invalid_selectors("ExcludeManagementEventSources needs IncludeManagementEvents to be true."));
    }
    if !selector.include_management_events && selector.data_resources.is_empty() {
        return Err(invalid_selectors("An event selector must include management events or data resources."));
    }
    let mut values = 0;
    for resource in &selector.data_resources {
        let Some((_, service)) = BASIC_TYPES.iter().find(|(kind, _)| *kind == resource.kind) else {
            return Err(invalid_selectors(format!("The data resource type '{}' is not valid for basic event selectors.", resource.kind)));
        };
        for value in &resource.values {
            let rest = value.strip_prefix("arn:").and_then(|rest| {
                rest.strip_prefix("aws-us-gov").or_else(|| rest.strip_prefix("aws-cn")).or_else(|| rest.strip_prefix("aws"))
            });
            let Some(rest) = rest.and_then(|rest| rest.strip_prefix(service)) else {
                return Err(invalid_selectors(format!("Value {value} for DataResources.Values is invalid for type {}.", resource.kind)));
            };
            values += usize::from(!rest.is_empty());
        }
    }
    Ok(values)
}

pub fn check_advanced(selectors: &[AdvancedEventSelector]) -> Result<(), AwsError> {
    let mut values = 0;
    for selector in selectors {
        if selector.name.as_ref().is_some_and(|name| name.chars().count() > 1000) {
            return Err(invalid_selectors("The name of an advanced event selector has at most 1000 characters."));
        }
        values += check_advanced_one(&selector.field_selectors)?;
    }
    if values > ADVANCED_VALUES {
        return Err(invalid_selectors(format!(
            "A trail can have up to {ADVANCED_VALUES} condition values over all advanced event selectors."
        )));
    }
    Ok(())
}

/// Categories that an event data store takes and a trail does not. Their selector names nothing else.
const STORE_CATEGORIES: [&str; 4] = ["Insight", "ConfigurationItem", "Evidence", "ActivityAuditLog"];
const STORE_SELECTORS: usize = 5;

/// What an event data store takes: as a trail, up to five, or one selector of another category.
pub fn check_store(selectors: &[AdvancedEventSelector]) -> Result<(), AwsError> {
    if selectors.len() > STORE_SELECTORS {
        return Err(invalid_selectors(format!("An event data store can have up to {STORE_SELECTORS} advanced event selectors.")));
    }
    if let [only] = selectors
        && let [field] = only.field_selectors.as_slice()
        && let [category] = equals(&only.field_selectors, "eventCategory")
        && STORE_CATEGORIES.contains(&category.as_str())
    {
        return check_operators(field).map(drop);
    }
    check_advanced(selectors)
}

/// Counts the condition values.
fn check_advanced_one(fields: &[FieldSelector]) -> Result<usize, AwsError> {
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for field in fields {
        if !seen.insert(field.field.as_str()) {
            return Err(invalid_selectors(format!("Field {} is given twice in one selector.", field.field)));
        }
        count += check_operators(field)?;
    }
    let category = equals(fields, "eventCategory");
    let [category] = category else {
        return Err(invalid_selectors("An advanced event selector needs the field eventCategory with exactly one value in Equals."));
    };
    let allowed = Category::parse(category)?;
    for field in fields {
        allowed.check_field(field)?;
    }
    for required in allowed.required() {
        if equals(fields, required).len() != 1 {
            return Err(invalid_selectors(format!(
                "A selector of category {category} needs the field {required} with exactly one value in Equals."
            )));
        }
    }
    Ok(count)
}

fn check_operators(field: &FieldSelector) -> Result<usize, AwsError> {
    let operators = field.operators();
    if operators.is_empty() {
        return Err(invalid_selectors(format!("Field {} has no operator.", field.field)));
    }
    let mut count = 0;
    for (operator, values) in operators {
        if values.is_empty() || values.iter().any(|value| value.is_empty() || value.chars().count() > 2048) {
            return Err(invalid_selectors(format!("{operator} of field {} needs values of 1 to 2048 characters.", field.field)));
        }
        if values.iter().any(|value| value.contains('*')) {
            return Err(invalid_selectors(format!("{operator} of field {} can't use wildcards.", field.field)));
        }
        count += values.len();
    }
    Ok(count)
}

fn equals<'a>(fields: &'a [FieldSelector], name: &str) -> &'a [String] {
    fields.iter().find(|field| field.field == name).and_then(|field| field.equals.as_deref()).unwrap_or_default()
}

#[derive(Debug, Clone, Copy)]
enum Category {
    Management,
    Data,
    NetworkActivity,
}

/// What a category allows of a field.
enum Rule {
    EqualsOnly,
    EqualsOneOf(&'static [&'static str]),
    NotEqualsOneOf(&'static [&'static str]),
    EqualsOrNotEquals,
    Any,
}

impl Category {
    fn parse(text: &str) -> Result<Self, AwsError> {
        match text {
            "Management" => Ok(Self::Management),
            "Data" => Ok(Self::Data),
            "NetworkActivity" => Ok(Self::NetworkActivity),
            other => Err(invalid_selectors(format!("The eventCategory '{other}' is not valid for a trail."))),
        }
    }

    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Management => &[],
            Self::Data => &["resources.type"],
            Self::NetworkActivity => &["eventSource"],
        }
    }

    fn rule(self, field: &str) -> Option<Rule> {
        const BOOL: Rule = Rule::EqualsOneOf(&["true", "false"]);
        Some(match (self, field) {
            (_, "eventCategory") => Rule::EqualsOnly,
            (Self::Management, "eventSource") => Rule::NotEqualsOneOf(&EXCLUDABLE),
            (Self::Management | Self::Data, "readOnly") => BOOL,
            (Self::Data, "resources.type") => Rule::EqualsOnly,
            (Self::Data, "sessionCredentialFromConsole") => Rule::EqualsOrNotEquals,
            (Self::Data, "eventSource" | "eventName" | "resources.ARN" | "eventType" | "userIdentity.arn") => Rule::Any,
            (Self::NetworkActivity, "eventSource") => Rule::EqualsOnly,
            (Self::NetworkActivity, "errorCode") => Rule::EqualsOneOf(&["VpceAccessDenied"]),
            (Self::NetworkActivity, "eventName" | "vpcEndpointId" | "userIdentity.arn") => Rule::Any,
            _ => return None,
        })
    }

    fn check_field(self, field: &FieldSelector) -> Result<(), AwsError> {
        let name = &field.field;
        let rule = self
            .rule(name)
            .ok_or_else(|| invalid_selectors(format!("Field {name} is not valid for eventCategory {self:?} on a trail.")))?;
        let (operators, values): (&[&str], Option<&[&str]>) = match rule {
            Rule::Any => return Ok(()),
            Rule::EqualsOnly => (&["Equals"], None),
            Rule::EqualsOneOf(values) => (&["Equals"], Some(values)),
            Rule::NotEqualsOneOf(values) => (&["NotEquals"], Some(values)),
            Rule::EqualsOrNotEquals => (&["Equals", "NotEquals"], None),
        };
        for (operator, given) in field.operators() {
            if !operators.contains(&operator) {
                return Err(invalid_selectors(format!("Field {name} of eventCategory {self:?} accepts only {}.", operators.join(" and "))));
            }
            let wrong = values.and_then(|allowed| given.iter().find(|value| !allowed.contains(&value.as_str())));
            if let Some(wrong) = wrong {
                return Err(invalid_selectors(format!("Value {wrong} is not valid for field {name} of eventCategory {self:?}.")));
            }
        }
        Ok(())
    }
}
