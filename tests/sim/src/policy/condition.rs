//! The Condition element: operators, `IfExists`, and the set prefixes.

use super::{Context, list, wildcard};
use serde_json::Value;

/// All operators and all keys must hold; the values of one key are alternatives.
/// `unknown` is the answer for an operator this evaluator does not know.
pub fn holds(condition: Option<&Value>, context: &Context, unknown: bool) -> bool {
    let Some(operators) = condition.and_then(Value::as_object) else { return true };
    operators.iter().all(|(name, keys)| {
        let Some(operator) = Operator::parse(name) else { return unknown };
        let Some(keys) = keys.as_object() else { return unknown };
        keys.iter().all(|(key, wanted)| operator.holds(context.get(key), &texts(wanted)))
    })
}

/// Every condition key of an Allow that narrows, lowered, with its values; keys of negated operators are left out.
pub fn keys(condition: Option<&Value>) -> Vec<(String, Vec<String>)> {
    let operators = condition.and_then(Value::as_object).into_iter().flatten();
    operators
        .filter(|(name, _)| Operator::parse(name).is_some_and(|operator| operator.narrows()))
        .filter_map(|(_, keys)| keys.as_object())
        .flatten()
        .map(|(key, values)| (key.to_ascii_lowercase(), texts(values)))
        .collect()
}

fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    list(Some(value)).into_iter().map(text).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Equals,
    EqualsIgnoreCase,
    Like,
    Arn,
    Bool,
    Number(std::cmp::Ordering, bool),
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    One,
    Any,
    All,
}

#[derive(Debug, Clone, Copy)]
struct Operator {
    set: Set,
    test: Test,
    negated: bool,
    if_exists: bool,
}

impl Operator {
    fn parse(name: &str) -> Option<Self> {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let (set, name) = match name.split_once(':') {
            Some(("ForAnyValue", rest)) => (Set::Any, rest),
            Some(("ForAllValues", rest)) => (Set::All, rest),
            Some(_) => return None,
            None => (Set::One, name),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let (test, negated) = match name {
            "StringEquals" => (Test::Equals, false),
            "StringNotEquals" => (Test::Equals, true),
            "StringEqualsIgnoreCase" => (Test::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::EqualsIgnoreCase, true),
            "StringLike" => (Test::Like, false),
            "StringNotLike" => (Test::Like, true),
            "ArnEquals" | "ArnLike" => (Test::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
            "Bool" => (Test::Bool, false),
            "NumericEquals" => (Test::Number(Equal, false), false),
            "NumericNotEquals" => (Test::Number(Equal, false), true),
            "NumericLessThan" => (Test::Number(Less, false), false),
            "NumericLessThanEquals" => (Test::Number(Less, true), false),
            "NumericGreaterThan" => (Test::Number(Greater, false), false),
            "NumericGreaterThanEquals" => (Test::Number(Greater, true), false),
            "Null" => (Test::Null, false),
            _ => return None,
        };
        Some(Self { set, test, negated, if_exists })
    }

    fn narrows(self) -> bool {
        !self.negated && !self.if_exists && self.set != Set::All && self.test != Test::Null
    }

    fn holds(self, got: Option<&[String]>, wanted: &[String]) -> bool {
        if self.test == Test::Null {
            return wanted.iter().any(|value| (value == "true") == got.is_none());
        }
        let Some(got) = got else {
            // A missing key fails a plain test and passes a negated one, `IfExists` and `ForAllValues`.
            return self.if_exists || self.set == Set::All || (self.negated && self.set == Set::One);
        };
        let one = |value: &String| wanted.iter().any(|wanted| self.test.passes(wanted, value)) != self.negated;
        match self.set {
            Set::All => got.iter().all(one),
            Set::One | Set::Any => got.iter().any(one),
        }
    }
}

impl Test {
    fn passes(self, wanted: &str, got: &str) -> bool {
        match self {
            Self::Equals => wanted == got,
            Self::EqualsIgnoreCase | Self::Bool => wanted.eq_ignore_ascii_case(got),
            Self::Like => wildcard(wanted, got),
            Self::Arn => arn_like(wanted, got),
            Self::Number(order, or_equal) => match (wanted.parse::<f64>(), got.parse::<f64>()) {
                (Ok(wanted), Ok(got)) => got.partial_cmp(&wanted).is_some_and(|found| found == order || (or_equal && found.is_eq())),
                _ => false,
            },
            Self::Null => false,
        }
    }
}

/// Each of the six parts of an ARN is matched by itself, so a `*` never crosses a colon before the resource part.
fn arn_like(pattern: &str, arn: &str) -> bool {
    let (patterns, parts): (Vec<_>, Vec<_>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    patterns.len() == 6 && parts.len() == 6 && patterns.iter().zip(parts).all(|(pattern, part)| wildcard(pattern, part))
}
