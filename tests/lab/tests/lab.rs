//! The lab itself: it starts real parts, answers, and leaves nothing behind however it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::cell::RefCell;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{anyhow, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use trailkeeper_lab::process::{Process, clean_command};
use trailkeeper_lab::stage::Stage;
use trailkeeper_lab::{Lab, LabInfo, Port, target_binary, tools, wait_for};

const SOON: Duration = Duration::from_secs(30);

fn shared() -> &'static Lab {
    Lab::shared().unwrap()
}

fn kubectl(arguments: &[&str]) -> String {
    shared().kubectl(arguments, None).unwrap().success().unwrap()
}

#[test]
fn the_api_server_is_ready_and_reports_its_real_version() {
    assert_eq!(kubectl(&["get", "--raw", "/readyz"]), "ok");
    let versions: serde_json::Value = serde_json::from_str(&kubectl(&["version", "--output=json"])).unwrap();
    assert_eq!(versions["serverVersion"]["gitVersion"], versions["clientVersion"]["gitVersion"]);
    assert_eq!(versions["serverVersion"]["minor"], "36");
}

#[tokio::test]
async fn a_namespace_gets_its_default_service_account() {
    let manifest = r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "made-here"}}"#;
    shared().kubectl(&["create", "--filename=-"], Some(manifest)).unwrap().success().unwrap();
    wait_for("the default service account", SOON, async || {
        shared().kubectl(&["get", "serviceaccount/default", "--namespace=made-here"], None)?.success()
    })
    .await
    .unwrap();
}

#[test]
fn a_service_account_has_only_its_own_rights() {
    kubectl(&["create", "serviceaccount", "powerless"]);
    let kubeconfig = shared().service_account_kubeconfig("default", "powerless").unwrap();
    let flag = format!("--kubeconfig={}", kubeconfig.display());
    let whoami = kubectl(&[&flag, "auth", "whoami", "--output=jsonpath={.status.userInfo.username}"]);
    assert_eq!(whoami, "system:serviceaccount:default:powerless");
    let refused = shared().kubectl(&[&flag, "get", "secrets"], None).unwrap();
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("forbidden"), "{}", refused.stderr);
    assert!(refused.success().unwrap_err().to_string().contains("forbidden"));
}

#[test]
fn helm_talks_to_the_same_cluster() {
    let releases = shared().helm(&["list", "--all-namespaces", "--output=json"]).unwrap().success().unwrap();
    assert_eq!(releases.trim(), "[]");
}

#[tokio::test]
async fn the_simulated_aws_and_moto_answer() {
    let http = reqwest::Client::builder().no_proxy().timeout(SOON).build().unwrap();
    for url in [shared().info().moto_url.clone().unwrap(), shared().sim_endpoint().unwrap().to_owned()] {
        let request = http
            .post(&url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", AUTHORIZATION)
            .header("x-amz-date", "20260101T000000Z")
            .body("Action=GetCallerIdentity&Version=2011-06-15");
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success() && text.contains("<Account>"), "{url} answered {status}: {text}");
    }
}

const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/sts/aws4_request, \
    SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000";

#[test]
fn programs_get_a_clean_environment_and_a_log() {
    let mut env = shared().spawn("env", Path::new("/usr/bin/env"), &[], &[("GIVEN", "yes")]).unwrap();
    assert!(env.wait(SOON).unwrap().success());
    let log = env.log().unwrap();
    let mut names: Vec<_> = log.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["GIVEN", "HOME", "LANG", "PATH"]);
}

#[test]
fn a_process_is_waited_for_with_a_bound_and_can_be_killed() {
    let mut sleeper = shared().spawn("sleep", Path::new("/bin/sleep"), &["600"], &[]).unwrap();
    let error = sleeper.wait(Duration::from_millis(50)).unwrap_err().to_string();
    assert!(error.contains("sleep still runs after 50ms"), "{error}");
    assert!(!sleeper.kill().unwrap().success());
    let mut sleeper = shared().spawn("sleep", Path::new("/bin/sleep"), &["600"], &[]).unwrap();
    sleeper.terminate().unwrap();
    assert!(!sleeper.wait(SOON).unwrap().success());
}

#[tokio::test]
async fn closing_stdin_ends_every_process_and_removes_the_state() {
    let lab = Lab::start_with(&["--no-aws"]).unwrap();
    let sleeper = lab.spawn("sleep", Path::new("/bin/sleep"), &["600"], &[]).unwrap();
    let info = lab.info().clone();
    assert_eq!(info.pids.len(), 3);
    assert!(info.pids.values().all(|pid| alive(*pid)));
    assert!(alive(sleeper.pid()));
    drop(lab);
    assert_gone(&info);
    assert!(!alive(sleeper.pid()), "a spawned process outlived the lab");
}

#[tokio::test]
async fn sigterm_ends_every_process_too() {
    let (mut lab, info) = lab_up(&["--no-aws"]);
    kill(Pid::from_raw(lab.id().cast_signed()), Signal::SIGTERM).unwrap();
    wait_for("the lab to end", SOON, async || lab.try_wait()?.ok_or_else(|| anyhow!("it runs"))).await.unwrap();
    assert_gone(&info);
}

#[tokio::test]
async fn a_killed_owner_leaves_nothing_behind() {
    // The owner is a shell that holds the lab's stdin; killing it closes the pipe, as with a killed test process.
    let ids = tempfile::tempdir().unwrap();
    let said = ids.path().join("said");
    let script = format!("sleep 600 | {} up --no-aws > {}", target_binary("lab").unwrap().display(), said.display());
    let mut shell = Command::new("/bin/bash");
    shell.args(["-c", &script]);
    let mut owner = Process::start("owner", shell, &ids.path().join("log")).unwrap();
    let info: LabInfo =
        wait_for("the lab", Duration::from_secs(120), async || Ok(serde_json::from_str(&std::fs::read_to_string(&said)?)?)).await.unwrap();
    let sleeper = child_of(owner.pid(), "sleep");
    owner.kill().unwrap();
    kill(Pid::from_raw(sleeper), Signal::SIGKILL).unwrap();
    wait_for("the lab's processes to end", SOON, async || {
        let left: Vec<_> = info.pids.iter().filter(|(_, pid)| alive(**pid)).collect();
        ensure!(left.is_empty() && !info.state_dir.exists(), "{left:?} still run");
        Ok(())
    })
    .await
    .unwrap();
}

#[test]
fn a_child_that_dies_at_start_is_told_with_its_last_words() {
    let fake = tempfile::tempdir().unwrap();
    let real = tools().unwrap();
    symlink(real.join("venv"), fake.path().join("venv")).unwrap();
    std::fs::create_dir(fake.path().join("bin")).unwrap();
    for tool in std::fs::read_dir(real.join("bin")).unwrap() {
        let tool = tool.unwrap();
        symlink(tool.path(), fake.path().join("bin").join(tool.file_name())).unwrap();
    }
    let apiserver = fake.path().join("bin/kube-apiserver");
    std::fs::remove_file(&apiserver).unwrap();
    std::fs::write(&apiserver, "#!/bin/sh\necho no flag today\nexit 3\n").unwrap();
    std::fs::set_permissions(&apiserver, std::fs::Permissions::from_mode(0o755)).unwrap();

    let mut command = clean_command(&target_binary("lab").unwrap(), fake.path());
    let output = command
        .args(["up", "--no-aws"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("TRAILKEEPER_TOOLS", fake.path())
        .spawn()
        .unwrap();
    let (code, stdout, stderr) = finish(output);
    assert_eq!(code, Some(1));
    assert_eq!(stdout, "");
    assert!(stderr.contains("kube-apiserver ended by itself (exit status: 3)"), "{stderr}");
    assert!(stderr.contains("no flag today"), "{stderr}");
}

#[test]
fn missing_tools_name_the_command_that_gets_them() {
    let mut command = clean_command(&target_binary("lab").unwrap(), Path::new("/"));
    let output = command.arg("up").env("TRAILKEEPER_CACHE", "/nonexistent").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("make tools") && stderr.contains("bin/etcd"), "{stderr}");
}

#[test]
fn a_reserved_port_is_not_given_twice() {
    let ports: Vec<_> = (0..50).map(|_| Port::reserve().unwrap()).collect();
    let mut numbers: Vec<_> = ports.iter().map(Port::number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 50);
}

#[tokio::test]
async fn a_child_that_lost_its_port_to_another_program_gets_a_new_one() {
    let state = tempfile::tempdir().unwrap();
    std::fs::create_dir(state.path().join("log")).unwrap();
    let mut stage = Stage::new(Path::new("/nonexistent"), state.path());
    let tried = RefCell::new(Vec::new());
    let command = |stage: &Stage, port| {
        tried.borrow_mut().push(port);
        let script = if tried.borrow().len() < 3 { "echo bind: Address already in use; exit 1" } else { "exec sleep 600" };
        let mut shell = stage.command(Path::new("/bin/sh"));
        shell.args(["-c", script]);
        shell
    };
    let ready = async |_| {
        ensure!(tried.borrow().len() == 3, "not the third try");
        Ok(())
    };
    let port = stage.start_on_port("listener", SOON, command, ready).await.unwrap();
    assert_eq!(tried.borrow().len(), 3);
    assert_eq!(tried.borrow().last(), Some(&port));
    assert_eq!(stage.pids().len(), 1);
    stage.stop().unwrap();
}

#[tokio::test]
async fn waiting_ends_with_the_last_thing_seen() {
    let mut count = 0;
    let error = wait_for::<()>("three", Duration::from_millis(200), async || {
        count += 1;
        Err(anyhow!("saw {count}"))
    })
    .await
    .unwrap_err()
    .to_string();
    assert!(error.starts_with("waited 200ms for three; last seen: saw ") && count > 1, "{error}");
}

#[tokio::test]
async fn waiting_is_bounded_when_an_attempt_hangs() {
    let hang = async || std::future::pending::<anyhow::Result<()>>().await;
    let error = wait_for("nothing", Duration::from_millis(100), hang).await.unwrap_err().to_string();
    assert!(error.contains("the first attempt did not end in time"), "{error}");
}

fn lab_up(arguments: &[&str]) -> (Child, LabInfo) {
    let mut lab =
        Command::new(target_binary("lab").unwrap()).arg("up").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(lab.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (lab, serde_json::from_str(&line).unwrap())
}

/// Keeps stdin open until the child has ended by itself.
fn finish(mut child: Child) -> (Option<i32>, String, String) {
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn assert_gone(info: &LabInfo) {
    let left: Vec<_> = info.pids.iter().filter(|(_, pid)| alive(**pid)).collect();
    assert!(left.is_empty(), "{left:?} outlived the lab");
    assert!(!info.state_dir.exists(), "{} was left", info.state_dir.display());
}

/// A zombie has ended; only its parent has not asked yet.
fn alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, fields)| !fields.trim_start().starts_with('Z'))
}

fn child_of(parent: u32, name: &str) -> i32 {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let mut pids = children.split_whitespace();
    let is_named = |pid: &&str| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
    pids.find(is_named).expect("no such child").parse().unwrap()
}
