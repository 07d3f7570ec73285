//! An Apache of our own on a free port, in a temporary folder and without privileges: one process that
//! dies with the test. The distribution's service is left alone.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// `nobody`, whom a server becomes if the tests run as root.
const NOBODY: u32 = 65_534;

/// A running Apache.
pub(crate) struct Apache {
    child: Child,
    folder: TempDir,
}

impl Drop for Apache {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read(self.folder.path().join("error.log")).unwrap_or_default();
            // Whether anybody reads it or not.
            let _ = std::io::stderr().write_all(&log);
        }
    }
}

impl Apache {
    /// Starts one with a configuration of `tests/apache`, which finds these variables.
    pub(crate) async fn start(configuration: &str, port: u16, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("pages")).unwrap();
        std::fs::write(folder.path().join("pages/index.html"), "For members only").unwrap();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("apache").join(configuration);
        let mut command = Command::new("/usr/sbin/apache2");
        command
            .arg("-X")
            .arg("-f")
            .arg(file)
            .env("FOLDER", folder.path())
            .env("PORT", port.to_string())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let is_root = std::fs::metadata(folder.path()).unwrap().uid() == 0;
        if is_root {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            command.uid(NOBODY).gid(NOBODY);
        }
        let child =
            command.spawn().unwrap_or_else(|error| panic!("{error}: tests/run installs apache2"));
        let mut apache = Self { child, folder };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert_eq!(apache.child.try_wait().unwrap(), None, "apache2 ended");
            assert!(began.elapsed() < Duration::from_secs(20), "apache2 does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        apache
    }
}

/// A port that nobody has now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
