//! The keys of the throw-away control plane: its authority, the API server's certificate and the key that signs
//! service account tokens. Elliptic curves, since making RSA keys costs a second.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::kubeconfig::write_private;

const SERVER_NAMES: [&str; 6] = ["127.0.0.1", "10.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];

pub struct Pki {
    pub ca: PathBuf,
    pub server_certificate: PathBuf,
    pub server_key: PathBuf,
    pub service_account_key: PathBuf,
    pub service_account_public_key: PathBuf,
}

impl Pki {
    pub fn create(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
        let pki = Self {
            ca: dir.join("ca.crt"),
            server_certificate: dir.join("apiserver.crt"),
            server_key: dir.join("apiserver.key"),
            service_account_key: dir.join("service-account.key"),
            service_account_public_key: dir.join("service-account.pub"),
        };
        pki.write_certificates().context("making the certificates of the control plane")?;
        let key = KeyPair::generate().context("making the service account key")?;
        write_private(&pki.service_account_key, &key.serialize_pem())?;
        write_private(&pki.service_account_public_key, &key.public_key_pem())?;
        Ok(pki)
    }

    fn write_certificates(&self) -> Result<()> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.distinguished_name.push(DnType::CommonName, "trailkeeper-lab");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate()?;
        write_private(&self.ca, &authority.self_signed(&authority_key)?.pem())?;
        let issuer = Issuer::new(authority, authority_key);

        let mut server = CertificateParams::new(SERVER_NAMES.map(str::to_owned))?;
        server.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let server_key = KeyPair::generate()?;
        write_private(&self.server_certificate, &server.signed_by(&server_key, &issuer)?.pem())?;
        write_private(&self.server_key, &server_key.serialize_pem())
    }
}
