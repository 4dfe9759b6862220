//! The only code that talks to moto: forwards callers' requests under the account they belong to, and makes the
//! simulation's own requests (reading a policy, a key, a role) without recording them.

use crate::aws_error::AwsError;
use crate::wire::{Answer, Call};
use http::{HeaderMap, Method};
use serde_json::{Value, json};

/// moto takes the account of a request from this header before anything else.
const ACCOUNT_HEADER: &str = "x-moto-account-id";

/// Headers that belong to one connection, not to the request.
const HOP_HEADERS: [&str; 6] = ["host", "connection", "content-length", "transfer-encoding", "expect", "keep-alive"];

#[derive(Debug, Clone)]
pub struct Backend {
    http: reqwest::Client,
    url: String,
}

/// Whose request it is, and where.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    pub account: &'a str,
    pub region: &'a str,
}

impl Backend {
    pub fn new(url: &str) -> Result<Self, reqwest::Error> {
        // no_proxy: moto is on this machine, whatever the environment says.
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned() })
    }

    /// Sends a caller's request on as it came.
    pub async fn forward(&self, call: &Call) -> Result<Answer, AwsError> {
        let path = call.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = call.headers.clone();
        for name in HOP_HEADERS {
            headers.remove(name);
        }
        if call.service == "sqs"
            && let Some(host) = call.headers.get("host")
        {
            // moto makes queue URLs of it, and clients go where those point: back here, not to moto.
            headers.insert("host", host.clone());
        }
        let answer = self.send(call.method.clone(), path, headers, &call.caller.account, call.body.clone()).await?;
        if is_crash(&answer) {
            return Err(AwsError::not_implemented(&call.service, &call.operation));
        }
        Ok(answer)
    }

    pub async fn reset(&self) -> Result<(), AwsError> {
        self.send(Method::POST, "/moto-api/reset", HeaderMap::new(), "000000000000", Default::default()).await.map(|_| ())
    }

    /// A JSON 1.1 operation; the error is what moto answered.
    pub async fn json(&self, at: At<'_>, service: &str, target: &str, body: Value) -> Result<Value, AwsError> {
        let mut headers = internal_headers(at, service);
        headers.insert("content-type", http::HeaderValue::from_static("application/x-amz-json-1.1"));
        insert(&mut headers, "x-amz-target", target);
        let answer = self.send(Method::POST, "/", headers, at.account, body.to_string().into()).await?;
        match answer.error() {
            Some((code, message)) => Err(AwsError::new(answer.status.as_u16(), code, message)),
            None if answer.body.is_empty() => Ok(json!({})),
            None => serde_json::from_slice(&answer.body)
                .map_err(|error| AwsError::internal(format!("moto answered no JSON to {target}: {error}"))),
        }
    }

    /// A query operation; answers the XML.
    pub async fn query(&self, at: At<'_>, service: &str, parameters: &[(&str, &str)]) -> Result<Answer, AwsError> {
        let mut headers = internal_headers(at, service);
        headers.insert("content-type", http::HeaderValue::from_static("application/x-www-form-urlencoded"));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        error_or(self.send(Method::POST, "/", headers, at.account, body.into()).await?)
    }

    /// An S3 request on a path such as `/bucket?policy`.
    pub async fn s3(&self, at: At<'_>, method: Method, path: &str, body: String) -> Result<Answer, AwsError> {
        let headers = internal_headers(at, "s3");
        error_or(self.send(method, path, headers, at.account, body.into()).await?)
    }

    /// How a bucket encrypts by default; None when not with KMS.
    pub async fn bucket_key(&self, at: At<'_>, bucket: &str) -> Result<Option<BucketKey>, AwsError> {
        let answer = match self.s3(at, Method::GET, &format!("/{bucket}?encryption"), String::new()).await {
            Err(error) if error.code == "ServerSideEncryptionConfigurationNotFoundError" => return Ok(None),
            other => other?,
        };
        if !answer.xml_text("SSEAlgorithm").is_some_and(|algorithm| algorithm.starts_with("aws:kms")) {
            return Ok(None);
        }
        let is_bucket_key = answer.xml_text("BucketKeyEnabled").is_some_and(|text| text == "true");
        Ok(Some(BucketKey { key: answer.xml_text("KMSMasterKeyID"), is_bucket_key }))
    }

    /// The same as `s3`, with headers of the caller's choice: for delivery, which sets metadata and encryption.
    pub async fn s3_put(&self, at: At<'_>, path: &str, extra: &[(&str, &str)], body: Vec<u8>) -> Result<Answer, AwsError> {
        let mut headers = internal_headers(at, "s3");
        for (name, value) in extra {
            insert(&mut headers, name, value);
        }
        error_or(self.send(Method::PUT, path, headers, at.account, body.into()).await?)
    }

    /// The trust policy and the id of an IAM role; None when there is no such role.
    pub async fn role(&self, at: At<'_>, role_name: &str) -> Result<Option<Role>, AwsError> {
        let parameters = [("Action", "GetRole"), ("Version", "2010-05-08"), ("RoleName", role_name)];
        let answer = match self.query(at, "iam", &parameters).await {
            Err(error) if error.code.starts_with("NoSuchEntity") => return Ok(None),
            other => other?,
        };
        let trust = document(&answer, "AssumeRolePolicyDocument").unwrap_or(Value::Null);
        let arn = answer.xml_text("Arn").unwrap_or_default();
        Ok(Some(Role { arn, id: answer.xml_text("RoleId").unwrap_or_default(), trust }))
    }

    /// The policies of a role, inline and attached.
    pub async fn role_policies(&self, at: At<'_>, role_name: &str) -> Result<Vec<Value>, AwsError> {
        let iam = |parameters: Vec<(&'static str, String)>| async move {
            let mut all = vec![("Version", "2010-05-08")];
            all.extend(parameters.iter().map(|(name, value)| (*name, value.as_str())));
            self.query(at, "iam", &all).await
        };
        let role = || ("RoleName", role_name.to_owned());
        let mut policies = Vec::new();
        let inline = iam(vec![("Action", "ListRolePolicies".to_owned()), role()]).await?;
        for name in inline.xml_texts("member") {
            let answer = iam(vec![("Action", "GetRolePolicy".to_owned()), role(), ("PolicyName", name)]).await?;
            policies.extend(document(&answer, "PolicyDocument"));
        }
        let attached = iam(vec![("Action", "ListAttachedRolePolicies".to_owned()), role()]).await?;
        for arn in attached.xml_texts("PolicyArn") {
            let found = iam(vec![("Action", "GetPolicy".to_owned()), ("PolicyArn", arn.clone())]).await?;
            let version = found.xml_text("DefaultVersionId").unwrap_or_default();
            let action = ("Action", "GetPolicyVersion".to_owned());
            let answer = iam(vec![action, ("PolicyArn", arn), ("VersionId", version)]).await?;
            policies.extend(document(&answer, "Document"));
        }
        Ok(policies)
    }

    /// DescribeKey's metadata for an id, alias or ARN; None when there is no such key.
    pub async fn key(&self, at: At<'_>, key: &str) -> Result<Option<Value>, AwsError> {
        match self.json(at, "kms", "TrentService.DescribeKey", json!({ "KeyId": key })).await {
            Ok(mut answer) => Ok(Some(answer["KeyMetadata"].take())),
            Err(error) if error.code.contains("NotFound") || error.code.contains("InvalidArn") => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub async fn key_policy(&self, at: At<'_>, key_id: &str) -> Result<Value, AwsError> {
        let body = json!({ "KeyId": key_id, "PolicyName": "default" });
        let answer = self.json(at, "kms", "TrentService.GetKeyPolicy", body).await?;
        Ok(answer["Policy"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null))
    }

    /// The policy of an SNS topic; None when there is no such topic.
    pub async fn topic_policy(&self, at: At<'_>, arn: &str) -> Result<Option<Value>, AwsError> {
        let parameters = [("Action", "GetTopicAttributes"), ("Version", "2010-03-31"), ("TopicArn", arn)];
        let Ok(answer) = self.query(at, "sns", &parameters).await else { return Ok(None) };
        let text = answer.text();
        let document = roxmltree::Document::parse(&text).map_err(|error| AwsError::internal(error.to_string()))?;
        let policy = document
            .descendants()
            .filter(|node| node.tag_name().name() == "entry")
            .find(|entry| entry.children().any(|child| child.tag_name().name() == "key" && child.text() == Some("Policy")))
            .and_then(|entry| entry.children().find(|child| child.tag_name().name() == "value"))
            .and_then(|value| value.text());
        Ok(Some(policy.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)))
    }

    pub async fn log_group_exists(&self, at: At<'_>, name: &str) -> Result<bool, AwsError> {
        let body = json!({ "logGroupNamePrefix": name });
        let answer = self.json(at, "logs", "Logs_20140328.DescribeLogGroups", body).await?;
        let groups = answer["logGroups"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(groups.iter().any(|group| group["logGroupName"] == name))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        mut headers: HeaderMap,
        account: &str,
        body: axum::body::Bytes,
    ) -> Result<Answer, AwsError> {
        insert(&mut headers, ACCOUNT_HEADER, account);
        // Nothing has a length too: moto refuses a PUT without one, such as PutBucketAcl with a canned ACL.
        if body.is_empty() && method != Method::GET && method != Method::HEAD {
            insert(&mut headers, "content-length", "0");
        }
        let url = format!("{}{path}", self.url);
        let failed = |error: reqwest::Error| {
            AwsError::new(502, "InternalFailure", format!("trailkeeper-sim could not reach moto at {url}: {error}"))
        };
        let response = self.http.request(method, &url).headers(headers).body(body).send().await.map_err(failed)?;
        let status = response.status();
        let mut headers = response.headers().clone();
        for name in HOP_HEADERS {
            headers.remove(name);
        }
        let body = response.bytes().await.map_err(failed)?;
        Ok(Answer { status, headers, body })
    }
}

#[derive(Debug, Clone)]
pub struct BucketKey {
    /// As the bucket names it; None is the key that AWS manages.
    pub key: Option<String>,
    /// Whether S3 Bucket Keys are on.
    pub is_bucket_key: bool,
}

#[derive(Debug, Clone)]
pub struct Role {
    pub arn: String,
    pub id: String,
    pub trust: Value,
}

/// A policy inside an IAM answer, where it is percent-encoded JSON.
fn document(answer: &Answer, element: &str) -> Option<Value> {
    let encoded = answer.xml_text(element)?;
    let text = percent_encoding::percent_decode_str(&encoded).decode_utf8_lossy();
    serde_json::from_str(&text).ok()
}

fn internal_headers(at: At<'_>, service: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential=TRAILKEEPERSIM/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
        at.region
    );
    insert(&mut headers, "authorization", &scope);
    headers
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

/// moto answers what it lacks with Flask's own error page.
fn is_crash(answer: &Answer) -> bool {
    let is_html = answer.headers.get("content-type").and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("text/html"));
    (answer.status.as_u16() >= 500 || answer.status.as_u16() == 404) && is_html && answer.body.starts_with(b"<!doctype html>")
}

fn error_or(answer: Answer) -> Result<Answer, AwsError> {
    match answer.error() {
        Some((code, message)) => Err(AwsError::new(answer.status.as_u16(), code, message)),
        None => Ok(answer),
    }
}
