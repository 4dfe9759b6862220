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
use std::io;
use std::path::{Component, Path, PathBuf};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

const SIDE: &str = ".metadata.json";

/// Read at a time, in bytes.
const PIECE: usize = 64 << 10;

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
        let is_folder = entry.path().is_dir();
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
        let file = File::open(&path).await.map_err(|error| failed(&path, error))?;
        let side = self.root.join(format!("{}{SIDE}", place.key));
        let metadata = match tokio::fs::read(&side).await {
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
        let body = stream::unfold(Some(file), move |file| {
            let path = path.clone();
            async move {
                let mut file = file?;
                let mut piece = vec![0; PIECE];
                match file.read(&mut piece).await {
                    Ok(0) => None,
                    Ok(size) => {
                        piece.truncate(size);
                        Some((Ok(Bytes::from(piece)), Some(file)))
                    }
                    Err(error) => Some((Err(format!("{}: {error}", path.display())), None)),
                }
            }
        });
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
