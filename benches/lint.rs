//! What `trailkeeper lint` costs on ten thousand manifests: objects a second and peak memory of the process, with findings in
//! every tenth object. Prints figures; asserts that what was to be found was found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/mod.rs"]
mod support;

use std::fmt::Write;
use std::process::Command;
use std::time::Instant;
use support::{Measured, rate, watch};

const OBJECTS: usize = 10_000;

fn main() {
    // `cargo bench` passes --bench; `cargo test --benches` must not measure.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("{:<64} {:>14}", "figure", "measured");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("all.yaml"), manifests()).unwrap();
    let one_file = lint(&[folder.path().join("all.yaml").to_str().unwrap()]);
    tell("lint, 10,000 objects in one file", &one_file);
    let split = tempfile::tempdir().unwrap();
    for (number, document) in manifests().split("---\n").enumerate() {
        std::fs::write(split.path().join(format!("{number:05}.yaml")), document).unwrap();
    }
    let files = lint(&[split.path().to_str().unwrap()]);
    tell("lint, 10,000 files", &files);
    beside_checkov(&files);
}

/// Checkov takes many times as long: a part of the same input, as Terraform, shows its rate.
const FOR_CHECKOV: usize = 500;

/// The rate of Checkov on buckets and trails, if it is there: the program that `CHECKOV` names.
fn beside_checkov(ours: &Measured) {
    let Some(checkov) = std::env::var_os("CHECKOV") else {
        println!("Checkov is not measured: name its program in CHECKOV (tests/compare has it installed)");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for number in 0..FOR_CHECKOV / 2 {
        let text = format!(
            "resource \"aws_s3_bucket\" \"logs_{number}\" {{\n  bucket = \"acme-logs-{number}\"\n  tags = {{ team = \"security\" }}\n}}\n\
             resource \"aws_cloudtrail\" \"audit_{number}\" {{\n  name = \"audit-{number}\"\n  s3_bucket_name = aws_s3_bucket.logs_{number}.id\n  \
             is_multi_region_trail = true\n  enable_log_file_validation = true\n  tags = {{ team = \"security\" }}\n}}\n"
        );
        std::fs::write(folder.path().join(format!("{number:05}.tf")), text).unwrap();
    }
    let started = Instant::now();
    let checks = ["--framework", "terraform", "--compact", "--quiet", "--output", "json"];
    let done = Command::new(checkov).args(checks).arg("--directory").arg(folder.path()).output().unwrap();
    let time = started.elapsed();
    let found: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(found["summary"]["resource_count"], FOR_CHECKOV, "{}", found["summary"]);
    let theirs = rate(FOR_CHECKOV, time);
    println!("{:<64} {:>14}", "Checkov, 500 resources of Terraform: resources/s", format!("{theirs:.0}"));
    println!("{:<64} {:>14}", "ratio", format!("{:.0} x", rate(OBJECTS, ours.time) / theirs));
}

fn tell(name: &str, measured: &Measured) {
    println!("{:<64} {:>14}", format!("{name}: objects/s"), format!("{:.0}", rate(OBJECTS, measured.time)));
    println!("{:<64} {:>14}", format!("{name}: peak memory"), format!("{} MiB", measured.peak / 1024));
}

/// Half archives, half trails; every tenth trail is off.
fn manifests() -> String {
    let mut out =
        String::from("apiVersion: trailkeeper.dev/v1alpha1\nkind: AwsAccount\nmetadata: {name: main}\nspec: {accountId: '111111111111'}\n");
    for number in 0..OBJECTS / 2 {
        let logging = if number % 10 == 0 { "false" } else { "true" };
        let head = "---\napiVersion: trailkeeper.dev/v1alpha1\nkind";
        let _ = write!(
            out,
            "{head}: LogArchive\nmetadata:\n  name: logs-{number}\n  namespace: audit\nspec:\n  accountRef:\n    name: main\n  region: eu-central-1\n  bucketName: acme-logs-{number}\n  tags:\n    team: security\n\
             {head}: Trail\nmetadata:\n  name: audit-{number}\n  namespace: audit\nspec:\n  accountRef:\n    name: main\n  region: eu-central-1\n  archiveRef:\n    name: logs-{number}\n  logging: {logging}\n  tags:\n    team: security\n"
        );
    }
    out
}

/// Runs the program, and watches how large it grows.
fn lint(arguments: &[&str]) -> Measured {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trailkeeper"));
    let (measured, output) = watch(command.args(["lint", "--severity", "critical", "-o", "json"]).args(arguments));
    let found = String::from_utf8(output.stdout).unwrap().matches("\"rule\": \"TK-TRAIL-001\"").count();
    assert_eq!((output.status.code(), found), (Some(2), OBJECTS / 20));
    measured
}
