//! TLS by ourselves: versions and suites, names, and settings that are wrong.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use e2e::{Backend, World};
use hufu::node::Node;
use hufu::settings::{CertificateFiles, Scheme, Settings};
use rcgen::{
    CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SignatureAlgorithm,
};
use store::Env;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    CipherSuite, ClientConfig, ProtocolVersion, RootCertStore, SupportedCipherSuite,
    SupportedProtocolVersion,
};

/// A certificate in files.
struct Made {
    files: CertificateFiles,
    der: CertificateDer<'static>,
}

fn make(folder: &Path, stem: &str, names: &[&str], by: &'static SignatureAlgorithm) -> Made {
    let key = KeyPair::generate_for(by).unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    let path = |end: &str| folder.join(format!("{stem}.{end}"));
    let files = CertificateFiles { certificate_file: path("crt"), key_file: path("key") };
    fs::write(&files.certificate_file, certificate.pem()).unwrap();
    fs::write(&files.key_file, key.serialize_pem()).unwrap();
    Made { files, der: certificate.der().clone() }
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    host.split(':').next().unwrap()
}

/// A node of a deployment that ends TLS by itself, and what a client trusts.
struct Secured {
    world: World,
    node: Node,
    roots: Arc<RootCertStore>,
    host: String,
    _folder: TempDir,
}

impl Secured {
    async fn start() -> Self {
        let world = World::start(Backend::Sqlite).await;
        let tenant = world.tenant("acme").await;
        let folder = tempfile::tempdir().unwrap();
        let made = [
            make(folder.path(), "rsa", &[name_of(&tenant.host)], &PKCS_RSA_SHA256),
            make(
                folder.path(),
                "ecdsa",
                &["*.sso.example", "sso.example"],
                &PKCS_ECDSA_P256_SHA256,
            ),
        ];
        let mut roots = RootCertStore::empty();
        for made in &made {
            roots.add(made.der.clone()).unwrap();
        }
        let mut settings = world.settings().clone();
        settings.server.scheme = Scheme::Https;
        settings.server.tls = made.into_iter().map(|made| made.files).collect();
        let node = Node::start(&settings, Env::system()).await.unwrap();
        let host = tenant.host.clone();
        Self { world, node, roots: Arc::new(roots), host, _folder: folder }
    }

    /// Asks for the metadata of the tenant over a connection to this name.
    async fn ask(
        &self,
        name: &str,
        version: &'static SupportedProtocolVersion,
        suites: &[SupportedCipherSuite],
    ) -> std::io::Result<(ProtocolVersion, CipherSuite, String)> {
        let provider =
            CryptoProvider { cipher_suites: suites.to_vec(), ..aws_lc_rs::default_provider() };
        let config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth();
        let stream = TcpStream::connect(self.node.address).await?;
        let connector = TlsConnector::from(Arc::new(config));
        let mut stream = connector.connect(name.to_owned().try_into().unwrap(), stream).await?;
        let request = format!(
            "GET /oidc/.well-known/openid-configuration HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.host
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (_, session) = stream.get_ref();
        let suite = session.negotiated_cipher_suite().unwrap().suite();
        Ok((session.protocol_version().unwrap(), suite, answer))
    }

    async fn stop(self) {
        self.node.stop(false).await;
        self.world.stop().await;
    }
}

/// The suites of a version that the client's library has.
fn suites(version: &'static SupportedProtocolVersion) -> Vec<SupportedCipherSuite> {
    let all = aws_lc_rs::ALL_CIPHER_SUITES.iter().copied();
    all.filter(|suite| suite.version().version == version.version).collect()
}

#[tokio::test]
async fn only_what_is_strong_is_spoken() {
    let secured = Secured::start().await;
    let (rsa, ecdsa) = (name_of(&secured.host), "sso.example");
    let (version, _, answer) = secured.ask(rsa, &TLS13, &suites(&TLS13)).await.unwrap();
    assert_eq!(version, ProtocolVersion::TLSv1_3);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(&format!("\"issuer\":\"https://{}/oidc\"", secured.host)), "{answer}");
    // TLS 1.2, suite by suite.
    let mut spoken = Vec::new();
    for suite in suites(&TLS12) {
        let name = if format!("{:?}", suite.suite()).contains("_RSA_") { rsa } else { ecdsa };
        match secured.ask(name, &TLS12, &[suite]).await {
            Ok((version, negotiated, answer)) => {
                assert_eq!((version, negotiated), (ProtocolVersion::TLSv1_2, suite.suite()));
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                spoken.push(negotiated);
            }
            Err(error) => assert!(error.to_string().contains("HandshakeFailure"), "{error}"),
        }
    }
    spoken.sort_by_key(|suite| u16::from(*suite));
    let strong = [
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ];
    assert_eq!(spoken, strong);
    assert!(suites(&TLS12).len() > strong.len(), "the client's library has weaker ones to refuse");
    // TLS 1.1 and 1.0 end there.
    for version in [2, 1] {
        let [kind, level, alert] = hello(&secured, version).await;
        assert_eq!((kind, level), (0x15, 2), "a fatal alert");
        assert!([40, 70].contains(&alert), "handshake_failure or protocol_version: {alert}");
    }
    secured.stop().await;
}

/// What a client of TLS 1.`version - 1` is told: type of the record, level and description of the
/// alert (RFC 8446 §6).
async fn hello(secured: &Secured, version: u8) -> [u8; 3] {
    // ClientHello of RFC 4346 §7.4.1.2: version, random, no session, one suite, no compression.
    let mut body = vec![3, version];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0xc0, 0x13, 1, 0]);
    let length = u8::try_from(body.len()).unwrap();
    let mut record = vec![0x16, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(body);
    let mut stream = TcpStream::connect(secured.node.address).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut alert = [0; 7];
    stream.read_exact(&mut alert).await.unwrap();
    [alert[0], alert[5], alert[6]]
}

#[tokio::test]
async fn a_name_without_a_certificate_gets_none() {
    let secured = Secured::start().await;
    let all = suites(&TLS13);
    for name in ["elsewhere.example", "a.b.sso.example", "example", "127.0.0.1"] {
        assert!(secured.ask(name, &TLS13, &all).await.is_err(), "{name}");
    }
    for name in ["acme.sso.example", "sso.example", name_of(&secured.host)] {
        let (_, _, answer) = secured.ask(name, &TLS13, &all).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{name}: {answer}");
    }
    secured.stop().await;
}

#[test]
fn settings_that_cannot_be_used_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let one = make(folder.path(), "one", &["one.example"], &PKCS_ECDSA_P256_SHA256).files;
    let other = make(folder.path(), "other", &["other.example"], &PKCS_ECDSA_P256_SHA256).files;
    let read = |certificate: &Path, key: &Path, scheme: &str| {
        Settings::parse(&format!(
            "[server]\nconsole_host = 'console.localhost'\nscheme = '{scheme}'\n\
             [[server.tls]]\ncertificate_file = '{}'\nkey_file = '{}'\n\
             [database]\nurl = 'sqlite::memory:'\n\
             [secrets]\noperator_key = '0123456789abcdef0123456789ABCDEF'\n\
             keys = [{{ id = 'a', key = 'lGXOeCo4fO+8C4min0Xe6hnYBz2qFCKWADqEu2pF844=' }}]\n",
            certificate.display(),
            key.display(),
        ))
    };
    let refused = |certificate: &Path, key: &Path, scheme: &str| {
        format!("{:#}", read(certificate, key, scheme).unwrap_err())
    };
    let gone = folder.path().join("gone.pem");
    let (certificate, key) = (&one.certificate_file, &one.key_file);
    for (said, part) in [
        (refused(&gone, key, "https"), "gone.pem is not usable"),
        (refused(certificate, &gone, "https"), "gone.pem cannot be read as PEM"),
        (
            refused(certificate, &other.key_file, "https"),
            "the key is none, or another certificate's",
        ),
        (refused(key, key, "https"), "there is no certificate in it"),
        (refused(certificate, key, "http"), "server.tls is there although server.scheme is http"),
    ] {
        assert!(said.contains(part), "{said}");
    }
    read(certificate, key, "https").unwrap();
}
