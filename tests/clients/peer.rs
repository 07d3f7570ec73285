//! A program around a client library, which does one thing at a time, as it is told.
//!
//! The two speak lines of JSON: `{ "act": name, "with": what it needs }`, and `{ "done": what came of
//! it }` or `{ "error": what the library says }`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use e2e::World;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Longest time that one act takes.
const CURTAIN: Duration = Duration::from_mins(1);

/// A running program.
pub(crate) struct Peer {
    name: String,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    child: Child,
}

impl Peer {
    /// Starts a program of `tests/`: a Node program, or one of Python by its ending.
    pub(crate) fn start(program: &str) -> Self {
        let node_modules = needed("HUFU_TEST_NODE_MODULES");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(program);
        let interpreter = match file.extension() {
            Some(ending) if ending == "py" => needed("HUFU_TEST_PYTHON"),
            _ => "node".to_owned(),
        };
        let mut child = Command::new(interpreter)
            .arg(file)
            .env("NODE_PATH", node_modules)
            .envs([("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONWARNINGS", "ignore")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let output = BufReader::new(output).lines();
        Self { name: program.to_owned(), input, output, child }
    }

    /// Lets the program see the deployment's clock.
    pub(crate) async fn set_clock(&mut self, world: &World) {
        let ahead = world.clock().ahead().num_seconds();
        self.does("clock", json!({ "ahead": ahead })).await;
    }

    /// What comes of an act, which the library has to agree with.
    pub(crate) async fn does(&mut self, act: &str, with: Value) -> Value {
        let said = self.plays(act, with).await;
        let done = said.get("done").unwrap_or_else(|| panic!("{}: {act}: {said}", self.name));
        done.clone()
    }

    /// What the library says to an act that it must not agree with.
    pub(crate) async fn refuses(&mut self, act: &str, with: Value) -> String {
        let said = self.plays(act, with).await;
        let error = said["error"].as_str();
        error.unwrap_or_else(|| panic!("{}: {act} is not refused: {said}", self.name)).to_owned()
    }

    /// Tells the program that nothing more comes: it ends well.
    pub(crate) async fn ends(self) {
        let Self { name, input, mut output, mut child } = self;
        drop(input);
        let ended = tokio::time::timeout(CURTAIN, child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("{name} does not end")).unwrap();
        let said = output.next_line().await.unwrap().unwrap_or_default();
        assert!(ended.success(), "{name}: {ended} {said}");
    }

    /// What comes of an act, or what the library says instead.
    pub(crate) async fn plays(&mut self, act: &str, with: Value) -> Value {
        let line = format!("{}\n", json!({ "act": act, "with": with }));
        self.input.write_all(line.as_bytes()).await.unwrap();
        let said = tokio::time::timeout(CURTAIN, self.output.next_line()).await;
        let said = said.unwrap_or_else(|_| panic!("{}: {act} does not end", self.name)).unwrap();
        let said = said.unwrap_or_else(|| panic!("{}: it ended at {act}", self.name));
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{}: no JSON: {said}", self.name))
    }
}

/// A variable that the test command sets.
#[expect(clippy::disallowed_methods, reason = "the test command sets these variables")]
pub(crate) fn needed(name: &str) -> String {
    std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| {
        panic!("{name} is not set: run the tests by `tests/run`, which installs what they need")
    })
}
