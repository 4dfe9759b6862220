//! The command line as a shell sees it: answers, exit codes, and what it says of bad files. No AWS is reached.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const ARCHIVE: &str = "apiVersion: trailkeeper.dev/v1alpha1
kind: LogArchive
metadata: {name: logs}
spec:
  accountRef: {name: main}
  region: eu-west-1
  bucketName: some-logs
";

/// Every call to AWS fails at once: nobody listens on port 1.
const ACCOUNT: &str = "apiVersion: trailkeeper.dev/v1alpha1
kind: AwsAccount
metadata: {name: main}
spec:
  accountId: '111111111111'
  endpoints: {all: 'http://127.0.0.1:1'}
  credentials: {secretRef: {name: keys, namespace: default}}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {accessKeyId: a, secretAccessKey: b}
---
";

fn trailkeeper(arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trailkeeper"))
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input closes it: that is no failure of the test.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn plan(text: &str) -> (i32, String) {
    let output = trailkeeper(&["plan", "-f", "-"], text);
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

#[test]
fn bad_manifests_are_errors_with_line_and_column() {
    let cases = [
        (ARCHIVE.replace("bucketName", "bucketname"), "<stdin>:7:3: ", "bucketname"),
        (ARCHIVE.replace("some-logs", "[some-logs]"), "<stdin>:7:15: ", "string"),
        (format!("{ARCHIVE}  versioning: On\n"), "<stdin>:8:15: ", "On"),
        (ARCHIVE.replace("kind: LogArchive", "kind: LogArchiv"), "<stdin>:2:7: ", "unknown kind `LogArchiv`"),
        (ARCHIVE.replace("v1alpha1", "v2"), "<stdin>:1:13: ", "unknown version"),
        (ARCHIVE.replace("some-logs", "Some_Logs"), "<stdin>:7:3: ", "spec.bucketName must be 3 to 63 lower-case"),
        (format!("{ARCHIVE}---\n{ARCHIVE}"), "<stdin>:9:1: ", "LogArchive default/logs was given before, at <stdin>:1:1"),
        (format!("{ARCHIVE}  tags: {{a: 1}}\n"), "<stdin>:8:13: ", ""),
        (format!("{ARCHIVE}\tx: y\n"), "<stdin>:7:15: ", "found a tab"),
    ];
    for (text, place, message) in cases {
        let (code, told) = plan(&text);
        assert_eq!(code, 1, "{text}\n{told}");
        assert!(told.contains(place) && told.contains(message), "{place} {message}\nfrom\n{text}\ntold\n{told}");
    }
}

#[test]
fn every_problem_of_every_file_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.yaml", &ARCHIVE.replace("region", "regoin"));
    write(folder.path(), "b.json", r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}"#);
    write(folder.path(), "kustomization.yaml", "resources: [a.yaml]\n");
    write(folder.path(), "notes.txt", "not: [a manifest\n");
    std::fs::create_dir(folder.path().join("below")).unwrap();
    write(&folder.path().join("below"), "c.yml", "kind: Trail\n");
    let path = folder.path().to_str().unwrap();
    let told = |arguments: &[&str]| String::from_utf8(trailkeeper(arguments, "").stderr).unwrap();
    let flat = told(&["plan", "-f", path]);
    assert!(flat.contains("a.yaml:6:3: ") && flat.contains("b.json:1:30: unknown kind `Pod`"), "{flat}");
    assert!(!flat.contains("c.yml") && !flat.contains("kustomization") && !flat.contains("notes"), "{flat}");
    assert!(told(&["plan", "-R", "-f", path]).contains("below/c.yml:1:1: `apiVersion` is missing"));
}

#[test]
fn missing_files_and_wrong_usage_are_errors() {
    assert_eq!(trailkeeper(&["plan"], "").status.code(), Some(1));
    assert_eq!(trailkeeper(&["paln"], "").status.code(), Some(1));
    assert_eq!(trailkeeper(&["--help"], "").status.code(), Some(0));
    let missing = trailkeeper(&["plan", "-f", "/does/not/exist.yaml"], "");
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8(missing.stderr).unwrap().contains("/does/not/exist.yaml could not be read"));
    assert_eq!(trailkeeper(&["plan", "-f", "-", "--instance", "a/b"], ARCHIVE).status.code(), Some(1));
}

#[test]
fn an_account_that_does_not_answer_is_an_error() {
    let (code, told) = plan(&format!("{ACCOUNT}{ARCHIVE}"));
    assert_eq!(code, 1);
    assert!(told.contains("AwsAccount main: the identity could not be verified, so nothing was read or written"), "{told}");
}

#[test]
fn apply_asks_and_does_not_guess() {
    let output = trailkeeper(&["apply", "-f", "-"], &format!("{ACCOUNT}{ARCHIVE}"));
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("--auto-approve") && told.contains("Nothing was written"), "{told}");
}

#[test]
fn crds_are_printed_as_yaml_and_json() {
    let yaml = String::from_utf8(trailkeeper(&["crds"], "").stdout).unwrap();
    assert_eq!(yaml.matches("---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n").count(), 5);
    let json = trailkeeper(&["crds", "-o", "json"], "").stdout;
    let list: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let names: Vec<&str> = list["items"].as_array().unwrap().iter().filter_map(|crd| crd["metadata"]["name"].as_str()).collect();
    assert_eq!(
        names,
        ["awsaccounts", "logarchives", "trails", "eventdatastores", "compliancepolicies"].map(|kind| format!("{kind}.trailkeeper.dev"))
    );
}

#[test]
fn completions_know_the_subcommands() {
    for shell in ["bash", "zsh", "fish"] {
        let output = trailkeeper(&["completions", shell], "");
        assert!(output.status.success());
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("trailkeeper") && script.contains("apply"), "{shell}");
    }
}

#[test]
fn version_has_a_form_for_programs() {
    let version: serde_json::Value = serde_json::from_slice(&trailkeeper(&["version", "-o", "json"], "").stdout).unwrap();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trailkeeper"))
        .arg("crds")
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

fn printed(arguments: &[&str]) -> String {
    let output = trailkeeper(arguments, "");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn rules_are_explained() {
    let page = printed(&["explain", "tk-trail-001"]);
    assert!(page.starts_with("TK-TRAIL-001 Logging is on\nCritical; judges Trail; looks at logging.enabled\n"), "{page}");
    assert!(page.contains("    spec:\n      logging: true\n") && page.contains("Prowler: ") && page.contains("CIS-AWS-1.4: "), "{page}");
    let answer: serde_json::Value = serde_json::from_str(&printed(&["explain", "TK-TRAIL-001", "-o", "json"])).unwrap();
    assert_eq!((&answer["severity"], &answer["patch"]["spec"]["logging"]), (&"Critical".into(), &true.into()));
    assert!(answer["requirements"][0]["publishedBy"].is_string(), "{answer}");
    assert!(printed(&["explain"]).lines().all(|line| line.starts_with("TK-")));
    let frameworks = printed(&["explain", "--frameworks"]);
    let cis = frameworks.lines().find(|line| line.starts_with("CIS-AWS-1.4 ")).unwrap();
    assert!(cis.ends_with(" rules") && !cis.contains(" 0 rules"), "{cis}");
    let unknown = trailkeeper(&["explain", "TK-TRAIL-999"], "");
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8(unknown.stderr).unwrap().contains("TK-TRAIL-001"));
}

#[test]
fn completions_know_the_rules() {
    assert!(printed(&["completions", "bash"]).contains("TK-TRAIL-001"));
}

#[test]
fn admission_policies_are_printed_as_yaml() {
    let text = printed(&["admission-policy", "--min-severity", "high", "--action", "Warn"]);
    assert!(text.contains("kind: ValidatingAdmissionPolicy\n") && text.contains("kind: ValidatingAdmissionPolicyBinding\n"), "{text}");
    assert!(text.contains("object.spec.logging") && text.contains("TK-TRAIL-001") && !text.contains("TK-TRAIL-006"), "{text}");
    assert!(text.contains("- Warn\n"), "{text}");
    let none = trailkeeper(&["admission-policy", "--policy", "examples/trail.yaml"], "");
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8(none.stderr).unwrap().contains("the files hold no CompliancePolicy"));
}

fn iam_policy(arguments: &[&str], text: &str) -> serde_json::Value {
    let output = trailkeeper(&[&["iam-policy", "-f", "-"], arguments].concat(), text);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every action of a policy with its resources, apart from how they are grouped.
fn actions(policy: &serde_json::Value) -> Vec<(String, Vec<String>)> {
    let texts = |value: &serde_json::Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut found: Vec<_> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|statement| texts(&statement["Action"]).into_iter().map(|action| (action, texts(&statement["Resource"]))))
        .collect();
    found.sort();
    found
}

fn example(more: &str) -> String {
    let trail = format!(
        "---\napiVersion: trailkeeper.dev/v1alpha1\nkind: Trail\nmetadata: {{name: audit}}\nspec: {{accountRef: {{name: main}}, region: eu-west-1, archiveRef: {{name: logs}}{more}}}\n"
    );
    format!("{ACCOUNT}{ARCHIVE}{trail}")
}

#[test]
fn the_policy_is_scoped_to_what_the_manifests_name() {
    let policy = iam_policy(&[], &example(""));
    // Service Authorization Reference: these take no resource. CreateKey and ListKeys, since a key has no name before it exists.
    let unscoped = [
        "account:",
        "cloudtrail:DescribeTrails",
        "cloudtrail:ListTrails",
        "cloudtrail:LookupEvents",
        "kms:CreateKey",
        "kms:ListKeys",
        "organizations:",
        "s3:GetAccountPublicAccessBlock",
    ];
    for (action, resources) in actions(&policy) {
        let everything = resources.iter().any(|resource| resource == "*");
        assert!(!everything || unscoped.iter().any(|known| action.starts_with(known)), "{action} on {resources:?}");
    }
    let has = |wanted: &str| actions(&policy).iter().any(|(action, _)| action == wanted);
    assert!(has("cloudtrail:StartLogging") && has("s3:PutEncryptionConfiguration"));
    for never in ["cloudtrail:DeleteTrail", "cloudtrail:StopLogging", "s3:DeleteBucket", "s3:DeleteObject", "kms:ScheduleKeyDeletion"] {
        assert!(!has(never), "{never}");
    }
}

#[test]
fn deletion_and_silence_must_be_asked_for() {
    let has = |text: &str, wanted: &str| actions(&iam_policy(&[], text)).iter().any(|(action, _)| action == wanted);
    assert!(has(&example(", deletionPolicy: Delete"), "cloudtrail:DeleteTrail"));
    assert!(has(&example(", logging: false"), "cloudtrail:StopLogging"));
    assert!(!has(&example(", deletionPolicy: Delete, mode: Observe"), "cloudtrail:DeleteTrail"));
}

#[test]
fn who_observes_or_verifies_writes_nothing() {
    for identity in ["observe", "verify", "audit"] {
        for (action, _) in actions(&iam_policy(&["--identity", identity], &example(", deletionPolicy: Delete"))) {
            let verb = action.split(':').nth(1).unwrap();
            assert!(
                ["Get", "List", "Describe", "Decrypt", "Lookup"].iter().any(|reading| verb.starts_with(reading)),
                "{identity}: {action}"
            );
        }
    }
}

#[test]
fn who_verifies_reads_the_archive_and_nothing_else() {
    let policy = iam_policy(&["--identity", "verify", "--key", "default/logs=arn:aws:kms:eu-west-1:111111111111:key/abc"], &example(""));
    let of = |statement: &Value| (statement["Action"].clone(), statement["Resource"].clone(), statement["Condition"].clone());
    let statements: Vec<_> = policy["Statement"].as_array().unwrap().iter().map(of).collect();
    let via_s3 = json!({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}});
    let trail = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/audit";
    let wanted = [
        (json!(["cloudtrail:ListPublicKeys"]), json!(["*"]), Value::Null),
        (json!(["cloudtrail:GetTrail", "cloudtrail:GetTrailStatus"]), json!([trail]), Value::Null),
        (json!(["kms:Decrypt"]), json!(["arn:aws:kms:eu-west-1:111111111111:key/abc"]), via_s3),
        (json!(["s3:ListBucket", "s3:ListBucketVersions"]), json!(["arn:aws:s3:::some-logs"]), Value::Null),
        (json!(["s3:GetObject", "s3:GetObjectVersion"]), json!(["arn:aws:s3:::some-logs/*AWSLogs/*"]), Value::Null),
    ];
    assert_eq!(statements, wanted);
}

#[test]
fn verify_says_what_is_wrong_with_its_input() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "other.json", "{\"kind\": \"List\"}");
    write(folder.path(), "newer.json", "{\"format\": 99}");
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (arguments, told) in [
        (vec![], "say what to verify: --trail-arn, -f"),
        (vec!["--trail-arn", "arn:aws:s3:::x"], "that is no ARN of a trail"),
        (vec!["--bucket", "b", "--shard", "4/4"], "give I/N with I less than N"),
        (vec!["--bucket", "b", "--shards", "2"], "JOB_COMPLETION_INDEX, which is not set"),
        (vec!["--bucket", "b", "--since", "2026-11-02T00:00:00Z", "--until", "2026-11-01T00:00:00Z"], "--since is not before"),
        (vec!["--bucket", "b", "--dir", "/does/not/exist"], "--keys"),
        (vec!["--bucket", "b", "--merge", "x"], "cannot be used with"),
        (vec!["--merge", "/does/not/exist"], "reading --merge /does/not/exist"),
        (vec!["--merge", &path("empty")], "the folder has no .json file"),
        (vec!["--merge", &path("other.json")], "other.json: is no outcome of `trailkeeper verify -o json`"),
        (vec!["--merge", &path("newer.json")], "newer.json: has format 99"),
    ] {
        let output = trailkeeper(&[&["verify"], arguments.as_slice()].concat(), "");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && stderr.contains(told), "{arguments:?}: {stderr}");
    }
}

#[test]
fn files_may_be_read_only_where_they_are_to_be_verified() {
    let verified = example("").replacen("  bucketName:", "  integrity: {}\n  bucketName:", 1);
    assert!(verified.contains("integrity"), "{verified}");
    for identity in ["reconcile", "observe"] {
        let found = |text: &str, wanted: &str| {
            actions(&iam_policy(&["--identity", identity], text)).into_iter().find(|(action, _)| action == wanted).map(|(_, on)| on)
        };
        for action in ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucketVersions", "kms:Decrypt", "cloudtrail:ListPublicKeys"] {
            assert!(found(&verified, action).is_some(), "{identity} {action}");
            assert_eq!(found(&example(""), action), None, "{identity} {action}");
        }
        let files = found(&verified, "s3:GetObject").unwrap();
        assert!(files.iter().all(|resource| resource.ends_with("/*AWSLogs/*")), "{files:?}");
    }
}

#[test]
fn a_known_key_narrows_the_policy() {
    let arn = "arn:aws:kms:eu-west-1:111111111111:key/abc";
    let policy = iam_policy(&["--key", &format!("default/logs={arn}")], &example(""));
    let (_, resources) = actions(&policy).into_iter().find(|(action, _)| action == "kms:PutKeyPolicy").unwrap();
    assert_eq!(resources, [arn]);
}

#[test]
fn several_accounts_need_a_choice() {
    let other =
        example("").replace("name: main", "name: other").replace("'111111111111'", "'222222222222'").replace("name: keys", "name: more");
    let both = format!(
        "{}---\n{}",
        example(""),
        other.replace("metadata: {name: logs}", "metadata: {name: more-logs}").replace("{name: audit}", "{name: more}")
    );
    let output = trailkeeper(&["iam-policy", "-f", "-"], &both);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("choose one with --account: main, other"), "{told}");
    let policy = iam_policy(&["--account", "other"], &both);
    assert!(policy.to_string().contains("222222222222") && !policy.to_string().contains("111111111111"), "{policy}");
}

#[test]
fn a_role_comes_with_the_external_id_of_its_account() {
    let text = example("").replace(
        "credentials: {secretRef: {name: keys, namespace: default}}",
        "credentials: {assumeRoles: [{roleArn: 'arn:aws:iam::111111111111:role/trailkeeper', externalId: x-42}]}",
    );
    let both = iam_policy(&["--trust", "cross-account", "--trusted-principal", "arn:aws:iam::222222222222:role/operator"], &text);
    assert_eq!(both["trustPolicy"]["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"], "x-42");
    assert!(both["policy"]["Statement"].is_array());
}

#[test]
fn a_report_refuses_what_verify_did_not_write_before_it_asks_aws() {
    let folder = tempfile::tempdir().unwrap();
    let (files, dir) = (folder.path().join("results"), folder.path().join("evidence"));
    std::fs::create_dir(&files).unwrap();
    let report = || {
        let arguments =
            ["report", "-f", "-", "--from", "2026-10-01", "--dir", dir.to_str().unwrap(), "--verified", files.to_str().unwrap()];
        let output = trailkeeper(&arguments, ACCOUNT);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && !told.contains("127.0.0.1") && !dir.exists(), "{told}");
        told
    };
    assert!(report().contains("the folder has no .json file"));
    let shard = json!({"format": 1, "bucket": "acme-logs", "shards": [{"index": 0, "of": 2}], "until": "2026-11-01T00:00:00Z",
        "streams": [], "gaps": [], "objects": [], "unlisted": [], "bytes": 0});
    let cases = [
        ("hello".to_owned(), "is no JSON"),
        ("{}".to_owned(), "is no outcome of `trailkeeper verify -o json`"),
        (shard.to_string(), "bucket acme-logs: shard 1 (of 2, counted from 0) is not among the outcomes"),
    ];
    for (text, words) in cases {
        write(&files, "shard-0-of-2.json", &text);
        let told = report();
        for words in [words, "--verified ", "shard-0-of-2.json: ", "give what `trailkeeper verify -o json` or `--save DIR` wrote"] {
            assert!(told.contains(words), "{words}: {told}");
        }
    }
}
