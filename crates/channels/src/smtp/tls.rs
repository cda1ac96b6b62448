//! Encryption for SMTP: TLS 1.2 or 1.3, certificates always verified, and what a failed handshake
//! means. There is no option that turns verification off.

use std::{io, path::Path, sync::Arc};

use punctual_delivery::{Refusal, ReplyClass};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio_rustls::TlsConnector;

use super::wire::Stream;

/// How connections to one server are encrypted.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// For a server of this name. With a file of certificates (PEM), only those authorities are
    /// trusted; without, the system's are.
    ///
    /// # Errors
    /// In words for the channel's configuration error.
    pub(super) fn new(host: &str, ca_file: Option<&Path>) -> Result<Self, String> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("`host: {host}` is not a name or an address that a certificate can have"))?;
        let roots = match ca_file {
            Some(path) => roots_from(path)?,
            None => system_roots()?,
        };
        // Named, because a process may hold more than one provider of cryptography.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS can't be set up: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Does the handshake.
    ///
    /// # Errors
    /// `HaltChannel` when the server is not who it should be or can't speak TLS; `Transient` when
    /// the connection broke.
    pub(super) async fn handshake(&self, stream: Box<dyn Stream>) -> Result<Box<dyn Stream>, Refusal> {
        match self.connector.connect(self.name.clone(), stream).await {
            Ok(encrypted) => Ok(Box::new(encrypted)),
            Err(error) => Err(refusal(&error)),
        }
    }
}

fn refusal(error: &io::Error) -> Refusal {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls @ rustls::Error::InvalidCertificate(_)) => Refusal::unanswered(
            ReplyClass::HaltChannel,
            format!(
                "the server's certificate is not trusted ({tls}); nothing was sent; for a private authority set `ca_file`"
            ),
        ),
        Some(tls) => Refusal::unanswered(
            ReplyClass::HaltChannel,
            format!(
                "no encrypted connection could be agreed on ({tls}); nothing was sent; compare `security` and `port`"
            ),
        ),
        None => Refusal::unanswered(ReplyClass::Transient, format!("the connection broke while starting TLS: {error}")),
    }
}

fn roots_from(path: &Path) -> Result<RootCertStore, String> {
    let failed = |what: &dyn std::fmt::Display| format!("`ca_file: {}` can't be used: {what}", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))? {
        roots.add(certificate.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
    }
    if roots.is_empty() {
        return Err(failed(&"it holds no certificate in PEM"));
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    // A system's store often holds a few certificates that can't be read: the others count.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("this system has no trusted certificates: install its CA certificates or set `ca_file`".to_owned());
    }
    Ok(roots)
}
