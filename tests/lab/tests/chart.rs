//! The chart, with the real helm on a real API server: it renders, is accepted as it stands, grants what it says and
//! no more, and the operator starts with its arguments and rights. That it can do all its work with them is shown by
//! the operator's own tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;
use trailkeeper_lab::{Lab, Port, wait_for};

const SOON: Duration = Duration::from_secs(30);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn chart() -> String {
    repository().join("charts/trailkeeper").to_str().unwrap().to_owned()
}

fn lab() -> &'static Lab {
    Lab::shared_with(&["--no-aws"]).unwrap()
}

fn helm(arguments: &[&str]) -> String {
    lab().helm(arguments).unwrap().success().unwrap()
}

fn kubectl(arguments: &[&str]) -> String {
    lab().kubectl(arguments, None).unwrap().success().unwrap()
}

#[test]
fn the_chart_passes_lint() {
    helm(&["lint", "--strict", &chart()]);
}

/// Every optional value set at once.
const ALL_VALUES: &str = r#"{
    "image": {"repository": "example.com/trailkeeper", "tag": "1.2.3", "pullPolicy": "Always"},
    "imagePullSecrets": [{"name": "pull"}],
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/trailkeeper"}},
    "credentialSecrets": [{"names": ["one", "two"]}, {"namespace": "full-other"}],
    "env": [{"name": "AWS_REGION", "value": "eu-central-1"}],
    "podAnnotations": {"a": "b"}, "podLabels": {"c": "d"}, "priorityClassName": "system-cluster-critical",
    "nodeSelector": {"kubernetes.io/os": "linux"}, "tolerations": [{"operator": "Exists"}],
    "verify": {"enabled": true, "shards": 4, "parallelism": 2, "args": ["--bucket=acme-logs", "--expired-after=400"], "claim": "results",
        "schedule": "30 2 * * *", "env": [{"name": "AWS_REGION", "value": "eu-central-1"}],
        "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/verify"}}},
    "affinity": {"nodeAffinity": {}}, "fullnameOverride": "full-keeper"
}"#;

#[test]
fn the_api_server_accepts_every_object_strictly() {
    for namespace in ["full", "full-other"] {
        kubectl(&["create", "namespace", namespace]);
    }
    let dir = tempfile::tempdir().unwrap();
    let values = dir.path().join("values.json");
    std::fs::write(&values, ALL_VALUES).unwrap();
    let flag = format!("--values={}", values.display());
    for extra in [None, Some(flag.as_str())] {
        let arguments = ["template", "full", &chart(), "--namespace=full"];
        let manifests = helm(&[&arguments[..], extra.as_slice()].concat());
        let create = ["create", "--dry-run=server", "--validate=strict", "--output=name", "--filename=-"];
        let created = lab().kubectl(&create, Some(&manifests)).unwrap().success().unwrap();
        assert!(created.contains("deployment.apps/full-"), "{created}");
        assert_eq!(created.contains("cronjob.batch/full-keeper-verify"), extra.is_some(), "{created}");
        assert_eq!(created.lines().count(), manifests.matches("\nkind: ").count(), "{created}");
    }
}

#[test]
fn wrong_values_are_refused_by_name() {
    for (value, complaint) in [
        ("instanc=x", "additional properties 'instanc' not allowed"),
        ("instance=not/allowed", "/instance"),
        ("image.digest=latest", "/image/digest"),
        ("credentialSecrets[0].namespace=a,credentialSecrets[1].namespace=a", "must be unique|items at 0 and 1 are equal"),
        (
            "credentialSecrets[0].namespace=a,credentialSecrets[1].namespace=a,credentialSecrets[1].names={x}",
            "credentialSecrets names the namespace a twice",
        ),
        ("verify.shards=0", "/verify/shards"),
        ("verify.enabled=true", "verify.args must say what to verify"),
    ] {
        let refused = lab().helm(&["template", "t", &chart(), "--set", value]).unwrap();
        assert_ne!(refused.code, Some(0), "{value} was accepted");
        assert!(complaint.split('|').any(|part| refused.stderr.contains(part)), "{value}: {}", refused.stderr);
    }
}

#[tokio::test]
async fn verification_is_divided_among_shards_by_the_arguments_of_the_chart() {
    let dir = tempfile::tempdir().unwrap();
    let values = dir.path().join("values.json");
    std::fs::write(&values, ALL_VALUES).unwrap();
    let manifests = helm(&["template", "full", &chart(), &format!("--values={}", values.display())]);
    let rendered = objects(&manifests);
    let of = |kind: &str, name: &str| {
        let named = |item: &&serde_json::Value| item["kind"] == kind && item["metadata"]["name"] == name;
        rendered.iter().find(named).unwrap_or_else(|| panic!("no {kind} {name}")).clone()
    };
    let job = &of("CronJob", "full-keeper-verify")["spec"]["jobTemplate"]["spec"];
    assert_eq!((&job["completions"], &job["parallelism"], &job["completionMode"]), (&4.into(), &2.into(), &"Indexed".into()));
    let pod = &job["template"]["spec"];
    let args: Vec<&str> = pod["containers"][0]["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    let wanted = ["verify", "--shards=4", "--output=json", "--save=/results/$(JOB)", "--bucket=acme-logs", "--expired-after=400"];
    assert_eq!(args, wanted);
    assert_eq!(pod["volumes"][0]["persistentVolumeClaim"]["claimName"], "results");
    let account = of("ServiceAccount", pod["serviceAccountName"].as_str().unwrap());
    assert_ne!(account["metadata"]["name"], of("Deployment", "full-keeper")["spec"]["template"]["spec"]["serviceAccountName"]);

    // The program takes them, and its number from what Kubernetes sets.
    let mut verify = lab().trailkeeper(&args, &[("JOB_COMPLETION_INDEX", "4")]).unwrap();
    wait_for("verify to end", SOON, async || {
        ensure!(verify.exit_status()?.is_some(), "it runs");
        Ok(())
    })
    .await
    .unwrap();
    assert!(verify.last_lines().contains("no number less than --shards 4"), "{}", verify.last_lines());
}

/// What helm rendered, as values.
fn objects(manifests: &str) -> Vec<serde_json::Value> {
    let answer = lab().kubectl(&["create", "--dry-run=client", "--output=json", "--filename=-"], Some(manifests)).unwrap();
    let text = answer.success().unwrap();
    serde_json::Deserializer::from_str(&text).into_iter().map(|object| object.unwrap()).collect()
}

#[test]
fn an_installed_release_grants_what_it_says_and_no_more() {
    helm(&["install", "tk", &chart(), "--namespace=granted", "--create-namespace"]);
    kubectl(&["create", "namespace", "elsewhere"]);
    for (namespace, verb, resource) in [
        ("granted", "get", "secrets"),
        ("granted", "patch", "configmaps"),
        ("elsewhere", "watch", "trails.trailkeeper.dev"),
        ("elsewhere", "patch", "logarchives.trailkeeper.dev"),
        ("elsewhere", "patch", "trails.trailkeeper.dev/status"),
        ("elsewhere", "create", "events.events.k8s.io"),
        ("elsewhere", "list", "namespaces"),
    ] {
        assert!(may("granted", "tk-trailkeeper", namespace, verb, resource), "may not {verb} {resource} in {namespace}");
    }
    for (namespace, verb, resource) in [
        ("granted", "list", "secrets"),
        ("granted", "create", "secrets"),
        ("granted", "create", "pods"),
        ("granted", "list", "configmaps"),
        ("elsewhere", "get", "configmaps"),
        ("granted", "get", "leases.coordination.k8s.io"),
        ("elsewhere", "get", "secrets"),
        ("elsewhere", "update", "trails.trailkeeper.dev/status"),
        ("elsewhere", "patch", "events.events.k8s.io"),
        ("elsewhere", "update", "trails.trailkeeper.dev"),
        ("elsewhere", "delete", "trails.trailkeeper.dev"),
        ("elsewhere", "create", "logarchives.trailkeeper.dev"),
        ("elsewhere", "patch", "namespaces"),
    ] {
        assert!(!may("granted", "tk-trailkeeper", namespace, verb, resource), "may {verb} {resource} in {namespace}");
    }
    helm(&["uninstall", "tk", "--namespace=granted"]);
    assert!(!may("granted", "tk-trailkeeper", "elsewhere", "watch", "trails.trailkeeper.dev"));
}

#[test]
fn named_secrets_are_the_only_ones_granted() {
    let names = "credentialSecrets[0].names={given}";
    helm(&["install", "named", &chart(), "--namespace=named", "--create-namespace", "--skip-crds", "--set", names]);
    assert!(may("named", "named-trailkeeper", "named", "get", "secrets/given"));
    assert!(!may("named", "named-trailkeeper", "named", "get", "secrets/other"));
}

#[tokio::test]
async fn the_operator_gets_ready_with_the_arguments_and_rights_of_the_chart() {
    helm(&["install", "run", &chart(), "--namespace=running", "--create-namespace", "--skip-crds"]);
    install_crds();
    let container = "--output=jsonpath={.spec.template.spec.containers[0].args}";
    let args = kubectl(&["get", "deployment/run-trailkeeper", "--namespace=running", container]);
    let args: Vec<String> = serde_json::from_str(&args).unwrap();
    let port = Port::reserve().unwrap();
    let address = format!("127.0.0.1:{}", port.number());
    let args: Vec<_> = args.iter().map(|arg| arg.replace("0.0.0.0:8080", &address)).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    assert!(args.iter().any(|arg| arg.ends_with(&address)), "{args:?} name no admin address");

    let kubeconfig = lab().service_account_kubeconfig("running", "run-trailkeeper").unwrap();
    let env = [("KUBECONFIG", kubeconfig.to_str().unwrap())];
    let mut operator = lab().trailkeeper(&args, &env).unwrap();
    let http = reqwest::Client::builder().no_proxy().timeout(SOON).build().unwrap();
    for path in ["livez", "readyz"] {
        wait_for(path, SOON, async || {
            ensure!(operator.exit_status()?.is_none(), "it ended: {}", operator.last_lines());
            http.get(format!("http://{address}/{path}")).send().await?.error_for_status()?;
            Ok(())
        })
        .await
        .unwrap();
    }
    assert!(!operator.log().unwrap().contains("forbidden"), "{}", operator.last_lines());
    assert!(operator.stop(SOON).unwrap().success(), "{}", operator.last_lines());
}

/// Another test's release may bring them at the same time, which server-side apply does not mind.
fn install_crds() {
    let crds = format!("--filename={}/crds", chart());
    kubectl(&["apply", "--server-side", "--force-conflicts", &crds]);
    kubectl(&["wait", "--for=condition=Established", "--timeout=30s", &crds]);
}

/// Asks the API server's own authorizer.
fn may(home: &str, account: &str, namespace: &str, verb: &str, resource: &str) -> bool {
    let (resource, subresource) = match resource.split_once('/') {
        Some((resource, "status")) => (resource, Some("--subresource=status")),
        _ => (resource, None),
    };
    let account = format!("--as=system:serviceaccount:{home}:{account}");
    let namespace = format!("--namespace={namespace}");
    let question = ["auth", "can-i", verb, resource, &account, &namespace];
    let answer = lab().kubectl(&[&question[..], subresource.as_slice()].concat(), None).unwrap();
    match answer.stdout.trim() {
        "yes" => true,
        "no" => false,
        _ => panic!("no answer to {question:?}: {answer:?}"),
    }
}

#[test]
fn the_chart_carries_the_generated_definitions() {
    let files = |dir: &str| -> Vec<(String, String)> {
        let mut files: Vec<_> = std::fs::read_dir(repository().join(dir))
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
            .collect();
        files.sort();
        files
    };
    let generated = files("crds");
    assert!(!generated.is_empty());
    assert!(generated == files("charts/trailkeeper/crds"), "the chart's definitions are stale: run `make generate`");
}

#[test]
fn the_readme_lists_exactly_the_values_of_the_schema() {
    let text = std::fs::read_to_string(Path::new(&chart()).join("values.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut expected = BTreeSet::new();
    leaves("", &schema, &mut expected);
    expected.remove("global");

    let readme = std::fs::read_to_string(Path::new(&chart()).join("README.md")).unwrap();
    let (_, values) = readme.split_once("## Values").unwrap();
    let (values, _) = values.split_once("## ").unwrap();
    let rows = values.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let listed: BTreeSet<_> = rows.map(|(name, _)| name.to_owned()).collect();
    assert_eq!(listed, expected);
}

fn leaves(path: &str, schema: &serde_json::Value, found: &mut BTreeSet<String>) {
    let Some(properties) = schema.get("properties").and_then(serde_json::Value::as_object) else {
        found.insert(path.to_owned());
        return;
    };
    for (name, inner) in properties {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        leaves(&path, inner, found);
    }
}
