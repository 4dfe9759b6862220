//! A digest file as CloudTrail writes it, and the text that is signed. Pure.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html> and
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html>.

use super::place::Place;
use jiff::Timestamp;
use serde::Deserialize;
use std::fmt::Write;

/// The only algorithms there are.
pub const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";
const HASH_ALGORITHM: &str = "SHA-256";

/// Names of the object metadata beside a digest.
pub const SIGNATURE: &str = "signature";
pub const ALGORITHM: &str = "signature-algorithm";
pub const BACKFILL_TIME: &str = "backfill-generation-timestamp";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    aws_account_id: String,
    digest_start_time: Timestamp,
    /// As it is written: its very letters are signed.
    digest_end_time: String,
    digest_s3_bucket: String,
    digest_s3_object: String,
    digest_public_key_fingerprint: String,
    digest_signature_algorithm: String,
    // Each must be there, if only as null: a digest without them is no digest.
    #[serde(deserialize_with = "Option::deserialize")]
    previous_digest_s3_bucket: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    previous_digest_s3_object: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    previous_digest_hash_value: Option<String>,
    #[serde(default)]
    previous_digest_hash_algorithm: Option<String>,
    #[serde(deserialize_with = "Option::deserialize")]
    previous_digest_signature: Option<String>,
    log_files: Vec<LogEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogEntry {
    s3_bucket: String,
    s3_object: String,
    hash_value: String,
    hash_algorithm: String,
}

/// A log file that a digest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    pub place: Place,
    /// SHA-256 of the content before compression.
    pub sha256: [u8; 32],
}

/// What a digest says of the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    pub place: Place,
    pub sha256: [u8; 32],
    /// Hexadecimal, as it is signed.
    pub signature: String,
}

/// A digest that could be read. Whether it is to be believed is another matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub account: String,
    pub start: Timestamp,
    pub end: Timestamp,
    /// Where it says that it is.
    pub place: Place,
    pub fingerprint: String,
    /// `None` starts a chain.
    pub previous: Option<Previous>,
    pub log_files: Vec<LogFile>,
    end_as_written: String,
}

impl Digest {
    /// Reads the uncompressed content of a digest file. The error says which field is wrong.
    pub fn parse(content: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(content).map_err(|error| error.to_string())?;
        let end = document.digest_end_time.parse().map_err(|_| format!("digestEndTime is no time: {:?}", document.digest_end_time))?;
        if document.digest_start_time > end {
            return Err("digestStartTime is after digestEndTime".to_owned());
        }
        if document.digest_signature_algorithm != SIGNATURE_ALGORITHM {
            return Err(format!("digestSignatureAlgorithm is {:?}, not {SIGNATURE_ALGORITHM:?}", document.digest_signature_algorithm));
        }
        let previous = previous(&document)?;
        let log_files = document.log_files.into_iter().map(LogEntry::read).collect::<Result<_, _>>()?;
        Ok(Self {
            account: document.aws_account_id,
            start: document.digest_start_time,
            end,
            place: Place { bucket: document.digest_s3_bucket, key: document.digest_s3_object },
            fingerprint: document.digest_public_key_fingerprint,
            previous,
            log_files,
            end_as_written: document.digest_end_time,
        })
    }

    /// The text whose signature is beside the object; `sha256` is that of the uncompressed content.
    pub fn string_to_sign(&self, sha256: &[u8]) -> String {
        let Self { end_as_written, place: Place { bucket, key }, previous, .. } = self;
        let previous = previous.as_ref().map_or("null", |previous| previous.signature.as_str());
        format!("{end_as_written}\n{bucket}/{key}\n{}\n{previous}", hex(sha256))
    }
}

fn previous(document: &Document) -> Result<Option<Previous>, String> {
    let fields = (
        &document.previous_digest_s3_bucket,
        &document.previous_digest_s3_object,
        &document.previous_digest_hash_value,
        &document.previous_digest_signature,
    );
    match fields {
        (None, None, None, None) => Ok(None),
        (Some(bucket), Some(key), Some(hash), Some(signature)) => {
            if document.previous_digest_hash_algorithm.as_deref() != Some(HASH_ALGORITHM) {
                return Err(format!(
                    "previousDigestHashAlgorithm is {:?}, not {HASH_ALGORITHM:?}",
                    document.previous_digest_hash_algorithm
                ));
            }
            let sha256 = unhex(hash).ok_or("previousDigestHashValue is no SHA-256 in hexadecimal")?;
            Ok(Some(Previous { place: Place { bucket: bucket.clone(), key: key.clone() }, sha256, signature: signature.clone() }))
        }
        _ => Err("some of previousDigestS3Bucket, S3Object, HashValue and Signature are null, and some are not".to_owned()),
    }
}

impl LogEntry {
    fn read(self) -> Result<LogFile, String> {
        let Self { s3_bucket, s3_object, hash_value, hash_algorithm } = self;
        if hash_algorithm != HASH_ALGORITHM {
            return Err(format!("hashAlgorithm of {s3_object} is {hash_algorithm:?}, not {HASH_ALGORITHM:?}"));
        }
        let sha256 = unhex(&hash_value).ok_or_else(|| format!("hashValue of {s3_object} is no SHA-256 in hexadecimal"))?;
        Ok(LogFile { place: Place { bucket: s3_bucket, key: s3_object }, sha256 })
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes of hexadecimal digits in either case.
pub fn unhex_bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    unhex_bytes(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn document() -> Value {
        json!({
            "awsAccountId": "111111111111",
            "digestStartTime": "2026-11-21T16:00:00Z",
            "digestEndTime": "2026-11-21T17:00:00Z",
            "digestS3Bucket": "logs",
            "digestS3Object": "AWSLogs/x",
            "digestPublicKeyFingerprint": "f",
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": null,
            "oldestEventTime": null,
            "previousDigestS3Bucket": "logs",
            "previousDigestS3Object": "AWSLogs/w",
            "previousDigestHashValue": "ab".repeat(32),
            "previousDigestHashAlgorithm": "SHA-256",
            "previousDigestSignature": "cd",
            "logFiles": [{ "s3Bucket": "logs", "s3Object": "l", "hashValue": "01".repeat(32), "hashAlgorithm": "SHA-256",
                "newestEventTime": "2026-11-21T16:10:00Z", "oldestEventTime": "2026-11-21T16:09:00Z" }],
        })
    }

    fn parse(document: &Value) -> Result<Digest, String> {
        Digest::parse(document.to_string().as_bytes())
    }

    #[test]
    fn a_digest_is_read_and_its_signed_text_made() {
        let digest = parse(&document()).unwrap();
        assert_eq!(digest.log_files[0].sha256, [1; 32]);
        assert_eq!(digest.previous.as_ref().unwrap().sha256, [0xab; 32]);
        assert_eq!(digest.string_to_sign(&[0xef; 2]), "2026-11-21T17:00:00Z\nlogs/AWSLogs/x\nefef\ncd");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (field, value, words) in [
            ("digestEndTime", json!("yesterday"), "digestEndTime"),
            ("digestStartTime", json!("2026-11-21T18:00:00Z"), "digestStartTime is after"),
            ("digestSignatureAlgorithm", json!("none"), "SHA256withRSA"),
            ("previousDigestHashValue", json!("ab"), "previousDigestHashValue"),
            ("previousDigestHashAlgorithm", json!("MD5"), "SHA-256"),
            ("previousDigestSignature", json!(null), "some are not"),
            ("logFiles", json!([{ "s3Bucket": "b", "s3Object": "o", "hashValue": "zz", "hashAlgorithm": "SHA-256" }]), "hashValue of o"),
            ("logFiles", json!([{ "s3Bucket": "b", "s3Object": "o", "hashValue": "", "hashAlgorithm": "MD5" }]), "hashAlgorithm of o"),
        ] {
            let mut document = document();
            document[field] = value;
            let told = parse(&document).unwrap_err();
            assert!(told.contains(words), "{field}: {told}");
        }
    }

    #[test]
    fn no_field_may_be_left_out() {
        for field in document().as_object().unwrap().keys().filter(|field| !field.ends_with("EventTime")) {
            let mut document = document();
            document.as_object_mut().unwrap().remove(field);
            assert!(parse(&document).is_err(), "without {field}");
        }
    }

    #[test]
    fn the_first_of_a_chain_has_nulls() {
        let mut first = document();
        for field in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
            first[format!("previousDigest{field}")] = Value::Null;
        }
        assert!(parse(&first).unwrap().string_to_sign(&[]).ends_with("\nnull"));
    }

    proptest! {
        #[test]
        fn no_input_is_too_strange(content in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Digest::parse(&content);
        }

        #[test]
        fn hexadecimal_goes_there_and_back(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(unhex_bytes(&hex(&bytes)), Some(bytes));
        }
    }
}
