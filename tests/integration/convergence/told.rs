//! How drift is told: for each part of what AWS has (as `aws` and `store` read it), the path that users see.

/// Whether the values that are told are written as AWS writes them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Same,
    Other,
}

/// The paths that a change of `path` is told under. None where it follows from a change that is.
pub fn told(kind: &str, path: &str) -> Vec<(String, Form)> {
    let parts: Vec<&str> = path.split('.').collect();
    let told = match kind {
        "Trail" => trail(&parts),
        "LogArchive" => archive(&parts),
        _ => store(&parts),
    };
    told.unwrap_or_else(|| panic!("nobody says how a change of {path} of a {kind} is told"))
}

type Paths = Option<Vec<(String, Form)>>;

fn same(path: impl Into<String>) -> Paths {
    Some(vec![(path.into(), Form::Same)])
}

fn other(path: impl Into<String>) -> Paths {
    Some(vec![(path.into(), Form::Other)])
}

fn follows() -> Paths {
    Some(Vec::new())
}

fn trail(parts: &[&str]) -> Paths {
    match parts {
        [
            setting @ ("bucket"
            | "keyPrefix"
            | "kmsKey"
            | "snsTopic"
            | "logGroup"
            | "logRole"
            | "multiRegion"
            | "globalServiceEvents"
            | "organization"
            | "logFileValidation"
            | "recursiveLogging"),
        ] => same(format!("settings.{setting}")),
        ["logging"] => same("logging.enabled"),
        ["tags", ..] => same(parts.join(".")),
        ["advanced"] => same("events.selectors"),
        ["basic"] => other("events.selectors"),
        ["insights"] => other("insights"),
        ["aggregation"] => other("aggregation.templates"),
        ["ours", "group", field @ ("retentionDays" | "kmsKey")] => same(format!("logGroup.{field}")),
        ["ours", "topic", "kmsKey"] => same("noticeTopic.kmsKey"),
        // With the trail's logGroup and snsTopic.
        ["ours"] | ["ours", "group" | "topic"] | ["ours", "group", "class"] => follows(),
        ["alarms", _] => Some(vec![(parts.join("."), Form::Other), (parts.join(".").replace("alarms", "metricFilters"), Form::Other)]),
        ["alarms", name, "pattern"] => same(format!("metricFilters.{name}.pattern")),
        ["alarms", name, "namespace"] => {
            Some(["alarms", "metricFilters"].map(|of| (format!("{of}.{name}.metricNamespace"), Form::Same)).into())
        }
        ["alarms", name, "period"] => same(format!("alarms.{name}.periodSeconds")),
        ["alarms", _, "threshold" | "description" | "actionsEnabled"] => same(parts.join(".")),
        ["alarms", name, "topic"] => same(format!("alarms.{name}.actions")),
        ["alarms", _, "topicKey"] => same("alarmTopic.kmsKey"),
        ["responses"] | ["responses", _] => same("responses"),
        ["responses", region, name, rest @ ..] => same([&["responses", name, "rules", region], rest].concat().join(".")),
        _ => None,
    }
}

fn archive(parts: &[&str]) -> Paths {
    match parts {
        ["objectOwnership"] => same("ownership.objectOwnership"),
        ["publicAccessBlock" | "lifecycle" | "accessLogging" | "replication" | "objectLock", ..] => same(parts.join(".")),
        ["policy"] => same("bucketPolicy"),
        ["versioning"] => same("versioning.status"),
        ["encryption", "key"] => same("encryption.kmsKey"),
        ["encryption", "algorithm" | "bucketKey"] => same(parts.join(".")),
        ["tags", tag] => same(format!("bucketTags.{tag}")),
        ["key", "description"] => same("key.description"),
        ["key", "rotation"] => same("keyRotation.enabled"),
        ["key", "rotationPeriodDays"] => same("keyRotation.periodDays"),
        ["key", "tags", tag] => same(format!("keyTags.{tag}")),
        ["siem", document @ ("trust" | "policy")] => same(format!("readerRoles.siem.{document}")),
        ["s3:GetObject" | "s3:ListBucket" | "s3:GetBucketLocation"] => other("bucketPolicy"),
        ["kms:Decrypt"] => other("keyPolicy"),
        ["visibilityTimeout"] => same("newFileQueue.visibilityTimeoutSeconds"),
        ["retention"] => same("newFileQueue.retentionSeconds"),
        ["maxReceives"] => same("newFileQueue.maxReceives"),
        ["raw"] => same("newFileSubscription.rawMessageDelivery"),
        ["subscribers"] => same("newFileTopic.policy.TrailkeeperSubscribers"),
        ["topicKey"] => same("newFileTopic.kmsKey"),
        ["queueKey"] => same("newFileQueue.kmsKey"),
        ["deadLetterKey"] => same("newFileDeadLetters.kmsKey"),
        ["topic" | "notified"] => same("newFileNotification.notifications"),
        ["sender"] => same("newFileQueue.policy"),
        ["results"] => same("workgroup.results"),
        ["resultsKey"] => same("workgroup.kmsKey"),
        ["cutoff"] => same("workgroup.bytesScannedCutoff"),
        ["folder"] => same("table.parameters.storage.location.template"),
        ["accounts"] => same("table.parameters.projection.account.type"),
        _ => None,
    }
}

fn store(parts: &[&str]) -> Paths {
    match parts {
        [setting @ ("name" | "multiRegion" | "organization" | "retentionDays" | "terminationProtection" | "kmsKey")] => {
            same(format!("settings.{setting}"))
        }
        ["billing"] => other("settings.billingMode"),
        ["status"] => other("ingestion.status"),
        ["federation"] => other("federation.roleArn"),
        ["federationRole"] => same("federation.roleArn"),
        ["insights"] => same("insights.types"),
        ["insightsDestination"] => same("insights.destination"),
        ["advanced"] => same("selectors.selectors"),
        ["tags", ..] => same(parts.join(".")),
        _ => None,
    }
}
