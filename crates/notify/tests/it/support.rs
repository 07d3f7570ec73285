//! Relays, listeners and settings that several tests share.

use std::{
    net::Ipv6Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mail_sim::{MailSim, SmsSim};
use notify::{Language, Mail, MailSettings, Mailer, Message, Security, Sender, Sms, Webhook};
use outgoing::Policy;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

pub(crate) const SOON: Duration = Duration::from_secs(5);
pub(crate) const SECRET: &str = "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5";
pub(crate) const NOW: i64 = 1_800_000_000;

/// Settings for a relay on `port` of loopback, without account and TLS.
pub(crate) fn settings(port: u16) -> MailSettings {
    MailSettings {
        host: "127.0.0.1".into(),
        port,
        security: Security::None,
        authority: None,
        username: None,
        password: None,
        from: "Hufu 虎符 <no-reply@login.example.com>".into(),
        timeout: SOON,
    }
}

pub(crate) fn mailer(sim: &MailSim) -> Mailer {
    Mailer::new(settings(sim.port())).unwrap()
}

/// A mail with a code, to `to`.
pub(crate) fn code_mail(to: &str) -> Mail {
    let message = Message::SignInCode { code: "482913", minutes: 10 };
    notify::mail(Language::ZhCn, "Acme", &message).to(to)
}

pub(crate) fn sms() -> Sms {
    let message = Message::SignInCode { code: "482913", minutes: 10 };
    Sms::new("msg_1", "+8613800138000", "t_acme", Language::En, "Acme", &message)
}

pub(crate) fn webhook(url: &str) -> Webhook {
    Webhook { url: url.to_owned(), secret: SECRET.into() }
}

/// A policy that allows these networks besides the internet.
pub(crate) fn allowing(networks: &[&str]) -> Policy {
    Policy { allow: networks.iter().map(|network| network.parse().unwrap()).collect() }
}

/// A gateway, and a sender that may call 127.0.0.1.
pub(crate) async fn gateway() -> (SmsSim, Sender) {
    let sim = SmsSim::start(0, SECRET).await.unwrap();
    (sim, Sender::new(&allowing(&["127.0.0.1/32"])).unwrap())
}

/// Listens on one port of every address of this machine, IPv4 and IPv6, counts, and answers 204.
pub(crate) struct Sink {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                if stream.read(&mut [0; 4096]).await.unwrap_or(0) > 0 {
                    let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                    let _ = stream.write_all(answer).await;
                }
            }
        });
        Self { port, connections }
    }

    /// How many connections have been accepted, after a moment for one that is on its way.
    pub(crate) async fn connections(&self) -> usize {
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.connections.load(Ordering::SeqCst)
    }
}

/// Everything that an error tells: its own words, those of its sources, and `Debug`.
pub(crate) fn everything(error: &dyn std::error::Error) -> String {
    let mut told = format!("{error:?}");
    let mut next = Some(error);
    while let Some(error) = next {
        told = format!("{told}\n{error}");
        next = error.source();
    }
    told
}
