//! `examples/` and `examples/recipes`, applied for real until Ready. Only accounts, buckets, namespaces and endpoints are put in
//! the place of the example's.

use crate::support::manifests::yaml;
use crate::support::world::REGION;
use crate::support::{World, condition};
use anyhow::ensure;
use kube::api::DynamicObject;
use serde_json::{Value, json};
use std::path::Path;

const THEIR_ACCOUNT: &str = "111111111111";

/// Where the legacy trail of the recipe is.
const LEGACY_REGION: &str = "us-east-1";

/// The documents of a file below `examples/`, for this world. The world's own AwsAccount takes the place of the example's.
fn example(world: &World, file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(file);
    let text = std::fs::read_to_string(path).unwrap().replace(THEIR_ACCOUNT, &world.account);
    yaml(&text).into_iter().map(|document| placed(world, document)).collect()
}

fn placed(world: &World, mut document: Value) -> Value {
    if document["kind"] == "AwsAccount" {
        document["metadata"]["name"] = json!(world.account_name());
        let own = world.account_manifest();
        json_patch::merge(
            &mut document["spec"],
            &json!({ "credentials": own["spec"]["credentials"], "endpoints": own["spec"]["endpoints"] }),
        );
        return document;
    }
    if document["kind"] == "CompliancePolicy" {
        // It has no namespace of its own, and other tests have objects in the same cluster.
        document["metadata"]["name"] = json!(format!("{}-{}", document["metadata"]["name"].as_str().unwrap(), world.account));
        document["spec"]["namespaces"] = json!({ "names": [world.namespace] });
        return document;
    }
    document["metadata"]["namespace"] = json!(world.namespace);
    document["spec"]["accountRef"]["name"] = json!(world.account_name());
    for bucket in ["/spec/bucketName", "/spec/analysis/resultsBucket"] {
        if let Some(name) = document.pointer_mut(bucket) {
            *name = json!(format!("{}-{}", name.as_str().unwrap(), world.account));
        }
    }
    document
}

/// Applies the files, and waits until all that they declare is Ready.
async fn becomes_ready(world: &World, files: &[&str]) {
    let documents: Vec<Value> = files.iter().flat_map(|file| example(world, file)).collect();
    for document in &documents {
        world.apply(document).await;
    }
    for document in &documents {
        world.wait_ready(document["kind"].as_str().unwrap(), document["metadata"]["name"].as_str().unwrap()).await;
    }
}

async fn ready(topic: &str, files: &[&str]) -> World {
    let world = World::new(topic).await;
    becomes_ready(&world, &["account.yaml"]).await;
    becomes_ready(&world, files).await;
    world
}

#[tokio::test]
async fn the_smallest_set_is_ready() {
    let world = ready("smallest", &["archive.yaml", "trail.yaml"]).await;
    let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await.unwrap();
    assert_eq!(status.is_logging, Some(true));
}

/// Whether reports are kept depends on what the cluster has, and other tests give it that and take it away: so not until Ready.
#[tokio::test]
async fn policies_judge_what_they_select() {
    let world = ready("policies", &["archive.yaml", "trail.yaml"]).await;
    for (file, least) in [("compliance-policy.yaml", 50), ("recipes/compliance-policy.yaml", 20)] {
        for policy in example(&world, file) {
            world.apply(&policy).await;
            let counted = |object: &DynamicObject| {
                let status = &object.data["status"];
                let (rules, objects) = (status["rules"].as_i64().unwrap_or_default(), status["objects"].as_i64().unwrap_or_default());
                ensure!(rules >= least && objects >= 2, "{status}");
                Ok(())
            };
            let told = world.wait("CompliancePolicy", policy["metadata"]["name"].as_str().unwrap(), "to judge", counted).await;
            let problems = told.data["status"]["problems"].to_string();
            assert!(!problems.contains("TK-") && !problems.contains("framework"), "{problems}");
        }
    }
}

#[tokio::test]
async fn an_archive_with_analysis_is_ready() {
    let world = ready("recipe-analysis", &["recipes/analysis.yaml"]).await;
    let group = world.aws(&["athena", "get-work-group", "--work-group", &format!("trailkeeper-acme-analysed-logs-{}", world.account)]);
    let results = &group["WorkGroup"]["Configuration"]["ResultConfiguration"]["OutputLocation"];
    assert_eq!(*results, format!("s3://acme-audit-answers-{}/trailkeeper/", world.account).as_str());
}

#[tokio::test]
async fn a_trail_with_alarms_is_ready() {
    let world = ready("recipe-alarms", &["archive.yaml", "recipes/cis-alarms.yaml"]).await;
    let alarms = world.aws(&["cloudwatch", "describe-alarms", "--alarm-name-prefix", "trailkeeper-audit-with-alarms-"]);
    // The fifteen of the benchmark, without the excluded one, with the custom one.
    assert_eq!(alarms["MetricAlarms"].as_array().unwrap().len(), 15);
}

#[tokio::test]
async fn a_hand_over_is_ready() {
    let world = ready("recipe-siem", &["recipes/siem-hand-over.yaml"]).await;
    let hand_over = world.get("LogArchive", "audit-logs-for-siem").await.data["status"]["handOver"].clone();
    assert!(hand_over["queueUrl"].as_str().unwrap().contains(&world.account), "{hand_over}");
    let siem = hand_over["readers"].as_array().unwrap().iter().find(|reader| reader["name"] == "siem").unwrap();
    assert!(siem["roleArn"].is_string() && siem["externalId"].is_string(), "{hand_over}");
}

#[tokio::test]
async fn a_verified_archive_is_ready_and_says_that_nothing_is_there_yet() {
    let world = ready("recipe-integrity", &["recipes/integrity.yaml"]).await;
    let told = |object: &DynamicObject| {
        let (status, reason, _) = condition(object, "Intact").unwrap_or_default();
        ensure!((status.as_str(), reason.as_str()) == ("Unknown", "NothingToVerify"), "{}", object.data["status"]);
        Ok(())
    };
    world.wait("LogArchive", "verified-audit-logs", "to be verified", told).await;
    let sample = format!("trailkeeper_integrity_last_run_seconds{{namespace=\"{}\",name=\"verified-audit-logs\"}}", world.namespace);
    let metrics = world.stage.metrics().await.unwrap();
    assert!(metrics.contains(&sample), "{sample} in {metrics}");
}

#[tokio::test]
async fn a_store_that_exists_is_taken_over() {
    let world = World::new("recipe-store").await;
    becomes_ready(&world, &["account.yaml"]).await;
    world.control.open_lake(&world.account).await.unwrap();
    let made = world.cloudtrail.create_event_data_store().name("audit-events").send().await.unwrap().event_data_store_arn.unwrap();
    becomes_ready(&world, &["recipes/event-data-store.yaml"]).await;
    assert_eq!(world.get("EventDataStore", "audit-events").await.data["status"]["storeArn"], made.as_str());
    let found = world.cloudtrail.get_event_data_store().event_data_store(&made).send().await.unwrap();
    assert_eq!(found.retention_period, Some(2557));
}

/// The function `page-somebody`, as small as Lambda takes it.
fn make_function(world: &World) {
    let trust = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" } });
    let role = world.aws(&["iam", "create-role", "--role-name", "page", "--assume-role-policy-document", &trust.to_string()]);
    let role = role["Role"]["Arn"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let zip = folder.path().join("empty.zip");
    std::fs::write(&zip, [b'P', b'K', 5, 6].iter().copied().chain([0; 18]).collect::<Vec<u8>>()).unwrap();
    let code = format!("fileb://{}", zip.display());
    let settings = ["--runtime", "python3.12", "--role", role, "--handler", "a.b", "--zip-file", &code];
    world.aws(&[&["lambda", "create-function", "--function-name", "page-somebody"], &settings[..]].concat());
}

#[tokio::test]
async fn a_trail_that_answers_is_ready() {
    let world = World::new("recipe-respond").await;
    becomes_ready(&world, &["account.yaml"]).await;
    world.aws(&["sns", "create-topic", "--name", "security"]);
    world.aws(&["sqs", "create-queue", "--queue-name", "secret-reads"]);
    make_function(&world);
    becomes_ready(&world, &["archive.yaml", "recipes/responses.yaml"]).await;
    let rules = world.aws_in(REGION, &["events", "list-rules", "--name-prefix", "trailkeeper-"]);
    assert!(rules["Rules"].as_array().unwrap().len() >= 4, "{rules}");
}

/// What a console user made years ago: a bucket with a reader and a lifecycle rule, and a trail that logs.
struct Legacy<'a> {
    world: &'a World,
    bucket: String,
}

impl<'a> Legacy<'a> {
    fn make(world: &'a World, bucket: &str) -> Self {
        let legacy = Self { world, bucket: bucket.to_owned() };
        let arn = format!("arn:aws:s3:::{bucket}");
        let cloudtrail = json!({ "Service": "cloudtrail.amazonaws.com" });
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            { "Sid": "TheirReaders", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", world.account) },
              "Action": "s3:GetObject", "Resource": format!("{arn}/*") },
            { "Sid": "AWSCloudTrailAclCheck20150319", "Effect": "Allow", "Principal": cloudtrail, "Action": "s3:GetBucketAcl", "Resource": arn },
            { "Sid": "AWSCloudTrailWrite20150319", "Effect": "Allow", "Principal": cloudtrail, "Action": "s3:PutObject",
              "Resource": format!("{arn}/AWSLogs/{}/*", world.account),
              "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } } },
        ] });
        let rules =
            json!({ "Rules": [{ "ID": "theirs", "Status": "Enabled", "Filter": { "Prefix": "exports/" }, "Expiration": { "Days": 30 } }] });
        legacy.aws(&["s3api", "create-bucket", "--bucket", bucket]);
        legacy.aws(&["s3api", "put-bucket-policy", "--bucket", bucket, "--policy", &policy.to_string()]);
        legacy.aws(&["s3api", "put-bucket-lifecycle-configuration", "--bucket", bucket, "--lifecycle-configuration", &rules.to_string()]);
        legacy.aws(&["cloudtrail", "create-trail", "--name", "Default", "--s3-bucket-name", bucket]);
        legacy.aws(&["cloudtrail", "start-logging", "--name", "Default"]);
        legacy
    }

    fn aws(&self, arguments: &[&str]) -> Value {
        self.world.aws_in(LEGACY_REGION, arguments)
    }

    fn is_logging(&self) -> bool {
        self.aws(&["cloudtrail", "get-trail-status", "--name", "Default"])["IsLogging"] == true
    }

    fn trails(&self) -> Vec<Value> {
        self.aws(&["cloudtrail", "describe-trails"])["trailList"].as_array().unwrap().clone()
    }

    /// What is the console user's own is still there.
    fn keeps_theirs(&self) {
        let policy = self.aws(&["s3api", "get-bucket-policy", "--bucket", &self.bucket])["Policy"].as_str().unwrap().to_owned();
        assert!(policy.contains("TheirReaders"), "{policy}");
        let rules = self.aws(&["s3api", "get-bucket-lifecycle-configuration", "--bucket", &self.bucket]);
        assert!(rules["Rules"].as_array().unwrap().iter().any(|rule| rule["ID"] == "theirs"), "{rules}");
    }
}

#[tokio::test]
async fn a_legacy_trail_is_looked_at_and_then_adopted() {
    let world = World::new("recipe-legacy").await;
    becomes_ready(&world, &["account.yaml"]).await;
    let documents = example(&world, "recipes/adopt-legacy-trail.yaml");
    let legacy = Legacy::make(&world, documents[0]["spec"]["bucketName"].as_str().unwrap());
    let objects = [("LogArchive", "legacy-logs"), ("Trail", "legacy")];
    let since = world.now().await;
    for document in &documents {
        world.apply(document).await;
    }
    for (kind, name) in objects {
        let told = |object: &kube::api::DynamicObject| {
            let drift = object.data.pointer("/status/drift").and_then(Value::as_array).cloned().unwrap_or_default();
            ensure!(!drift.is_empty(), "it tells of no difference");
            Ok(())
        };
        world.wait(kind, name, "to tell what would change", told).await;
    }
    assert_eq!(world.writes(since).await, Vec::<String>::new(), "looking writes nothing");

    for (kind, name) in objects {
        world.patch_spec(kind, name, json!({ "mode": "Enforce" })).await;
    }
    for (kind, name) in objects {
        world.wait_ready(kind, name).await;
    }
    let trails = legacy.trails();
    assert_eq!(trails.len(), 1, "no twin: {trails:?}");
    assert_eq!((&trails[0]["IsMultiRegionTrail"], &trails[0]["LogFileValidationEnabled"]), (&json!(true), &json!(true)));
    assert!(legacy.is_logging());
    legacy.keeps_theirs();
    let since = world.now().await;
    for (kind, name) in objects {
        world.request_pass(kind, name).await;
    }
    assert_eq!(world.writes(since).await, Vec::<String>::new(), "a second pass writes");

    // Nothing is deleted when the objects go.
    for (kind, name) in objects.iter().rev() {
        world.delete(kind, name).await;
        world.wait_gone(kind, name).await;
    }
    assert_eq!(legacy.trails().len(), 1);
    assert!(legacy.is_logging());
    legacy.keeps_theirs();
}

/// A recipe without a test here would be taken by the API server and still not work.
#[test]
fn every_recipe_is_applied_for_real() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let names = |folder: &Path, below: &str| -> Vec<String> {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        files.map(|path| format!("{below}{}", path.file_name().unwrap().to_string_lossy())).collect()
    };
    let here = include_str!("recipes.rs");
    let all = [names(&folder, ""), names(&folder.join("recipes"), "recipes/")].concat();
    let missing: Vec<&String> = all.iter().filter(|name| !here.contains(&format!("\"{name}\""))).collect();
    assert!(all.len() >= 9 && missing.is_empty(), "{missing:?} of {all:?}");
}
