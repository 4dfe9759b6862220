//! A copy of an archive on a disk: the folders of the bucket, and beside each digest a file with its metadata.
//!
//! `DIR/KEY` is the object, and `DIR/KEY.metadata.json` what `aws s3api head-object` printed of it. Older versions are not kept.

use crate::integrity::evidence::{Evidence, Names, Opened, Refusal, Version};
use crate::integrity::place::{DigestKey, Place};
use crate::integrity::public_keys::RegionKeys;
use bytes::Bytes;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

const SIDE: &str = ".metadata.json";

/// Read at a time, in bytes.
const PIECE: u64 = 64 << 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Head {
    metadata: BTreeMap<String, String>,
}

/// A copy of an archive, and the public keys that go with it.
pub struct Folder {
    root: PathBuf,
    /// Name of the bucket that it is a copy of.
    bucket: String,
    keys: HashMap<String, RegionKeys>,
}

impl Folder {
    pub fn new(root: PathBuf, bucket: String, keys: HashMap<String, RegionKeys>) -> Self {
        Self { root, bucket, keys }
    }

    /// The file of a key; a key that leads out of the folder has none.
    fn path(&self, key: &str) -> Option<PathBuf> {
        let inside = Path::new(key).components().all(|part| matches!(part, Component::Normal(_)));
        inside.then(|| self.root.join(key))
    }
}

/// Names in a folder of the disk, sorted; those of folders end in a slash. A folder that is not there has none.
fn entries(folder: &Path) -> Result<Vec<String>, String> {
    let failed = |error: io::Error| format!("{}: {error}", folder.display());
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().into_string().map_err(|name| format!("{}: {name:?} is no UTF-8", folder.display()))?;
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        names.push(if is_folder { format!("{name}/") } else { name });
    }
    names.sort();
    Ok(names)
}

/// All keys below a folder, in order.
fn below(folder: &Path, prefix: &str, keys: &mut Vec<String>) -> Result<(), String> {
    for name in entries(folder)? {
        if name.ends_with('/') {
            below(&folder.join(&name), &format!("{prefix}{name}"), keys)?;
        } else if !name.ends_with(SIDE) {
            keys.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

/// The content of a file, piece by piece.
struct Pieces {
    path: PathBuf,
    file: Option<File>,
}

impl Iterator for Pieces {
    type Item = Result<Bytes, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut file = self.file.take()?;
        let mut piece = Vec::new();
        match (&mut file).take(PIECE).read_to_end(&mut piece) {
            Ok(0) => None,
            Ok(_) => {
                self.file = (piece.len() as u64 == PIECE).then_some(file);
                Some(Ok(Bytes::from(piece)))
            }
            Err(error) => Some(Err(format!("{}: {error}", self.path.display()))),
        }
    }
}

impl Evidence for Folder {
    async fn folders(&self, _bucket: &str, prefix: &str) -> Result<Vec<String>, String> {
        let names = entries(&self.root.join(prefix))?;
        Ok(names.iter().filter_map(|name| name.strip_suffix('/')).map(str::to_owned).collect())
    }

    fn names(&self, _bucket: &str, prefix: &str, after: &str) -> Names {
        let mut keys = Vec::new();
        let listed = below(&self.root.join(prefix), prefix, &mut keys);
        keys.retain(|key| key.as_str() > after);
        stream::iter([listed.map(|()| keys)]).boxed()
    }

    async fn open(&self, place: &Place, version: Option<&str>) -> Result<Opened, Refusal> {
        if place.bucket != self.bucket {
            let why = format!("{place} is in another bucket than {}, of which this folder is a copy", self.bucket);
            return Err(Refusal::Unread(why));
        }
        let Some(path) = self.path(&place.key).filter(|_| version.is_none()) else { return Err(Refusal::NotFound) };
        let failed = |path: &Path, error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Refusal::NotFound,
            _ => Refusal::Unread(format!("{}: {error}", path.display())),
        };
        // A file of a disk is read sooner than it is handed to another thread and back.
        let file = File::open(&path).map_err(|error| failed(&path, error))?;
        let side = self.root.join(format!("{}{SIDE}", place.key));
        let metadata = match std::fs::read(&side) {
            Ok(text) => {
                let head: Head = serde_json::from_slice(&text)
                    .map_err(|error| Refusal::Unread(format!("{}: {error}; write what `aws s3api head-object` prints", side.display())))?;
                head.metadata.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && DigestKey::parse(&place.key).is_some() => {
                let (bucket, key) = (&place.bucket, &place.key);
                let how = format!("aws s3api head-object --bucket {bucket} --key {key} > {}", side.display());
                return Err(Refusal::Unread(format!("its signature is not beside it; write it with: {how}")));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(failed(&side, error)),
        };
        let body = stream::iter(Pieces { path, file: Some(file) });
        Ok(Opened { metadata, body: body.boxed() })
    }

    async fn versions(&self, _bucket: &str, _prefix: &str) -> Result<Vec<Version>, String> {
        Ok(Vec::new())
    }

    async fn keys(&self, region: &str, _from: Timestamp, _until: Timestamp) -> Result<RegionKeys, String> {
        let known = || self.keys.keys().cloned().collect::<Vec<_>>().join(", ");
        let missing = || {
            format!("--keys has no public keys of {region}, only of: {}; add `aws cloudtrail list-public-keys --region {region}`", known())
        };
        self.keys.get(region).cloned().ok_or_else(missing)
    }
}
