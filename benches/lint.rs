//! What `trailkeeper lint` costs on ten thousand manifests: objects a second and peak memory of the process, with findings in
//! every tenth object. Prints figures; asserts that what was to be found was found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
    tell("lint, 10,000 files", &lint(&[split.path().to_str().unwrap()]));
}

struct Measured {
    time: Duration,
    /// KiB.
    peak: u64,
}

fn tell(name: &str, measured: &Measured) {
    let rate = u32::try_from(OBJECTS).map_or(0.0, f64::from) / measured.time.as_secs_f64();
    println!("{:<64} {:>14}", format!("{name}: objects/s"), format!("{rate:.0}"));
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
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_trailkeeper"))
        .args(["lint", "--severity", "critical", "-o", "json"])
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answer = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut answer, &mut text).unwrap();
        text
    });
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let exit = loop {
        let grown = std::fs::read_to_string(&status).unwrap_or_default();
        let line = grown.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = peak.max(line.unwrap_or(0));
        if let Some(exit) = child.try_wait().unwrap() {
            break exit;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let time = started.elapsed();
    let found = reader.join().unwrap().matches("\"rule\": \"TK-TRAIL-001\"").count();
    assert_eq!((exit.code(), found), (Some(2), OBJECTS / 20));
    Measured { time, peak }
}
