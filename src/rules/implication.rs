//! Whether a metric filter counts every event that a benchmark asks for, decided by clauses: it may count more. Pure.

use crate::facets::delivery_key::wildcard;
use crate::facets::filter_pattern::{Operator, Pattern, Test, Value};

/// One way for an event to match: these clauses, all of them.
pub type Term = Vec<(String, Test)>;

/// The ways in which an event can match a pattern. Meant for the patterns of benchmarks: a pattern of a stranger's may have
/// very many.
pub fn terms(pattern: &Pattern) -> Vec<Term> {
    match pattern {
        Pattern::Clause { selector, test } => vec![vec![(selector.clone(), test.clone())]],
        Pattern::Any(parts) => parts.iter().flat_map(terms).collect(),
        Pattern::All(parts) => parts.iter().map(terms).fold(vec![Vec::new()], |ways, more| {
            ways.iter().flat_map(|way| more.iter().map(|term| way.iter().chain(term).cloned().collect())).collect()
        }),
    }
}

/// Whether every event that meets the term matches the pattern, as far as clauses show it.
pub fn implies(term: &Term, pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Any(parts) => parts.iter().any(|part| implies(term, part)),
        Pattern::All(parts) => parts.iter().all(|part| implies(term, part)),
        Pattern::Clause { selector, test } => term.iter().any(|(field, known)| field == selector && test_implies(known, test)),
    }
}

fn test_implies(known: &Test, asked: &Test) -> bool {
    if known == asked {
        return true;
    }
    match (known, asked) {
        (Test::Compare(Operator::Equal, _), Test::Exists) => true,
        (Test::Compare(Operator::Equal, Value::Text(is)), Test::Compare(Operator::Equal, Value::Text(wanted))) => wildcard(wanted, is),
        (Test::Compare(Operator::Equal, Value::Text(is)), Test::Compare(Operator::NotEqual, Value::Text(unwanted))) => {
            // Two patterns may have a text in common; a plain text and a pattern are told apart.
            !is.contains('*') && !wildcard(unwanted, is)
        }
        _ => false,
    }
}

/// The clauses of a term that say what it is about, without those that only say from which service: for people.
pub fn told(term: &Term) -> String {
    let clauses: Vec<String> = term
        .iter()
        .filter(|(selector, _)| selector != "$.eventSource" || term.len() == 1)
        .map(|(selector, test)| format!("{selector} {test}"))
        .collect();
    clauses.join(" && ")
}

/// Whether a pattern has something that clauses do not decide: regular expressions.
pub fn is_beyond_clauses(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Clause { test, .. } => matches!(test, Test::Compare(_, Value::Regex(_))),
        Pattern::All(parts) | Pattern::Any(parts) => parts.iter().any(is_beyond_clauses),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    fn counts_all(asked: &str, filter: &str) -> bool {
        terms(&pattern(asked)).iter().all(|term| implies(term, &pattern(filter)))
    }

    #[test]
    fn a_filter_may_count_more_and_not_less() {
        let table = [
            ("{ $.a = x || $.a = y }", "{ $.a = y || $.a = x || $.a = z }", true),
            ("{ $.a = x || $.a = y }", "{ $.a = x }", false),
            ("{ $.s = k && ($.a = x || $.a = y) }", "{ $.a = x || $.a = y }", true),
            ("{ $.a = x }", "{ $.s = k && $.a = x }", false),
            ("{ $.a = \"AccessDenied*\" }", "{ $.a = \"Access*\" }", true),
            ("{ $.a = \"AccessDenied*\" }", "{ $.a = AccessDenied }", false),
            ("{ $.a = x }", "{ $.a EXISTS }", true),
            ("{ $.a = x }", "{ $.a != y }", true),
            ("{ $.a = x }", "{ $.a != x }", false),
            ("{ $.a = \"x*\" }", "{ $.a != xy }", false),
            ("{ $.a != y && $.b = z }", "{ $.a != y }", true),
            // Without the inner parentheses && binds CreateRoute only: more, not less.
            ("{ $.s = ec2 && ($.e = CreateRoute || $.e = DeleteRoute) }", "{ $.s = ec2 && $.e = CreateRoute || $.e = DeleteRoute }", true),
            ("{ $.a = 5 }", "{ $.a = \"5\" }", false),
        ];
        for (asked, filter, expected) in table {
            assert_eq!(counts_all(asked, filter), expected, "{asked} by {filter}");
        }
    }
}
