//! The program itself: starts its own moto, says where it is, forgets on request, ends on SIGTERM.

use crate::lab::{HOME, key};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use trailkeeper_sim::control::Client as Control;
use trailkeeper_sim::moto::tools_dir;
use trailkeeper_sim::organizations::Organization;

const LIMIT: Duration = Duration::from_secs(60);

async fn start() -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_trailkeeper-sim"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TRAILKEEPER_TOOLS", tools_dir().unwrap())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    (child, ready["endpoint"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn it_starts_forgets_and_ends() {
    let (mut child, endpoint) = start().await;
    let control = Control::new(&endpoint).unwrap();
    let organization: Organization = serde_json::from_str(r#"{"id": "o-1234567890", "management_account": "111111111111"}"#).unwrap();
    control.set_organizations(&[organization]).await.unwrap();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(aws_sdk_s3::config::Region::new(HOME))
        .endpoint_url(&endpoint)
        .credentials_provider(key("111111111111"))
        .build();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    crate::lab::create_bucket(&s3, "kept-no-longer", HOME).await;
    assert_eq!(s3.list_buckets().send().await.unwrap().buckets().len(), 1);

    control.reset().await.unwrap();
    assert_eq!(s3.list_buckets().send().await.unwrap().buckets().len(), 0, "moto forgets too");
    assert_eq!(control.organizations().await.unwrap(), []);
    crate::lab::create_bucket(&s3, "kept-no-longer", HOME).await;

    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    let status = tokio::time::timeout(LIMIT, child.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
}
