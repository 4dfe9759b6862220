//! Analysis of an archive: workgroup, database, table and queries are made, follow the writers, are kept as declared, and leave
//! alone what others put there.

use crate::support::World;
use crate::support::manifests::with;
use crate::support::world::REGION;
use serde_json::{Value, json};

/// An archive with analysis, and a trail that writes to it.
async fn analysing(topic: &str) -> (World, Value) {
    let world = World::ready(topic).await;
    let archive = with(world.archive_manifest("logs"), json!({ "analysis": { "resultsBucket": "results" } }));
    world.apply(&archive).await;
    world.wait_ready("LogArchive", "logs").await;
    (world, archive)
}

fn workgroup(world: &World) -> Value {
    let name = format!("trailkeeper-{}", world.bucket("logs"));
    world.aws(&["athena", "get-work-group", "--work-group", &name])["WorkGroup"].clone()
}

fn database(world: &World) -> String {
    format!("trailkeeper_{}", world.bucket("logs").replace('-', "_"))
}

fn table(world: &World) -> Value {
    world.aws(&["glue", "get-table", "--database-name", &database(world), "--name", "cloudtrail"])["Table"].clone()
}

/// The named queries of the archive's workgroup.
fn queries(world: &World) -> Vec<Value> {
    queries_of(world, &format!("trailkeeper-{}", world.bucket("logs")))
}

fn queries_of(world: &World, workgroup: &str) -> Vec<Value> {
    let listed = world.aws(&["athena", "list-named-queries", "--work-group", workgroup]);
    let mut arguments = vec!["athena", "batch-get-named-query", "--named-query-ids"];
    arguments.extend(listed["NamedQueryIds"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()));
    world.aws(&arguments)["NamedQueries"].as_array().unwrap().clone()
}

async fn is_corrected(world: &World, path: &str, declared: &str, found: &str) {
    let tells = |event: &crate::support::Seen| [path, declared, found].iter().all(|word| event.note.contains(word));
    world.pass_until_event("LogArchive", "logs", "DriftDetected", tells).await;
    world.pass_until_event("LogArchive", "logs", "DriftCorrected", tells).await;
    let since = world.now().await;
    world.request_pass("LogArchive", "logs").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new(), "a second pass writes");
}

#[tokio::test]
async fn the_table_follows_the_archive_and_its_writers() {
    let (world, archive) = analysing("analysis").await;
    let bucket = world.bucket("logs");
    let found = table(&world);
    let parameters = &found["Parameters"];
    assert_eq!(parameters["projection.account.values"], world.account.as_str());
    let template = format!("s3://{bucket}/AWSLogs/${{account}}/CloudTrail/${{region}}/${{day}}");
    assert_eq!(parameters["storage.location.template"], template.as_str());
    assert!(parameters["projection.region.values"].as_str().unwrap().split(',').any(|region| region == REGION));
    let group = workgroup(&world);
    assert_eq!(group["Configuration"]["EnforceWorkGroupConfiguration"], true);
    let results = &group["Configuration"]["ResultConfiguration"];
    assert_eq!(results["OutputLocation"], "s3://results/trailkeeper/");
    assert_eq!(results["EncryptionConfiguration"]["KmsKey"], world.get("LogArchive", "logs").await.data["status"]["kmsKeyArn"]);
    assert_eq!(queries(&world).len(), 6);

    let changed = json!({ "analysis": { "resultsBucket": "other", "resultsPrefix": "q", "bytesScannedCutoff": 20_000_000,
        "resultsKmsKeyArn": format!("arn:aws:kms:{REGION}:{}:key/1", world.account), "organizationId": "o-abcdefghij" } });
    world.apply(&with(archive, changed)).await;
    world.wait_ready("LogArchive", "logs").await;
    let group = workgroup(&world);
    assert_eq!(group["Configuration"]["ResultConfiguration"]["OutputLocation"], "s3://other/q/");
    assert_eq!(group["Configuration"]["BytesScannedCutoffPerQuery"], 20_000_000);
    assert!(group["Configuration"]["ResultConfiguration"]["EncryptionConfiguration"]["KmsKey"].as_str().unwrap().ends_with("key/1"));
    let parameters = &table(&world)["Parameters"];
    assert_eq!(parameters["projection.account.type"], "injected");
    assert!(parameters["storage.location.template"].as_str().unwrap().contains("/AWSLogs/o-abcdefghij/${account}/"));
    assert!(queries(&world).iter().all(|query| query["QueryString"].as_str().unwrap().contains("account = '")));
    let since = world.now().await;
    world.request_pass("LogArchive", "logs").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_tampered_with_is_put_back_and_what_is_others_stays() {
    let (world, _) = analysing("analysis-drift").await;
    let group = format!("trailkeeper-{}", world.bucket("logs"));
    let loose = json!({ "EnforceWorkGroupConfiguration": false }).to_string();
    world.aws(&["athena", "update-work-group", "--work-group", &group, "--configuration-updates", &loose]);
    is_corrected(&world, "workgroup.enforced", "true", "false").await;

    let query = ["athena", "create-named-query", "--work-group", &group, "--database", "x", "--name", "Mine", "--query-string", "SELECT 1"];
    world.aws(&query);
    let ours = queries(&world).into_iter().find(|query| query["Name"] == "Trailkeeper: root user").unwrap();
    let id = ours["NamedQueryId"].as_str().unwrap();
    world.aws(&["athena", "update-named-query", "--named-query-id", id, "--name", "Trailkeeper: root user", "--query-string", "SELECT 2"]);
    is_corrected(&world, "queries.root user.query", "useridentity", "SELECT 2").await;
    assert!(queries(&world).iter().any(|query| query["Name"] == "Mine"));
    assert_eq!(queries(&world).len(), 7);

    let before = table(&world);
    let mut input = json!({ "Name": "cloudtrail", "Parameters": before["Parameters"], "PartitionKeys": before["PartitionKeys"],
        "StorageDescriptor": before["StorageDescriptor"], "TableType": "EXTERNAL_TABLE" });
    input["Parameters"]["storage.location.template"] = json!("s3://elsewhere/");
    input["Parameters"]["comment"] = json!("theirs");
    world.aws(&["glue", "update-table", "--database-name", &database(&world), "--table-input", &input.to_string()]);
    is_corrected(&world, "table.parameters.storage.location.template", "AWSLogs", "s3://elsewhere/").await;
    assert_eq!(table(&world)["Parameters"]["comment"], "theirs");
}

#[tokio::test]
async fn what_may_not_be_read_is_unknown() {
    let (world, _) = analysing("analysis-denied").await;
    for (service, operation) in [
        ("athena", "GetWorkGroup"),
        ("athena", "ListTagsForResource"),
        ("athena", "ListNamedQueries"),
        ("athena", "BatchGetNamedQuery"),
        ("glue", "GetDatabase"),
        ("glue", "GetTags"),
        ("glue", "GetTable"),
    ] {
        world.deny(service, operation).await;
        let since = world.now().await;
        world.pass_until_unready("LogArchive", "logs", "AccessDenied", &format!("{service}:{operation}")).await;
        assert_eq!(world.writes(since).await, Vec::<String>::new(), "{operation} denied");
        world.clear_faults().await;
        world.pass_until_ready("LogArchive", "logs").await;
    }
}

fn names_of(listed: &Value) -> Vec<&str> {
    listed.as_array().into_iter().flatten().map(|one| one["Name"].as_str().unwrap()).collect()
}

/// Names of the account's workgroups and databases.
fn inventory(world: &World) -> (Vec<String>, Vec<String>) {
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let groups = world.aws(&["athena", "list-work-groups"]);
    let databases = world.aws(&["glue", "get-databases"]);
    (owned(names_of(&groups["WorkGroups"])), owned(names_of(&databases["DatabaseList"])))
}

#[tokio::test]
async fn names_are_as_declared() {
    let world = World::with_account("analysis-names").await;
    let given = json!({ "analysis": { "workgroup": "Audit.2", "database": "audit", "table": "events", "resultsBucket": "results", "resultsPrefix": "" } });
    world.apply(&with(world.archive_manifest("logs"), given)).await;
    world.wait_ready("LogArchive", "logs").await;
    assert_eq!(inventory(&world), (vec!["Audit.2".to_owned()], vec!["audit".to_owned()]));
    let group = world.aws(&["athena", "get-work-group", "--work-group", "Audit.2"])["WorkGroup"].clone();
    assert_eq!(group["Configuration"]["ResultConfiguration"]["OutputLocation"], "s3://results/");
    assert_eq!(names_of(&world.aws(&["glue", "get-tables", "--database-name", "audit"])["TableList"]), ["events"]);
    let query = queries_of(&world, "Audit.2").remove(0);
    assert_eq!((&query["Database"], &query["WorkGroup"]), (&json!("audit"), &json!("Audit.2")));
    assert!(query["QueryString"].as_str().unwrap().contains("FROM \"audit\".\"events\""), "{query}");
    let since = world.now().await;
    world.request_pass("LogArchive", "logs").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
}

fn drifted(status: &Value) -> Vec<&str> {
    status["drift"].as_array().into_iter().flatten().map(|entry| entry["path"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn observe_tells_and_writes_nothing() {
    let world = World::ready("analysis-observe").await;
    let since = world.now().await;
    world.patch_spec("LogArchive", "logs", json!({ "mode": "Observe", "analysis": { "resultsBucket": "results" } })).await;
    let object = world.wait_condition("LogArchive", "logs", "Drifted", "True").await;
    assert_eq!(drifted(&object.data["status"]), ["workgroup", "database"], "nothing of it is there");
    assert_eq!(world.writes(since).await, Vec::<String>::new());

    world.patch_spec("LogArchive", "logs", json!({ "mode": "Enforce" })).await;
    world.wait_ready("LogArchive", "logs").await;
    world.patch_spec("LogArchive", "logs", json!({ "mode": "Observe" })).await;
    world.wait_ready("LogArchive", "logs").await;
    let since = world.now().await;
    let group = format!("trailkeeper-{}", world.bucket("logs"));
    world.aws(&["athena", "update-work-group", "--work-group", &group, "--state", "DISABLED"]);
    world.pass_until_event("LogArchive", "logs", "DriftDetected", |event| event.note.contains("workgroup.enabled")).await;
    let object = world.wait_condition("LogArchive", "logs", "Drifted", "True").await;
    assert_eq!(drifted(&object.data["status"]), ["workgroup.enabled"]);
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    assert_eq!(workgroup(&world)["State"], "DISABLED");
}

#[tokio::test]
async fn under_delete_it_goes_with_the_archive() {
    let world = World::with_account("analysis-delete").await;
    let asked = json!({ "deletionPolicy": "Delete", "analysis": { "resultsBucket": "results" } });
    world.apply(&with(world.archive_manifest("logs"), asked)).await;
    world.wait_ready("LogArchive", "logs").await;
    assert_eq!(inventory(&world), (vec![format!("trailkeeper-{}", world.bucket("logs"))], vec![database(&world)]));
    let since = world.now().await;
    world.delete("LogArchive", "logs").await;
    world.wait_gone("LogArchive", "logs").await;
    assert_eq!(inventory(&world), (vec![], vec![]));
    let writes = world.writes(since).await;
    assert_eq!(writes[..2], ["glue:DeleteDatabase", "athena:DeleteWorkGroup"], "{writes:?}");
}

#[tokio::test]
async fn dropped_or_retained_it_stays() {
    let (world, _) = analysing("analysis-retain").await;
    let there = inventory(&world);
    let since = world.now().await;
    world.patch_spec("LogArchive", "logs", json!({ "analysis": null })).await;
    world.wait_ready("LogArchive", "logs").await;
    let asked = world.reads(since).await;
    assert!(!asked.iter().any(|call| call.starts_with("athena:") || call.starts_with("glue:")), "it is looked at no more: {asked:?}");
    world.patch_spec("LogArchive", "logs", json!({ "analysis": { "resultsBucket": "results" } })).await;
    world.wait_ready("LogArchive", "logs").await;
    world.delete("Trail", "audit").await;
    world.wait_gone("Trail", "audit").await;
    world.delete("LogArchive", "logs").await;
    world.wait_gone("LogArchive", "logs").await;
    assert_eq!(world.writes(since).await, Vec::<String>::new());
    assert_eq!(inventory(&world), there);
}
