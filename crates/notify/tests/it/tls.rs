//! Mail over TLS: the certificate counts, and there is no way back to clear text.

use std::sync::Arc;

use mail_sim::{MailSim, Settings};
use notify::{Error, Failure, MailSettings, Mailer, Security};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use crate::support::{SOON, code_mail, settings};

/// A relay behind TLS: the port, and the certificate (PEM) of `localhost`.
struct Front {
    port: u16,
    certificate: String,
}

impl Front {
    async fn start(sim: &MailSim, security: Security) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let back = sim.port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that does not trust us hangs up
                drop(tokio::spawn(pass(stream, acceptor.clone(), back, security)));
            }
        });
        Self { port, certificate: made.cert.pem() }
    }

    fn mailer(&self, security: Security, trusted: bool, host: &str) -> Mailer {
        Mailer::new(MailSettings {
            host: host.to_owned(),
            port: self.port,
            security,
            authority: trusted.then(|| self.certificate.clone()),
            username: Some("hufu".into()),
            password: Some("right".into()),
            ..settings(1)
        })
        .unwrap()
    }
}

/// Leads one connection through TLS to the relay.
async fn pass(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    back: u16,
    security: Security,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut relay = BufReader::new(TcpStream::connect(("127.0.0.1", back)).await?);
    if security == Security::StartTls {
        stream.write_all(b"220 front\r\n").await?;
        for answer in ["250-front\r\n250 STARTTLS\r\n", "220 go ahead\r\n"] {
            stream.read_line(&mut String::new()).await?;
            stream.write_all(answer.as_bytes()).await?;
        }
        // After TLS the client says EHLO again, without a new greeting
        relay.read_line(&mut String::new()).await?;
    }
    let mut secure = acceptor.accept(stream).await?;
    tokio::io::copy_bidirectional(&mut secure, &mut relay).await.map(drop)
}

async fn relay() -> MailSim {
    let account = Some(("hufu".to_owned(), "right".to_owned()));
    MailSim::start_with(Settings { port: 0, account }).await.unwrap()
}

#[tokio::test]
async fn mail_goes_over_tls_to_a_relay_whose_certificate_is_right() {
    for security in [Security::Tls, Security::StartTls] {
        let sim = relay().await;
        let front = Front::start(&sim, security).await;
        for (trusted, host) in [(false, "localhost"), (true, "127.0.0.1")] {
            let error = front.mailer(security, trusted, host).send(&code_mail("a@x.example")).await;
            let error = error.unwrap_err();
            assert!(matches!(error, Error::Unavailable(Failure::Tls(_))), "{error:?}");
        }
        assert!(sim.commands().is_empty(), "{:?}", sim.commands());
        let mailer = front.mailer(security, true, "localhost");
        mailer.send(&code_mail("a@x.example")).await.unwrap();
        assert!(sim.wait_for("a@x.example", SOON).await.is_some());
    }
}

#[tokio::test]
async fn p_a_relay_without_starttls_gets_nothing() {
    let sim = relay().await;
    let mailer = Mailer::new(MailSettings {
        security: Security::StartTls,
        username: Some("hufu".into()),
        password: Some("right".into()),
        ..settings(sim.port())
    })
    .unwrap();
    let error = mailer.send(&code_mail("a@x.example")).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(Failure::Capability)), "{error:?}");
    let said = sim.commands();
    assert!(said.iter().all(|said| said.starts_with("EHLO") || said == "QUIT"), "{said:?}");
    // Positive control: the relay itself works
    let mailer = Mailer::new(MailSettings {
        username: Some("hufu".into()),
        password: Some("right".into()),
        ..settings(sim.port())
    });
    mailer.unwrap().send(&code_mail("a@x.example")).await.unwrap();
}
