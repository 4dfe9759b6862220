//! What S3 does and moto does not: owners, Regions, bucket policies that decide, the defaults of a new bucket, and Block
//! Public Policy. Keeps who owns each bucket, where it is and its policy, written when moto accepts a change.

use crate::aws_error::{AwsError, escape_xml};
use crate::backend::At;
use crate::bucket_configurations::{self, Configurations};
use crate::operation::bucket_and_key;
use crate::policy::{Context, Decision, Principal, Request, evaluate, is_public};
use crate::wire::{Answer, Call};
use crate::world::{World, guard};
use http::Method;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Mutex;

#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    pub owner: String,
    pub region: String,
    pub policy: Option<Value>,
    pub requester_pays: bool,
    pub configurations: Configurations,
}

#[derive(Debug, Default)]
pub struct Buckets {
    all: Mutex<HashMap<String, Bucket>>,
}

impl Buckets {
    pub fn get(&self, name: &str) -> Option<Bucket> {
        guard(&self.all).get(name).cloned()
    }

    pub fn clear(&self) {
        guard(&self.all).clear();
    }

    fn put(&self, name: &str, bucket: Bucket) {
        guard(&self.all).insert(name.to_owned(), bucket);
    }

    fn remove(&self, name: &str) {
        guard(&self.all).remove(name);
    }

    pub(crate) fn update(&self, name: &str, change: impl FnOnce(&mut Bucket)) {
        if let Some(bucket) = guard(&self.all).get_mut(name) {
            change(bucket);
        }
    }
}

pub async fn handle(world: &World, call: &Call) -> Result<Answer, AwsError> {
    let (name, key) = bucket_and_key(call.uri.path());
    if call.operation == "ListBuckets" || call.operation.ends_with("AccountPublicAccessBlock") {
        return world.backend.forward(call).await;
    }
    if call.operation == "CreateBucket" {
        return create(world, call, &name).await;
    }
    let Some(bucket) = world.buckets.get(&name) else {
        return Err(AwsError::new(404, "NoSuchBucket", "The specified bucket does not exist"));
    };
    authorize(call, &bucket, &name, &key)?;
    if bucket.region != call.region && call.operation != "GetBucketLocation" {
        return Ok(redirect(&bucket, call));
    }
    if call.operation == "PutBucketPolicy" {
        refuse_policy(world, call, &bucket, &name).await?;
    }
    if let Some(answer) = without_moto(world, call, &bucket, &name)? {
        return Ok(answer);
    }
    if let Some(answer) = bucket_configurations::answer(world, call, &bucket, &name).await? {
        return Ok(answer);
    }
    if call.operation == "PutBucketAcl" || call.operation == "PutObjectAcl" {
        refuse_acl(world, &bucket, &name).await?;
    }
    let mut as_owner = call.clone();
    as_owner.caller.account.clone_from(&bucket.owner);
    let mut answer = world.backend.forward(&as_owner).await?;
    if call.operation == "GetBucketVersioning" {
        // moto names the root after the operation; S3, and the SDKs, after the configuration.
        let text = answer.text().replace("GetBucketVersioningResponse", "VersioningConfiguration");
        answer.body = bucket_configurations::with_mfa_delete(&text, &bucket.configurations).into();
    }
    if call.operation == "GetBucketNotificationConfiguration" {
        // The same, where there is none.
        answer.body = answer.text().replace("GetBucketNotificationResponse", "NotificationConfiguration").into();
    }
    if answer.is_ok() {
        remember(world, call, &bucket, &name).await?;
    }
    Ok(answer)
}

/// What moto would take for CreateBucket or DeleteBucket, since it does not know these sub-resources; and bucket policies,
/// whose Deny moto applies without looking at the condition.
fn without_moto(world: &World, call: &Call, bucket: &Bucket, name: &str) -> Result<Option<Answer>, AwsError> {
    const UNKNOWN: [&str; 3] = ["IntelligentTieringConfiguration", "MetricsConfiguration", "AnalyticsConfiguration"];
    if UNKNOWN.iter().any(|part| call.operation.ends_with(part)) {
        return Err(AwsError::not_implemented("s3", &call.operation));
    }
    match call.operation.as_str() {
        "GetBucketRequestPayment" => {
            let payer = if bucket.requester_pays { "Requester" } else { "BucketOwner" };
            let body = format!("<RequestPaymentConfiguration><Payer>{payer}</Payer></RequestPaymentConfiguration>");
            Ok(Some(Answer::xml(body, &call.request_id)))
        }
        "PutBucketRequestPayment" => {
            let requester_pays = String::from_utf8_lossy(&call.body).contains("<Payer>Requester</Payer>");
            world.buckets.update(name, |bucket| bucket.requester_pays = requester_pays);
            Ok(Some(Answer::xml(String::new(), &call.request_id)))
        }
        "GetBucketPolicy" => {
            let missing = || AwsError::new(404, "NoSuchBucketPolicy", "The bucket policy does not exist");
            let policy = bucket.policy.as_ref().ok_or_else(missing)?;
            Ok(Some(Answer::json(policy, &call.request_id)))
        }
        "PutBucketPolicy" | "DeleteBucketPolicy" => {
            let policy = serde_json::from_slice(&call.body).ok();
            world.buckets.update(name, |bucket| bucket.policy = policy);
            Ok(Some(Answer { status: http::StatusCode::NO_CONTENT, ..Answer::xml(String::new(), &call.request_id) }))
        }
        _ => Ok(None),
    }
}

/// The owner's own identity policies are not judged; everybody is bound by the bucket policy.
fn authorize(call: &Call, bucket: &Bucket, name: &str, key: &str) -> Result<(), AwsError> {
    let denied = || {
        let message =
            format!("User: {} is not authorized to perform: s3:{} on resource: \"arn:aws:s3:::{name}\"", call.caller.arn, call.operation);
        AwsError::new(403, "AccessDenied", message)
    };
    if call.header("x-amz-expected-bucket-owner").is_some_and(|expected| expected != bucket.owner) {
        return Err(AwsError::new(403, "AccessDenied", "Access Denied"));
    }
    let is_owner = call.caller.account == bucket.owner;
    let owner_keeps = is_owner && matches!(call.operation.as_str(), "GetBucketPolicy" | "PutBucketPolicy" | "DeleteBucketPolicy");
    if owner_keeps && call.caller.kind == crate::identity::PrincipalKind::Root {
        return Ok(());
    }
    let decision = bucket.policy.as_ref().map_or(Decision::NotAllowed, |policy| {
        let partition = crate::identity::partition(&bucket.region);
        let resource = if key.is_empty() { format!("arn:{partition}:s3:::{name}") } else { format!("arn:{partition}:s3:::{name}/{key}") };
        let context = Context::default()
            .with("aws:SecureTransport", "true")
            .with("aws:PrincipalArn", call.caller.policy_arns().last().copied().unwrap_or_default())
            .with("aws:PrincipalAccount", &call.caller.account)
            .with_some("s3:x-amz-acl", call.header("x-amz-acl"))
            .with_some("s3:x-amz-server-side-encryption", call.header("x-amz-server-side-encryption"));
        let action = format!("s3:{}", iam_action(&call.operation));
        evaluate(policy, &Request { principal: Principal::Caller(&call.caller), action: &action, resource: Some(&resource), context })
    });
    match decision {
        Decision::Denied => Err(denied()),
        Decision::NotAllowed if !is_owner => Err(denied()),
        _ => Ok(()),
    }
}

/// The permission an operation needs, where it is not called as the operation is.
fn iam_action(operation: &str) -> String {
    let exact = match operation {
        "HeadBucket" | "ListObjects" => "ListBucket",
        "ListObjectVersions" => "ListBucketVersions",
        "HeadObject" => "GetObject",
        "CopyObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => "PutObject",
        "DeleteObjects" => "DeleteObject",
        "DeletePublicAccessBlock" | "PutPublicAccessBlock" => "PutBucketPublicAccessBlock",
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "DeleteBucketEncryption" | "PutBucketEncryption" => "PutEncryptionConfiguration",
        "GetBucketEncryption" => "GetEncryptionConfiguration",
        "DeleteBucketTagging" => "PutBucketTagging",
        "DeleteBucketOwnershipControls" => "PutBucketOwnershipControls",
        "GetBucketLifecycleConfiguration" => "GetLifecycleConfiguration",
        "PutBucketLifecycleConfiguration" | "DeleteBucketLifecycleConfiguration" => "PutLifecycleConfiguration",
        "GetObjectLockConfiguration" => "GetBucketObjectLockConfiguration",
        "PutObjectLockConfiguration" => "PutBucketObjectLockConfiguration",
        "GetBucketNotificationConfiguration" => "GetBucketNotification",
        "PutBucketNotificationConfiguration" => "PutBucketNotification",
        "GetBucketReplication" => "GetReplicationConfiguration",
        "PutBucketReplication" | "DeleteBucketReplication" => "PutReplicationConfiguration",
        other => other,
    };
    exact.to_owned()
}

/// S3 sends a request signed for another Region to where the bucket is.
fn redirect(bucket: &Bucket, call: &Call) -> Answer {
    let message = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.";
    let error = AwsError::new(301, "PermanentRedirect", message);
    let body =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{message}</Message></Error>", error.code);
    let mut answer = Answer::xml(body, &call.request_id);
    answer.status = http::StatusCode::MOVED_PERMANENTLY;
    if let Ok(region) = http::HeaderValue::from_str(&bucket.region) {
        answer.headers.insert("x-amz-bucket-region", region);
    }
    if call.method == Method::HEAD {
        answer.body = axum::body::Bytes::new();
    }
    answer
}

async fn create(world: &World, call: &Call, name: &str) -> Result<Answer, AwsError> {
    if let Some(existing) = world.buckets.get(name)
        && existing.owner != call.caller.account
    {
        let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.";
        return Err(AwsError::new(409, "BucketAlreadyExists", message));
    }
    let constraint = location_constraint(&call.body);
    let matches_endpoint =
        constraint.as_deref().map_or(call.region == "us-east-1", |constraint| constraint == call.region || call.region == "us-east-1");
    if !matches_endpoint {
        let message = format!(
            "The {} location constraint is incompatible for the region specific endpoint this request was sent to.",
            constraint.as_deref().unwrap_or("unspecified")
        );
        return Err(AwsError::new(400, "IllegalLocationConstraintException", message));
    }
    let mut without_lock = call.clone();
    let locked = without_lock.headers.remove("x-amz-bucket-object-lock-enabled").is_some_and(|value| value == "true");
    let answer = world.backend.forward(&without_lock).await?;
    if answer.is_ok() && world.buckets.get(name).is_none() {
        let region = constraint.unwrap_or_else(|| call.region.clone());
        set_defaults(world, call, name, &region).await?;
        if let Some(tags) = creation_tags(&call.body) {
            let at = At { account: &call.caller.account, region: &region };
            world.backend.s3(at, Method::PUT, &format!("/{name}?tagging"), tags).await?;
        }
        let mut configurations = Configurations::default();
        if locked {
            configurations = Configurations::with_object_lock();
            let at = At { account: &call.caller.account, region: &region };
            let versioned = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
            world.backend.s3(at, Method::PUT, &format!("/{name}?versioning"), versioned.to_owned()).await?;
        }
        world.buckets.put(name, Bucket { owner: call.caller.account.clone(), region, policy: None, requester_pays: false, configurations });
    }
    Ok(answer)
}

fn location_constraint(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let document = roxmltree::Document::parse(text).ok()?;
    let node = document.descendants().find(|node| node.tag_name().name() == "LocationConstraint")?;
    node.text().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The tags that a CreateBucketConfiguration carries, as PutBucketTagging takes them: moto does not read them there.
fn creation_tags(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let document = roxmltree::Document::parse(text).ok()?;
    let tags = document.descendants().find(|node| node.tag_name().name() == "Tags")?;
    let set: String = tags.children().filter_map(|tag| text.get(tag.range())).collect();
    (!set.is_empty()).then(|| format!("<Tagging><TagSet>{set}</TagSet></Tagging>"))
}

/// Since 2023 a new bucket is private, owned by its account alone, and encrypted.
async fn set_defaults(world: &World, call: &Call, name: &str, region: &str) -> Result<(), AwsError> {
    let at = At { account: &call.caller.account, region };
    let ownership = call.header("x-amz-object-ownership").unwrap_or("BucketOwnerEnforced");
    let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
                 <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    let ownership = format!("<OwnershipControls><Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule></OwnershipControls>");
    for (part, body) in [("publicAccessBlock", block.to_owned()), ("encryption", SSE_S3.to_owned()), ("ownershipControls", ownership)] {
        world.backend.s3(at, Method::PUT, &format!("/{name}?{part}"), body).await?;
    }
    if let Some(tags) = tags_at_creation(&call.body) {
        world.backend.s3(at, Method::PUT, &format!("/{name}?tagging"), tags).await?;
    }
    Ok(())
}

/// The tags of a CreateBucketConfiguration, which moto overlooks, in the form of PutBucketTagging.
fn tags_at_creation(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let document = roxmltree::Document::parse(text).ok()?;
    let tags = document.descendants().filter(|node| node.tag_name().name() == "Tag");
    let child = |tag: roxmltree::Node<'_, '_>, name: &str| {
        let found = tag.children().find(|node| node.tag_name().name() == name);
        escape_xml(found.and_then(|node| node.text()).unwrap_or_default())
    };
    let tags: Vec<String> =
        tags.map(|tag| format!("<Tag><Key>{}</Key><Value>{}</Value></Tag>", child(tag, "Key"), child(tag, "Value"))).collect();
    (!tags.is_empty()).then(|| format!("<Tagging><TagSet>{}</TagSet></Tagging>", tags.concat()))
}

const SSE_S3: &str = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
                      </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>";

/// Bytes of a bucket policy, at most.
const POLICY_LIMIT: usize = 20 * 1024;

async fn refuse_policy(world: &World, call: &Call, bucket: &Bucket, name: &str) -> Result<(), AwsError> {
    if call.body.len() > POLICY_LIMIT {
        return Err(AwsError::new(400, "PolicyTooLarge", "Policy exceeds the maximum allowed document size."));
    }
    let policy: Value = serde_json::from_slice(&call.body)
        .map_err(|_| AwsError::new(400, "MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'"))?;
    if !is_public(&policy) {
        return Ok(());
    }
    let at = At { account: &bucket.owner, region: &bucket.region };
    let block = world.backend.s3(at, Method::GET, &format!("/{name}?publicAccessBlock"), String::new()).await;
    let blocked = block.ok().and_then(|answer| answer.xml_text("BlockPublicPolicy")).is_some_and(|value| value == "true");
    if !blocked {
        return Ok(());
    }
    let message = format!(
        "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::{name}\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
        call.caller.arn
    );
    Err(AwsError::new(403, "AccessDenied", message))
}

/// ACLs do nothing where the bucket's owner owns every object.
async fn refuse_acl(world: &World, bucket: &Bucket, name: &str) -> Result<(), AwsError> {
    let at = At { account: &bucket.owner, region: &bucket.region };
    let controls = world.backend.s3(at, Method::GET, &format!("/{name}?ownershipControls"), String::new()).await;
    match controls.ok().and_then(|answer| answer.xml_text("ObjectOwnership")).as_deref() {
        Some("BucketOwnerEnforced") => Err(AwsError::new(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")),
        _ => Ok(()),
    }
}

async fn remember(world: &World, call: &Call, bucket: &Bucket, name: &str) -> Result<(), AwsError> {
    match call.operation.as_str() {
        "DeleteBucket" => world.buckets.remove(name),
        "PutBucketVersioning" => {
            world.buckets.update(name, |bucket| bucket_configurations::versioning_changed(call, &mut bucket.configurations));
        }
        "DeleteBucketEncryption" => {
            // A bucket is never unencrypted: deleting the setting brings SSE-S3 back.
            let at = At { account: &bucket.owner, region: &bucket.region };
            world.backend.s3(at, Method::PUT, &format!("/{name}?encryption"), SSE_S3.to_owned()).await?;
        }
        _ => {}
    }
    Ok(())
}
