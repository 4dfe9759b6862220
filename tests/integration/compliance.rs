//! What the operator finds, under which policy, and where it shows: conditions, findings, events, policies, reports.
//!
//! A policy here names its namespace: worlds share the API server.

use crate::support::{Stage, World, condition};
use anyhow::{Result, anyhow, ensure};
use jiff::{Timestamp, ToSpan};
use kube::api::DynamicObject;
use serde_json::{Value, json};
use std::sync::Arc;
use trailkeeper_lab::wait_for;

const LOGGING: &str = "TK-TRAIL-001";
const HOME_REGION: &str = "TK-TRAIL-007";
/// Longer than the operator takes to notice a kind that has come, and the garbage collector an owner that has gone.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(240);

fn policy_name(world: &World) -> String {
    format!("p{}", world.account)
}

/// A policy for this world's namespace, with `spec` besides.
fn policy(world: &World, spec: Value) -> Value {
    let mut manifest = json!({
        "apiVersion": "trailkeeper.dev/v1alpha1", "kind": "CompliancePolicy", "metadata": { "name": policy_name(world) },
        "spec": { "namespaces": { "names": [world.namespace] } },
    });
    json_patch::merge(&mut manifest, &json!({ "spec": spec }));
    manifest
}

fn finding(object: &DynamicObject, rule: &str) -> Option<Value> {
    object.data["status"]["findings"].as_array()?.iter().find(|finding| finding["rule"] == rule).cloned()
}

/// Waits until the trail is Compliant or not, and its findings are what `check` wants.
async fn wait_judged(world: &World, compliant: &str, check: impl Fn(&DynamicObject) -> Result<()>) -> DynamicObject {
    world
        .wait("Trail", "audit", &format!("to be judged Compliant {compliant}"), |object| {
            let (is, _, message) = condition(object, "Compliant").ok_or_else(|| anyhow!("not judged"))?;
            ensure!(is == compliant, "Compliant is {is}: {message}");
            check(object)
        })
        .await
}

async fn wait_policy(world: &World, what: &str, check: impl Fn(&Value) -> Result<()>) -> DynamicObject {
    world.wait("CompliancePolicy", &policy_name(world), what, |object| check(&object.data["status"])).await
}

#[tokio::test]
async fn a_policy_decides_what_is_found() {
    let world = World::ready("comp-policy").await;
    // The built-in baseline prescribes no home Region.
    let baseline = world.wait("Trail", "audit", "to be judged", |object| {
        ensure!(condition(object, "Compliant").is_some() && finding(object, HOME_REGION).is_none(), "not yet");
        Ok(())
    });
    let rules_of_baseline = counted(&baseline.await);

    let elsewhere = json!({ "rules": { "include": [LOGGING, HOME_REGION] }, "parameters": { "homeRegions": ["us-east-1"] } });
    world.apply(&policy(&world, elsewhere)).await;
    let object = wait_judged(&world, "False", |object| {
        ensure!(finding(object, HOME_REGION).is_some(), "no finding");
        Ok(())
    })
    .await;
    assert_eq!(object.data["status"]["findingCounts"], json!({ "failed": 1, "unknown": 0, "exempt": 0, "passed": 1 }));
    assert!(rules_of_baseline > 2, "the baseline asks for more than this policy");
    let message = condition(&object, "Compliant").unwrap().2;
    assert!(message.contains("1 of 2 rules fail") && message.contains(HOME_REGION), "{message}");
    world.wait_event("Trail", "audit", "RuleFailed", &[HOME_REGION, "us-east-1"]).await;
    assert!(crate::support::is_true(&object, "Ready"), "a rule that fails keeps nobody from being Ready");
    wait_policy(&world, "to count", |status| {
        ensure!((&status["rules"], &status["objects"], &status["failed"]) == (&json!(2), &json!(2), &json!(1)), "not yet");
        Ok(())
    })
    .await;

    world.apply(&policy(&world, json!({
        "rules": { "include": [LOGGING, HOME_REGION] }, "parameters": { "homeRegions": ["us-east-1"] }, "severities": { HOME_REGION: "Critical" },
    }))).await;
    let object = wait_judged(&world, "False", |object| {
        ensure!(finding(object, HOME_REGION).is_some_and(|finding| finding["severity"] == "Critical"), "the severity stands");
        Ok(())
    })
    .await;
    assert!(condition(&object, "Compliant").unwrap().2.contains("(Critical)"));

    let until = Timestamp::now().checked_add(24.hours()).unwrap().to_string();
    let exemption = json!({ "rule": HOME_REGION, "object": format!("{}/audit", world.namespace), "reason": "it moves", "approver": "ann", "expires": until });
    world
        .apply(&policy(
            &world,
            json!({
                "rules": { "include": [LOGGING, HOME_REGION] }, "parameters": { "homeRegions": ["us-east-1"] }, "exemptions": [exemption],
            }),
        ))
        .await;
    wait_judged(&world, "True", |object| {
        ensure!(object.data["status"]["findingCounts"]["exempt"] == 1, "nothing exempt");
        Ok(())
    })
    .await;
    wait_policy(&world, "to count what is exempt", |status| {
        ensure!((&status["exempt"], &status["failed"]) == (&json!(1), &json!(0)), "not yet");
        Ok(())
    })
    .await;

    world.delete("CompliancePolicy", &policy_name(&world)).await;
    world
        .wait("Trail", "audit", "to be judged by the baseline again", |object| {
            ensure!(counted(object) == rules_of_baseline, "{} rules", counted(object));
            Ok(())
        })
        .await;
}

fn counted(object: &DynamicObject) -> i64 {
    let counts = &object.data["status"]["findingCounts"];
    ["failed", "unknown", "exempt", "passed"].iter().filter_map(|field| counts[field].as_i64()).sum()
}

/// Nobody asks for a pass, and the regular one is minutes away: the end of the exemption brings one.
#[tokio::test]
async fn an_exemption_runs_out_by_itself() {
    let world = World::ready("comp-expiry").await;
    let until = Timestamp::now().checked_add(30.seconds()).unwrap();
    let exemption = json!({ "rule": HOME_REGION, "reason": "it moves", "approver": "ann", "expires": until.to_string() });
    world
        .apply(&policy(
            &world,
            json!({
                "rules": { "include": [HOME_REGION] }, "parameters": { "homeRegions": ["us-east-1"] }, "exemptions": [exemption],
            }),
        ))
        .await;
    let object = world.wait("Trail", "audit", "to be judged by the policy", |object| {
        ensure!(counted(object) == 1, "not yet");
        Ok(())
    });
    let object = object.await;
    assert!(Timestamp::now() < until, "this machine was too slow to see the exemption");
    assert_eq!(object.data["status"]["findingCounts"]["exempt"], 1);

    let object = wait_judged(&world, "False", |_| Ok(())).await;
    assert!(Timestamp::now() >= until);
    let message = finding(&object, HOME_REGION).unwrap()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&format!("the exemption in policy {} expired", policy_name(&world))), "{message}");
    let policy = wait_policy(&world, "to say that an exemption expired", |status| {
        ensure!(status["problems"].as_array().is_some_and(|problems| problems.len() == 1), "no problem");
        Ok(())
    });
    let (ready, reason, _) = condition(&policy.await, "Ready").unwrap();
    assert_eq!((ready.as_str(), reason.as_str()), ("False", "ExemptionExpired"));
    world.wait_event("CompliancePolicy", &policy_name(&world), "ExemptionExpired", &[HOME_REGION, "ann"]).await;
}

#[tokio::test]
async fn what_a_policy_does_not_know_it_says() {
    let world = World::new("comp-names").await;
    world.apply(&policy(&world, json!({ "frameworks": ["CIS-AWS-99"], "rules": { "exclude": ["TK-TRIAL-001"] } }))).await;
    world.wait_stalled("CompliancePolicy", &policy_name(&world), "UnknownName").await;
    let policy = world.get("CompliancePolicy", &policy_name(&world)).await;
    assert_eq!(policy.data["status"]["problems"].as_array().unwrap().len(), 2, "{}", policy.data["status"]);
    world.wait_event("CompliancePolicy", &policy_name(&world), "UnknownName", &["CIS-AWS-99"]).await;
}

#[tokio::test]
async fn who_only_looks_sees_tampering_as_a_finding_and_its_end() {
    let world = World::ready("comp-tamper").await;
    world.patch_spec("Trail", "audit", json!({ "mode": "Observe" })).await;
    world.apply(&policy(&world, json!({ "rules": { "include": [LOGGING] } }))).await;
    wait_judged(&world, "True", |object| {
        ensure!(counted(object) == 1, "not by the policy yet");
        Ok(())
    })
    .await;
    world.cloudtrail.stop_logging().name(world.trail_arn("audit")).send().await.unwrap();
    world.pass_until_event("Trail", "audit", "RuleFailed", |event| event.note.contains(LOGGING)).await;
    let object = wait_judged(&world, "False", |_| Ok(())).await;
    let found = finding(&object, LOGGING).unwrap();
    assert_eq!(found["result"], "Fail");
    let told = world.events("Trail", "audit").await;
    let again = world.request_pass("Trail", "audit").await;
    assert_eq!(finding(&again, LOGGING).unwrap(), found, "what lasts keeps its time");
    assert_eq!(world.events("Trail", "audit").await, told, "what lasts is told once");

    world.cloudtrail.start_logging().name(world.trail_arn("audit")).send().await.unwrap();
    world.pass_until_event("Trail", "audit", "RulePassed", |event| event.note.contains(LOGGING)).await;
    let object = wait_judged(&world, "True", |_| Ok(())).await;
    assert!(object.data["status"].get("findings").is_none());
}

fn install(stage: &Stage, crd: &str) {
    let file = format!("{}/tests/integration/crds/{crd}", env!("CARGO_MANIFEST_DIR"));
    stage.lab.kubectl(&["apply", "--server-side", "--filename", &file], None).unwrap().success().unwrap();
}

/// Waits until there is a report that `check` takes.
async fn wait_report(world: &World, kind: &str, name: &str, check: impl Fn(&DynamicObject) -> Result<()>) -> DynamicObject {
    let attempt = async || {
        let report = world.api(kind).get_opt(name).await?.ok_or_else(|| anyhow!("there is none"))?;
        check(&report)?;
        Ok(report)
    };
    wait_for(&format!("{kind} {name}"), PATIENCE, attempt).await.unwrap()
}

async fn wait_no_report(world: &World, kind: &str, name: &str) {
    let attempt = async || {
        ensure!(world.api(kind).get_opt(name).await?.is_none(), "it is still there");
        Ok(())
    };
    wait_for(&format!("{kind} {name} to go"), PATIENCE, attempt).await.unwrap();
}

fn verdict(report: &DynamicObject, rule: &str) -> Value {
    let results = report.data["results"].as_array().unwrap();
    results.iter().find(|result| result["policy"] == rule).map(|result| result["result"].clone()).unwrap_or_default()
}

/// On a stage of its own: the others have no kind for reports.
#[tokio::test]
async fn reports_come_with_their_kind_and_go_with_their_object() {
    let stage = Arc::new(Stage::without_operator().await.unwrap());
    let mut operator = stage.start_operator().await.unwrap();
    let world = World::on(Arc::clone(&stage), "comp-report").await;
    world.apply(&world.account_manifest()).await;
    world.apply(&world.archive_manifest("logs")).await;
    world.apply(&world.trail_manifest("audit", "logs")).await;
    world.wait_ready("Trail", "audit").await;
    world.wait_ready("LogArchive", "logs").await;
    let asked = |home: &str| policy(&world, json!({ "report": true, "parameters": { "homeRegions": [home] } }));
    world.apply(&asked("us-east-1")).await;
    world.wait_stalled("CompliancePolicy", &policy_name(&world), "NoReportKind").await;
    world.wait_event("CompliancePolicy", &policy_name(&world), "NoReportKind", &["openreports.io"]).await;

    install(&stage, "openreports.io_reports.yaml");
    let report = wait_report(&world, "Report", "trail-audit", |_| Ok(())).await;
    world.wait_ready("CompliancePolicy", &policy_name(&world)).await;
    assert_eq!((verdict(&report, HOME_REGION), verdict(&report, LOGGING)), (json!("fail"), json!("pass")));
    let failed = report.data["results"].as_array().unwrap().iter().filter(|result| result["result"] == "fail").count();
    assert_eq!(report.data["summary"]["fail"], failed);
    assert_eq!((&report.data["source"], &report.data["scope"]["kind"]), (&json!("trailkeeper"), &json!("Trail")));
    let archive = wait_report(&world, "Report", "logarchive-logs", |_| Ok(())).await;
    assert_eq!(archive.data["scope"]["name"], "logs");

    // A first delivery may still be news.
    let steady = async || {
        let before = world.get("Report", "trail-audit").await;
        let object = world.request_pass("Trail", "audit").await;
        assert_eq!(object.data["status"]["report"], "trail-audit");
        let after = world.get("Report", "trail-audit").await;
        ensure!(before.metadata.resource_version == after.metadata.resource_version, "it was written again: {after:?}");
        Ok(())
    };
    wait_for("a pass that writes no report", PATIENCE, steady).await.unwrap();

    world.apply(&asked(crate::support::world::REGION)).await;
    let passed = |report: &DynamicObject| {
        ensure!(verdict(report, HOME_REGION) == "pass", "it says {}", verdict(report, HOME_REGION));
        Ok(())
    };
    wait_report(&world, "Report", "trail-audit", passed).await;

    world.delete("Trail", "audit").await;
    wait_no_report(&world, "Report", "trail-audit").await;
    world.apply(&policy(&world, json!({}))).await;
    wait_no_report(&world, "Report", "logarchive-logs").await;

    // The same in the older kind.
    operator.process.kill().unwrap();
    let chart = format!("{}/charts/trailkeeper", env!("CARGO_MANIFEST_DIR"));
    let upgrade = ["upgrade", "trailkeeper", &chart, "--namespace", crate::support::stage::HOME, "--set", "reportKind=policy-report"];
    stage.lab.helm(&upgrade).unwrap().success().unwrap();
    install(&stage, "wgpolicyk8s.io_policyreports.yaml");
    world.apply(&asked("us-east-1")).await;
    let _operator = stage.start_operator().await.unwrap();
    let report = wait_report(&world, "PolicyReport", "logarchive-logs", |_| Ok(())).await;
    assert_eq!(report.data["scope"]["name"], "logs");
    assert!(report.data["results"].as_array().unwrap().iter().all(|result| result["source"] == "trailkeeper"));
}
