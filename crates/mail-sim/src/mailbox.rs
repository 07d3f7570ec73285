//! The mail relay: settings, faults, and the handle that a test holds.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    Received,
    lock::lock,
    session,
    shelf::{Faults, Shelf},
};

/// How the relay is set up.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Name and password without which nothing is accepted. `None`: everybody may send.
    pub account: Option<(String, String)>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The recipient is refused for good, with its address in the answer (550).
    RefuseRecipient,
    /// The recipient is refused for now (451).
    Greylist,
    /// A new connection gets no greeting.
    Hang,
    /// The message is accepted and kept, but the answer to it never comes.
    LoseReply,
    /// The connection closes in the middle of the message, which is not kept.
    Drop,
}

/// What the sessions share.
pub(crate) struct Shared {
    pub(crate) account: Option<(String, String)>,
    pub(crate) mails: Shelf<Received>,
    pub(crate) faults: Faults<Fault>,
    pub(crate) commands: Mutex<Vec<String>>,
    connections: AtomicUsize,
}

/// A running mail relay that delivers to itself. Dropping it stops it.
pub struct MailSim {
    shared: Arc<Shared>,
    port: u16,
    task: JoinHandle<()>,
}

impl MailSim {
    /// A relay on a free port, open to everybody.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(Settings::default()).await
    }

    /// A relay with these settings.
    ///
    /// # Errors
    /// The port can't be bound.
    pub async fn start_with(settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", settings.port)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            account: settings.account,
            mails: Shelf::new(),
            faults: Faults::new(),
            commands: Mutex::new(Vec::new()),
            connections: AtomicUsize::new(0),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { shared, port, task })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything that was accepted and not taken, in order.
    pub fn messages(&self) -> Vec<Received> {
        self.shared.mails.all()
    }

    /// Takes the oldest mail to this recipient out of the mailbox, waiting for it if need be, so
    /// that the next call waits for the next mail.
    pub async fn wait_for(&self, to: &str, within: Duration) -> Option<Received> {
        self.shared.mails.take(|mail| mail.to.eq_ignore_ascii_case(to), within).await
    }

    /// Empties the mailbox and forgets the commands.
    pub fn clear(&self) {
        self.shared.mails.clear();
        lock(&self.shared.commands).clear();
    }

    /// Makes the fault happen so many times; `None`: until [`MailSim::clear_faults`].
    pub fn inject(&self, fault: Fault, times: Option<u32>) {
        self.shared.faults.inject(fault, times);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// The commands of all sessions in order, as they came, without what follows `AUTH`.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.shared.commands).clone()
    }

    /// How many connections have been made.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for MailSim {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sessions are tasks of the set, which ends them with itself.
async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        sessions.spawn(session::run(stream, Arc::clone(&shared)));
        while sessions.try_join_next().is_some() {}
    }
}
