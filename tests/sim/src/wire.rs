//! A request as it came in, and the small translations between wire formats that several modules need.

use crate::aws_error::AwsError;
use crate::identity::Caller;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Map, Value};

/// A signed request with its body read and its sender known.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub caller: Caller,
    pub region: String,
    pub service: String,
    pub operation: String,
    pub request_id: String,
}

impl Call {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as a JSON document; an empty body is an empty object.
    pub fn json(&self) -> Result<Value, AwsError> {
        if self.body.is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        serde_json::from_slice(&self.body).map_err(|error| AwsError::bad("SerializationException", error.to_string()))
    }

    /// One parameter of a form body or of the query string.
    pub fn form(&self, name: &str) -> Option<String> {
        let query = self.uri.query().unwrap_or_default().as_bytes();
        let pairs = form_urlencoded::parse(&self.body).chain(form_urlencoded::parse(query));
        pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// An answer with its body read, so that it can be recorded and looked into.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(value: &Value, request_id: &str) -> Self {
        Self::new("application/x-amz-json-1.1", value.to_string(), request_id)
    }

    /// RPC v2.
    pub fn cbor(value: &Value, request_id: &str) -> Self {
        let mut answer = Self::new("application/cbor", crate::cbor::encode(value), request_id);
        answer.headers.insert("smithy-protocol", http::HeaderValue::from_static("rpc-v2-cbor"));
        answer
    }

    pub fn xml(text: String, request_id: &str) -> Self {
        Self::new("text/xml", text, request_id)
    }

    fn new(content_type: &'static str, body: impl Into<Bytes>, request_id: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", http::HeaderValue::from_static(content_type));
        if let Ok(value) = http::HeaderValue::from_str(request_id) {
            headers.insert("x-amzn-requestid", value);
        }
        Self { status: StatusCode::OK, headers, body: body.into() }
    }

    pub fn is_ok(&self) -> bool {
        self.status.is_success()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The text of the first element of this name in an XML body.
    pub fn xml_text(&self, element: &str) -> Option<String> {
        self.xml_texts(element).into_iter().next()
    }

    /// The texts of all elements of this name in an XML body.
    pub fn xml_texts(&self, element: &str) -> Vec<String> {
        let text = self.text();
        let Ok(document) = roxmltree::Document::parse(&text) else { return Vec::new() };
        let named = document.descendants().filter(|node| node.tag_name().name() == element);
        named.filter_map(|node| node.text().map(str::to_owned)).collect()
    }

    /// Code and message of an error answer in any of the protocols.
    pub fn error(&self) -> Option<(String, String)> {
        if self.status.as_u16() < 300 {
            return None;
        }
        if let Ok(value) = serde_json::from_slice::<Value>(&self.body) {
            let code = value.get("__type").or_else(|| value.get("code")).and_then(Value::as_str).unwrap_or("Unknown");
            let message = value.get("message").or_else(|| value.get("Message")).and_then(Value::as_str).unwrap_or_default();
            let code = code.rsplit('#').next().unwrap_or(code);
            return Some((code.to_owned(), message.to_owned()));
        }
        let code = self.xml_text("Code").unwrap_or_else(|| self.status.as_str().to_owned());
        Some((code, self.xml_text("Message").unwrap_or_default()))
    }

    pub fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// `TrailName` becomes `trailName`, at every depth, as CloudTrail writes parameters.
pub fn lower_keys(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (lower_first(&key), lower_keys(value))).collect(),
        Value::Array(items) => items.into_iter().map(lower_keys).collect(),
        other => other,
    }
}

fn lower_first(key: &str) -> String {
    let mut chars = key.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// `Tags.member.1.Key=a` becomes `{"tags":[{"key":"a"}]}`; Action and Version are left out.
pub fn form_to_json(body: &[u8]) -> Value {
    let mut root = Value::Object(Map::new());
    for (key, value) in form_urlencoded::parse(body) {
        if key == "Action" || key == "Version" {
            continue;
        }
        let path: Vec<String> = key.split('.').filter(|part| !matches!(*part, "member" | "entry")).map(lower_first).collect();
        set_path(&mut root, &path, value.into_owned());
    }
    indices_to_lists(root)
}

fn set_path(at: &mut Value, path: &[String], value: String) {
    let Some((first, rest)) = path.split_first() else {
        *at = Value::String(value);
        return;
    };
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    if let Some(fields) = at.as_object_mut() {
        set_path(fields.entry(first.clone()).or_insert(Value::Null), rest, value);
    }
}

fn indices_to_lists(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let all_indices = !fields.is_empty() && fields.keys().all(|key| key.parse::<u32>().is_ok());
    let parts = fields.into_iter().map(|(key, value)| (key, indices_to_lists(value)));
    if all_indices { parts.map(|(_, value)| value).collect() } else { Value::Object(parts.collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms_become_nested_json() {
        let form = b"Action=CreateRole&Version=1&RoleName=r&Tags.member.1.Key=a&Tags.member.1.Value=b";
        assert_eq!(form_to_json(form), json!({"roleName": "r", "tags": [{"key": "a", "value": "b"}]}));
    }

    #[test]
    fn keys_are_lowered_at_every_depth() {
        assert_eq!(lower_keys(json!({"S3BucketName": [{"KeyId": "X"}]})), json!({"s3BucketName": [{"keyId": "X"}]}));
    }
}
