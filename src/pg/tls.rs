//! TLS for this front: rustls, TLS 1.2 or later, ALPN `postgresql`.

use std::path::Path;
use std::sync::Arc;

use lakegate_base::{Error, Result};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::options::TlsFiles;

/// What every TLS connection needs.
pub(crate) struct Tls {
    pub acceptor: TlsAcceptor,
    /// The chain as PEM text: SCRAM binds a login to its first certificate.
    pub certificate: Vec<u8>,
}

/// The protocol's name in ALPN, required of clients that start with TLS directly.
pub(crate) const ALPN: &[u8] = b"postgresql";

impl Tls {
    pub fn load(files: &TlsFiles) -> Result<Self> {
        let certificate =
            std::fs::read(&files.certificate).map_err(|e| bad(&files.certificate, e))?;
        let chain = CertificateDer::pem_slice_iter(&certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| bad(&files.certificate, e))?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|e| bad(&files.key, e))?;
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_protocol_versions(&[&TLS13, &TLS12])
                .map_err(|e| bad(&files.certificate, e))?
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .map_err(|e| bad(&files.certificate, e))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }
}

fn bad(file: &Path, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::invalid(format!("TLS cannot use {}: {cause}", file.display()))
        .hint("Give a PEM certificate chain and its private key.")
        .source(cause)
}
