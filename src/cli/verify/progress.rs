//! What a person at a terminal sees of a long verification: one line, drawn again and again, and gone at the end.

use crate::integrity::reader::Progress;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A verification that takes longer is shown.
const PATIENCE: Duration = Duration::from_secs(2);

const REDRAWN: Duration = Duration::from_millis(500);

/// Rates are of the last so many samples: some ten seconds.
const SAMPLES: usize = 20;

#[derive(Clone, Copy)]
struct Sample {
    at: Duration,
    known: u64,
    read: u64,
    bytes: u64,
}

/// Takes the line away when the work ends, however it ends.
struct Line;

impl Line {
    fn draw(&self, text: &str) {
        // Nobody is told less if the terminal is gone.
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "\r\u{1b}[2K{text}").and_then(|()| stderr.flush());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.draw("");
    }
}

/// Shows the progress until it is dropped.
pub async fn show(progress: &Progress) -> Infallible {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let started = Instant::now();
    let mut samples = VecDeque::new();
    tokio::time::sleep(PATIENCE).await;
    let line = Line;
    loop {
        let of = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let (known, read, bytes) = (of(&progress.known), of(&progress.read), of(&progress.bytes));
        samples.push_back(Sample { at: started.elapsed(), known, read, bytes });
        if samples.len() > SAMPLES {
            samples.pop_front();
        }
        line.draw(&told(&samples));
        tokio::time::sleep(REDRAWN).await;
    }
}

#[allow(clippy::cast_precision_loss, reason = "for people")]
fn told(samples: &VecDeque<Sample>) -> String {
    let Some((now, before)) = samples.back().zip(samples.front()) else { return String::new() };
    if now.known == 0 {
        return format!("  listing ({:.0} s)", now.at.as_secs_f64());
    }
    // The first sample alone is measured from the start.
    let before = if samples.len() == 1 { Sample { at: Duration::ZERO, known: 0, read: 0, bytes: 0 } } else { *before };
    let seconds = (now.at.saturating_sub(before.at)).as_secs_f64().max(0.001);
    let files = now.read.saturating_sub(before.read) as f64 / seconds;
    let megabytes = now.bytes.saturating_sub(before.bytes) as f64 / seconds / 1e6;
    let left = now.known.saturating_sub(now.read) as f64 / files;
    let left = if left.is_finite() { format!(", {} left", duration(left)) } else { String::new() };
    format!("  {} of {} known files, {files:.0} files/s, {megabytes:.1} MB/s{left}", now.read, now.known)
}

fn duration(seconds: f64) -> String {
    match seconds {
        few if few < 90.0 => format!("{few:.0} s"),
        some if some < 5400.0 => format!("{:.0} min", some / 60.0),
        many => format!("{:.1} h", many / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(all: &[(u64, u64, u64, u64)]) -> VecDeque<Sample> {
        all.iter()
            .map(|(at, known, read, bytes)| Sample { at: Duration::from_secs(*at), known: *known, read: *read, bytes: *bytes })
            .collect()
    }

    #[test]
    fn rate_and_time_left_are_of_the_last_samples() {
        assert_eq!(told(&samples(&[(3, 0, 0, 0)])), "  listing (3 s)");
        assert_eq!(told(&samples(&[(2, 1000, 100, 4_000_000)])), "  100 of 1000 known files, 50 files/s, 2.0 MB/s, 18 s left");
        assert_eq!(
            told(&samples(&[(2, 1000, 100, 0), (12, 21_100, 1100, 50_000_000)])),
            "  1100 of 21100 known files, 100 files/s, 5.0 MB/s, 3 min left"
        );
    }

    #[test]
    fn a_stall_has_no_time_left() {
        assert_eq!(told(&samples(&[(2, 9, 5, 7), (8, 9, 5, 7)])), "  5 of 9 known files, 0 files/s, 0.0 MB/s");
    }

    #[test]
    fn hours_are_hours() {
        assert_eq!(duration(9000.0), "2.5 h");
    }
}
