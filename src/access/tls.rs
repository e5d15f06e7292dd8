//! TLS for a front: rustls, TLS 1.2 or later, one protocol by ALPN.

use std::path::Path;
use std::sync::Arc;

use lakegate_base::{Error, Result};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::options::TlsFiles;

/// What every TLS connection needs.
pub struct Tls {
    pub config: Arc<ServerConfig>,
    /// The chain as PEM text: SCRAM binds a login to its first certificate.
    pub certificate: Vec<u8>,
}

impl Tls {
    /// `protocol` is the front's name in ALPN.
    pub fn load(files: &TlsFiles, protocol: &[u8]) -> Result<Self> {
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
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(Self { config: Arc::new(config), certificate })
    }
}

fn bad(file: &Path, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::invalid(format!("TLS cannot use {}: {cause}", file.display()))
        .hint("Give a PEM certificate chain and its private key.")
        .source(cause)
}
