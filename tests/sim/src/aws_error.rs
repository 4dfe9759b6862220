//! An error as AWS answers it, and how each protocol writes it on the wire. Knows no service.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;

/// How a service speaks; decides the shape of its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JSON 1.0/1.1, operation in `X-Amz-Target`.
    Json,
    /// REST with JSON bodies.
    RestJson,
    /// RPC v2 with CBOR bodies, operation in the path.
    Cbor,
    /// Form body with `Action=`, XML answers.
    Query,
    /// S3.
    RestXml,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} ({status}): {message}")]
pub struct AwsError {
    pub code: String,
    pub status: u16,
    pub message: String,
}

impl AwsError {
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), status, message: message.into() }
    }

    /// HTTP 400, which nearly every CloudTrail error has.
    pub fn bad(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalFailure", message)
    }

    pub fn not_implemented(service: &str, operation: &str) -> Self {
        Self::new(501, "NotImplemented", format!("trailkeeper-sim does not simulate {service}:{operation}"))
    }

    /// Access denied, under the name and status that the protocol uses for it.
    pub fn denied(protocol: Protocol, message: impl Into<String>) -> Self {
        match protocol {
            Protocol::Json => Self::new(400, "AccessDeniedException", message),
            Protocol::RestJson | Protocol::Cbor => Self::new(403, "AccessDeniedException", message),
            Protocol::Query | Protocol::RestXml => Self::new(403, "AccessDenied", message),
        }
    }

    /// Throttled, under the name and status that the protocol uses for it.
    pub fn throttled(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Json => Self::new(400, "ThrottlingException", "Rate exceeded"),
            Protocol::RestJson => Self::new(429, "TooManyRequestsException", "Rate exceeded"),
            Protocol::Query | Protocol::Cbor => Self::new(400, "Throttling", "Rate exceeded"),
            Protocol::RestXml => Self::new(503, "SlowDown", "Please reduce your request rate."),
        }
    }

    /// The HTTP answer. A HEAD request has no body to carry the code, as with the real S3.
    pub fn response(&self, protocol: Protocol, request_id: &str, head: bool) -> Response {
        let (content_type, body) = match protocol {
            Protocol::Json => ("application/x-amz-json-1.1", self.json().to_string().into_bytes()),
            Protocol::RestJson => ("application/json", self.json().to_string().into_bytes()),
            Protocol::Cbor => ("application/cbor", crate::cbor::encode(&self.json())),
            Protocol::Query => ("text/xml", self.query_xml(request_id).into_bytes()),
            Protocol::RestXml => ("application/xml", self.rest_xml(request_id).into_bytes()),
        };
        let mut builder = Response::builder()
            .status(StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
            .header("content-type", content_type)
            .header("x-amzn-requestid", request_id)
            .header("x-amz-request-id", request_id);
        if matches!(protocol, Protocol::Json | Protocol::RestJson) {
            builder = builder.header("x-amzn-errortype", self.code.as_str());
        }
        if protocol == Protocol::Cbor {
            builder = builder.header("smithy-protocol", "rpc-v2-cbor");
        }
        let body = if head { Body::empty() } else { Body::from(body) };
        builder.body(body).unwrap_or_else(|_| Response::new(Body::empty()))
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "__type": self.code, "message": self.message })
    }

    fn query_xml(&self, request_id: &str) -> String {
        let side = if self.status >= 500 { "Receiver" } else { "Sender" };
        format!(
            "<ErrorResponse><Error><Type>{side}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
            escape_xml(&self.code),
            escape_xml(&self.message)
        )
    }

    fn rest_xml(&self, request_id: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message><RequestId>{request_id}</RequestId></Error>",
            escape_xml(&self.code),
            escape_xml(&self.message)
        )
    }
}

pub fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
