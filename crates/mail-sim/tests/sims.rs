//! The simulators speak their protocols by hand-written clients.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use mail_sim::{Fault, MailSim, Settings, SmsFault, SmsSim};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

const SOON: Duration = Duration::from_secs(5);

/// Says each line when the answer to the one before is complete; the codes of the answers.
async fn converse(sim: &MailSim, lines: &[&str]) -> Vec<u16> {
    let stream = TcpStream::connect(("127.0.0.1", sim.port())).await.unwrap();
    let mut stream = BufReader::new(stream);
    let mut codes = vec![code(&mut stream).await];
    for line in lines {
        stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        codes.push(code(&mut stream).await);
    }
    codes
}

/// 0 when the connection has ended.
async fn code(stream: &mut BufReader<TcpStream>) -> u16 {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return 0;
        }
        if line.as_bytes()[3] == b' ' {
            return line[..3].parse().unwrap();
        }
    }
}

const MAIL: &str = "From: a@x.example\r\nTo: b@y.example\r\nSubject: =?utf-8?b?5L2g5aW9?=\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    5Luj56CBIDQ4MjkxMw==\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>=E4=BD=A0</p>\r\n..dot\r\n--b--\r\n.";

#[tokio::test]
async fn a_mail_is_kept_decoded_and_taken_once() {
    let sim = MailSim::start().await.unwrap();
    let lines =
        ["EHLO x", "MAIL FROM:<a@x.example> SIZE=9", "RCPT TO:<b@y.example>", "DATA", MAIL, "QUIT"];
    assert_eq!(converse(&sim, &lines).await, [220, 250, 250, 250, 354, 250, 221]);
    let mail = sim.wait_for("B@y.example", SOON).await.unwrap();
    assert_eq!((mail.from.as_str(), mail.subject.as_str()), ("a@x.example", "你好"));
    assert_eq!(mail.code(6).as_deref(), Some("482913"));
    assert_eq!(mail.html.trim_end(), "<p>你</p>\r\n.dot");
    assert_eq!(mail.headers("subject"), ["=?utf-8?b?5L2g5aW9?="]);
    assert!(sim.messages().is_empty());
    assert!(sim.wait_for("b@y.example", Duration::from_millis(20)).await.is_none());
}

#[tokio::test]
async fn order_accounts_and_line_ends_are_insisted_on() {
    let sim = MailSim::start().await.unwrap();
    let lines = ["MAIL FROM:<a@x>", "EHLO x", "RCPT TO:<b@y>", "DATA", "MAIL FROM:a@x", "VRFY x"];
    assert_eq!(converse(&sim, &lines).await, [220, 503, 250, 503, 503, 501, 502]);
    let lines = ["EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@y>", "DATA", "a\nb\r\n."];
    assert_eq!(converse(&sim, &lines).await, [220, 250, 250, 250, 354, 0]);
    let account = Some(("hufu".to_owned(), "right".to_owned()));
    let sim = MailSim::start_with(Settings { port: 0, account }).await.unwrap();
    let wrong = "AUTH PLAIN AGh1ZnUAd3Jvbmc=";
    let right = "AUTH PLAIN AGh1ZnUAcmlnaHQ=";
    let lines = ["EHLO x", "MAIL FROM:<a@x>", wrong, "MAIL FROM:<a@x>", right, "MAIL FROM:<a@x>"];
    assert_eq!(converse(&sim, &lines).await, [220, 250, 530, 535, 530, 235, 250]);
    let lines = ["EHLO x", "AUTH LOGIN", "aHVmdQ==", "cmlnaHQ=", "MAIL FROM:<a@x>"];
    assert_eq!(converse(&sim, &lines).await, [220, 250, 334, 334, 235, 250]);
    assert!(sim.commands().iter().all(|command| !command.contains("AGh1")));
}

#[tokio::test]
async fn faults_of_the_relay_happen_as_often_as_told() {
    let sim = MailSim::start().await.unwrap();
    sim.inject(Fault::RefuseRecipient, Some(1));
    sim.inject(Fault::Greylist, None);
    sim.inject(Fault::Drop, Some(1));
    let lines = ["EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@y>", "RCPT TO:<b@y>", "RCPT TO:<b@y>"];
    assert_eq!(converse(&sim, &lines).await, [220, 250, 250, 550, 451, 451]);
    sim.inject(Fault::Drop, Some(1));
    sim.clear_faults();
    sim.inject(Fault::Drop, Some(1));
    let lines = ["EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@y>", "DATA"];
    assert_eq!(converse(&sim, &lines).await, [220, 250, 250, 250, 0]);
    assert_eq!(sim.connections(), 2);
}

#[tokio::test]
async fn the_gateway_tells_a_right_signature_from_a_wrong_one() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let sim = SmsSim::start(0, secret).await.unwrap();
    let post = async |body: &'static str| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client
            .post(sim.url())
            .header("content-type", "application/json")
            .header("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
            .header("webhook-timestamp", "1614265330")
            .header("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
            .body(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(post(r#"{"test": 2432232314}"#).await, 204);
    assert_eq!(post(r#"{"test": 2432232315}"#).await, 401);
    sim.inject(SmsFault::Status(503), Some(1));
    assert_eq!(post(r#"{"test": 2432232314}"#).await, 503);
    let verified: Vec<bool> = sim.requests().iter().map(|sms| sms.verified).collect();
    assert_eq!(verified, [true, false, true]);
    assert!(SmsSim::start(0, "secret").await.is_err());
}
