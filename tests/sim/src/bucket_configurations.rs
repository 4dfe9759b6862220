//! Lifecycle, replication, object lock and access logging of a bucket, and MFA delete: moto forgets parts of the first two,
//! refuses the third on a bucket that holds something, looks for a bucket policy that it does not have for the fourth, and
//! knows no fifth. The documents are kept as they were written. Objects
//! neither expire, nor are they copied or locked, and accesses are not logged.

use crate::aws_error::AwsError;
use crate::backend::At;
use crate::s3::Bucket;
use crate::wire::{Answer, Call};
use crate::world::World;
use http::{HeaderValue, Method, StatusCode};
use roxmltree::Document;

const MINIMUM_SIZE: &str = "x-amz-transition-default-minimum-object-size";

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Configurations {
    lifecycle: Option<Lifecycle>,
    replication: Option<String>,
    object_lock: Option<String>,
    logging: Option<String>,
    mfa_delete: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Lifecycle {
    document: String,
    minimum_size: String,
}

impl Configurations {
    /// Of a bucket that is created with object lock, which S3 then also versions.
    pub fn with_object_lock() -> Self {
        let document = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
        Self { object_lock: Some(document.to_owned()), ..Self::default() }
    }
}

/// Answers what is kept here, and refuses changes of versioning that what is kept here does not allow.
pub async fn answer(world: &World, call: &Call, bucket: &Bucket, name: &str) -> Result<Option<Answer>, AwsError> {
    let kept = &bucket.configurations;
    let id = &call.request_id;
    let no_content = || Answer { status: StatusCode::NO_CONTENT, ..Answer::xml(String::new(), id) };
    let update = |change: &dyn Fn(&mut Configurations)| world.buckets.update(name, |bucket| change(&mut bucket.configurations));
    let missing = |code: &str, message: &str| AwsError::new(404, code, message);
    let answer = match call.operation.as_str() {
        "GetBucketLifecycleConfiguration" => {
            let lifecycle = kept.lifecycle.as_ref();
            let lifecycle =
                lifecycle.ok_or_else(|| missing("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"))?;
            let mut answer = Answer::xml(lifecycle.document.clone(), id);
            if let Ok(size) = HeaderValue::from_str(&lifecycle.minimum_size) {
                answer.headers.insert(MINIMUM_SIZE, size);
            }
            answer
        }
        "PutBucketLifecycleConfiguration" => {
            let lifecycle = lifecycle(call, kept)?;
            update(&|kept| kept.lifecycle = Some(lifecycle.clone()));
            Answer::xml(String::new(), id)
        }
        "DeleteBucketLifecycleConfiguration" => {
            update(&|kept| kept.lifecycle = None);
            no_content()
        }
        "GetBucketReplication" => {
            let none = || missing("ReplicationConfigurationNotFoundError", "The replication configuration was not found");
            Answer::xml(kept.replication.clone().ok_or_else(none)?, id)
        }
        "PutBucketReplication" => {
            let document = replication(world, call, bucket, name).await?;
            update(&|kept| kept.replication = Some(document.clone()));
            Answer::xml(String::new(), id)
        }
        "DeleteBucketReplication" => {
            update(&|kept| kept.replication = None);
            no_content()
        }
        "GetObjectLockConfiguration" => {
            let none = || missing("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket");
            Answer::xml(kept.object_lock.clone().ok_or_else(none)?, id)
        }
        "PutObjectLockConfiguration" => {
            let document = object_lock(world, call, bucket, name).await?;
            update(&|kept| kept.object_lock = Some(document.clone()));
            Answer::xml(String::new(), id)
        }
        "GetBucketLogging" => {
            let off = || "<BucketLoggingStatus xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>".to_owned();
            Answer::xml(kept.logging.clone().unwrap_or_else(off), id)
        }
        "PutBucketLogging" => {
            let document = logging(world, call, bucket)?;
            update(&|kept| kept.logging = document.clone());
            Answer::xml(String::new(), id)
        }
        "PutBucketVersioning" => {
            versioning(call, kept)?;
            return Ok(None);
        }
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

/// Called when moto has taken a change of versioning.
pub fn versioning_changed(call: &Call, kept: &mut Configurations) {
    match text_of(&call.body, "MfaDelete").as_deref() {
        Some("Enabled") => kept.mfa_delete = true,
        Some(_) => kept.mfa_delete = false,
        None => {}
    }
}

/// What GetBucketVersioning says besides what moto does.
pub fn with_mfa_delete(text: &str, kept: &Configurations) -> String {
    if kept.mfa_delete { text.replace("</Status>", "</Status><MfaDelete>Enabled</MfaDelete>") } else { text.to_owned() }
}

fn malformed() -> AwsError {
    AwsError::new(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

fn invalid_state(message: &str) -> AwsError {
    AwsError::new(409, "InvalidBucketState", message)
}

fn text_of(body: &[u8], element: &str) -> Option<String> {
    let document = Document::parse(std::str::from_utf8(body).ok()?).ok()?;
    let node = document.descendants().find(|node| node.tag_name().name() == element)?;
    node.text().map(str::to_owned)
}

/// What S3 checks of lifecycle rules, as far as its documentation says so; a rule without an id gets one.
fn lifecycle(call: &Call, kept: &Configurations) -> Result<Lifecycle, AwsError> {
    if kept.mfa_delete {
        return Err(invalid_state("Lifecycle configuration is not supported on a bucket with MFA delete enabled"));
    }
    let text = std::str::from_utf8(&call.body).map_err(|_| malformed())?;
    let parsed = Document::parse(text).map_err(|_| malformed())?;
    let rules: Vec<_> = parsed.descendants().filter(|node| node.tag_name().name() == "Rule").collect();
    if rules.is_empty() {
        return Err(malformed());
    }
    let mut document = text.to_owned();
    for (number, rule) in rules.iter().enumerate().rev() {
        let child = |name: &str| rule.children().find(|node| node.tag_name().name() == name);
        let days = |node: roxmltree::Node<'_, '_>| {
            node.children().find(|node| node.tag_name().name() == "Days").and_then(|days| days.text()?.parse::<i32>().ok())
        };
        let expires = child("Expiration").and_then(days);
        for transition in rule.children().filter(|node| node.tag_name().name() == "Transition") {
            let class = transition.children().find(|node| node.tag_name().name() == "StorageClass").and_then(|class| class.text());
            let after = days(transition).unwrap_or_default();
            if class.is_some_and(|class| class.ends_with("_IA")) && after < 30 {
                let message = format!(
                    "'Days' in Transition action must be greater than or equal to 30 for storageClass '{}'",
                    class.unwrap_or_default()
                );
                return Err(AwsError::new(400, "InvalidArgument", message));
            }
            if expires.is_some_and(|expires| expires <= after) {
                let message = "'Days' in the Expiration action for filter '(prefix=)' must be greater than 'Days' in the Transition action";
                return Err(AwsError::new(400, "InvalidArgument", message));
            }
        }
        if child("ID").is_none_or(|id| id.text().unwrap_or_default().is_empty())
            && let Some(first) = rule.first_child()
        {
            document.insert_str(first.range().start, &format!("<ID>assigned-{number}</ID>"));
        }
    }
    let minimum_size = call.header(MINIMUM_SIZE).unwrap_or("all_storage_classes_128K").to_owned();
    Ok(Lifecycle { document, minimum_size })
}

/// Versioning as moto has it.
async fn is_versioned(world: &World, bucket: &Bucket, name: &str) -> bool {
    let at = At { account: &bucket.owner, region: &bucket.region };
    let read = world.backend.s3(at, Method::GET, &format!("/{name}?versioning"), String::new()).await;
    read.ok().and_then(|answer| answer.xml_text("Status")).as_deref() == Some("Enabled")
}

async fn replication(world: &World, call: &Call, bucket: &Bucket, name: &str) -> Result<String, AwsError> {
    let refused = |message: &str| AwsError::new(400, "InvalidRequest", message);
    let text = std::str::from_utf8(&call.body).map_err(|_| malformed())?;
    if !is_versioned(world, bucket, name).await {
        return Err(refused("Versioning must be 'Enabled' on the bucket to apply a replication configuration"));
    }
    let destinations: Vec<String> = {
        let parsed = Document::parse(text).map_err(|_| malformed())?;
        let named = parsed.descendants().filter(|node| node.tag_name().name() == "Bucket");
        named.filter_map(|node| node.text().and_then(|arn| arn.rsplit(':').next()).map(str::to_owned)).collect()
    };
    if destinations.is_empty() {
        return Err(malformed());
    }
    for destination in destinations {
        let held = world.buckets.get(&destination).ok_or_else(|| refused("Destination bucket must exist."))?;
        if !is_versioned(world, &held, &destination).await {
            return Err(refused("Destination bucket must have versioning enabled."));
        }
    }
    Ok(text.to_owned())
}

/// Since November 2023 S3 takes it for any bucket that is versioned. It can't be taken back; the default retention can.
async fn object_lock(world: &World, call: &Call, bucket: &Bucket, name: &str) -> Result<String, AwsError> {
    let text = std::str::from_utf8(&call.body).map_err(|_| malformed())?;
    if !is_versioned(world, bucket, name).await {
        return Err(invalid_state("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"));
    }
    let days_and_years = (text_of(&call.body, "Days"), text_of(&call.body, "Years"));
    let whole =
        matches!((text_of(&call.body, "Mode"), days_and_years), (None, (None, None)) | (Some(_), (Some(_), None) | (None, Some(_))));
    if text_of(&call.body, "ObjectLockEnabled").as_deref() != Some("Enabled") || !whole {
        return Err(malformed());
    }
    Ok(text.to_owned())
}

/// Whether the target's policy lets S3 write is seen by S3 only when it writes.
fn logging(world: &World, call: &Call, bucket: &Bucket) -> Result<Option<String>, AwsError> {
    let Some(target) = text_of(&call.body, "TargetBucket") else { return Ok(None) };
    let refused = |message: &str| AwsError::new(400, "InvalidTargetBucketForLogging", message);
    let held = world.buckets.get(&target).ok_or_else(|| refused("The target bucket for logging does not exist"))?;
    if held.owner != bucket.owner {
        return Err(refused("The owner for the bucket to be logged and the target bucket must be the same."));
    }
    if held.region != bucket.region {
        return Err(AwsError::new(403, "CrossLocationLoggingProhibited", "Cross S3 location logging not allowed."));
    }
    Ok(Some(String::from_utf8_lossy(&call.body).into_owned()))
}

fn versioning(call: &Call, kept: &Configurations) -> Result<(), AwsError> {
    let touches_mfa = text_of(&call.body, "MfaDelete").is_some() || kept.mfa_delete;
    if touches_mfa && call.header("x-amz-mfa").is_none() {
        return Err(AwsError::new(403, "AccessDenied", "MFA Authentication must be used for this request"));
    }
    if text_of(&call.body, "Status").as_deref() != Some("Suspended") {
        return Ok(());
    }
    if kept.object_lock.is_some() {
        return Err(invalid_state("An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."));
    }
    if kept.replication.is_some() {
        return Err(invalid_state("A replication configuration is present on this bucket, so the versioning state cannot be changed."));
    }
    Ok(())
}
