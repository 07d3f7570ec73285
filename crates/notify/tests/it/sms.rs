//! SMS by a tenant's webhook.

use std::time::{Duration, Instant};

use mail_sim::SmsFault;
use notify::{Error, Failure, Language, Message, Notifier, Sms};
use outgoing::Policy;
use serde_json::json;

use crate::support::{NOW, SOON, Sink, allowing, gateway, sms, webhook};

#[tokio::test]
async fn a_message_arrives_signed_and_whole() {
    let (sim, sender) = gateway().await;
    sender.send(&webhook(&sim.url()), &sms(), NOW).await.unwrap();
    let received = sim.wait_for("+8613800138000", SOON).await.unwrap();
    assert_eq!((received.id.as_str(), received.timestamp), ("msg_1", NOW));
    assert_eq!(received.headers["user-agent"], "Hufu");
    let expected = json!({
        "id": "msg_1", "to": "+8613800138000", "code": "482913", "purpose": "sign_in",
        "text": "482913 is your Acme sign-in code, valid for 10 minutes. Don’t share it.",
        "language": "en", "tenant": "t_acme",
    });
    assert_eq!(received.body, expected);

    let notice = Message::SourceLinked { source: "企业微信扫码" };
    let notice = Sms::new("msg_2", "+8613800138000", "t_acme", Language::ZhCn, "Acme", &notice);
    sender.send(&webhook(&sim.url()), &notice, NOW).await.unwrap();
    let received = sim.wait_for("+8613800138000", SOON).await.unwrap();
    assert_eq!((received.text("purpose"), received.text("language")), ("source_linked", "zh-CN"));
    assert!(received.body.get("code").is_none());
}

#[tokio::test]
async fn the_gateway_refuses_what_another_secret_signed() {
    let (sim, sender) = gateway().await;
    let mut other = webhook(&sim.url());
    other.secret = notify::Webhook::secret_of(&[1; 32]);
    let error = sender.send(&other, &sms(), NOW).await.unwrap_err();
    assert!(matches!(error, Error::Refused(Failure::Http(401))), "{error:?}");
    other.secret = "whsec_AAAA".into();
    let error = sender.send(&other, &sms(), NOW).await.unwrap_err();
    assert!(matches!(error, Error::Refused(Failure::Secret)), "{error:?}");
    assert_eq!(sim.requests().len(), 1, "without a secret nothing is sent");
    sender.send(&webhook(&sim.url()), &sms(), NOW).await.unwrap();
}

#[tokio::test]
async fn p_answers_are_judged_by_their_status_alone() {
    let (sim, sender) = gateway().await;
    let sink = Sink::start().await;
    let webhook = webhook(&sim.url());
    for (status, temporary) in [
        (300, false),
        (400, false),
        (404, false),
        (410, false),
        (408, true),
        (429, true),
        (500, true),
        (503, true),
    ] {
        sim.inject(SmsFault::Status(status), Some(1));
        let error = sender.send(&webhook, &sms(), NOW).await.unwrap_err();
        assert_eq!(error.is_temporary(), temporary, "{status}");
        let (Error::Refused(Failure::Http(told)) | Error::Unavailable(Failure::Http(told))) = error
        else {
            panic!("{error:?}");
        };
        assert_eq!(told, status);
    }
    // The redirect leads where we may go, and is not followed all the same
    sim.inject(SmsFault::Redirect(format!("http://127.0.0.1:{}/", sink.port)), Some(1));
    let error = sender.send(&webhook, &sms(), NOW).await.unwrap_err();
    assert!(matches!(error, Error::Refused(Failure::Http(307))), "{error:?}");
    assert_eq!(sink.connections().await, 0);
    for fault in [SmsFault::Status(200), SmsFault::Status(202), SmsFault::Long(10_000_000)] {
        sim.inject(fault.clone(), Some(1));
        assert!(sender.send(&webhook, &sms(), NOW).await.is_ok(), "{fault:?}");
    }
}

#[tokio::test]
async fn p_a_receiver_that_hangs_costs_five_seconds_at_most() {
    let (sim, sender) = gateway().await;
    sim.inject(SmsFault::Hang, Some(1));
    let began = Instant::now();
    let error = sender.send(&webhook(&sim.url()), &sms(), NOW).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(Failure::TimedOut)), "{error:?}");
    assert!((4..7).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    sender.send(&webhook(&sim.url()), &sms(), NOW).await.unwrap();
}

#[tokio::test]
async fn numbers_and_ids_are_parsed() {
    let (sim, sender) = gateway().await;
    let webhook = webhook(&sim.url());
    let numbers = [
        "",
        "+",
        "13800138000",
        "+0138001380",
        "+86 138 0013 8000",
        "+8613800138000\r\n",
        "+1234567",
        "+1234567890123456",
        "+８６１３８００１３８０",
        "tel:+8613800138000",
    ];
    for to in numbers {
        let error = sender.send(&webhook, &Sms { to: to.into(), ..sms() }, NOW).await.unwrap_err();
        assert!(matches!(error, Error::BadAddress), "{to:?}: {error:?}");
    }
    for id in ["", "a.b", "a b", "a\r\nx: y", "号"] {
        let error = sender.send(&webhook, &Sms { id: id.into(), ..sms() }, NOW).await.unwrap_err();
        assert!(matches!(error, Error::Refused(Failure::Message("id"))), "{id:?}: {error:?}");
    }
    assert!(sim.requests().is_empty());
    for to in ["+12345678", "+123456789012345"] {
        sender.send(&webhook, &Sms { to: to.into(), ..sms() }, NOW).await.unwrap();
    }
}

#[tokio::test]
async fn the_notifier_knows_what_is_configured() {
    let none = Notifier::new(None, &Policy::default()).unwrap();
    assert!(!none.has_mail());
    let mail = crate::support::code_mail("a@x.example");
    assert!(matches!(none.mail(&mail).await, Err(Error::NotConfigured)));
    assert!(matches!(none.sms(None, &sms(), NOW).await, Err(Error::NotConfigured)));

    let (mails, (texts, _)) = (mail_sim::MailSim::start().await.unwrap(), gateway().await);
    let mailer = crate::support::mailer(&mails);
    let both = Notifier::new(Some(mailer), &allowing(&["127.0.0.0/8"])).unwrap().clone();
    assert!(both.has_mail());
    both.mail(&mail).await.unwrap();
    both.sms(Some(&webhook(&texts.url())), &sms(), NOW).await.unwrap();
    assert!(mails.wait_for("a@x.example", SOON).await.is_some());
    assert!(texts.wait_for("+8613800138000", Duration::ZERO).await.is_some());
}
