//! A digest file and what is signed of it (facts/integrity.md, sections 1 and 2). Pure.

use crate::delivery::keys::hex;
use crate::events::seconds;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub const ALGORITHM: &str = "SHA256withRSA";

/// A log file that was delivered.
#[derive(Debug, Clone)]
pub struct LogFile {
    pub bucket: String,
    pub key: String,
    /// SHA-256 of the content before compression.
    pub hash: String,
    pub oldest: Timestamp,
    pub newest: Timestamp,
    pub delivered: Timestamp,
}

/// What a digest says of the one before it.
#[derive(Debug, Clone)]
pub struct Previous {
    pub bucket: String,
    pub key: String,
    pub hash: String,
    pub signature: String,
}

#[derive(Debug)]
pub struct Digest<'a> {
    pub account: &'a str,
    pub bucket: &'a str,
    pub key: &'a str,
    pub fingerprint: &'a str,
    pub start: Timestamp,
    pub end: Timestamp,
    pub files: &'a [LogFile],
    /// None starts a chain.
    pub previous: Option<&'a Previous>,
}

impl Digest<'_> {
    pub fn document(&self) -> Value {
        let previous = |field: fn(&Previous) -> &String| self.previous.map(field);
        let log_file = |file: &LogFile| {
            json!({
                "s3Bucket": file.bucket,
                "s3Object": file.key,
                "hashValue": file.hash,
                "hashAlgorithm": "SHA-256",
                "newestEventTime": seconds(file.newest),
                "oldestEventTime": seconds(file.oldest),
            })
        };
        json!({
            "awsAccountId": self.account,
            "digestStartTime": seconds(self.start),
            "digestEndTime": seconds(self.end),
            "digestS3Bucket": self.bucket,
            "digestS3Object": self.key,
            "digestPublicKeyFingerprint": self.fingerprint,
            "digestSignatureAlgorithm": ALGORITHM,
            "newestEventTime": self.files.iter().map(|file| file.newest).max().map(seconds),
            "oldestEventTime": self.files.iter().map(|file| file.oldest).min().map(seconds),
            "previousDigestS3Bucket": previous(|previous| &previous.bucket),
            "previousDigestS3Object": previous(|previous| &previous.key),
            "previousDigestHashValue": previous(|previous| &previous.hash),
            "previousDigestHashAlgorithm": self.previous.map(|_| "SHA-256"),
            "previousDigestSignature": previous(|previous| &previous.signature),
            "logFiles": self.files.iter().map(log_file).collect::<Vec<_>>(),
        })
    }

    /// `content` is the document as it is written, before compression.
    pub fn string_to_sign(&self, content: &[u8]) -> String {
        let previous = self.previous.map_or("null", |previous| previous.signature.as_str());
        format!("{}\n{}/{}\n{}\n{previous}", seconds(self.end), self.bucket, self.key, sha256(content))
    }
}

pub fn sha256(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest<'a>(files: &'a [LogFile], previous: Option<&'a Previous>) -> Digest<'a> {
        let (start, end) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(1));
        Digest { account: "1", bucket: "b", key: "k", fingerprint: "f", start, end, files, previous }
    }

    #[test]
    fn the_first_digest_of_a_chain_has_nulls() {
        let document = digest(&[], None).document();
        for field in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
            assert_eq!(document[format!("previousDigest{field}")], Value::Null, "{field}");
        }
        assert_eq!((&document["newestEventTime"], &document["logFiles"]), (&Value::Null, &json!([])));
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(&[], None).string_to_sign(b""), format!("1970-01-01T01:00:00Z\nb/k\n{empty}\nnull"));
    }

    #[test]
    fn a_later_digest_signs_the_signature_before_it() {
        let previous = Previous { bucket: "pb".into(), key: "pk".into(), hash: "ph".into(), signature: "ps".into() };
        let file = LogFile {
            bucket: "b".into(),
            key: "l".into(),
            hash: "h".into(),
            oldest: Timestamp::UNIX_EPOCH,
            newest: Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(5),
            delivered: Timestamp::UNIX_EPOCH,
        };
        let files = [file];
        let digest = digest(&files, Some(&previous));
        let document = digest.document();
        assert_eq!((&document["previousDigestHashValue"], &document["previousDigestHashAlgorithm"]), (&json!("ph"), &json!("SHA-256")));
        assert_eq!(document["newestEventTime"], "1970-01-01T00:00:05Z");
        assert_eq!(document["logFiles"][0]["s3Object"], "l");
        assert!(digest.string_to_sign(b"x").ends_with("\nps"));
    }
}
