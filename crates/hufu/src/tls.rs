//! TLS by ourselves, where no proxy does it: version 1.3, and of 1.2 the four suites with forward
//! secrecy and AES-GCM (BCP 195, FAPI 2.0 §5.2).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::cipher_suite::{
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256,
};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use tokio::task::JoinHandle;
use webpki::EndEntityCert;

use crate::settings::CertificateFiles;

/// How often the files are read again.
const READ_AGAIN: Duration = Duration::from_mins(1);

/// Certificates by the names that they are for, as the files have them.
pub(crate) struct Certificates {
    files: Vec<CertificateFiles>,
    by_name: RwLock<Names>,
}

type Names = HashMap<String, Arc<CertifiedKey>>;

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Reads the files. Any that is not usable is an error.
    pub(crate) fn read(files: &[CertificateFiles]) -> Result<Arc<Self>> {
        let by_name = RwLock::new(names(files)?);
        Ok(Arc::new(Self { files: files.to_vec(), by_name }))
    }

    /// What a listener needs.
    pub(crate) fn server_config(self: &Arc<Self>) -> Result<ServerConfig> {
        let config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth();
        Ok(config.with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>))
    }

    /// Reads the files again and again: whoever renews certificates need not restart us. Files that
    /// are not usable leave the certificates as they were.
    pub(crate) fn keep_fresh(self: Arc<Self>) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(READ_AGAIN);
            tick.tick().await;
            loop {
                tick.tick().await;
                let certificates = Arc::clone(&self);
                let read = tokio::task::spawn_blocking(move || certificates.read_again()).await;
                if let Ok(Err(error)) = read {
                    tracing::error!(error = format!("{error:#}"), "certificates stay as they were");
                }
            }
        })
    }

    fn read_again(&self) -> Result<()> {
        let fresh = names(&self.files)?;
        *self.by_name.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The certificate for a name: its own, or one for all names of that level (RFC 9525 §6.3).
    fn find(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let by_name = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        let wildcard = || by_name.get(&format!("*.{}", name.split_once('.')?.1));
        by_name.get(name).or_else(wildcard).cloned()
    }
}

impl ResolvesServerCert for Certificates {
    /// A name that no certificate is for gets none: the handshake ends there.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.find(&hello.server_name()?.to_ascii_lowercase())
    }
}

fn provider() -> CryptoProvider {
    let cipher_suites = vec![
        TLS13_AES_256_GCM_SHA384,
        TLS13_AES_128_GCM_SHA256,
        TLS13_CHACHA20_POLY1305_SHA256,
        TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ];
    CryptoProvider { cipher_suites, ..aws_lc_rs::default_provider() }
}

fn names(files: &[CertificateFiles]) -> Result<Names> {
    let mut by_name = Names::new();
    for files in files {
        let key = certified(files).with_context(|| {
            format!("server.tls: {} is not usable", files.certificate_file.display())
        })?;
        for name in names_of(&key)? {
            by_name.insert(name, Arc::clone(&key));
        }
    }
    Ok(by_name)
}

/// A certificate with its chain and its key, which have to belong together.
fn certified(files: &CertificateFiles) -> Result<Arc<CertifiedKey>> {
    let chain = CertificateDer::pem_file_iter(&files.certificate_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .context("it cannot be read as PEM")?;
    ensure!(!chain.is_empty(), "there is no certificate in it");
    let key = PrivateKeyDer::from_pem_file(&files.key_file)
        .with_context(|| format!("{} cannot be read as PEM", files.key_file.display()))?;
    let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .context("the key is none, or another certificate's")?;
    Ok(Arc::new(key))
}

/// The names that a certificate is for, lower case.
fn names_of(key: &CertifiedKey) -> Result<Vec<String>> {
    let first = key.cert.first().context("there is no certificate in it")?;
    let certificate = EndEntityCert::try_from(first).context("it is not an X.509 certificate")?;
    let names: Vec<_> = certificate.valid_dns_names().map(str::to_ascii_lowercase).collect();
    ensure!(!names.is_empty(), "the certificate names no host (subjectAltName)");
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn write(folder: &Path, name: &str) -> (CertificateFiles, CertificateDer<'static>) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let files = CertificateFiles {
            certificate_file: folder.join("tls.crt"),
            key_file: folder.join("tls.key"),
        };
        fs::write(&files.certificate_file, made.cert.pem()).unwrap();
        fs::write(&files.key_file, made.signing_key.serialize_pem()).unwrap();
        (files, made.cert.der().clone())
    }

    #[test]
    fn renewed_certificates_are_taken_and_broken_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (files, old) = write(folder.path(), "login.example");
        let certificates = Certificates::read(&[files]).unwrap();
        let shown = |name: &str| certificates.find(name).map(|key| key.cert[0].clone());
        assert_eq!(shown("login.example"), Some(old));
        let (files, new) = write(folder.path(), "login.example");
        certificates.read_again().unwrap();
        assert_eq!(shown("login.example"), Some(new.clone()));
        fs::write(&files.key_file, "half a ke").unwrap();
        assert!(certificates.read_again().is_err());
        assert_eq!(shown("login.example"), Some(new), "as it was");
        assert_eq!(shown("other.example"), None);
        let (_, wild) = write(folder.path(), "*.login.example");
        certificates.read_again().unwrap();
        assert_eq!(shown("acme.login.example"), Some(wild));
        for other in ["login.example", "a.b.login.example", "*.login.example.", ""] {
            assert_eq!(shown(other), None, "{other}");
        }
    }
}
