//! What must hold of any bytes. Fuzz targets try new ones; `tests/fuzz_corpus.rs` replays those that are kept.

use crate::integrity::content::{Content, Flaw, Inflater};
use crate::integrity::digest::{Digest, hex};
use crate::integrity::place::{DigestKey, LogKey, Place};
use crate::integrity::proof::Proof;
use crate::integrity::public_keys::{PublicKey, RegionKeys};
use std::collections::BTreeMap;

const KEY: &str = "AWSLogs/111111111111/CloudTrail-Digest/eu-west-1/2026/11/21/\
    111111111111_CloudTrail-Digest_eu-west-1_main_eu-west-1_20261121T170000Z.json.gz";

/// Bytes as the content of a digest: read, placed and judged without a panic, and never believed without a signature.
pub fn digest(bytes: &[u8]) {
    let Some(key) = DigestKey::parse(KEY) else { unreachable!("a digest's key") };
    let mut keys = RegionKeys::new();
    if let Ok(digest) = Digest::parse(bytes) {
        let _ = (DigestKey::parse(&digest.place.key), LogKey::parse(&digest.place.key));
        let _ = digest.string_to_sign(&[0; 32]);
        keys.insert(digest.fingerprint, PublicKey::from_der(bytes.to_vec()));
    }
    let content = Content { sha256: [0; 32], bytes: bytes.len() as u64, kept: bytes.to_vec(), flaw: None };
    let algorithm = ("signature-algorithm".to_owned(), "SHA256withRSA".to_owned());
    let metadata = BTreeMap::from([("signature".to_owned(), hex(bytes)), algorithm]);
    let place = Place { bucket: "logs".to_owned(), key: KEY.to_owned() };
    assert!(!Proof::of(place, key, &content, &metadata, &keys).is_believed());
}

const MOST: u64 = 1 << 20;

fn inflate(object: &[u8], piece: usize) -> Result<Content, Flaw> {
    let mut inflater = Inflater::keeping(MOST);
    object.chunks(piece).all(|piece| inflater.take(piece));
    inflater.finish()
}

/// Bytes as a gzip object, the first of them being the size of a piece: no more than the limit, and the same verdict however it is cut.
pub fn content(bytes: &[u8]) {
    let Some((piece, object)) = bytes.split_first() else { return };
    let whole = inflate(object, object.len().max(1));
    let cut = inflate(object, usize::from(*piece) + 1);
    let flaw = |found: &Result<Content, Flaw>| found.as_ref().map_or_else(|flaw| Some(*flaw), |content| content.flaw);
    assert_eq!(flaw(&whole), flaw(&cut));
    if let (Ok(whole), Ok(cut)) = (&whole, &cut) {
        assert!(whole.bytes <= MOST && whole.kept.len() as u64 == whole.bytes);
        assert!(whole.flaw.is_some() || whole == cut);
    }
}
