//! What fuzzing found, or began with, holds: `fuzz/corpus` replayed through `fuzz/checks.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../fuzz/checks.rs"]
mod checks;

use trailkeeper::integrity;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut replayed = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        check(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed >= 10, "only {replayed} of {target}");
}

#[test]
fn digests() {
    replay("digest", checks::digest);
}

#[test]
fn contents() {
    replay("content", checks::content);
}
