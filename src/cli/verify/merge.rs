//! `verify --merge`, and what it reads: outcomes, in files.

use crate::integrity::merge;
use crate::integrity::outcome::Outcome;
use crate::report::integrity::json;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// The outcome of all these files; of a folder, of its `.json` files.
pub fn outcome(paths: &[PathBuf]) -> Result<Outcome> {
    let mut outcomes = Vec::new();
    for (name, text) in texts("--merge", paths)? {
        let outcome = merge::read(&text).map_err(|why| anyhow::anyhow!("--merge {name}: {why}"))?;
        outcomes.push((name, outcome));
    }
    merge::merge(outcomes).map_err(|why| anyhow::anyhow!("--merge: {why}"))
}

/// What these files hold, each with its name; of a folder, its `.json` files. An error says by which option they were given.
pub fn texts(option: &str, paths: &[PathBuf]) -> Result<Vec<(String, String)>> {
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).with_context(|| format!("reading {option} {}", file.display()))?;
        Ok((file.display().to_string(), text))
    };
    files(option, paths)?.into_iter().map(read).collect()
}

fn files(option: &str, paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut of_folder = Vec::new();
        for entry in std::fs::read_dir(path).with_context(|| format!("reading {option} {}", path.display()))? {
            let file = entry?.path();
            if file.extension().is_some_and(|extension| extension == "json") && file.is_file() {
                of_folder.push(file);
            }
        }
        if of_folder.is_empty() {
            bail!("{option} {}: the folder has no .json file", path.display());
        }
        of_folder.sort();
        files.extend(of_folder);
    }
    Ok(files)
}

/// Writes the outcome into a folder, for `--merge`. Who reads the folder meanwhile sees all of it or nothing.
pub fn save(outcome: &Outcome, folder: &Path) -> Result<()> {
    let name = match outcome.shards.as_slice() {
        [shard] => format!("shard-{}-of-{}", shard.index, shard.of),
        _ => "outcome".to_owned(),
    };
    let (file, part) = (folder.join(format!("{name}.json")), folder.join(format!("{name}.part")));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&part, json::form(outcome)?))
        .and_then(|()| std::fs::rename(&part, &file))
        .with_context(|| format!("writing --save {}", file.display()))
}
