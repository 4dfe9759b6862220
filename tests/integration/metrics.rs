//! What `/metrics` of the operator says.

use crate::support::World;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::time::Duration;
use trailkeeper_lab::wait_for;

const PATIENCE: Duration = Duration::from_secs(240);

/// The value of the sample that begins with `name{` and has all of `labels`.
fn value(metrics: &str, name: &str, labels: &[String]) -> Option<f64> {
    let is = |line: &&str| line.starts_with(&format!("{name}{{")) && labels.iter().all(|label| line.contains(label.as_str()));
    metrics.lines().find(is)?.rsplit_once(' ')?.1.parse().ok()
}

async fn wait_value(world: &World, name: &str, labels: &[String], wanted: impl Fn(Option<f64>) -> bool) {
    let attempt = async || -> Result<()> {
        let metrics = world.stage.metrics().await?;
        let found = value(&metrics, name, labels);
        ensure!(wanted(found), "{name} with {labels:?} is {found:?}");
        Ok(())
    };
    wait_for(&format!("{name} of {labels:?}"), PATIENCE, attempt).await.unwrap();
}

#[tokio::test]
async fn objects_and_their_findings_are_measured_while_they_are_there() {
    let world = World::ready("metrics").await;
    let name = format!("p{}", world.account);
    let audit = vec![format!("kind=\"Trail\",namespace=\"{}\",name=\"audit\"", world.namespace)];
    let of_rule = [audit.clone(), vec!["rule=\"TK-TRAIL-007\",severity=\"Critical\",result=\"Fail\"".to_owned()]].concat();
    wait_value(&world, "trailkeeper_ready", &audit, |value| value == Some(1.0)).await;
    wait_value(&world, "trailkeeper_drifted", &audit, |value| value == Some(0.0)).await;
    wait_value(&world, "trailkeeper_findings", &of_rule, |value| value.is_none()).await;
    world
        .apply(&json!({
            "apiVersion": "trailkeeper.dev/v1alpha1", "kind": "CompliancePolicy", "metadata": { "name": name },
            "spec": {
                "namespaces": { "names": [world.namespace] }, "rules": { "include": ["TK-TRAIL-007"] },
                "parameters": { "homeRegions": ["us-east-1"] }, "severities": { "TK-TRAIL-007": "Critical" },
            },
        }))
        .await;
    wait_value(&world, "trailkeeper_compliant", &audit, |value| value == Some(0.0)).await;
    wait_value(&world, "trailkeeper_findings", &of_rule, |value| value == Some(1.0)).await;

    world.delete("Trail", "audit").await;
    wait_value(&world, "trailkeeper_ready", &audit, |value| value.is_none()).await;
    let metrics = world.stage.metrics().await.unwrap();
    let count = |name: &str, labels: &[&str]| {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        value(&metrics, name, &labels).with_context(|| format!("{name} {labels:?} in\n{metrics}")).unwrap()
    };
    assert!(count("trailkeeper_passes_total", &["kind=\"Trail\"", "result=\"ok\""]) >= 1.0);
    let creations = ["service=\"cloudtrail\",operation=\"CreateTrail\",result=\"ok\""];
    assert!(count("trailkeeper_aws_calls_total", &creations) >= 1.0);
    assert!(metrics.ends_with("# EOF\n"));
}
