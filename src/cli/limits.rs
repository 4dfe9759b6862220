//! The limits of the CRD's schema that types can't hold: lengths, counts and ranges. CEL rules are kube's to check.
//!
//! The API server applies the same schema, so a file that passes here is not refused there for its size.

use serde_json::Value;

/// Every limit that `value` breaks, below `path`, by the OpenAPI schema `schema`.
pub fn broken(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let own = limits_of(value).into_iter().filter_map(|(limit, size, what)| breach(schema, limit, size, what, path));
    own.chain(below(schema, value, path)).collect()
}

/// The limits that apply to a value of this type, with what is measured.
fn limits_of(value: &Value) -> Vec<(Limit, f64, &'static str)> {
    let both = |lower, upper, size, what| vec![(Limit::AtLeast(lower), size, what), (Limit::AtMost(upper), size, what)];
    match value {
        Value::String(text) => both("minLength", "maxLength", count(text.chars().count()), " characters"),
        Value::Array(items) => both("minItems", "maxItems", count(items.len()), " items"),
        Value::Object(fields) => both("minProperties", "maxProperties", count(fields.len()), " entries"),
        Value::Number(number) => both("minimum", "maximum", number.as_f64().unwrap_or_default(), ""),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

#[derive(Clone, Copy)]
enum Limit {
    AtLeast(&'static str),
    AtMost(&'static str),
}

fn count(items: usize) -> f64 {
    u32::try_from(items).map_or(f64::MAX, f64::from)
}

fn breach(schema: &Value, limit: Limit, size: f64, what: &str, path: &str) -> Option<String> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    match limit {
        Limit::AtLeast(key) => {
            bound(key).filter(|bound| size < *bound).map(|bound| format!("{path} must be at least {bound}{what}, and is {size}"))
        }
        Limit::AtMost(key) => {
            bound(key).filter(|bound| size > *bound).map(|bound| format!("{path} may be at most {bound}{what}, and is {size}"))
        }
    }
}

fn below(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter_map(|(name, value)| {
                let named = schema.get("properties").and_then(|properties| properties.get(name));
                named.or_else(|| schema.get("additionalProperties")).map(|schema| broken(schema, value, &format!("{path}.{name}")))
            })
            .flatten()
            .collect(),
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else { return Vec::new() };
            items.iter().enumerate().flat_map(|(at, item)| broken(schema, item, &format!("{path}[{at}]"))).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_limit_is_held() {
        let schema = json!({"properties": {
            "name": {"minLength": 2, "maxLength": 3},
            "list": {"maxItems": 1, "items": {"maximum": 9}},
            "tags": {"maxProperties": 1, "additionalProperties": {"maxLength": 1}},
        }});
        assert_eq!(broken(&schema, &json!({"name": "abc", "list": [9], "tags": {"a": "b"}}), "spec"), Vec::<String>::new());
        let found = broken(&schema, &json!({"name": "x", "list": [1, 10], "tags": {"a": "b", "c": "dd"}}), "spec");
        assert_eq!(
            found,
            [
                "spec.name must be at least 2 characters, and is 1",
                "spec.list may be at most 1 items, and is 2",
                "spec.list[1] may be at most 9, and is 10",
                "spec.tags may be at most 1 entries, and is 2",
                "spec.tags.c may be at most 1 characters, and is 2",
            ]
        );
    }
}
