//! What the tests stand on: a scripted server, a cache in memory, a clock that the test owns.

pub(crate) mod cache;
pub(crate) mod server;

use std::{
    error::Error as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use secrecy::SecretString;
use serde_json::{Value, json};
use wecom::{BaseUrls, Client, Credentials, Env, Error, Mode, Settings, UserId};

use self::{
    cache::MemoryCache,
    server::{Reply, Request, Server},
};

pub(crate) const SECRET: &str = "canary-corpsecret";
pub(crate) const CODE: &str = "canary-code";
pub(crate) const TICKET: &str = "canary-ticket";
pub(crate) const MOBILE: &str = "canary-mobile";
pub(crate) const EMAIL: &str = "canary-email@acme.cn";
/// Every token that a scripted `gettoken` gives begins so.
pub(crate) const TOKEN: &str = "canary-token";

/// A clock and a random number that only the test moves.
#[derive(Default)]
pub(crate) struct TestEnv {
    now: AtomicU64,
    random: AtomicU64,
}

impl TestEnv {
    pub(crate) fn advance(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn set_random(&self, random: u64) {
        self.random.store(random, Ordering::SeqCst);
    }
}

impl Env for TestEnv {
    fn now_unix(&self) -> u64 {
        1_800_000_000 + self.now.load(Ordering::SeqCst)
    }

    fn random(&self) -> u64 {
        self.random.load(Ordering::SeqCst)
    }
}

/// A client, and all that it talks to.
pub(crate) struct Bed {
    pub(crate) server: Server,
    pub(crate) cache: MemoryCache,
    pub(crate) env: Arc<TestEnv>,
    pub(crate) client: Client<MemoryCache>,
    pub(crate) credentials: Credentials,
}

impl Bed {
    /// A server that answers everything by `script`.
    pub(crate) async fn new(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(script, |_| {}).await
    }

    /// The same, with other settings.
    pub(crate) async fn with(
        script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let server = Server::start(script).await;
        let mut settings = settings(&server.base_url());
        change(&mut settings);
        let (cache, env) = (MemoryCache::default(), Arc::new(TestEnv::default()));
        let client = Client::new(settings, cache.clone(), env.clone()).unwrap();
        Self { server, cache, env, client, credentials: credentials() }
    }

    /// A second node: its own client, the same cache.
    pub(crate) fn another_node(&self) -> Client<MemoryCache> {
        let settings = self.client.settings().clone();
        Client::new(settings, self.cache.clone(), self.env.clone()).unwrap()
    }
}

pub(crate) fn settings(api: &str) -> Settings {
    Settings {
        base_urls: BaseUrls { api: api.parse().unwrap(), ..BaseUrls::default() },
        retry_pause: Duration::from_millis(5),
        ..Settings::default()
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials {
        corp_id: "ww0123456789abcdef".to_owned(),
        secret: SECRET.into(),
        token_key: "tenant-corp-secret".to_owned(),
        egress: None,
        mode: Mode::SelfBuilt,
    }
}

/// Answers `gettoken` with [`TOKEN`], anything else with `reply`.
pub(crate) fn answering(reply: Reply) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |request| if request.is_gettoken() { token_reply("") } else { reply.clone() }
}

/// A token that differs from others by `suffix`.
pub(crate) fn token_reply(suffix: &str) -> Reply {
    token_for(suffix, 7200)
}

pub(crate) fn token_for(suffix: &str, expires_in: i64) -> Reply {
    let access_token = format!("{TOKEN}{suffix}");
    ok(json!({ "access_token": access_token, "expires_in": expires_in }))
}

/// `fields`, after `errcode` 0.
pub(crate) fn ok(mut fields: Value) -> Reply {
    fields["errcode"] = 0.into();
    fields["errmsg"] = "ok".into();
    Reply::Json(fields)
}

/// A refusal as WeCom words it, echoing what it was sent.
pub(crate) fn refused(errcode: i64) -> Reply {
    let errmsg = format!(
        "invalid {SECRET} {CODE} {TICKET} {TOKEN} {MOBILE} {EMAIL}, hint: \
         [1782316307617340314383562], from ip: 203.0.113.9, more info at \
         https://open.work.weixin.qq.com/devtool/query?e={errcode}"
    );
    Reply::Json(json!({ "errcode": errcode, "errmsg": errmsg }))
}

pub(crate) fn code() -> SecretString {
    CODE.into()
}

pub(crate) fn ticket() -> SecretString {
    TICKET.into()
}

pub(crate) fn zhangsan() -> UserId {
    UserId::parse("ZhangSan").unwrap()
}

pub(crate) fn errcode(error: &Error) -> Option<i64> {
    error.api().map(|api| api.errcode)
}

/// All that an error says: Display and Debug, of it and of all its sources.
pub(crate) fn everything(error: &Error) -> String {
    let mut texts = vec![format!("{error}\n{error:?}\n{error:#?}")];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(format!("{error}\n{error:?}"));
        source = error.source();
    }
    texts.join("\n")
}
