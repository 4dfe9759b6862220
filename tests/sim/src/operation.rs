//! Names the operation of a request, and says what CloudTrail would call it: read-only or not, management or data.

use crate::aws_error::Protocol;
use http::{HeaderMap, Method, Uri};

/// Operations of Account Management: their paths are their names.
const ACCOUNT_MANAGEMENT: [&str; 4] = ["ListRegions", "GetRegionOptStatus", "EnableRegion", "DisableRegion"];

/// Where S3 Control, which signs as S3, keeps Block Public Access of an account. CloudTrail and IAM name the operation after the account.
const ACCOUNT_PUBLIC_ACCESS_BLOCK: &str = "/v20180820/configuration/publicAccessBlock";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    pub name: String,
    pub protocol: Protocol,
}

impl Operation {
    pub fn of(service: &str, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        if let Some(target) = headers.get("x-amz-target").and_then(|value| value.to_str().ok()) {
            let name = target.rsplit('.').next().unwrap_or(target).to_owned();
            return Self { name, protocol: Protocol::Json };
        }
        if service == "s3" {
            return Self { name: s3(method, uri, headers), protocol: Protocol::RestXml };
        }
        if let Some(name) =
            ACCOUNT_MANAGEMENT.iter().find(|name| service == "account" && uri.path().eq_ignore_ascii_case(&format!("/{name}")))
        {
            return Self { name: (*name).to_owned(), protocol: Protocol::RestJson };
        }
        if service == "lambda"
            && let Some(name) = lambda(method, uri.path())
        {
            return Self { name: name.to_owned(), protocol: Protocol::RestJson };
        }
        if let Some(name) = uri.path().split("/operation/").nth(1) {
            return Self { name: name.to_owned(), protocol: Protocol::Cbor };
        }
        let query = uri.query().unwrap_or_default().as_bytes();
        let action = form_urlencoded::parse(body).chain(form_urlencoded::parse(query)).find(|(key, _)| key == "Action");
        match action {
            Some((_, action)) => Self { name: action.into_owned(), protocol: Protocol::Query },
            None => Self { name: format!("{method} {}", uri.path()), protocol: Protocol::RestJson },
        }
    }
}

/// The operations of Lambda on a function's policy, which its REST paths do not name.
fn lambda(method: &Method, path: &str) -> Option<&'static str> {
    let (_, part) = path.strip_prefix("/2015-03-31/functions/")?.split_once('/')?;
    match (method.as_str(), part.trim_end_matches('/').split('/').collect::<Vec<_>>().as_slice()) {
        ("GET", ["policy"]) => Some("GetPolicy"),
        ("POST", ["policy"]) => Some("AddPermission"),
        ("DELETE", ["policy", _]) => Some("RemovePermission"),
        _ => None,
    }
}

/// Whether an operation only reads, by the verbs AWS uses.
pub fn is_read(operation: &str) -> bool {
    const VERBS: [&str; 11] = ["Get", "BatchGet", "Describe", "List", "Lookup", "Head", "Filter", "Test", "Simulate", "Select", "Search"];
    VERBS.iter().any(|verb| operation.starts_with(verb)) || matches!(operation, "AssumeRole" | "GenerateDataKey" | "Encrypt" | "Decrypt")
}

/// Whether an operation is a management event; the rest are data events, which only data selectors ask for.
pub fn is_management(service: &str, operation: &str) -> bool {
    match service {
        "s3" => !matches!(
            operation,
            "GetObject"
                | "PutObject"
                | "DeleteObject"
                | "DeleteObjects"
                | "HeadObject"
                | "CopyObject"
                | "ListObjects"
                | "ListObjectVersions"
                | "CreateMultipartUpload"
                | "UploadPart"
                | "CompleteMultipartUpload"
                | "AbortMultipartUpload"
                | "ListParts"
                | "ListMultipartUploads"
                | "GetObjectAcl"
                | "PutObjectAcl"
                | "GetObjectTagging"
                | "PutObjectTagging"
                | "DeleteObjectTagging"
                | "HeadBucket"
                | "GetObjectRetention"
                | "PutObjectRetention"
                | "GetObjectLegalHold"
                | "PutObjectLegalHold"
                | "RestoreObject"
                | "SelectObjectContent"
        ),
        "sqs" => !matches!(
            operation,
            "SendMessage" | "SendMessageBatch" | "ReceiveMessage" | "DeleteMessage" | "DeleteMessageBatch" | "ChangeMessageVisibility"
        ),
        "sns" => !matches!(operation, "Publish" | "PublishBatch"),
        "logs" => !matches!(operation, "PutLogEvents" | "GetLogEvents" | "FilterLogEvents"),
        "monitoring" => operation != "PutMetricData",
        "events" => operation != "PutEvents",
        "dynamodb" => !matches!(operation, "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" | "Query" | "Scan"),
        _ => true,
    }
}

/// The event source that CloudTrail writes for a signing name.
pub fn event_source(service: &str) -> String {
    format!("{service}.amazonaws.com")
}

/// S3 sub-resources of a bucket: the query key, and the name that verbs are put before.
const BUCKET_PARTS: [(&str, &str); 23] = [
    ("policyStatus", "BucketPolicyStatus"),
    ("policy", "BucketPolicy"),
    ("acl", "BucketAcl"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("versioning", "BucketVersioning"),
    ("encryption", "BucketEncryption"),
    ("tagging", "BucketTagging"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("logging", "BucketLogging"),
    ("object-lock", "ObjectLockConfiguration"),
    ("location", "BucketLocation"),
    ("notification", "BucketNotificationConfiguration"),
    ("replication", "BucketReplication"),
    ("requestPayment", "BucketRequestPayment"),
    ("cors", "BucketCors"),
    ("website", "BucketWebsite"),
    ("accelerate", "BucketAccelerateConfiguration"),
    ("intelligent-tiering", "BucketIntelligentTieringConfiguration"),
    ("inventory", "BucketInventoryConfiguration"),
    ("metrics", "BucketMetricsConfiguration"),
    ("analytics", "BucketAnalyticsConfiguration"),
    ("session", "Session"),
];

fn s3(method: &Method, uri: &Uri, headers: &HeaderMap) -> String {
    let query = uri.query().unwrap_or_default();
    let has = |name: &str| form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == name);
    let (bucket, key) = bucket_and_key(uri.path());
    if bucket.is_empty() {
        return "ListBuckets".to_owned();
    }
    let verb = match *method {
        Method::PUT => "Put",
        Method::DELETE => "Delete",
        _ => "Get",
    };
    if uri.path() == ACCOUNT_PUBLIC_ACCESS_BLOCK {
        return format!("{verb}AccountPublicAccessBlock");
    }
    if key.is_empty() { s3_bucket(method, verb, has) } else { s3_object(method, verb, has, headers) }
}

fn s3_bucket(method: &Method, verb: &str, has: impl Fn(&str) -> bool) -> String {
    if let Some((_, name)) = BUCKET_PARTS.iter().find(|(part, _)| has(part)) {
        return format!("{verb}{name}");
    }
    let name = match *method {
        Method::PUT => "CreateBucket",
        Method::DELETE => "DeleteBucket",
        Method::HEAD => "HeadBucket",
        Method::POST if has("delete") => "DeleteObjects",
        Method::POST => "PostObject",
        _ if has("versions") => "ListObjectVersions",
        _ if has("uploads") => "ListMultipartUploads",
        _ => "ListObjects",
    };
    name.to_owned()
}

fn s3_object(method: &Method, verb: &str, has: impl Fn(&str) -> bool, headers: &HeaderMap) -> String {
    const PARTS: [(&str, &str); 4] =
        [("acl", "ObjectAcl"), ("tagging", "ObjectTagging"), ("retention", "ObjectRetention"), ("legal-hold", "ObjectLegalHold")];
    if let Some((_, name)) = PARTS.iter().find(|(part, _)| has(part)) {
        return format!("{verb}{name}");
    }
    let name = match *method {
        Method::HEAD => "HeadObject",
        Method::POST if has("uploads") => "CreateMultipartUpload",
        Method::POST if has("restore") => "RestoreObject",
        Method::POST if has("select") => "SelectObjectContent",
        Method::POST => "CompleteMultipartUpload",
        Method::PUT if has("uploadId") => "UploadPart",
        Method::PUT if headers.contains_key("x-amz-copy-source") => "CopyObject",
        Method::PUT => "PutObject",
        Method::DELETE if has("uploadId") => "AbortMultipartUpload",
        Method::DELETE => "DeleteObject",
        _ if has("uploadId") => "ListParts",
        _ => "GetObject",
    };
    name.to_owned()
}

/// `/bucket/some/key` as (`bucket`, `some/key`), decoded.
pub fn bucket_and_key(path: &str) -> (String, String) {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    (decode(bucket), decode(key))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn name(service: &str, method: &Method, uri: &str, body: &str) -> String {
        Operation::of(service, method, &uri.parse().unwrap(), &HeaderMap::new(), body.as_bytes()).name
    }

    #[test]
    fn s3_operations_have_their_names() {
        for (method, uri, expected) in [
            (Method::GET, "/", "ListBuckets"),
            (Method::PUT, "/b", "CreateBucket"),
            (Method::HEAD, "/b/", "HeadBucket"),
            (Method::GET, "/b?policy", "GetBucketPolicy"),
            (Method::DELETE, "/b?policy=", "DeleteBucketPolicy"),
            (Method::PUT, "/b?publicAccessBlock", "PutPublicAccessBlock"),
            (Method::GET, "/b?list-type=2&prefix=a", "ListObjects"),
            (Method::GET, "/b/k/l", "GetObject"),
            (Method::PUT, "/b/k?acl", "PutObjectAcl"),
            (Method::POST, "/b/k?uploads", "CreateMultipartUpload"),
        ] {
            assert_eq!(name("s3", &method, uri, ""), expected, "{method} {uri}");
        }
    }

    #[test]
    fn form_actions_and_rest_paths() {
        assert_eq!(name("sts", &Method::POST, "/", "Action=AssumeRole&Version=1"), "AssumeRole");
        assert_eq!(name("lambda", &Method::GET, "/2015-03-31/functions", ""), "GET /2015-03-31/functions");
        assert_eq!(name("lambda", &Method::DELETE, "/2015-03-31/functions/f/policy/s", ""), "RemovePermission");
        assert_eq!(name("monitoring", &Method::POST, "/service/G/operation/PutMetricAlarm", ""), "PutMetricAlarm");
    }
}
