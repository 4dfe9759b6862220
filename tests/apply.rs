//! `plan` and `apply` against the simulated AWS: what they find, what they write, and what they leave alone.
//! One simulation for all tests; each test has an AWS account of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use trailkeeper_lab::{Lab, Output, commands, wait_for};

const LIMIT: Duration = Duration::from_secs(60);
const REGION: &str = "eu-central-1";

/// One AWS account, and manifests for it.
struct Stage {
    lab: &'static Lab,
    account: &'static str,
}

impl Stage {
    fn new(account: &'static str) -> Self {
        Self { lab: Lab::shared_with(&["--no-kube"]).unwrap(), account }
    }

    fn endpoint(&self) -> &'static str {
        self.lab.sim_endpoint().unwrap()
    }

    fn manifests(&self, trail: &str, archive: &str) -> String {
        let Self { account, .. } = self;
        let endpoint = self.endpoint();
        format!(
            "
apiVersion: trailkeeper.dev/v1alpha1
kind: AwsAccount
metadata: {{name: main}}
spec: {{accountId: '{account}', region: {REGION}, endpoints: {{all: '{endpoint}'}}, credentials: {{secretRef: {{name: keys, namespace: default}}}}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: keys}}
stringData: {{accessKeyId: '{account}', secretAccessKey: any}}
---
apiVersion: trailkeeper.dev/v1alpha1
kind: LogArchive
metadata: {{name: logs}}
spec: {{accountRef: {{name: main}}, region: {REGION}, bucketName: logs-{account}{archive}}}
---
apiVersion: trailkeeper.dev/v1alpha1
kind: Trail
metadata: {{name: audit}}
spec: {{accountRef: {{name: main}}, region: {REGION}, archiveRef: {{name: logs}}{trail}}}
"
        )
    }

    fn run(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut command = self.lab.command(Path::new(env!("CARGO_BIN_EXE_trailkeeper")));
        command.args(arguments).args(["-f", "-"]);
        commands::run(command, Some(stdin), LIMIT).unwrap()
    }

    fn plan(&self, manifests: &str) -> Output {
        self.run(&["plan"], manifests)
    }

    fn apply(&self, manifests: &str) -> Output {
        self.run(&["apply", "--auto-approve"], manifests)
    }

    /// Changes AWS behind our back.
    fn aws(&self, arguments: &[&str]) {
        let mut command = self.lab.command(&self.lab.tools().join("venv/bin/aws"));
        command.envs([("AWS_ACCESS_KEY_ID", self.account), ("AWS_SECRET_ACCESS_KEY", "any"), ("AWS_DEFAULT_REGION", REGION)]);
        command.args(["--endpoint-url", self.endpoint()]).args(arguments);
        commands::run(command, None, LIMIT).unwrap().success().unwrap();
    }

    /// The writes of the account so far.
    async fn writes(&self) -> Vec<String> {
        let url = format!("{}/_sim/calls?account={}&read_only=false", self.endpoint(), self.account);
        let calls: Value = http().get(url).send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
        calls["calls"].as_array().unwrap().iter().map(|call| call["operation"].as_str().unwrap().to_owned()).collect()
    }

    /// What happens to `operation` in the account, `count` times or for good.
    async fn fault(&self, operation: &str, kind: Value, count: Option<u32>) {
        let rule = json!({"service": "*", "operation": operation, "account": self.account, "kind": kind, "count": count});
        let url = format!("{}/_sim/faults", self.endpoint());
        http().post(url).json(&rule).send().await.unwrap().error_for_status().unwrap();
    }
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(LIMIT).build().unwrap()
}

fn expect(output: &Output, code: i32, texts: &[&str]) {
    assert_eq!(output.code, Some(code), "{}\n{}", output.stdout, output.stderr);
    for text in texts {
        assert!(output.stdout.contains(text) || output.stderr.contains(text), "{text:?} is not in\n{}\n{}", output.stdout, output.stderr);
    }
}

#[tokio::test]
async fn an_empty_account_is_brought_about_and_drift_is_repaired() {
    let stage = Stage::new("700000000001");
    let manifests = stage.manifests("", "");
    expect(&stage.plan(&manifests), 2, &["CreateKey", "CreateBucket", "CreateTrail", "StartLogging", "(known after apply)"]);
    assert!(stage.writes().await.is_empty(), "plan wrote to AWS");
    expect(&stage.apply(&manifests), 0, &["Apply complete. AWS is as declared; made 12 AWS writes."]);
    expect(&stage.plan(&manifests), 0, &["No differences."]);
    let before = stage.writes().await.len();
    expect(&stage.apply(&manifests), 0, &["made 0 AWS writes"]);
    assert_eq!(stage.writes().await.len(), before, "a second apply wrote to AWS");

    stage.aws(&["cloudtrail", "stop-logging", "--name", "audit"]);
    let bucket = format!("logs-{}", stage.account);
    stage.aws(&["s3api", "put-bucket-versioning", "--bucket", &bucket, "--versioning-configuration", "Status=Suspended"]);
    let drifted = stage.plan(&manifests);
    expect(
        &drifted,
        2,
        &["~ status: Suspended -> Enabled", "PutBucketVersioning", "~ enabled: false -> true", "Plan: 0 to create, 2 to change"],
    );
    expect(&stage.apply(&manifests), 0, &["StartLogging"]);
    expect(&stage.plan(&manifests), 0, &["No differences."]);
}

#[tokio::test]
async fn a_trail_that_moves_to_another_prefix_is_let_in_before_and_the_old_one_shut_out_after() {
    let stage = Stage::new("700000000002");
    expect(&stage.apply(&stage.manifests("", "")), 0, &[]);
    let before = stage.writes().await.len();
    let moved = stage.manifests(", keyPrefix: moved", "");
    expect(&stage.apply(&moved), 0, &["UpdateTrail"]);
    assert_eq!(stage.writes().await[before..], ["PutBucketPolicy", "UpdateTrail", "PutBucketPolicy"]);
    expect(&stage.plan(&moved), 0, &["No differences."]);
}

#[tokio::test]
async fn observe_suspend_and_pause_write_nothing() {
    let stage = Stage::new("700000000003");
    expect(&stage.apply(&stage.manifests("", "")), 0, &[]);
    let before = stage.writes().await.len();
    let observed = stage.manifests(", mode: Observe, logging: false", "");
    expect(&stage.apply(&observed), 2, &["Observe: nothing is written", "logging.enabled: desired false, observed true"]);
    let suspended = stage.manifests(", suspend: true, logging: false", "");
    expect(&stage.apply(&suspended), 0, &["suspended"]);
    let paused = stage
        .manifests(", logging: false", "")
        .replace("metadata: {name: audit}", "metadata: {name: audit, annotations: {trailkeeper.dev/pauseUntil: '2999-01-01T00:00:00Z'}}");
    expect(&stage.apply(&paused), 2, &["paused until 2999-01-01T00:00:00Z"]);
    assert_eq!(stage.writes().await.len(), before);
}

#[tokio::test]
async fn the_wrong_account_is_refused_before_anything_is_written() {
    let stage = Stage::new("700000000004");
    let wrong = stage.manifests("", "").replace("accountId: '700000000004'", "accountId: '799999999999'");
    expect(&stage.apply(&wrong), 1, &["wrong account: spec.accountId is 799999999999, but the credentials belong to account 700000000004"]);
    assert!(stage.writes().await.is_empty());
}

#[tokio::test]
async fn what_another_owns_is_refused_until_adoption_allows_it() {
    let stage = Stage::new("700000000005");
    let manifests = stage.manifests("", "");
    expect(&stage.apply(&manifests), 0, &[]);
    let before = stage.writes().await.len();
    let other = |arguments: &[&str], manifests: &str| stage.run(&[arguments, &["--instance", "other"]].concat(), manifests);
    expect(&other(&["plan"], &manifests), 1, &["refused to touch the trail", "owned by default/default/audit", "spec.adoption"]);
    expect(&other(&["apply", "--auto-approve"], &manifests), 1, &["refused to touch the key"]);
    assert_eq!(stage.writes().await.len(), before);
    let adopting = stage.manifests(", adoption: Always", ", adoption: Always");
    expect(&other(&["plan"], &adopting), 2, &["3 to adopt"]);
    expect(&other(&["apply", "--auto-approve"], &adopting), 0, &["adopt the trail"]);
    expect(&other(&["plan"], &manifests), 0, &["No differences."]);
}

#[tokio::test]
async fn a_denied_read_is_unknown_and_never_absent() {
    let stage = Stage::new("700000000006");
    let manifests = stage.manifests("", "");
    expect(&stage.apply(&manifests), 0, &[]);
    stage.fault("GetBucketPolicy", json!("deny"), None).await;
    let told = stage.plan(&manifests);
    expect(&told, 1, &["bucketPolicy could not be read", "AccessDenied", "What to do: Allow s3:GetBucketPolicy on logs-700000000006"]);
    assert!(!told.stdout.contains("PutBucketPolicy"), "{}", told.stdout);
}

#[tokio::test]
async fn a_write_that_fails_stops_the_object_and_says_what_to_do() {
    let stage = Stage::new("700000000007");
    stage.fault("PutBucketVersioning", json!("deny"), Some(1)).await;
    let manifests = stage.manifests("", "");
    let told = stage.apply(&manifests);
    expect(&told, 1, &["failed PutBucketVersioning", "Allow s3:PutBucketVersioning", "LogArchive default/logs is not in place"]);
    assert!(!stage.writes().await.contains(&"CreateTrail".to_owned()));
    expect(&stage.apply(&manifests), 0, &["CreateTrail"]);
    let creations = stage.writes().await.into_iter().filter(|write| write == "CreateBucket" || write == "CreateKey").count();
    assert_eq!(creations, 2, "the second apply made a twin");
}

#[tokio::test]
async fn the_account_may_come_from_the_environment() {
    let stage = Stage::new("700000000008");
    let all = stage.manifests("", "");
    let without_account = all.splitn(3, "---").nth(2).unwrap();
    let mut command = stage.lab.command(Path::new(env!("CARGO_BIN_EXE_trailkeeper")));
    command.args(["plan", "-f", "-"]).envs([
        ("AWS_ACCESS_KEY_ID", stage.account),
        ("AWS_SECRET_ACCESS_KEY", "any"),
        ("AWS_ENDPOINT_URL", stage.endpoint()),
    ]);
    let output = commands::run(command, Some(without_account), LIMIT).unwrap();
    expect(
        &output,
        2,
        &["Note: AwsAccount main is not in the given files; using the ambient credentials: account 700000000008", "CreateTrail"],
    );
}

#[tokio::test]
async fn json_has_the_documented_shape() {
    let stage = Stage::new("700000000009");
    let manifests = stage.manifests("", "");
    let plan: Value = serde_json::from_str(&stage.run(&["plan", "-o", "json"], &manifests).stdout).unwrap();
    assert_eq!(plan["summary"]["writes"], 12);
    let trail = &plan["objects"][1];
    assert_eq!((&trail["kind"], &trail["name"], &trail["account"]), (&"Trail".into(), &"audit".into(), &stage.account.into()));
    assert_eq!(trail["steps"][0]["action"], "CreateTrail");
    assert!(trail["steps"][0]["reason"].is_string() && trail["refusal"].is_null());
    let done: Value = serde_json::from_str(&stage.run(&["apply", "--auto-approve", "-o", "json"], &manifests).stdout).unwrap();
    assert_eq!(done["objects"][1]["applied"][1]["action"], "StartLogging");
    assert_eq!(done["objects"][1]["remaining"], json!([]));
}

#[tokio::test]
async fn an_interrupted_apply_finishes_its_step_and_goes_on_later() {
    let stage = Stage::new("700000000010");
    let manifests = stage.manifests("", "");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.yaml");
    std::fs::write(&file, &manifests).unwrap();
    stage.fault("PutPublicAccessBlock", json!({"latency": {"ms": 3000}}), Some(1)).await;
    let arguments = ["apply", "--auto-approve", "-f", file.to_str().unwrap()];
    let mut apply = stage.lab.trailkeeper(&arguments, &[]).unwrap();
    // The step after this one is the slow one.
    wait_for("the step before", LIMIT, async || {
        let writes = stage.writes().await;
        if writes.iter().any(|write| write == "PutBucketOwnershipControls") { Ok(()) } else { Err(anyhow::anyhow!("{writes:?}")) }
    })
    .await
    .unwrap();
    apply.terminate().unwrap();
    let code = apply.wait(LIMIT).unwrap().code();
    let told = apply.log().unwrap();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("Interrupted: finishing the step in hand") && told.contains("interrupted"), "{told}");
    let writes = stage.writes().await;
    assert!(writes.iter().all(|write| told.contains(&format!("done {write}"))), "a write was made and not told: {writes:?}\n{told}");
    assert!(!writes.contains(&"PutBucketPolicy".to_owned()), "{told}");
    expect(&stage.apply(&manifests), 0, &["CreateTrail"]);
    expect(&stage.plan(&manifests), 0, &["No differences."]);
}

#[tokio::test]
async fn a_trail_of_another_account_is_let_into_the_archive() {
    let (home, other) = (Stage::new("700000000011"), "700000000012");
    let endpoint = home.endpoint();
    let trail = format!(
        "---
apiVersion: trailkeeper.dev/v1alpha1
kind: AwsAccount
metadata: {{name: other}}
spec: {{accountId: '{other}', endpoints: {{all: '{endpoint}'}}, credentials: {{secretRef: {{name: other, namespace: default}}}}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: other}}
stringData: {{accessKeyId: '{other}', secretAccessKey: any}}
---
apiVersion: trailkeeper.dev/v1alpha1
kind: Trail
metadata: {{name: abroad}}
spec: {{accountRef: {{name: other}}, region: {REGION}, archiveRef: {{name: logs}}}}
"
    );
    let both = format!("{}{trail}", home.manifests("", ""));
    expect(&home.apply(&both), 0, &["Trail default/abroad (account 700000000012", "made 14 AWS writes"]);
    expect(&home.plan(&both), 0, &["No differences."]);
}

#[tokio::test]
async fn a_trail_waits_until_aws_sees_the_policy_that_was_just_written() {
    let stage = Stage::new("700000000013");
    let not_yet = json!({"error": {"status": 400, "code": "InsufficientS3BucketPolicyException", "message": "not yet"}});
    stage.fault("CreateTrail", not_yet, Some(2)).await;
    expect(&stage.apply(&stage.manifests("", "")), 0, &["done CreateTrail", "made 12 AWS writes"]);
}

#[tokio::test]
async fn a_bucket_that_others_keep_is_never_written_and_its_lack_is_explained() {
    let stage = Stage::new("700000000014");
    let manifests = stage.manifests("", "").replace("archiveRef: {name: logs}", "bucket: {name: nobodys-bucket-700000000014}");
    expect(
        &stage.apply(&manifests),
        1,
        &["failed CreateTrail", "S3BucketDoesNotExistException", "Create the bucket, or refer to a LogArchive"],
    );
}

#[tokio::test]
async fn an_event_data_store_is_waited_for_and_found_again() {
    let stage = Stage::new("700000000021");
    let all = stage.manifests("", "");
    let account = all.splitn(3, "---").take(2).collect::<Vec<_>>().join("---");
    let store = |spec: &str| {
        format!(
            "{account}---\napiVersion: trailkeeper.dev/v1alpha1\nkind: EventDataStore\nmetadata: {{name: events}}\nspec: {{accountRef: {{name: main}}, region: {REGION}{spec}}}\n"
        )
    };
    expect(&stage.apply(&store("")), 1, &["CreateEventDataStore", "AWS closed CloudTrail Lake to new customers on 2026-05-31"]);
    let open = format!("{}/_sim/lake", stage.endpoint());
    http().post(open).json(&json!({"account": stage.account})).send().await.unwrap().error_for_status().unwrap();
    // CreateEventDataStore can't federate: that follows once AWS has the store ready.
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lakeformation.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
    stage.aws(&["iam", "create-role", "--role-name", "federates", "--assume-role-policy-document", trust]);
    let federated = store(&format!(", federation: {{roleArn: 'arn:aws:iam::{}:role/federates'}}", stage.account));
    expect(&stage.plan(&federated), 2, &["CreateEventDataStore", "follows once it exists"]);
    expect(&stage.apply(&federated), 0, &["done CreateEventDataStore", "done EnableFederation", "made 2 AWS writes"]);
    expect(&stage.plan(&federated), 0, &["No differences."]);

    // By another name it is found by its ownership tag.
    expect(&stage.apply(&store(", storeName: renamed")), 0, &["UpdateEventDataStore", "DisableFederation"]);
    let writes = stage.writes().await;
    assert_eq!(writes.iter().filter(|write| *write == "CreateEventDataStore").count(), 2, "a twin: {writes:?}");
}
