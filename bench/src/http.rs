//! A small HTTP/1.1 client that can load a server of a hundred thousand requests a second: one
//! connection, one request at a time, bodies by `Content-Length`.

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that is kept alive.
#[derive(Debug)]
pub(crate) struct Connection {
    port: u16,
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as it stands in the connection's buffer.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    /// The status code.
    pub(crate) status: u16,
    head: &'a str,
    /// The body.
    pub(crate) body: &'a [u8],
}

/// A GET as text; `headers` are lines with their ends.
pub(crate) fn get(host: &str, target: &str, headers: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n").into_bytes()
}

/// A request with a body as text; `headers` are lines with their ends.
pub(crate) fn send(method: &str, host: &str, target: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n");
    format!("{head}{headers}\r\n{body}").into_bytes()
}

impl Connection {
    /// Connects to a port of this machine.
    pub(crate) async fn open(port: u16) -> Result<Self> {
        Ok(Self { port, stream: connect(port).await?, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request and reads its answer. As browsers do, sends it again on a new connection
    /// if the server had closed this one in the meantime.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.buffer.clear();
        let (body, end) = match self.attempt(request).await {
            Err(_) if self.buffer.is_empty() => {
                self.stream = connect(self.port).await?;
                self.attempt(request).await?
            }
            outcome => outcome?,
        };
        let head = std::str::from_utf8(&self.buffer[..body]).context("a head is no text")?;
        Ok(Answer { status: status(head)?, head, body: &self.buffer[body..end] })
    }

    /// Returns where the body begins and ends.
    async fn attempt(&mut self, request: &[u8]) -> Result<(usize, usize)> {
        self.stream.write_all(request).await?;
        let body = loop {
            self.read().await?;
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let end = body + length(std::str::from_utf8(&self.buffer[..body])?)?;
        while self.buffer.len() < end {
            self.read().await?;
        }
        Ok((body, end))
    }

    async fn read(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => bail!("the server closed the connection"),
            _ => Ok(()),
        }
    }
}

async fn connect(port: u16) -> Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn status(head: &str) -> Result<u16> {
    head.get(9..12).and_then(|code| code.parse().ok()).context("a status line is none")
}

fn length(head: &str) -> Result<usize> {
    match fields(head, "content-length").next() {
        Some(text) => Ok(text.parse()?),
        None if matches!(status(head)?, 204 | 304) => Ok(0),
        None => bail!("an answer has no Content-Length"),
    }
}

fn fields<'a>(head: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    head.split("\r\n").skip(1).filter_map(move |line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

impl<'a> Answer<'a> {
    /// The values of a header.
    pub(crate) fn headers(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        fields(self.head, name)
    }

    /// The beginning of the body, for a message.
    pub(crate) fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(600)]).into_owned()
    }
}
