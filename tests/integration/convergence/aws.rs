//! What AWS has, as one JSON value to compare, read with the real SDK. Nulls are left out.

use crate::support::World;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, Trail};
use aws_sdk_s3::types::{BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Map, Value, json};

/// Marks of ownership are not the user's tags.
fn is_users(key: &str) -> bool {
    !key.starts_with("trailkeeper.dev/")
}

pub fn tags<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    pairs.filter(|(key, _)| is_users(key)).map(|(key, value)| (key.to_owned(), json!(value))).collect::<Map<_, _>>().into()
}

pub fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

pub async fn trail(world: &World, name: &str) -> Value {
    let (client, arn) = (&world.cloudtrail, world.trail_arn(name));
    let trail = client.get_trail().name(&arn).send().await.unwrap().trail.unwrap();
    let status = client.get_trail_status().name(&arn).send().await.unwrap();
    let selectors = client.get_event_selectors().trail_name(&arn).send().await.unwrap();
    let listed = client.list_tags().resource_id_list(&arn).send().await.unwrap().resource_tag_list.unwrap();
    let pairs = listed[0].tags_list().iter().map(|tag| (tag.key(), tag.value().unwrap_or_default()));
    let insights = match client.get_insight_selectors().trail_name(&arn).send().await {
        Ok(answer) => Some(answer.insight_selectors().iter().map(insight).collect::<Vec<_>>()),
        Err(error) if error.code() == Some("InsightNotEnabledException") => None,
        Err(error) => panic!("{error:?}"),
    };
    let configuration = client.get_event_configuration().trail_name(&arn).send().await.unwrap();
    let mut templates: Vec<_> =
        configuration.aggregation_configurations().iter().flat_map(|one| one.templates()).map(|it| it.as_str()).collect();
    templates.sort_unstable();
    let alarms = trail.cloud_watch_logs_log_group_arn().map(|group| super::alarms::state(world, group, name));
    without_nulls(json!({
        "responses": responses(world).await,
        "alarms": alarms, "bucket": trail.s3_bucket_name(), "keyPrefix": trail.s3_key_prefix(), "kmsKey": trail.kms_key_id(), "snsTopic": trail.sns_topic_arn(),
        "logGroup": trail.cloud_watch_logs_log_group_arn(), "logRole": trail.cloud_watch_logs_role_arn(),
        "insights": insights, "aggregation": Some(templates).filter(|templates| !templates.is_empty()),
        "multiRegion": trail.is_multi_region_trail(), "globalServiceEvents": trail.include_global_service_events(),
        "organization": trail.is_organization_trail(), "logFileValidation": trail.log_file_validation_enabled(),
        "ours": kept_for_delivery(world, &trail),
        "recursiveLogging": trail.recursive_logging(), "logging": status.is_logging(), "tags": tags(pairs),
        "basic": selectors.event_selectors.map(|all| all.iter().map(basic).collect::<Vec<_>>()).filter(|all| !all.is_empty()),
        "advanced": selectors.advanced_event_selectors.map(|all| all.iter().map(advanced).collect::<Vec<_>>()).filter(|all| !all.is_empty()),
    }))
}

fn insight(selector: &aws_sdk_cloudtrail::types::InsightSelector) -> Value {
    let mut categories: Vec<_> = selector.event_categories().iter().map(|category| category.as_str()).collect();
    categories.sort_unstable();
    json!({ "type": selector.insight_type().map(|kind| kind.as_str()), "categories": categories })
}

/// Group and topic that the trail uses, where they carry our tag. Null where there are none.
fn kept_for_delivery(world: &World, trail: &Trail) -> Value {
    let owned = |tags: &Value| tags.to_string().contains("trailkeeper.dev/owner");
    let group = trail.cloud_watch_logs_log_group_arn().map(|arn| arn.trim_end_matches(":*")).and_then(|arn| {
        let tags = world.aws(&["logs", "list-tags-for-resource", "--resource-arn", arn]);
        let name = arn.split(":log-group:").nth(1)?;
        let found = world.aws(&["logs", "describe-log-groups", "--log-group-name-prefix", name])["logGroups"][0].clone();
        owned(&tags)
            .then(|| json!({ "retentionDays": found["retentionInDays"], "class": found["logGroupClass"], "kmsKey": found["kmsKeyId"] }))
    });
    let topic = trail.sns_topic_arn().and_then(|arn| {
        let tags = world.aws(&["sns", "list-tags-for-resource", "--resource-arn", arn]);
        let found = world.aws(&["sns", "get-topic-attributes", "--topic-arn", arn])["Attributes"].clone();
        owned(&tags).then(|| json!({ "kmsKey": found["KmsMasterKeyId"] }))
    });
    if group.is_none() && topic.is_none() { Value::Null } else { json!({ "group": group, "topic": topic }) }
}

fn basic(selector: &EventSelector) -> Value {
    let resources: Vec<_> =
        selector.data_resources().iter().map(|resource| json!({ "type": resource.r#type(), "values": resource.values() })).collect();
    json!({
        "readWriteType": selector.read_write_type().map(|kind| kind.as_str()), "includeManagementEvents": selector.include_management_events(),
        "dataResources": resources, "excludeManagementEventSources": selector.exclude_management_event_sources(),
    })
}

pub fn advanced(selector: &AdvancedEventSelector) -> Value {
    let name = selector.name().filter(|name| !name.is_empty());
    without_nulls(json!({ "name": name, "fieldSelectors": selector.field_selectors().iter().map(condition).collect::<Vec<_>>() }))
}

fn condition(field: &AdvancedFieldSelector) -> Value {
    let some = |values: &[String]| (!values.is_empty()).then(|| json!(values));
    without_nulls(json!({
        "field": field.field(), "equals": some(field.equals()), "notEquals": some(field.not_equals()),
        "startsWith": some(field.starts_with()), "notStartsWith": some(field.not_starts_with()),
        "endsWith": some(field.ends_with()), "notEndsWith": some(field.not_ends_with()),
    }))
}

pub async fn archive(world: &World, name: &str) -> Value {
    let (client, bucket) = (&world.s3, world.bucket(name));
    let ownership = client.get_bucket_ownership_controls().bucket(&bucket).send().await.unwrap().ownership_controls.unwrap();
    let block = client.get_public_access_block().bucket(&bucket).send().await.unwrap().public_access_block_configuration.unwrap();
    let policy = match client.get_bucket_policy().bucket(&bucket).send().await {
        Ok(answer) => Some(serde_json::from_str::<Value>(&answer.policy.unwrap()).unwrap()["Statement"].clone()),
        Err(error) if error.code() == Some("NoSuchBucketPolicy") => None,
        Err(error) => panic!("{error:?}"),
    };
    let versioning = client.get_bucket_versioning().bucket(&bucket).send().await.unwrap().status;
    let encryption = client.get_bucket_encryption().bucket(&bucket).send().await.unwrap();
    let rule = encryption.server_side_encryption_configuration.unwrap().rules.remove(0);
    let default = rule.apply_server_side_encryption_by_default().unwrap();
    let listed = client.get_bucket_tagging().bucket(&bucket).send().await.unwrap().tag_set;
    without_nulls(json!({
        "objectOwnership": ownership.rules()[0].object_ownership().as_str(),
        "publicAccessBlock": {
            "blockPublicAcls": block.block_public_acls(), "ignorePublicAcls": block.ignore_public_acls(),
            "blockPublicPolicy": block.block_public_policy(), "restrictPublicBuckets": block.restrict_public_buckets(),
        },
        "policy": policy, "versioning": versioning.map(|status| status.as_str().to_owned()),
        "encryption": { "algorithm": default.sse_algorithm().as_str(), "key": default.kms_master_key_id(), "bucketKey": rule.bucket_key_enabled() },
        "lifecycle": lifecycle(world, &bucket).await, "accessLogging": access_logging(world, &bucket).await,
        "replication": replication(world, &bucket).await,
        "tags": tags(listed.iter().map(|tag| (tag.key(), tag.value()))),
        "key": key(world, &format!("alias/trailkeeper/{bucket}")).await,
    }))
}

async fn access_logging(world: &World, bucket: &str) -> Option<Value> {
    let logging = world.s3.get_bucket_logging().bucket(bucket).send().await.unwrap().logging_enabled?;
    Some(json!({ "bucket": logging.target_bucket(), "prefix": logging.target_prefix() }))
}

/// The one rule there is, in the words of the spec.
async fn replication(world: &World, bucket: &str) -> Option<Value> {
    let found = match world.s3.get_bucket_replication().bucket(bucket).send().await {
        Ok(answer) => answer.replication_configuration.unwrap(),
        Err(error) if error.code() == Some("ReplicationConfigurationNotFoundError") => return None,
        Err(error) => panic!("{error:?}"),
    };
    let [rule] = found.rules() else { panic!("{found:?}") };
    let to = rule.destination().unwrap();
    assert_eq!(rule.delete_marker_replication().unwrap().status().unwrap().as_str(), "Disabled");
    assert!(rule.source_selection_criteria().unwrap().sse_kms_encrypted_objects().is_some());
    Some(without_nulls(json!({
        "roleArn": found.role(), "destinationBucketArn": to.bucket(), "destinationAccountId": to.account(),
        "kmsKeyArn": to.encryption_configuration().and_then(|encryption| encryption.replica_kms_key_id()),
        "storageClass": to.storage_class().map(|class| class.as_str()),
    })))
}

pub async fn version(world: &World, bucket: &str) {
    let enabled = aws_sdk_s3::types::BucketVersioningStatus::Enabled;
    let enabled = aws_sdk_s3::types::VersioningConfiguration::builder().status(enabled).build();
    world.s3.put_bucket_versioning().bucket(bucket).versioning_configuration(enabled).send().await.unwrap();
}

/// The enabled lifecycle rules by id.
async fn lifecycle(world: &World, bucket: &str) -> Option<Value> {
    let rules = match world.s3.get_bucket_lifecycle_configuration().bucket(bucket).send().await {
        Ok(answer) => answer.rules.unwrap(),
        Err(error) if error.code() == Some("NoSuchLifecycleConfiguration") => return None,
        Err(error) => panic!("{error:?}"),
    };
    let rule = |rule: &LifecycleRule| {
        assert_eq!(rule.status().as_str(), "Enabled");
        let moves: Vec<_> =
            rule.transitions().iter().map(|to| json!([to.days(), to.storage_class().map(|class| class.as_str())])).collect();
        without_nulls(json!({
            "prefix": rule.filter().and_then(|filter| filter.prefix()).filter(|prefix| !prefix.is_empty()),
            "expireAfterDays": rule.expiration().and_then(|expiration| expiration.days()),
            "transitions": Some(moves).filter(|moves| !moves.is_empty()),
            "noncurrentExpireAfterDays": rule.noncurrent_version_expiration().and_then(|expiration| expiration.noncurrent_days()),
            "abortMultipartAfterDays": rule.abort_incomplete_multipart_upload().and_then(|abort| abort.days_after_initiation()),
        }))
    };
    Some(rules.iter().map(|each| (each.id().unwrap().to_owned(), rule(each))).collect::<Map<_, _>>().into())
}

/// Adds a rule to those there are.
pub async fn add_expiry(world: &World, bucket: &str, id: &str, prefix: &str, days: i32) {
    let found = world.s3.get_bucket_lifecycle_configuration().bucket(bucket).send().await;
    let mut rules = found.ok().and_then(|found| found.rules).unwrap_or_default();
    let rule = LifecycleRule::builder()
        .id(id)
        .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
        .expiration(LifecycleExpiration::builder().days(days).build())
        .status(ExpirationStatus::Enabled);
    rules.push(rule.build().unwrap());
    let configuration = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap();
    world.s3.put_bucket_lifecycle_configuration().bucket(bucket).lifecycle_configuration(configuration).send().await.unwrap();
}

pub async fn key(world: &World, alias: &str) -> Value {
    let described = world.kms.describe_key().key_id(alias).send().await.unwrap().key_metadata.unwrap();
    let id = described.key_id();
    let rotation = world.kms.get_key_rotation_status().key_id(id).send().await.unwrap();
    let listed = world.kms.list_resource_tags().key_id(id).send().await.unwrap().tags.unwrap_or_default();
    without_nulls(json!({
        "id": id, "description": described.description(), "enabled": described.enabled(), "rotation": rotation.key_rotation_enabled(),
        "rotationPeriodDays": rotation.rotation_period_in_days().filter(|_| rotation.key_rotation_enabled()),
        "tags": tags(listed.iter().map(|tag| (tag.tag_key(), tag.tag_value()))),
    }))
}

fn name_of(role_arn: &str) -> &str {
    role_arn.rsplit('/').next().unwrap()
}

pub async fn role_exists(world: &World, arn: &str) -> bool {
    world.aws(&["iam", "list-roles"])["Roles"].as_array().unwrap().iter().any(|role| role["Arn"] == arn)
}

/// Statements of a role: whom it trusts, what it may.
pub async fn role(world: &World, arn: &str) -> Value {
    let trust = world.aws(&["iam", "get-role", "--role-name", name_of(arn)])["Role"]["AssumeRolePolicyDocument"]["Statement"].clone();
    let policy =
        world.aws(&["iam", "get-role-policy", "--role-name", name_of(arn), "--policy-name", "trailkeeper"])["PolicyDocument"]["Statement"]
            .clone();
    json!({ "trust": trust, "policy": policy })
}

/// What bucket and key policy allow a principal: resources by action.
pub async fn allowed(world: &World, name: &str, principal: &str) -> Value {
    let policy = world.s3.get_bucket_policy().bucket(world.bucket(name)).send().await.unwrap().policy.unwrap();
    let key = world.get("LogArchive", name).await.data["status"]["kmsKeyArn"].as_str().unwrap().to_owned();
    let key_policy = world.kms.get_key_policy().key_id(key).policy_name("default").send().await.unwrap().policy.unwrap();
    let mut found = json!({ "principal": principal });
    for policy in [policy, key_policy] {
        let policy: Value = serde_json::from_str(&policy).unwrap();
        for statement in policy["Statement"].as_array().unwrap() {
            let theirs = statement["Principal"]["AWS"].as_array().is_some_and(|list| list.iter().any(|entry| *entry == principal));
            if theirs {
                let resources = statement["Resource"].as_array().unwrap().clone();
                let of_action = found.as_object_mut().unwrap().entry(statement["Action"][0].as_str().unwrap()).or_insert(json!([]));
                of_action.as_array_mut().unwrap().extend(resources);
            }
        }
    }
    found
}

/// The rules on the default buses, by Region and response. Null where there are none.
async fn responses(world: &World) -> Value {
    let mut regions = Map::new();
    for region in [crate::support::world::REGION, "us-east-1", "eu-west-1"] {
        let client = world.eventbridge_in(region);
        let listed = client.list_rules().name_prefix("trailkeeper-").send().await.unwrap();
        let mut rules = Map::new();
        for rule in listed.rules() {
            let targets = client.list_targets_by_rule().rule(rule.name().unwrap()).send().await.unwrap();
            // A bus is named after the owner, which is not the test's to know.
            let target = |arn: &str| if arn.contains(":event-bus/") { "bus".to_owned() } else { arn.to_owned() };
            let arns: Vec<_> = targets.targets().iter().map(|found| target(found.arn())).collect();
            let pattern: Value = serde_json::from_str(rule.event_pattern().unwrap()).unwrap();
            let response = rule.name().unwrap().splitn(3, '-').last().unwrap().to_owned();
            rules.insert(response, json!({ "pattern": pattern, "state": rule.state().unwrap().as_str(), "targets": arns }));
        }
        if !rules.is_empty() {
            regions.insert(region.to_owned(), Value::Object(rules));
        }
    }
    if regions.is_empty() { Value::Null } else { Value::Object(regions) }
}

/// The chain of new-file notices that status names.
pub async fn new_files(world: &World, status: &Value) -> Value {
    let hand_over = |field: &str| status["handOver"][field].as_str().unwrap_or_else(|| panic!("no {field} in {status}")).to_owned();
    let last = |arn: &str| arn.rsplit(['/', ':']).next().unwrap().to_owned();
    let (topic, queue_url, queue_arn, dead) =
        (hand_over("topicArn"), hand_over("queueUrl"), hand_over("queueArn"), hand_over("deadLetterUrl"));
    let attributes =
        |url: &str| world.aws(&["sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "All"])["Attributes"].clone();
    let (queue, dead_letters) = (attributes(&queue_url), attributes(&dead));
    let parsed = |value: &Value| serde_json::from_str::<Value>(value.as_str().unwrap()).unwrap();
    let of_topic = world.aws(&["sns", "get-topic-attributes", "--topic-arn", &topic])["Attributes"].clone();
    let listed = world.aws(&["sns", "list-subscriptions-by-topic", "--topic-arn", &topic])["Subscriptions"].clone();
    let subscription = listed.as_array().unwrap().iter().find(|one| one["Endpoint"] == queue_arn.as_str()).expect("a subscription");
    let subscription = subscription["SubscriptionArn"].as_str().unwrap();
    let subscription = world.aws(&["sns", "get-subscription-attributes", "--subscription-arn", subscription])["Attributes"].clone();
    let bucket = world.aws(&["s3api", "get-bucket-notification-configuration", "--bucket", &world.bucket("logs")]);
    let ours = &bucket["TopicConfigurations"][0];
    assert_eq!(ours["Id"], "trailkeeper-new-files", "{bucket}");
    let statements = parsed(&of_topic["Policy"])["Statement"].as_array().unwrap().clone();
    let subscribers =
        statements.iter().find(|statement| statement["Sid"] == "TrailkeeperSubscribers").map(|one| one["Principal"]["AWS"].clone());
    let sender = parsed(&queue["Policy"])["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"][0].clone();
    let redrive = parsed(&queue["RedrivePolicy"]);
    assert_eq!(redrive["deadLetterTargetArn"], dead_letters["QueueArn"]);
    without_nulls(json!({
        "topic": last(&topic), "queue": last(&queue_url), "deadLetters": last(&dead),
        "visibilityTimeout": queue["VisibilityTimeout"], "retention": queue["MessageRetentionPeriod"],
        "maxReceives": redrive["maxReceiveCount"], "raw": subscription["RawMessageDelivery"],
        "filter": parsed(&subscription["FilterPolicy"]), "scope": subscription["FilterPolicyScope"],
        "topicKey": of_topic["KmsMasterKeyId"], "queueKey": queue["KmsMasterKeyId"], "deadLetterKey": dead_letters["KmsMasterKeyId"],
        "notified": last(ours["TopicArn"].as_str().unwrap()), "events": ours["Events"], "sender": last(sender.as_str().unwrap()),
        "subscribers": subscribers,
    }))
}

/// What workgroup and table of an archive's analysis say.
pub fn analysis(world: &World) -> Value {
    let bucket = world.bucket("logs");
    let (workgroup, database) = (format!("trailkeeper-{bucket}"), format!("trailkeeper_{}", bucket.replace('-', "_")));
    let configuration = world.aws(&["athena", "get-work-group", "--work-group", &workgroup])["WorkGroup"]["Configuration"].clone();
    let table = world.aws(&["glue", "get-table", "--database-name", &database, "--name", "cloudtrail"])["Table"]["Parameters"].clone();
    let results = &configuration["ResultConfiguration"];
    without_nulls(json!({
        "results": results["OutputLocation"], "resultsKey": results["EncryptionConfiguration"]["KmsKey"],
        "cutoff": configuration["BytesScannedCutoffPerQuery"], "folder": table["storage.location.template"],
        "accounts": table["projection.account.type"],
    }))
}

/// What new objects of a bucket are locked for.
pub async fn object_lock(world: &World, bucket: &str) -> Value {
    let lock = world.s3.get_object_lock_configuration().bucket(bucket).send().await.unwrap().object_lock_configuration.unwrap();
    let rule = lock.rule().and_then(|rule| rule.default_retention()).unwrap();
    let lock = json!({ "mode": rule.mode().map(|mode| mode.as_str()), "days": rule.days(), "years": rule.years() });
    json!({ "objectLock": without_nulls(lock) })
}
