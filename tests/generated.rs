//! The CRDs in the repository are those of the types, and the pages of the rules those of the catalogue.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_crds_are_up_to_date() {
    let fresh = tempfile::tempdir().unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_trailkeeper")).args(["crds", "--dir"]).arg(fresh.path()).env_clear().status().unwrap();
    assert!(made.success());
    let wanted = names(fresh.path());
    assert_eq!(wanted.len(), 5, "{wanted:?}");
    for folder in ["crds", "charts/trailkeeper/crds"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        assert_eq!(names(&folder), wanted, "{} is stale: run `make generate`", folder.display());
        for name in &wanted {
            let same = fs::read_to_string(folder.join(name)).unwrap() == fs::read_to_string(fresh.path().join(name)).unwrap();
            assert!(same, "{} is stale: run `make generate`", folder.join(name).display());
        }
    }
}

#[test]
fn the_pages_of_the_rules_are_up_to_date() {
    let fresh = tempfile::tempdir().unwrap();
    // A page that is no longer made goes.
    fs::write(fresh.path().join("gone.md"), "old").unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_trailkeeper")).args(["rule-docs", "--dir"]).arg(fresh.path()).env_clear().status().unwrap();
    assert!(made.success());
    let wanted = names(fresh.path());
    assert!(wanted.contains(&"trail.md".to_owned()) && !wanted.contains(&"gone.md".to_owned()), "{wanted:?}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    assert_eq!(names(&folder), wanted, "docs/rules is stale: run `make generate`");
    for name in &wanted {
        let same = fs::read_to_string(folder.join(name)).unwrap() == fs::read_to_string(fresh.path().join(name)).unwrap();
        assert!(same, "docs/rules/{name} is stale: run `make generate`");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
