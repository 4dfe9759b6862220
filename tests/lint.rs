//! `trailkeeper lint` as a shell and a CI service see it. No AWS is reached.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const ACCOUNT: &str = "apiVersion: trailkeeper.dev/v1alpha1
kind: AwsAccount
metadata: {name: main}
spec: {accountId: '111111111111'}
---
";

const ARCHIVE: &str = "apiVersion: trailkeeper.dev/v1alpha1
kind: LogArchive
metadata: {name: logs}
spec:
  accountRef: {name: main}
  region: eu-west-1
  bucketName: some-logs
  encryption:
    type: S3Managed
---
";

const TRAIL: &str = "# The trail of everything.
apiVersion: trailkeeper.dev/v1alpha1
kind: Trail
metadata:
  name: audit
spec:
  accountRef: {name: main}
  region: eu-west-1
  archiveRef: {name: logs}
  logging: false
  multiRegion: true
  logFileValidation: false
---
";

/// These rules only: others are added all the time.
const POLICY: &str = "apiVersion: trailkeeper.dev/v1alpha1
kind: CompliancePolicy
metadata: {name: some}
spec:
  rules:
    include: [TK-TRAIL-001, TK-TRAIL-002, TK-TRAIL-004, TK-TRAIL-005]
---
";

fn lint(arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trailkeeper"))
        .arg("lint")
        .args(arguments)
        .env_clear()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Wrong usage ends it before it reads.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

/// Exit code and standard output.
fn told(arguments: &[&str], stdin: &str) -> (i32, String) {
    let output = lint(arguments, stdin);
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn errors(arguments: &[&str], stdin: &str) -> String {
    let output = lint(arguments, stdin);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

fn json(arguments: &[&str], stdin: &str) -> (i32, Value) {
    let (code, text) = told(&[&["-o", "json"], arguments].concat(), stdin);
    (code, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

fn rules(answer: &Value) -> Vec<&str> {
    answer["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn bad() -> String {
    [ACCOUNT, ARCHIVE, TRAIL, POLICY].concat()
}

#[test]
fn a_bad_manifest_is_told_with_rule_place_and_fix() {
    let (code, text) = told(&["-"], &bad());
    assert_eq!(code, 2, "{text}");
    insta::assert_snapshot!("text", text);
}

#[test]
fn programs_get_the_same() {
    let (code, answer) = json(&["-"], &bad());
    assert_eq!(code, 2);
    insta::assert_json_snapshot!("json", answer);
    let (code, text) = told(&["-o", "github", "-"], &bad());
    assert_eq!(code, 2);
    insta::assert_snapshot!("github", text);
}

#[test]
fn sarif_is_valid_by_the_official_schema() {
    let schema: Value = serde_json::from_str(include_str!("schemas/sarif-schema-2.1.0.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let exempt = "kind: CompliancePolicy\napiVersion: trailkeeper.dev/v1alpha1\nmetadata: {name: e}\nspec: {exemptions: [{rule: TK-TRAIL-001, reason: x, approver: y, expires: '2999-01-01T00:00:00Z'}, {rule: TK-TRAIL-004, reason: x, approver: y, expires: '2020-01-01T00:00:00Z'}]}\n---\n";
    let broken = TRAIL.replace("name: audit", "name: broken").replace("multiRegion", "multiregion");
    let lost = TRAIL.replace("name: audit", "name: lost").replace("{name: logs}", "{name: gone}");
    for text in ["", &bad(), &[&bad(), exempt, &broken, &lost].concat()] {
        let (_, answer) = told(&["-o", "sarif", "-"], text);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&answer).map(|error| format!("{}: {error}", error.instance_path)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
    let (_, answer) = told(&["-o", "sarif", "-"], &bad());
    let run = &serde_json::from_str::<Value>(&answer).unwrap()["runs"][0];
    let first = &run["results"][0];
    assert_eq!(first["ruleId"], "TK-TRAIL-001");
    let rule = &run["tool"]["driver"]["rules"][usize::try_from(first["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!(rule["id"], "TK-TRAIL-001");
    assert!(rule["helpUri"].as_str().unwrap().starts_with("https://"), "{rule}");
    assert!(rule["properties"]["tags"].as_array().unwrap().iter().any(|tag| tag == "CIS-AWS-1.4"), "{rule}");
    assert_eq!(first["locations"][0]["physicalLocation"]["region"]["startLine"], 25);
    assert!(
        first["partialFingerprints"]["trailkeeperFinding/v1"].as_str().unwrap().contains("TK-TRAIL-001/111111111111/Trail/default/audit")
    );
}

/// Whoever applies them is rid of the findings that have one.
#[test]
fn fixes_in_sarif_are_changes_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (_, answer) = told(&["-o", "sarif", &write(folder.path(), "all.yaml", &bad())], "");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let results = answer["runs"][0]["results"].as_array().unwrap();
    let mut lines: Vec<String> = bad().lines().map(str::to_owned).collect();
    for replacement in results.iter().flat_map(|result| result["fixes"][0]["artifactChanges"][0]["replacements"].as_array().unwrap()) {
        let number = |name: &str| usize::try_from(replacement["deletedRegion"][name].as_u64().unwrap()).unwrap() - 1;
        let line = &mut lines[number("startLine")];
        line.replace_range(number("startColumn")..number("endColumn"), replacement["insertedContent"]["text"].as_str().unwrap());
    }
    assert_eq!(results.len(), 3);
    let fixed = lines.join("\n");
    assert!(fixed.contains("logging: true") && fixed.contains("logFileValidation: true") && fixed.contains("type: OwnKey"), "{fixed}");
    assert_eq!(told(&["-"], &fixed).0, 0);

    // What is not in the file has no place to be changed at.
    let (_, answer) =
        told(&["-o", "sarif", "-"], &bad().replace("  encryption:\n    type: S3Managed\n", "  encryption: {type: \"S3Managed\"}\n"));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let of = |rule: &str| answer["runs"][0]["results"].as_array().unwrap().iter().find(|result| result["ruleId"] == rule).unwrap().clone();
    assert!(of("TK-TRAIL-005")["fixes"].is_null() && of("TK-TRAIL-001")["fixes"].is_array(), "{answer:#}");
}

#[test]
fn junit_counts_findings_as_failures() {
    let (code, text) = told(&["-o", "junit", "-"], &bad());
    assert_eq!(code, 2);
    assert!(text.starts_with("<?xml") && text.contains(r#"failures="3" errors="0""#), "{text}");
}

/// The examples that users start from. The recipes each show one thing, and lack what is merely advisable.
#[test]
fn the_examples_are_clean() {
    assert_clean(&["examples/"]);
    assert_clean(&["examples/organization", "--policy", "examples/compliance-policy.yaml"]);
    for recipe in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/recipes")).unwrap() {
        let recipe = recipe.unwrap().path();
        if !recipe.ends_with("compliance-policy.yaml") {
            let recipe = recipe.to_str().unwrap();
            assert_clean(&["examples/account.yaml", recipe, "--policy", "examples/compliance-policy.yaml", "--severity", "medium"]);
        }
    }
}

/// Each example has names of its own, so that a folder of them can be judged, or applied, as a whole.
#[test]
fn all_examples_together_hold_no_error() {
    let (code, answer) = json(&["-R", "-f", "examples", "--severity", "medium"], "");
    assert_eq!((code, &answer["problems"]), (0, &serde_json::json!([])), "{:#}", answer["findings"]);
}

/// What the CRD refuses is told where it is written; what is missing, at the nearest field above it.
#[test]
fn broken_rules_and_references_are_told_at_their_field() {
    let account = ACCOUNT.replace("accountId: '111111111111'", "accountId: '111111111111', allowedNamespaces: {names: [ops]}");
    let trail = TRAIL.replace("  logging: false\n", "  keyPrefix: /x\n  cloudWatchLogs:\n    logGroup: {retentionDays: 2}\n");
    let (code, answer) = json(&["-"], &[account.as_str(), ARCHIVE, &trail].concat());
    assert_eq!(code, 1);
    let mut told: Vec<String> = answer["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| format!("{}:{} {}", problem["line"], problem["column"], problem["message"].as_str().unwrap()))
        .collect();
    told.sort();
    let expected = [
        ("10:16", "default/logs: AwsAccount main does not allow namespace default"),
        ("22:16", "default/audit: AwsAccount main does not allow namespace default"),
        ("25:3", "Trail default/audit: spec.keyPrefix"),
        ("26:3", "Trail default/audit: give exactly one of spec.cloudWatchLogs.roleArn"),
        ("27:16", "Trail default/audit: spec.cloudWatchLogs.logGroup.retentionDays must be one of"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (place, message) in expected {
        assert!(told.iter().any(|told| told.starts_with(&format!("{place} {message}"))), "{place} {message}: {told:#?}");
    }
}

fn assert_clean(arguments: &[&str]) {
    let (code, text) = told(arguments, "");
    assert_eq!(code, 0, "{arguments:?}\n{text}");
}

#[test]
fn other_kinds_are_passed_over_and_mistyped_ones_are_not() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n---\n";
    let fine = [ACCOUNT, &ARCHIVE.replace("S3Managed", "OwnKey"), &TRAIL.replace("false", "true"), POLICY].concat();
    let (code, text) = told(&["-"], &[deployment, &fine].concat());
    assert_eq!((code, text.as_str()), (0, "Clean: no findings in 2 objects.\n"));
    let (code, text) = told(&["-"], &fine.replace("kind: Trail", "kind: Trial"));
    assert!(code == 1 && text.contains("error: <stdin>:18:7: unknown kind `Trial`"), "{text}");
}

#[test]
fn errors_come_first_and_hide_no_findings() {
    let broken = TRAIL.replace("name: audit", "name: broken").replace("multiRegion", "multiregion");
    let (code, answer) = json(&["-"], &[&bad(), broken.as_str()].concat());
    assert_eq!(code, 1);
    assert_eq!(answer["problems"].as_array().unwrap().len(), 1, "{answer}");
    assert!(answer["problems"][0]["message"].as_str().unwrap().contains("multiregion"));
    assert_eq!(rules(&answer), ["TK-TRAIL-001", "TK-TRAIL-004", "TK-TRAIL-005"]);
}

#[test]
fn what_is_not_in_the_files_is_noted_and_does_not_stop_it() {
    let (code, answer) = json(&["-"], &[TRAIL, POLICY].concat());
    assert_eq!(code, 2);
    let notes: Vec<&str> = answer["notes"].as_array().unwrap().iter().map(|note| note["message"].as_str().unwrap()).collect();
    assert!(notes.iter().any(|note| note.contains("AwsAccount main is not in the given files")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("LogArchive default/logs, which is not in the given files")), "{notes:?}");
    // Nothing is held against an archive that nobody saw.
    assert_eq!(rules(&answer), ["TK-TRAIL-001", "TK-TRAIL-004"]);
}

#[test]
fn a_fix_in_another_object_is_told_there() {
    let (_, answer) = json(&["-"], &bad());
    let finding = answer["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "TK-TRAIL-005").unwrap();
    assert_eq!((finding["line"].as_u64(), finding["column"].as_u64()), (Some(14), Some(5)));
    assert_eq!(finding["patch"]["object"], "LogArchive default/logs");
}

#[test]
fn severity_and_framework_narrow() {
    let (code, answer) = json(&["--severity", "CRITICAL", "-"], &bad());
    assert_eq!((code, rules(&answer)), (2, vec!["TK-TRAIL-001"]));
    let (_, answer) = json(&["--framework", "CIS-AWS-1.4", "-"], &bad());
    assert!(!rules(&answer).is_empty(), "{answer}");
    let told = errors(&["--framework", "CIS", "-"], &bad());
    assert!(told.contains("there is no framework CIS: there are ") && told.contains("CIS-AWS-1.4"), "{told}");
}

#[test]
fn policies_exempt_until_they_run_out() {
    let folder = tempfile::tempdir().unwrap();
    let policy = |expires: &str| {
        format!(
            "{}  exemptions:\n  - {{rule: TK-TRAIL-001, object: default/audit, reason: being moved, approver: me, expires: '{expires}'}}\n",
            POLICY.trim_end_matches("---\n")
        )
    };
    let objects = [ACCOUNT, ARCHIVE, TRAIL].concat();
    let file = write(folder.path(), "p.yaml", &policy("2999-01-01T00:00:00Z"));
    let (code, answer) = json(&["--policy", &file, "--severity", "critical", "-"], &objects);
    assert_eq!((code, &answer["findings"][0]["standing"]), (0, &Value::from("Exempt")));
    let file = write(folder.path(), "p.yaml", &policy("2020-01-01T00:00:00Z"));
    let (code, text) = told(&["--policy", &file, "--severity", "critical", "-"], &objects);
    assert_eq!(code, 2);
    assert!(text.contains("p.yaml:8:") && text.contains("the exemption from TK-TRAIL-001 ended at 2020-01-01T00:00:00Z"), "{text}");
    assert!(text.contains("logging is off") && text.contains("(the exemption in policy some expired at"), "{text}");
}

#[test]
fn unknown_names_in_a_policy_are_errors_at_their_field() {
    let (code, text) = told(&["-"], &POLICY.replace("TK-TRAIL-002", "TK-TRAIL-992"));
    assert_eq!(code, 1);
    assert!(text.contains("error: <stdin>:6:29: CompliancePolicy some: spec.rules.include[1]: there is no rule TK-TRAIL-992"), "{text}");
}

#[test]
fn a_baseline_accepts_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("baseline.txt");
    let file = file.to_str().unwrap();
    assert_eq!(told(&["--write-baseline", file, "-"], &bad()).0, 0);
    let written = std::fs::read_to_string(file).unwrap();
    assert!(written.contains("\nTK-TRAIL-001/111111111111/Trail/default/audit # Logging is on\n"), "{written}");
    let (code, text) = told(&["--baseline", file, "-"], &bad());
    assert_eq!((code, text.as_str()), (0, "Clean: no findings, 3 in the baseline in 2 objects.\n"));
    let (code, text) = told(&["--baseline", file, "-"], &bad().replace("logging: false", "logging: true"));
    assert_eq!(code, 0);
    assert!(text.contains("baseline.txt:2:1: TK-TRAIL-001/111111111111/Trail/default/audit is no longer found"), "{text}");
    let (code, _) = told(&["--baseline", file, "-"], &bad().replace("multiRegion: true", "multiRegion: false"));
    assert_eq!(code, 2);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    assert!(told(&["--color", "always", "-"], &bad()).1.contains('\u{1b}'));
    assert!(!told(&["-"], &bad()).1.contains('\u{1b}'));
}
