//! From manifests to a trail that logs.

use crate::support::World;
use anyhow::ensure;
use futures::future::join_all;
use serde_json::Value;

#[tokio::test]
async fn minimal_manifests_become_a_private_archive_and_a_trail_that_logs() {
    let world = World::ready("create").await;
    let bucket = world.bucket("logs");

    let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await.unwrap();
    assert_eq!(status.is_logging(), Some(true));
    let found = world.cloudtrail.get_trail().name(world.trail_arn("audit")).send().await.unwrap();
    let trail = found.trail.unwrap();
    assert_eq!((trail.is_multi_region_trail, trail.log_file_validation_enabled), (Some(true), Some(true)));
    assert_eq!(trail.s3_bucket_name(), Some(bucket.as_str()));

    let archive = world.get("LogArchive", "logs").await;
    let key = archive.data["status"]["kmsKeyArn"].as_str().unwrap();
    assert_eq!(trail.kms_key_id(), Some(key));
    assert!(world.kms.get_key_rotation_status().key_id(key).send().await.unwrap().key_rotation_enabled);

    let block = world.s3.get_public_access_block().bucket(&bucket).send().await.unwrap().public_access_block_configuration.unwrap();
    let all = [block.block_public_acls, block.ignore_public_acls, block.block_public_policy, block.restrict_public_buckets];
    assert_eq!(all, [Some(true); 4]);
    let policy = world.s3.get_bucket_policy().bucket(&bucket).send().await.unwrap().policy.unwrap();
    let policy: Value = serde_json::from_str(&policy).unwrap();
    for statement in policy["Statement"].as_array().unwrap() {
        let open = statement["Effect"] == "Allow" && !statement["Condition"].to_string().contains(&world.trail_arn("audit"));
        assert!(!open, "a statement lets in others than the trail: {statement}");
    }

    let object = world.get("Trail", "audit").await;
    assert_eq!(object.data["status"]["logging"], true);
    assert_eq!(object.data["status"]["trailArn"], world.trail_arn("audit"));
    world.wait_event("Trail", "audit", "Created", &["trail audit", &world.account]).await;
    world.wait_event("LogArchive", "logs", "Created", &[&bucket, &world.account]).await;
}

#[tokio::test]
async fn the_archive_lets_the_trail_in_before_it_is_created() {
    let world = World::ready("order").await;
    let calls = world.calls(0).await;
    let place = |operation: &str| calls.iter().position(|call| call.operation == operation && call.error_code.is_none());
    let lets_in = calls
        .iter()
        .position(|call| call.operation == "PutBucketPolicy" && call.request_parameters.to_string().contains(&world.trail_arn("audit")));
    let created = place("CreateTrail");
    assert!(lets_in.is_some() && lets_in < created && created < place("StartLogging"), "{:#?}", world.writes(0).await);
    let tries = calls.iter().filter(|call| call.operation == "CreateTrail").count();
    assert_eq!(tries, 1, "CreateTrail was tried before it could succeed");
    let owned = calls.iter().filter(|call| ["CreateTrail", "CreateBucket", "CreateKey"].contains(&call.operation.as_str()));
    for call in owned {
        let parameters = call.request_parameters.to_string();
        assert!(parameters.contains("trailkeeper.dev/owner"), "{} carries no ownership: {parameters}", call.operation);
    }
}

/// Every order in which the three objects can come, each waited on until the operator has seen it.
#[tokio::test]
async fn manifests_may_come_in_any_order() {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    join_all(orders.map(async |order| {
        let world = World::new("any-order").await;
        let manifests = [world.account_manifest(), world.archive_manifest("logs"), world.trail_manifest("audit", "logs")];
        for manifest in order.map(|at| &manifests[at]) {
            world.apply(manifest).await;
            let (kind, name) = (manifest["kind"].as_str().unwrap(), manifest["metadata"]["name"].as_str().unwrap());
            world
                .wait(kind, name, "to be seen", |object| {
                    ensure!(object.data["status"]["observedGeneration"].is_i64(), "it has not been seen yet");
                    Ok(())
                })
                .await;
        }
        for (kind, name) in [("AwsAccount", world.account_name().as_str()), ("LogArchive", "logs"), ("Trail", "audit")] {
            world.wait_ready(kind, name).await;
        }
        let status = world.cloudtrail.get_trail_status().name(world.trail_arn("audit")).send().await.unwrap();
        assert_eq!(status.is_logging(), Some(true), "after the order {order:?}");
    }))
    .await;
}

#[tokio::test]
async fn kubectl_shows_what_matters() {
    let world = World::ready("columns").await;
    let get = |arguments: &[&str]| {
        let all = [&["get", "--namespace", &world.namespace], arguments].concat();
        world.stage.lab.kubectl(&all, None).unwrap().success().unwrap()
    };
    let words = |text: &str, line: usize| -> Vec<String> {
        text.lines().nth(line).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    };
    let trails = get(&["trails"]);
    assert_eq!(words(&trails, 0), ["NAME", "READY", "LOGGING", "DRIFTED", "COMPLIANT", "REGION", "LAST-DELIVERY", "AGE"]);
    assert_eq!(words(&trails, 1)[..6], ["audit", "True", "true", "False", "False", "eu-central-1"]);
    let wide = get(&["ctrail", "--output=wide"]);
    assert!(wide.contains(&world.trail_arn("audit")) && wide.contains("InSync"), "{wide}");
    let archives = get(&["logarc"]);
    assert_eq!(words(&archives, 0), ["NAME", "READY", "DRIFTED", "COMPLIANT", "BUCKET", "REGION", "AGE"]);
    assert_eq!(words(&archives, 1)[..6], ["logs", "True", "False", "False", &world.bucket("logs"), "eu-central-1"]);
    let category = get(&["trailkeeper", "--output=name"]);
    assert!(category.contains("trail.trailkeeper.dev/audit") && category.contains("logarchive.trailkeeper.dev/logs"), "{category}");
}
