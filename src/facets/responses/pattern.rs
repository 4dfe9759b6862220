//! Event patterns in a canonical form, so that two patterns that mean the same are equal: a list in a pattern is a choice, so its
//! order does not matter. Only `numeric` has lists that are in order.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub fn canonical(pattern: &Value) -> Value {
    match pattern {
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, Value> =
                fields.iter().map(|(name, value)| (name, if name == "numeric" { value.clone() } else { canonical(value) })).collect();
            sorted.into_iter().map(|(name, value)| (name.clone(), value)).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(canonical).collect();
            items.sort_by_key(Value::to_string);
            items.dedup();
            items.into()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn order_makes_no_difference() {
        let one =
            json!({"source": ["aws.s3", "aws.kms"], "detail": {"a": [{"prefix": "x"}, null, 1], "$or": [{"b": ["1"]}, {"c": ["2"]}]}});
        let other =
            json!({"detail": {"$or": [{"c": ["2"]}, {"b": ["1"]}], "a": [1, {"prefix": "x"}, null, 1]}, "source": ["aws.kms", "aws.s3"]});
        assert_eq!(canonical(&one), canonical(&other));
        assert_ne!(canonical(&one), canonical(&json!({"source": ["aws.s3"]})));
    }

    #[test]
    fn bounds_stay_in_their_order() {
        let bounds = json!({"detail": {"n": [{"numeric": [">", 0, "<=", 5]}]}});
        assert_eq!(canonical(&bounds), bounds);
    }

    fn names() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("[a-c]{1,2}", 1..6)
    }

    proptest! {
        #[test]
        fn shuffled_lists_are_equal_and_canonical_is_stable(list in names(), seed in any::<usize>()) {
            let mut turned = list.clone();
            turned.rotate_left(seed % list.len());
            let (one, other) = (canonical(&json!({"detail": {"eventName": list}})), canonical(&json!({"detail": {"eventName": turned}})));
            prop_assert_eq!(&one, &other);
            prop_assert_eq!(canonical(&one), one);
        }
    }
}
