//! What `trailkeeper admission-policy` prints is taken by a real API server, which then refuses what the rules fail.

use crate::support::World;
use crate::support::manifests::with;
use anyhow::ensure;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;
use trailkeeper_lab::wait_for;

/// The objects, for a policy that selects the namespace of this world.
fn printed(world: &World, action: &str) -> String {
    let policy = json!({
        "apiVersion": "trailkeeper.dev/v1alpha1", "kind": "CompliancePolicy", "metadata": {"name": world.namespace},
        "spec": {
            "namespaces": {"names": [world.namespace]},
            "exemptions": [{
                "rule": "TK-TRAIL-001", "object": format!("{}/exempt", world.namespace),
                "reason": "being moved", "approver": "me", "expires": "2999-01-01T00:00:00Z",
            }],
        },
    });
    let mut file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    file.write_all(policy.to_string().as_bytes()).unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_trailkeeper"))
        .args(["admission-policy", "--action", action, "--policy"])
        .arg(file.path())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(made.status.success());
    String::from_utf8(made.stdout).unwrap()
}

async fn answer(world: &World, manifest: &Value) -> Result<(), String> {
    let (kind, name) = (manifest["kind"].as_str().unwrap(), manifest["metadata"]["name"].as_str().unwrap());
    let params = PatchParams { dry_run: true, ..PatchParams::apply("test").force() };
    match world.api(kind).patch(name, &params, &Patch::Apply(manifest)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(refusal)) => Err(refusal.message),
        Err(error) => panic!("{manifest}: {error}"),
    }
}

#[tokio::test]
async fn the_api_server_refuses_what_the_rules_fail() {
    let world = World::new("admission").await;
    // Who was there before, and off, can still be labelled and let go.
    let mut before = with(world.trail_manifest("before", "logs"), json!({"logging": false, "tags": {"team": "x"}, "suspend": true}));
    world.apply(&before).await;
    let objects = printed(&world, "Deny");
    world.stage.lab.kubectl(&["apply", "-f", "-"], Some(&objects)).unwrap().success().unwrap();

    let tagged = |name: &str, spec: Value| with(with(world.trail_manifest(name, "logs"), json!({"tags": {"team": "x"}})), spec);
    let off = tagged("audit", json!({"logging": false}));
    // The API server takes a moment to follow its own policies.
    let told = wait_for("the policy to be in force", Duration::from_secs(240), async || match answer(&world, &off).await {
        Err(told) => Ok(told),
        Ok(()) => {
            ensure!(false, "a trail with logging off is still taken");
            Ok(String::new())
        }
    })
    .await
    .unwrap();
    assert!(told.contains("TK-TRAIL-001 Logging is on: Turn logging on. See `trailkeeper explain TK-TRAIL-001`"), "{told}");
    assert_eq!(answer(&world, &tagged("audit", json!({}))).await, Ok(()));
    assert_eq!(answer(&world, &tagged("exempt", json!({"logging": false}))).await, Ok(()));

    before["metadata"]["labels"] = json!({"seen": "yes"});
    assert_eq!(answer(&world, &before).await, Ok(()));
    let worse = with(before, json!({"logFileValidation": false}));
    assert!(answer(&world, &worse).await.is_err_and(|told| told.contains("TK-TRAIL-")), "a change of the spec is judged");
    world.stage.lab.kubectl(&["delete", "--wait=false", "-f", "-"], Some(&objects)).unwrap().success().unwrap();
}

#[tokio::test]
async fn every_action_is_taken() {
    let world = World::new("admission").await;
    for action in ["Warn", "Audit"] {
        let objects = printed(&world, action);
        world.stage.lab.kubectl(&["apply", "--dry-run=server", "-f", "-"], Some(&objects)).unwrap().success().unwrap();
    }
}
