//! What CreateTrail and UpdateTrail look at before they accept a trail: bucket, key, topic, log group and role.

use super::errors;
use super::model::Trail;
use crate::aws_error::AwsError;
use crate::backend::At;
use crate::identity::{is_account_id, partition};
use crate::organizations::CLOUDTRAIL;
use crate::policy::{Context, Decision, Principal, Request, evaluate};
use crate::s3::Bucket;
use crate::sts::split_role_arn;
use crate::wire::Call;
use crate::world::World;
use serde_json::Value;

/// Which optional destinations to look at; the bucket always is.
#[derive(Debug, Clone, Copy)]
pub struct Checks {
    pub key: bool,
    pub topic: bool,
    pub logs: bool,
}

/// Checks, and replaces what the caller typed for key and topic by their ARNs.
pub async fn check(world: &World, call: &Call, trail: &mut Trail, checks: Checks) -> Result<(), AwsError> {
    let bucket = check_bucket(world, trail)?;
    if checks.key
        && let Some(typed) = trail.kms_key.clone()
    {
        trail.kms_key = Some(check_key(world, call, trail, &bucket, &typed).await?);
    }
    check_bucket_encryption(world, trail, &bucket).await?;
    if checks.topic
        && let Some(typed) = trail.topic_arn.clone()
    {
        trail.topic_arn = Some(check_topic(world, call, trail, &typed).await?);
    }
    if checks.logs {
        check_logs(world, call, trail).await?;
    }
    Ok(())
}

fn check_bucket(world: &World, trail: &Trail) -> Result<Bucket, AwsError> {
    let bucket = world.buckets.get(&trail.bucket).ok_or_else(|| errors::bucket_missing(&trail.bucket))?;
    if bucket_policy_allows(world, trail, &bucket) { Ok(bucket) } else { Err(errors::bucket_policy(&trail.bucket)) }
}

/// Whether the bucket's policy lets CloudTrail check the ACL and write every object of this trail. CloudTrail does not
/// write where the requester pays.
pub fn bucket_policy_allows(world: &World, trail: &Trail, bucket: &Bucket) -> bool {
    let Some(policy) = bucket.policy.as_ref().filter(|_| !bucket.requester_pays) else { return false };
    let arn = format!("arn:{}:s3:::{}", partition(&bucket.region), trail.bucket);
    let may = |action: &str, resource: &str, context: Context| allows(policy, action, resource, context);
    let put_context = || {
        let encryption = if trail.kms_key.is_some() { "aws:kms" } else { "AES256" };
        service_context(world, trail).with("s3:x-amz-acl", "bucket-owner-full-control").with("s3:x-amz-server-side-encryption", encryption)
    };
    may("s3:GetBucketAcl", &arn, service_context(world, trail))
        && log_folders(world, trail).iter().all(|folder| may("s3:PutObject", &format!("{arn}/{folder}/x"), put_context()))
}

/// The folders that the trail writes to: `[PREFIX/]AWSLogs/[o-ID/]ACCT/CloudTrail...`.
fn log_folders(world: &World, trail: &Trail) -> Vec<String> {
    let root = trail.prefix.as_ref().map_or_else(|| "AWSLogs".to_owned(), |prefix| format!("{prefix}/AWSLogs"));
    let mut accounts = vec![format!("{root}/{}", trail.account)];
    if trail.organization
        && let Some(id) = world.organizations.id_of(&trail.account)
    {
        accounts.push(format!("{root}/{id}/{}", trail.account));
    }
    let kinds: &[&str] = if trail.validation { &["CloudTrail", "CloudTrail-Digest"] } else { &["CloudTrail"] };
    accounts.iter().flat_map(|account| kinds.iter().map(move |kind| format!("{account}/{kind}/{}", trail.home_region))).collect()
}

/// What CloudTrail says of itself when it calls another service for a trail.
pub fn service_context(world: &World, trail: &Trail) -> Context {
    Context::default()
        .with("aws:SourceArn", &trail.arn)
        .with("aws:SourceAccount", &trail.account)
        .with_some("aws:SourceOrgID", world.organizations.id_of(&trail.account))
        .with("aws:SecureTransport", "true")
        .with("aws:PrincipalIsAWSService", "true")
        .with("aws:PrincipalServiceName", CLOUDTRAIL)
}

pub fn allows(policy: &Value, action: &str, resource: &str, context: Context) -> bool {
    let request = Request { principal: Principal::Service(CLOUDTRAIL), action, resource: Some(resource), context };
    evaluate(policy, &request) == Decision::Allowed
}

/// The ARN of the key that was typed, once CloudTrail may use it for this bucket.
async fn check_key(world: &World, call: &Call, trail: &Trail, bucket: &Bucket, typed: &str) -> Result<String, AwsError> {
    let (account, region) = key_place(typed, call)?;
    if region != bucket.region {
        return Err(errors::key_not_found(typed));
    }
    let at = At { account: &account, region: &region };
    let metadata = world.backend.key(at, typed).await?.ok_or_else(|| errors::key_not_found(typed))?;
    let arn = metadata["Arn"].as_str().unwrap_or_default().to_owned();
    let state = metadata["KeyState"].as_str().unwrap_or("Enabled");
    if state != "Enabled" {
        return Err(errors::key_unusable(&arn, state));
    }
    let policy = world.backend.key_policy(at, metadata["KeyId"].as_str().unwrap_or_default()).await?;
    if key_policy_allows(world, trail, &policy, &arn) { Ok(arn) } else { Err(errors::key_policy(&trail.bucket, &arn)) }
}

/// Whether the key's policy lets CloudTrail encrypt this trail's files.
pub fn key_policy_allows(world: &World, trail: &Trail, policy: &Value, key_arn: &str) -> bool {
    let context = service_context(world, trail).with("kms:EncryptionContext:aws:cloudtrail:arn", &trail.arn);
    allows(policy, "kms:GenerateDataKey", key_arn, context)
}

/// With an S3 Bucket Key the trail's key must also let CloudTrail decrypt; without a key of its own the trail's files take
/// the bucket's, which must then be open to CloudTrail.
async fn check_bucket_encryption(world: &World, trail: &Trail, bucket: &Bucket) -> Result<(), AwsError> {
    let at = At { account: &bucket.owner, region: &bucket.region };
    let Some(default) = world.backend.bucket_key(at, &trail.bucket).await? else { return Ok(()) };
    let Some(key) = trail.kms_key.as_deref().or(default.key.as_deref()) else { return Ok(()) };
    let owner = key.split(':').nth(4).unwrap_or(&bucket.owner);
    let at = At { account: owner, region: &bucket.region };
    let metadata = world.backend.key(at, key).await?.ok_or_else(|| errors::key_not_found(key))?;
    let arn = metadata["Arn"].as_str().unwrap_or_default();
    let policy = world.backend.key_policy(at, metadata["KeyId"].as_str().unwrap_or_default()).await?;
    let extra = match (&trail.kms_key, default.is_bucket_key) {
        (Some(_), true) => Some("kms:Decrypt"),
        (None, true) => Some("kms:DescribeKey"),
        (_, false) => None,
    };
    let may = |action: &str| allows(&policy, action, arn, service_context(world, trail));
    let good = key_policy_allows(world, trail, &policy, arn) && extra.is_none_or(may);
    if good { Ok(()) } else { Err(errors::key_policy(&trail.bucket, arn)) }
}

/// Account and Region of a typed key; an id or alias is one of the caller's, in the Region it calls.
fn key_place(typed: &str, call: &Call) -> Result<(String, String), AwsError> {
    if typed.starts_with("arn:") {
        let fields: Vec<&str> = typed.splitn(6, ':').collect();
        let ["arn", _, "kms", region, account, resource] = fields[..] else { return Err(errors::invalid_key(typed)) };
        let good = is_account_id(account) && (resource.starts_with("key/") || resource.starts_with("alias/"));
        return if good { Ok((account.to_owned(), region.to_owned())) } else { Err(errors::invalid_key(typed)) };
    }
    let is_alias = typed.strip_prefix("alias/").is_some_and(|name| !name.is_empty());
    let is_id = uuid::Uuid::try_parse(typed).is_ok() || typed.strip_prefix("mrk-").is_some_and(|rest| rest.len() == 32);
    if is_alias || is_id { Ok((call.caller.account.clone(), call.region.clone())) } else { Err(errors::invalid_key(typed)) }
}

async fn check_topic(world: &World, call: &Call, trail: &Trail, typed: &str) -> Result<String, AwsError> {
    let arn = if typed.starts_with("arn:") {
        typed.to_owned()
    } else {
        format!("arn:{}:sns:{}:{}:{typed}", partition(&call.region), call.region, call.caller.account)
    };
    let fields: Vec<&str> = arn.split(':').collect();
    let ["arn", _, "sns", region, account, name] = fields[..] else {
        return Err(errors::invalid_topic(format!("SNS topic ARN '{typed}' is not valid.")));
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(allowed) || !is_account_id(account) {
        return Err(errors::invalid_topic(format!("SNS topic name '{typed}' is not valid.")));
    }
    let policy = world.backend.topic_policy(At { account, region }, &arn).await?.ok_or_else(errors::topic_policy)?;
    if allows(&policy, "SNS:Publish", &arn, service_context(world, trail)) { Ok(arn) } else { Err(errors::topic_policy()) }
}

/// Group and role belong to the caller and the group to the home Region; the role must trust CloudTrail and
/// be allowed to write.
async fn check_logs(world: &World, call: &Call, trail: &Trail) -> Result<(), AwsError> {
    let (Some(group), Some(role)) = (&trail.log_group_arn, &trail.log_role_arn) else { return Ok(()) };
    let fields: Vec<&str> = group.splitn(8, ':').collect();
    let ["arn", _, "logs", region, account, "log-group", name, "*"] = fields[..] else { return Err(errors::invalid_log_group()) };
    let own = account == call.caller.account && region == trail.home_region;
    if !own || !world.backend.log_group_exists(At { account, region }, name).await? {
        return Err(errors::invalid_log_group());
    }
    let own = split_role_arn(role).is_some_and(|(role_account, _)| role_account == call.caller.account);
    let stream = format!("{account}_CloudTrail_{region}");
    if own && role_may_write(world, trail, role, group, &stream).await? { Ok(()) } else { Err(errors::log_role_denied()) }
}

/// Whether CloudTrail may assume the role, and the role may then write to the stream of the log group.
pub async fn role_may_write(world: &World, trail: &Trail, role: &str, group: &str, stream: &str) -> Result<bool, AwsError> {
    let Some((account, name)) = split_role_arn(role) else { return Ok(false) };
    let at = At { account, region: &trail.home_region };
    let Some(found) = world.backend.role(at, name).await?.filter(|found| found.arn == *role) else { return Ok(false) };
    let trust = Request {
        principal: Principal::Service(CLOUDTRAIL),
        action: "sts:AssumeRole",
        resource: None,
        context: service_context(world, trail),
    };
    if evaluate(&found.trust, &trust) != Decision::Allowed {
        return Ok(false);
    }
    let policies = world.backend.role_policies(at, name).await?;
    let stream = format!("{}log-stream:{stream}", group.trim_end_matches('*'));
    let may = |action: &str| holder_may(&policies, action, &stream);
    Ok(may("logs:CreateLogStream") && may("logs:PutLogEvents"))
}

/// Whether identity policies together allow an action: one must, and none may deny.
pub fn holder_may(policies: &[Value], action: &str, resource: &str) -> bool {
    let request = Request { principal: Principal::Holder, action, resource: Some(resource), context: Context::default() };
    let decisions: Vec<Decision> = policies.iter().map(|policy| evaluate(policy, &request)).collect();
    decisions.contains(&Decision::Allowed) && !decisions.contains(&Decision::Denied)
}
