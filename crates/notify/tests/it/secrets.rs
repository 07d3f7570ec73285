//! Canaries: no error, no log line and no `Debug` holds a person, a code or a secret.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use mail_sim::{Fault, MailSim, Settings, SmsFault};
use notify::{Error, MailSettings, Mailer, Sms};
use tracing::subscriber::DefaultGuard;

use crate::support::{NOW, code_mail, everything, gateway, settings, sms, webhook};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// What this thread logs from now on, until the guard is dropped.
    fn begin() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }
}

fn assert_clean(text: &str) {
    for forbidden in ["canary", "482913", "whsec", "+86138", "Acme", "token="] {
        let line = text.lines().find(|line| line.contains(forbidden));
        assert_eq!(line, None, "{forbidden} is told");
    }
}

/// Every way in which a mail fails, told by a relay that quotes.
async fn failed_mails() -> Vec<Error> {
    let account = Some(("canary-user".to_owned(), "canary-right".to_owned()));
    let locked = MailSim::start_with(Settings { port: 0, account }).await.unwrap();
    let open = MailSim::start().await.unwrap();
    let build = |port, password: Option<&str>| {
        let timeout = Duration::from_millis(300);
        let username = password.map(|_| "canary-user".to_owned());
        let password = password.map(Into::into);
        Mailer::new(MailSettings { timeout, username, password, ..settings(port) }).unwrap()
    };
    let mail = code_mail("canary@x.example");
    let mut errors = Vec::new();
    errors.extend(build(locked.port(), Some("canary-wrong")).send(&mail).await.err());
    errors.extend(build(locked.port(), None).send(&mail).await.err());
    // A free port, most likely; nobody listens on port 1
    errors.extend(build(1, None).send(&mail).await.err());
    let mailer = build(open.port(), None);
    errors.extend(mailer.send(&code_mail("canary canary@x.example")).await.err());
    errors.extend(mailer.send(&code_mail("canär@x.example")).await.err());
    for fault in
        [Fault::RefuseRecipient, Fault::Greylist, Fault::Hang, Fault::LoseReply, Fault::Drop]
    {
        open.inject(fault, Some(1));
        errors.extend(build(open.port(), None).send(&mail).await.err());
        open.clear_faults();
    }
    errors
}

async fn failed_texts() -> Vec<Error> {
    let (sim, sender) = gateway().await;
    let good = format!("{}?token=canary-token", sim.url());
    let mut errors = Vec::new();
    for fault in [SmsFault::Status(500), SmsFault::Status(400), SmsFault::Redirect(good.clone())] {
        sim.inject(fault, Some(1));
        errors.extend(sender.send(&webhook(&good), &sms(), NOW).await.err());
    }
    for url in [
        "http://127.0.0.1:1/canary?token=canary-token",
        "http://127.0.0.1:1025/canary?token=canary-token",
        "https://canary:canary@hooks.acme.com/",
        "http://canary-nowhere.localhost.invalid:1025/?token=canary-token",
        &good.replace("http:", "https:"),
    ] {
        errors.extend(sender.send(&webhook(url), &sms(), NOW).await.err());
    }
    let to = "+86138canary".to_owned();
    errors.extend(sender.send(&webhook(&good), &Sms { to, ..sms() }, NOW).await.err());
    let mut unusable = webhook(&good);
    unusable.secret = "whsec_canary".into();
    errors.extend(sender.send(&unusable, &sms(), NOW).await.err());
    errors
}

#[tokio::test]
async fn no_error_and_no_log_line_tells_a_person_a_code_or_a_secret() {
    let (log, _guard) = Log::begin();
    let (mails, texts) = (failed_mails().await, failed_texts().await);
    assert_eq!((mails.len(), texts.len()), (10, 10), "{mails:?} {texts:?}");
    for error in mails.iter().chain(&texts) {
        assert_clean(&everything(error));
    }
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    let ours: String = log.lines().filter(|line| line.contains(" notify")).collect();
    assert_clean(&ours);
    // Libraries may log a host, and no more
    for forbidden in ["482913", "whsec", "+86138", "token=", "canary@", "canary-right"] {
        assert!(!log.contains(forbidden), "{forbidden} is logged");
    }
    // The log is there, and tells what it should
    assert!(
        ours.contains("cause=SMTP code 550") && ours.contains("cause=HTTP status 500"),
        "{ours}"
    );
}

#[test]
fn what_holds_a_person_or_a_code_does_not_show_it() {
    let mail = code_mail("canary@x.example");
    let password = Some("canary".into());
    let settings = MailSettings { username: Some("u".into()), password, ..settings(25) };
    let message = notify::Message::SignInCode { code: "482913", minutes: 1 };
    let parts = notify::mail(notify::Language::En, "Acme", &message);
    let told = format!(
        "{mail:?}{parts:?}{settings:?}{:?}{message:?}{:?}",
        sms(),
        webhook("https://hooks.example.com")
    );
    assert_clean(&told);
    assert!(told.contains("sign_in") && told.contains("msg_1"));
}
