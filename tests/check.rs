//! `check` and `report` against the simulated AWS: they find what is planted, and nothing else; they write nothing to AWS.
//! One simulation for all tests; each test has AWS accounts of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use trailkeeper_lab::{Lab, Output, aws, commands};

const LIMIT: Duration = Duration::from_secs(120);
const REGION: &str = "eu-central-1";

/// What the sound account of these tests does not have: it is small. Everything else is judged.
const NOT_ASKED: [&str; 22] = [
    "TK-ACCOUNT-005",
    "TK-ACCOUNT-006",
    "TK-ACCOUNT-007",
    "TK-ACCOUNT-008",
    "TK-BUCKET-009",
    "TK-BUCKET-012",
    "TK-BUCKET-013",
    "TK-BUCKET-019",
    "TK-BUCKET-020",
    "TK-BUCKET-021",
    "TK-BUCKET-022",
    "TK-DELIVERY-009",
    "TK-DELIVERY-012",
    "TK-EVENTS-004",
    "TK-EVENTS-005",
    "TK-EVENTS-006",
    "TK-EVENTS-007",
    "TK-EVENTS-008",
    "TK-EVENTS-009",
    "TK-EVENTS-010",
    "TK-MONITORING-016",
    "TK-ORG-001",
];

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

    fn bucket(&self) -> String {
        format!("logs-{}", self.account)
    }

    fn manifests(&self) -> String {
        let Self { account, .. } = self;
        let (endpoint, bucket) = (self.endpoint(), self.bucket());
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
spec: {{accountRef: {{name: main}}, region: {REGION}, bucketName: {bucket}}}
---
apiVersion: trailkeeper.dev/v1alpha1
kind: Trail
metadata: {{name: audit}}
spec:
  accountRef: {{name: main}}
  region: {REGION}
  archiveRef: {{name: logs}}
  tags: {{team: security}}
  cloudWatchLogs: {{logGroup: {{}}, role: {{}}}}
  alarms: {{baseline: CIS-7.0, exclude: [organizations-changes]}}
---
apiVersion: trailkeeper.dev/v1alpha1
kind: CompliancePolicy
metadata: {{name: small}}
spec: {{rules: {{exclude: [{}]}}}}
",
            NOT_ASKED.join(", ")
        )
    }

    /// The account as its manifests ask for it, closed to the public as a whole, with somebody who hears the alarms.
    async fn sound(account: &'static str) -> Self {
        let stage = Self::new(account);
        stage.block_public_access(true).await;
        let applied = stage.manifests().split("---").take(4).collect::<Vec<_>>().join("---");
        expect(&stage.run(&["apply", "--auto-approve", "-f", "-"], &applied), 0, &[]);
        let queue = format!("arn:aws:sqs:{REGION}:{account}:alarms");
        stage.aws(&["sqs", "create-queue", "--queue-name", "alarms"]);
        stage.aws(&["sns", "subscribe", "--topic-arn", &stage.topic(), "--protocol", "sqs", "--notification-endpoint", &queue]);
        stage
    }

    async fn block_public_access(&self, on: bool) {
        aws::block_public_access(self.endpoint(), self.account, on).await.unwrap();
    }

    fn topic(&self) -> String {
        let topics = self.aws(&["sns", "list-topics", "--query", "Topics[].TopicArn", "--output", "text"]);
        topics.split_whitespace().next().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut command = self.lab.command(Path::new(env!("CARGO_BIN_EXE_trailkeeper")));
        command.args(arguments);
        commands::run(command, Some(stdin), LIMIT).unwrap()
    }

    fn check(&self) -> Checked {
        Checked::of(self.run(&["check", "-f", "-", "-o", "json"], &self.manifests()))
    }

    /// Changes AWS behind our back.
    fn aws(&self, arguments: &[&str]) -> String {
        let mut command = self.lab.command(&self.lab.tools().join("venv/bin/aws"));
        command.envs([("AWS_ACCESS_KEY_ID", self.account), ("AWS_SECRET_ACCESS_KEY", "any"), ("AWS_DEFAULT_REGION", REGION)]);
        command.args(["--endpoint-url", self.endpoint()]).args(arguments);
        let output = commands::run(command, None, LIMIT).unwrap();
        assert_eq!(output.code, Some(0), "{arguments:?}: {}", output.stderr);
        output.stdout
    }

    /// The writes of the account so far.
    async fn writes(&self) -> usize {
        let url = format!("{}/_sim/calls?account={}&read_only=false", self.endpoint(), self.account);
        let calls: Value = http().get(url).send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
        calls["calls"].as_array().unwrap().len()
    }

    /// `operation` is refused in this account from now on.
    async fn deny(&self, operation: &str) {
        let rule = json!({"service": "*", "operation": operation, "account": self.account, "kind": "deny", "count": null});
        http().post(format!("{}/_sim/faults", self.endpoint())).json(&rule).send().await.unwrap().error_for_status().unwrap();
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

fn yesterday() -> String {
    jiff::Timestamp::now().checked_sub(jiff::SignedDuration::from_hours(24)).unwrap().strftime("%Y-%m-%d").to_string()
}

/// The JSON answer of `check`.
struct Checked {
    code: Option<i32>,
    answer: Value,
}

impl Checked {
    fn of(output: Output) -> Self {
        let answer = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{}\n{}", output.stdout, output.stderr));
        Self { code: output.code, answer }
    }

    /// `what: rule` of the findings with this result; `what` is the object, or the last part of the ARN.
    fn told(&self, result: &str) -> BTreeSet<String> {
        let findings = self.answer["findings"].as_array().unwrap().iter().filter(|finding| finding["result"] == result);
        findings
            .map(|finding| {
                let judged = &finding["judged"];
                let arn = judged["arn"].as_str().unwrap().rsplit([':', '/']).next().unwrap().to_owned();
                let what = judged["object"].as_str().map_or(arn, str::to_owned);
                format!("{what}: {}", finding["rule"].as_str().unwrap())
            })
            .collect()
    }
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn a_sound_account_is_clean_and_nothing_is_written() {
    let stage = Stage::sound("710000000001").await;
    let before = stage.writes().await;
    let checked = stage.check();
    assert_eq!((checked.told("fail"), checked.told("unknown")), (set(&[]), set(&[])), "{:#}", checked.answer["findings"]);
    assert_eq!((checked.code, &checked.answer["outcome"]), (Some(0), &json!("clean")), "{:#}", checked.answer);
    assert!(checked.told("pass").len() > 50, "{:?}", checked.told("pass"));
    assert_eq!(stage.writes().await, before, "check wrote to AWS");
}

#[tokio::test]
async fn the_planted_faults_are_found_and_no_others() {
    let stage = Stage::sound("710000000002").await;
    let bucket = stage.bucket();
    // Somebody's trail of one Region, to a bucket with a policy from an old tutorial.
    let forgotten = format!("old-{}", stage.account);
    stage.aws(&[
        "s3api",
        "create-bucket",
        "--bucket",
        &forgotten,
        "--create-bucket-configuration",
        &format!("LocationConstraint={REGION}"),
    ]);
    let statement = |action: &str, resource: &str| json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": action, "Resource": resource});
    let arn = format!("arn:aws:s3:::{forgotten}");
    let policy = json!({"Version": "2012-10-17", "Statement": [statement("s3:GetBucketAcl", &arn), statement("s3:PutObject", &format!("{arn}/AWSLogs/*"))]});
    stage.aws(&["s3api", "put-bucket-policy", "--bucket", &forgotten, "--policy", &policy.to_string()]);
    stage.aws(&["cloudtrail", "create-trail", "--name", "forgotten", "--s3-bucket-name", &forgotten, "--no-is-multi-region-trail"]);
    // The account is open to the public. The trail of the manifests is stopped, its bucket opened, its key on its way out, and nobody hears its alarms.
    stage.block_public_access(false).await;
    stage.aws(&["cloudtrail", "stop-logging", "--name", "audit"]);
    stage.aws(&["s3api", "delete-public-access-block", "--bucket", &bucket]);
    stage.aws(&["s3api", "put-bucket-versioning", "--bucket", &bucket, "--versioning-configuration", "Status=Suspended"]);
    let key = stage.aws(&["cloudtrail", "get-trail", "--name", "audit", "--query", "Trail.KmsKeyId", "--output", "text"]);
    stage.aws(&["kms", "schedule-key-deletion", "--key-id", key.trim(), "--pending-window-in-days", "7"]);
    let topic = stage.topic();
    let listed = stage.aws(&[
        "sns",
        "list-subscriptions-by-topic",
        "--topic-arn",
        &topic,
        "--query",
        "Subscriptions[].SubscriptionArn",
        "--output",
        "text",
    ]);
    stage.aws(&["sns", "unsubscribe", "--subscription-arn", listed.trim()]);

    let checked = stage.check();
    assert_eq!(checked.code, Some(2), "{:?}\n{:#}", checked.told("unknown"), checked.answer["unread"]);
    let audit = |number: u32| format!("default/audit: TK-MONITORING-{number:03}");
    let mut planted: BTreeSet<String> = (1..=15).map(audit).collect();
    planted.insert(audit(19));
    planted.extend(set(&[
        "default/audit: TK-TRAIL-001",
        "default/audit: TK-DELIVERY-008",
        "default/audit: TK-KEY-002",
        "default/logs: TK-KEY-001",
        "default/logs: TK-BUCKET-004",
        "default/logs: TK-BUCKET-007",
        "main: TK-ACCOUNT-001",
        "main: TK-ACCOUNT-002",
        "main: TK-BUCKET-005",
    ]));
    planted.extend(["001", "002", "004", "005", "006"].map(|rule| format!("forgotten: TK-TRAIL-{rule}")));
    planted.extend(["forgotten: TK-DELIVERY-005", "forgotten: TK-MONITORING-001"].map(str::to_owned));
    planted.extend(["007", "008", "023", "024"].map(|rule| format!("{forgotten}: TK-BUCKET-{rule}")));
    assert_eq!(checked.told("fail"), planted);

    let text = stage.run(&["check", "-f", "-"], &stage.manifests());
    let arn = format!("Trail arn:aws:cloudtrail:{REGION}:{}:trail/forgotten (not managed;", stage.account);
    expect(&text, 2, &[&arn, "Critical TK-TRAIL-001 Logging is on", "Fix: ", "Found: "]);
}

/// S3 applies the stricter of both: a bucket without a setting of its own is closed by the account's.
#[tokio::test]
async fn what_the_account_blocks_its_buckets_block() {
    let stage = Stage::sound("710000000011").await;
    stage.aws(&["s3api", "delete-public-access-block", "--bucket", &stage.bucket()]);
    let checked = stage.check();
    assert_eq!((checked.told("fail"), checked.told("unknown")), (set(&[]), set(&[])));
    assert!(checked.told("pass").is_superset(&set(&["default/logs: TK-BUCKET-004", "main: TK-BUCKET-005"])), "{:?}", checked.told("pass"));
}

#[tokio::test]
async fn a_refused_read_is_not_known_and_names_the_permission() {
    let stage = Stage::sound("710000000003").await;
    stage.deny("GetBucketPolicy").await;
    stage.deny("GetTrailStatus").await;
    stage.deny("GetAccountPublicAccessBlock").await;
    // Whether the account's setting makes up for it, nobody may say.
    stage.aws(&["s3api", "delete-public-access-block", "--bucket", &stage.bucket()]);
    let checked = stage.check();
    assert_eq!(checked.code, Some(1), "{:#}", checked.answer);
    assert_eq!(checked.told("fail"), set(&[]));
    let unknown = checked.told("unknown");
    let expected = ["default/logs: TK-BUCKET-024", "default/logs: TK-BUCKET-004", "main: TK-BUCKET-005", "default/audit: TK-TRAIL-001"];
    assert!(expected.iter().all(|one| unknown.contains(*one)), "{unknown:?}");
    let text = stage.run(&["check", "-f", "-"], &stage.manifests());
    expect(
        &text,
        1,
        &[
            "not known: TK-BUCKET-024",
            "Allow s3:GetBucketPolicy",
            "Allow cloudtrail:GetTrailStatus",
            "Allow s3:GetAccountPublicAccessBlock",
        ],
    );
    let junit = stage.run(&["check", "-f", "-", "-o", "junit"], &stage.manifests());
    expect(&junit, 1, &["<?xml", "failures=\"0\" errors=\"", "TK-BUCKET-024", "Allow s3:GetBucketPolicy"]);
}

/// The printed policy is enough, judged by somebody else's IAM: nothing is left unread by `check`, nor by `report`.
#[tokio::test]
async fn the_printed_policy_of_an_auditor_is_enough() {
    let stage = Stage::sound("710000000008").await;
    let policy = stage
        .run(&["iam-policy", "--identity", "audit", "-f", "-"], &stage.manifests().split("---").take(2).collect::<Vec<_>>().join("---"))
        .stdout;
    assert!(serde_json::from_str::<Value>(&policy).is_ok(), "{policy}");
    let role = format!("arn:aws:iam::{}:role/auditor", stage.account);
    let trust =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": stage.account}, "Action": "sts:AssumeRole"}});
    stage.aws(&["iam", "create-role", "--role-name", "auditor", "--assume-role-policy-document", &trust.to_string()]);
    stage.aws(&["iam", "put-role-policy", "--role-name", "auditor", "--policy-name", "audit", "--policy-document", &policy]);
    let url = format!("{}/_sim/enforced", stage.endpoint());
    http().post(url).json(&json!({"role_arn": role})).send().await.unwrap().error_for_status().unwrap();
    let as_auditor =
        stage.manifests().replace("credentials: {secretRef", &format!("credentials: {{assumeRoles: [{{roleArn: '{role}'}}], secretRef"));
    let checked = Checked::of(stage.run(&["check", "-f", "-", "-o", "json"], &as_auditor));
    assert_eq!((checked.told("unknown"), &checked.answer["unread"]), (set(&[]), &json!([])), "{:#}", checked.answer);
    assert_eq!(checked.code, Some(0), "{:?}", checked.told("fail"));
    let folder = tempfile::tempdir().unwrap();
    let from = yesterday();
    let arguments = ["report", "-f", "-", "--from", &from, "--region", REGION, "--dir", folder.path().to_str().unwrap()];
    let output = stage.run(&arguments, &as_auditor);
    expect(&output, 0, &["0 not known"]);
    assert!(!output.stderr.contains("could not be read"), "{}", output.stderr);
}

#[tokio::test]
async fn without_files_the_ambient_account_is_looked_at() {
    let stage = Stage::new("710000000004");
    let mut command = stage.lab.command(Path::new(env!("CARGO_BIN_EXE_trailkeeper")));
    let credentials = [("AWS_ACCESS_KEY_ID", stage.account), ("AWS_SECRET_ACCESS_KEY", "any"), ("AWS_ENDPOINT_URL", stage.endpoint())];
    command.args(["check", "--region", REGION, "--severity", "critical"]).envs(credentials);
    expect(
        &commands::run(command, None, LIMIT).unwrap(),
        2,
        &["TK-ACCOUNT-001", "the account has no trail", "Looked at 1 account, 0 trails and 0 buckets"],
    );
}

/// A member's trail delivers to a bucket of a central account: judged from there where that account is given too; else one
/// verdict is unknown, and a note tells of the rest.
#[tokio::test]
async fn a_bucket_of_another_account_is_judged_where_it_can_be_read() {
    let (central, member) = (Stage::new("710000000009"), Stage::new("710000000010"));
    let bucket = central.bucket();
    central.aws(&["s3api", "create-bucket", "--bucket", &bucket, "--create-bucket-configuration", &format!("LocationConstraint={REGION}")]);
    let arn = format!("arn:aws:s3:::{bucket}");
    let source = json!({"StringEquals": {"aws:SourceArn": format!("arn:aws:cloudtrail:{REGION}:{}:trail/theirs", member.account)}});
    let allow = |action: &str, resource: &str| json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": action, "Resource": resource, "Condition": source});
    let policy =
        json!({"Version": "2012-10-17", "Statement": [allow("s3:GetBucketAcl", &arn), allow("s3:PutObject", &format!("{arn}/AWSLogs/*"))]});
    central.aws(&["s3api", "put-bucket-policy", "--bucket", &bucket, "--policy", &policy.to_string()]);
    member.aws(&["cloudtrail", "create-trail", "--name", "theirs", "--s3-bucket-name", &bucket, "--is-multi-region-trail"]);
    member.aws(&["cloudtrail", "start-logging", "--name", "theirs"]);

    let account = |stage: &Stage, name: &str| {
        let both = stage.manifests().split("---").take(2).collect::<Vec<_>>().join("---");
        both.replace("name: main", &format!("name: {name}")).replace("name: keys", &format!("name: keys-{name}"))
    };
    let alone = account(&member, "member");
    let checked = Checked::of(member.run(&["check", "-f", "-", "--region", REGION, "-o", "json"], &alone));
    assert_eq!((checked.code, checked.told("unknown")), (Some(1), BTreeSet::from([format!("{bucket}: TK-BUCKET-002")])));
    let notes = checked.answer["notes"].to_string();
    assert!(notes.contains("may not be looked at from account 710000000010, and may be another's"), "{notes}");

    let both = format!("{}---{}", account(&member, "member"), account(&central, "central"));
    let checked = Checked::of(member.run(&["check", "-f", "-", "--region", REGION, "-o", "json"], &both));
    assert_eq!((&checked.answer["notes"], checked.told("unknown")), (&json!([]), set(&[])));
    let of_bucket: BTreeSet<String> = checked.told("fail").into_iter().filter(|told| told.starts_with(&bucket)).collect();
    assert!(of_bucket.contains(&format!("{bucket}: TK-BUCKET-007")), "{of_bucket:?}");
    assert!(checked.told("pass").contains(&format!("{bucket}: TK-BUCKET-002")), "{:#}", checked.answer["findings"]);
}

/// Who of an organization has logs is seen from the folders of the bucket.
#[tokio::test]
async fn members_of_an_organization_without_logs_are_named() {
    let stage = Stage::new("710000000012");
    let organization = json!({"id": "o-checkmembers", "management_account": stage.account, "members": ["710000000013", "710000000014"],
        "all_features": true, "trusted_services": ["cloudtrail.amazonaws.com"]});
    let url = format!("{}/_sim/organizations", stage.endpoint());
    http().post(url).json(&organization).send().await.unwrap().error_for_status().unwrap();
    let manifests = stage.manifests().replace("tags: {team: security}", "organization: true\n  keyPrefix: org");
    let applied = manifests.split("---").take(4).collect::<Vec<_>>().join("---");
    expect(&stage.run(&["apply", "--auto-approve", "-f", "-"], &applied), 0, &[]);
    let verdict = |result: &str| {
        let checked = Checked::of(stage.run(&["check", "-f", "-", "-o", "json"], &manifests));
        let findings = checked.answer["findings"].as_array().unwrap().clone();
        let found = findings.into_iter().find(|finding| finding["rule"] == "TK-ORG-002").expect("the rule is judged");
        assert_eq!(found["result"], result, "{found}");
        found["message"].as_str().unwrap().to_owned()
    };
    let put = |member: &str| {
        let key = format!("org/AWSLogs/o-checkmembers/{member}/CloudTrail/eu-central-1/2026/11/01/log.json.gz");
        stage.aws(&["s3api", "put-object", "--bucket", &stage.bucket(), "--key", &key]);
    };
    put(stage.account);
    put("710000000013");
    let told = verdict("fail");
    assert!(told.contains("710000000014") && !told.contains("710000000013"), "{told}");
    put("710000000014");
    verdict("pass");
    stage.deny("ListObjects").await;
    assert!(verdict("unknown").contains("Allow s3:ListBucket"));
}

#[tokio::test]
async fn a_trail_that_is_not_there_is_told() {
    let stage = Stage::new("710000000005");
    let output = stage.run(&["check", "-f", "-", "--region", REGION], &stage.manifests());
    expect(&output, 2, &["note: Trail default/audit is not in AWS", "TK-BUCKET-001"]);
}

#[tokio::test]
async fn the_files_of_a_report_are_listed_and_hold_what_happened() {
    let stage = Stage::sound("710000000006").await;
    stage.aws(&["cloudtrail", "stop-logging", "--name", "audit"]);
    stage.aws(&["cloudtrail", "start-logging", "--name", "audit"]);
    stage.block_public_access(false).await;
    stage.aws(&["s3api", "delete-public-access-block", "--bucket", &stage.bucket()]);
    let before = stage.writes().await;
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("evidence");
    let arguments = ["report", "-f", "-", "--from", "2020-01-01", "--framework", "CIS-AWS-7.0", "--dir", dir.to_str().unwrap()];
    let output = stage.run(&arguments, &stage.manifests());
    expect(&output, 0, &["report.html", "2 failed", "CloudTrail's event history holds 90 days"]);
    assert_eq!(stage.writes().await, before, "report wrote to AWS");

    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    let manifest: Value = serde_json::from_str(&read("manifest.json")).unwrap();
    let listed: Vec<&str> = manifest.as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap()).collect();
    assert_eq!(listed, ["report.html", "findings.csv", "report.json", "oscal.json", "findings.ocsf.jsonl"]);
    for file in manifest.as_array().unwrap() {
        let content = read(file["file"].as_str().unwrap());
        let digest: String = Sha256::digest(content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((&file["sha256"], &file["bytes"]), (&json!(digest), &json!(content.len())));
    }

    let report: Value = serde_json::from_str(&read("report.json")).unwrap();
    let changes: Vec<(&str, &str)> = report["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (change["operation"].as_str().unwrap(), change["principal"].as_str().unwrap()))
        .collect();
    let admin = format!("arn:aws:iam::{}:user/admin", stage.account);
    for operation in ["CreateTrail", "StopLogging", "StartLogging", "PutBucketPolicy", "DeleteBucketPublicAccessBlock"] {
        assert!(changes.contains(&(operation, admin.as_str())), "{operation} is not in {changes:?}");
    }
    assert_eq!(report["deliveries"][0]["gaps"][0]["kind"], "LoggingStopped", "{:#}", report["deliveries"]);
    let page = read("report.html");
    for section in ["findings", "coverage", "frameworks", "delivery", "changes", "exemptions", "all"] {
        assert!(page.contains(&format!("<section id=\"{section}\"")), "{section}");
    }
    assert!(page.contains("TK-BUCKET-004") && page.contains("StopLogging"));

    let schema: Value = serde_json::from_str(include_str!("schemas/oscal_assessment-results_schema.json")).unwrap();
    let oscal: Value = serde_json::from_str(&read("oscal.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert_eq!(validator.iter_errors(&oscal).map(|error| error.to_string()).collect::<Vec<_>>(), Vec::<String>::new());

    let schema: Value = serde_json::from_str(include_str!("schemas/ocsf-1.4.0-compliance_finding.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let lines = read("findings.ocsf.jsonl");
    let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let wrong = events.iter().flat_map(|event| validator.iter_errors(event)).map(|error| error.to_string());
    assert_eq!((wrong.collect::<Vec<_>>(), events.is_empty()), (Vec::new(), false));
}

#[tokio::test]
async fn security_hub_takes_findings_and_archives_what_is_resolved() {
    let stage = Stage::sound("710000000007").await;
    stage.aws(&["s3api", "put-bucket-versioning", "--bucket", &stage.bucket(), "--versioning-configuration", "Status=Suspended"]);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let from = yesterday();
    let arguments = ["report", "-f", "-", "--from", &from, "--region", REGION, "--dir", dir, "--security-hub"];
    let imported = || expect(&stage.run(&arguments, &stage.manifests()), 0, &["Security Hub of account 710000000007 in eu-central-1 took"]);
    let state = || {
        let found: Value = serde_json::from_str(&stage.aws(&["securityhub", "get-findings", "--max-results", "100"])).unwrap();
        let of_rule: Vec<_> =
            found["Findings"].as_array().unwrap().iter().filter(|found| found["GeneratorId"] == "TK-BUCKET-007").cloned().collect();
        assert_eq!(of_rule.len(), 1, "an import made a twin");
        (of_rule[0]["RecordState"].clone(), of_rule[0]["Compliance"]["Status"].clone())
    };
    imported();
    assert_eq!(state(), (json!("ACTIVE"), json!("FAILED")));
    stage.aws(&["s3api", "put-bucket-versioning", "--bucket", &stage.bucket(), "--versioning-configuration", "Status=Enabled"]);
    imported();
    assert_eq!(state(), (json!("ARCHIVED"), json!("PASSED")));

    // A finding about what is gone is archived, but only by a look at everything.
    let gone = json!([{"SchemaVersion": "2018-10-08", "Id": "TK-TRAIL-001/gone", "ProductArn": format!("arn:aws:securityhub:{REGION}:{0}:product/{0}/default", stage.account),
        "GeneratorId": "TK-TRAIL-001", "AwsAccountId": stage.account, "Types": ["Software and Configuration Checks"], "CreatedAt": "2026-11-01T00:00:00Z",
        "UpdatedAt": "2026-11-01T00:00:00Z", "Severity": {"Label": "HIGH"}, "Title": "t", "Description": "d", "RecordState": "ACTIVE",
        "Resources": [{"Type": "AwsCloudTrailTrail", "Id": "arn:aws:cloudtrail:eu-central-1:710000000007:trail/gone"}]}]);
    stage.aws(&["securityhub", "batch-import-findings", "--findings", &gone.to_string()]);
    let of_gone = || {
        let query = "Findings[?Id=='TK-TRAIL-001/gone'].RecordState";
        stage.aws(&["securityhub", "get-findings", "--max-results", "100", "--query", query, "--output", "text"]).trim().to_owned()
    };
    imported();
    assert_eq!(of_gone(), "ACTIVE");
    let whole = ["report", "-f", "-", "--from", &from, "--dir", dir, "--security-hub"];
    expect(&stage.run(&whole, &stage.manifests()), 0, &["1 archived, since what they were about is gone"]);
    assert_eq!(of_gone(), "ARCHIVED");
}
