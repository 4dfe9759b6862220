//! CloudTrail's own writes to a trail's destinations, with the checks that AWS makes at that time. A failure is the error
//! code that GetTrailStatus shows. None of these writes is recorded as a caller's.

use super::Stream;
use crate::backend::At;
use crate::cloudtrail::destinations::{allows, key_policy_allows, role_may_write, service_context};
use crate::cloudtrail::model::Trail;
use crate::events::Event;
use crate::identity::partition;
use crate::world::World;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde_json::{Value, json};
use std::sync::Arc;

/// Larger events are not sent to CloudWatch Logs.
const MAX_LOG_EVENT: usize = 256 * 1024;

/// What a key keeps as it is in a request's path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

const DENIED: &str = "AccessDenied";

/// Writes a gzip file to the trail's bucket, as S3 would let CloudTrail.
pub async fn put_object(world: &World, trail: &Trail, key: &str, metadata: &[(&str, &str)], body: Vec<u8>) -> Result<(), String> {
    let bucket = world.buckets.get(&trail.bucket).ok_or("NoSuchBucket")?;
    let encryption = if trail.kms_key.is_some() { "aws:kms" } else { "AES256" };
    let context = service_context(world, trail)
        .with("s3:x-amz-acl", "bucket-owner-full-control")
        .with("s3:x-amz-server-side-encryption", encryption)
        .with_some("s3:x-amz-server-side-encryption-aws-kms-key-id", trail.kms_key.as_deref());
    let arn = format!("arn:{}:s3:::{}/{key}", partition(&bucket.region), trail.bucket);
    if !bucket.policy.as_ref().is_some_and(|policy| allows(policy, "s3:PutObject", &arn, context)) {
        return Err(DENIED.to_owned());
    }
    let at = At { account: &bucket.owner, region: &bucket.region };
    // Without a key of the trail's own, the bucket's default encryption applies.
    let default = world.backend.bucket_key(at, &trail.bucket).await.map_err(|error| error.code)?;
    if let Some(kms_key) = trail.kms_key.as_deref().or(default.as_ref().and_then(|default| default.key.as_deref())) {
        use_key(world, trail, at, kms_key, default.as_ref().is_some_and(|default| default.is_bucket_key)).await?;
    }
    let mut headers = vec![("content-type", "application/json"), ("content-encoding", "gzip"), ("x-amz-acl", "bucket-owner-full-control")];
    if let Some(kms_key) = &trail.kms_key {
        headers.push(("x-amz-server-side-encryption", "aws:kms"));
        headers.push(("x-amz-server-side-encryption-aws-kms-key-id", kms_key));
    }
    headers.extend(metadata);
    let path = percent_encoding::utf8_percent_encode(key, PATH);
    world.backend.s3_put(at, &format!("/{}/{path}", trail.bucket), &headers, body).await.map_err(|error| error.code)?;
    Ok(())
}

/// S3's error when it can't encrypt with a key. With an S3 Bucket Key, CloudTrail must be able to decrypt too.
async fn use_key(world: &World, trail: &Trail, bucket: At<'_>, key: &str, is_bucket_key: bool) -> Result<(), String> {
    let at = At { account: key.split(':').nth(4).unwrap_or(bucket.account), region: bucket.region };
    let metadata = world.backend.key(at, key).await.map_err(|error| error.code)?.ok_or("KMS.NotFoundException")?;
    match metadata["KeyState"].as_str() {
        Some("Disabled") => return Err("KMS.DisabledException".to_owned()),
        Some("Enabled") | None => {}
        Some(_) => return Err("KMS.KMSInvalidStateException".to_owned()),
    }
    let policy = world.backend.key_policy(at, metadata["KeyId"].as_str().unwrap_or_default()).await.map_err(|error| error.code)?;
    let arn = metadata["Arn"].as_str().unwrap_or_default();
    let extra = match (&trail.kms_key, is_bucket_key) {
        (Some(_), true) => Some("kms:Decrypt"),
        (None, true) => Some("kms:DescribeKey"),
        (_, false) => None,
    };
    let good = key_policy_allows(world, trail, &policy, arn)
        && extra.is_none_or(|action| allows(&policy, action, arn, service_context(world, trail)));
    if good { Ok(()) } else { Err(DENIED.to_owned()) }
}

/// Tells the trail's topic of a new file.
pub async fn notify(world: &World, trail: &Trail, topic: &str, key: &str) -> Result<(), String> {
    let fields: Vec<&str> = topic.split(':').collect();
    let [_, _, _, region, account, _] = fields[..] else { return Err("NotFound".to_owned()) };
    let at = At { account, region };
    let policy = world.backend.topic_policy(at, topic).await.map_err(|error| error.code)?.ok_or("NotFound")?;
    if !allows(&policy, "SNS:Publish", topic, service_context(world, trail)) {
        return Err("AuthorizationError".to_owned());
    }
    let message = json!({ "s3Bucket": trail.bucket, "s3ObjectKey": [key] }).to_string();
    let parameters = [("Action", "Publish"), ("Version", "2010-03-31"), ("TopicArn", topic), ("Message", message.as_str())];
    world.backend.query(at, "sns", &parameters).await.map(drop).map_err(|error| error.code)
}

/// Writes events to the trail's log group, under the role it names.
pub async fn put_log_events(
    world: &World,
    trail: &Trail,
    stream: &Stream,
    (group, role): (&str, &str),
    events: &[Arc<Event>],
) -> Result<(), String> {
    let fields: Vec<&str> = group.splitn(8, ':').collect();
    let [_, _, _, region, account, _, name, _] = fields[..] else { return Err("ResourceNotFoundException".to_owned()) };
    let at = At { account, region };
    let organization = world.organizations.id_of(&trail.account).filter(|_| trail.organization);
    let prefix = organization.map(|id| format!("{id}_")).unwrap_or_default();
    // The Region of the group, whatever the events': the documented role allows no other stream.
    let log_stream = format!("{prefix}{}_CloudTrail_{}", stream.account, trail.home_region);
    if !role_may_write(world, trail, role, group, &log_stream).await.map_err(|error| error.code)? {
        return Err(DENIED.to_owned());
    }
    let mut entries: Vec<(i64, String)> = events
        .iter()
        .map(|event| (event.time.as_millisecond(), event.record.to_string()))
        .filter(|(_, message)| message.len() <= MAX_LOG_EVENT)
        .collect();
    // PutLogEvents takes them in order only; calls at the same time are recorded as they end.
    entries.sort_by_key(|(timestamp, _)| *timestamp);
    let entries: Vec<Value> =
        entries.into_iter().map(|(timestamp, message)| json!({ "timestamp": timestamp, "message": message })).collect();
    if entries.is_empty() {
        return Ok(());
    }
    let place = json!({ "logGroupName": name, "logStreamName": log_stream });
    match world.backend.json(at, "logs", "Logs_20140328.CreateLogStream", place.clone()).await {
        Err(error) if error.code != "ResourceAlreadyExistsException" => return Err(error.code),
        _ => {}
    }
    let mut request = place;
    request["logEvents"] = json!(entries);
    world.backend.json(at, "logs", "Logs_20140328.PutLogEvents", request).await.map_err(|error| error.code)?;
    let counts = crate::metric_filters::count(world, at, name, events.iter().map(|event| &event.record));
    crate::monitoring::raise(world, at, &counts).await;
    Ok(())
}
