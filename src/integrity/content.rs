//! The content of a gzip object, taken piece by piece: its SHA-256, and where it asks for it the content itself. Pure.
//!
//! Nothing is held but the window of the decompressor, whatever the size. A gzip file here is one member and nothing after it:
//! what CloudTrail writes. Readers that stop at the end of the first member would not see what was appended.

use flate2::write::GzDecoder;
use sha2::{Digest as _, Sha256};
use std::io::{self, Write};

/// The most that a log file may hold uncompressed, in bytes: many times what CloudTrail writes, and an end to a zip bomb.
pub const MOST_LOG: u64 = 1 << 30;

/// The most that a digest may hold uncompressed, in bytes: about 200,000 log files, where an hour has some hundreds.
pub const MOST_DIGEST: u64 = 64 << 20;

/// What is wrong with an object as a gzip file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// No gzip, or its checksum does not fit.
    NotGzip,
    /// It ends before its trailer does.
    Truncated,
    /// Something follows the end of the compressed stream.
    TrailingData,
    /// It holds more than the limit.
    TooLarge,
}

/// Content, hashed and counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub sha256: [u8; 32],
    /// Uncompressed size in bytes.
    pub bytes: u64,
    /// The content, if it was to be kept.
    pub kept: Vec<u8>,
    /// `Truncated` and `TrailingData` leave a content to compare; the others none.
    pub flaw: Option<Flaw>,
}

struct Sink {
    hash: Sha256,
    bytes: u64,
    most: u64,
    keep: bool,
    kept: Vec<u8>,
}

impl Write for Sink {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.bytes += piece.len() as u64;
        if self.bytes > self.most {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.hash.update(piece);
        if self.keep {
            self.kept.extend_from_slice(piece);
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes a gzip object piece by piece.
pub struct Inflater {
    decoder: GzDecoder<Sink>,
    flaw: Option<Flaw>,
}

impl Inflater {
    /// Hashes the content and lets it go.
    pub fn hashing(most: u64) -> Self {
        Self::new(most, false)
    }

    /// Keeps the content too.
    pub fn keeping(most: u64) -> Self {
        Self::new(most, true)
    }

    fn new(most: u64, keep: bool) -> Self {
        let sink = Sink { hash: Sha256::new(), bytes: 0, most, keep, kept: Vec::new() };
        Self { decoder: GzDecoder::new(sink), flaw: None }
    }

    /// Takes the next piece. False: what follows can no longer change the verdict.
    pub fn take(&mut self, mut piece: &[u8]) -> bool {
        while !piece.is_empty() && self.flaw.is_none() {
            match self.decoder.write(piece) {
                // The decoder takes nothing once its stream has ended.
                Ok(0) => self.flaw = Some(Flaw::TrailingData),
                Ok(taken) => piece = piece.get(taken..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.flaw = Some(flaw(&error)),
            }
        }
        self.flaw.is_none()
    }

    /// The content, once all pieces are taken.
    pub fn finish(mut self) -> Result<Content, Flaw> {
        if self.flaw.is_none() && self.decoder.try_finish().is_err() {
            // The decoder names no reason. If it would take more, its trailer is not whole; if not, the checksum does not fit.
            self.flaw = Some(if matches!(self.decoder.write(&[0]), Ok(0)) { Flaw::NotGzip } else { Flaw::Truncated });
        }
        // What the decoder held back may have crossed the limit only now.
        let sink = self.decoder.get_ref();
        if sink.bytes > sink.most {
            self.flaw = Some(Flaw::TooLarge);
        }
        match self.flaw {
            Some(flaw @ (Flaw::NotGzip | Flaw::TooLarge)) => Err(flaw),
            flaw => {
                let sink = self.decoder.get_mut();
                let kept = std::mem::take(&mut sink.kept);
                Ok(Content { sha256: std::mem::take(&mut sink.hash).finalize().into(), bytes: sink.bytes, kept, flaw })
            }
        }
    }
}

fn flaw(error: &io::Error) -> Flaw {
    if error.kind() == io::ErrorKind::FileTooLarge { Flaw::TooLarge } else { Flaw::NotGzip }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    fn zip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(object: &[u8], piece: usize, most: u64) -> Result<Content, Flaw> {
        let mut inflater = Inflater::keeping(most);
        object.chunks(piece).all(|piece| inflater.take(piece));
        inflater.finish()
    }

    fn flaw_of(object: &[u8]) -> Option<Flaw> {
        let flaws: Vec<_> =
            [1, 7, 4096].iter().map(|piece| inflate(object, *piece, MOST_LOG).map_or_else(Some, |content| content.flaw)).collect();
        assert!(flaws.iter().all(|flaw| *flaw == flaws[0]), "{flaws:?}");
        flaws[0]
    }

    #[test]
    fn what_is_no_single_whole_gzip_member_is_told() {
        let whole = zip(b"{\"Records\":[]}");
        assert_eq!(flaw_of(&whole), None);
        assert_eq!(flaw_of(&[&whole[..], b"x"].concat()), Some(Flaw::TrailingData));
        assert_eq!(flaw_of(&[&whole[..], &whole[..]].concat()), Some(Flaw::TrailingData), "a second member");
        assert_eq!(flaw_of(b"no gzip at all, but long enough to be one"), Some(Flaw::NotGzip));
        for missing in 1..whole.len() {
            assert_eq!(flaw_of(&whole[..missing]), Some(Flaw::Truncated), "{missing} bytes");
        }
        assert_eq!(flaw_of(b""), Some(Flaw::Truncated), "an empty object");
        let mut checksum = whole.clone();
        let at = checksum.len() - 6;
        checksum[at] ^= 1;
        assert_eq!(flaw_of(&checksum), Some(Flaw::NotGzip));
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let bomb = zip(&vec![0; 10 << 20]);
        assert_eq!(inflate(&bomb, 4096, 1 << 20), Err(Flaw::TooLarge));
        assert_eq!(inflate(&bomb, 4096, 10 << 20).unwrap().bytes, 10 << 20);
    }

    proptest! {
        #[test]
        fn content_is_hashed_whatever_the_pieces(content in proptest::collection::vec(any::<u8>(), 0..5000), piece in 1_usize..600) {
            let found = inflate(&zip(&content), piece, MOST_LOG).unwrap();
            prop_assert_eq!(found.sha256, <[u8; 32]>::from(Sha256::digest(&content)));
            prop_assert_eq!((found.flaw, found.bytes), (None, content.len() as u64));
            prop_assert_eq!(found.kept, content);
        }

        /// Bits that carry no content (time and system in the header, padding before the trailer) may change unseen.
        #[test]
        fn one_bit_changed_is_a_flaw_or_another_hash_unless_the_content_is_the_same(
            content in proptest::collection::vec(any::<u8>(), 1..300), bit in any::<prop::sample::Index>()
        ) {
            let mut object = zip(&content);
            let bit = bit.index(object.len() * 8);
            object[bit / 8] ^= 1 << (bit % 8);
            if let Ok(Content { flaw: None, sha256, kept, .. }) = inflate(&object, 64, MOST_LOG) {
                prop_assert_eq!(sha256 == <[u8; 32]>::from(Sha256::digest(&content)), kept == content);
            }
        }
    }
}
