//! The public keys with which CloudTrail signs, by Region and fingerprint, and the check of a signature. Pure.

use super::digest::unhex_bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use spki::SubjectPublicKeyInfoRef;
use std::collections::HashMap;

/// An RSA public key as DER, PKCS#1: what a digest is verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// From DER as ListPublicKeys gives it (PKCS#1), or as one of the samples in AWS's documentation has it (SPKI).
    pub fn from_der(der: Vec<u8>) -> Self {
        let inner = SubjectPublicKeyInfoRef::try_from(der.as_slice()).ok().and_then(|info| info.subject_public_key.as_bytes());
        match inner.map(<[u8]>::to_vec) {
            Some(inner) => Self(inner),
            None => Self(der),
        }
    }

    /// Whether `signature` (hexadecimal) is of `text`: RSA PKCS#1 v1.5 with SHA-256.
    pub fn verifies(&self, text: &str, signature: &str) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0);
        unhex_bytes(signature).is_some_and(|signature| key.verify(text.as_bytes(), &signature).is_ok())
    }
}

/// The keys of one Region by fingerprint.
pub type RegionKeys = HashMap<String, PublicKey>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    public_key_list: Vec<ListedKey>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedKey {
    value: String,
    fingerprint: String,
}

/// Reads a file of keys: an object of Regions, each with what `aws cloudtrail list-public-keys --region REGION` printed.
pub fn from_file(text: &str) -> Result<HashMap<String, RegionKeys>, String> {
    let regions: HashMap<String, Listed> = serde_json::from_str(text).map_err(|error| {
        format!("{error}; write {{\"REGION\": OUTPUT, ...}} with what `aws cloudtrail list-public-keys --region REGION` prints for each")
    })?;
    regions.into_iter().map(|(region, listed)| Ok((region.clone(), listed.keys(&region)?))).collect()
}

impl Listed {
    fn keys(self, region: &str) -> Result<RegionKeys, String> {
        let read = |key: ListedKey| {
            let der =
                STANDARD.decode(&key.value).map_err(|error| format!("{region}: Value of key {} is no base64: {error}", key.fingerprint))?;
            Ok((key.fingerprint, PublicKey::from_der(der)))
        };
        self.public_key_list.into_iter().map(read).collect()
    }
}
