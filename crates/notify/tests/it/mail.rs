//! Mail through a relay.

use std::{sync::Arc, time::Instant};

use mail_sim::{Fault, MailSim, Settings};
use notify::{Error, Failure, Mail, MailSettings, Mailer, Security};

use crate::support::{SOON, code_mail, mailer, settings};

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let sim = MailSim::start().await.unwrap();
    let mail = code_mail("zhang.san@acme.example");
    mailer(&sim).send(&mail).await.unwrap();
    let received = sim.wait_for(&mail.to, SOON).await.unwrap();
    assert_eq!(received.from, "no-reply@login.example.com");
    assert_eq!(received.subject, mail.subject);
    // The line breaks of mail are CRLF
    assert_eq!(received.text.replace("\r\n", "\n").trim_end(), mail.text.trim_end());
    assert_eq!(received.html.replace("\r\n", "\n").trim_end(), mail.html.trim_end());
    assert_eq!(received.code(6).as_deref(), Some("482913"));

    let one = |name: &str| match received.headers(name).as_slice() {
        [value] => value.clone(),
        values => panic!("{name}: {values:?}"),
    };
    assert_eq!(one("Auto-Submitted"), "auto-generated");
    assert_eq!(one("To"), "zhang.san@acme.example");
    assert!(one("From").ends_with("<no-reply@login.example.com>"));
    assert!(one("Content-Type").starts_with("multipart/alternative;"));
    assert!(one("Date").ends_with("+0000"));
    let id = one("Message-ID");
    assert!(id.starts_with('<') && id.ends_with("@login.example.com>") && id.len() > 50, "{id}");
    let raw = String::from_utf8(received.raw.clone()).unwrap();
    let (plain, html) = (raw.find("text/plain").unwrap(), raw.find("text/html").unwrap());
    assert!(plain < html, "the best alternative comes last (RFC 2046, 5.1.4)");
    assert!(raw.is_ascii() && raw.lines().all(|line| line.len() <= 998));
    assert_eq!(sim.commands()[0], "EHLO login.example.com");
}

#[tokio::test]
async fn one_connection_serves_many_mails_and_few_serve_a_crowd() {
    let sim = MailSim::start().await.unwrap();
    let mailer = Arc::new(mailer(&sim));
    for _ in 0..3 {
        mailer.send(&code_mail("a@x.example")).await.unwrap();
    }
    assert_eq!(sim.connections(), 1);
    let mut crowd = tokio::task::JoinSet::new();
    for n in 0..40 {
        let mailer = Arc::clone(&mailer);
        crowd.spawn(async move { mailer.send(&code_mail(&format!("u{n}@x.example"))).await });
    }
    assert!(crowd.join_all().await.iter().all(Result::is_ok));
    assert_eq!(sim.messages().len(), 43);
    assert!(sim.connections() <= 4, "{}", sim.connections());
}

#[tokio::test]
async fn refused_and_postponed_recipients_are_told_apart() {
    let sim = MailSim::start().await.unwrap();
    let (mailer, mail) = (mailer(&sim), code_mail("a@x.example"));
    sim.inject(Fault::RefuseRecipient, Some(1));
    let error = mailer.send(&mail).await.unwrap_err();
    assert!(matches!(error, Error::Refused(Failure::Smtp(550))), "{error:?}");
    assert!(!error.is_temporary());
    sim.inject(Fault::Greylist, Some(1));
    let error = mailer.send(&mail).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(Failure::Smtp(451))), "{error:?}");
    assert!(error.is_temporary());
    sim.inject(Fault::Drop, Some(1));
    let error = mailer.send(&mail).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert!(sim.messages().is_empty());
    mailer.send(&mail).await.unwrap();
}

#[tokio::test]
async fn a_relay_that_hangs_costs_the_time_that_was_set() {
    let sim = MailSim::start().await.unwrap();
    let timeout = std::time::Duration::from_millis(400);
    let mailer = Mailer::new(MailSettings { timeout, ..settings(sim.port()) }).unwrap();
    for fault in [Fault::Hang, Fault::LoseReply] {
        sim.inject(fault, Some(1));
        let began = Instant::now();
        let error = mailer.send(&code_mail("a@x.example")).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(Failure::TimedOut)), "{error:?}");
        assert!(began.elapsed() < timeout * 3);
    }
    mailer.send(&code_mail("a@x.example")).await.unwrap();
}

/// The next mail must not read the answers of the one that was given up.
#[tokio::test]
async fn a_mail_given_up_half_way_does_not_disturb_the_next() {
    let sim = MailSim::start().await.unwrap();
    let mailer = mailer(&sim);
    mailer.send(&code_mail("first@x.example")).await.unwrap();
    for pause in (0..60).map(|n| std::time::Duration::from_micros(n * 50)) {
        // Dropped after a while, somewhere between two commands
        let given_up = code_mail("given-up@x.example");
        let _ = tokio::time::timeout(pause, mailer.send(&given_up)).await;
        sim.inject(Fault::RefuseRecipient, None);
        let error = mailer.send(&code_mail("refused@x.example")).await.unwrap_err();
        assert!(matches!(error, Error::Refused(Failure::Smtp(550))), "{error:?}");
        sim.clear_faults();
        mailer.send(&code_mail("next@x.example")).await.unwrap();
        assert!(sim.wait_for("next@x.example", SOON).await.is_some());
    }
}

#[tokio::test]
async fn the_account_is_used_and_a_wrong_one_is_not_the_recipients_fault() {
    let account = Some(("hufu".to_owned(), "right".to_owned()));
    let sim = MailSim::start_with(Settings { port: 0, account }).await.unwrap();
    let with = |password: &str| {
        let username = Some("hufu".to_owned());
        let password = Some(password.into());
        Mailer::new(MailSettings { username, password, ..settings(sim.port()) }).unwrap()
    };
    let mail = code_mail("a@x.example");
    let error = with("wrong").send(&mail).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(Failure::Relay(535))), "{error:?}");
    let error = mailer(&sim).send(&mail).await.unwrap_err();
    assert!(matches!(error, Error::Refused(Failure::Smtp(530))), "{error:?}");
    with("right").send(&mail).await.unwrap();
    assert_eq!(sim.messages().len(), 1);
}

#[tokio::test]
async fn p_nothing_gets_into_the_headers_or_the_envelope() {
    let sim = MailSim::start().await.unwrap();
    let mailer = mailer(&sim);
    let addresses = [
        "",
        "a",
        "a@",
        "@x.example",
        "a@x.example\r\nBcc: b@y.example",
        "a@x.example\n",
        "\ra@x.example",
        "a@x.example, b@y.example",
        "a@x.example;b@y.example",
        "a@x.example b@y.example",
        "B <a@x.example>",
        "a@x.example> SIZE=1",
        "<a@x.example>",
        "a@x.example\0",
        "a b@x.example",
        "\"a\r\nDATA\"@x.example",
        "a@x.example\u{2028}b",
        "a@x..example",
        "a@b@c.example",
        &format!("a@{}.example", "x".repeat(260)),
    ];
    for to in addresses {
        let error = mailer.send(&code_mail(to)).await.unwrap_err();
        assert!(matches!(error, Error::BadAddress), "{to:?}: {error:?}");
    }
    for subject in [
        "Hi\r\nBcc: b@y.example",
        "Hi\nX: 1",
        "Hi\rX: 1",
        "Hi\r\n\r\nbody",
        "=?utf-8?q?a=0Ab?=",
        "a\0b",
        "=?utf-8?q?a=0Ab?=",
    ] {
        let mail = Mail { subject: subject.to_owned(), ..code_mail("a@x.example") };
        let error = mailer.send(&mail).await.unwrap_err();
        assert!(matches!(error, Error::Refused(Failure::Message("subject"))), "{subject:?}");
    }
    assert_eq!(sim.connections(), 0, "refused before anything is said");

    // Positive control: what merely looks odd is carried whole, and a dot alone ends nothing
    let subject = format!("Bcc: b@y.example = ?utf-8?q?x?= 虎符 «é» {}", "long ".repeat(60));
    let text = "one\n.\nMAIL FROM:<b@y.example>\n..two\nFrom me\n";
    let mail = Mail { subject, text: text.to_owned(), ..code_mail("o'brien+tag@x.example") };
    mailer.send(&mail).await.unwrap();
    let received = sim.wait_for(&mail.to, SOON).await.unwrap();
    assert_eq!(received.subject, mail.subject.trim_end());
    assert_eq!(received.text.replace("\r\n", "\n").trim_end(), text.trim_end());
    assert!(received.headers("Bcc").is_empty() && sim.messages().is_empty());
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_once() {
    let refuse = |change: fn(&mut MailSettings)| {
        let mut settings = settings(25);
        change(&mut settings);
        assert!(matches!(Mailer::new(settings), Err(Error::Settings(_))));
    };
    refuse(|settings| settings.from = "Acme\r\nBcc: x <a@x.example>".into());
    refuse(|settings| settings.from = "nobody".into());
    refuse(|settings| settings.host = String::new());
    refuse(|settings| settings.port = 0);
    refuse(|settings| settings.username = Some("hufu".into()));
    refuse(|settings| {
        // A password in the clear over the network
        settings.host = "mail.example.com".into();
        (settings.username, settings.password) = (Some("hufu".into()), Some("x".into()));
    });
    refuse(|settings| {
        settings.security = Security::Tls;
        settings.authority =
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".into());
    });
    assert!(Mailer::new(settings(25)).is_ok());
}
