//! What `trailkeeper verify` costs on an archive of one account and Region: files and bytes a second, and peak memory; beside
//! `aws cloudtrail validate-logs` on a part of the same files, and beside the bare gunzip and SHA-256 of the same bytes.
//! Prints figures; asserts that everything was verified.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod archive;
mod s3;
#[path = "../support/mod.rs"]
mod support;

use archive::{Archive, BUCKET, REGION};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{Measured, rate, watch};

/// Of a Region-year (8,760 digests, about 105,000 log files) as much as a machine bears.
const DIGESTS: usize = 2_000;
const LOGS_PER_DIGEST: usize = 10;

/// What a GET of S3 takes, near enough.
const LATENCY: Duration = Duration::from_millis(20);

/// The official tool reads one file after another: a part of the archive shows its rate.
const OFFICIAL_DIGESTS: usize = 100;

#[tokio::main]
async fn main() {
    // `cargo bench` passes --bench; `cargo test --benches` must not measure.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::write(folder.path(), DIGESTS, LOGS_PER_DIGEST).await;
    println!("{:<64} {:>14}", "figure", "measured");
    tell("archive", format!("{} files, {:.0} MB", archive.files, megabytes(archive.bytes)));

    let slow = s3::serve(&archive, LATENCY).await;
    let ours = verify(&archive, &["--bucket", BUCKET], Some(&slow));
    tell_rates("verify, S3 that takes 20 ms", &archive, &ours);
    let official = validate_logs(&archive, &slow);
    let files = OFFICIAL_DIGESTS * (1 + LOGS_PER_DIGEST);
    tell("aws cloudtrail validate-logs, the same S3: files/s", format!("{:.0}", rate(files, official.time)));
    tell("ratio of files/s", format!("{:.1} x", rate(archive.files, ours.time) / rate(files, official.time)));

    let bare = hash_all(&archive.root, std::thread::available_parallelism().unwrap().get());
    let keys = archive.keys_file.to_str().unwrap();
    let copy = verify(&archive, &["--dir", archive.root.to_str().unwrap(), "--bucket", BUCKET, "--keys", keys], None);
    tell_rates("verify, a copy on the disk", &archive, &copy);
    tell("bare gunzip and SHA-256 on all cores: MB/s", format!("{:.0}", megabytes(archive.bytes) / bare.as_secs_f64()));
    tell("share of what the cores can hash", format!("{:.0} %", 100.0 * bare.as_secs_f64() / copy.time.as_secs_f64()));
}

fn tell(name: &str, value: String) {
    println!("{name:<64} {value:>14}");
}

fn tell_rates(name: &str, archive: &Archive, measured: &Measured) {
    tell(&format!("{name}: files/s"), format!("{:.0}", rate(archive.files, measured.time)));
    tell(&format!("{name}: MB/s as stored"), format!("{:.0}", megabytes(archive.bytes) / measured.time.as_secs_f64()));
    tell(&format!("{name}: peak memory"), format!("{} MiB", measured.peak / 1024));
}

fn megabytes(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes / 1000).unwrap()) / 1000.0
}

/// Runs `trailkeeper verify`, which must find everything intact.
fn verify(archive: &Archive, source: &[&str], endpoint: Option<&str>) -> Measured {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trailkeeper"));
    command.arg("verify").args(source).args(["--until", &archive.end.to_string(), "--output", "json"]);
    if let Some(endpoint) = endpoint {
        command.envs(environment(endpoint));
    }
    let (measured, output) = watch(&mut command);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}\n{answer:#}");
    let intact = |sort: &str| answer["counts"][sort]["intact"].as_u64().unwrap();
    assert_eq!((intact("digests"), intact("logs")), (DIGESTS as u64, (DIGESTS * LOGS_PER_DIGEST) as u64));
    measured
}

/// Runs the official tool on the first digests.
fn validate_logs(archive: &Archive, endpoint: &str) -> Measured {
    let tools = Command::new("tests/tools/build.sh").stderr(Stdio::inherit()).output().unwrap();
    let tools = PathBuf::from(String::from_utf8(tools.stdout).unwrap().trim());
    let hours = jiff::SignedDuration::from_hours(i64::try_from(OFFICIAL_DIGESTS).unwrap() - 1);
    // It adds an hour to the end itself.
    let (start, end) = (archive.begin.to_string(), (archive.begin + hours).to_string());
    let arn = format!("arn:aws:cloudtrail:{REGION}:{}:trail/{}", archive::ACCOUNT, archive::TRAIL);
    let mut command = Command::new(tools.join("venv/bin/aws"));
    command.args(["cloudtrail", "validate-logs", "--trail-arn", &arn, "--start-time", &start, "--end-time", &end, "--s3-bucket", BUCKET]);
    let (measured, output) = watch(command.envs(environment(endpoint)));
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(told.contains(&format!("{OFFICIAL_DIGESTS}/{OFFICIAL_DIGESTS} digest files valid")), "{told}");
    measured
}

fn environment(endpoint: &str) -> [(&'static str, String); 6] {
    [
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", archive::ACCOUNT.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "any".to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
    ]
}

/// Gunzips and hashes every object below a folder on so many threads, and nothing else.
fn hash_all(root: &Path, threads: usize) -> Duration {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "gz") {
                files.push(path);
            }
        }
    }
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut hash = Sha256::new();
                    std::io::copy(&mut GzDecoder::new(std::fs::File::open(path).unwrap()), &mut hash).unwrap();
                    std::hint::black_box(hash.finalize());
                }
            });
        }
    });
    started.elapsed()
}
