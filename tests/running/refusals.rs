//! `serve` does not start with what it could not serve with, and says why.

use e2e::{Backend, Pkce};
use tempfile::TempDir;

use crate::nodes::{Nodes, set};
use crate::program::{Ended, Program};

/// Two different keys as they should be, and an operator's key.
const KEY: &str = "mtT/nv512BFjJmT8h8PwVoDlvjQObmWxYmgOvUMf+GM=";
const OTHER_KEY: &str = "8h/Q4O/j897ONDikGpMrO8JpVgA23/CWhlzmVNFuf10=";
const OPERATOR_KEY: &str = "0123456789abcdef0123456789ABCDEF";

struct File {
    folder: TempDir,
    text: String,
}

impl File {
    /// Settings that are right.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("hufu.db");
        let text = format!(
            "[server]\nconsole_host = 'console.localhost'\nscheme = 'http'\n\
             listen = '127.0.0.1:0'\nmanagement = '127.0.0.1:0'\n\
             [database]\nurl = 'sqlite:{}'\n\
             [secrets]\noperator_key = '{OPERATOR_KEY}'\nkeys = [{{ id = 'first', key = '{KEY}' }}]\n",
            database.display()
        );
        Self { folder, text }
    }

    fn with(mut self, table: &str, name: &str, value: &str) -> Self {
        self.text = set(&self.text, table, name, value);
        self
    }

    fn without(mut self, begin: &str) -> Self {
        let lines = self.text.lines().filter(|line| !line.starts_with(begin));
        self.text = lines.collect::<Vec<_>>().join("\n");
        self
    }

    async fn run(&self, command: &str) -> Ended {
        let file = self.folder.path().join("hufu.toml");
        std::fs::write(&file, &self.text).unwrap();
        Program::run(&[command, "--settings", file.to_str().unwrap()], &[]).await
    }

    /// `serve` ends with a failure and these words, and with no secret.
    async fn refused(self, words: &[&str]) {
        let ended = self.run("serve").await;
        assert_refused(&ended, words);
        for secret in [KEY, OTHER_KEY, OPERATOR_KEY] {
            assert!(!ended.said().contains(secret), "{}", ended.said());
        }
    }
}

fn assert_refused(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.status.code(), Some(1), "{}", ended.said());
    for word in words {
        assert!(ended.stderr.contains(word), "{word:?} is not in: {}", ended.said());
    }
}

#[tokio::test]
async fn settings_that_are_right_but_for_the_schema() {
    // The positive control of the others: nothing is wrong with the settings themselves.
    File::new().refused(&["the database's schema is not this version's", "hufu migrate"]).await;
}

#[tokio::test]
async fn no_settings_file() {
    let ended = Program::run(&["serve", "--settings", "/nowhere/hufu.toml"], &[]).await;
    assert_refused(&ended, &["there is no settings file at /nowhere/hufu.toml"]);
}

#[tokio::test]
async fn a_setting_that_does_not_exist() {
    let file = File::new().with("server", "listens", "'127.0.0.1:1'");
    file.refused(&["listens", "hufu.toml"]).await;
    File::new().with("servers", "listen", "'127.0.0.1:1'").refused(&["servers"]).await;
}

#[tokio::test]
async fn a_missing_sealing_key() {
    File::new().without("keys = ").refused(&["secrets.keys is empty"]).await;
    File::new().with("secrets", "keys", "[]").refused(&["secrets.keys is empty"]).await;
    let file = File::new().with("secrets", "keys", "[{ id = 'first' }]");
    file.refused(&["secrets.keys is missing"]).await;
}

#[tokio::test]
async fn a_short_or_placeholder_sealing_key() {
    for (key, words) in [
        ("c2hvcnQ=", "exactly 32 bytes"),
        ("not base64!", "not base64"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "placeholder"),
        // "changeme" four times
        ("Y2hhbmdlbWVjaGFuZ2VtZWNoYW5nZW1lY2hhbmdlbWU=", "placeholder"),
    ] {
        let keys = format!("[{{ id = 'first', key = '{key}' }}]");
        File::new().with("secrets", "keys", &keys).refused(&["secrets.keys", words]).await;
    }
}

#[tokio::test]
async fn two_sealing_keys_of_one_name() {
    let keys = format!("[{{ id = 'a', key = '{KEY}' }}, {{ id = 'a', key = '{OTHER_KEY}' }}]");
    File::new().with("secrets", "keys", &keys).refused(&["two keys have the same id"]).await;
}

#[tokio::test]
async fn a_missing_short_or_default_operator_key() {
    let missing = File::new().without("operator_key");
    missing.refused(&["secrets.operator_key is missing"]).await;
    for key in ["", "0123456789abcdef", "changeme-changeme-changeme-changeme-changeme"] {
        let file = File::new().with("secrets", "operator_key", &format!("'{key}'"));
        file.refused(&["secrets.operator_key", "at least 32 random characters"]).await;
    }
}

#[tokio::test]
async fn http_for_a_host_that_is_not_this_machine() {
    for host in ["console.example.com", "localhost.example.com", "console.localhost.cn"] {
        let file = File::new().with("server", "console_host", &format!("'{host}'"));
        file.refused(&["server.scheme", "*.localhost only"]).await;
    }
}

#[tokio::test]
async fn every_mistake_is_named_at_once() {
    let file = File::new()
        .with("server", "console_host", "'console.example.com'")
        .with("database", "url", "'mysql://localhost/hufu'")
        .with("secrets", "operator_key", "'short'")
        .with("secrets", "keys", "[{ id = 'first', key = 'c2hvcnQ=' }]")
        .with("wecom", "api", "'ftp://wecom.localhost'")
        .with("login", "default_language", "'tlh'");
    file.refused(&[
        "server.scheme",
        "database.url",
        "secrets.operator_key",
        "secrets.keys",
        "wecom.api",
        "login.default_language",
    ])
    .await;
}

#[tokio::test]
async fn a_database_that_does_not_answer() {
    let url = "'postgres://hufu:the-password@127.0.0.1:1/hufu'";
    let ended = File::new().with("database", "url", url).run("serve").await;
    assert_refused(&ended, &["the database cannot be opened"]);
    assert!(!ended.said().contains("the-password"), "{}", ended.said());
}

#[tokio::test]
async fn migrate_makes_the_schema_and_checks_the_key_ring() {
    let file = File::new();
    let ended = file.run("migrate").await;
    assert!(ended.status.success(), "{}", ended.said());
    // The database now has keys of its own, and does not open with others.
    let other = format!("[{{ id = 'first', key = '{OTHER_KEY}' }}]");
    let file = file.with("secrets", "keys", &other);
    assert_refused(&file.run("migrate").await, &["secrets.keys do not open this database"]);
    file.refused(&["secrets.keys do not open this database's secrets"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrate_and_then_serve() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let mut nodes = Nodes::prepare(backend, 1, &[("database", "migrate", "false")]).await;
        let ended = Program::run(&["serve", "--settings", nodes.file(0)], &[]).await;
        assert_refused(&ended, &["hufu migrate"]);
        // A second time it finds nothing to do.
        for _ in 0..2 {
            let ended = Program::run(&["migrate", "--settings", nodes.file(0)], &[]).await;
            assert!(ended.status.success(), "{}", ended.said());
        }
        nodes.restart(0).await;
        let tenant = nodes.world.tenant("acme").await;
        tenant.tokens(&mut nodes.world.browser(), "zhangsan").await;
        nodes.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_migrate_once() {
    for _ in 0..3 {
        let mut nodes = Nodes::start(Backend::Postgres, 3, &[]).await;
        assert!((0..3).all(|node| nodes.runs(node)));
        let tenant = nodes.world.tenant("acme").await;
        tenant.tokens(&mut nodes.world.browser(), "zhangsan").await;
        let twice = "SELECT count(*) - count(DISTINCT version) FROM _sqlx_migrations";
        assert_eq!(nodes.number(twice).await, 0);
        assert_eq!(nodes.number("SELECT count(*) FROM installation").await, 1);
        nodes.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_ring_changes_while_people_sign_in() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let mut nodes = Nodes::start(backend, 1, &[]).await;
        let tenant = nodes.world.tenant("acme").await;
        let mut browser = nodes.world.browser();
        let before = tenant.tokens(&mut browser, "zhangsan").await;
        let key = &nodes.world.settings().secrets.keys[0];
        let old = secrecy::ExposeSecret::expose_secret(key.key.as_ref().unwrap()).to_owned();
        let both = format!("[{{ id = 'new', key = '{KEY}' }}, {{ id = 'test', key = '{old}' }}]");
        // The old key still opens what it sealed, beside the new one.
        nodes.signal(0, "TERM").await;
        assert!(nodes.ended(0).await.status.success());
        nodes.set(0, "secrets", "keys", &both);
        nodes.restart(0).await;
        tenant.tokens(&mut nodes.world.browser(), "LiSi").await;
        // Sealed anew while it serves: signing keys, both sources' secrets.
        let ended = Program::run(&["keys", "rotate", "--settings", nodes.file(0)], &[]).await;
        assert!(ended.status.success(), "{}", ended.said());
        assert!(ended.said().contains("\"resealed\":6"), "{}", ended.said());
        tenant.tokens(&mut nodes.world.browser(), "LiSi").await;
        // The old key goes; people and apps notice nothing.
        nodes.signal(0, "TERM").await;
        assert!(nodes.ended(0).await.status.success());
        nodes.set(0, "secrets", "keys", &format!("[{{ id = 'new', key = '{KEY}' }}]"));
        nodes.restart(0).await;
        tenant.tokens(&mut nodes.world.browser(), "wangwu").await;
        assert_still_signed_in(&nodes, &tenant, &mut browser).await;
        let userinfo = tenant.userinfo(before["access_token"].as_str().unwrap()).await;
        assert!(userinfo.status.is_success(), "{} {}", userinfo.status, userinfo.body);
        nodes.stop().await;
    }
}

async fn assert_still_signed_in(nodes: &Nodes, tenant: &e2e::Tenant, browser: &mut e2e::Browser) {
    let calls = nodes.world.wecom().calls_of("/cgi-bin/auth/getuserinfo").len();
    let pkce = Pkce::new();
    let answer = browser.get(tenant.authorize_url(&pkce, &[("prompt", "none")])).await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("{answer:?}"));
    assert!(tenant.redeem(&code, &pkce).await.status.is_success());
    assert_eq!(nodes.world.wecom().calls_of("/cgi-bin/auth/getuserinfo").len(), calls);
}
