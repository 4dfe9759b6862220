//! What a call said and was told, in the form that CloudTrail writes: JSON with lowered keys, whatever the protocol.
//! Pure. Secrets are left out.

use crate::operation::bucket_and_key;
use crate::wire::{Answer, Call, form_to_json, lower_keys};
use roxmltree::{Document, Node};
use serde_json::{Map, Value, json};

pub fn of_request(call: &Call) -> Value {
    if call.service == "s3" {
        return of_s3(call);
    }
    if let Some(value) = document(&call.body) {
        return match lower_keys(value) {
            Value::Object(fields) if fields.is_empty() => Value::Null,
            value => value,
        };
    }
    match form_to_json(&call.body) {
        Value::Object(fields) if fields.is_empty() => Value::Null,
        form => form,
    }
}

/// A body in JSON or CBOR.
fn document(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().or_else(|| crate::cbor::decode(body).filter(Value::is_object))
}

/// The answer's members; null when there are none.
pub fn of_answer(answer: &Answer) -> Value {
    let mut members = match document(&answer.body) {
        Some(body) => body,
        None => of_query_answer(answer).unwrap_or(Value::Null),
    };
    remove_secrets(&mut members);
    match lower_keys(members) {
        Value::Object(fields) if !fields.is_empty() => Value::Object(fields),
        _ => Value::Null,
    }
}

/// S3 writes bucket and key by names of its own, and the XML it was sent under the name of its root.
fn of_s3(call: &Call) -> Value {
    let (bucket, key) = bucket_and_key(call.uri.path());
    let mut parameters = Map::new();
    if !bucket.is_empty() {
        parameters.insert("bucketName".to_owned(), json!(bucket));
    }
    if let Some(host) = call.header("host") {
        parameters.insert("Host".to_owned(), json!(host));
    }
    if !key.is_empty() {
        parameters.insert("key".to_owned(), json!(key));
    }
    for (name, value) in form_urlencoded::parse(call.uri.query().unwrap_or_default().as_bytes()) {
        if !name.starts_with("X-Amz-") && name != "x-id" {
            parameters.insert(name.into_owned(), json!(value));
        }
    }
    if call.operation == "PutBucketPolicy"
        && let Ok(policy) = serde_json::from_slice::<Value>(&call.body)
    {
        parameters.insert("bucketPolicy".to_owned(), policy);
    }
    let text = if key.is_empty() { std::str::from_utf8(&call.body).unwrap_or_default() } else { "" };
    if let Ok(document) = Document::parse(text) {
        let root = document.root_element();
        parameters.insert(root.tag_name().name().to_owned(), of_xml(root));
    }
    Value::Object(parameters)
}

/// `<CreateRoleResponse><CreateRoleResult>...`: what is in the result.
fn of_query_answer(answer: &Answer) -> Option<Value> {
    let text = answer.text();
    let document = Document::parse(&text).ok()?;
    let result = document.root_element().children().find(|node| node.tag_name().name().ends_with("Result"))?;
    Some(of_xml(result))
}

/// Elements of one name become a list, and so does what is in `member`.
fn of_xml(node: Node<'_, '_>) -> Value {
    let children: Vec<Node<'_, '_>> = node.children().filter(Node::is_element).collect();
    if children.is_empty() {
        let text = node.text().unwrap_or_default().trim();
        return match text {
            "true" | "false" => json!(text == "true"),
            _ => json!(text),
        };
    }
    if children.iter().all(|child| matches!(child.tag_name().name(), "member" | "entry")) {
        return children.into_iter().map(of_xml).collect();
    }
    let mut fields = Map::new();
    for child in children {
        let name = child.tag_name().name();
        let value = of_xml(child);
        match fields.get_mut(name) {
            None => {
                fields.insert(name.to_owned(), value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    Value::Object(fields)
}

fn remove_secrets(value: &mut Value) {
    const SECRET: [&str; 4] = ["SecretAccessKey", "Plaintext", "SecretString", "PrivateKeyPlaintext"];
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !SECRET.contains(&name.as_str()));
            fields.values_mut().for_each(remove_secrets);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_secrets),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn xml_keeps_names_lists_and_booleans() {
        let text = "<C xmlns='x'><Rule><Id>a</Id><On>true</On></Rule><Rule><Id>b</Id></Rule></C>";
        let document = Document::parse(text).unwrap();
        assert_eq!(of_xml(document.root_element()), json!({ "Rule": [{ "Id": "a", "On": true }, { "Id": "b" }] }));
    }

    #[test]
    fn an_answer_loses_its_secret() {
        let text = "<AR><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey></Credentials>\
                    </AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AR>";
        let answer = Answer::xml(text.to_owned(), "r");
        assert_eq!(of_answer(&answer), json!({ "credentials": { "accessKeyId": "A" } }));
    }
}
