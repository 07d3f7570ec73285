//! PostgreSQL and Redis of a test's own, that can be stopped and started.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::nodes::free_port;
use crate::program::{signal, until};

/// A store's server that can be stopped and started.
pub(crate) struct Service {
    kind: Kind,
    port: u16,
    folder: TempDir,
    child: Option<Child>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postgres,
    Redis,
}

/// The folder of the newest PostgreSQL's programs.
fn postgres_folder() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").unwrap();
    let newest = versions.map(|entry| entry.unwrap().path()).max_by_key(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.parse::<u32>().unwrap_or_default()
    });
    newest.unwrap().join("bin")
}

/// An unprivileged user, if we are root: PostgreSQL refuses to run as root.
fn unprivileged(folder: &Path) -> Option<(u32, u32)> {
    if std::fs::metadata(folder).unwrap().uid() != 0 {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap();
    let account = |name: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map(|field| field.parse().unwrap());
        Some((numbers.next()?, numbers.next()?))
    };
    account("postgres").or_else(|| account("nobody"))
}

/// A command that dies with us, as that user.
fn command(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if let Some((user, group)) = user {
        command.arg(format!("--reuid={user}")).arg(format!("--regid={group}"));
        command.arg("--clear-groups");
    }
    command.arg(program).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.kill_on_drop(true);
    command
}

impl Service {
    /// A fresh PostgreSQL.
    pub(crate) async fn postgres() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let user = unprivileged(folder.path());
        if let Some((user, group)) = user {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let mut initdb = command(&postgres_folder().join("initdb"), user);
        initdb.arg("--pgdata").arg(folder.path().join("data"));
        initdb.args(["--username=hufu", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        assert!(initdb.arg("--no-sync").status().await.unwrap().success(), "initdb");
        let mut service = Self { kind: Kind::Postgres, port: free_port(), folder, child: None };
        service.start().await;
        service
    }

    /// A fresh Redis.
    pub(crate) async fn redis() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut service = Self { kind: Kind::Redis, port: free_port(), folder, child: None };
        service.start().await;
        service
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        match self.kind {
            Kind::Postgres => {
                format!("postgres://hufu:not-asked-for@127.0.0.1:{}/postgres", self.port)
            }
            Kind::Redis => format!("redis://127.0.0.1:{}/", self.port),
        }
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn start(&mut self) {
        let (port, folder) = (self.port.to_string(), self.folder.path());
        let mut server = match self.kind {
            Kind::Postgres => {
                let program = postgres_folder().join("postgres");
                let mut server = command(&program, unprivileged_owner(folder));
                server.arg("-D").arg(folder.join("data")).args(["-p", &port]);
                server.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]);
                server.args(["-c", "unix_socket_directories="]);
                server
            }
            Kind::Redis => {
                let mut server = command(Path::new("redis-server"), None);
                server.args(["--port", &port, "--bind", "127.0.0.1", "--save", ""]);
                server.arg("--dir").arg(folder);
                server
            }
        };
        self.child = Some(server.spawn().unwrap());
        until("a store's server answers", async || self.answers().await).await;
    }

    async fn answers(&self) -> bool {
        match self.kind {
            Kind::Postgres => match PgConnection::connect(&self.url()).await {
                Ok(connection) => connection.close().await.is_ok(),
                Err(_) => false,
            },
            Kind::Redis => {
                let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)).await else {
                    return false;
                };
                let mut answer = [0; 5];
                stream.write_all(b"PING\r\n").await.is_ok()
                    && stream.read_exact(&mut answer).await.is_ok()
                    && answer == *b"+PONG"
            }
        }
    }

    /// Stops it: clients' connections are closed, new ones refused.
    pub(crate) async fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        signal(child.id().unwrap(), "INT").await;
        child.wait().await.unwrap();
    }

    /// Freezes it or lets it go on (`STOP`, `CONT`): connections stay, nothing answers.
    pub(crate) async fn freeze(&self, name: &str) {
        let server = self.child.as_ref().unwrap().id().unwrap();
        let children = format!("/proc/{server}/task/{server}/children");
        let children = std::fs::read_to_string(children).unwrap();
        let children = children.split_whitespace().map(|id| id.parse().unwrap());
        for process in std::iter::once(server).chain(children) {
            signal(process, name).await;
        }
    }
}

/// The user that owns the server's data.
fn unprivileged_owner(folder: &Path) -> Option<(u32, u32)> {
    let data = std::fs::metadata(folder.join("data")).unwrap();
    let ours = std::fs::metadata("/proc/self").unwrap();
    (data.uid() != ours.uid()).then(|| (data.uid(), data.gid()))
}
