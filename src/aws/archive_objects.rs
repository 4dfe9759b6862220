//! The objects of an archive in S3, for the verification of their integrity. Reads only, and in bulk: retries slow down as S3 asks.

use super::Cloud;
use crate::facets::observed::{ErrorClass, Failure};
use crate::integrity::evidence::{Evidence, Names, Opened, Refusal, Version};
use crate::integrity::place::Place;
use crate::integrity::public_keys::{PublicKey, RegionKeys};
use crate::integrity::settings::Switched;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_cloudtrail::types as sdk;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How often a read is tried: S3 answers 503 SlowDown while it makes room for more requests a second.
const TRIES: u32 = 8;

/// Pages of a listing that are read for the versions of one prefix.
const MOST_VERSION_PAGES: usize = 20;

/// An archive in S3.
pub struct ArchiveObjects {
    cloud: Cloud,
    /// Account that must own the archive's bucket; `None` where nobody declared it.
    owner: Option<String>,
    bucket: String,
    /// A client in the Region of each bucket.
    clients: Mutex<HashMap<String, Arc<aws_sdk_s3::Client>>>,
}

impl ArchiveObjects {
    /// The archive in `bucket`, in whatever Region that is. `owner` is the account that must own it.
    pub fn new(cloud: Cloud, bucket: &str, owner: Option<String>) -> Self {
        Self { cloud, owner, bucket: bucket.to_owned(), clients: Mutex::default() }
    }

    /// A client in the Region of a bucket: CloudTrail may have moved from one bucket to another.
    async fn client(&self, bucket: &str) -> Result<Arc<aws_sdk_s3::Client>, Failure> {
        let mut clients = self.clients.lock().await;
        if let Some(client) = clients.get(bucket) {
            return Ok(client.clone());
        }
        let asked = self.cloud.s3.head_bucket().bucket(bucket).send();
        let region = match self.cloud.call("s3:ListBucket", bucket, asked).await {
            Ok(answer) => answer.bucket_region().map(str::to_owned),
            // Another Region answers with a redirect, that names it.
            Err(failure) => match self.region_of(bucket).await {
                Some(region) => Some(region),
                None => return Err(failure),
            },
        };
        let region = region.unwrap_or_else(|| self.cloud.region.clone());
        let client = Arc::new(self.bulk_client(&region));
        clients.insert(bucket.to_owned(), client.clone());
        Ok(client)
    }

    async fn region_of(&self, bucket: &str) -> Option<String> {
        let error = self.cloud.s3.head_bucket().bucket(bucket).send().await.err()?;
        Some(error.raw_response()?.headers().get("x-amz-bucket-region")?.to_owned())
    }

    fn bulk_client(&self, region: &str) -> aws_sdk_s3::Client {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(Duration::from_secs(30))
            .operation_attempt_timeout(Duration::from_secs(60))
            .build();
        let config = self.cloud.session.s3(region).config().to_builder();
        let config = config.retry_config(RetryConfig::adaptive().with_max_attempts(TRIES)).timeout_config(timeouts);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// Who must own the bucket.
    fn owner(&self, bucket: &str) -> Option<String> {
        self.owner.clone().filter(|_| bucket == self.bucket)
    }

    async fn page(&self, bucket: &str, prefix: &str, from: From) -> Result<(Vec<String>, Option<String>), String> {
        let client = self.client(bucket).await.map_err(|failure| failure.to_string())?;
        let request = client.list_objects_v2().bucket(bucket).prefix(prefix).set_expected_bucket_owner(self.owner(bucket));
        let request = match from {
            From::Key(after) if after.is_empty() => request,
            From::Key(after) => request.start_after(after),
            From::Token(token) => request.continuation_token(token),
        };
        let place = format!("s3://{bucket}/{prefix}");
        let answer = self.cloud.call("s3:ListBucket", &place, request.send()).await.map_err(|failure| failure.to_string())?;
        let next = answer.next_continuation_token().map(str::to_owned);
        Ok((answer.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect(), next))
    }
}

/// Where a page of a listing begins.
enum From {
    Key(String),
    Token(String),
}

impl Evidence for Arc<ArchiveObjects> {
    async fn folders(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, String> {
        let client = self.client(bucket).await.map_err(|failure| failure.to_string())?;
        let request = client.list_objects_v2().bucket(bucket).prefix(prefix).delimiter("/").set_expected_bucket_owner(self.owner(bucket));
        let mut pages = request.into_paginator().send();
        let mut folders = Vec::new();
        while let Some(page) = pages.next().await {
            let place = format!("s3://{bucket}/{prefix}");
            let page = self.cloud.call("s3:ListBucket", &place, async { page }).await.map_err(|failure| failure.to_string())?;
            let names = page.common_prefixes().iter().filter_map(|folder| folder.prefix()?.strip_prefix(prefix));
            folders.extend(names.map(|name| name.trim_end_matches('/').to_owned()));
        }
        Ok(folders)
    }

    fn names(&self, bucket: &str, prefix: &str, after: &str) -> Names {
        let (objects, bucket, prefix) = (self.clone(), bucket.to_owned(), prefix.to_owned());
        stream::unfold(Some(From::Key(after.to_owned())), move |from| {
            let (objects, bucket, prefix) = (objects.clone(), bucket.clone(), prefix.clone());
            async move {
                match objects.page(&bucket, &prefix, from?).await {
                    Ok((keys, next)) => Some((Ok(keys), next.map(From::Token))),
                    Err(why) => Some((Err(why), None)),
                }
            }
        })
        .boxed()
    }

    async fn open(&self, place: &Place, version: Option<&str>) -> Result<Opened, Refusal> {
        let Place { bucket, key } = place;
        let client = self.client(bucket).await.map_err(refusal)?;
        let request = client.get_object().bucket(bucket).key(key).set_version_id(version.map(str::to_owned));
        let request = request.set_expected_bucket_owner(self.owner(bucket));
        let answer = self.cloud.call("s3:GetObject", &place.to_string(), request.send()).await.map_err(refusal)?;
        let body = stream::unfold(answer.body, |mut body| async move {
            let piece = body.next().await?;
            Some((piece.map_err(|error| format!("the connection to S3 broke off: {error}")), body))
        });
        let metadata = answer.metadata.unwrap_or_default().into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        Ok(Opened { metadata, body: body.boxed() })
    }

    async fn versions(&self, bucket: &str, prefix: &str) -> Result<Vec<Version>, String> {
        let client = self.client(bucket).await.map_err(|failure| failure.to_string())?;
        let request = client.list_object_versions().bucket(bucket).prefix(prefix).set_expected_bucket_owner(self.owner(bucket));
        let mut versions = Vec::new();
        let mut marks = (None, None);
        for _ in 0..MOST_VERSION_PAGES {
            let page = request.clone().set_key_marker(marks.0).set_version_id_marker(marks.1).send();
            let place = format!("s3://{bucket}/{prefix}");
            let page = self.cloud.call("s3:ListBucketVersions", &place, page).await.map_err(|failure| failure.to_string())?;
            let found = page.versions.unwrap_or_default();
            versions.extend(found.into_iter().filter_map(|version| Some(Version { key: version.key?, id: version.version_id? })));
            if page.is_truncated != Some(true) {
                break;
            }
            marks = (page.next_key_marker, page.next_version_id_marker);
        }
        Ok(versions)
    }

    async fn keys(&self, region: &str, from: Timestamp, until: Timestamp) -> Result<RegionKeys, String> {
        let cloud = self.cloud.at(region);
        let time = |time: Timestamp| aws_sdk_cloudtrail::primitives::DateTime::from_secs(time.as_second());
        let request = cloud.cloudtrail.list_public_keys().start_time(time(from)).end_time(time(until));
        let mut keys = RegionKeys::new();
        let mut token = None;
        loop {
            let page = request.clone().set_next_token(token).send();
            let place = format!("the public keys of {region}");
            let page = cloud.call("cloudtrail:ListPublicKeys", &place, page).await.map_err(|failure| failure.to_string())?;
            let found = page.public_key_list.unwrap_or_default();
            keys.extend(found.into_iter().filter_map(|key| Some((key.fingerprint?, PublicKey::from_der(key.value?.into_inner())))));
            token = page.next_token;
            if token.is_none() {
                return Ok(keys);
            }
        }
    }
}

fn refusal(failure: Failure) -> Refusal {
    if failure.class == ErrorClass::NotFound { Refusal::NotFound } else { Refusal::Unread(failure.to_string()) }
}

/// Where a trail delivers, and whether it does.
pub struct TrailToVerify {
    pub bucket: String,
    pub prefix: String,
    pub of_organization: bool,
    pub switched: Switched,
}

impl Cloud {
    /// Where the trail with this ARN delivers, and whether it still does.
    pub async fn trail_to_verify(&self, arn: &str) -> Result<TrailToVerify, Failure> {
        let trail = self.call("cloudtrail:GetTrail", arn, self.cloudtrail.get_trail().name(arn).send()).await?.trail;
        let status = self.call("cloudtrail:GetTrailStatus", arn, self.cloudtrail.get_trail_status().name(arn).send()).await?;
        let time = |time: aws_smithy_types::DateTime| Timestamp::from_second(time.secs()).ok();
        let is = |flag: fn(&sdk::Trail) -> Option<bool>| trail.as_ref().and_then(flag) == Some(true);
        let switched = Switched {
            off: status.stop_logging_time.and_then(time),
            on: status.start_logging_time.and_then(time),
            multi_region: is(|trail| trail.is_multi_region_trail),
        };
        let of_organization = is(|trail| trail.is_organization_trail);
        let (bucket, prefix) = trail.map(|trail| (trail.s3_bucket_name, trail.s3_key_prefix)).unwrap_or_default();
        Ok(TrailToVerify { bucket: bucket.unwrap_or_default(), prefix: prefix.unwrap_or_default(), of_organization, switched })
    }
}
