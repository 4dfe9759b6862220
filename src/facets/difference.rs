//! Differences: field paths with their desired and observed value, found in the JSON form of two states.

use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;

/// One field that differs. A value that one side lacks is null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// `facet.field`, as status shows it and `spec.ignore` takes it.
    pub path: String,
    pub desired: Value,
    pub observed: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: desired {}, observed {}", self.path, shown(&self.desired), shown(&self.observed))
    }
}

/// A value as people read it: strings without quotes, nothing as `(none)`.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) if text.is_empty() => "(none)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The differences between two states, below `path`.
pub fn differences(path: &str, desired: &Value, observed: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    collect(path, desired, observed, &mut found);
    found
}

fn collect(path: &str, desired: &Value, observed: &Value, found: &mut Vec<Difference>) {
    match (desired, observed) {
        (Value::Object(left), Value::Object(right)) => {
            let mut fields: Vec<&String> = left.keys().chain(right.keys()).collect();
            fields.sort();
            fields.dedup();
            for field in fields {
                collect(&format!("{path}.{field}"), field_of(left, field), field_of(right, field), found);
            }
        }
        (left, right) if left == right => {}
        _ => found.push(Difference { path: path.to_owned(), desired: desired.clone(), observed: observed.clone() }),
    }
}

fn field_of<'a>(object: &'a Map<String, Value>, field: &str) -> &'a Value {
    object.get(field).unwrap_or(&Value::Null)
}

/// Paths that the spec leaves alone.
#[derive(Clone, Debug, Default)]
pub struct Ignore(Vec<String>);

impl Ignore {
    pub fn new(paths: Vec<String>) -> Self {
        Self(paths)
    }

    /// Whether `path`, or something above it, is ignored.
    pub fn covers(&self, path: &str) -> bool {
        self.0.iter().any(|ignored| path.strip_prefix(ignored.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    }

    /// `desired`, with what is ignored taken over from `observed`, so that a write of the whole leaves it as it is.
    pub fn overlay(&self, path: &str, desired: Value, observed: &Value) -> Value {
        if self.0.is_empty() {
            return desired;
        }
        if self.covers(path) {
            return observed.clone();
        }
        let Value::Object(mut fields) = desired else { return desired };
        let none = Map::new();
        let seen = observed.as_object().unwrap_or(&none);
        let names: Vec<String> = fields.keys().chain(seen.keys()).cloned().collect();
        for name in names {
            let below = format!("{path}.{name}");
            let theirs = field_of(seen, &name);
            match fields.get(&name).cloned() {
                Some(ours) => {
                    fields.insert(name, self.overlay(&below, ours, theirs));
                }
                None if self.covers(&below) => {
                    fields.insert(name, theirs.clone());
                }
                None => {}
            }
        }
        fields.retain(|_, value| !value.is_null());
        Value::Object(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn paths(found: &[Difference]) -> Vec<&str> {
        found.iter().map(|difference| difference.path.as_str()).collect()
    }

    #[test]
    fn names_the_field_and_both_values() {
        let found = differences("tags", &json!({"a": "1", "b": "2"}), &json!({"a": "1", "b": "3", "c": "4"}));
        assert_eq!(paths(&found), ["tags.b", "tags.c"]);
        assert_eq!(found[0].to_string(), "tags.b: desired 2, observed 3");
        assert_eq!(found[1].desired, Value::Null);
    }

    #[test]
    fn an_ignored_path_takes_the_observed_value() {
        let ignore = Ignore::new(vec!["tags.c".into(), "settings.sns".into()]);
        assert_eq!(ignore.overlay("tags", json!({"a": "1"}), &json!({"a": "2", "c": "4"})), json!({"a": "1", "c": "4"}));
        assert_eq!(ignore.overlay("settings", json!({"sns": "mine"}), &json!({})), json!({}));
        assert!(ignore.covers("tags.c"));
        assert!(!ignore.covers("tags.cc"));
    }

    #[test]
    fn ignoring_a_facet_ignores_all_of_it() {
        let ignore = Ignore::new(vec!["tags".into()]);
        assert_eq!(ignore.overlay("tags", json!({"a": "1"}), &json!({"b": "2"})), json!({"b": "2"}));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<bool>().prop_map(Value::from), any::<i32>().prop_map(Value::from), "[a-c]{1,2}".prop_map(Value::from)];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_state_never_differs_from_itself(state in value()) {
            prop_assert!(differences("x", &state, &state).is_empty());
        }

        #[test]
        fn what_is_ignored_never_differs(desired in value(), observed in value()) {
            let ignore = Ignore::new(vec!["x".into()]);
            prop_assert!(differences("x", &ignore.overlay("x", desired, &observed), &observed).is_empty());
        }
    }
}
