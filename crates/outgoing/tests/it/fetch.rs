//! What is fetched, and what is not: a server that answers, each time with the next of its answers.

use std::time::{Duration, Instant};

use outgoing::{CallError, FetchError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{Sink, allowing, client};

/// A server that gives these answers; after each it waits for the caller to go.
async fn server(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://127.0.0.1:{}/keys", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(&answer).await;
            let _ = stream.read(&mut request).await;
        }
    });
    url
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn p_what_is_fetched_is_short_and_comes_from_where_it_was_asked() {
    let sink = Sink::start().await;
    let redirect = format!("302 Found\r\nlocation: http://127.0.0.1:{}/", sink.port);
    let endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40\r\n";
    let url = server(vec![
        answer(&redirect, b""),
        answer("204 No Content", b""),
        answer("404 Not Found", b"no"),
        answer("500 Oops", b"no"),
        answer("200 OK", &[b'x'; 65]),
        [&endless[..], &[b'x'; 64], b"\r\n1\r\nx\r\n"].concat(),
        answer("200 OK", &[b'x'; 64]),
    ])
    .await;
    let client = client(&allowing(&["127.0.0.1/32"]));
    for status in [302, 204, 404, 500] {
        let error = client.fetch(&url, 64).await.unwrap_err();
        assert!(matches!(error, FetchError::Status(told) if told == status), "{error:?}");
    }
    for _ in 0..2 {
        let error = client.fetch(&url, 64).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLong), "{error:?}");
    }
    assert_eq!(client.fetch(&url, 64).await.unwrap(), [b'x'; 64]);
    assert_eq!(sink.connections().await, 0);
}

#[tokio::test]
async fn p_a_call_has_an_end_whatever_the_other_side_does() {
    let silent = b"";
    let stuck = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx";
    let url = server(vec![silent.to_vec(), stuck.to_vec(), silent.to_vec()]).await;
    let client = client(&allowing(&["127.0.0.1/32"]));
    let began = Instant::now();
    for _ in 0..2 {
        let error = client.fetch(&url, 64).await.unwrap_err();
        assert!(matches!(error, FetchError::Call(CallError::TimedOut)), "{error:?}");
    }
    let error = client.post_form(&url, "a=b".to_owned()).await.unwrap_err();
    assert!(matches!(error, CallError::TimedOut), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_form_is_answered_by_a_status_alone() {
    let endless = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
    let url = server(vec![
        answer("204 No Content", b""),
        answer("400 Bad Request", b"{}"),
        answer("302 Found\r\nlocation: http://127.0.0.1/", b""),
        [endless, chunk.repeat(20)].concat(),
    ])
    .await;
    let client = client(&allowing(&["127.0.0.1/32"]));
    for status in [204, 400, 302, 200] {
        assert_eq!(client.post_form(&url, "a=b".to_owned()).await.unwrap(), status);
    }
}
