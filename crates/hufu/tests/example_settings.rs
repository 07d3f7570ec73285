//! `deploy/hufu.example.toml` is usable as it stands, and names every setting that there is.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use figment::Figment;
use figment::error::Kind;
use figment::providers::{Format as _, Toml};
use hufu::settings::Settings;

/// No field of ours.
const UNKNOWN: &str = "no_such_setting";

fn example() -> (PathBuf, String) {
    let file =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/hufu.example.toml"));
    let text = std::fs::read_to_string(&file).unwrap();
    (file, text)
}

/// The name that a line sets, if it is of the form `name = value`.
fn name_of(line: &str) -> Option<&str> {
    let (name, _) = line.split_once(" = ")?;
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_').then_some(name)
}

/// The setting or table that a line of the example has commented out.
fn commented(line: &str) -> Option<&str> {
    let line = line.strip_prefix("# ")?;
    (name_of(line).is_some() || line.starts_with("[[")).then_some(line)
}

/// The example with everything that is commented out switched on.
fn complete(text: &str) -> String {
    let lines = text.lines().map(|line| commented(line).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The names in each table; those of the outermost tables are under "".
fn names(toml: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut table = String::new();
    for line in toml.lines() {
        if line.starts_with('[') {
            line.trim_matches(['[', ']']).clone_into(&mut table);
            let (parent, name) = table.rsplit_once('.').unwrap_or(("", &table));
            tables.entry(parent.to_owned()).or_default().insert(name.to_owned());
        } else if let Some(name) = name_of(line) {
            tables.entry(table.clone()).or_default().insert(name.to_owned());
        }
    }
    tables
}

/// What serde knows in a table: it says so when it meets a name that it does not know.
fn known(toml: &str, table: &str) -> BTreeSet<String> {
    let unknown = format!("{UNKNOWN} = 1\n");
    let text = if table.is_empty() {
        format!("{unknown}{toml}")
    } else {
        let headers = [format!("\n[[{table}]]\n"), format!("\n[{table}]\n")];
        let header = headers.iter().find(|header| toml.contains(*header)).unwrap();
        toml.replacen(header, &format!("{header}{unknown}"), 1)
    };
    let error = Figment::from(Toml::string(&text)).extract::<Settings>().unwrap_err();
    match error.kind {
        Kind::UnknownField(name, known) if name == UNKNOWN => {
            known.iter().map(|name| (*name).to_owned()).collect()
        }
        other => panic!("[{table}]: {other}"),
    }
}

#[test]
fn the_example_names_every_setting() {
    let toml = complete(&example().1);
    let names = names(&toml);
    assert!(
        names.contains_key("secrets.keys") && names.contains_key("wecom.egresses"),
        "{names:?}"
    );
    for (table, names) in &names {
        assert_eq!(*names, known(&toml, table), "[{table}]");
    }
}

/// Settings without a default of their own: an alternative to another one, or another crate's.
const WITHOUT_DEFAULT: [&str; 14] = [
    "host",
    "username",
    "password",
    "password_file",
    "from",
    "url",
    "url_file",
    "operator_key",
    "key",
    "api",
    "web_login",
    "oauth",
    "call_timeout_ms",
    "otlp_endpoint",
];

#[test]
fn the_example_shows_the_real_defaults() {
    let text = example().1;
    let read = |toml: &str| Figment::from(Toml::string(toml)).extract::<Settings>().unwrap();
    let as_it_stands = format!("{:?}", read(&text));
    let lines: Vec<&str> = text.lines().collect();
    let (mut optional_table, mut seen) = (false, 0);
    for (at, line) in lines.iter().enumerate() {
        optional_table = (optional_table || line.starts_with("# [[")) && !line.starts_with('[');
        let Some(default) = commented(line).filter(|_| !optional_table) else { continue };
        if name_of(default).is_some_and(|name| !WITHOUT_DEFAULT.contains(&name)) {
            let mut changed = lines.clone();
            changed[at] = default;
            assert_eq!(format!("{:?}", read(&changed.join("\n"))), as_it_stands, "{default}");
            seen += 1;
        }
    }
    assert!(seen >= 15, "{seen}");
}

/// Runs a command with the example as it stands; what is of this machine comes from the environment.
fn hufu(command: &[&str], folder: &Path, variables: &[(&str, &str)]) -> Output {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let operator_key = write("operator_key", "0123456789abcdef0123456789ABCDEF\n");
    let sealing_key = write("sealing_key", "lGXOeCo4fO+8C4min0Xe6hnYBz2qFCKWADqEu2pF844=\n");
    let keys = format!("[{{ id = \"first\", key_file = \"{}\" }}]", sealing_key.display());
    Command::new(env!("CARGO_BIN_EXE_hufu"))
        .args(command)
        .arg("--settings")
        .arg(example().0)
        .env_clear()
        .env("HUFU_DATABASE__URL", format!("sqlite:{}", folder.join("hufu.db").display()))
        .env("HUFU_SECRETS__OPERATOR_KEY_FILE", operator_key)
        .env("HUFU_SECRETS__KEYS", keys)
        // What a container platform sets for a service of this name is no setting.
        .env("HUFU_SERVICE_HOST", "10.0.0.1")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_example_is_usable_with_an_environment_over_it() {
    let folder = tempfile::tempdir().unwrap();
    let done = hufu(&["migrate"], folder.path(), &[]);
    assert!(done.status.success(), "{done:?}");
    assert!(folder.path().join("hufu.db").is_file());
}

#[test]
fn a_url_comes_from_a_file_or_from_the_settings_but_not_from_both() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("redis_url");
    std::fs::write(&file, "memory\n").unwrap();
    let file = ("HUFU_EPHEMERAL__URL_FILE", file.to_str().unwrap());
    let done = hufu(&["migrate"], folder.path(), &[file]);
    assert!(done.status.success(), "{done:?}");
    let done = hufu(&["migrate"], folder.path(), &[file, ("HUFU_EPHEMERAL__URL", "memory")]);
    assert!(complaint(&done).contains("ephemeral.url is set twice"), "{done:?}");
    let missing = [("HUFU_EPHEMERAL__URL_FILE", "/nowhere/redis_url")];
    let done = hufu(&["migrate"], folder.path(), &missing);
    assert!(complaint(&done).contains("/nowhere/redis_url"), "{done:?}");
}

#[test]
fn a_misspelt_variable_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let done = hufu(&["migrate"], folder.path(), &[("HUFU_SERVER__LISTENS", "127.0.0.1:1")]);
    assert!(complaint(&done).contains("listens"), "{done:?}");
}

#[test]
fn audit_events_are_kept_for_a_time_that_makes_sense() {
    let folder = tempfile::tempdir().unwrap();
    for (days, usable) in [
        ("0", true),
        ("1", true),
        ("36500", true),
        ("36501", false),
        ("-1", false),
        ("long", false),
    ] {
        let done = hufu(&["migrate"], folder.path(), &[("HUFU_AUDIT__RETENTION_DAYS", days)]);
        assert_eq!(done.status.success(), usable, "{days}: {done:?}");
        let named = || complaint(&done).to_lowercase().contains("audit.retention_days");
        assert!(usable || named(), "{days}: {done:?}");
    }
    let settings = |days: u32| {
        let toml = complete(&example().1);
        let toml = toml.replace("retention_days = 365", &format!("retention_days = {days}"));
        Figment::from(Toml::string(&toml)).extract::<Settings>().unwrap()
    };
    assert_eq!(settings(0).audit_retention().unwrap(), None);
    assert_eq!(settings(365).audit_retention().unwrap().unwrap().num_days(), 365);
}

#[test]
fn keys_sign_for_a_time_or_for_ever() {
    let rules = |days: u32| {
        let toml = complete(&example().1);
        let toml = toml.replace("rotation_days = 90", &format!("rotation_days = {days}"));
        let settings = Figment::from(Toml::string(&toml)).extract::<Settings>().unwrap();
        settings.rotation_rules()
    };
    assert_eq!(rules(90).unwrap().age, Some(chrono::TimeDelta::days(90)));
    assert_eq!(rules(0).unwrap().age, None);
    assert!(rules(3650).is_ok() && rules(3651).is_err());
    // As long as a session lasts, an app may show an ID token at its end.
    assert_eq!(rules(90).unwrap().session, chrono::TimeDelta::hours(12));
}

/// Answers one request in this way, and says where.
fn node_that_answers(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let read = stream.read(&mut request).unwrap();
        assert!(request[..read].starts_with(b"GET /healthz "));
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
    });
    address
}

#[test]
fn health_is_the_nodes_own_answer() {
    let folder = tempfile::tempdir().unwrap();
    let ask =
        |address: &str| hufu(&["health"], folder.path(), &[("HUFU_SERVER__MANAGEMENT", address)]);
    let well = ask(&node_that_answers("200 OK"));
    assert!(well.status.success(), "{well:?}");
    assert!(complaint(&ask(&node_that_answers("500 Internal Server Error"))).contains("500"));
    // Nothing listens there.
    assert!(complaint(&ask("127.0.0.1:1")).contains("127.0.0.1:1"));
    // What listens everywhere is asked at home.
    let address = node_that_answers("200 OK").replace("127.0.0.1", "0.0.0.0");
    assert!(ask(&address).status.success());
}
