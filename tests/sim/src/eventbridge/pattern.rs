//! Event patterns of EventBridge rules. Pure. An operator that is not known never matches.

use crate::policy::wildcard;
use serde_json::{Map, Value};

pub fn matches(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(fields) => object_matches(fields, event),
        _ => false,
    }
}

/// All fields must match; of `$or`, one of its patterns.
fn object_matches(fields: &Map<String, Value>, event: &Value) -> bool {
    fields.iter().all(|(name, wanted)| match (name.as_str(), wanted) {
        ("$or", Value::Array(alternatives)) => alternatives.iter().any(|alternative| matches(alternative, event)),
        (_, Value::Object(nested)) => object_matches(nested, event.get(name).unwrap_or(&Value::Null)),
        (_, Value::Array(filters)) => field_matches(filters, event.get(name)),
        _ => false,
    })
}

/// A list in the event matches when one of its items does.
fn field_matches(filters: &[Value], value: Option<&Value>) -> bool {
    filters.iter().any(|filter| match (filter, value) {
        (Value::Object(operator), value) => operator_matches(operator, value),
        (_, Some(Value::Array(items))) => items.contains(filter),
        (_, Some(value)) => value == filter,
        (_, None) => false,
    })
}

fn operator_matches(operator: &Map<String, Value>, value: Option<&Value>) -> bool {
    let Some((name, wanted)) = operator.iter().next() else { return false };
    if name == "exists" {
        let there = value.is_some_and(|value| !value.is_object());
        return wanted.as_bool() == Some(there);
    }
    match value {
        Some(Value::Array(items)) => items.iter().any(|item| item_matches(name, wanted, item)),
        Some(item) => item_matches(name, wanted, item),
        None => false,
    }
}

fn item_matches(operator: &str, wanted: &Value, item: &Value) -> bool {
    if operator == "anything-but" {
        return match wanted {
            Value::Array(values) => !values.contains(item),
            Value::Object(nested) => !operator_matches(nested, Some(item)),
            value => value != item,
        };
    }
    if operator == "numeric" {
        return numeric_matches(wanted, item).unwrap_or(false);
    }
    let Some(text) = item.as_str() else { return false };
    let one = |wanted: &Value| match (operator, wanted.as_str()) {
        ("prefix", Some(wanted)) => text.starts_with(wanted),
        ("suffix", Some(wanted)) => text.ends_with(wanted),
        ("equals-ignore-case", Some(wanted)) => text.eq_ignore_ascii_case(wanted),
        // A `?` is an ordinary character here.
        ("wildcard", Some(wanted)) => !wanted.contains('?') && wildcard(wanted, text),
        _ => false,
    };
    match wanted {
        Value::Array(all) => all.iter().any(one),
        wanted => one(wanted),
    }
}

/// `[">", 0, "<=", 5]`
fn numeric_matches(wanted: &Value, item: &Value) -> Option<bool> {
    let number = item.as_f64()?;
    let mut holds = true;
    for pair in wanted.as_array()?.chunks(2) {
        let [operator, bound] = pair else { return None };
        let bound = bound.as_f64()?;
        holds &= match operator.as_str()? {
            "=" => number == bound,
            "<" => number < bound,
            "<=" => number <= bound,
            ">" => number > bound,
            ">=" => number >= bound,
            _ => return None,
        };
    }
    Some(holds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_match_as_documented() {
        let event = json!({ "source": "aws.cloudtrail", "tags": ["a", "b"], "n": 3, "none": null,
            "detail": { "eventName": "StopLogging", "requestParameters": { "name": "main" } } });
        let cases = [
            (json!({ "source": ["aws.cloudtrail", "aws.s3"] }), true),
            (json!({ "source": ["aws.s3"] }), false),
            (json!({ "detail": { "eventName": ["StopLogging"], "requestParameters": { "name": ["main"] } } }), true),
            (json!({ "detail": { "eventName": ["StopLogging"], "requestParameters": { "name": ["other"] } } }), false),
            (json!({ "tags": ["b"] }), true),
            (json!({ "detail": { "eventName": [{ "prefix": "Stop" }] } }), true),
            (json!({ "detail": { "eventName": [{ "suffix": "Trail" }] } }), false),
            (json!({ "detail": { "eventName": [{ "anything-but": ["StartLogging"] }] } }), true),
            (json!({ "detail": { "eventName": [{ "anything-but": { "prefix": "Stop" } }] } }), false),
            (json!({ "detail": { "eventName": [{ "wildcard": "S*ing" }] } }), true),
            (json!({ "detail": { "errorCode": [{ "exists": false }] } }), true),
            (json!({ "detail": { "eventName": [{ "exists": false }] } }), false),
            (json!({ "n": [{ "numeric": [">", 0, "<=", 3] }] }), true),
            (json!({ "n": [{ "numeric": ["<", 3] }] }), false),
            (json!({ "none": [null] }), true),
            (json!({ "$or": [{ "source": ["x"] }, { "n": [3] }] }), true),
            (json!({ "source": [{ "cidr": "10.0.0.0/8" }] }), false),
            (json!({ "source": "aws.cloudtrail" }), false),
        ];
        for (pattern, expected) in cases {
            assert_eq!(matches(&pattern, &event), expected, "{pattern}");
        }
    }
}
