//! One SMTP connection (RFC 5321), as a strict relay would lead it.

use std::{future::pending, io, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::{Fault, Received, lock::lock, mailbox::Shared};

/// The longest line with its end (RFC 5321, 4.5.3.1.6).
const MAX_LINE: u64 = 1000;

/// The largest message, as announced.
const MAX_MESSAGE: usize = 1024 * 1024;

struct Session {
    stream: BufReader<TcpStream>,
    shared: Arc<Shared>,
    greeted: bool,
    trusted: bool,
    from: Option<String>,
    to: Vec<String>,
}

/// Leads the session to its end; a connection that breaks is an end too.
pub(crate) async fn run(stream: TcpStream, shared: Arc<Shared>) {
    if shared.faults.meet(|fault| *fault == Fault::Hang).is_some() {
        let _open = stream;
        pending::<()>().await;
        return;
    }
    let trusted = shared.account.is_none();
    let stream = BufReader::new(stream);
    let mut session =
        Session { stream, shared, greeted: false, trusted, from: None, to: Vec::new() };
    // The sender finds out by itself
    drop(session.lead().await);
}

impl Session {
    async fn lead(&mut self) -> io::Result<()> {
        self.say("220 mail-sim.localhost ESMTP").await?;
        while let Some(line) = self.line().await? {
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let verb = verb.to_ascii_uppercase();
            let told = if verb == "AUTH" { verb.clone() } else { line.clone() };
            lock(&self.shared.commands).push(told);
            match verb.as_str() {
                "EHLO" | "HELO" => self.hello(rest).await?,
                "NOOP" => self.say("250 2.0.0 still here").await?,
                "RSET" => {
                    self.reset();
                    self.say("250 2.0.0 forgotten").await?;
                }
                "QUIT" => return self.say("221 2.0.0 bye").await,
                _ if !self.greeted => self.say("503 5.5.1 say EHLO first").await?,
                "AUTH" => self.auth(rest).await?,
                _ if !self.trusted => self.say("530 5.7.0 authentication required").await?,
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.rcpt(rest).await?,
                "DATA" if self.to.is_empty() => self.say("503 5.5.1 no recipient").await?,
                "DATA" => {
                    if !self.data().await? {
                        return Ok(());
                    }
                }
                _ => self.say("502 5.5.1 no such command").await?,
            }
        }
        Ok(())
    }

    async fn hello(&mut self, name: &str) -> io::Result<()> {
        if name.is_empty() {
            return self.say("501 5.5.4 a name, please").await;
        }
        self.greeted = true;
        self.reset();
        let auth = if self.shared.account.is_some() { "250-AUTH PLAIN LOGIN\r\n" } else { "" };
        let answer =
            format!("250-mail-sim.localhost\r\n{auth}250-8BITMIME\r\n250 SIZE {MAX_MESSAGE}");
        self.say(&answer).await
    }

    /// SASL PLAIN (RFC 4616) and LOGIN.
    async fn auth(&mut self, rest: &str) -> io::Result<()> {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let account = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let answer = self.ask("", initial).await?;
                let mut parts = answer.splitn(3, '\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            "LOGIN" => (self.ask("Username:", initial).await?, self.ask("Password:", "").await?),
            _ => return self.say("504 5.5.4 no such mechanism").await,
        };
        self.trusted = self.shared.account.as_ref() == Some(&account);
        match self.trusted {
            true => self.say("235 2.7.0 welcome").await,
            false => {
                self.say(&format!("535 5.7.8 no account {} with that password", account.0)).await
            }
        }
    }

    /// The sender's answer to a challenge, decoded.
    async fn ask(&mut self, challenge: &str, initial: &str) -> io::Result<String> {
        let answer = if initial.is_empty() {
            self.say(&format!("334 {}", STANDARD.encode(challenge))).await?;
            self.line().await?.unwrap_or_default()
        } else {
            initial.to_owned()
        };
        let bytes = STANDARD.decode(answer).unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn mail(&mut self, rest: &str) -> io::Result<()> {
        match path("FROM:", rest) {
            Some(from) => {
                self.reset();
                self.from = Some(from);
                self.say("250 2.1.0 sender fine").await
            }
            None => self.say("501 5.1.7 no such sender").await,
        }
    }

    async fn rcpt(&mut self, rest: &str) -> io::Result<()> {
        if self.from.is_none() {
            return self.say("503 5.5.1 MAIL first").await;
        }
        let Some(to) = path("TO:", rest).filter(|to| to.contains('@')) else {
            return self.say("501 5.1.3 no such address").await;
        };
        let refuses = |fault: &Fault| matches!(fault, Fault::RefuseRecipient | Fault::Greylist);
        match self.shared.faults.meet(refuses) {
            Some(Fault::RefuseRecipient) => {
                self.say(&format!("550 5.1.1 <{to}>: no such mailbox")).await
            }
            Some(_) => self.say(&format!("451 4.7.1 <{to}>: please try again later")).await,
            None => {
                self.to.push(to);
                self.say("250 2.1.5 recipient fine").await
            }
        }
    }

    /// Reads the message; `false` if the connection is to be closed.
    async fn data(&mut self) -> io::Result<bool> {
        if self.shared.faults.meet(|fault| *fault == Fault::Drop).is_some() {
            return Ok(false);
        }
        self.say("354 end with a dot").await?;
        let mut message = Vec::new();
        while let Some(line) = self.line().await? {
            if line == "." {
                return self.keep(&message).await.map(|()| true);
            }
            // Transparency (RFC 5321, 4.5.2)
            message.extend_from_slice(line.strip_prefix('.').unwrap_or(&line).as_bytes());
            message.extend_from_slice(b"\r\n");
            if message.len() > MAX_MESSAGE {
                self.say("552 5.3.4 too large").await?;
                return Ok(false);
            }
        }
        Ok(false)
    }

    async fn keep(&mut self, message: &[u8]) -> io::Result<()> {
        let from = self.from.take().unwrap_or_default();
        for to in std::mem::take(&mut self.to) {
            let Some(received) = Received::parse(&from, &to, message) else {
                return self.say("554 5.6.0 malformed message").await;
            };
            self.shared.mails.push(received);
        }
        if self.shared.faults.meet(|fault| *fault == Fault::LoseReply).is_some() {
            pending::<()>().await;
        }
        self.say("250 2.0.0 delivered").await
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    /// A line without its end. One that is too long, is not UTF-8 or ends without CR is an error:
    /// the connection closes.
    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        (&mut self.stream).take(MAX_LINE).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Ok(None);
        }
        let line = line.strip_suffix(b"\r\n").map(<[u8]>::to_vec);
        let line = line.filter(|line| !line.contains(&b'\r'));
        line.and_then(|line| String::from_utf8(line).ok())
            .map(Some)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }

    async fn say(&mut self, answer: &str) -> io::Result<()> {
        self.stream.write_all(format!("{answer}\r\n").as_bytes()).await
    }
}

/// The address in `FROM:<a@b> SIZE=1`.
fn path(keyword: &str, rest: &str) -> Option<String> {
    let (found, rest) = rest.split_at_checked(keyword.len())?;
    let address = rest.trim_start().strip_prefix('<')?.split_once('>')?.0;
    found.eq_ignore_ascii_case(keyword).then(|| address.to_owned())
}
