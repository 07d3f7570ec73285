//! Names that lead elsewhere: the filter behind the resolver.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Mutex,
    time::Duration,
};

use outgoing::{CallError, GuardedClient, Policy};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::support::{Sink, allowing, everything};

/// Answers each question with the next of its answers; the last one stays.
struct Script(Mutex<Vec<Vec<IpAddr>>>);

impl Resolve for Script {
    fn resolve(&self, _: Name) -> Resolving {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        let addresses: Addrs =
            Box::new(answer.into_iter().map(|address| SocketAddr::new(address, 0)));
        Box::pin(async move { Ok(addresses) })
    }
}

fn client(policy: &Policy, answers: &[&str]) -> GuardedClient {
    let parse = |answer: &&str| answer.split(' ').map(|address| address.parse().unwrap()).collect();
    let script = Script(Mutex::new(answers.iter().map(parse).collect()));
    GuardedClient::with_resolver(policy, Duration::from_secs(5), script).unwrap()
}

#[tokio::test]
async fn p_a_name_that_leads_to_a_private_address_is_not_called() {
    let sink = Sink::start().await;
    let url = format!("https://hooks.acme.com:{}/", sink.port);
    let answers = [
        "127.0.0.1",
        "0.0.0.0",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "10.0.0.1 192.168.0.1 127.0.0.1",
        "169.254.169.254",
        "64:ff9b::7f00:1",
        "fe80::1",
        "fd00::1",
    ];
    for answer in answers {
        let client = client(&Policy::default(), &[answer]);
        let error = client.post(&url).unwrap().send().await.unwrap_err();
        let told = everything(&error.without_url());
        assert!(told.contains("the name leads to no permitted address"), "{answer}: {told}");
        assert!(answer.len() < 4 || !told.contains(answer), "{told}");
    }
    assert_eq!(sink.connections().await, 0);
    let client = client(&allowing(&["127.0.0.1/32"]), &["127.0.0.1"]);
    assert!(client.post(&url).unwrap().send().await.is_err(), "no certificate");
    assert_eq!(sink.connections().await, 1);
}

#[tokio::test]
async fn p_a_call_says_why_it_was_not_made() {
    let sink = Sink::start().await;
    let url = format!("https://hooks.acme.com:{}/?token=canary", sink.port);
    let blocked = client(&Policy::default(), &["127.0.0.1"]);
    let error = blocked.post_form(&url, String::new()).await.unwrap_err();
    assert!(matches!(error, CallError::NotPermitted), "{error:?}");
    let reached = client(&allowing(&["127.0.0.1/32"]), &["127.0.0.1"]);
    let error = reached.post_form(&url, String::new()).await.unwrap_err();
    assert!(matches!(error, CallError::Connection(_)), "{error:?}");
    assert!(!everything(&error).contains("canary"), "{error:?}");
    assert_eq!(sink.connections().await, 1);
}

#[tokio::test]
async fn p_a_name_that_changes_after_the_check_is_not_followed() {
    let sink = Sink::start().await;
    let policy = allowing(&["127.0.0.1/32"]);
    let url = format!("http://hooks.acme.com:{}/", sink.port);
    let client = client(&policy, &["127.0.0.1", "127.0.0.2", "::1", "127.0.0.1"]);
    assert_eq!(client.post(&url).unwrap().send().await.unwrap().status(), 204);
    for _ in 0..2 {
        assert!(client.post(&url).unwrap().send().await.unwrap_err().is_connect());
    }
    assert_eq!(sink.connections().await, 1);
    assert_eq!(client.get(&url).unwrap().send().await.unwrap().status(), 204);
    assert_eq!(sink.connections().await, 2);
}

#[tokio::test]
async fn p_of_a_mixed_answer_only_the_permitted_addresses_are_called() {
    let sink = Sink::start().await;
    let url = format!("http://hooks.acme.com:{}/", sink.port);
    let client = client(&allowing(&["127.0.0.3/32"]), &["127.0.0.1 ::1 127.0.0.3 127.0.0.2"]);
    for _ in 0..3 {
        assert_eq!(client.post(&url).unwrap().send().await.unwrap().status(), 204);
    }
    let called: Vec<IpAddr> = sink.seen().iter().map(|(_, to)| to.ip().to_canonical()).collect();
    assert_eq!(called, ["127.0.0.3".parse::<IpAddr>().unwrap(); 3]);
}

#[tokio::test]
async fn p_http_goes_to_allowed_networks_only() {
    let sink = Sink::start().await;
    // A public address by its name: https could be tried, http may not
    let client = client(&allowing(&["127.0.0.1/32"]), &["8.8.8.8", "127.0.0.1"]);
    let url = format!("http://hooks.acme.com:{}/", sink.port);
    let error = client.post(&url).unwrap().send().await.unwrap_err();
    assert!(everything(&error).contains("no permitted address"), "{error:?}");
    assert_eq!(client.post(&url).unwrap().send().await.unwrap().status(), 204);
}
