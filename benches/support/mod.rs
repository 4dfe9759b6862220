//! What benches measure of a program: how long it runs, and how large it grows.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

pub struct Measured {
    pub time: Duration,
    /// KiB.
    pub peak: u64,
}

/// Runs a program, and watches how large it grows.
pub fn watch(command: &mut Command) -> (Measured, Output) {
    let started = Instant::now();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let done = std::thread::spawn(move || (child.wait_with_output().unwrap(), Instant::now()));
    let mut peak = 0;
    while !done.is_finished() {
        let grown = std::fs::read_to_string(&status).unwrap_or_default();
        let line = grown.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = peak.max(line.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    let (output, ended) = done.join().unwrap();
    (Measured { time: ended - started, peak }, output)
}

/// How many a second.
pub fn rate(count: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / time.as_secs_f64()
}
