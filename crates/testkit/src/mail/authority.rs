//! A certificate authority for one test: nobody else trusts it.

use std::{path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;

/// An authority, and the certificate it gave to `localhost`.
pub struct Authority {
    ca_file: NamedTempFile,
    acceptor: TlsAcceptor,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new authority with new keys.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("a certificate of the authority");
        let ca_file = NamedTempFile::new().expect("a temporary file");
        std::fs::write(ca_file.path(), issuer.pem()).expect("room for a certificate");

        let server_key = key();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])
            .expect("a valid name")
            .signed_by(&server_key, &issuer)
            .expect("a certificate of the server");
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider's versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("a key that fits its certificate");
        Self { ca_file, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    /// The authority's certificate as a PEM file, removed when the authority is dropped.
    pub fn ca_file(&self) -> &Path {
        self.ca_file.path()
    }

    /// What encrypts a server's connections with the certificate for `localhost`.
    pub fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}
