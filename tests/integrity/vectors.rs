//! The samples that AWS publishes: a digest, the keys of its Region, and a signature.
//!
//! From the CloudTrail user guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail log file integrity
//! validation", and the examples of `aws cloudtrail list-public-keys`. AWS publishes neither the exact bytes of a digest with its own
//! signature, nor the signature of the digest before the one whose signature it shows: no sample can be verified from end to end. What can:
//! that the signature it shows is one of the key that it shows, by RSA PKCS#1 v1.5 with SHA-256.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs8::DecodePublicKey;
use rsa::sha2::Sha256;
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use serde_json::{Value, json};
use trailkeeper::integrity::digest::{Digest, hex, unhex_bytes};
use trailkeeper::integrity::place::{DigestKey, LogKey};
use trailkeeper::integrity::public_keys::{self, PublicKey};

const DIGEST: &str = include_str!("vectors/digest.json");
const KEYS: &str = include_str!("vectors/public-keys.json");

/// Of the sample digest; AWS documents it as MD5 of the key.
const FINGERPRINT: &str = "31e8b5433410dfb61a9dc45cc65b22ff";

/// What AWS signed when it made the signature of the sample: the SHA-256 that stands in it.
const SIGNED: &str = "4cdaa85fddf1a1a032e5fca5d16d104d1b03f2b31641eff267d877264a44c570";

fn keys() -> Vec<(String, Vec<u8>)> {
    let document: Value = serde_json::from_str(KEYS).unwrap();
    let text = |key: &Value, field: &str| key[field].as_str().unwrap().to_owned();
    let list = document["PublicKeyList"].as_array().unwrap();
    list.iter().map(|key| (text(key, "Fingerprint"), STANDARD.decode(text(key, "Value")).unwrap())).collect()
}

#[test]
fn the_sample_digest_is_read() {
    let digest = Digest::parse(DIGEST.as_bytes()).unwrap();
    let key = DigestKey::parse(&digest.place.key).unwrap();
    assert_eq!((key.end, key.stream.area.account.as_str(), key.stream.trail.as_str()), (digest.end, "111122223333", "your-trail-name"));
    assert_eq!((digest.account.as_str(), digest.fingerprint.as_str()), ("111122223333", FINGERPRINT));
    assert_eq!((digest.start.to_string().as_str(), digest.end.to_string().as_str()), ("2015-08-17T14:01:31Z", "2015-08-17T15:01:31Z"));
    let previous = digest.previous.as_ref().unwrap();
    assert_eq!(DigestKey::parse(&previous.place.key).unwrap().end, digest.start);
    assert_eq!(hex(&previous.sha256), "97fb791cf91ffc440d274f8190dbdd9aa09c34432aba82739df18b6d3c13df2d");
    let [log] = digest.log_files.as_slice() else { panic!("{:?}", digest.log_files) };
    assert_eq!(LogKey::parse(&log.place.key).unwrap().area, key.stream.area);
    assert_eq!(hex(&log.sha256), "9bb6196fc6b84d6f075a56548feca262bd99ba3c2de41b618e5b6e22c1fc71f6");
}

/// End, S3 path, hash and the signature before, each on a line: the formula of the documentation, not ours.
#[test]
fn the_text_to_sign_is_what_the_documentation_says() {
    let document: Value = serde_json::from_str(DIGEST).unwrap();
    let field = |name: &str| document[name].as_str().unwrap();
    let path = format!("{}/{}", field("digestS3Bucket"), field("digestS3Object"));
    // The hash of the documentation's own example.
    let hash = "4ff08d7c6ecd6eb313257e839645d20363ee3784a2328a7d76b99b53cc9bcacd";
    let expected = [field("digestEndTime"), &path, hash, field("previousDigestSignature")].join("\n");
    assert_eq!(Digest::parse(DIGEST.as_bytes()).unwrap().string_to_sign(&unhex_bytes(hash).unwrap()), expected);
}

#[test]
fn the_sample_keys_are_read_in_both_forms() {
    let by_region = public_keys::from_file(&json!({ "us-east-2": serde_json::from_str::<Value>(KEYS).unwrap() }).to_string()).unwrap();
    assert_eq!(by_region["us-east-2"].len(), 4);
    for (fingerprint, der) in keys() {
        let inner = RsaPublicKey::from_public_key_der(&der).ok();
        assert_eq!(inner.is_some(), fingerprint == FINGERPRINT, "one of the samples has an algorithm in front: {fingerprint}");
        if let Some(key) = inner {
            use rsa::pkcs1::EncodeRsaPublicKey;
            let pkcs1 = key.to_pkcs1_der().unwrap().as_bytes().to_vec();
            assert_eq!(PublicKey::from_der(der.clone()), PublicKey::from_der(pkcs1));
        }
        assert_eq!(by_region["us-east-2"][&fingerprint], PublicKey::from_der(der));
    }
}

#[test]
fn the_published_signature_is_of_the_published_key() {
    let signature = unhex_bytes(&Digest::parse(DIGEST.as_bytes()).unwrap().previous.unwrap().signature).unwrap();
    let (_, der) = keys().into_iter().find(|(fingerprint, _)| fingerprint == FINGERPRINT).unwrap();
    let key = RsaPublicKey::from_public_key_der(&der).unwrap();
    key.verify(Pkcs1v15Sign::new::<Sha256>(), &unhex_bytes(SIGNED).unwrap(), &signature).unwrap();
    let mut other = unhex_bytes(SIGNED).unwrap();
    other[0] ^= 1;
    key.verify(Pkcs1v15Sign::new::<Sha256>(), &other, &signature).unwrap_err();
}
