//! Files, folders and standard input, as `-f` takes them. Nothing here knows what is in them.

use anyhow::{Context, Result, bail};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A file's text, with the name that complaints give it.
pub struct File {
    pub name: String,
    pub text: String,
}

impl File {
    /// Name and text.
    pub fn named(&self) -> (&str, &str) {
        (&self.name, &self.text)
    }
}

/// Reads `paths` in their order; the files of a folder in the order of their names.
pub fn read(paths: &[PathBuf], recursive: bool) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("standard input could not be read")?;
            files.push(File { name: "<stdin>".to_owned(), text });
        } else if path.is_dir() {
            let found = within(path, recursive)?;
            if found.is_empty() {
                bail!(
                    "{} holds no .yaml, .yml or .json file{}",
                    path.display(),
                    if recursive { "" } else { "; -R looks into folders below" }
                );
            }
            for file in found {
                files.push(read_one(&file)?);
            }
        } else {
            files.push(read_one(path)?);
        }
    }
    Ok(files)
}

fn read_one(path: &Path) -> Result<File> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} could not be read", path.display()))?;
    Ok(File { name: path.display().to_string(), text })
}

fn within(folder: &Path, recursive: bool) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("folder {} could not be read", folder.display());
    let mut entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).with_context(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut files = Vec::new();
    for path in entries.iter().map(std::fs::DirEntry::path) {
        if path.is_dir() {
            if recursive {
                files.extend(within(&path, true)?);
            }
        } else if is_manifest(&path) {
            files.push(path);
        }
    }
    Ok(files)
}

/// A kustomization lists manifests and is none.
fn is_manifest(path: &Path) -> bool {
    let has_extension = path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known));
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    has_extension && stem.as_deref() != Some("kustomization")
}
