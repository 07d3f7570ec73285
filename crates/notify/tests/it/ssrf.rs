//! Section P: no URL of a tenant leads into our own network. How, is tested where the guard is.

use notify::{Error, Failure, Sender};
use outgoing::Policy;

use crate::support::{NOW, Sink, allowing, sms, webhook};

#[tokio::test]
async fn p_no_webhook_of_our_own_network_is_called() {
    let sink = Sink::start().await;
    let port = sink.port;
    let urls = [
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        format!("https://localhost:{port}/"),
        format!("https://[::1]:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "http://hooks.acme.com/".to_owned(),
    ];
    let sender = Sender::new(&Policy::default()).unwrap();
    for url in &urls {
        let error = sender.send(&webhook(url), &sms(), NOW).await.unwrap_err();
        assert!(matches!(error, Error::Refused(Failure::Url(_))), "{url:?}: {error:?}");
    }
    assert_eq!(sink.connections().await, 0);
    // Positive control: where the network is allowed
    let sender = Sender::new(&allowing(&["127.0.0.1/32"])).unwrap();
    sender.send(&webhook(&urls[1]), &sms(), NOW).await.unwrap();
    let error = sender.send(&webhook(&urls[0]), &sms(), NOW).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(Failure::Connection(_))), "{error:?}");
    assert_eq!(sink.connections().await, 2);
}
