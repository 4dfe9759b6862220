//! Metric filter patterns for JSON events, in a canonical form, so that two patterns that select the same events by the same
//! clauses are equal. Pure.
//!
//! What does not matter: spacing, quotes, redundant parentheses, the order of clauses, a clause said twice. What does: every
//! selector, operator and value, and that `&&` binds more tightly than `||` (CloudWatch Logs User Guide, "Filter pattern syntax").

use std::fmt;

/// Deepest nesting of parentheses that is understood. A pattern has at most 1,024 characters in AWS.
const DEEPEST: usize = 64;

/// A JSON pattern, canonical: nested groups of one kind are one, sorted and without repetition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    Clause { selector: String, test: Test },
    All(Vec<Pattern>),
    Any(Vec<Pattern>),
}

/// What is asked of the field that a selector names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    Compare(Operator, Value),
    Exists,
    NotExists,
    IsNull,
    IsTrue,
    IsFalse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::Display, strum::EnumIter)]
pub enum Operator {
    #[strum(to_string = "=")]
    Equal,
    #[strum(to_string = "!=")]
    NotEqual,
    #[strum(to_string = "<=")]
    AtMost,
    #[strum(to_string = ">=")]
    AtLeast,
    #[strum(to_string = "<")]
    Less,
    #[strum(to_string = ">")]
    Greater,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Quoted or not; `*` stands for anything.
    Text(String),
    /// A number without quotes: compared as a number.
    Number(String),
    /// Between percent signs.
    Regex(String),
}

/// The canonical text of a pattern. One that is not understood is taken as it is, but for its spacing.
pub fn canonical(text: &str) -> String {
    Pattern::parse(text).map_or_else(|| text.split_whitespace().collect::<Vec<_>>().join(" "), |pattern| pattern.to_string())
}

impl Pattern {
    /// Reads `{ ... }`. Anything else, such as a pattern for plain text, is not understood.
    pub fn parse(text: &str) -> Option<Self> {
        let inside = text.trim().strip_prefix('{')?;
        let mut rest = Rest(inside);
        let pattern = rest.any(DEEPEST)?;
        rest.take("}")?;
        rest.at_end().then_some(pattern)
    }

    /// All of `parts`.
    pub fn all(parts: Vec<Self>) -> Self {
        Self::group(parts, Self::All, |part| match part {
            Self::All(inner) => Ok(inner),
            other => Err(other),
        })
    }

    /// Any of `parts`.
    pub fn any(parts: Vec<Self>) -> Self {
        Self::group(parts, Self::Any, |part| match part {
            Self::Any(inner) => Ok(inner),
            other => Err(other),
        })
    }

    fn group(parts: Vec<Self>, kind: fn(Vec<Self>) -> Self, open: fn(Self) -> Result<Vec<Self>, Self>) -> Self {
        let mut flat: Vec<Self> = parts.into_iter().flat_map(|part| open(part).unwrap_or_else(|other| vec![other])).collect();
        flat.sort();
        flat.dedup();
        match flat.len() {
            1 => flat.remove(0),
            _ => kind(flat),
        }
    }
}

/// What is left to read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn any(&mut self, depth: usize) -> Option<Pattern> {
        let mut parts = vec![self.all(depth)?];
        while self.take("||").is_some() {
            parts.push(self.all(depth)?);
        }
        Some(Pattern::any(parts))
    }

    fn all(&mut self, depth: usize) -> Option<Pattern> {
        let mut parts = vec![self.one(depth)?];
        while self.take("&&").is_some() {
            parts.push(self.one(depth)?);
        }
        Some(Pattern::all(parts))
    }

    fn one(&mut self, depth: usize) -> Option<Pattern> {
        if self.take("(").is_none() {
            return self.clause();
        }
        let inner = self.any(depth.checked_sub(1)?)?;
        self.take(")")?;
        Some(inner)
    }

    fn clause(&mut self) -> Option<Pattern> {
        let selector = self.selector()?;
        let test = match self.operator() {
            Some(operator) => Test::Compare(operator, self.value()?),
            None => match self.word() {
                "EXISTS" => Test::Exists,
                "NOT" => (self.word() == "EXISTS").then_some(Test::NotExists)?,
                "IS" => match self.word() {
                    "NULL" => Test::IsNull,
                    "TRUE" => Test::IsTrue,
                    "FALSE" => Test::IsFalse,
                    _ => return None,
                },
                _ => return None,
            },
        };
        Some(Pattern::Clause { selector, test })
    }

    /// `$.a.b`, `$.a[0].b`, `$['a b']`.
    fn selector(&mut self) -> Option<String> {
        self.skip();
        let mut brackets = false;
        let end = |at: char| {
            match at {
                '[' => brackets = true,
                ']' => brackets = false,
                _ => {}
            }
            !brackets && (at.is_whitespace() || "=!<>()&|{}\"".contains(at))
        };
        let selector = self.cut(self.0.find(end)?);
        (selector.starts_with("$.") || selector.starts_with("$[")).then(|| selector.to_owned())
    }

    fn operator(&mut self) -> Option<Operator> {
        use strum::IntoEnumIterator;
        // The longer ones come first.
        Operator::iter()
            .filter(|operator| operator.to_string().len() == 2)
            .chain(Operator::iter())
            .find(|it| self.take(&it.to_string()).is_some())
    }

    fn value(&mut self) -> Option<Value> {
        self.skip();
        if let Some(rest) = self.0.strip_prefix('"') {
            return self.quoted(rest);
        }
        if let Some(rest) = self.0.strip_prefix('%') {
            let (regex, rest) = rest.split_once('%')?;
            self.0 = rest;
            return Some(Value::Regex(regex.to_owned()));
        }
        let bare = self.cut(self.0.find(|at: char| at.is_whitespace() || "=!<>()&|{}\"%$".contains(at))?);
        match bare {
            "" => None,
            _ if is_number(bare) => Some(Value::Number(bare.to_owned())),
            _ => Some(Value::Text(bare.to_owned())),
        }
    }

    /// A text whose first quote has been read; a backslash takes the next character as it is.
    fn quoted(&mut self, text: &'a str) -> Option<Value> {
        let mut value = String::new();
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.0 = text.get(at + 1..)?;
                    return Some(Value::Text(value));
                }
                '\\' => value.push(characters.next()?.1),
                _ => value.push(character),
            }
        }
        None
    }

    fn word(&mut self) -> &'a str {
        self.skip();
        let end = self.0.find(|at: char| !at.is_ascii_alphabetic()).unwrap_or(self.0.len());
        self.cut(end)
    }

    fn take(&mut self, token: &str) -> Option<()> {
        self.skip();
        self.0 = self.0.strip_prefix(token)?;
        Some(())
    }

    fn cut(&mut self, at: usize) -> &'a str {
        let (head, tail) = self.0.split_at(at);
        self.0 = tail;
        head
    }

    fn skip(&mut self) {
        self.0 = self.0.trim_start();
    }

    fn at_end(&self) -> bool {
        self.0.trim().is_empty()
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) && text.parse::<f64>().is_ok()
}

impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{{ {} }}", Inside(self))
    }
}

/// A pattern without its braces.
struct Inside<'a>(&'a Pattern);

impl fmt::Display for Inside<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, between) = match self.0 {
            Pattern::Clause { selector, test } => return write!(out, "{selector} {test}"),
            Pattern::All(parts) => (parts, " && "),
            Pattern::Any(parts) => (parts, " || "),
        };
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                out.write_str(between)?;
            }
            match part {
                Pattern::Clause { .. } => write!(out, "{}", Inside(part))?,
                group => write!(out, "({})", Inside(group))?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Test {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(operator, value) => write!(out, "{operator} {value}"),
            Self::Exists => out.write_str("EXISTS"),
            Self::NotExists => out.write_str("NOT EXISTS"),
            Self::IsNull => out.write_str("IS NULL"),
            Self::IsTrue => out.write_str("IS TRUE"),
            Self::IsFalse => out.write_str("IS FALSE"),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => out.write_str(number),
            Self::Regex(regex) => write!(out, "%{regex}%"),
            Self::Text(text) if is_plain(text) => out.write_str(text),
            Self::Text(text) => write!(out, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

/// Whether a text needs no quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !is_number(text) && text.chars().all(|at| at.is_ascii_alphanumeric() || "*.-_:/".contains(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use strum::IntoEnumIterator;

    fn parsed(text: &str) -> Pattern {
        Pattern::parse(text).unwrap_or_else(|| panic!("not understood: {text}"))
    }

    #[test]
    fn every_form_is_understood_and_printed_canonically() {
        let cases = [
            (
                r#"{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}"#,
                "{ $.errorCode = *UnauthorizedOperation || $.errorCode = AccessDenied* }",
            ),
            (
                r#"{ ($.errorCode ="*UnauthorizedOperation") || ($.errorCode ="AccessDenied*") && ($.sourceIPAddress!="delivery.logs.amazonaws.com") && ($.eventName!="HeadBucket") }"#,
                "{ $.errorCode = *UnauthorizedOperation || ($.errorCode = AccessDenied* && $.eventName != HeadBucket && $.sourceIPAddress != delivery.logs.amazonaws.com) }",
            ),
            (
                r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#,
                "{ $.eventType != AwsServiceEvent && $.userIdentity.invokedBy NOT EXISTS && $.userIdentity.type = Root }",
            ),
            (
                r#"{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}"#,
                r#"{ $.errorMessage = "Failed authentication" && $.eventName = ConsoleLogin }"#,
            ),
            (
                "{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}",
                "{ $.eventSource = kms.amazonaws.com && ($.eventName = DisableKey || $.eventName = ScheduleKeyDeletion) }",
            ),
            (
                "{ $.a IS NULL || $.b IS TRUE || $.c IS FALSE || $.d EXISTS }",
                "{ $.a IS NULL || $.b IS TRUE || $.c IS FALSE || $.d EXISTS }",
            ),
            (r#"{ $.bytes >= 10.5 && $.n<3 && $.code = "404" }"#, r#"{ $.bytes >= 10.5 && $.code = "404" && $.n < 3 }"#),
            ("{ $.a[0].b = 10.0.0.* }", "{ $.a[0].b = 10.0.0.* }"),
            ("{ $['a b'].c != %^4[0-9]{2}$% }", "{ $['a b'].c != %^4[0-9]{2}$% }"),
            (r#"{ $.a = "say \"x\" && (y)" }"#, r#"{ $.a = "say \"x\" && (y)" }"#),
            (r#"{ $.a = "" }"#, r#"{ $.a = "" }"#),
        ];
        for (text, printed) in cases {
            assert_eq!(parsed(text).to_string(), printed, "{text}");
            assert_eq!(parsed(printed), parsed(text), "{text}");
        }
    }

    #[test]
    fn what_means_the_same_is_equal() {
        let same = [
            ("{ $.a = 1 || $.b = x }", "{(($.b=\"x\"))||(($.a=1))}"),
            ("{ $.a = x && ($.b = y && $.c = z) }", "{ $.c=z && $.b=y && $.a=x }"),
            ("{ $.a = x || $.a = x }", "{ $.a = \"x\" }"),
            ("{ $.a = x || $.b = y && $.c = z }", "{ $.a = x || ($.b = y && $.c = z) }"),
        ];
        for (left, right) in same {
            assert_eq!(parsed(left), parsed(right), "{left} and {right}");
        }
    }

    #[test]
    fn what_means_something_else_differs() {
        let other = [
            ("{ $.a = x || $.b = y && $.c = z }", "{ ($.a = x || $.b = y) && $.c = z }"),
            ("{ $.a = x || $.b = y }", "{ $.a = x && $.b = y }"),
            ("{ $.a = x }", "{ $.a != x }"),
            ("{ $.a = x }", "{ $.a = X }"),
            ("{ $.a = 5 }", "{ $.a = \"5\" }"),
            ("{ $.a EXISTS }", "{ $.a NOT EXISTS }"),
            ("{ $.a = x }", "{ $.A = x }"),
            ("{ $.a = %x% }", "{ $.a = \"%x%\" }"),
        ];
        for (left, right) in other {
            assert_ne!(parsed(left), parsed(right), "{left} and {right}");
        }
    }

    #[test]
    fn what_is_not_understood_is_compared_as_text() {
        let deep = format!("{{ {}$.a = x{} }}", "(".repeat(1000), ")".repeat(1000));
        for text in ["ERROR -exit", "[ip, user]", "{ $.a }", "{ $.a = x", "{ $.a = x ) }", "{ $.a = \"x }", "{ $.a = x } y", "", &deep] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
        assert_eq!(canonical("  ERROR   -exit\n"), "ERROR -exit");
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            "[ -~]{0,12}".prop_map(Value::Text),
            "-?[0-9]{1,4}(\\.[0-9]{1,2})?".prop_map(Value::Number),
            "[a-z^$.*\\[\\]{} ]{1,8}".prop_map(Value::Regex),
        ]
    }

    fn clause() -> impl Strategy<Value = Pattern> {
        let compare = (proptest::sample::select(Operator::iter().collect::<Vec<_>>()), value())
            .prop_map(|(operator, value)| Test::Compare(operator, value));
        let test = prop_oneof![
            4 => compare,
            1 => proptest::sample::select(vec![Test::Exists, Test::NotExists, Test::IsNull, Test::IsTrue, Test::IsFalse]),
        ];
        ("\\$(\\.[a-zA-Z]{1,6}|\\['[ -&(-Z^-z]{1,5}'\\]){1,3}(\\[[0-9]\\])?", test)
            .prop_map(|(selector, test)| Pattern::Clause { selector, test })
    }

    fn pattern() -> impl Strategy<Value = Pattern> {
        clause().prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1..4).prop_map(Pattern::all),
                proptest::collection::vec(inner, 1..4).prop_map(Pattern::any),
            ]
        })
    }

    /// The same pattern, otherwise written: groups backwards, more parentheses, every text quoted.
    fn rewritten(pattern: &Pattern) -> String {
        let join = |parts: &[Pattern], between: &str| {
            let parts: Vec<String> = parts.iter().rev().map(|part| format!("(( {} ) )", rewritten(part))).collect();
            parts.join(between)
        };
        match pattern {
            Pattern::All(parts) => join(parts, "&&"),
            Pattern::Any(parts) => join(parts, "||"),
            Pattern::Clause { selector, test: Test::Compare(operator, Value::Text(text)) } => {
                format!("{selector}{operator}\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }
            Pattern::Clause { selector, test } => format!("{selector}   {test}"),
        }
    }

    /// The same pattern with the opposite operator in its first clause.
    fn turned(pattern: &Pattern) -> Pattern {
        let first = |parts: &[Pattern]| {
            let mut parts = parts.to_vec();
            parts[0] = turned(&parts[0]);
            parts
        };
        match pattern {
            Pattern::All(parts) => Pattern::all(first(parts)),
            Pattern::Any(parts) => Pattern::any(first(parts)),
            Pattern::Clause { selector, test } => {
                let test = match test {
                    Test::Compare(Operator::Equal, value) => Test::Compare(Operator::NotEqual, value.clone()),
                    Test::Compare(_, value) => Test::Compare(Operator::Equal, value.clone()),
                    Test::Exists => Test::NotExists,
                    _ => Test::Exists,
                };
                Pattern::Clause { selector: selector.clone(), test }
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_as_it_was(pattern in pattern()) {
            prop_assert_eq!(Pattern::parse(&pattern.to_string()), Some(pattern));
        }

        #[test]
        fn order_quotes_and_parentheses_do_not_matter(pattern in pattern()) {
            prop_assert_eq!(Pattern::parse(&format!("{{{}}}", rewritten(&pattern))), Some(pattern));
        }

        #[test]
        fn another_operator_differs(clause in clause()) {
            prop_assert_ne!(turned(&clause).to_string(), clause.to_string());
        }

        #[test]
        fn any_text_is_met(text in "[ -~]{0,200}") {
            prop_assert_eq!(canonical(&canonical(&text)), canonical(&text));
        }
    }
}
