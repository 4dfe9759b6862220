//! What readers of an archive may do: the statements for principals in bucket policy and key policy, and the rights of roles.

use super::context::ArchiveContext;
use super::grants::OURS;
use super::policy_document::short_hash;
use crate::api::hand_over::Reader;
use serde_json::{Value, json};

/// Account and trust policies name an account by its root.
pub fn principal_arn(partition: &str, principal: &str) -> String {
    let is_account = principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { format!("arn:{partition}:iam::{principal}:root") } else { principal.to_owned() }
}

/// The readers that come as principals of their own, with their ARN.
fn principals(context: &ArchiveContext) -> Vec<(&Reader, String)> {
    let partition = context.account.partition.as_str();
    let of = |reader| -> Option<(&Reader, String)> {
        let reader: &Reader = reader;
        Some((reader, principal_arn(partition, reader.principal.as_deref()?)))
    };
    context.spec.readers.iter().filter_map(of).collect()
}

fn statement(sid: &str, who: Option<&[String]>, action: &str, resource: Value, condition: Option<Value>) -> Value {
    let mut statement = json!({"Sid": format!("{OURS}{sid}"), "Effect": "Allow", "Action": action, "Resource": resource});
    if let Some(who) = who {
        statement["Principal"] = json!({"AWS": who});
    }
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    statement
}

fn objects(bucket: &str, prefix: &str) -> Value {
    json!(format!("{bucket}/{prefix}*"))
}

fn below(prefix: &str) -> Option<Value> {
    (!prefix.is_empty()).then(|| json!({"StringLike": {"s3:prefix": format!("{prefix}*")}}))
}

/// Log files carry their trail's ARN in the encryption context (CloudTrail User Guide, "Granting decrypt permissions"); files
/// under an S3 Bucket Key carry the bucket's instead (S3 User Guide, "S3 Bucket Keys").
fn decrypt(sid: &str, who: Option<&[String]>, key: &str, bucket: &str) -> [Value; 2] {
    let logs = json!({"Null": {"kms:EncryptionContext:aws:cloudtrail:arn": "false"}});
    let here = json!({"StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, format!("{bucket}/*")]}});
    [
        statement(&format!("{sid}Logs"), who, "kms:Decrypt", json!(key), Some(logs)),
        statement(&format!("{sid}Bucket"), who, "kms:Decrypt", json!(key), Some(here)),
    ]
}

/// For the bucket policy.
pub fn bucket_statements(context: &ArchiveContext) -> Vec<Value> {
    let (bucket, readers) = (context.bucket_arn(), principals(context));
    let mut statements = Vec::new();
    for (reader, arn) in &readers {
        let (id, who) = (short_hash(&reader.name), std::slice::from_ref(arn));
        let prefix = &reader.prefix;
        statements.push(statement(&format!("ReadObjects{id}"), Some(who), "s3:GetObject", objects(&bucket, prefix), None));
        statements.push(statement(&format!("ReadList{id}"), Some(who), "s3:ListBucket", json!(bucket), below(prefix)));
    }
    let all: Vec<String> = readers.into_iter().map(|(_, arn)| arn).collect();
    if !all.is_empty() {
        statements.push(statement("ReadLocation", Some(&all), "s3:GetBucketLocation", json!(bucket), None));
    }
    statements
}

/// For the key policy.
pub fn key_statements(context: &ArchiveContext) -> Vec<Value> {
    let all: Vec<String> = principals(context).into_iter().map(|(_, arn)| arn).collect();
    if all.is_empty() { Vec::new() } else { decrypt("ReadDecrypt", Some(&all), "*", &context.bucket_arn()).to_vec() }
}

/// The rights of a role that reads below `prefix`. `key` is empty where no KMS key encrypts.
pub fn role_statements(bucket: &str, prefix: &str, key: &str) -> Vec<Value> {
    let mut statements = vec![
        statement("ReadObjects", None, "s3:GetObject", objects(bucket, prefix), None),
        statement("ReadList", None, "s3:ListBucket", json!(bucket), below(prefix)),
        statement("ReadLocation", None, "s3:GetBucketLocation", json!(bucket), None),
    ];
    if !key.is_empty() {
        statements.extend(decrypt("ReadDecrypt", None, key, bucket));
    }
    statements
}
