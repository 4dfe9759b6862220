//! As much of S3, and of CloudTrail's ListPublicKeys, as a verification asks of them, with a latency: moto would be the
//! slowest part of the measurement.

use crate::archive::{ACCOUNT, Archive, BUCKET, REGION};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const PAGE: usize = 1000;

struct Served {
    root: PathBuf,
    keys: BTreeSet<String>,
    public_keys: String,
    latency: Duration,
}

/// Serves the archive on a free port; answers the endpoint.
pub async fn serve(archive: &Archive, latency: Duration) -> String {
    let mut keys = BTreeSet::new();
    list(&archive.root, "", &mut keys);
    let served = Served { root: archive.root.clone(), keys, public_keys: archive.keys.to_string(), latency };
    let router = Router::new().fallback(answer).with_state(Arc::new(served));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    endpoint
}

fn list(folder: &Path, prefix: &str, keys: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() {
            list(&entry.path(), &format!("{name}/"), keys);
        } else if name.ends_with(".gz") {
            keys.insert(name);
        }
    }
}

async fn answer(State(served): State<Arc<Served>>, request: Request) -> Response {
    tokio::time::sleep(served.latency).await;
    let path = percent_encoding::percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
    let query: HashMap<String, String> = form_urlencoded(request.uri().query().unwrap_or_default());
    let of_cloudtrail = request.headers().get("x-amz-target").is_some_and(|target| target.to_str().unwrap().ends_with("ListPublicKeys"));
    match path.trim_start_matches('/').split_once('/') {
        _ if of_cloudtrail => ([(header::CONTENT_TYPE, "application/x-amz-json-1.1")], served.public_keys.clone()).into_response(),
        None if request.method() == Method::POST => who(),
        None if request.method() == Method::HEAD => [("x-amz-bucket-region", REGION)].into_response(),
        _ if query.contains_key("location") => xml(format!("<LocationConstraint>{REGION}</LocationConstraint>")),
        Some((_, "")) | None => served.listing(&query),
        Some((_, key)) => served.object(key).await,
    }
}

fn form_urlencoded(query: &str) -> HashMap<String, String> {
    let decode = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (decode(name), decode(value))).collect()
}

fn xml(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/xml")], format!("<?xml version=\"1.0\"?>{text}")).into_response()
}

fn who() -> Response {
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/auditor");
    xml(format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>{arn}</Arn>\
         <UserId>AIDA</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    ))
}

impl Served {
    fn listing(&self, query: &HashMap<String, String>) -> Response {
        let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let prefix = get("prefix");
        let after = [get("continuation-token"), get("start-after"), get("marker")].into_iter().find(|after| !after.is_empty());
        let from = after.map_or(Bound::Included(prefix), |after| Bound::Excluded(after.max(prefix)));
        let keys = self.keys.range::<str, _>((from, Bound::Unbounded)).take_while(|key| key.starts_with(prefix));
        if get("delimiter") == "/" {
            let folders: BTreeSet<&str> = keys.filter_map(|key| key[prefix.len()..].split_once('/')).map(|(folder, _)| folder).collect();
            let folders: String =
                folders.iter().map(|folder| format!("<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>")).collect();
            return xml(format!("<ListBucketResult><IsTruncated>false</IsTruncated>{folders}</ListBucketResult>"));
        }
        let page: Vec<&String> = keys.take(PAGE + 1).collect();
        let more = page.len() > PAGE;
        let shown = &page[..page.len().min(PAGE)];
        let contents: String = shown.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
        let next = shown.last().filter(|_| more).map(|key| format!("<NextContinuationToken>{key}</NextContinuationToken>"));
        let next = next.unwrap_or_default();
        xml(format!("<ListBucketResult><Name>{BUCKET}</Name><IsTruncated>{more}</IsTruncated>{next}{contents}</ListBucketResult>"))
    }

    async fn object(&self, key: &str) -> Response {
        let Ok(object) = tokio::fs::read(self.root.join(key)).await else {
            return (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>").into_response();
        };
        let mut headers = HeaderMap::new();
        if let Ok(side) = tokio::fs::read(self.root.join(format!("{key}.metadata.json"))).await {
            let side: Value = serde_json::from_slice(&side).unwrap();
            for (name, value) in side["Metadata"].as_object().unwrap() {
                let name: header::HeaderName = format!("x-amz-meta-{name}").parse().unwrap();
                headers.insert(name, value.as_str().unwrap().parse().unwrap());
            }
        }
        (headers, Body::from(Bytes::from(object))).into_response()
    }
}
