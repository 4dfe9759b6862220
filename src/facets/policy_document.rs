//! IAM policy documents in a canonical form, so that two documents that mean the same are equal.
//!
//! A string and a list of one string are the same; order does not matter; an account id and its root ARN are the same
//! principal (IAM User Guide, "IAM JSON policy elements reference").

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The statements of a policy by `Sid`. A statement without one goes by a name made from its content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Statements(pub BTreeMap<String, Value>);

const NAMELESS: &str = "statement-";

impl Statements {
    /// Reads a policy document. An unreadable one is an error: it must not be taken for an empty one.
    pub fn parse(document: &str) -> Result<Self, serde_json::Error> {
        let policy: Value = serde_json::from_str(document)?;
        let statements = match policy.get("Statement") {
            Some(Value::Array(list)) => list.clone(),
            Some(single) => vec![single.clone()],
            None => Vec::new(),
        };
        Ok(Self::from_list(statements))
    }

    /// Canonical statements from their JSON.
    pub fn from_list(statements: impl IntoIterator<Item = Value>) -> Self {
        Self(
            statements
                .into_iter()
                .map(|statement| {
                    let body = canonical(&statement);
                    let sid = statement.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
                    (sid.map_or_else(|| format!("{NAMELESS}{}", short_hash(&body.to_string())), str::to_owned), body)
                })
                .collect(),
        )
    }

    /// The document to write.
    pub fn document(&self) -> Value {
        let statements: Vec<Value> = self
            .0
            .iter()
            .map(|(sid, body)| {
                let mut statement = Map::new();
                if !sid.starts_with(NAMELESS) {
                    statement.insert("Sid".into(), json!(sid));
                }
                statement.extend(body.as_object().cloned().unwrap_or_default());
                Value::Object(statement)
            })
            .collect();
        json!({"Version": "2012-10-17", "Statement": statements})
    }
}

fn canonical(statement: &Value) -> Value {
    let Some(fields) = statement.as_object() else { return statement.clone() };
    let body = fields
        .iter()
        .filter(|(name, _)| name.as_str() != "Sid")
        .map(|(name, value)| {
            let value = match name.as_str() {
                "Principal" | "NotPrincipal" => principals(value),
                "Action" | "NotAction" | "Resource" | "NotResource" => list(value),
                "Condition" => conditions(value),
                _ => value.clone(),
            };
            (name.clone(), value)
        })
        .collect::<BTreeMap<_, _>>();
    Value::Object(body.into_iter().collect())
}

fn principals(value: &Value) -> Value {
    match value {
        Value::Object(kinds) => kinds
            .iter()
            .map(|(kind, who)| (kind.clone(), list_of(who, root_arn)))
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect::<Map<_, _>>()
            .into(),
        everybody => json!({"AWS": list(everybody)}),
    }
}

/// An account id as principal means the account's root.
fn root_arn(principal: String) -> String {
    let is_account = principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { format!("arn:aws:iam::{principal}:root") } else { principal }
}

fn conditions(value: &Value) -> Value {
    let Some(operators) = value.as_object() else { return value.clone() };
    let sorted: BTreeMap<String, Value> = operators
        .iter()
        .map(|(operator, keys)| {
            let keys: BTreeMap<String, Value> =
                keys.as_object().into_iter().flatten().map(|(key, wanted)| (key.clone(), list(wanted))).collect();
            (operator.clone(), Value::Object(keys.into_iter().collect()))
        })
        .collect();
    Value::Object(sorted.into_iter().collect())
}

fn list(value: &Value) -> Value {
    list_of(value, |item| item)
}

fn list_of(value: &Value, convert: impl Fn(String) -> String) -> Value {
    let items: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    };
    let mut texts: Vec<String> =
        items.into_iter().map(|item| convert(item.as_str().map_or_else(|| item.to_string(), str::to_owned))).collect();
    texts.sort();
    texts.dedup();
    json!(texts)
}

/// Eight hexadecimal digits that stand for `text`: stable over releases, since they are written into AWS.
pub fn short_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_mean_the_same_are_equal() {
        let terse = r#"{"Version":"2012-10-17","Statement":{"Sid":"A","Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:GetObject","Resource":"r","Condition":{"Bool":{"aws:SecureTransport":true}}}}"#;
        let wordy = r#"{"Statement":[{"Resource":["r"],"Action":["s3:GetObject"],"Effect":"Allow","Sid":"A","Principal":{"AWS":["arn:aws:iam::111111111111:root"]},"Condition":{"Bool":{"aws:SecureTransport":["true"]}}}],"Version":"2012-10-17"}"#;
        assert_eq!(Statements::parse(terse).unwrap(), Statements::parse(wordy).unwrap());
    }

    #[test]
    fn everybody_is_everybody_in_both_forms() {
        let short = Statements::from_list([json!({"Effect": "Allow", "Principal": "*", "Action": ["b", "a"]})]);
        let long = Statements::from_list([json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["a", "b"]})]);
        assert_eq!(short, long);
    }

    #[test]
    fn a_document_read_back_is_the_same() {
        let statements = Statements::from_list([
            json!({"Sid": "B", "Effect": "Deny", "Principal": "*", "Action": "s3:*"}),
            json!({"Effect": "Allow", "Action": "x"}),
        ]);
        let again = Statements::parse(&statements.document().to_string()).unwrap();
        assert_eq!(statements, again);
    }

    #[test]
    fn an_unreadable_document_is_no_empty_document() {
        assert!(Statements::parse("{").is_err());
    }
}
