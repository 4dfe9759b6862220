//! The key pairs that sign digests, one for each Region until it is rotated, made when first needed and kept while the
//! process lives: tests in the same process can sign what CloudTrail would never write.

use anyhow::Context;
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs1v15::SigningKey;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding, Signer};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use tokio::sync::OnceCell;

const BITS: usize = 2048;

#[derive(Debug)]
pub struct KeyPair {
    signing: SigningKey<Sha256>,
    /// The public key as DER PKCS#1.
    pub der: Vec<u8>,
    /// MD5 of `der`, as ListPublicKeys and digests name the key.
    pub fingerprint: String,
}

impl KeyPair {
    /// A pair that no Region has until it is asked for.
    pub fn generate() -> anyhow::Result<Self> {
        let private = RsaPrivateKey::new(&mut OsRng, BITS)?;
        let der = private.to_public_key().to_pkcs1_der()?.into_vec();
        let fingerprint = hex(&Md5::digest(&der));
        Ok(Self { signing: SigningKey::new(private), der, fingerprint })
    }

    /// SHA256withRSA, in hexadecimal.
    pub fn sign(&self, text: &str) -> anyhow::Result<String> {
        Ok(hex(&self.signing.try_sign(text.as_bytes())?.to_vec()))
    }
}

type Slot = Arc<OnceCell<Arc<KeyPair>>>;

/// By Region, and how often its key was rotated.
static REGIONS: LazyLock<Mutex<HashMap<(String, usize), Slot>>> = LazyLock::new(Mutex::default);

/// When the keys of Regions were rotated.
#[derive(Debug, Default)]
pub struct Rotations(Mutex<HashMap<String, Vec<Timestamp>>>);

impl Rotations {
    /// From `at` on, digests of the Region are signed with a new key.
    pub fn rotate(&self, region: &str, at: Timestamp) {
        crate::world::guard(&self.0).entry(region.to_owned()).or_default().push(at);
    }

    /// When each key but the first came into use.
    pub fn of(&self, region: &str) -> Vec<Timestamp> {
        crate::world::guard(&self.0).get(region).cloned().unwrap_or_default()
    }

    pub fn clear(&self) {
        crate::world::guard(&self.0).clear();
    }
}

/// The key of a Region after so many rotations.
pub async fn of(region: &str, rotations: usize) -> anyhow::Result<Arc<KeyPair>> {
    let slot = Arc::clone(crate::world::guard(&REGIONS).entry((region.to_owned(), rotations)).or_default());
    let generate = async || {
        let made = tokio::task::spawn_blocking(KeyPair::generate).await.context("making a key pair")?;
        made.map(Arc::new)
    };
    slot.get_or_try_init(generate).await.cloned()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
