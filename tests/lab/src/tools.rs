//! Finds programs: the tools that `make tools` builds, and the binaries of this workspace. Builds nothing itself.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

const NEEDED: [&str; 7] =
    ["bin/etcd", "bin/kube-apiserver", "bin/kube-controller-manager", "bin/kubectl", "bin/helm", "bin/kubeconform", "venv/bin/moto_server"];

/// The tools directory, by the same rules as `tests/tools/build.sh`.
pub fn tools() -> Result<PathBuf> {
    let dir = match set("TRAILKEEPER_TOOLS") {
        Some(dir) => dir,
        None => cache()?.join("tools"),
    };
    let lacking: Vec<_> = NEEDED.into_iter().filter(|tool| !dir.join(tool).exists()).collect();
    if !lacking.is_empty() {
        bail!("the tools directory {} lacks {}: run `make tools`", dir.display(), lacking.join(", "));
    }
    // The link may be moved to another build while this run goes on.
    dir.canonicalize().with_context(|| format!("resolving the tools directory {}", dir.display()))
}

fn cache() -> Result<PathBuf> {
    if let Some(dir) = set("TRAILKEEPER_CACHE") {
        return Ok(dir);
    }
    let base = match (set("XDG_CACHE_HOME"), set("HOME")) {
        (Some(dir), _) => dir,
        (None, Some(home)) => home.join(".cache"),
        (None, None) => bail!("HOME is not set, so the tools can't be found: set TRAILKEEPER_TOOLS"),
    };
    Ok(base.join("trailkeeper"))
}

fn set(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// A binary of this workspace, from the profile directory that the running test or binary was built into.
pub fn target_binary(name: &str) -> Result<PathBuf> {
    let current = env::current_exe().context("asking for the path of the running program")?;
    let dir = profile_dir(&current).with_context(|| format!("{} has no directory", current.display()))?;
    let binary = dir.join(name);
    if !binary.is_file() {
        bail!("{} does not exist: run `cargo build --workspace --bins` first", binary.display());
    }
    Ok(binary)
}

/// Tests lie in `PROFILE/deps` and examples in `PROFILE/examples`, binaries in `PROFILE`.
fn profile_dir(program: &Path) -> Option<&Path> {
    let dir = program.parent()?;
    match dir.file_name()?.to_str()? {
        "deps" | "examples" => dir.parent(),
        _ => Some(dir),
    }
}
