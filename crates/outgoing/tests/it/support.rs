//! Listeners and policies that several tests share.

use std::{
    net::{Ipv6Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use outgoing::{GuardedClient, Policy, guarded_client};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// A policy that allows these networks besides the internet.
pub(crate) fn allowing(networks: &[&str]) -> Policy {
    Policy { allow: networks.iter().map(|network| network.parse().unwrap()).collect() }
}

/// A client whose calls take at most a second.
pub(crate) fn client(policy: &Policy) -> GuardedClient {
    guarded_client(policy, Duration::from_secs(1)).unwrap()
}

/// Listens on one port of every address of this machine, IPv4 and IPv6, counts, and answers 204.
pub(crate) struct Sink {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    /// First byte and the address that was called, of each connection that sent anything.
    seen: Arc<Mutex<Vec<(u8, SocketAddr)>>>,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counter, first) = (Arc::clone(&connections), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let mut bytes = [0; 4096];
                if stream.read(&mut bytes).await.unwrap_or(0) > 0 {
                    first.lock().unwrap().push((bytes[0], stream.local_addr().unwrap()));
                    let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                    let _ = stream.write_all(answer).await;
                }
            }
        });
        Self { port, connections, seen }
    }

    /// How many connections have been accepted, after a moment for one that is on its way.
    pub(crate) async fn connections(&self) -> usize {
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn seen(&self) -> Vec<(u8, SocketAddr)> {
        self.seen.lock().unwrap().clone()
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
